#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""`pare bench`, what it prints and leaves behind (not how fast it is), and `--cpu`: whole files are
the same at every level that this machine has.

Usage: test_bench.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES and PARE_WORKER set).
"""
import hashlib
import json
import math
import os
import signal
import subprocess
import sys
import time
import unittest

import program
from program import MODEL, PARE

ACTS = ("encode", "encode_importance", "decode")
STAGES = ["hash", "read", "decode", "encode", "measure", "write", "sync", "verify", "total"]
LEVELS = {"c": "c", "avx2": "avx2,f16c", "avx512": "avx2,f16c,avx512", "neon": "neon"}


class Test(program.Program):
    def bench(self, *args):
        return json.loads(self.pare("bench", *args, "--json").stdout)

    def kernels(self):
        """{encoding: [level]} that this machine can run."""
        said = json.loads(self.pare("plugins", "--json").stdout)
        native = self.bench("f32", "--time", "0.001", "--threads", "1")["cpu"].split(",")
        usable = ["c"] + [level for level in LEVELS if level in native]
        return {e["name"]: [k["name"] for k in e["kernels"] if k["name"] in usable]
                for p in said["plugins"] for e in p["encodings"]}

    def check_rates(self, kernel, copies):
        per_weight = 4 + kernel["bits_per_weight"] / 8
        for act in ACTS:
            if kernel[act] is None:
                continue
            rates = kernel[act]
            self.assertEqual(sorted(rates), ["bytes_per_second", "of_copy", "weights_per_second"])
            self.assertGreater(rates["weights_per_second"], 0)
            self.assertTrue(math.isclose(rates["bytes_per_second"],
                                         rates["weights_per_second"] * per_weight, rel_tol=1e-6))
            self.assertTrue(math.isclose(rates["of_copy"], rates["bytes_per_second"]
                                         / copies[kernel["threads"]], rel_tol=1e-6))

    def test_kernels(self):
        """Every kernel with every number of threads, and nothing else."""
        said = self.bench("q8_0", "f16", "iq2_xxs", "--time", "0.02", "--threads", "2,1,2")
        self.assertEqual(sorted(said), ["copies", "cpu", "kernels", "seconds", "version"])
        copies = {c["threads"]: c["bytes_per_second"] for c in said["copies"]}
        self.assertEqual(list(copies), [2, 1])
        rows = [(k["encoding"], k["level"], k["threads"]) for k in said["kernels"]]
        kernels = self.kernels()
        self.assertEqual(rows, [(e, level, n) for e in ("q8_0", "f16", "iq2_xxs")
                                for level in kernels[e] for n in (2, 1)])
        for kernel in said["kernels"]:
            self.check_rates(kernel, copies)
            present = [act for act in ACTS if kernel[act]]
            self.assertEqual(present, ["encode_importance", "decode"]
                             if kernel["encoding"] == "iq2_xxs" else ["encode", "decode"])
        bits = {k["encoding"]: k["bits_per_weight"] for k in said["kernels"]}
        self.assertEqual(bits, {"q8_0": 8.5, "f16": 16, "iq2_xxs": 2.0625})

    def test_levels(self):
        """Of each level the best kernel, once; a level that the machine lacks is one below it."""
        has = self.kernels()["q4_k"]
        said = self.bench("q4_k", "--cpu", "c,avx2,avx512,avx512vbmi,neon,native", "--threads", "1",
                          "--time", "0.01")
        self.assertEqual([k["level"] for k in said["kernels"]], has)
        for level in has:
            said = self.bench("q4_k", "--cpu", level, "--threads", "1", "--time", "0.01")
            self.assertEqual([k["level"] for k in said["kernels"]], [level])
            self.assertIsNotNone(said["kernels"][0]["encode"])
            self.assertIsNotNone(said["kernels"][0]["encode_importance"])

    def test_all(self):
        """Without names: all encodings but integers. The table fits 100 columns."""
        names = {n for n, levels in self.kernels().items()
                 if n not in ("bool",) and n.strip("iu") not in ("8", "16", "32", "64")}
        done = self.pare("bench", "--cpu", "native", "--threads", "1", "--time", "0.0001")
        lines = done.stdout.splitlines()
        self.assertEqual(done.stderr, "")
        self.assertEqual({line.split()[0] for line in lines[1:lines.index("")]}, names)
        self.assertLessEqual(max(map(len, lines)), 100)
        self.assertRegex(lines[-1], r"^memory copy, read and written: [\d.]+ GB/s with 1 thread$")

    def test_integers(self):
        said = self.bench("i32", "--threads", "1", "--time", "0.001")
        self.assertEqual([(k["encode"], k["encode_importance"]) for k in said["kernels"]],
                         [(None, None)])
        self.assertIsNotNone(said["kernels"][0]["decode"])

    def test_usage(self):
        cases = [(["q9_9"], "there is no encoding `q9_9`"), (["--cpu", "sse9"], "unknown instr"),
                 (["--cpu", "c,,avx2"], "--cpu"), (["--threads", "0"], "--threads"),
                 (["--threads", "1,"], "--threads"), (["--threads", "257"], "--threads"),
                 (["--time", "0"], "--time"), (["--time", "61"], "--time"),
                 (["--time", "nan"], "--time"), (["--runs", "2"], "--model"),
                 (["--to", "gguf:f16"], "--model"), (["--model", "tiny.gguf", "f16"], "--model"),
                 (["--model", "tiny.gguf", "--time", "1"], "--time"),
                 (["--model", "tiny.gguf", "--threads", "1,2"], "--model"),
                 (["--model", "tiny.gguf", "--to", "gguf:f16", "--to", "gguf:f16"], "twice"),
                 (["--model", "tiny.gguf", "--cpu", "mmx"], "unknown instr")]
        for args, text in cases:
            with self.subTest(args):
                done = self.pare("bench", *args, status=2)
                self.assertIn(text, done.stderr)
                self.assertEqual(done.stdout, "")
        self.assertIn("missing", self.pare("bench", "--model", "missing", status=3).stderr)
        self.assertEqual(os.listdir(self.dir), ["tiny.gguf"])

    def test_model(self):
        said = self.bench("--model", "tiny.gguf", "--to", "gguf:q4_k_m", "--to", "gguf:q8_0",
                          "--runs", "2", "--threads", "1")
        self.assertEqual(os.listdir(self.dir), ["tiny.gguf"])  # no catalog either
        self.assertEqual(said["targets"], ["gguf:q4_k_m", "gguf:q8_0"])
        self.assertEqual((said["threads"], said["bytes"], len(said["runs"])),
                         (1, MODEL.stat().st_size, 2))
        for each in said["runs"] + [said]:
            self.assertEqual(list(each["stages"]), STAGES)
            self.assertTrue(all(s > 0 for s in each["stages"].values()), each)
            self.assertGreater(each["seconds"], each["stages"]["total"])
            self.assertGreater(each["cp"], 0)
            self.assertGreater(each["peak_rss"], 1 << 20)
        for run in said["runs"]:
            self.assertAlmostEqual(run["ratio"], run["seconds"] / run["cp"])
        self.assertAlmostEqual(said["seconds"], sum(r["seconds"] for r in said["runs"]) / 2)

    def test_model_folder(self):
        """Copies and outputs go to --dir; the table has every stage."""
        (self.dir / "other").mkdir()
        self.pare("convert", "tiny.gguf", "--to", "gguf:q8_0", "-o", "in", "-q",
                  "--catalog", "catalog.db", "--split-max-tensors", "20")
        source = "in/tiny-Q8_0/tiny-Q8_0-00001-of-00003.gguf"
        before = sorted(self.dir.rglob("*"))
        done = self.pare("bench", "--model", source, "--runs", "1", "--dir", "other")
        self.assertEqual(sorted(self.dir.rglob("*")), before)
        words = [line.split()[0] for line in done.stdout.splitlines() if line]
        for stage in STAGES[:-1] + ["convert", "all", "cp"]:
            self.assertIn(stage, words)
        self.assertIn("to gguf:q4_k_m", done.stdout)

    def test_model_is_interrupted(self):
        process = subprocess.Popen([PARE, "bench", "--model", "tiny.gguf", "--runs", "1000"],
                                   cwd=self.dir, env=self.env, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 20
        while not list(self.dir.glob(".pare-bench-*/out")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(os.listdir(self.dir), ["tiny.gguf"])

    def test_levels_give_the_same_files(self):
        recipes = ("q4_k_m", "q6_k", "iq4_xs", "q8_0")
        digests = {}
        for level, mask in LEVELS.items():
            self.pare("convert", "tiny.gguf", "-o", level, "-q", "--catalog", "catalog.db",
                      "--cpu", level, *(a for r in recipes for a in ("--to", "gguf:" + r)))
            folder = self.dir / level
            manifest = json.loads((folder / "tiny-Q6_K.gguf.pare.json").read_text())
            if manifest["resources"]["cpu"] != mask:
                self.assertTrue(set(mask.split(",")) - set(self.native()), level)
                continue  # not of this machine
            digests[level] = {p.name: hashlib.sha256(p.read_bytes()).hexdigest()
                              for p in folder.glob("*.gguf")}
            self.assertEqual(len(digests[level]), len(recipes))
        for level in digests:
            self.assertEqual(digests[level], digests["c"], level)

    def native(self):
        return self.bench("f32", "--time", "0.001", "--threads", "1")["cpu"].split(",")


unittest.main(argv=[sys.argv[0]])
