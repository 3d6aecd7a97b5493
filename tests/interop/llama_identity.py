#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: llama_identity.py PARE LLAMA_QUANTIZE [--recipes NAME,NAME...] [MODEL.gguf...]

`pare convert` against llama-quantize, file by file: tensors of the same names in the same order,
of the same types, with the same bytes; metadata alike; and the whole file the same. Models are
those at hand (pare_run), their F32 and F16 versions as sources, and those of make_models.py. Unless
models are given, each is tried with half of the recipes, others in each run (pare_run.turn).
Skipped (77) without llama.cpp (PARE_TEST_GGML). Tested with llama.cpp de3ff81.
"""
import os
import subprocess
import sys
import tempfile

import make_models
import pare_run


def quantize(program, source, recipe, out):
    """The path of what llama-quantize makes of it, or None."""
    path = os.path.join(out, "llama-%s.gguf" % recipe)
    done = subprocess.run([program, source, path, recipe], stdin=subprocess.DEVNULL)
    return path if done.returncode == 0 else None


def differences(ours, theirs):
    """(what differs, as a list; 1 when all tensors are the same)"""
    a, b = pare_run.Header(ours), pare_run.Header(theirs)
    problems = ["key %s: %s instead of %s" % (k, str(a.metadata.get(k))[:60],
                                              str(b.metadata.get(k))[:60])
                for k in sorted(a.metadata.keys() | b.metadata.keys())
                if a.metadata.get(k) != b.metadata.get(k)]
    if [t[0] for t in a.tensors] != [t[0] for t in b.tensors]:
        return problems + ["other tensors, or in another order"], 0
    count = len(problems)
    for ta, tb in zip(a.tensors, b.tensors):
        if ta[1:3] != tb[1:3]:
            problems.append("%s: type %d, shape %s instead of %d, %s"
                            % (ta[0], ta[2], ta[1], tb[2], tb[1]))
        elif pare_run.bytes_of(ours, a, ta[0]) != pare_run.bytes_of(theirs, b, ta[0]):
            problems.append("%s: other bytes (type %d)" % (ta[0], ta[2]))
    return problems, count == len(problems)


def compare(label, ours, theirs):
    """Prints a line; 1 when something differs."""
    if pare_run.digest(ours) == pare_run.digest(theirs):
        print("ok %s: the same file" % label)
        return 0
    problems, same_tensors = differences(ours, theirs)
    print("not ok %s: %s" % (label, "tensors are the same" if same_tensors else "tensors differ"))
    for problem in problems or ["the files differ outside of tensors and metadata"]:
        print("# " + problem)
    return 1


def check(pare, program, source, recipes, out):
    """All recipes for one source, from one read; the number of problems."""
    name = os.path.splitext(os.path.basename(source))[0]
    failed = 0
    made, message = pare_run.convert(pare, source, recipes, out)
    if made is None:
        print("not ok %s: %s" % (name, message))
        return 1
    for recipe in recipes:
        theirs = quantize(program, source, recipe, out)
        if theirs is None:
            print("not ok %s %s: llama-quantize fails" % (name, recipe))
            failed += 1
            continue
        failed += compare("%s %s" % (name, recipe), made[recipe], theirs)
        os.remove(theirs)
    return failed


def sources(program, given, directory):
    """Paths of all models to try; made ones lie in the directory."""
    if given:
        yield from given
        return
    for name, path in pare_run.models().items():
        yield path
        for recipe in ("f32", "f16"):
            wide = os.path.join(directory, "%s-%s.gguf" % (name, recipe))
            if subprocess.run([program, path, wide, recipe]).returncode == 0:
                yield wide
    for name in make_models.MODELS:
        yield make_models.write(directory, name)


def main():
    pare, program, *given = sys.argv[1:]
    recipes = pare_run.RECIPES
    if given[:1] == ["--recipes"]:
        recipes = given[1].split(",")
        given = given[2:]
    usable = subprocess.run([program]).returncode
    if usable:
        return usable
    failed = 0
    pare_run.say_seed()
    with tempfile.TemporaryDirectory(prefix="pare-llama-") as directory:
        for no, source in enumerate(sources(program, given, directory)):
            some = recipes if given else pare_run.turn(recipes, no, 2)
            with tempfile.TemporaryDirectory(dir=directory) as out:
                failed += check(pare, program, source, some, out)
            sys.stdout.flush()
    print("%d failed" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
