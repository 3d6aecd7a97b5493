#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Measures the C sources against the house style and fails past its limits.

A function's body opens with `{` alone in column 0 and closes with `}` in column 0. Limits: no
function over 80 lines, the median at most 20, no file over 600 lines, no line over 100 columns, no
folder with over 30 .c files or 4,500 lines, two SPDX lines at the top of every file.

Rooms of core include only what ROOMS says. A module is a .c with the header of its name; files that
share an x_private.h are one module. No module may include, over others, itself again; and a function
that a header declares is defined in the header's own module. The rooms here are those of core/ and
of the table in CONTRIBUTING.md.
"""
import collections
import pathlib
import re
import statistics
import subprocess
import sys

MAX_FUNCTION, MAX_MEDIAN, MAX_FILE, MAX_LINE = 80, 20, 600, 100
MAX_FOLDER_FILES, MAX_FOLDER_LINES = 30, 4500
# The rooms of core, each with those that it may include besides itself and base.
ROOMS = {
    "base": "",
    "check": "",
    "settings": "",
    "journal": "",
    "results": "",
    "lang": "",
    "model": "lang",
    "plugin": "lang model",
    "tokenizer": "lang model plugin",
    "unpack": "lang model plugin",
    "provenance": "lang model plugin",
    "weights": "lang model plugin",
    "map": "lang model plugin tokenizer unpack provenance weights",
    "recipe": "lang model plugin weights",
    "target": "settings journal lang model plugin tokenizer unpack provenance weights map recipe",
    "convert": "journal lang model plugin weights recipe target",
    "worker": "settings journal results lang model plugin tokenizer unpack provenance weights map "
              "recipe target convert check",
    "catalog": "results",
    "answer": "",
    "source": "",
    "supervise": "source settings results catalog answer",
    "config": "source settings supervise",
    "intake": "source settings catalog supervise config",
    "daemon": "source settings results catalog supervise config intake",
    "cli": "source settings results catalog supervise config",
}
MAY_INCLUDE = {room: {"base", room, *below.split()} for room, below in ROOMS.items()}
INCLUDE = re.compile(r'#include "([\w/-]+\.h)"')


class Source:
    """One file: its path below the root, and its lines."""

    def __init__(self, root, name):
        self.path = pathlib.PurePath(name)
        self.lines = (root / name).read_text().split("\n")
        self.includes = [(number, found.group(1)) for number, line in enumerate(self.lines, 1)
                         if (found := INCLUDE.match(line))]

    def functions(self):
        """Yields (first line, length) of every function body."""
        start = None
        for number, line in enumerate(self.lines, 1):
            if line == "{":
                start = number
            elif line == "}" and start:
                yield start, number - start - 1
                start = None

    def code(self):
        """The text without comments, texts and preprocessor lines."""
        text = re.sub(r"/\*.*?\*/", " ", "\n".join(self.lines), flags=re.S)
        text = re.sub(r'"(\\.|[^"\\\n])*"', '""', text)
        return re.sub(r"^#(.*\\\n)*.*$", "", text, flags=re.M)


def check_lines(source):
    """Yields complaints about one file by itself."""
    path, lines = source.path, source.lines
    if len(lines) > MAX_FILE + 1:
        yield f"{path}: {len(lines) - 1} lines, the limit is {MAX_FILE}"
    if "SPDX-FileCopyrightText" not in lines[0] or "SPDX-License-Identifier" not in lines[1]:
        yield f"{path}: no SPDX lines at the top"
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE:
            yield f"{path}:{number}: {len(line)} columns, the limit is {MAX_LINE}"
        if "\t" in line:
            yield f"{path}:{number}: a tab"
    for number, length in source.functions():
        if length > MAX_FUNCTION:
            yield f"{path}:{number}: a function of {length} lines"


def check_layers(source):
    """Yields complaints about includes that point upward."""
    parts = source.path.parts
    for number, name in source.includes:
        room = name.split("/")[0]
        if parts[0] == "core" and room in ROOMS and room not in MAY_INCLUDE[parts[1]]:
            yield f"{source.path}:{number}: {parts[1]} must not include {room}"
        if parts[0] == "plugins" and room in ROOMS and "/" in name and room != parts[1]:
            yield f"{source.path}:{number}: a plugin includes only <pare/plugin.h>"
    if parts[0] == "core" and parts[1] != "catalog":
        for number, line in enumerate(source.lines, 1):
            if "sqlite3.h" in line:
                yield f"{source.path}:{number}: only catalog uses sqlite3.h"


def check_folders(sources):
    """Yields complaints about folders that hold too much; subfolders count apart."""
    files, lines = collections.Counter(), collections.Counter()
    for source in sources:
        files[source.path.parent] += source.path.suffix == ".c"
        lines[source.path.parent] += len(source.lines) - 1
    for folder in sorted(lines):
        if files[folder] > MAX_FOLDER_FILES:
            yield f"{folder}: {files[folder]} .c files, the limit is {MAX_FOLDER_FILES}"
        if lines[folder] > MAX_FOLDER_LINES:
            yield f"{folder}: {lines[folder]} lines, the limit is {MAX_FOLDER_LINES}"


def resolve(source, name, by_path):
    """The path of an include, or None for one that is not of this tree's core and plugins."""
    for base in ("core", "plugins"):
        if pathlib.PurePath(base, name) in by_path:
            return pathlib.PurePath(base, name)
    return None


