#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Small tensors, which are encoded together: each becomes what it becomes alone.

Usage: test_small.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES and PARE_WORKER set).
"""
import json
import os
import random
import struct
import sys
import unittest

import program

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "formats", "bad"))
from gguf_build import Gguf, Tensor  # noqa: E402

F32, F16 = 0, 1
CODES = {F32: "f", F16: "e"}
FIGURES = ("to", "bytes", "rmse", "sqnr_db", "max_abs", "cosine", "nonfinite")


def tensor(rng, name, width, rows, kind=F16):
    weights = [rng.gauss(0, 0.02) for _ in range(width * rows)]
    return Tensor(name, [width, rows], kind, struct.pack("<%d%s" % (len(weights), CODES[kind]),
                                                         *weights))


class Test(program.Program):
    def convert(self, name, tensors, *recipes):
        """Gives of each recipe the output and what its manifest says of tensors."""
        (self.dir / name).with_suffix(".gguf").write_bytes(Gguf(tensors=tensors).build())
        wanted = [arg for recipe in recipes for arg in ("--to", "gguf:" + recipe)]
        self.pare("convert", name + ".gguf", *wanted, "-o", self.dir / name, "--quiet")
        outputs = [self.dir / name / ("%s-%s.gguf" % (name, r.upper())) for r in recipes]
        return [(path.read_bytes(), json.loads(path.with_name(path.name + ".pare.json")
                                               .read_text())["tensors"]) for path in outputs]

    def test_rows_of_many(self):
        rng = random.Random(1)
        many = [tensor(rng, "blk.%d.ffn_up.weight" % i, 256, 2 + 2 * (i % 3)) for i in range(200)]
        data = b"".join(t.data for t in many)
        one = [Tensor("blk.0.ffn_up.weight", [256, len(data) // 512], F16, data)]
        recipes = ("q4_k_m", "q8_0", "bf16")
        for (made, _), (whole, told) in zip(self.convert("many", many, *recipes),
                                            self.convert("one", one, *recipes)):
            size = told[0]["bytes"]
            self.assertGreater(size, len(data) // 4)
            self.assertEqual(made[-size:], whole[-size:])

    def test_unlike_neighbours(self):
        rng = random.Random(2)
        kinds = [("ffn_up.weight", 256, 2, F16), ("ffn_up.weight", 256, 3, F16),
                 ("ffn_up.weight", 512, 1, F16), ("attn_v.weight", 256, 2, F16),
                 ("attn_v.weight", 256, 1, F32), ("ffn_up.weight", 256, 4, F32),
                 ("attn_norm.weight", 256, 1, F32), ("ffn_gate.weight", 256, 2, F16),
                 ("ffn_gate.weight", 32, 5, F16)]
        tensors = [tensor(rng, "blk.%d.%s" % (i, name), *rest)
                   for i, (name, *rest) in enumerate(rng.choices(kinds, k=120))]
        recipes = ("q4_k_m", "q8_0")
        for recipe, (_, told) in zip(recipes, self.convert("all", tensors, *recipes)):
            by_name = {t["name"]: [t[f] for f in FIGURES] for t in told}
            self.assertEqual(len(by_name), len(tensors))
            for i in range(0, len(tensors), 12):
                _, alone = self.convert("alone%d" % i, tensors[i:i + 1], recipe)[0]
                self.assertEqual([alone[0][f] for f in FIGURES], by_name[tensors[i].name])


unittest.main(argv=sys.argv[:1])
