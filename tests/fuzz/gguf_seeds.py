#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: gguf_seeds.py. Writes the seeds of the GGUF fuzz target, corpus/gguf: two valid files
that reader_flip takes apart, and the small ones of the good and bad corpora. The seeds are
committed; run this again when the cases change."""
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FORMATS = os.path.join(HERE, "..", "formats")
sys.path.insert(0, os.path.join(FORMATS, "bad"))
sys.path.insert(0, FORMATS)
from gguf_build import F32, I32, STRING, U32, BOOL, Gguf, Tensor, array, kv  # noqa: E402
from manifest import generate  # noqa: E402

SMALL = 900  # bytes


def small():
    entries = [kv("general.architecture", STRING, "llama"), kv("general.alignment", U32, 8),
               kv("llama.block_count", U32, 1), array("a", F32, [1, 2])]
    return Gguf(entries, [Tensor("w", [2, 3]), Tensor("q", [32, 1], 8)], alignment=8,
                tail=False).build()


def tokenizer():
    entries = [kv("general.architecture", STRING, "llama"),
               array("tokenizer.ggml.tokens", STRING, ["a", "", "bc"]),
               array("tokenizer.ggml.scores", F32, [0, 1, 2]),
               array("tokenizer.ggml.token_type", I32, [1, 1, 3]),
               array("b", BOOL, [0, 1]), kv("c", BOOL, 1)]
    return Gguf(entries, [Tensor("w", [4])], tail=False).build()


def main():
    directory = os.path.join(HERE, "corpus", "gguf")
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    for name, data in (("small.gguf", small()), ("tokenizer.gguf", tokenizer())):
        with open(os.path.join(directory, name), "wb") as f:
            f.write(data)
    for kind in ("good", "bad"):
        made = tempfile.mkdtemp()
        cases = generate(os.path.join(FORMATS, kind, "gguf_cases.py"), made)
        for case in cases:
            if os.path.isfile(case["path"]) and os.path.getsize(case["path"]) <= SMALL:
                shutil.copy(case["path"], os.path.join(directory, kind + "-" + case["id"]))
        shutil.rmtree(made)


if __name__ == "__main__":
    main()
