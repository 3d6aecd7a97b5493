#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: llama_logits.py PARE LLAMA_QUANTIZE LLAMA_LOGITS

llama.cpp loads what `pare convert` writes and computes with it. tiny-llama, on 4 times 64 tokens:
Pare's files give the same logits, bit for bit, as those of llama-quantize; F32 gives what PyTorch
computed when the model was trained; and each type's mean Kullback-Leibler divergence from F32 is
small.
Skipped (77) without llama.cpp (PARE_TEST_GGML). Tested with llama.cpp de3ff81.
"""
import array
import math
import os
import subprocess
import sys
import tempfile

import pare_run

VOCABULARY, STEP = 1024, 16
# Limits of the mean divergence from F32, in nats: twice what was measured.
DIVERGENCE = {"f32": 0.0, "f16": 2e-5, "bf16": 2e-5, "q8_0": 3e-4, "q6_k": 1.5e-3, "q4_k_m": 9e-3,
              "q4_0": 1.4e-2}
# PyTorch computes in F32; llama.cpp keeps keys and values in F16.
GREATEST_DIFFERENCE = 0.05


def reference():
    """(sequences of tokens, PyTorch's logits after each 16th of them)"""
    with open(os.path.join(pare_run.DATA, "tiny-llama-tokens.txt")) as f:
        sequences = [list(map(int, line.split())) for line in f]
    with open(os.path.join(pare_run.DATA, "tiny-llama-logits.f32"), "rb") as f:
        logits = array.array("f", f.read())
    return sequences, logits


def logits_of(program, model, sequences, directory):
    """One array for each sequence; None when llama.cpp cannot."""
    out = []
    path = os.path.join(directory, "logits.f32")
    for tokens in sequences:
        if subprocess.run([program, model, path, *map(str, tokens)]).returncode:
            return None
        with open(path, "rb") as f:
            out.append(array.array("f", f.read()))
        assert len(out[-1]) == len(tokens) * VOCABULARY
    return out


def softmax(row):
    top = max(row)
    powers = [math.exp(v - top) for v in row]
    total = sum(powers)
    return [p / total for p in powers]


def divergence(base, other):
    """Mean over all positions of KL(base || other)."""
    total, n = 0.0, 0
    for a, b in zip(base, other):
        for i in range(0, len(a), VOCABULARY):
            p, q = softmax(a[i:i + VOCABULARY]), softmax(b[i:i + VOCABULARY])
            total += sum(x * math.log(x / y) for x, y in zip(p, q) if x > 0)
            n += 1
    return total / n


def against_torch(ours, torch):
    """The greatest difference, and the share of positions with the same best token."""
    rows = [a[i:i + VOCABULARY] for a in ours
            for i in range((STEP - 1) * VOCABULARY, len(a), STEP * VOCABULARY)]
    wanted = [torch[i:i + VOCABULARY] for i in range(0, len(torch), VOCABULARY)]
    assert len(rows) == len(wanted)
    greatest = max(abs(x - y) for a, b in zip(rows, wanted) for x, y in zip(a, b))
    same = sum(a.index(max(a)) == b.index(max(b)) for a, b in zip(rows, wanted))
    return greatest, same / len(rows)


def say(good, text):
    """1 when it is not good."""
    print("%s %s" % ("ok" if good else "not ok", text))
    return 0 if good else 1


def check(pare, quantize, program, directory):
    sequences, torch = reference()
    source = pare_run.models()["tiny-llama"]
    made, message = pare_run.convert(pare, source, list(DIVERGENCE), directory)
    if made is None:
        return say(False, message)
    base = logits_of(program, made["f32"], sequences, directory)
    if base is None:
        return say(False, "llama.cpp does not run our F32")
    failed = 0
    greatest, same = against_torch(base, torch)
    failed += say(greatest <= GREATEST_DIFFERENCE and same == 1,
                  "f32 against PyTorch: greatest difference %.4f, same best token %.0f %%"
                  % (greatest, 100 * same))
    for recipe, limit in DIVERGENCE.items():
        theirs = os.path.join(directory, "llama.gguf")
        subprocess.run([quantize, source, theirs, recipe], check=True)
        a = logits_of(program, made[recipe], sequences, directory)
        b = logits_of(program, theirs, sequences, directory)
        failed += say(a is not None and a == b, "%s: the same logits" % recipe)
        measured = divergence(base, a) if a else math.inf
        failed += say(measured <= limit, "%s: mean divergence %.6f" % (recipe, measured))
    return failed


def main():
    pare, quantize, program = sys.argv[1:]
    usable = subprocess.run([program]).returncode
    if usable:
        return usable
    with tempfile.TemporaryDirectory(prefix="pare-logits-") as directory:
        failed = check(pare, quantize, program, directory)
    print("%d failed" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
