#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: make_checkpoints.py DIR [CASE...]

Makes small Hugging Face checkpoints with random weights, one folder each: config.json, weights as
safetensors (whole or in shards with their index) and the tokenizer's files. They have the shapes
and names of their families (checkpoint_families.py, checkpoint_more.py), with what is odd about
each: keys that config.json leaves out, tied embeddings, heads that are no part of the width,
biases. The same bytes on every run. Only Python's own library is needed.
"""
import json
import os
import random
import re
import struct
import sys

import checkpoint_families

SIZES = {"F32": 4, "F16": 2, "BF16": 2, "U8": 1, "E8": 1, "I64": 8}
# The byte with sign and exponent, as the random one says: numbers from 2^-6 to 1, of both signs.
TOP = {"F32": (0x3c, 0x3d, 0x3e, 0x3f, 0xbc, 0xbd, 0xbe, 0xbf),
       "BF16": (0x3c, 0x3d, 0x3e, 0x3f, 0xbc, 0xbd, 0xbe, 0xbf),
       "F16": (0x24, 0x29, 0x2d, 0x31, 0xa4, 0xa9, 0xad, 0xb1)}


def weights(n, dtype, rng):
    """n random numbers, as bytes."""
    size = SIZES[dtype]
    data = bytearray(rng.randbytes(n * size))
    if dtype in TOP:
        table = bytes(TOP[dtype][i % 8] for i in range(256))
        data[size - 1::size] = data[size - 1::size].translate(table)
    elif dtype == "E8":  # exponents of blocks: not 255, that is no number
        data = data.translate(bytes(112 + i % 16 for i in range(256)))
    elif dtype == "I64":
        data = struct.pack("<%dq" % n, *range(n))
    return bytes(data)


def write_safetensors(path, tensors, seed):
    """tensors: (name, dims, dtype)"""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, dims, dtype in tensors:
        n = 1
        for dim in dims:
            n *= dim
        part = weights(n, dtype, random.Random("%s %s" % (seed, name)))
        header[name] = {"dtype": "U8" if dtype == "E8" else dtype, "shape": list(dims),
                        "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)
    return len(data)


def write_weights(folder, made, seed):
    if made.shards == 1:
        write_safetensors(os.path.join(folder, "model.safetensors"), made.tensors, seed)
        return
    total, where, step = 0, {}, -(-len(made.tensors) // made.shards)
    for i in range(made.shards):
        name = "model-%05d-of-%05d.safetensors" % (i + 1, made.shards)
        part = made.tensors[i * step:(i + 1) * step]
        total += write_safetensors(os.path.join(folder, name), part, seed)
        where.update({tensor[0]: name for tensor in part})
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(where.items()))}
    write_file(os.path.join(folder, "model.safetensors.index.json"), index)


def write_file(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not isinstance(content, bytes):
        content = json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"
    with open(path, "wb") as f:
        f.write(content)


def write(directory, case, without=None, made=None):
    """Makes a case, but for the tensors that are not wanted; gives (folder, checkpoint). `made`: a
    checkpoint that is none of the families."""
    made = made or checkpoint_families.families()[case]()
    made.tensors = [t for t in made.tensors if not (without and re.fullmatch(without, t[0]))]
    folder = os.path.join(directory, case)
    os.makedirs(folder, exist_ok=True)
    write_file(os.path.join(folder, "config.json"), made.config)
    for name, content in made.files.items():
        write_file(os.path.join(folder, name), content)
    write_weights(folder, made, case)
    return folder, made


if __name__ == "__main__":
    for chosen in sys.argv[2:] or checkpoint_families.families():
        print(write(sys.argv[1], chosen)[0])
