#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Encodings with planes of every kind: converted, verified, compared, read again and measured, with
the bytes and weights that a slow computation gives (slow.py).

Usage: test_planes.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES and PARE_WORKER set).
"""
import hashlib
import json
import math
import os
import random
import sys
import unittest

import slow
from container import read, write

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import program  # noqa: E402

def weights(rng, *dims):
    n = math.prod(dims)
    return list(dims), [slow.f32(rng.gauss(0, 0.02)) for _ in range(n)]


def make_model(block):
    """Tensors of one slab and of several, of slabs within rows, with odd rows, and without any."""
    rng = random.Random(block)
    shapes = {"many": (500, 384), "three": (3, 5, 24), "edge": (129, 8), "long": (2, 65560),
              "none": (0, 8)}
    if block == 1:
        shapes |= {"odd": (7, 3), "tall": (333, 301), "scalar": (), "row": (5,)}
    model = {name: weights(rng, *dims) for name, dims in shapes.items()}
    model["zero"] = ([40, 16], [0.0] * 640)
    return model


class Test(program.Program):
    def convert(self, source, *recipes, threads=1, options=()):
        """Gives each recipe's output and manifest."""
        out = self.dir / ("out-%d-%s-%d" % (threads, "-".join(recipes), len(os.listdir(self.dir))))
        wanted = [arg for recipe in recipes for arg in ("--to", "planes:" + recipe)]
        self.pare("convert", source, *wanted, "-o", out, "--threads", threads, "--quiet", *options)
        paths = [next(out.glob("*-%s.planes" % recipe.upper())) for recipe in recipes]
        manifests = [json.loads(p.with_name(p.name + ".pare.json").read_text()) for p in paths]
        for path, manifest in zip(paths, manifests):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            self.assertIn(digest, json.dumps(manifest))
        return list(zip(paths, manifests))

    def check(self, model, encoding, path, step=1 / 128):
        """The planes are what they must be. Gives what they decode to."""
        found, made = read(path), {}
        self.assertEqual(list(found), list(model))
        for name, (dims, x) in model.items():
            kind, told, planes = found[name]
            self.assertEqual((kind, told), (encoding, dims))
            if not x: # nobody asks what an empty tensor has as a whole
                self.assertEqual(b"".join(planes), bytes(len(b"".join(planes))))
                made[name] = []
                continue
            wanted, made[name] = slow.ENCODINGS[encoding](slow.Tensor(dims, x), step)
            self.assertEqual([len(p) for p in planes], [len(p) for p in wanted], name)
            for i, (a, b) in enumerate(zip(planes, wanted)):
                self.assertTrue(a == b, "%s: plane %d of %s differs" % (encoding, i, name))
        return made

    def check_decoding(self, path, made):
        """They are read again as these weights, by `pare convert` and by `pare compare`."""
        (back, _), = self.convert(str(path), "f32", threads=2)
        for name, (_, _, planes) in read(back).items():
            self.assertTrue(planes[0] == slow.floats(made[name]), name)

    def check_errors(self, model, made, source, path):
        told = json.loads(self.pare("compare", source, path, "--json").stdout)
        for line in told["tensors"]:
            x, y = model[line["name"]][1], made[line["name"]]
            error = math.sqrt(sum((a - b) ** 2 for a, b in zip(x, y)) / max(len(x), 1))
            self.assertAlmostEqual(line["rmse"], error, delta=error * 1e-6)

    def run_all(self, block, *encodings):
        model = make_model(block)
        write(self.dir / "m.planes", model)
        alone = {e: self.convert("m.planes", e)[0] for e in encodings}
        for threads in (3, 8):
            together = self.convert("m.planes", *encodings, threads=threads)
            for encoding, (path, manifest) in zip(encodings, together):
                self.assertTrue(path.read_bytes() == alone[encoding][0].read_bytes(), encoding)
                self.assertEqual([t["rmse"] for t in manifest["tensors"]],
                                 [t["rmse"] for t in alone[encoding][1]["tensors"]])
        for encoding, (path, _) in alone.items():
            with self.subTest(encoding):
                made = self.check(model, encoding, path)
                self.check_decoding(path, made)
                self.check_errors(model, made, "m.planes", path)

    def test_tiles_and_shared_planes(self):
        self.run_all(1, "tile8", "cols4", "eight", "step8", "picky")

    def test_units_of_bits(self):
        self.run_all(8, "zeros4")

    def test_a_copy_has_the_same_planes(self):
        model = make_model(1)
        write(self.dir / "m.planes", model)
        (path, _), = self.convert("m.planes", "eight")
        (copy, _), = self.convert(str(path), "eight", threads=3)
        self.assertEqual(copy.read_bytes(), path.read_bytes())

    def test_small_tensors_are_not_mixed(self):
        rng = random.Random(3)
        model = {"t%d" % i: weights(rng, 2 + i % 7, 16) for i in range(150)}
        write(self.dir / "m.planes", model)
        for encoding in ("tile8", "cols4", "zeros4", "eight"):
            (path, _), = self.convert("m.planes", encoding, threads=3)
            self.check(model, encoding, path)

    def test_what_is_known_is_told(self):
        rng = random.Random(4)
        model = {"blk.0.attn_q.weight": weights(rng, 256, 256), "other": weights(rng, 3, 256)}
        write(self.dir / "m.planes", model)
        (path, manifest), = self.convert("m.planes", "cols4", options=[
            "--importance", program.DATA / "tiny-llama-importance.gguf"])
        warnings = json.dumps(manifest["warnings"])
        self.assertIn("blk.0.attn_q.weight: inputs of kind 0, 1 dims, the first is ", warnings)
        self.assertNotIn("other", warnings)
        self.check(model, "cols4", path)

    def test_memory_of_what_is_learned(self):
        """A plan says beforehand what encodings may take for what they learn of a tensor."""
        rng = random.Random(5)
        write(self.dir / "m.planes", {"a": weights(rng, 64, 1024), "b": weights(rng, 64, 1024)})
        memory = {}
        for recipe in "tile8", "cols4":
            done = self.pare("convert", "m.planes", "--to", "planes:" + recipe, "--dry-run",
                             "--json", "--threads", "2")
            memory[recipe] = json.loads(done.stdout)["plans"][0]["memory"]
        learned = memory["cols4"] - memory["tile8"]
        self.assertGreaterEqual(learned, 2 * ((16 << 20) + 8 * 1024 * 1024))
        self.assertLess(learned, 2 * (17 << 20) + 2 * 8 * 1024 * 1024)

    def test_an_option_that_only_an_encoding_knows(self):
        """It is asked for when the encoding begins, long after the layout; others stay unknown."""
        model = make_model(1)
        write(self.dir / "m.planes", model)
        (self.dir / "m.pare").write_text("option step 0.03125\n")
        (path, _), = self.convert("m.planes", "step8", threads=3)
        self.check(model, "step8", path, step=1 / 32)
        (self.dir / "m.pare").write_text("option stepp 0.03125\n")
        done = self.pare("convert", "m.planes", "--to", "planes:step8", "-o", "no", status=2)
        self.assertIn("planes has no option `stepp'; did you mean 'step'?", done.stderr)
        self.assertFalse(list(self.dir.glob("no/*.planes")))
        self.pare("convert", "m.planes", "--to", "planes:tile8", "-o", "no", status=2)

    def test_weights_that_are_computed(self):
        """What is unpacked on the way is gathered as it is encoded: as from a file that has it."""
        folder = str(program.DATA / "packed" / "llama_gptq_4")
        (plain, _), = self.convert(folder, "f32")
        for threads in (1, 4):
            for path, _ in self.convert(folder, "cols4", "eight", threads=threads,
                                        options=["--allow-requantize"]):
                encoding = path.stem.rsplit("-", 1)[1].lower()
                (other, _), = self.convert(str(plain), encoding)
                self.assertEqual(read(path), read(other))

    def test_figures_of_a_sample(self):
        model = make_model(1)
        write(self.dir / "m.planes", model)
        for measure in ("sample", "none"):
            for path, _ in self.convert("m.planes", "eight", "tile8", threads=3,
                                        options=["--measure", measure]):
                self.check(model, path.stem.rsplit("-", 1)[1].lower(), path)

    def test_refusals(self):
        model = make_model(1)
        model["many"][1][150000] = 666.0
        write(self.dir / "m.planes", model)
        for threads in (1, 3):
            done = self.pare("convert", "m.planes", "--to", "planes:picky", "-o", self.dir / "no",
                             "--threads", threads, status=1)
            self.assertIn("tensor `many`: a weight is 666", done.stderr)
        self.pare("convert", "m.planes", "--to", "planes:picky", "--dry-run")

    def test_bench(self):
        names = ("tile8", "cols4", "zeros4", "eight", "step8")
        told = self.pare("bench", *names, "--time", "0.03", "--json").stdout
        for name in names:
            self.assertIn('"%s"' % name, told)


unittest.main(argv=sys.argv[:1])
