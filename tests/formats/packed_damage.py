#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Quantized checkpoints damaged at random: decoded or refused with a text, in time, never a crash.

  packed_damage.py UNPACK_DUMP FOLDER [COUNT [SEED]]
"""
import math
import random
import re
import shutil
import subprocess
import sys

import packed
from packed_model import SIZES

MODELS = [m for m in packed.GOOD if m is not packed.deepseek]


def factors(rng, n):
    """A shape of n elements, or nearly."""
    if n < 2 or rng.random() < 0.2:
        return rng.choice([[n], [1, n], [n, 1], [], [0, n], [1, 1, n]])
    divisors = [d for d in range(1, min(n, 300) + 1) if n % d == 0]
    d = rng.choice(divisors)
    return rng.choice([[d, n // d], [n // d, d], [1, d, n // d]])


def damage_tensor(rng, m):
    name, kind, shape, data = rng.choice(m.tensors)
    how = rng.randrange(6)
    if how == 0:
        m.drop(name)
    elif how == 1:
        m.change(name, shape=factors(rng, math.prod(shape)))
    elif how == 2:
        same = [k for k in SIZES if SIZES[k] == SIZES[kind]]
        m.change(name, kind=rng.choice(same))
    elif how == 3:
        data = bytearray(data)
        for _ in range(rng.randrange(1, 9)):
            if data:
                data[rng.randrange(len(data))] = rng.randrange(256)
        m.change(name, data=bytes(data))
    elif how == 4:  # other elements, all bits
        kind = rng.choice(list(SIZES))
        shape = [rng.choice([0, 1, 2, 3, 16, 64]) for _ in range(rng.randrange(4))]
        m.change(name, kind, shape, rng.randbytes(math.prod(shape) * SIZES[kind]))
    else:
        other = rng.choice(m.tensors)
        m.change(name, *other[1:])


def damage_config(rng, value):
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        if rng.random() < 0.15:
            value[key] = rng.choice([None, 0, -1, 3, 1 << 40, 1.5, "", "x", [], {}, True, [1 << 33]])
        elif isinstance(value[key], (dict, list)):
            damage_config(rng, value[key])


def main():
    tool, folder = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    rng = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    failed = refused = 0
    for i in range(count):
        m = rng.choice(MODELS)()
        for _ in range(rng.randrange(1, 4)):
            damage_tensor(rng, m)
        if rng.random() < 0.3:
            damage_config(rng, m.config)
        shutil.rmtree(folder, ignore_errors=True)
        m.write(folder)
        done = subprocess.run([tool, folder], capture_output=True, timeout=60)
        text = done.stdout.decode(errors="replace")
        refused += done.returncode == 1
        good = done.returncode == 0 or done.returncode == 1 and re.search(r"^error \w+: .", text, re.M)
        if not good or done.stderr or "error internal" in text:
            failed += 1
            print(f"damage {i}: exit status {done.returncode}: {text[-300:]} {done.stderr[-1500:]}")
            shutil.copytree(folder, f"{folder}-{i}", dirs_exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{refused} of {count} were refused")
    print(f"{count - failed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
