#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: gguf_reader.py PARE [FILE.gguf...]

Has PARE convert GGUF files and reads the results with the gguf package of llama.cpp (from PyPI):
it must find the same metadata and the same tensors with the same shapes, and, by its own
decoders, weights as near to the source as the encoding allows. Without files it makes one up.
Skipped (77) when there is no gguf package or no PARE.
"""
import glob
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "formats", "bad"))
from gguf_build import BOOL, F32, I32, STRING, U32, Gguf, Tensor, array, kv  # noqa: E402

# Largest error, relative to the largest weight of the tensor.
RECIPES = {"f32": 0.0, "f16": 1e-3, "bf16": 1e-2, "q8_0": 1e-2, "q4_0": 0.2}
# What a conversion changes by intent.
CHANGED = {"general.file_type", "general.quantization_version"}


def made_up(directory):
    """A file with metadata of many kinds and weights of a few shapes."""
    import numpy
    random = numpy.random.default_rng(1)

    def tensor(name, dims):
        n = 1
        for dim in dims:
            n *= dim
        return Tensor(name, dims, 0, random.standard_normal(n, dtype="f4").tobytes())
    entries = [kv("general.architecture", STRING, "llama"), kv("general.name", STRING, "caf\u00e9"),
               kv("llama.block_count", U32, 1), kv("llama.rope.freq_base", F32, 10000.0),
               array("tokenizer.ggml.tokens", STRING, ["a", "", "\u2581b"]),
               array("tokenizer.ggml.scores", F32, [0, -1, -2]),
               array("tokenizer.ggml.token_type", I32, [1, 1, 1]),
               kv("tokenizer.ggml.add_bos_token", BOOL, 1)]
    tensors = [tensor("token_embd.weight", [64, 3]), tensor("blk.0.attn_q.weight", [64, 64]),
               tensor("blk.0.attn_norm.weight", [64]), tensor("output.weight", [64, 3])]
    path = os.path.join(directory, "made-up.gguf")
    with open(path, "wb") as f:
        f.write(Gguf(entries, tensors).build())
    return path


def metadata(reader):
    return {key: (tuple(field.types), field.contents()) for key, field in reader.fields.items()
            if not key.startswith("GGUF.") and key not in CHANGED}


def weights(tensor):
    import gguf
    return gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(-1).astype("f4")


def tensor_problem(source, target, tolerance):
    import numpy
    if list(source.shape) != list(target.shape):
        return "shape %s instead of %s" % (target.shape, source.shape)
    before, after = weights(source), weights(target)
    error = float(numpy.abs(before - after).max() / max(numpy.abs(before).max(), 1e-30))
    return "error %g" % error if error > tolerance else None


def compare(source, target, tolerance):
    """What is wrong with the target, as a list."""
    problems = []
    before, after = metadata(source), metadata(target)
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            problems.append("key %s: %s" % (key, str(after.get(key))[:80]))
    by_name = {tensor.name: tensor for tensor in target.tensors}
    if len(by_name) != len(source.tensors):
        problems.append("%d tensors instead of %d" % (len(by_name), len(source.tensors)))
    for tensor in source.tensors:
        problem = "missing"
        if tensor.name in by_name:
            problem = tensor_problem(tensor, by_name[tensor.name], tolerance)
        if problem:
            problems.append("tensor %s: %s" % (tensor.name, problem))
    return problems


def check(pare, path, recipe, tolerance):
    import gguf
    with tempfile.TemporaryDirectory(prefix="pare-gguf-") as out:
        env = dict(os.environ, XDG_STATE_HOME=os.path.join(out, "state"))
        target = os.path.join(out, "out")
        os.mkdir(target)
        subprocess.run([pare, "convert", path, "--to", "gguf:" + recipe, "--out", target],
                       check=True, stdout=subprocess.DEVNULL, env=env)
        made = glob.glob(os.path.join(target, "**", "*.gguf"), recursive=True)
        if len(made) != 1:
            return ["%d files were made" % len(made)]
        return compare(gguf.GGUFReader(path), gguf.GGUFReader(made[0]), tolerance)


def main():
    pare, *files = sys.argv[1:]
    try:
        import gguf  # noqa: F401
    except ImportError:
        print("skipped: no Python package gguf (pip install gguf)")
        return 77
    if not os.access(pare, os.X_OK):
        print("skipped: there is no program %s" % pare)
        return 77
    failed = 0
    with tempfile.TemporaryDirectory(prefix="pare-gguf-") as directory:
        for path in files or [made_up(directory)]:
            for recipe, tolerance in RECIPES.items():
                problems = check(pare, path, recipe, tolerance)
                failed += bool(problems)
                print("%s %s %s" % ("not ok" if problems else "ok", os.path.basename(path), recipe))
                for problem in problems:
                    print("# " + problem)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
