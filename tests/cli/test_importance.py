#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Importance matrices through the real program: what is recorded of them, on every way back to it,
and what is refused, with nothing left behind.

Usage: test_importance.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES and PARE_WORKER set).
"""
import hashlib
import json
import os
import shutil
import sys
import unittest

import program
from program import MODEL

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "interop"), os.path.join(HERE, "..", "formats", "bad")]
import importance  # noqa: E402
import imatrix_build  # noqa: E402

NOT_NEGATIVE = "has a value that is negative or not finite"


class Test(program.Program):
    def setUp(self):
        super().setUp()
        self.entries = importance.random_entries(str(MODEL), "cli")

    def pare(self, *args, status=0):
        done = super().pare(*args, status=status)
        return done.stdout if status == 0 else done.stderr

    def convert(self, matrix, status=0, recipe="q4_k_m"):
        return self.pare("convert", "tiny.gguf", "--importance", matrix, "--to", "gguf:" + recipe,
                         "--to", "gguf:bf16", "-o", "out", "--quiet", status=status)

    def manifest(self, recipe):
        return json.loads((self.dir / f"out/tiny-{recipe}.gguf.pare.json").read_text())

    def rows(self, sql):
        return json.loads(self.pare("query", "--json", sql))

    def test_record(self):
        importance.write_gguf(self.dir / "my.gguf", self.entries)
        digest = hashlib.sha256((self.dir / "my.gguf").read_bytes()).hexdigest()
        self.convert("my.gguf")
        manifest = self.manifest("Q4_K_M")
        self.assertEqual(manifest["importance"], {
            "name": "my.gguf", "bytes": (self.dir / "my.gguf").stat().st_size, "sha256": digest,
            "entries": len(self.entries), "chunks": 17, "dataset": "some text.txt"})
        for tensor in manifest["tensors"]:
            matters = tensor["name"] in self.entries
            self.assertEqual(tensor["importance"], matters, tensor)
            self.assertEqual(tensor["weighted_sqnr_db"] is not None, matters, tensor)
        self.assertGreater(manifest["accuracy"]["weighted_sqnr_db"], 20)
        exact = self.manifest("BF16") # makes no use of it and loses nothing
        self.assertFalse(any(tensor["importance"] for tensor in exact["tensors"]))
        self.assertEqual(exact["accuracy"]["weighted_relative_error"], 0)
        self.assertIn("my.gguf, %d entries from 17 chunks of some text.txt" % len(self.entries),
                      (self.dir / "out/tiny-Q4_K_M.gguf.pare.md").read_text())
        shown = self.pare("show", "1.1")
        self.assertRegex(shown, r"importance +my\.gguf, %d entries, sha256 %s"
                         % (len(self.entries), digest))
        self.assertRegex(shown, r"weighted +SQNR \d+\.\d\d dB")
        self.assertRegex(shown, r"blk\.0\.attn_q\.weight .* q4_k \* ")

    def test_rebuild(self):
        importance.write_legacy(self.dir / "m.dat", self.entries, imatrix_build.trailer())
        self.convert("m.dat")
        sql = ("SELECT recipe, importance_name, importance_sha256, importance_entries, overrides,"
               " weighted_relative_error, weighted_sqnr_db, (SELECT count(*) FROM tensor t"
               " WHERE t.conversion_id = c.id AND t.importance) AS n,"
               " (SELECT sum(weighted_sqnr_db) FROM tensor t WHERE t.conversion_id = c.id) AS s"
               " FROM conversion c ORDER BY recipe")
        before = self.rows(sql)
        self.assertEqual([row["n"] for row in before], [0, len(self.entries)])
        self.assertEqual(before[1]["importance_name"], "m.dat")
        shutil.rmtree(self.dir / "state")
        self.pare("rebuild", "--out", "out")
        self.assertEqual(self.rows(sql), before)

    def test_compare(self):
        importance.write_legacy(self.dir / "m.dat", self.entries)
        self.convert("m.dat")
        said = json.loads(self.pare("compare", "--importance", "m.dat", "--json", "tiny.gguf",
                                    "out/tiny-Q4_K_M.gguf"))
        made = {t["name"]: t for t in self.manifest("Q4_K_M")["tensors"]}
        for tensor in said["tensors"]:
            for key in ("weighted_relative_error", "weighted_sqnr_db"):
                self.assertEqual(tensor[key], made[tensor["name"]][key])
        self.assertEqual(said["importance"]["entries"], len(self.entries))

    def gguf(self, name, entries):
        importance.write_gguf(self.dir / name, entries)
        return name

    def legacy(self, name, entries):
        importance.write_legacy(self.dir / name, entries)
        return name

    def refuse(self, name, text, file=None, recipe="q4_k_m"):
        error = self.convert(name, status=1, recipe=recipe)
        self.assertIn(text, error)
        self.assertIn(file or name, error)
        left = [path.name for path in (self.dir / "out").rglob("*") if path.is_file()]
        self.assertEqual([name for name in left if "BF16" not in name], [])  # that needs no matrix

    def test_refused(self):
        first = next(iter(self.entries))
        rows, counts = self.entries[first]
        for value in (-1.0, float("nan"), float("inf")):
            bad = {**self.entries, first: ([[value] + rows[0][1:]], counts)}
            self.refuse(self.gguf("bad.gguf", bad), NOT_NEGATIVE)
            self.refuse(self.legacy("bad.dat", bad),
                        f"entry `{first}` {NOT_NEGATIVE}")
        self.gguf("huge.gguf", {name: ([[3.4e38] * len(rows[0])], [1])
                                for name, (rows, _) in self.entries.items()})
        self.refuse("huge.gguf", "is not finite any more in q2_k, made with importance: the "
                    "importance matrix has values that are too large", "tiny.gguf", "q2_k")
        short = {**self.entries, first: ([rows[0][1:]], counts)}
        self.refuse(self.gguf("bad.gguf", short), first)
        self.refuse("tiny.gguf", "no importance matrix: it lacks one of the metadata")
        twice = imatrix_build.entry("a", [1])
        (self.dir / "twice.dat").write_bytes(imatrix_build.imatrix([twice, twice]))
        self.refuse("twice.dat", "there are two tensors named `a.in_sum2`")
        (self.dir / "text.dat").write_text("not an importance matrix at all")
        self.refuse("text.dat", "no plugin knows this format")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
