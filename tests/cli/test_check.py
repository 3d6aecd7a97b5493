#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""`pare plugins --check`: Pare's own plugins are good, and each defect is told with what it is,
where it is and what to do. The defects are those of checked/checked.h.

Usage: test_check.py PARE TEST_DATA (with PARE_PLUGINS, PARE_WORKER and PARE_TEST_CHECKED set).
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import program

CHECKED = pathlib.Path(os.environ["PARE_TEST_CHECKED"])
PLUGINS = pathlib.Path(os.environ["PARE_PLUGINS"])
GOOD = """encoding q9: kernels c fast; 34 of 34 inputs; good
encoding column8: kernels c; 34 of 34 inputs; good
encoding tile5: kernels c; 34 of 34 inputs; good
matrix service loops: its products are good
%s: good (--seed 7)
"""
# By variant: lines of the output, as regular expressions.
FINDINGS = {
    "ties": [r"  q9 fast, ties8 \(4 x 160, importance\): other bytes than the first kernel's: "
             r"plane codes, byte \d+: [0-9a-f]{2} instead of [0-9a-f]{2}",
             r"    round as the first kernel does, ties too, without contraction .*",
             r"encoding q9: kernels c fast; 34 of 34 inputs; \d+ failures"],
    "past": [r"  q9 fast, gaussian \(4 x 160, importance\): encode wrote outside of its planes",
             r"    it must write just what rows and row_len ask for, to the byte",
             r"encoding q9: kernels c fast; 34 of 34 inputs; \d+ failures"],
    "keeps": [r"  q9 fast, gaussian \(4 x 160, importance\): encode depends on alignment or on old "
              r"bytes: plane codes, byte 639: ff instead of 00",
              r"    planes are unaligned and uninitialized: .*"],
    "rows": [r"  q9 fast, gaussian \(4 x 160, importance\): encode depends on the rows around: "
             r"plane scales, byte 2\d: .*",
             r"    the host calls with any number of rows: .*"],
    "many": [r"  q9 fast, gaussian \(67 x 64, importance\): other bytes than the first kernel's: "
             r"plane codes, byte 448: .*"],
    "lengthy": [r"  q9 fast, gaussian \(4 x 5152, importance\): other bytes than the first kernel's: "
                r"plane codes, byte 4096: .*"],
    "recovers": [r"  q9, gaussian \(3 x 160\): what recover found decodes to something else: "
                 r"as f32",
                 r"    decode what was found, and answer 1 only if .*",
                 r"  q9, ties-f16 \(3 x 160\): recover found codes for what is not finite: as f16",
                 r"encoding q9: kernels c fast; 34 of 34 inputs; \d+ failures"],
    "divides": [r"  q9 c, zeros \(4 x 160, importance\): weights of ordinary size decode to "
                r"something that is not finite",
                r"    look for a division by a scale of zero, .*"],
    "flags": [r"  q9: it needs importance, but does not say that it uses it",
              r"    set PARE_ENCODING_IMPORTANCE beside PARE_ENCODING_NEEDS_IMPORTANCE",
              r"encoding q9: kernels c fast; 34 of 34 inputs; 1 failure"],
    "gather": [r"  column8 c, gaussian \(4 x 185, importance\): the result depends on how many "
               r"rows gather gets at once: plane codes, byte \d+: .*",
               r"encoding column8: kernels c; 34 of 34 inputs; \d+ failures",
               r"encoding tile5: kernels c; 34 of 34 inputs; good"],
    "whole": [r"  column8 c, gaussian \(4 x 185, importance\): encode wrote to a plane per column "
              r"or per tensor: plane scales, byte 0: 55 instead of .*",
              r"    encode reads these; settle fills them"],
    "product": [r"  loops, 64x64 times 64x64, b transposed: an element is not the product's: "
                r"row 0, column 0: .*",
                r"encoding q9: kernels c fast; 34 of 34 inputs; good",
                r"matrix service loops: its products are wrong"],
}


