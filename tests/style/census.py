#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Measures the C sources against the house style and fails past its limits.

A function's body opens with `{` alone in column 0 and closes with `}` in column 0. Limits: no
function over 80 lines, the median at most 20, no file over 600 lines, no line over 100 columns,
two SPDX lines at the top of every file, no include upward between layers.
"""
import pathlib
import re
import statistics
import subprocess
import sys

MAX_FUNCTION, MAX_MEDIAN, MAX_FILE, MAX_LINE = 80, 20, 600, 100
# The rooms of core, each with those that it may include besides itself (and base).
ROOMS = {
    "base": "",
    "lang": "",
    "model": "lang",
    "plugin": "lang model",
    "tokenizer": "lang model plugin",
    "unpack": "lang model plugin",
    "provenance": "lang model plugin",
    "weights": "lang model plugin",
    "map": "lang model plugin tokenizer unpack provenance weights",
    "recipe": "lang model plugin weights",
    "convert": "lang model plugin tokenizer unpack provenance weights map recipe",
    "worker": "lang model plugin tokenizer unpack provenance weights map recipe convert",
    "catalog": "",
    "supervise": "catalog",
    "config": "supervise",
    "intake": "catalog supervise config",
    "daemon": "catalog supervise config intake",
    "cli": "catalog supervise config",
}
MAY_INCLUDE = {room: {"base", room, *below.split()} for room, below in ROOMS.items()}


def functions(lines):
    """Yields (first line, length) of every function body."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            yield start, number - start - 1
            start = None


def layering(path, lines):
    """Yields complaints about includes that point upward."""
    parts = path.parts
    if parts[0] == "core":
        allowed = MAY_INCLUDE[parts[1]]
        for number, line in enumerate(lines, 1):
            found = re.match(r'#include "(\w+)/', line)
            if found and found.group(1) in MAY_INCLUDE and found.group(1) not in allowed:
                yield f"{path}:{number}: {parts[1]} must not include {found.group(1)}"
            if "sqlite3.h" in line and parts[1] != "catalog":
                yield f"{path}:{number}: only catalog uses sqlite3.h"
    if parts[0] == "plugins":
        for number, line in enumerate(lines, 1):
            if re.match(r'#include "(' + "|".join(ROOMS) + r')/', line):
                yield f"{path}:{number}: a plugin includes only <pare/plugin.h>"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h"],
                            cwd=root, capture_output=True, text=True)
    names = listed.stdout.split() or [str(p.relative_to(root)) for p in root.rglob("*.[ch]")]
    problems, lengths, total = [], [], 0
    for name in sorted(names):
        path = pathlib.Path(name)
        if not (root / path).exists() or "build" in path.parts[0]:
            continue
        lines = (root / path).read_text().split("\n")
        total += len(lines)
        if len(lines) > MAX_FILE + 1:
            problems.append(f"{path}: {len(lines) - 1} lines, the limit is {MAX_FILE}")
        if "SPDX-FileCopyrightText" not in lines[0] or "SPDX-License-Identifier" not in lines[1]:
            problems.append(f"{path}: no SPDX lines at the top")
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_LINE:
                problems.append(f"{path}:{number}: {len(line)} columns, the limit is {MAX_LINE}")
            if "\t" in line:
                problems.append(f"{path}:{number}: a tab")
        for number, length in functions(lines):
            lengths.append(length)
            if length > MAX_FUNCTION:
                problems.append(f"{path}:{number}: a function of {length} lines")
        problems += layering(path, lines)
    lengths.sort()
    median = statistics.median(lengths)
    if median > MAX_MEDIAN:
        problems.append(f"the median function has {median} lines, the limit is {MAX_MEDIAN}")
    print(f"{len(names)} files, {total} lines, {len(lengths)} functions: median {median:g}, "
          f"nine in ten up to {lengths[len(lengths) * 9 // 10]}, longest {lengths[-1]}")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


sys.exit(main())
