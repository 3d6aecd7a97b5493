#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: coverage.py REPLAY NAME PERCENT SOURCE... -- READER-SOURCE... -- CORPUS...

Builds a plugin from its sources with gcc's --coverage, replays the corpora of its fuzz target
(reader_fuzz.c), and fails when they reach less than PERCENT of the lines of the reader's sources.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def split(arguments):
    lists = [[]]
    for argument in arguments:
        if argument == "--":
            lists.append([])
        else:
            lists[-1].append(argument)
    return lists


def build(work, sources):
    flags = ["-std=gnu17", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64", "-O0", "-fPIC", "--coverage",
             f"-I{ROOT}/include", f"-I{ROOT}/plugins"]
    objects = [os.path.join(work, f"{i}.o") for i in range(len(sources))]
    running = [subprocess.Popen(["gcc", *flags, "-c", os.path.abspath(source), "-o", out], cwd=work)
               for source, out in zip(sources, objects)]
    assert all(process.wait() == 0 for process in running)
    plugin = os.path.join(work, "plugin.so")
    subprocess.run(["gcc", "-shared", "--coverage", "-o", plugin, *objects, "-lm"], check=True)
    return plugin


def reached(work):
    """{source: (lines reached, lines)} of all that was built."""
    said = subprocess.run(["gcov", "-n", *sorted(str(p) for p in pathlib.Path(work).glob("*.gcda"))],
                          cwd=work, capture_output=True, text=True, check=True).stdout
    found = {}
    for name, percent, lines in re.findall(r"File '(.*)'\nLines executed:([\d.]+)% of (\d+)", said):
        found[os.path.realpath(os.path.join(work, name))] = (
            round(float(percent) * int(lines) / 100), int(lines))
    return found


def main():
    replay, name, percent = sys.argv[1:4]
    sources, readers, corpora = split(sys.argv[4:])
    if subprocess.run(["gcc", "--version"], capture_output=True).returncode != 0:
        print("skipped: no gcc")
        return 77
    with tempfile.TemporaryDirectory() as work:
        plugin = build(work, sources)
        subprocess.run([replay, plugin, name, *corpora], check=True)
        found = reached(work)
    total = [0, 0]
    for source in readers:
        hit, lines = found[os.path.realpath(source)]
        print(f"{100 * hit / lines:5.1f} % of {lines:4} lines: {os.path.basename(source)}")
        total = [total[0] + hit, total[1] + lines]
    share = 100 * total[0] / total[1]
    print(f"{share:5.1f} % of all {total[1]} lines of the reader, {percent} are wanted")
    return share < float(percent)


if __name__ == "__main__":
    sys.exit(main())
