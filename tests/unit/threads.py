#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""The same input gives the same bytes and the same figures, to the last bit, for any number of
threads, from both formats, with and without SIMD.

Usage: threads.py DRIVER-DIRECTORY WORKER PLUGINS RECIPES
"""
import array
import json
import os
import random
import struct
import sys
import tempfile

sys.path.insert(0, sys.argv[1])
import driver  # pylint: disable=wrong-import-position

ROWS = [("blk.0.attn_q.weight", [512, 512]), ("blk.0.ffn_down.weight", [3, 256 * 1030]),
        ("blk.0.attn_norm.weight", [512]), ("output.weight", [700, 1024]),
        ("token_embd.weight", [4100, 1024]), ("blk.0.ffn_up.weight", [1, 256])]
THREADS = (1, 2, 3, 7)


def weights(n, seed):
    """n floats of many magnitudes: 1000 different ones, then the same again."""
    rng = random.Random(seed)
    some = array.array("f", (rng.gauss(0, 1) * 2.0 ** rng.randint(-8, 3) for _ in range(997)))
    return (some * (n // 997 + 1))[:n]


def size(dims):
    n = 1
    for dim in dims:
        n *= dim
    return n


def make_safetensors(path, tensors):
    at, header = 0, {}
    for name, dims, values in tensors:
        header[name] = {"dtype": "F32", "shape": dims, "data_offsets": [at, at + 4 * len(values)]}
        at += 4 * len(values)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, values in tensors:
            file.write(values.tobytes())


def figures(answer):
    """All that was said, but times, memory and progress."""
    kept = []
    for line in answer.lines:
        line = {key: value for key, value in line.items() if key not in ("seconds", "peak_rss")}
        if line["event"] not in ("start", "progress"):
            kept.append(json.dumps(line, sort_keys=True))
    return kept


def compare(tally, worker, name, path, targets, **more):
    base = None
    for threads in THREADS:
        answer = worker.run({"kind": "convert", "targets": targets, "threads": threads, **more},
                            [path], staging=True)
        what = f"{name}, {threads} threads, {more}"
        if not tally.check(answer.code == "done", f"{what}: {answer.code} {answer.text}"):
            continue
        tally.check(len(answer.files) == len(targets), f"{what}: {list(answer.files)}")
        probes = [line["probe"]["sse"] for line in answer.all("tensor")]
        tally.check(any(float.fromhex(p) > 0 for p in probes), f"{what}: nothing was measured")
        if base is None:
            base = answer
            continue
        for file, data in base.files.items():
            tally.check(answer.files.get(file) == data, f"{what}: {file} differs")
        for one, other in zip(figures(base), figures(answer)):
            tally.check(one == other, f"{what}:\n  {one}\n  {other}")
    return base


def main():
    program, plugins, recipes = sys.argv[2:5]
    tally = driver.Tally()
    worker = driver.Worker(program, plugins, recipes)
    tensors = [(name, dims, weights(size(dims), i)) for i, (name, dims) in enumerate(ROWS)]
    with tempfile.TemporaryDirectory(prefix="pare-threads-") as folder:
        gguf = os.path.join(folder, "model.gguf")
        driver.make_gguf(gguf, tensors, "none")
        targets = [{"format": "gguf", "recipe": recipe, "stem": recipe}
                   for recipe in ("q4_0", "q8_0", "bf16")]
        native = compare(tally, worker, "gguf", gguf, targets)
        plain = compare(tally, worker, "gguf", gguf, targets[:2], cpu="c")
        if native and plain:
            for file, data in plain.files.items():
                tally.check(native.files[file] == data, f"{file}: SIMD gives other bytes than C")
        safetensors = os.path.join(folder, "model.safetensors")
        make_safetensors(safetensors, tensors)
        compare(tally, worker, "safetensors", safetensors,
                [{"format": "safetensors", "recipe": recipe, "stem": recipe}
                 for recipe in ("f16", "bf16")])
    tally.end()


main()
