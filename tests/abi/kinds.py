#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Plugins of kinds that none of Pare's own is, through the real programs: files of plain and of
computed tensors are converted, what a reader tells of its tensors is shown and can be asked for in
recipes, and `pare plugins` lists evaluators, matrix services and what is refused.

Usage: kinds.py PARE WORKER PLUGINS KINDS FIXTURES
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

import driver

ROWS, COLUMNS = 4, 32
TENSORS = [  # name, role, operator, is text
    ("first.plain", "", "", 0),
    ("first.text", "weight", "MatMul", 1),
    ("second.plain", "bias", "", 0),
    ("second.text", "weight", "Gemm", 1),
]
RECIPE = """title  for tests of the plugin ABI
bf16   if purpose == "bias"
f16    if op == "MatMul" and channel == 1
default f32
"""


def values(i):
    return [(i + 1) * (k % 37 - 18) / 16 for k in range(ROWS * COLUMNS)]


def mixed_file(magic):
    offset = 8 + len(TENSORS) * 64
    head, data = magic + struct.pack("<I", len(TENSORS)), b""
    for i, (name, role, op, is_text) in enumerate(TENSORS):
        plain = struct.pack(f"<{ROWS * COLUMNS}f", *values(i))
        stored = plain.hex().encode() if is_text else plain
        head += struct.pack("<16s12s12sIIIIQ", name.encode(), role.encode(), op.encode(), is_text,
                            ROWS, COLUMNS, 0, offset)
        offset += len(stored)
        data += stored
    return head + data


def safetensors(data):
    """{name: (dtype, bytes)}"""
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    return {name: (entry["dtype"], data[8 + size + entry["data_offsets"][0]:
                                        8 + size + entry["data_offsets"][1]])
            for name, entry in header.items() if name != "__metadata__"}


def bf16(floats):
    return b"".join(struct.pack("<f", x)[2:] for x in floats)  # they are exact in bf16


EXPECTED = {
    "first.plain": ("F32", struct.pack(f"<{ROWS * COLUMNS}f", *values(0))),
    "first.text": ("F16", struct.pack(f"<{ROWS * COLUMNS}e", *values(1))),
    "second.plain": ("BF16", bf16(values(2))),
    "second.text": ("F32", struct.pack(f"<{ROWS * COLUMNS}f", *values(3))),
}


def conversions(tally, folder, worker):
    for magic in (b"MIXD", b"MIXP"):
        path = os.path.join(folder, "model." + magic.decode())
        with open(path, "wb") as file:
            file.write(mixed_file(magic))
        target = {"format": "safetensors", "recipe": "mixed", "stem": "out"}
        for threads in (1, 4):
            answer = worker.run({"kind": "convert", "targets": [target], "threads": threads},
                                [path], staging=True)
            got = answer.files.get("0/out.safetensors", b"")
            tally.check(answer.code == "done" and got and safetensors(got) == EXPECTED,
                        f"{magic} on {threads} threads: {answer.code} {answer.text}")
            warnings = answer.one("target")["warnings"]
            tally.check("tensor second.text: it was typed by hand" in warnings,
                        f"{magic} on {threads} threads: warned of {warnings}")
        model = worker.run({"kind": "inspect", "tensors": True}, [path]).one("model")
        facts = [(t["name"], t.get("purpose", ""), t.get("op", ""), t.get("channel"))
                 for t in model["tensors"]]
        tally.check(facts == [(name, role, op, 1 if role else None)
                              for name, role, op, _ in TENSORS], f"facts: {facts}")


def damage(tally, folder, worker):
    path = os.path.join(folder, "damaged")
    data = bytearray(mixed_file(b"MIXD"))
    data[-1] = ord("g")
    with open(path, "wb") as file:
        file.write(data)
    target = {"format": "safetensors", "recipe": "mixed", "stem": "out"}
    answer = worker.run({"kind": "convert", "targets": [target], "threads": 2}, [path],
                        staging=True)
    tally.check(answer.code == "data" and "tensor second.text: byte 511 is no hexadecimal number"
                in answer.text, f"damage: {answer.code} {answer.text}")
    with open(path, "wb") as file:
        file.write(data[:100])
    answer = worker.run({"kind": "inspect"}, [path])
    tally.check(answer.code == "incomplete" and "it ends at byte 100" in answer.text,
                f"cut short: {answer.code} {answer.text}")


def cells(line):
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def lists(tally, program, worker, plugins, kinds, fixtures, folder):
    env = {**os.environ, "PARE_WORKER": worker, "LC_ALL": "C.UTF-8"}

    def pare(*args):
        return subprocess.run([program, *args], capture_output=True, text=True, env=env,
                              check=True)

    listed = pare("plugins", "--plugins", kinds)
    rows = [cells(line) for line in listed.stdout.splitlines()]
    for row in (["EVALUATOR", "PLUGIN", "FORMATS", "SUMMARY"],
                ["tiny", "services", "tiny", "adds two vectors"],
                ["MATRICES", "PLUGIN", "RANK", "NEEDS", "SUMMARY"],
                ["slow", "services", "1", "c", "plain C"],
                ["plain*", "services", "2", "c", "plain C"],
                ["impossible", "services", "9", "avx2,neon", "for a CPU of two makers"]):
        tally.check(row in rows, f"pare plugins: no {row} in {listed.stdout}")
    listed = pare("plugins", "--plugins", plugins)
    tally.check("EVALUATOR" not in listed.stdout and "MATRICES" not in listed.stdout,
                "pare plugins: services where there are none")
    listed = pare("plugins", "--plugins", fixtures)
    text = ("ancient.so: refused: the plugin's description has struct_size 56, at least 72 is "
            "needed: build it against this Pare's plugin.h\n")
    tally.check(text in listed.stderr, f"pare plugins: no `{text}` in {listed.stderr}")
    shown = pare("inspect", "--tensors", "--plugins", plugins + ":" + kinds,
                 os.path.join(folder, "model.MIXD"))
    rows = [cells(line) for line in shown.stdout.splitlines()]
    for row in (["TENSOR", "SHAPE", "ENCODING", "BYTES", "OFFSET", "PURPOSE", "OP", "CHANNEL"],
                ["first.plain", "4x32", "f32", "512", "264", "-", "-", "-"],
                ["second.text", "4x32", "f32", "512", "2312", "weight", "Gemm", "1"]):
        tally.check(row in rows, f"pare inspect: no {row} in {shown.stdout}")


def main():
    program, worker, plugins, kinds, fixtures = sys.argv[1:6]
    tally = driver.Tally()
    with tempfile.TemporaryDirectory(prefix="pare-kinds-") as folder:
        recipes = os.path.join(folder, "recipes")
        os.mkdir(recipes)
        with open(os.path.join(recipes, "mixed.recipe"), "w", encoding="ascii") as file:
            file.write(RECIPE)
        runner = driver.Worker(worker, plugins + ":" + kinds, recipes)
        conversions(tally, folder, runner)
        damage(tally, folder, runner)
        lists(tally, program, worker, plugins, kinds, fixtures, folder)
    tally.end()


main()
