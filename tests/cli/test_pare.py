#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""`pare` as people use it: the real program and worker on a real model, in a folder of its own.

Usage: test_pare.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES and PARE_WORKER set).
"""
import json
import math
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest

import program
from program import MODEL, PARE


class Test(program.Program):
    def outputs(self, folder="out"):
        return sorted(os.listdir(self.dir / folder)) if (self.dir / folder).exists() else []

    def test_convert(self):
        done = self.pare("convert", "tiny.gguf", "--to", "gguf:q4_k_m", "--to", "gguf:Q8_0",
                         "-o", "out")
        self.assertRegex(done.stdout, r"gguf:q4_k_m +3\.18 MB +4\.80 +25\.8\d .*tiny-Q4_K_M.gguf")
        self.assertIn("tiny: convert", done.stderr)
        names = [f"tiny-{r}.gguf{e}" for r in ("Q4_K_M", "Q8_0")
                 for e in ("", ".pare.json", ".pare.md")]
        self.assertEqual(self.outputs(), sorted(names))
        manifest = json.loads((self.dir / "out/tiny-Q8_0.gguf.pare.json").read_text())
        self.assertEqual(manifest["output"]["name"], "tiny-Q8_0.gguf")
        self.assertEqual(len(manifest["tensors"]), 57)
        rows = json.loads(self.pare("list", "--json").stdout)
        self.assertEqual({row["state"] for row in rows}, {"done"})
        self.assertEqual(len(rows), 2)

    def test_never_overwrites(self):
        for expected in ("tiny-F16.gguf", "tiny-F16-2.gguf"):
            done = self.pare("convert", "tiny.gguf", "--to", "gguf:f16", "-o", "out", "--json")
            result = json.loads(done.stdout)["results"][0]
            self.assertTrue(result["ok"])
            self.assertEqual(os.path.basename(result["outputs"][0]["path"]), expected)
        self.assertEqual(len(self.outputs()), 6)

    def test_dry_run(self):
        done = self.pare("convert", "tiny.gguf", "--to", "gguf:q4_k_m", "-n", "-o", "out")
        self.assertIn("token_embd.weight", done.stdout)
        self.assertEqual(self.outputs(), [])
        self.assertFalse((self.dir / "state").exists())

    def test_failures(self):
        cases = [
            (2, ["convert", "tiny.gguf"], "--to FORMAT:RECIPE"),
            (2, ["convert", "tiny.gguf", "--to", "gguf"], "is not a target"),
            (2, ["convert", "tiny.gguf", "--to", "gguf:f16", "--to", "GGUF:F16"], "given twice"),
            (2, ["convert", "tiny.gguf", "--to", "gguf:nope"], "no recipe"),
            (2, ["convert", "tiny.gguf", "--to", "nope:f16"], "nope"),
            (2, ["convert", "tiny.gguf", "--frob"], "--frob"),
            (2, ["nonsense"], "no command"),
            (2, ["inspect"], "operand is missing"),
            (2, ["inspect", "a", "b"], 'unexpected operand "b"'),
            (3, ["convert", "missing", "--to", "gguf:f16"], "pare: missing: No such file"),
            (1, ["convert", "text", "--to", "gguf:f16"], "pare: text: "),
            (1, ["convert", "cut.gguf", "--to", "gguf:f16"], "pare: cut.gguf: "),
            (75, ["status", "--socket", "nowhere"], "no pared answers"),
            (75, ["status", "--socket", "x" * 200], "no pared answers"),
        ]
        (self.dir / "text").write_text("hello\n")
        (self.dir / "cut.gguf").write_bytes(MODEL.read_bytes()[:1000000])
        for status, args, text in cases:
            with self.subTest(args):
                done = self.pare(*args, status=status)
                self.assertIn(text, done.stderr)
                self.assertTrue(done.stderr.startswith("pare: "))
                self.assertEqual(done.stdout, "")
        self.assertEqual([n for n in self.outputs(".") if "F16" in n or n == ".pare"], [])

    def test_options_of_maps(self):
        """They reach every target and its record; a GGUF has its own names, and needs no map."""
        self.pare("convert", "tiny.gguf", "--to", "gguf:f16", "-o", "plain", "-q")
        options = ["--as-container", "--pre", "llama-bpe", "--tokenizer", "none"]
        self.pare("convert", "tiny.gguf", "--to", "gguf:f16", "-o", "out", "-q", *options)
        name = "tiny-F16.gguf"
        self.assertEqual((self.dir / "out" / name).read_bytes(),
                         (self.dir / "plain" / name).read_bytes())
        manifest = json.loads((self.dir / "out" / (name + ".pare.json")).read_text())
        self.assertEqual(manifest["target"]["options"],
                         {"as_container": "yes", "pre": "llama-bpe", "tokenizer": "none"})
        for args, text in ((["--pre", ""], "--pre"), (["--pre", "x" * 65], "--pre"),
                           (["--tokenizer", "spm"], "--tokenizer"), (["--tokenizer"], "value"),
                           (["--architectures", ""], "--architectures")):
            with self.subTest(args):
                done = self.pare("convert", "tiny.gguf", "--to", "gguf:f16", *args, status=2)
                self.assertIn(text, done.stderr)

    def test_one_of_two_fails(self):
        done = self.pare("convert", "missing", "tiny.gguf", "--to", "gguf:f16", "-o", "out",
                         "--json", status=3)
        results = json.loads(done.stdout)["results"]
        self.assertEqual([r["ok"] for r in results], [False, True])
        self.assertIn("No such file", results[0]["error"]["text"])

    def test_catalog_unwritable(self):
        (self.dir / "file").write_text("not a database, but long enough to look like one\n" * 99)
        done = self.pare("convert", "tiny.gguf", "--to", "gguf:f16", "-o", "out", "--catalog",
                         "file/x.db")
        self.assertIn("warning: this conversion is not recorded in the catalog: ", done.stderr)
        self.assertEqual(len(self.outputs()), 3)

    def test_measure(self):
        figures = {}
        for measure in ("full", "sample", "none"):
            done = self.pare("convert", "tiny.gguf", "--to", "gguf:q4_0", "--out", measure,
                             "--measure", measure)
            manifest = json.loads((self.dir / measure / "tiny-Q4_0.gguf.pare.json").read_text())
            self.assertEqual(manifest["accuracy"]["measured"], measure)
            figures[measure] = manifest["accuracy"]["sqnr_db"]
            self.assertEqual("~" in done.stdout, measure == "sample")
            report = (self.dir / measure / "tiny-Q4_0.gguf.pare.md").read_text()
            self.assertIn({"full": "Over all weights", "sample": "Over an eighth of the weights",
                           "none": "Nothing was measured"}[measure], report)
        self.assertIsNone(figures["none"])
        self.assertNotEqual(figures["sample"], figures["full"])
        self.assertAlmostEqual(figures["sample"], figures["full"], delta=3)
        shutil.rmtree(self.dir / "out", ignore_errors=True)
        self.make_weights("nan.safetensors", [1.0] * 300 + [math.nan] + [1.0] * 211)
        done = self.pare("convert", "nan.safetensors", "--to", "gguf:q8_0", "--out", "out",
                         "--as-container", "--measure", "none", status=1)
        self.assertIn("element 300 (row 1, column 44) is nan", done.stderr)

    def test_search(self):
        """As the option, a rule beside the recipe, or the recipe says; never a worse tensor."""
        name = "tiny-Q4_0.gguf"
        self.pare("convert", "tiny.gguf", "--to", "gguf:q4_0", "-o", "reference", "-q")
        for level in ("c", "native"):
            self.pare("convert", "tiny.gguf", "--to", "gguf:q4_0", "-o", level, "-q", "--search",
                      "best", "--cpu", level, "--threads", "1" if level == "c" else "2")
        read = {folder: (self.dir / folder / name).read_bytes()
                for folder in ("reference", "c", "native")}
        self.assertEqual(read["c"], read["native"])
        self.assertEqual(len(read["c"]), len(read["reference"]))
        self.assertNotEqual(read["c"], read["reference"])
        manifests = [json.loads((self.dir / folder / (name + ".pare.json")).read_text())
                     for folder in ("reference", "c")]
        self.assertEqual([m["target"]["search"] for m in manifests], ["reference", "best"])
        self.assertLess(manifests[1]["accuracy"]["rmse"], 0.97 * manifests[0]["accuracy"]["rmse"])
        for before, after in zip(*(m["tensors"] for m in manifests)):
            self.assertLessEqual(after["rmse"] or 0, before["rmse"] or 0, after["name"])
        self.assertIn("| Search | best |", (self.dir / "c" / (name + ".pare.md")).read_text())
        self.assertIn("search", self.pare("show", "2").stdout)
        (self.dir / "more.rules").write_text("search best\n")
        for args in (["--overrides", "more.rules"], ["--search", "best", "--overrides",
                                                     "more.rules"]):
            self.pare("convert", "tiny.gguf", "--to", "gguf:q4_0", "-o", "rules", "-q", *args)
            self.assertEqual((self.dir / "rules" / name).read_bytes(), read["c"])
            shutil.rmtree(self.dir / "rules")
        self.pare("convert", "tiny.gguf", "--to", "gguf:q4_0", "-o", "rules", "-q", "--search",
                  "reference", "--overrides", "more.rules")
        self.assertEqual((self.dir / "rules" / name).read_bytes(), read["reference"])
        done = self.pare("convert", "tiny.gguf", "--to", "gguf:q4_0", "--search", "x", status=2)
        self.assertIn('--search: "x" is none of its values', done.stderr)

    def test_settings_are_recorded(self):
        self.pare("convert", "tiny.gguf", "--to", "gguf:q4_0", "-q", "--nonfinite", "keep",
                  "--no-recover")
        manifest = json.loads((self.dir / "tiny-Q4_0.gguf.pare.json").read_text())
        self.assertEqual(manifest["settings"],
                         {"memory_limit": 0, "nonfinite": "keep", "digest": "sha256",
                          "allow_requantize": False, "recover": False})
        row = json.loads(self.pare("show", "1", "--json").stdout)["conversions"][0]
        self.assertEqual(row["settings"], manifest["settings"])

    def test_wrong_settings(self):
        for option, value, text in (
                ("--measure", "ful", '--measure: "ful" is none of its values, see --help; did you '
                                     "mean 'full'?"),
                ("--digest", "md5", '"md5" is none of its values, see --help\n'),
                ("--search", "bset", "is none of its values, see --help; did you mean 'best'?"),
                ("--mesure", "full", '"--mesure" is unknown, ambiguous or takes no value; did you '
                                     'mean "--measure"?'),
                ("--quiet=1", "tiny.gguf", 'takes no value\n'),
                ("--threads", "-1", "--threads needs a whole number from 0 to 4096"),
                ("--cpu", "", '--cpu: "": a value is wanted'),
                ("--sandbox", "requir", '"requir" is none of its values')):
            done = self.pare("convert", "tiny.gguf", "--to", "gguf:q4_0", option, value, status=2)
            self.assertIn(text, done.stderr)
        for command, text in (("conver", "no command \"conver\"; did you mean 'convert'?"),
                              ("zzz", 'no command "zzz"\n')):
            self.assertIn(text, self.pare(command, status=2).stderr)
        request = json.dumps({"kind": "recipes", "measure": "ful"})
        done = subprocess.run([os.environ["PARE_WORKER"]], input=request, capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        answer = json.loads(done.stdout)
        self.assertEqual((answer["event"], answer["code"]), ("error", "usage"))
        self.assertIn("did you mean 'full'?", answer["text"])

    def test_without_digests(self):
        for folder, digest in (("with", "sha256"), ("without", "none")):
            self.pare("convert", "tiny.gguf", "--to", "gguf:q4_0", "--out", folder, "--digest",
                      digest)
        files = [self.dir / f / "tiny-Q4_0.gguf" for f in ("with", "without")]
        self.assertEqual(files[0].read_bytes(), files[1].read_bytes())
        manifest = json.loads((self.dir / "without/tiny-Q4_0.gguf.pare.json").read_text())
        self.assertRegex(manifest["source"]["digest"], "^unread-[0-9a-f]{64}$")
        self.assertIsNone(manifest["source"]["files"][0]["sha256"])
        self.assertIsNone(manifest["output"]["files"][0]["sha256"])
        rows = json.loads(self.pare("list", "--json").stdout)
        self.assertEqual({row["state"] for row in rows}, {"done"})

    def make_weights(self, name, weights):
        header = json.dumps({"w.weight": {"dtype": "F32", "shape": [2, len(weights) // 2],
                                          "data_offsets": [0, 4 * len(weights)]}}).encode()
        data = struct.pack(f"<Q{len(header)}s{len(weights)}f", len(header), header, *weights)
        (self.dir / name).write_bytes(data)

    def test_nonfinite(self):
        weights = [0.01 * i for i in range(512)]
        weights[300] = math.nan
        self.make_weights("nan.safetensors", weights)
        done = self.pare("convert", "nan.safetensors", "--to", "gguf:q8_0", "--out", "out",
                         "--as-container", status=1)
        self.assertIn("tensor `w.weight`, element 300 (row 1, column 44) is nan", done.stderr)
        self.assertEqual(self.outputs(), [])
        done = self.pare("convert", "nan.safetensors", "--to", "gguf:q8_0", "--out", "out",
                         "--as-container", "--nonfinite", "keep")
        manifest = json.loads((self.dir / "out/nan-Q8_0.gguf.pare.json").read_text())
        self.assertEqual(manifest["tensors"][0]["nonfinite"], 32)  # its block of 32 is NaN
        self.assertIn("tensor `w.weight`: 1 weights of the source are NaN or infinite, and 31 more "
                      "of the output", manifest["warnings"])

    def test_too_large_for_f16(self):
        self.make_weights("large.safetensors", [1.0] * 9 + [70000.0] + [1.0] * 54)
        done = self.pare("convert", "large.safetensors", "--to", "safetensors:f16", "--out", "out",
                         status=1)
        self.assertIn("element 9: 70000 is too large for f16: choose bf16 or f32", done.stderr)
        self.assertEqual(self.outputs(), [])
        self.pare("convert", "large.safetensors", "--to", "safetensors:bf16", "--out", "out")

    def test_link_to_the_file_of_another_user(self):
        """D03: a hard link gives no right to read that the user did not have."""
        secret, link = self.dir / "secret.gguf", self.dir / "mine" / "link.gguf"
        if os.getuid() != 0:
            self.skipTest("only root can give a file to another user")
        os.chmod(self.dir, 0o755)
        link.parent.mkdir()
        os.chown(link.parent, 65534, 65534)
        shutil.copy(MODEL, secret)
        os.chmod(secret, 0o600)
        os.link(secret, link)
        nobody = {"user": 65534, "group": 65534, "extra_groups": []}
        try:
            subprocess.run([PARE, "--version"], check=True, capture_output=True, **nobody)
        except OSError:
            self.skipTest("the build is out of reach for other users")
        done = self.pare("convert", link, "--to", "gguf:q8_0", "--out", link.parent, status=1,
                         **nobody)
        self.assertIn("link.gguf: Permission denied", done.stderr)
        self.assertEqual(self.outputs("mine"), ["link.gguf"])

    def test_folder_and_compare(self):
        self.pare("convert", "tiny.gguf", "--to", "safetensors:bf16", "-o", "out", "-q",
                  "--shard-size", "4M")
        made = [n for n in self.outputs() if not n.endswith((".json", ".md"))]
        self.assertEqual(made, ["tiny-BF16"])
        done = self.pare("compare", "tiny.gguf", "out/tiny-BF16", "--json")
        comparison = json.loads(done.stdout)
        self.assertEqual(comparison["only_a"], [])
        self.assertLess(comparison["total"]["relative_error"], 1e-3)

    def test_harmless_output(self):
        evil = self.dir / "evil\x1b[31m\n.gguf"
        evil.write_bytes(b"GGUF" + b"\xff" * 100)
        done = self.pare("inspect", evil.name, status=1)
        self.assertNotIn("\x1b", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_looking(self):
        model = json.loads(self.pare("inspect", "tiny.gguf", "--tensors", "--json").stdout)
        self.assertEqual(len(model["tensors"]), 57)
        self.assertIn("architecture   llama", self.pare("inspect", "tiny.gguf").stdout)
        plugins = json.loads(self.pare("plugins", "--json").stdout)["plugins"]
        self.assertIn("gguf", [p["name"] for p in plugins])
        self.assertIn("q4_k_m", self.pare("recipes").stdout)
        for command in ("convert", "list", "check-config", "watch"):
            self.assertIn(f"Usage: pare {command}", self.pare(command, "--help").stdout)
        self.assertIn("convert", self.pare("--help").stdout)
        self.assertRegex(self.pare("--version").stdout, r"^pare \d")

    def test_full_device(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PARE, "recipes"], env=self.env, stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output", done.stderr)

    def slow_model(self):
        """A tensor of 256 MiB, almost all of it a hole."""
        header = json.dumps({"a.weight": {"dtype": "F32", "shape": [16384, 4096],
                                          "data_offsets": [0, 1 << 28]}}).encode()
        header += b" " * (-len(header) % 8)
        with open(self.dir / "slow.safetensors", "wb") as f:
            f.write(len(header).to_bytes(8, "little") + header)
            f.truncate(8 + len(header) + (1 << 28))

    def test_interrupt(self):
        self.slow_model()
        try:
            pid, terminal = pty.fork()
        except OSError as problem:
            self.skipTest(f"there is no terminal to be had: {problem}")
        if pid == 0:
            os.chdir(self.dir)
            os.execve(PARE, [PARE, "convert", "slow.safetensors", "--as-container", "--to",
                             "gguf:f32", "--to", "gguf:q8_0", "-o", "out", "--threads", "1",
                             "--cpu", "c"], self.env)
        shown = b""
        while b"convert" not in shown:
            shown += os.read(terminal, 4096)
        os.write(terminal, b"\x03")
        try:
            while chunk := os.read(terminal, 4096):
                shown += chunk
        except OSError:
            pass
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 130, shown)
        self.assertIn(b"cancelled", shown)
        self.assertEqual(self.outputs(), [])
        os.close(terminal)

    def test_killed(self):
        """What a killed one left is hidden, and goes with the next conversion."""
        self.slow_model()
        killed = subprocess.Popen([PARE, "convert", "slow.safetensors", "--to", "gguf:f32", "-o",
                                   "out", "--as-container", "-q", "--threads", "1"],
                                  cwd=self.dir, env=self.env)
        deadline = time.time() + 30
        while not list(self.dir.glob("out/.pare/staging/*/w*/0/*")) and time.time() < deadline:
            time.sleep(0.01)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        self.assertEqual(self.outputs(), [".pare"])
        self.pare("convert", "tiny.gguf", "--to", "gguf:f16", "-o", "out", "-q")
        self.assertEqual(len(self.outputs()), 3)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
