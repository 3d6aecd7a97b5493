# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Valid legacy importance matrices, with every trailer that llama-imatrix ever wrote, and under
names that say nothing. Same interface as bad/gguf_cases.py."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bad"))
from imatrix_build import entry, i32, imatrix, trailer  # noqa: E402

FILES = {
    "no-trailer.dat": imatrix(),
    "chunks-only.dat": imatrix(tail=i32(100)),
    "no-dataset.dat": imatrix(tail=i32(0) + i32(0)),
    "dataset.dat": imatrix(tail=trailer()),
    "dataset-nul.dat": imatrix(tail=trailer(dataset="a\0b")),
    "chunks-minus.dat": imatrix(tail=trailer(chunks=-1)),
    "long-name": imatrix([entry("a" * 65527, [1])]),
    "beyond-the-head": imatrix([entry("blk.%d.w" % i, [i] * 900) for i in range(8)]),
    "many": imatrix([entry("t%d" % i, [1]) for i in range(3000)], tail=trailer()),
    "counts-minus": imatrix([entry("a", [1], ncall=-1)]),
}


def generate(directory):
    cases = []
    for name, data in FILES.items():
        path = os.path.join(directory, name)
        with open(path, "wb") as f:
            f.write(data)
        cases.append({"id": name, "path": path, "code": "OK", "text": ""})
    return cases