def modules(sources):
    """Which module each file belongs to: {path: name}."""
    by_path = {source.path: source for source in sources}
    module = {}
    for source in sources:
        module[source.path] = str(source.path.with_suffix("")).removesuffix("_private")
    for source in sources: # a private header joins those that include it
        for _, name in source.includes:
            path = resolve(source, name, by_path)
            if path and path.stem.endswith("_private"):
                own = module[source.path]
                for other in list(module):
                    if module[other] == own:
                        module[other] = module[path]
    return module, by_path


def find_circles(edges):
    """Tarjan's strongly connected components of more than one module."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        for other in edges.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in on_stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            circle = []
            while not circle or circle[-1] != node:
                circle.append(stack.pop())
                on_stack.discard(circle[-1])
            if len(circle) > 1:
                found.append(sorted(circle))

    sys.setrecursionlimit(10000)
    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def check_circles(sources):
    """Yields complaints about modules that need each other."""
    module, by_path = modules(sources)
    edges = collections.defaultdict(set)
    for source in sources:
        for _, name in source.includes:
            path = resolve(source, name, by_path)
            if path and module[path] != module[source.path]:
                edges[module[source.path]].add(module[path])
    for circle in find_circles(edges):
        yield "a circle of includes: " + ", ".join(circle)


PROTOTYPE = re.compile(r"^(?!static|typedef)[a-z_][\w *]*?\b(\w+)\((?=[^;{}]*;)", re.M)
DEFINITION = re.compile(r"^(?!static|typedef)[a-z_][\w *]*?\b(\w+)\([^;{}]*\)\n\{", re.M)


def check_headers(sources):
    """Yields complaints about functions that another header than their file's own declares."""
    module, _ = modules(sources)
    defined = {}
    for source in sources:
        if source.path.suffix == ".c":
            for name in DEFINITION.findall(source.code()):
                defined.setdefault(name, []).append(source.path)
    for source in sources:
        if source.path.suffix != ".h":
            continue
        for name in PROTOTYPE.findall(source.code()):
            for path in defined.get(name, []):
                if module[path] != module[source.path]:
                    yield f"{source.path}: {name} is defined in {path}"


def check_house(root):
    """Yields rooms that are a folder, a row of ROOMS or a row of CONTRIBUTING.md, but not all."""
    text = (root / "CONTRIBUTING.md").read_text()
    table = set(re.findall(r"`core/(\w+)`", "\n".join(re.findall(r"^\|(.*?)\|", text, re.M))))
    folders = {path.parent.name for path in root.glob("core/*/meson.build")}
    for room in sorted(set(ROOMS) | table | folders):
        places = [name for name, rooms in (("core/", folders), ("ROOMS", ROOMS),
                                           ("CONTRIBUTING.md's table", table)) if room in rooms]
        if len(places) < 3:
            yield f"the room {room} is only in " + " and ".join(places)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h"],
                            cwd=root, capture_output=True, text=True)
    names = listed.stdout.split() or [str(p.relative_to(root)) for p in root.rglob("*.[ch]")]
    sources = [Source(root, name) for name in sorted(names)
               if (root / name).exists() and "build" not in pathlib.PurePath(name).parts[0]]
    house = [source for source in sources if source.path.parts[0] in ("core", "plugins")]
    problems = []
    for source in sources:
        problems += check_lines(source)
        problems += check_layers(source)
    problems += check_folders(sources)
    problems += check_circles(house)
    problems += check_headers(house)
    problems += check_house(root)
    lengths = sorted(length for source in sources for _, length in source.functions())
    median = statistics.median(lengths)
    if median > MAX_MEDIAN:
        problems.append(f"the median function has {median} lines, the limit is {MAX_MEDIAN}")
    total = sum(len(source.lines) - 1 for source in sources)
    folders = {source.path.parent for source in house}
    print(f"{len(sources)} files, {total} lines, {len(lengths)} functions: median {median:g}, "
          f"nine in ten up to {lengths[len(lengths) * 9 // 10]}, longest {lengths[-1]}; "
          f"{len(folders)} folders of core and plugins")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


sys.exit(main())
