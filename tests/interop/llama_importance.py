#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: llama_importance.py PARE LLAMA_QUANTIZE

`pare convert --importance` against llama-quantize --imatrix: the whole files are the same. Models
and matrices: the trained tiny-llama with its own (where there is ../shared, or PARE_TEST_MODELS),
and made ones with random importance, in the GGUF and in the legacy form, with experts, of which one
has met no input, with entries that are missing, and with every trailer. The library takes values:
importance.py computes them anew. PARE_TEST_LLAMA_QUANTIZE may name the program llama-quantize
itself, which is then asked instead. Skipped (77) without llama.cpp (PARE_TEST_GGML). Tested with
llama.cpp de3ff81.
"""
import os
import subprocess
import sys
import tempfile

import importance
import imatrix_build
import make_models
import pare_run
from llama_identity import compare

FEW = ["q4_k_m", "iq4_xs", "q4_0"]
TRAINED = ["q4_k_m", "iq4_xs", "iq3_s", "iq2_xs", "q2_k", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0",
           "q3_k_m", "q5_k_m", "q6_k", "q2_k_s", "iq4_nl", "iq3_m", "iq3_xxs", "iq2_xxs", "iq2_m",
           "iq1_s", "iq1_m", "tq2_0"]


def trained():
    """(model, importance matrix) or None."""
    more = os.environ.get("PARE_TEST_MODELS") or os.path.join(pare_run.ROOT, "..", "shared",
                                                              "models")
    folder = os.path.join(more, "trained-here")
    pair = [os.path.join(folder, name)
            for name in ("tiny-llama-bf16.gguf", "tiny-llama-imatrix.gguf")]
    return pair if all(map(os.path.exists, pair)) else None


def made(directory):
    """Yields (label, model, importance matrix, recipes)."""
    for name in ("moe8", "moe8rows", "gqa8"):
        model = make_models.write(directory, name)
        entries = importance.random_entries(model, name)
        path = os.path.join(directory, name)
        yield name + " gguf", model, importance.write_gguf(path + ".imatrix.gguf", entries), FEW
        yield name + " legacy", model, importance.write_legacy(
            path + ".imatrix", entries, imatrix_build.trailer()), FEW
        for missing in list(entries)[::3]:
            del entries[missing]
        yield name + " legacy, some missing", model, importance.write_legacy(
            path + ".dat", entries, imatrix_build.i32(5)), FEW[:1]
    yield name + " legacy, bare", model, importance.write_legacy(
        path + "-bare.dat", entries), FEW[:1]


def theirs(program, table, matrix, model, recipe, out):
    """The path of what llama-quantize makes of it, or None."""
    path = os.path.join(out, "llama-%s.gguf" % recipe)
    real = os.environ.get("PARE_TEST_LLAMA_QUANTIZE")
    command = [real, "--imatrix", matrix] if real else [program, "--imatrix", table]
    done = subprocess.run(command + [model, path, recipe], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL if real else None)
    return path if done.returncode == 0 else None


def check(pare, program, label, model, matrix, recipes, out):
    made, message = pare_run.convert(pare, model, recipes, out, "--importance", matrix)
    if made is None:
        print("not ok %s: %s" % (label, message))
        return 1
    table = importance.write_table(os.path.join(out, "table"), matrix, matrix)
    failed = 0
    for recipe in recipes:
        path = theirs(program, table, matrix, model, recipe, out)
        if path is None:
            print("not ok %s %s: llama-quantize fails" % (label, recipe))
            failed += 1
            continue
        failed += compare("%s %s" % (label, recipe), made[recipe], path)
        os.remove(path)
    return failed


def main():
    pare, program = sys.argv[1:]
    usable = subprocess.run([program]).returncode
    if usable:
        return usable
    failed = 0
    with tempfile.TemporaryDirectory(prefix="pare-llama-") as directory:
        jobs = list(made(directory))
        pair = trained()
        if pair:
            jobs.append(("tiny-llama", *pair, TRAINED))
        else:
            print("skipped: there is no trained tiny-llama with its importance matrix")
        for label, model, matrix, recipes in jobs:
            with tempfile.TemporaryDirectory(dir=directory) as out:
                failed += check(pare, program, label, model, matrix, recipes, out)
            sys.stdout.flush()
    print("%d failed" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
