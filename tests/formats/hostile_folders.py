#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Hugging Face folders that lie: config.json with absurd, wrong or missing values, quantization
that does not fit, tensors that a map does not know or lacks, an index that names what is not there.
Each must be refused by `pare convert --to gguf:f16` in one line that has the words of its case, in
bounded time and memory, with nothing left behind; a few are odd, and nevertheless good.

Usage: hostile_folders.py [--no-limits] PARE [CASE...] (with PARE_PLUGINS, PARE_RECIPES,
PARE_ARCHITECTURES and PARE_WORKER). --no-limits is for sanitizer builds.
"""
import json
import os
import pathlib
import shutil
import struct
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import hostile_cases
from run_bad import Run, failed_cleanly, left_in

SECONDS, MEMORY = 5, 192 << 20


def pack(tensors):
    header, at = {}, 0
    for name, (kind, shape, data) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    return (struct.pack("<Q", len(text)) + text + b"".join(d for _, _, d in tensors.values()))


def write(folder, case):
    folder.mkdir()
    config = case.config
    if not isinstance(config, bytes):
        config = json.dumps(config).encode()
    if case.config is not None:
        (folder / "config.json").write_bytes(config)
    for name, tensors in case.shards().items():
        (folder / name).write_bytes(pack(tensors))
    for name, content in case.files.items():
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (folder / name).write_bytes(data)


def problems_of(run, out, case, limited):
    found = []
    lines = run.text.strip().splitlines()
    if limited and run.seconds > SECONDS:
        found.append("took %.1f s" % run.seconds)
    if limited and run.memory > MEMORY:
        found.append("took %d MiB" % (run.memory >> 20))
    if case.good:
        return found + ([] if run.status == 0 else ["was refused: " + run.text.strip()])
    if not failed_cleanly(run):
        found.append("ended with wait status %d: %s" % (run.status, run.text[:300]))
    if len(lines) != 1 or len(lines[0]) > 2500:
        found.append("said more than one line, or a very long one: %s" % run.text[:1000])
    found += ["the message lacks `%s`: %s" % (part, run.text.strip()[:1000])
              for part in case.parts if part not in run.text]
    return found + ["left " + name for name in left_in(out)]


def check(pare, case, limited):
    home = pathlib.Path(tempfile.mkdtemp(prefix="pare-hostile-"))
    try:
        write(home / "model", case)
        (home / "out").mkdir()
        before = sorted((p.name, p.stat().st_size) for p in (home / "model").iterdir())
        run = Run([pare, "convert", str(home / "model"), "--to", "gguf:f16", "--quiet",
                   "--tokenizer", "none", "-o", str(home / "out")], str(home))
        after = sorted((p.name, p.stat().st_size) for p in (home / "model").iterdir())
        return problems_of(run, home / "out", case, limited) + \
            ([] if after == before else ["the source is another one: %s" % after])
    finally:
        shutil.rmtree(home)


def main():
    arguments = [a for a in sys.argv[1:] if a != "--no-limits"]
    cases = hostile_cases.cases()
    chosen = arguments[1:] or list(cases)
    limited, failed = "--no-limits" not in sys.argv, 0
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda name: check(arguments[0], cases[name], limited), chosen))
    for name, problems in zip(chosen, results):
        failed += bool(problems)
        print("%s %s" % ("not ok" if problems else "ok", name))
        for problem in problems:
            print("# " + problem)
    good = sum(cases[name].good for name in chosen)
    print("%d of %d failed; %d are good" % (failed, len(chosen), good))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
