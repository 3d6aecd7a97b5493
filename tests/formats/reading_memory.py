#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""What reading a model may cost: 64 MiB of memory, two bytes for each byte of its side files and
headers and 512 for each tensor, whatever is in them, and time that is linear in them. Large tokenizers that are like real
ones are read within that; what is meant to cost more is refused with the limit and the file named.

Usage: reading_memory.py [--no-limits] PARE [CASE...] (with PARE_PLUGINS, PARE_RECIPES,
PARE_ARCHITECTURES and PARE_WORKER). --no-limits is for sanitizer builds. The cases are made in
another process, because a child's peak memory begins with its parent's.
"""
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

import reading_cases
from run_bad import Run, failed_cleanly

HERE = pathlib.Path(__file__).parent
SECONDS = 10  # of all, on a machine that does other things, too
MEMORY = 64 << 20


def read_bytes(path):
    """Bytes of side files and headers."""
    if path.suffix == ".gguf":
        return path.stat().st_size - 32 * reading_cases.TENSORS * path.stem.endswith("of_tensors")
    if path.suffix == ".safetensors":
        return 8 + struct.unpack("<Q", path.open("rb").read(8))[0]
    return sum(read_bytes(p) if p.suffix == ".safetensors" else p.stat().st_size
               for p in path.iterdir())


def check(pare, name, limited):
    home = pathlib.Path(tempfile.mkdtemp(prefix="pare-reading-"))
    model = home / (name + reading_cases.FILES.get(name, ""))
    parts = reading_cases.CASES[name][1]
    try:
        subprocess.run([sys.executable, str(HERE / "reading_cases.py"), name, str(model)],
                       check=True)
        convert = ["convert", "--to", "gguf:q8_0" if model.suffix == ".gguf" else "gguf:f16",
                   "--quiet", "--dry-run"]
        tensors = reading_cases.TENSORS if "of_tensors" in name else 0
        run = Run([pare, *(["inspect"] if tensors else convert), str(model)], str(home))
        allowed = MEMORY + 2 * read_bytes(model) + 512 * tensors
        print("%s: %.2f s, %d MiB of %d" % (name, run.seconds, run.memory >> 20, allowed >> 20))
        found = []
        if limited and run.memory > allowed:
            found.append("took %d MiB, %d are allowed" % (run.memory >> 20, allowed >> 20))
        if limited and run.seconds > SECONDS:
            found.append("took %.1f s" % run.seconds)
        if parts is None and run.status != 0:
            found.append("was refused: " + run.text.strip()[:1000])
        if parts is not None and not failed_cleanly(run):
            found.append("ended with wait status %d: %s" % (run.status, run.text[:300]))
        return found + ["the message lacks `%s`: %s" % (part, run.text.strip()[:1000])
                        for part in parts or () if part not in run.text]
    finally:
        shutil.rmtree(home)


def main():
    arguments = [a for a in sys.argv[1:] if a != "--no-limits"]
    limited = "--no-limits" not in sys.argv
    failed = 0
    for name in arguments[1:] or reading_cases.CASES:
        found = check(arguments[0], name, limited)
        failed += bool(found)
        for problem in found:
            print("%s: %s" % (name, problem))
    print("%d failed" % failed)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
