#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Each target succeeds or fails by itself: what can be made is made.

Usage: test_each_target.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES and PARE_WORKER set).
"""
import json
import os
import sys
import unittest

import program


class EachTarget(program.Program):
    def convert(self, *targets, status=1, more=()):
        to = [a for t in targets for a in ("--to", t)]
        return self.pare("convert", "tiny.gguf", *to, "-o", "out", *more, status=status)

    def made(self):
        return sorted(p.name for p in self.dir.glob("out/*") if "pare" not in p.name)

    def states(self):
        return {row["target"]: row["state"] for row in json.loads(self.pare("list", "--json").stdout)}

    def same_as_alone(self, *targets):
        for name in self.made():
            (self.dir / "out" / name).rename(self.dir / name)
        for path in self.dir.glob("out/*"):
            path.unlink()
        self.convert(*targets, status=0)
        for name in self.made():
            self.assertEqual((self.dir / "out" / name).read_bytes(),
                             (self.dir / name).read_bytes(), name)

    def test_known_beforehand(self):
        done = self.convert("gguf:nope", "gguf:q8_0", "none:f16", "gguf:f16")
        self.assertEqual(self.made(), ["tiny-F16.gguf", "tiny-Q8_0.gguf"])
        self.assertIn("pare: tiny.gguf: gguf:nope: there is no recipe nope", done.stderr)
        self.assertIn("pare: tiny.gguf: none:f16: no plugin writes the format", done.stderr)
        self.assertIn("pare: tiny.gguf: 2 of 4 targets could not be made", done.stderr)
        self.assertIn("tiny-F16.gguf", done.stdout)
        self.assertEqual(self.states(), {"gguf:nope": "failed", "gguf:q8_0": "done",
                                         "none:f16": "failed", "gguf:f16": "done"})
        texts = {row["target"]: row["error_text"]
                 for row in json.loads(self.pare("failures", "--json").stdout)}
        self.assertIn("no recipe nope", texts["gguf:nope"])
        self.assertIn("no plugin writes", texts["none:f16"])
        self.same_as_alone("gguf:q8_0", "gguf:f16")

    def test_found_on_the_way(self):
        """A weight that bf16 holds, and f16 does not, nor a block of q8_0."""
        data = bytearray((self.dir / "tiny.gguf").read_bytes())
        data[-4096:-4092] = b"\0\0\0\x7f"
        (self.dir / "tiny.gguf").write_bytes(data)
        done = self.convert("gguf:f16", "gguf:bf16", "gguf:q8_0", "gguf:f32")
        self.assertEqual(self.made(), ["tiny-BF16.gguf", "tiny-F32.gguf"])
        self.assertIn("gguf:f16: tensor", done.stderr)
        self.assertIn("is too large for f16", done.stderr)
        self.assertIn("2 of 4 targets could not be made", done.stderr)
        self.assertEqual(self.states(), {"gguf:f16": "failed", "gguf:bf16": "done",
                                         "gguf:q8_0": "failed", "gguf:f32": "done"})
        self.same_as_alone("gguf:bf16", "gguf:f32")

    def test_damaged_weights_fail_all_at_once(self):
        data = bytearray((self.dir / "tiny.gguf").read_bytes())
        data[-4096:-4092] = b"\xc0\x7f\xc0\x7f"
        (self.dir / "tiny.gguf").write_bytes(data)
        done = self.convert("gguf:f16", "gguf:bf16")
        self.assertEqual(self.made(), [])
        self.assertEqual(done.stderr.count("the model is damaged"), 1)

    def test_none_can_be_made(self):
        done = self.convert("gguf:nope", "none:f16", status=2)
        self.assertIn("pare: tiny.gguf: gguf:nope: there is no recipe", done.stderr)
        self.assertEqual(self.made(), [])

    def test_json(self):
        result, = json.loads(self.convert("gguf:nope", "gguf:f16", more=["--json"]).stdout)["results"]
        self.assertFalse(result["ok"])
        self.assertEqual([os.path.basename(o["path"]) for o in result["outputs"]],
                         ["tiny-F16.gguf"])

    def test_plan(self):
        done = self.convert("gguf:nope", "gguf:f16", more=["--dry-run"])
        self.assertIn("tiny to gguf:f16", done.stdout)
        self.assertIn("gguf:nope: there is no recipe", done.stderr)
        self.assertFalse((self.dir / "out").exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
