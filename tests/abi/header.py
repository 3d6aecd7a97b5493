#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""The plugin header compiles by itself, as C and C++, with every warning on; and whatever its
first version had lies where it was, with the same values.

Usage: header.py INCLUDE-DIRECTORY FROZEN-HEADER
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

USER = """#include <pare/plugin.h>
#include <pare/plugin.h>
static struct pare_plugin plugin;
PARE_PLUGIN(plugin)
"""
WARNINGS = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-Wshadow", "-Wconversion"]
CASES = [("gcc", "c", "c11"), ("gcc", "c", "c17"), ("clang", "c", "c11"), ("clang", "c", "c17"),
         ("g++", "c++", "c++17"), ("clang++", "c++", "c++17"), ("cc", "c", "c11")]


def compiles(folder, include):
    failed = 0
    for compiler, language, standard in CASES:
        if not shutil.which(compiler):
            print(f"skipped: no {compiler}")
            continue
        source = os.path.join(folder, "user.c")
        with open(source, "w", encoding="ascii") as file:
            file.write(USER)
        run = subprocess.run([compiler, "-x", language, "-std=" + standard, *WARNINGS,
                              "-Wmissing-declarations", "-I", include, "-c", source, "-o",
                              os.path.join(folder, "user.o")], capture_output=True, text=True)
        print(f"{compiler} -std={standard}:", "compiles" if run.returncode == 0 else run.stderr)
        failed += run.returncode != 0
    return failed


def fields(body):
    """The names of the fields in a struct's body; of a function's type only its name counts."""
    for part in body.split(";"):
        function = re.search(r"\(\*(\w+)\)\(", part)
        if function:
            yield function.group(1)
            continue
        for name in part.split(","):
            found = re.search(r"(\w+)(\[\w+\])?\s*$", name.strip())
            if found:
                yield found.group(1)


def understand(header):
    """{struct: [field]}, [constant of an enum], [number that is #defined], [least size]"""
    with open(header, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    structs = {name: list(fields(body)) for name, body in
               re.findall(r"^struct (\w+) \{(.*?)^\};", text, flags=re.S | re.M)}
    constants = [name for body in re.findall(r"^enum \w+ \{(.*?)\};", text, flags=re.S | re.M)
                 for name in re.findall(r"\b(PARE_\w+)\s*=", body)]
    numbers = re.findall(r"^#define (PARE_\w+) +\d", text, flags=re.M)
    sizes = re.findall(r"^#define (PARE_\w+_SIZE_\d+) ", text, flags=re.M)
    # Nothing that the header declares may go by unseen.
    assert len(structs) == len(re.findall(r"^struct \w+ \{", text, flags=re.M)), "a struct"
    assert all(structs.values()), "a struct without fields"
    unsized = {name for name, names in structs.items() if names[0] != "struct_size"}
    assert unsized == {"pare_str", "pare_extent"}, f"without a size: {unsized}"
    assert len(constants) == len(set(re.findall(r"\b(PARE_\w+)\s*=", text))), "an enum"
    assert len(numbers) == 5 and len(sizes) >= 13, "a #define"
    return structs, constants, numbers, sizes


def facts(header):
    """C expressions, all integers, that tell the layout of everything that the header declares."""
    structs, constants, numbers, sizes = understand(header)
    for name, names in structs.items():
        for field in names:
            yield f"offsetof(struct {name}, {field})"
            yield f"sizeof((struct {name} *)0)->{field}"
    for name in constants + numbers + sizes:
        yield f"(long){name}"


def values(folder, header, expressions):
    source, program = os.path.join(folder, "facts.c"), os.path.join(folder, "facts")
    with open(source, "w", encoding="ascii") as file:
        file.write(f'#include "{header}"\n#include <stdio.h>\nint main(void)\n{{\n')
        for expression in expressions:
            file.write(f'    printf("%ld\\n", (long)({expression}));\n')
        file.write("    return 0;\n}\n")
    subprocess.run([shutil.which("cc") or "gcc", "-w", source, "-o", program], check=True)
    return subprocess.run([program], check=True, capture_output=True, text=True).stdout.split()


def main():
    include, frozen = (os.path.abspath(path) for path in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="pare-header-") as folder:
        failed = compiles(folder, include)
        expressions = list(facts(frozen))
        assert len(expressions) >= 390, "the header was not understood"
        then = values(folder, frozen, expressions)
        now = values(folder, os.path.join(include, "pare", "plugin.h"), expressions)
        for expression, old, new in zip(expressions, then, now):
            if old != new:
                print(f"{expression} was {old} and is {new}")
                failed += 1
        print(f"{len(expressions)} facts of version 1.0 compared")
    sys.exit(1 if failed else 0)


main()
