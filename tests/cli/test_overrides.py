#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Rules and importance from outside a recipe: options and sidecars of `pare convert`, what a dry
run tells of them, and `pare inspect` and `pare compare` beside.

Usage: test_overrides.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES and PARE_WORKER set).
"""
import json
import os
import pty
import shutil
import struct
import subprocess
import sys
import termios
import time
import unittest

import program
from program import DATA, MODEL, PARE

sys.path.insert(0, str(DATA.parent / "daemon"))
import models

MATRIX = DATA / "tiny-llama-importance.gguf"


class Test(program.Program):
    def plan(self, *options, source="tiny.gguf", to="gguf:q4_k_m", told=None):
        """The plan, and that the warnings on the terminal are as told."""
        done = self.pare("convert", source, "--to", to, "--dry-run", "--json", *options)
        if told is not None:
            self.assertEqual(done.stderr, told)
        return json.loads(done.stdout)["plans"][0]

    def encodings(self, *options, **more):
        return {t["name"]: t["to"] for t in self.plan(*options, **more)["tensors"]}

    def put(self, name, data):
        path = self.dir / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())

    # ---- options

    def test_patterns(self):
        usual = self.encodings(told="")
        got = self.encodings("--tensor", "*.attn_v.weight=q8_0", "--tensor",
                             r"/\.ffn_(up|gate)/=Q5_K", "--tensor",
                             "blk.{0-1,5}.attn_q.weight=keep", told="")
        for name, encoding in usual.items():
            layer = name.split(".")[1]
            expected = ("q8_0" if ".attn_v." in name else "q5_k" if "ffn_up" in name or
                        "ffn_gate" in name else "bf16" if "attn_q" in name and layer in "015"
                        else encoding)
            self.assertEqual(got[name], expected, name)

    def test_order_of_rules(self):
        """What is left alone, the ends, patterns as given, whatever the order of the options."""
        got = self.encodings("--tensor", "*=q8_0", "--tensor", "*.attn_q.weight=q4_0",
                             "--output-tensor", "q5_k", "--token-embedding", "q6_k",
                             "--keep", "*.attn_k.weight", "--keep", r"/blk\.3\.ffn_up/")
        self.assertEqual(got["output.weight"], "q5_k")
        self.assertEqual(got["token_embd.weight"], "q6_k")
        self.assertEqual(got["blk.0.attn_q.weight"], "q8_0")
        self.assertEqual(got["blk.0.attn_k.weight"], "bf16")
        self.assertEqual(got["blk.3.ffn_up.weight"], "bf16")
        self.assertEqual(got["blk.2.ffn_up.weight"], "q8_0")
        self.assertEqual(got["blk.0.attn_norm.weight"], "f32")
        got = self.encodings("--output-tensor", "keep", "--token-embedding", "keep")
        self.assertEqual([got["output.weight"], got["token_embd.weight"]], ["bf16", "bf16"])

    def test_mixture_goes_on(self):
        """A tensor with a rule of its own does not count for the mixture of the others."""
        usual = self.encodings()
        got = self.encodings("--tensor", "blk.{0-1}.attn_v.weight=q8_0")
        names = [f"blk.{i}.attn_v.weight" for i in range(6)]
        self.assertEqual([usual[n][:2] for n in names], ["q4", "q4", "q6", "q4", "q4", "q6"])
        self.assertEqual([got[n][:2] for n in names], ["q8", "q8", "q4", "q4", "q6", "q4"])

    def test_ends_do_not_fall_back(self):
        self.put("odd.gguf", models._gguf(
            [("general.architecture", 8, models._string("llama")),
             ("llama.block_count", 4, struct.pack("<I", 1))],
            [("output.weight", (32, 8), 30, models._floats(256, 1)),
             ("token_embd.weight", (32, 8), 30, models._floats(256, 2))]))
        for option, name in (("--output-tensor", "output.weight"),
                             ("--token-embedding", "token_embd.weight")):
            done = self.pare("convert", "odd.gguf", "--to", "gguf:q4_k_m", "-n", option, "q4_k",
                             status=1)
            self.assertIn(f"{option} 'q4_k': tensor {name}: its rows do not divide into blocks of "
                          f"q4_k, which {option} wants: choose another encoding", done.stderr)
        self.assertEqual(self.encodings("--tensor", "*=q4_k", source="odd.gguf")["output.weight"],
                         "q5_0")

    def test_pure(self):
        self.assertEqual(set(self.encodings("--pure").values()), {"q4_k", "f32"})
        got = self.encodings("--pure", "--tensor", "output.weight=q8_0")
        self.assertEqual(got["output.weight"], "q8_0")

    def test_metadata(self):
        self.pare("convert", "tiny.gguf", "--to", "gguf:q8_0", "-q", "--metadata",
                  "general.name=str:My = Model: 1", "--metadata", "a.int=int:7", "--metadata",
                  "a.less=int:-7", "--metadata", "a.real=float:0.5", "--metadata",
                  "a.yes=bool:true", "--metadata", "a.wide=u64:9223372036854775807",
                  "--drop-metadata", "llama.vocab_size")
        model = json.loads(self.pare("inspect", "tiny-Q8_0.gguf", "--json").stdout)
        got = {m["key"]: (m["type"], m.get("value")) for m in model["metadata"]}
        self.assertEqual(got["general.name"], ("string", "My = Model: 1"))
        self.assertEqual(got["a.int"], ("u32", 7))
        self.assertEqual(got["a.less"], ("i32", -7))
        self.assertEqual(got["a.real"], ("f32", 0.5))
        self.assertEqual(got["a.yes"], ("bool", True))
        self.assertEqual(got["a.wide"], ("u64", 9223372036854775807))
        self.assertNotIn("llama.vocab_size", got)

    def test_file_of_rules(self):
        self.put("rules", '# mine\ndefine early = layer >= 0 and layer < 2\nq8_0 if early\n')
        got = self.encodings("--overrides", "rules", "--tensor", "blk.0.*=q5_0")
        self.assertEqual(got["blk.0.ffn_up.weight"], "q5_0")
        self.assertEqual(got["blk.1.ffn_up.weight"], "q8_0")
        self.assertEqual(got["blk.2.ffn_up.weight"], "q4_k")

    def test_no_tensor_has_that_name(self):
        for options, name in ((["--tensor", "attn_v=q8_0"], "--tensor 'attn_v=q8_0'"),
                              (["--keep", "*_norm.wight"], "--keep '*_norm.wight'")):
            done = self.pare("convert", "tiny.gguf", "--to", "gguf:q8_0", "-n", *options)
            self.assertEqual(done.stderr, f"pare: warning: {name} applies to no tensor: patterns "
                             "stand for whole names\n")
            self.assertIn("0 fallbacks, 1 warning\n", done.stdout)
        many = [word for i in range(25) for word in ("--tensor", f"no{i}=q8_0")]
        done = self.pare("convert", "tiny.gguf", "--to", "gguf:q8_0", "-n", *many)
        self.assertEqual(done.stderr.count("applies to no tensor"), 20)
        self.assertIn("warning: 5 more rules do not do what they say\n", done.stderr)

    def test_another_rule_comes_first(self):
        for options, told in (
                (["--tensor", "*_norm.weight=q8_0"],
                 "--tensor '*_norm.weight=q8_0' decides no tensor, since another rule comes before "
                 "it: the first that it could apply to is blk.0.attn_norm.weight (gguf.rules:36: "
                 "keep if rank < 2)"),
                (["--tensor", "output.weight=q5_k", "--tensor", "output.weight=q6_k"],
                 "--tensor 'output.weight=q6_k' decides no tensor, since another rule comes before "
                 "it: the first that it could apply to is output.weight (--tensor "
                 "'output.weight=q5_k': q5_k if name ~ \"output.weight\")")):
            done = self.pare("convert", "tiny.gguf", "--to", "gguf:q8_0", "-n", *options)
            self.assertEqual(done.stderr, f"pare: warning: {told}\n")

    def test_rule_meets_fallback(self):
        """A rule that applied and fell back is not told as unused; one that fits is not told."""
        self.put("odd.gguf", models._gguf(
            [("general.architecture", 8, models._string("llama"))],
            [(n, (96, 8), 30, models._floats(768, 1)) for n in ("a.weight", "b.weight")]))
        done = self.pare("convert", "odd.gguf", "--to", "gguf:q8_0", "-n", "--tensor",
                         "?.weight=q4_k")
        self.assertEqual(done.stderr.splitlines()[1:], [
            "pare: warning: --tensor '?.weight=q4_k': of the 2 tensors that it decides, 2 have "
            "rows that do not divide into its blocks and get another encoding: the first is "
            "a.weight: q5_0 instead of q4_k (`fallback refuse` makes that an error)"])
        done = self.pare("convert", "odd.gguf", "--to", "gguf:q4_k_m", "-n", "--tensor",
                         "a.weight=q4_0")
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_fallback_refused(self):
        self.put("odd.gguf", models._gguf(
            [("general.architecture", 8, models._string("llama"))],
            [("a.weight", (96, 8), 30, models._floats(768, 1))]))
        self.put("rules", "fallback refuse\n")
        told = ("gguf:q4_k_m: q4_k_m.recipe:25: tensor a.weight: rows of 96 elements do not divide "
                "into q4_k's blocks of 256, and its fallback q5_0 is refused (%s): choose another "
                "encoding for it\n")
        convert = ["convert", "odd.gguf", "-q", "--to"]
        done = self.pare(*convert, "gguf:q4_k_m", "--fallback", "refuse", status=1)
        self.assertIn(told % "--fallback 'refuse'", done.stderr)
        done = self.pare(*convert, "gguf:q4_k_m", "--overrides", "rules", status=1)
        self.assertIn(told % "rules:1", done.stderr)
        done = self.pare(*convert, "gguf:q1_0", status=1)
        self.assertIn("and no fallback of the recipe fits", done.stderr)
        self.assertFalse(list(self.dir.glob("odd-*")))
        self.pare(*convert, "gguf:q8_0", "--fallback", "refuse")
        manifest = json.loads((self.dir / "odd-Q8_0.gguf.pare.json").read_text())
        self.assertEqual([o["text"] for o in manifest["target"]["overrides"]], ["fallback refuse"])
        self.pare(*convert, "gguf:q4_k_m", "--overrides", "rules", "--fallback", "refuse",
                  "--fallback", "take")

    def test_mistakes(self):
        cases = [
            (2, ["--tensor", "x"], '--tensor: "x" is not PATTERN=ENCODING'),
            (2, ["--tensor", "=q8_0"], "a pattern is not empty"),
            (2, ["--tensor", "x="], '--tensor: "" is not an encoding'),
            (2, ["--tensor", "x=q8-0"], '--tensor: "q8-0" is not an encoding'),
            (2, ["--tensor", 'a" or true=q8_0'], "has no quotation marks and no control"),
            (2, ["--tensor", "a\nq8_0 if true=q8_0"], "has no quotation marks and no control"),
            (2, ["--tensor", "x=" + "q" * 65], "is not an encoding"),
            (2, ["--keep", ""], "a pattern is not empty"),
            (2, ["--keep", 'a"'], "has no quotation marks"),
            (2, ["--output-tensor", "q8_0 "], "is not an encoding"),
            (2, ["--metadata", "a"], "is not KEY=TYPE:VALUE"),
            (2, ["--metadata", "a b=int:1"], "is not KEY=TYPE:VALUE"),
            (2, ["--metadata", "a=int"], "is not KEY=TYPE:VALUE"),
            (2, ["--metadata", "a=word:1"], "the type is one of u8, i8,"),
            (2, ["--metadata", "a=int:1.5"], '"1.5" is not a value of the type int'),
            (2, ["--metadata", "a=int:layers"], '"layers" is not a value of the type int'),
            (2, ["--metadata", "a=f32:1e"], '"1e" is not a value of the type f32'),
            (2, ["--metadata", "a=bool:1"], '"1" is not a value of the type bool'),
            (2, ["--metadata", 'a=str:"'], "is not a value of the type str"),
            (2, ["--drop-metadata", "a b"], '--drop-metadata: "a b" is not a key'),
            (2, ["--split-max-size", "0"], "--split-max-size needs a number of bytes"),
            (2, ["--split-max-size", "4Q"], "--split-max-size needs a number of bytes"),
            (2, ["--split-max-tensors", "0"], "--split-max-tensors needs a whole number from 1"),
            (1, ["--overrides", "nowhere"], "nowhere: No such file"),
            (1, ["--overrides", "bad"], "bad:2: not a text in UTF-8"),
            (1, ["--overrides", "wrong"], "wrong:3: "),
            (3, ["--importance", "nowhere"], "pare: nowhere: No such file"),
            (1, ["--importance", "tiny.gguf"], "tiny.gguf"),
            (1, ["--tensor", "/(/=q8_0"], "--tensor '/(/=q8_0': the regular expression '(' is "
                                          "wrong"),
            (1, ["--metadata", "a=u8:256"], "--metadata 'a=u8:256': "),
        ]
        self.put("bad", b"pure\n\xff\n")
        self.put("wrong", "pure\n\nq8_0 when true\n")
        for status, options, text in cases:
            with self.subTest(options):
                done = self.pare("convert", "tiny.gguf", "--to", "gguf:q8_0", "-o", "out", *options,
                                 status=status)
                self.assertIn(text, done.stderr)
                self.assertTrue(done.stderr.startswith("pare: "))
                self.assertFalse(list((self.dir / "out").glob("*")))
        done = self.pare("convert", "tiny.gguf", "--to", "gguf:q8_0", "--tensor", "*=q9", status=2)
        self.assertIn("no plugin provides q9,", done.stderr)

    # ---- importance and sidecars

    def convert(self, *options, out="out", status=0, source="tiny.gguf"):
        done = self.pare("convert", source, "--to", "gguf:q4_k_m", "-o", out, *options,
                         status=status)
        made = sorted((self.dir / out).glob("*.pare.json"))
        return done, json.loads(made[-1].read_text()) if made else None

    def test_importance(self):
        _, plain = self.convert(out="plain")
        _, weighed = self.convert("--importance", str(MATRIX))
        self.assertIsNone(plain.get("importance"))
        self.assertEqual(weighed["importance"]["name"], str(MATRIX))
        self.assertLess(weighed["accuracy"]["rmse"], 1)
        self.assertNotEqual(plain["output"]["files"], weighed["output"]["files"])
        model = json.loads(self.pare("inspect", "out/tiny-Q4_K_M.gguf", "--json").stdout)
        self.assertIn({"key": "quantize.imatrix.file", "type": "string", "array": False,
                       "value": str(MATRIX)}, model["metadata"])
        plan = self.plan("--importance", str(MATRIX))
        self.assertTrue(any(t["importance"] for t in plan["tensors"]))
        self.assertFalse(any(t["importance"] for t in self.plan()["tensors"]))

    def test_parts_of_the_matrix(self):
        def weighed(*options):
            plan = self.plan("--importance", str(MATRIX), *options)
            return {t["name"] for t in plan["tensors"] if t["importance"]}
        everything = weighed()
        self.assertEqual(weighed("--include-importance", "attn_q", "--include-importance", "k.0."),
                         {n for n in everything if "attn_q" in n or "k.0." in n})
        self.assertEqual(weighed("--exclude-importance", "ffn", "--exclude-importance", "blk.1."),
                         {n for n in everything if "ffn" not in n and "blk.1." not in n})
        _, made = self.convert("--importance", str(MATRIX), "--exclude-importance", "ffn")
        self.assertEqual(made["importance"]["entries"], 24)
        self.assertEqual({t["name"] for t in made["tensors"] if t["importance"]},
                         {n for n in everything if "ffn" not in n})
        for status, options, text in (
                (2, ["--include-importance", "a", "--exclude-importance", "b"],
                 "do not go together"),
                (2, ["--importance", str(MATRIX), "--include-importance", "no such"],
                 "no entry is left"),
                (2, ["--include-importance", "attn"], "there is no importance matrix")):
            done = self.pare("convert", "tiny.gguf", "--to", "gguf:q8_0", *options, status=status)
            self.assertIn(text, done.stderr)

    def test_sidecars(self):
        _, plain = self.convert(out="plain")
        _, weighed = self.convert("--importance", str(MATRIX), "--output-tensor", "q8_0",
                                  out="both")
        shutil.copy(MATRIX, self.dir / "tiny.imatrix.gguf")
        self.put("tiny.pare", "q8_0 if role == output\n")
        self.put("other.pare", "q8_0 if true\n")
        done, beside = self.convert()
        self.assertIn("pare: tiny: using tiny.imatrix.gguf\npare: tiny: using tiny.pare\n",
                      done.stderr)
        self.assertEqual(beside["importance"]["name"], "tiny.imatrix.gguf")
        self.assertEqual([t["to"] for t in beside["tensors"]],
                         [t["to"] for t in weighed["tensors"]])
        self.assertEqual([t["rmse"] for t in beside["tensors"]],
                         [t["rmse"] for t in weighed["tensors"]])
        done, without = self.convert("--no-sidecars", out="without")
        self.assertNotIn("using", done.stderr)
        self.assertEqual(without["output"]["files"][0]["sha256"],
                         plain["output"]["files"][0]["sha256"])
        done, quiet = self.convert("--quiet", out="quiet")
        self.assertEqual(done.stderr, "")
        self.assertIsNotNone(quiet["importance"])

    def test_command_line_wins(self):
        shutil.copy(MATRIX, self.dir / "mine.gguf")
        self.put("tiny.imatrix.gguf", "not even one")
        self.put("tiny.pare", 'q8_0 if role == output\nq5_0 if name ~ "*.ffn_up.*"\n')
        done, manifest = self.convert("--importance", "mine.gguf", "--output-tensor", "q5_k")
        self.assertNotIn("tiny.imatrix.gguf", done.stderr)
        self.assertEqual(manifest["importance"]["name"], "mine.gguf")
        to = {t["name"]: t["to"] for t in manifest["tensors"]}
        self.assertEqual(to["output.weight"], "q5_k")
        self.assertEqual(to["blk.0.ffn_up.weight"], "q5_0")
        done, _ = self.convert(out="none", status=1)
        self.assertIn("tiny.imatrix.gguf", done.stderr)

    def test_bad_sidecars(self):
        self.put("tiny.pare", "pure\nq8_0 when true\n")
        done, made = self.convert(status=1)
        self.assertIn("tiny.pare:2: ", done.stderr)
        self.assertIsNone(made)
        self.put("tiny.pare", b"pure\n\xff\n")
        done, _ = self.convert(status=1)
        self.assertIn("pare: tiny.gguf: tiny.pare:2: not a text in UTF-8", done.stderr)
        (self.dir / "tiny.pare").unlink()
        shutil.copy(MATRIX, self.dir / "tiny.imatrix.gguf")
        shutil.copy(MATRIX, self.dir / "tiny-imatrix.gguf")
        done, _ = self.convert(status=1)
        self.assertIn("tiny-imatrix.gguf and tiny.imatrix.gguf are both importance matrices for "
                      "this model: keep one", done.stderr)

    def test_unknown_option(self):
        for target, name in (("gguf", "split_max_sise"), ("safetensors", "shard_sise")):
            self.put("tiny.pare", f"option {name} 1M\n")
            done = self.pare("convert", "tiny.gguf", "--to", target + ":f16", "-o", "out", status=2)
            near = name.replace("sise", "size")
            self.assertIn(f"{target} has no option `{name}'; did you mean '{near}'?", done.stderr)
            self.assertFalse(list((self.dir / "out").glob("*")))
        self.put("tiny.pare", "option shard_size 1M\noption pre llama-bpe\n")
        self.pare("convert", "tiny.gguf", "--to", "gguf:f16", "-o", "out")

    def test_folder(self):
        self.put("model/tiny.gguf", (self.dir / "tiny.gguf").read_bytes())
        self.put("model/imatrix.gguf", MATRIX.read_bytes())
        self.put("model/overrides.pare", "q8_0 if role == output\n")
        _, manifest = self.convert(source="model")
        self.assertEqual(manifest["importance"]["name"], "imatrix.gguf")
        self.assertEqual([f["name"] for f in manifest["source"]["files"]], ["tiny.gguf"])
        self.assertEqual({t["name"]: t["to"] for t in manifest["tensors"]}["output.weight"], "q8_0")

    def test_matrix_is_no_model(self):
        shutil.copy(MATRIX, self.dir / "statistics.gguf")
        for options in ([], ["-n"]):
            done = self.pare("convert", "statistics.gguf", "--to", "gguf:q8_0", *options, status=1)
            self.assertIn("pare: statistics.gguf: an importance matrix, not a model: name it "
                          "MODEL.imatrix.gguf", done.stderr)

    # ---- looking

    def test_dry_run_as_text(self):
        done = self.pare("convert", "tiny.gguf", "--to", "gguf:q4_k_m", "-n", "--importance",
                         str(MATRIX), "--tensor", "*.attn_v.weight=q8_0")
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "tiny to gguf:q4_k_m")
        self.assertRegex(done.stdout, r"\nblk\.0\.attn_v\.weight +128x256 +bf16 +q8_0 +34816  "
                         r"--tensor '\*\.attn_v\.weight=q8_0'\n")
        self.assertRegex(done.stdout, r"\nblk\.0\.attn_q\.weight +256x256 +bf16 +q4_k \* +36864  "
                         r"q4_k_m\.recipe:\d+: default q4_k\n")
        self.assertRegex(done.stdout, r"\nall +57 +5\.25 M +3\.\d\d MB +\d\.\d{3} +100\.0\n")
        self.assertRegex(done.stdout, r"\n\d\.\d{3} bits per weight; 3\.\d\d MB of disk, from "
                         r"10\.5 MB of weights; about \d.* of memory\n0 fallbacks, 0 warnings\n"
                         r"\* \d+ tensors with importance\n$")

    def test_dry_run_tells_fallbacks(self):
        self.put("odd.gguf", models._gguf(
            [("general.architecture", 8, models._string("llama"))],
            [("a.weight", (32, 8), 30, models._floats(256, 1))]))
        plan = self.plan(source="odd.gguf")
        self.assertEqual(plan["fallbacks"], 1)
        self.assertEqual(len(plan["warnings"]), 1)
        self.assertEqual(plan["census"], [{"encoding": "q5_0", "tensors": 1, "elements": 256,
                                           "bytes": 176}])

    def many_tensors(self):
        """A thousand tensors of 50 GB, all of them a hole."""
        shapes = {"attn_q": (4096, 4096), "attn_v": (4096, 1024), "ffn_up": (4096, 14336),
                  "ffn_down": (14336, 4096), "attn_norm": (4096,)}
        head, offset, n = b"", 0, 0
        for i in range(200):
            for name, shape in shapes.items():
                kind, size = (0, 4) if len(shape) == 1 else (1, 2)
                head += models._string(f"blk.{i}.{name}.weight") + struct.pack("<I", len(shape))
                head += b"".join(struct.pack("<Q", d) for d in shape)
                head += struct.pack("<IQ", kind, offset)
                for d in shape:
                    size *= d
                offset += size
                n += 1
        text = models._string("general.architecture") + struct.pack("<I", 8)
        text += models._string("llama") + models._string("llama.block_count")
        head = b"GGUF" + struct.pack("<IQQ", 3, n, 2) + text + struct.pack("<II", 4, 200) + head
        head += b"\0" * (-len(head) % 32)
        with open(self.dir / "many.gguf", "wb") as f:
            f.write(head)
            f.truncate(len(head) + offset)
        return n

    def test_dry_run_of_a_thousand_tensors(self):
        n = self.many_tensors()
        self.assertEqual(n, 1000)
        begin = time.monotonic()
        plan = self.plan("--tensor", r"/\.attn_v\./=q8_0", source="many.gguf")
        seconds = time.monotonic() - begin
        self.assertEqual(len(plan["tensors"]), n)
        self.assertLess(seconds, 5)  # 0.1 s, with room for a busy machine and sanitizers

    def test_rules_are_cut_on_a_terminal(self):
        try:
            controller, terminal = pty.openpty()
        except OSError as problem:
            self.skipTest(f"there is no terminal to be had: {problem}")
        termios.tcsetwinsize(terminal, (24, 80))
        child = subprocess.Popen([PARE, "convert", "tiny.gguf", "--to", "gguf:q4_k_m", "-n"],
                                 cwd=self.dir, env=self.env, stdout=terminal,
                                 stderr=subprocess.PIPE)
        os.close(terminal)
        shown = b""
        try:
            while chunk := os.read(controller, 65536):
                shown += chunk
        except OSError:
            pass
        child.stderr.close()
        self.assertEqual(child.wait(), 0)
        lines = shown.decode().split("\r\n")
        rows = [line for line in lines if line.startswith(("blk.", "output", "token"))]
        self.assertEqual(len(rows), 57)
        self.assertEqual(max(len(row) for row in rows), 80)
        self.assertTrue(any(row.endswith("...") for row in rows))
        os.close(controller)

    def test_inspect(self):
        text = self.pare("inspect", "tiny.gguf").stdout
        self.assertIn("tokenizer      gpt2 (gpt-2), 1024 tokens, no chat template\n"
                      "special tokens bos 0 <|bos|>, eos 1 <|eos|>\n", text)
        self.assertRegex(text, r"\nbf16 +44 +5\.24 M +10\.5 MB +16\.000 +99\.9\n")
        self.assertIn("tokenizer.ggml.tokens                   string[1024]  [", text)
        text = self.pare("inspect", str(MATRIX)).stdout
        self.assertIn("content        an importance matrix\n", text)
        matrix = json.loads(self.pare("inspect", str(MATRIX), "--json").stdout)["importance"]
        self.assertGreater(matrix["entries"], 0)
        self.assertIn(f"entries        {matrix['entries']}\n", text)
        self.assertNotIn("parameters", text)

    def test_compare(self):
        self.convert("--importance", str(MATRIX), out="weighed", source="tiny.gguf")
        self.convert(out="plain")
        weighed, plain = (json.loads(
            self.pare("compare", "tiny.gguf", f"{folder}/tiny-Q4_K_M.gguf", "--importance",
                      str(MATRIX), "--json").stdout) for folder in ("weighed", "plain"))
        self.assertLess(weighed["total"]["weighted_relative_error"],
                        plain["total"]["weighted_relative_error"])
        text = self.pare("compare", "tiny.gguf", "plain/tiny-Q4_K_M.gguf", "--importance",
                         str(MATRIX)).stdout
        self.assertIn("WEIGHED dB  WEIGHED ERROR", text)
        self.assertRegex(text, r"\nall weights +5246208 .* \d+\.\d\d +0\.\d+\n$")
        text = self.pare("compare", "tiny.gguf", "plain/tiny-Q4_K_M.gguf").stdout
        self.assertNotIn("WEIGHED", text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
