#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""The same input gives the same bytes and the same figures, to the last bit, for any number of
threads, from both formats, with and without SIMD, with and without importance. And experts that
lie in one tensor are encoded as if each were a tensor of its own.

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
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "formats",
                                "bad"))
import imatrix_build  # pylint: disable=wrong-import-position

ROWS = [("blk.0.attn_q.weight", [512, 512]), ("blk.0.ffn_down.weight", [3, 256 * 1030]),
        ("blk.0.attn_norm.weight", [512]), ("output.weight", [700, 1024]),
        ("token_embd.weight", [4100, 1024]), ("blk.0.ffn_up.weight", [1, 256]),
        ("blk.0.ffn_up_exps.weight", [3, 300, 1024])]
THREADS = (1, 2, 3, 7)
EXPERTS, EXPERT = 5, [300, 1024]  # not a whole number of slabs
PURE = [{"name": "all alike", "text": "pure\n"}]


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
    for row in answer.tensors:
        kept.append(json.dumps({k: v for k, v in row.items() if k != "seconds"}, sort_keys=True))
    return kept


def compare(tally, worker, name, path, targets, importance=None, **more):
    base = None
    for threads in THREADS:
        answer = worker.run({"kind": "convert", "targets": targets, "threads": threads, **more},
                            [path], staging=True, importance=importance)
        what = f"{name}, {threads} threads, {more}"
        if not tally.check(answer.code == "done", f"{what}: {answer.code} {answer.text}"):
            continue
        tally.check(len(answer.files) == len(targets), f"{what}: {list(answer.files)}")
        probes = [row["probe"]["sse"] for row in answer.tensors]
        tally.check(any(float.fromhex(p) > 0 for p in probes), f"{what}: nothing was measured")
        if base is None:
            base = answer
            continue
        for file, data in base.files.items():
            tally.check(answer.files.get(file) == data, f"{what}: {file} differs")
        for one, other in zip(figures(base), figures(answer)):
            tally.check(one == other, f"{what}:\n  {one}\n  {other}")
    return base


def make_importance(path, rows):
    """A legacy file; rows: {tensor's name: its number of values}."""
    entries = [imatrix_build.entry(name, [abs(v) for v in weights(n, name)])
               for name, n in rows.items()]
    with open(path, "wb") as file:
        file.write(imatrix_build.imatrix(entries))


def columns(dims):
    return dims[-1] * (dims[0] if len(dims) == 3 else 1)


def with_importance(tally, worker, folder, gguf, tensors):
    """All tensors but one have an entry; one of the targets makes no use of it."""
    path = os.path.join(folder, "imatrix.dat")
    make_importance(path, {name: columns(dims) for name, dims, _ in tensors[1:]})
    targets = [{"format": "gguf", "recipe": recipe, "stem": recipe}
               for recipe in ("q4_0", "q4_k_m", "bf16")]
    base = compare(tally, worker, "importance", gguf, targets, path)
    if not base:
        return
    lines = base.tensors
    for line in lines:
        matters = line["name"] != tensors[0][0]
        weighted = line["weighted_relative_error"] is not None
        tally.check(weighted == matters, f"weighed: {line}")
        made_with_it = matters and line["to"].startswith("q") and line["to"] != "q8_0"
        tally.check(line["importance"] == made_with_it, f"made with importance: {line}")
    tally.check(base.one("done")["importance"]["entries"] == len(tensors) - 1, "entries")


def experts(tally, worker, folder):
    """The data of five matrices in one tensor, and of five tensors, are the same."""
    n, data = size(EXPERT), []
    values = weights(EXPERTS * n, "experts")
    importance = [abs(v) for v in weights(EXPERTS * EXPERT[1], "importance")]
    for parts in (1, EXPERTS):
        dims = [EXPERTS // parts, *EXPERT][parts == EXPERTS:]
        names = [f"blk.{i}.ffn_up_exps.weight" for i in range(parts)]
        model, matrix = (os.path.join(folder, f"{parts}.{end}") for end in ("gguf", "dat"))
        driver.make_gguf(model, [(name, dims, values[i * len(values) // parts:
                                                     (i + 1) * len(values) // parts])
                                 for i, name in enumerate(names)], "none")
        share = len(importance) // parts
        with open(matrix, "wb") as file:
            file.write(imatrix_build.imatrix(
                [imatrix_build.entry(name, importance[i * share:(i + 1) * share])
                 for i, name in enumerate(names)]))
        targets = [{"format": "gguf", "recipe": r, "stem": r} for r in ("q4_k_m", "q5_0")]
        answer = worker.run({"kind": "convert", "targets": targets, "overrides": PURE},
                            [model], staging=True, importance=matrix)
        tally.check(answer.code == "done", f"experts: {answer.code} {answer.text}")
        said = answer.all("target")
        data.append({t["recipe"]: answer.files[f"{t['target']}/{t['output']}"]
                     [-sum(c["bytes"] for c in t["census"]):] for t in said})
        sums = [row["weighted_relative_error"] for row in answer.tensors]
        tally.check(all(sums), f"experts: {sums}")
    tally.check(len(data[0]) == 2 and data[0] == data[1], "experts in one tensor differ")


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
        with_importance(tally, worker, folder, gguf, tensors)
        experts(tally, worker, folder)
        compare(tally, worker, "safetensors", safetensors,
                [{"format": "safetensors", "recipe": recipe, "stem": recipe}
                 for recipe in ("f16", "bf16")])
    tally.end()


main()
