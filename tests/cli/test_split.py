#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Split outputs as people make and use them: from the options of `pare convert`, or of a recipe, to
the manifest and the catalog, and back into one file.

Usage: test_split.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES and PARE_WORKER set).
"""
import hashlib
import json
import os
import shutil
import sys
import unittest

import program

RECIPE = """title       As q8_0, in files of a megabyte
description What q8_0 gives.
bits        8.5
formats     gguf
include q8_0.recipe
option split_max_size 1M
"""


class Test(program.Program):
    def convert(self, source, out, *options, to="gguf:q8_0"):
        self.pare("convert", source, "--to", to, "-o", out, "-q", *options)

    def bytes(self, path):
        return (self.dir / path).read_bytes()

    def check_folder(self, path, n):
        """n shards, named like the folder, which are what the manifest beside it says."""
        folder = self.dir / path
        names = ["%s-%05d-of-%05d.gguf" % (folder.name, i + 1, n) for i in range(n)]
        self.assertEqual(sorted(os.listdir(folder)), names)
        output = json.loads(self.bytes(path + ".pare.json"))["output"]
        self.assertTrue(output["folder"])
        self.assertEqual([f["name"] for f in output["files"]], names)
        for file in output["files"]:
            data = (folder / file["name"]).read_bytes()
            self.assertEqual(file["bytes"], len(data))
            self.assertEqual(file["sha256"], hashlib.sha256(data).hexdigest())

    def test_there_and_back(self):
        self.convert("tiny.gguf", "whole")
        whole = self.bytes("whole/tiny-Q8_0.gguf")
        for options, n in ((["--split-max-size", "2M"], 3), (["--split-max-tensors", "10"], 6),
                           (["--split-max-size", "3000K", "--split-max-tensors", "50"], 2)):
            with self.subTest(options):
                self.convert("tiny.gguf", "out", *options)
                self.check_folder("out/tiny-Q8_0", n)
                self.convert("out/tiny-Q8_0", "back", to="gguf:copy")
                merged = self.pare("compare", "tiny.gguf", "back/tiny-Q8_0-COPY.gguf", "--json")
                direct = self.pare("compare", "tiny.gguf", "whole/tiny-Q8_0.gguf", "--json")
                self.assertEqual(json.loads(merged.stdout)["total"],
                                 json.loads(direct.stdout)["total"])
                self.assertEqual(len(self.bytes("back/tiny-Q8_0-COPY.gguf")), len(whole))
                for folder in ("out", "back"):
                    shutil.rmtree(self.dir / folder)

    def test_keep(self):
        self.convert("tiny.gguf", "split", "--split-max-tensors", "20", to="gguf:f16")
        self.convert("split/tiny-F16", "out", "--keep-split")
        self.check_folder("out/tiny-F16-Q8_0", 3)
        self.convert("split/tiny-F16/tiny-F16-00002-of-00003.gguf", "one-of-them", "--keep-split")
        self.check_folder("one-of-them/tiny-F16-Q8_0", 3)
        self.convert("tiny.gguf", "one", "--keep-split")
        self.assertTrue((self.dir / "one/tiny-Q8_0.gguf").is_file())

    def test_several_targets(self):
        self.pare("convert", "tiny.gguf", "--to", "gguf:q4_0", "--to", "gguf:bf16", "--to",
                  "safetensors:f16", "--split-max-size", "4M", "-o", "out", "-q")
        self.assertTrue((self.dir / "out/tiny-Q4_0.gguf").is_file())  # it is small enough
        self.check_folder("out/tiny-BF16", 3)
        self.assertIn("model.safetensors.index.json", os.listdir(self.dir / "out/tiny-F16"))

    def test_record(self):
        self.convert("tiny.gguf", "out", "--split-max-size", "2M")
        manifest = json.loads(self.bytes("out/tiny-Q8_0.pare.json"))
        self.assertEqual(manifest["target"]["options"], {"split_max_size": "2M"})
        rows = json.loads(self.pare("list", "--json").stdout)
        self.assertEqual([row["state"] for row in rows], ["done"])
        self.assertIn("out/tiny-Q8_0", self.pare("show", "1").stdout)
        self.convert("tiny.gguf", "out", "--split-max-size", "2M")
        self.assertIn("tiny-Q8_0-2", os.listdir(self.dir / "out"))

    def test_recipe(self):
        """An option of the recipe, which one of the command line goes over."""
        recipes = self.dir / "recipes"
        recipes.mkdir()
        (recipes / "q8_0_1m.recipe").write_text(RECIPE)
        self.env["PARE_RECIPES"] = "%s:%s" % (recipes, self.env["PARE_RECIPES"])
        self.convert("tiny.gguf", "out", to="gguf:q8_0_1m")
        self.check_folder("out/tiny-Q8_0_1M", 7)
        self.convert("tiny.gguf", "more", "--split-max-size", "2M", to="gguf:q8_0_1m")
        self.check_folder("more/tiny-Q8_0_1M", 3)

    def test_refused(self):
        cases = [(2, ["--split-max-size", text]) for text in ("0", "-1", "4T", "many", "")]
        cases += [(2, ["--split-max-tensors", text]) for text in ("0", "-1", "3K", "")]
        for status, options in cases:
            with self.subTest(options):
                done = self.pare("convert", "tiny.gguf", "--to", "gguf:q8_0", "-o", "out", *options,
                                 status=status)
                self.assertIn(options[0], done.stderr)
        for options in (["--keep-split", "--split-max-size", "1M"],
                        ["--split-max-size", "99999999999999999999"]):
            done = self.pare("convert", "tiny.gguf", "--to", "gguf:q8_0", "-o", "out", *options,
                             status=2)
            self.assertIn("split", done.stderr)
        self.assertFalse(any((self.dir / "out").glob("*")) if (self.dir / "out").exists() else False)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
