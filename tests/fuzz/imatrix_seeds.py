#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: imatrix_seeds.py. Writes the seeds of the fuzz target for legacy importance matrices,
corpus/imatrix: a valid file that reader_flip takes apart (without a trailer, which may be missing:
every truncation of it is incomplete), and the small ones of the good and bad corpora. The seeds
are committed; run this again when the cases change."""
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FORMATS = os.path.join(HERE, "..", "formats")
sys.path.insert(0, os.path.join(FORMATS, "bad"))
sys.path.insert(0, FORMATS)
from imatrix_build import imatrix  # noqa: E402
from manifest import generate  # noqa: E402

SMALL = 900  # bytes


def main():
    directory = os.path.join(HERE, "corpus", "imatrix")
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    with open(os.path.join(directory, "small.imatrix"), "wb") as f:
        f.write(imatrix())
    for kind in ("good", "bad"):
        made = tempfile.mkdtemp()
        for case in generate(os.path.join(FORMATS, kind, "imatrix_cases.py"), made):
            if os.path.getsize(case["path"]) <= SMALL:
                shutil.copy(case["path"], os.path.join(directory, kind + "-" + case["id"]))
        shutil.rmtree(made)


if __name__ == "__main__":
    main()
