# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Valid safetensors files. Same interface as bad/safetensors_cases.py; a case with "rewrite" is in
the order of Pare's writer and must come out of it byte for byte."""
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bad"))
from safetensors_build import (INDEX, ONE, SHARD_A, SHARD_B, TWO, Cases, entry,  # noqa: E402
                               index, model, pack)

BITS = {"BOOL": 8, "U8": 8, "I8": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32,
        "U32": 32, "F32": 32, "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F8_E4M3": 8,
        "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F4": 4, "F6_E2M3": 6,
        "F6_E3M2": 6}


def canonical(tensors, metadata):
    """The file as Pare writes it: {name: (dtype, shape)}; the data counts up."""
    header, at = {"__metadata__": dict({"format": "pt"}, **metadata)}, 0
    order = sorted(tensors, key=lambda name: (-BITS[tensors[name][0]], name.encode()))
    for name in order:
        dtype, shape = tensors[name]
        n = BITS[dtype]
        for dim in shape:
            n *= dim
        header[name] = entry(dtype, shape, at, at + n // 8)
        at += n // 8
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    return pack(text + b" " * (-len(text) % 8), bytes(i % 251 for i in range(at)))


def rewritten(cases):
    def file(case, tensors, metadata=None):
        cases.file(case, "OK", "", canonical(tensors, metadata or {}))
        cases.list[-1]["rewrite"] = True

    file("every-type", {"t." + dtype: (dtype, [2, 4]) for dtype in BITS})
    file("shapes", {"scalar": ("F32", []), "eight": ("F16", [1, 2, 1, 2, 1, 2, 1, 2]),
                    "none": ("F32", [0]), "no-rows": ("BF16", [0, 7]),
                    "no-columns": ("U8", [7, 0])})
    file("no-tensors", {})
    file("only-empty-tensors", {"a": ("F32", [0]), "b": ("F32", [0])})
    file("names", {name: ("U8", [1]) for name in
                   ("a", "a.b", 'say "x"\\', "tab\there", "caf\u00e9", "\U0001f600", "\u4e2d\u6587",
                    "../x", "/", " ", "\u007f", "x" * 65535)})
    file("metadata", {"a": ("U8", [4])}, {"text": 'line\nand "more"\\ \r\t\u00e9', "x": "",
                                          "y\n": "\u00e9\U0001f600"})
    file("padding", {"abc": ("F64", [1])}, {"p": "q"})


def read(cases):
    random.seed(1)
    order = list(range(64))
    random.shuffle(order)
    cases.file("header-in-any-order", "OK", "", model(
        {"t%d" % i: entry("F32", [4], 16 * i, 16 * i + 16) for i in order}, 1024))
    cases.file("keys-in-any-order", "OK", "", pack(
        '{"a":{"data_offsets":[0,4],"shape":[4],"dtype":"U8"}}', b"abcd"))
    cases.file("no-suffix", "OK", "", SHARD_A, name="weights")
    cases.file("escapes", "OK", "", pack(
        '{"\\u0061\\n\\/\\"\\\\\\ud83d\\ude00":{"dtype":"\\u00558","shape":[4],'
        '"data_offsets":[0,4]}}', b"abcd"))
    cases.file("large-dim", "OK", "", model({"a": entry("U8", [0, 2**60], 0, 0)}, 0))


def folders(cases):
    good = {"a": ONE, "b": TWO}
    side = {"config.json": b"{}", "tokenizer.json": b"{}", "README.md": b"hello",
            "pytorch_model.bin": b"PK\3\4", "x.gguf.txt": b""}
    cases.tree("folder", "OK", "", dict(side, **{"model.safetensors": SHARD_A}))
    cases.tree("sharded", "OK", "", dict(side, **{ONE: SHARD_A, TWO: SHARD_B, INDEX: index(good)}))
    cases.tree("series", "OK", "", dict(side, **{ONE: SHARD_A, TWO: SHARD_B}))
    cases.tree("index-of-other-name", "OK", "", {
        "x.safetensors": SHARD_A, "x.safetensors.index.json": index({"a": "x.safetensors"}, 4)})
    cases.tree("index-with-more", "OK", "", {ONE: SHARD_A, TWO: SHARD_B, INDEX: {
        "note": [1, {"x": None}], "metadata": {"a\"b": 1, "total_size": 8.0, "z": "\n"},
        "weight_map": good}})


def generate(folder):
    """Writes all cases below `folder`; gives their list."""
    cases = Cases(folder)
    for part in (rewritten, read, folders):
        part(cases)
    return cases.list
