#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Weights on a lattice through the real program: what was decoded from an encoding comes back to it
without loss, from every float that can tell; all records say so; ordinary weights are as ever.

Usage: test_lattice.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES and PARE_WORKER set).
"""
import json
import pathlib
import shutil
import sys
import tempfile
import unittest

import program

ENCODINGS = ("q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "iq4_nl", "mxfp4", "q6_k")


class Test(program.Program):
    def pare(self, *args, status=0):
        done = super().pare(*args, status=status)
        return done.stdout + done.stderr if status == 0 else done.stderr

    def convert(self, source, recipe, *args, status=0):
        """Gives the output, its manifest and what was said."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.dir))
        said = self.pare("convert", str(source), "--to", "gguf:" + recipe, "-o", str(folder),
                         "--quiet", *args, status=status)
        found = list(folder.glob("*.gguf"))
        if status:
            self.assertEqual(found, [])
            return None, None, said
        manifest = pathlib.Path(str(found[0]) + ".pare.json")
        return found[0], json.loads(manifest.read_text()), said

    def decoded(self, encoding, to="f32"):
        """The model in an encoding, all matrices, and that one's decoded weights as floats."""
        first, made, _ = self.convert("tiny.gguf", "bf16", "--tensor", "/^(blk|tok|out).*weight$/="
                                      + encoding)
        self.assertEqual(made["lattice"], {"exact": 0, "rounded": 0})
        return first, self.convert(first, to, "--allow-requantize")[0]

    def again(self, encoding, to="f32", *args):
        first, floats = self.decoded(encoding, to)
        last, manifest, _ = self.convert(floats, "bf16", "--tensor",
                                         "/^(blk|tok|out).*weight$/=" + encoding, *args)
        return first, last, [t for t in manifest["tensors"] if t["to"] == encoding], manifest

    def test_f32(self):
        for encoding in ENCODINGS:
            with self.subTest(encoding):
                first, last, tensors, manifest = self.again(encoding)
                self.assertGreater(len(tensors), 20)
                self.assertEqual({t["lattice"] for t in tensors}, {"exact"})
                self.assertEqual({t["rmse"] for t in tensors}, {0})
                self.assertEqual(manifest["lattice"], {"exact": len(tensors), "rounded": 0})
                said = json.loads(self.pare("compare", "--json", str(first), str(last)))
                for tensor in said["tensors"]:
                    if tensor["b"] == encoding:
                        self.assertEqual(tensor["max_abs"], 0, tensor)

    def test_rounded(self):
        for encoding in ("q4_0", "q5_0", "q8_0", "iq4_nl"):
            with self.subTest(encoding):
                tensors = self.again(encoding, "bf16")[2]
                self.assertEqual({t["lattice"] for t in tensors}, {"rounded"})
        self.assertEqual({t["lattice"] for t in self.again("mxfp4", "bf16")[2]}, {"exact"})
        self.assertEqual({t["lattice"] for t in self.again("q4_0", "f16")[2]} - {"rounded"},
                         {"exact"})

    def test_no_recover(self):
        _, _, tensors, manifest = self.again("iq4_nl", "f32", "--no-recover")
        self.assertEqual({t["lattice"] for t in tensors}, {None})
        self.assertEqual(manifest["lattice"], {"exact": 0, "rounded": 0})

    def test_ordinary(self):
        for recipe in ("q4_0", "q8_0", "q4_k_m"):
            with_, manifest, said = self.convert("tiny.gguf", recipe)
            without = self.convert("tiny.gguf", recipe, "--no-recover")[0]
            self.assertEqual(manifest["lattice"], {"exact": 0, "rounded": 0})
            self.assertEqual(with_.read_bytes(), without.read_bytes())
            self.assertNotIn("lattice", said)

    def test_records(self):
        _, floats = self.decoded("q4_0")
        self.pare("convert", str(floats), "--to", "gguf:q4_0", "-o", "out", "--quiet")
        report = next((self.dir / "out").glob("*.pare.md")).read_text()
        self.assertIn("tensors lie on the lattice of their encoding and were carried over exactly",
                      report)
        self.assertIn("| q4_0 (lattice) |", report)
        sql = ("SELECT lattice_exact, lattice_rounded, (SELECT count(*) FROM tensor t WHERE"
               " t.conversion_id = c.id AND t.lattice = 'exact') AS n FROM conversion c"
               " ORDER BY id DESC LIMIT 1")
        before = json.loads(self.pare("query", "--json", sql))
        self.assertGreater(before[0]["n"], 20)
        self.assertEqual(before[0]["lattice_exact"], before[0]["n"])
        ref = json.loads(self.pare("query", "--json", "SELECT ref FROM conversions"
                                   " ORDER BY conversion_id DESC LIMIT 1"))[0]["ref"]
        shown = self.pare("show", ref)
        self.assertRegex(shown, r"lattice +%d tensors carried over exactly" % before[0]["n"])
        self.assertRegex(shown, r"blk\.0\.attn_q\.weight .* q4_0 \+ ")
        shutil.rmtree(self.dir / "state")
        self.pare("rebuild", "--out", "out")
        self.assertEqual(json.loads(self.pare("query", "--json", sql)), before)

    def test_plans(self):
        first, floats = self.decoded("q4_0")
        said = self.pare("convert", str(floats), "--to", "gguf:q4_0", "--dry-run")
        self.assertRegex(said, r"blk\.0\.attn_q\.weight .* q4_0 \+ ")
        self.assertRegex(said, r"\+ \d+ tensors seem to lie on the lattice of their encoding")
        said = self.convert(floats, "q4_k_m")[2]
        self.assertRegex(said, r"tensors seem to lie on the lattice of q4_0, the first is "
                               r"[a-z_.0]+: in q4_0 they would be exact, and no larger than now")
        # what is quantized already may become what holds it exactly, and nothing else
        options = ("--tensor", "/^(blk|tok|out).*weight$/=q8_0")
        manifest = self.convert(first, "bf16", *options)[1]
        self.assertEqual({t["lattice"] for t in manifest["tensors"] if t["to"] == "q8_0"},
                         {"exact"})
        said = self.convert(first, "bf16", *options, "--no-recover", status=1)[2]
        self.assertIn("is quantized already, as q4_0", said)
        said = self.convert(first, "bf16", "--tensor", "blk*=iq4_nl", status=1)[2]
        self.assertIn("is quantized already, as q4_0", said)


unittest.main(argv=sys.argv[:1])
