#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: reader_seeds.py DIR STAMP CASES.py...

Writes the good and bad models of a format's test cases into DIR/FORMAT, one input of a reader's fuzz
target each: a file as it is, a folder as an archive (archive.h).
"""
import os
import pathlib
import sys
import tempfile

FORMATS = pathlib.Path(__file__).resolve().parent.parent / "formats"
sys.path[:0] = [str(FORMATS), str(FORMATS / "bad")]
import manifest

LIMIT = 1 << 20 # bytes: a larger case is about sizes, not for fuzzing


def seed(path):
    if path.is_file():
        return path.read_bytes() if path.stat().st_size <= LIMIT else None
    files = [p for p in sorted(path.rglob("*")) if p.is_file() and not p.is_symlink()]
    if not files or sum(p.stat().st_size for p in files) > LIMIT:
        return None
    return b"".join(b"=== %s %d 0\n" % (str(p.relative_to(path)).encode(), p.stat().st_size)
                    + p.read_bytes() + b"\n" for p in files if b" " not in bytes(p.relative_to(path)))


def main():
    out, stamp, *generators = sys.argv[1:]
    for generator in generators:
        kind = os.path.basename(os.path.dirname(generator))
        form = os.path.basename(generator).split("_")[0]
        target = pathlib.Path(out) / form
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as work:
            for case in manifest.generate(generator, work):
                data = seed(pathlib.Path(work) / case["path"])
                if data:
                    (target / f"{kind}-{case['id']}").write_bytes(data)
    pathlib.Path(stamp).write_text("")


if __name__ == "__main__":
    main()
