#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""The three examples of plugins, as their readers would use them: each is one file, copied into a
folder of its own and built by the line in its opening comment, which is in pare-plugin(3), too.
Then a NumPy array is read with one, encoded with the next and written with the third.

Usage: examples.py WORKER SOURCE-ROOT PLUGINS
"""
import glob
import hashlib
import io
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile

import driver

EXAMPLES = {"example-quantizer/absmax8.c": (), "example-reader/npy.c": ("common/cursor.h",),
            "example-writer/tar.c": ()}
STRICT = ["-Wall", "-Wextra", "-Wformat=2", "-Wpedantic", "-Werror", "-fsyntax-only"]
ROWS, COLUMNS, BLOCK = 3, 128, 64
RECIPES = {"absmax8": "title for tests\ndefault absmax8\n",
           "f32": "title for tests\ndefault f32\noption folder packed\n"}


def build_line(path):
    with open(path, encoding="utf-8") as file:
        comment = file.read().split("*/")[2]  # after the two of the licence
    lines = re.findall(r"^ \*\s+(cc -shared .*)$", comment, flags=re.M)
    return lines[0] if len(lines) == 1 else None


def build(tally, root, folder, plugins):
    with open(os.path.join(root, "docs", "pare-plugin.3"), encoding="utf-8") as file:
        manual = file.read().replace("\\e\n", "").replace("\\-", "-")
    env = {**os.environ, "CPATH": os.path.join(root, "include")}  # as if Pare were installed
    for name, along in EXAMPLES.items():
        alone = os.path.join(folder, os.path.basename(name) + ".d")
        source = os.path.join(root, "plugins", name)
        os.mkdir(alone)
        shutil.copy(source, alone)
        for path in along:
            os.makedirs(os.path.dirname(os.path.join(alone, path)))
            shutil.copy(os.path.join(root, "plugins", path), os.path.join(alone, path))
        line = build_line(source)
        if not tally.check(line, f"{name}: its opening comment has no line that builds it"):
            continue
        tally.check(re.sub(r"\s+", " ", line) in re.sub(r"\s+", " ", manual),
                    f"{name}: pare-plugin(3) has no `{line}`")
        done = subprocess.run(line, shell=True, cwd=alone, env=env, capture_output=True, text=True)
        made = glob.glob(os.path.join(alone, "*.so"))
        tally.check(done.returncode == 0 and not done.stderr and len(made) == 1,
                    f"{name}: {line}: {done.returncode} {done.stderr}")
        for path in made:
            shutil.copy(path, plugins)


def manual_code(tally, root, folder):
    """The virtual file of the manual is C."""
    with open(os.path.join(root, "docs", "pare-plugin.3"), encoding="utf-8") as file:
        blocks = re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", file.read(), re.S | re.M)
    code = [block for block in blocks if "struct virtual_file" in block]
    path = os.path.join(folder, "virtual.c")
    with open(path, "w", encoding="ascii") as file:
        file.write("#include <pare/plugin.h>\n" + "".join(code))
    done = subprocess.run(["cc", "-std=c11", "-Wall", "-Wno-unused-function", "-Werror",
                           "-fsyntax-only", "-I", os.path.join(root, "include"), path],
                          capture_output=True, text=True)
    tally.check(len(code) == 1 and done.returncode == 0, f"the manual's code: {done.stderr}")


def warnings(tally, root):
    """With everything on, all plugins that report by a format compile without a word."""
    files = [os.path.join(root, "plugins", name) for name in EXAMPLES]
    for compiler in ("gcc", "clang"):
        if not shutil.which(compiler):
            tally.skip("no " + compiler)
            continue
        done = subprocess.run([compiler, "-std=c11", *STRICT, "-I", os.path.join(root, "include"),
                               "-I", os.path.join(root, "plugins"), *files],
                              capture_output=True, text=True)
        tally.check(done.returncode == 0, f"{compiler}: {done.stderr}")
        wrong = subprocess.run(
            [compiler, "-std=c11", *STRICT, "-I", os.path.join(root, "include"), "-xc", "-"],
            input="#include <pare/plugin.h>\nint f(const struct pare_host *h, struct pare_job *j)\n"
                  "{\n    return h->fail(j, PARE_EDATA, \"%s\", 1);\n}\n",
            capture_output=True, text=True)
        tally.check(wrong.returncode != 0 and "format" in wrong.stderr,
                    f"{compiler}: a wrong format goes by unseen")


def npy(values):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({ROWS}, {COLUMNS}), }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + \
        struct.pack(f"<{len(values)}f", *values)


def absmax8(values):
    """Codes and scales. The values are such that no rounding is in doubt."""
    codes, scales = b"", b""
    for at in range(0, len(values), BLOCK):
        block = values[at:at + BLOCK]
        scale = struct.unpack("<f", struct.pack("<f", max(abs(x) for x in block) / 127))[0]
        scales += struct.pack("<f", scale)
        codes += struct.pack(f"<{BLOCK}b", *(round(x / scale) if scale else 0 for x in block))
    return codes, scales


def use(tally, folder, worker):
    values = [((k * 7919) % 255 - 127) * (1 + k // BLOCK) for k in range(ROWS * COLUMNS)]
    for at in range(0, len(values), BLOCK):
        values[at] = 127 * (1 + at // BLOCK)
    codes, scales = absmax8(values)
    source = os.path.join(folder, "weights.npy")
    with open(source, "wb") as file:
        file.write(npy(values))
    model = worker.run({"kind": "inspect"}, [source])
    tally.check(model.code == "done" and model.one("model")["format"] == "npy",
                f"inspect: {model.code} {model.text}")
    for recipe, expected in (
            ("absmax8", {"tensors/array/codes": codes, "tensors/array/scales": scales}),
            ("f32", {"tensors/array": struct.pack(f"<{len(values)}f", *values)})):
        target = {"format": "tar", "recipe": recipe, "stem": "out"}
        answer = worker.run({"kind": "convert", "targets": [target], "threads": 2}, [source],
                            staging=True)
        data = answer.files.get("0/out.tar")
        if not tally.check(answer.code == "done" and data, f"tar: {answer.code} {answer.text}"):
            continue
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            got = {entry.name: archive.extractfile(entry).read() for entry in archive}
        prefix = "packed/" if recipe == "f32" else "out/"
        expected["index.tsv"] = f"array\t{recipe}\t{ROWS}x{COLUMNS}\n".encode()
        order = ["index.tsv"] + [name for name in expected if name != "index.tsv"]
        expected["SHA256SUMS"] = "".join(
            f"{hashlib.sha256(expected[name]).hexdigest()}  {name}\n" for name in order).encode()
        tally.check(got == {prefix + name: text for name, text in expected.items()},
                    f"tar: other files: {json.dumps({k: v[:80].hex() for k, v in got.items()})}")


def refusals(tally, folder, worker):
    source = os.path.join(folder, "weights.npy")
    target = {"format": "tar", "recipe": "f32", "stem": "out", "options": {"folder": "../up"}}
    answer = worker.run({"kind": "convert", "targets": [target], "threads": 1}, [source],
                        staging=True)
    tally.check(answer.code == "usage" and "must have a plain name" in answer.text,
                f"folder ../up: {answer.code} {answer.text}")
    model = os.path.join(folder, "names.gguf")
    driver.make_gguf(model, [("a/b", [2, 2], [1, 2, 3, 4])])
    target = {"format": "tar", "recipe": "f32", "stem": "out"}
    answer = worker.run({"kind": "convert", "targets": [target], "threads": 1}, [model],
                        staging=True)
    tally.check(answer.code == "unsupported" and "tensor 0 has a name that cannot be a file's" in
                answer.text, f"a/b: {answer.code} {answer.text}")


def main():
    program, root, built = (os.path.abspath(path) for path in sys.argv[1:4])
    tally = driver.Tally()
    if not shutil.which("cc"):
        print("skipped: there is no cc")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="pare-examples-") as folder:
        plugins, recipes = os.path.join(folder, "plugins"), os.path.join(folder, "recipes")
        os.mkdir(plugins)
        os.mkdir(recipes)
        for name in ("float", "gguf"):
            shutil.copy(os.path.join(built, name + ".so"), plugins)
        for recipe, text in RECIPES.items():
            with open(os.path.join(recipes, recipe + ".recipe"), "w", encoding="ascii") as file:
                file.write(text)
        build(tally, root, folder, plugins)
        manual_code(tally, root, folder)
        warnings(tally, root)
        worker = driver.Worker(program, plugins, recipes)
        use(tally, folder, worker)
        refusals(tally, folder, worker)
    tally.end()


main()
