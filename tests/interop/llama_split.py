#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: llama_split.py LLAMA_QUANTIZE LLAMA_LOGITS

Split files against llama.cpp (PARE_TEST_GGML; skipped, 77, without it). The environment is that of
../formats/split_worker.py.
  keep_split: every shard is the same file as that of llama-quantize --keep-split, for sources that
    are cut in several places and whose tensors lie in other orders than by layer: there, which
    layers get more bits depends on the order. Half of these in each run (pare_run.turn).
  split_max_size, split_max_tensors: llama.cpp loads the shards and computes what it computes with
    the file in one piece; every shard is the same file as that of llama-gguf-split, if the
    variable PARE_TEST_GGUF_SPLIT names that program.
Tested with llama.cpp de3ff81.
"""
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "formats"), os.path.join(HERE, "..", "formats", "bad")]
import make_models  # noqa: E402
import pare_run  # noqa: E402
import split_worker  # noqa: E402
from gguf_build import I32, U16, Gguf, Tensor, kv  # noqa: E402

RECIPES = ["f16", "q8_0", "q4_0", "q4_k_m"]
MADE = ["smol576", "moe8", "gqa8"]
TOKENS = [1, 7, 300, 42, 5, 900, 11, 12]


def cut(path, groups, folder):
    """Writes the tensors of a file, by number in groups, as the shards of a split."""
    whole = split_worker.Shard(path)
    os.makedirs(folder)
    for no, numbers in enumerate(groups):
        tensors = [Tensor(*[whole.tensors[i][k] for k in (0, 1, 2, 3)]) for i in numbers]
        entries = [kv("split.no", U16, no), kv("split.count", U16, len(groups)),
                   kv("split.tensors.count", I32, len(whole.tensors))]
        if no == 0:
            entries.insert(0, whole.raw_entries)
        shard = Gguf(entries, tensors, n_kv=3 + (len(whole.entries) if no == 0 else 0))
        with open(os.path.join(folder, "s-%05d-of-%05d.gguf" % (no + 1, len(groups))), "wb") as f:
            f.write(shard.build())
    return folder


def groupings(n):
    """{name: groups of the numbers 0 .. n - 1}"""
    order = list(range(n))
    mixed = random.Random(1).sample(order, n)
    third = n // 3
    return {"thirds": [order[:third], order[third:2 * third], order[2 * third:]],
            "backwards": [order[::-1][:5], order[::-1][5:]],
            "mixed": [mixed[:1], mixed[1:third], mixed[third:]],
            "first-empty": [[], order[:third], order[third:]],
            "last-empty": [mixed[:third], mixed[third:], []]}


def differing(ours, theirs):
    """What is different between two folders, or None."""
    names = sorted(os.listdir(ours)), sorted(os.listdir(theirs))
    if names[0] != names[1]:
        return "files %s instead of %s" % names
    for name in names[0]:
        a, b = os.path.join(ours, name), os.path.join(theirs, name)
        if pare_run.digest(a) == pare_run.digest(b):
            continue
        x, y = split_worker.Shard(a), split_worker.Shard(b)
        return "%s: %s differ" % (name, "metadata" if x.entries != y.entries else
                                  "tensor tables" if [t[:3] for t in x.tensors]
                                  != [t[:3] for t in y.tensors] else "data")
    return None


def tell(label, problem):
    """1 when there is a problem."""
    print("%s %s%s" % ("not ok" if problem else "ok", label, ": " + problem if problem else ""))
    sys.stdout.flush()
    return bool(problem)


def check_keep(program, source, recipe, work):
    theirs = os.path.join(work, "theirs")
    os.mkdir(theirs)
    first = os.path.join(source, sorted(os.listdir(source))[0])
    done = subprocess.run([program, "--keep-split", first, os.path.join(theirs, "out"), recipe],
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        return "llama-quantize fails"
    try:
        target = split_worker.convert(source, recipe, os.path.join(work, "ours"),
                                      {"keep_split": "true"})
    except split_worker.Failure as failure:
        return str(failure)
    return differing(os.path.join(work, "ours", "0", target["output"]), theirs)


def keep_all(program, source, work):
    name = os.path.splitext(os.path.basename(source))[0]
    failed = 0
    cuts = groupings(len(split_worker.Shard(source).tensors))
    for no, (how, groups) in enumerate(cuts.items()):
        shards = cut(source, groups, os.path.join(work, "%s-%s" % (name, how)))
        for recipe in pare_run.turn(RECIPES, no, 2):
            with tempfile.TemporaryDirectory(dir=work) as out:
                failed += tell("keep_split %s %s %s" % (name, how, recipe),
                               check_keep(program, shards, recipe, out))
    return failed


def logits(program, path, work):
    """The bytes of what llama.cpp computes, or None."""
    out = os.path.join(work, "logits.f32")
    if subprocess.run([program, path, out, *map(str, TOKENS)]).returncode:
        return None
    with open(out, "rb") as f:
        return f.read()


def check_limits(program, source, options, whole, work):
    """`whole`: the source converted without splitting it, with q4_k_m."""
    target = split_worker.convert(source, "q4_k_m", os.path.join(work, "ours"), options)
    ours = os.path.join(work, "ours", "0", target["output"])
    first = os.path.join(ours, sorted(os.listdir(ours))[0])
    got = logits(program, first, work)
    if got is None or got != logits(program, whole, work):
        return "llama.cpp %s" % ("does not load it" if got is None else "computes other values")
    splitter = os.environ.get("PARE_TEST_GGUF_SPLIT")
    if not splitter:
        return None
    theirs = os.path.join(work, "theirs")
    os.mkdir(theirs)
    arguments = [a for key, value in options.items() for a in ("--" + key.replace("_", "-"), value)]
    subprocess.run([splitter, *arguments, whole, os.path.join(theirs, "out")],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return differing(ours, theirs)


def limits_all(program, source, work):
    target = split_worker.convert(source, "q4_k_m", os.path.join(work, "whole"))
    whole = os.path.join(work, "whole", "0", target["output"])
    failed = 0
    for options in ({"split_max_tensors": "1"}, {"split_max_tensors": "10"},
                    {"split_max_tensors": "56"}, {"split_max_size": "1M"},
                    {"split_max_size": "2M"}):
        with tempfile.TemporaryDirectory(dir=work) as out:
            failed += tell("%s %s" % next(iter(options.items())),
                           check_limits(program, source, options, whole, out))
    return failed


def main():
    quantize, run = sys.argv[1:]
    usable = subprocess.run([quantize]).returncode
    if usable:
        return usable
    failed = 0
    pare_run.say_seed()
    with tempfile.TemporaryDirectory(prefix="pare-split-") as work:
        tiny = os.path.join(pare_run.DATA, "tiny-llama.gguf")
        failed += limits_all(run, tiny, work)
        for source in [tiny] + [make_models.write(work, name) for name in MADE]:
            failed += keep_all(quantize, source, work)
    print("%d failed" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