def library(variant):
    return CHECKED / ("checked-%s.so" % variant)


class Test(program.Program):
    def check(self, file, *args, status=0):
        return self.pare("plugins", "--check", file, *args, status=status)

    def test_own_plugins(self):
        """All that are shipped, and the examples. Each has lines for all that it provides."""
        told = {plugin["file"]: plugin
                for plugin in json.loads(self.pare("plugins", "--json").stdout)["plugins"]}
        files = sorted(PLUGINS.glob("*.so"))
        self.assertIn("ggml.so", [file.name for file in files])
        for file in files:
            with self.subTest(file.name):
                lines = self.check(file).stdout.splitlines()
                plugin = told[str(file)]
                said = [line.split(":")[0].split()[-1] for line in lines[:-1]]
                kinds = ("encodings", "readers", "writers")
                self.assertEqual(said, [x["name"] for kind in kinds for x in plugin[kind]])
                self.assertRegex(lines[-1], r"^%s: good( \(--seed \d+.*\))?$" % file)
                for line in lines[:-1]:
                    self.assertRegex(line, r"[:;] (its description is )?good$")

    def test_good(self):
        done = self.check(library("good"), "--seed", 7)
        self.assertEqual((done.stdout, done.stderr), (GOOD % library("good"), ""))

    def test_findings(self):
        for variant, patterns in FINDINGS.items():
            with self.subTest(variant):
                done = self.check(library(variant), "--seed", 7, status=1)
                lines = done.stdout.splitlines()
                for pattern in patterns:
                    self.assertTrue(any(re.fullmatch(pattern, line)
                                        for line in lines), (pattern, done.stdout))
                self.assertRegex(lines[-1], r": \d+ failures? \(--seed 7\)$")
                self.assertEqual(done.stderr, "")

    def test_crash(self):
        done = self.check(library("crash"), status=1)
        self.assertRegex(done.stderr, r"^pare: %s: the plugin crashed while kernel fast of q9 "
                         r"encoded infinities \(4 x 160\): the worker .*\n$" % library("crash"))
        done = self.check(library("loading"), status=1)
        self.assertRegex(done.stderr, r"^pare: %s: the plugin crashed while it was loaded: the "
                         r"worker .*\n$" % library("loading"))

    def test_hang(self):
        done = self.check(library("hang"), "--timeout", 4, status=1)
        self.assertEqual(done.stderr, "pare: %s: the plugin hung while kernel fast of q9 encoded "
                         "gaussian (4 x 160): it was stopped after 4 s (see --timeout)\n"
                         % library("hang"))

    def test_json(self):
        done = self.check(library("ties"), "--seed", 7, "--json", status=1)
        said = json.loads(done.stdout)
        self.assertEqual(list(said), ["seed", "every", "failures", "encodings", "services",
                                      "findings"])
        self.assertEqual((said["seed"], said["every"], said["services"]), (7, 1, []))
        self.assertEqual(said["encodings"], [
            {"name": "q9", "kernels": [{"name": "c", "verdict": "good"},
                                       {"name": "fast", "verdict": "bad"}],
             "encodes": True, "failures": said["failures"]}])
        finding, = said["findings"]
        self.assertEqual((finding["encoding"], finding["kernel"], finding["input"], finding["rows"],
                          finding["row_len"], finding["with"], finding["count"]),
                         ("q9", "fast", "ties8", 4, 160, "importance", said["failures"]))
        self.assertEqual(json.loads(self.check(library("good"), "--json").stdout)["findings"], [])

    def test_inputs(self):
        """Of many encodings a part of the inputs, which the seed chooses; or all."""
        said = json.loads(self.check(PLUGINS / "float.so", "--seed", 8, "--json").stdout)
        self.assertEqual((said["seed"], said["every"]), (8, 6))
        done = self.check(PLUGINS / "float.so", "--seed", 8)
        self.assertRegex(done.stdout, r"encoding f16: kernels c.*; 7 of 34 inputs; good\n")
        self.assertTrue(done.stdout.endswith("good (--seed 8; --all tries all inputs)\n"))
        done = self.check(PLUGINS / "float.so", "--seed", 8, "--all")
        self.assertRegex(done.stdout, r"encoding f16: kernels c.*; 34 of 34 inputs; good\n")

    def test_places(self):
        """A library of any name lies anywhere; others in its folder are not loaded."""
        folder = self.dir / "a:b"
        folder.mkdir()
        shutil.copy(library("good"), folder / "good")
        shutil.copy(library("loading"), folder / "loading.so")
        (self.dir / "link.so").symlink_to("a:b/good")
        for name in ("a:b/good", "link.so"):
            self.assertEqual(self.check(name, "--seed", 7).stdout, GOOD % name)

    def work(self, **request):
        """What the worker answers, line by line."""
        done = subprocess.run([os.environ["PARE_WORKER"]], input=json.dumps({"kind": "check",
                              **request}), capture_output=True, text=True, timeout=200)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_steps(self):
        """A line before each call, so that the last one tells where a plugin was."""
        lines = self.work(library=str(library("good")), seed=7, every=34)
        events = [line["event"] for line in lines]
        self.assertEqual(events[:3], ["start", "step", "inputs"])
        self.assertEqual(events[-3:], ["step", "check", "done"])
        steps = [line for line in lines if line["event"] == "step"]
        self.assertEqual((steps[0], steps[-1]),
                         ({"event": "step", "what": "plugin", "act": "loaded"},
                          {"event": "step", "what": "plugin", "act": "unloaded"}))
        self.assertEqual(steps[1], {"event": "step", "encoding": "q9", "what": "kernel",
                                    "name": "c", "act": "decoded", "input": "random bytes",
                                    "rows": 4, "row_len": 160})
        self.assertLessEqual({("q9", "kernel", "fast"), ("column8", "begin", None),
                              ("column8", "gather", None), ("column8", "settle", None),
                              ("column8", "end", None), (None, "matrix service", "loops")},
                             {(s["encoding"], s["what"], s["name"]) for s in steps[1:-1]})
        self.assertFalse(any(a == b for a, b in zip(steps, steps[1:])))
        products = [s["input"] for s in steps if s["what"] == "matrix service"]
        self.assertEqual(len(products), 9 * 8) # sizes, and which of them is transposed or added
        self.assertEqual(products[:2], ["1x1 times 1x1", "1x1 times 1x1, a transposed"])

    def test_requests(self):
        for request, text in (({}, "no library"), ({"library": "good.so"}, "whole path"),
                              ({"library": str(library("good")), "every": 35}, "every 0 to 34"),
                              ({"library": str(library("good")), "seed": -1}, "seed must be")):
            last = self.work(**request)[-1]
            self.assertEqual((last["event"], last["code"]), ("error", "usage"))
            self.assertIn(text, last["text"])

    def test_no_plugin(self):
        (self.dir / "text.so").write_text("not a library\n")
        self.assertRegex(self.check("text.so", status=1).stderr,
                         r"^pare: plugin .*/text\.so: .*\n$")
        worker = os.environ["PARE_WORKER"]
        self.assertIn(str(worker), self.check(worker, status=1).stderr)
        self.assertEqual(self.check("none.so", status=3).stderr,
                         "pare: none.so: No such file or directory\n")

    def test_usage(self):
        for args in (["--all"], ["--seed", "3"], ["--timeout", "3"]):
            self.assertIn("go with --check", self.pare("plugins", *args, status=2).stderr)
        for args in (["--seed", "0"], ["--seed", "x"], ["--timeout", "0"]):
            self.assertIn(args[0], self.check(library("good"), *args, status=2).stderr)


unittest.main(argv=[sys.argv[0]])
