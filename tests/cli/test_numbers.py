#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Numbers of a configuration that no number can be, or not one of the type that it is stored as:
they are refused or told, never a default in silence. There and back.

Usage: test_numbers.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES, PARE_ARCHITECTURES and
PARE_WORKER set).
"""
import json
import math
import os
import pathlib
import shutil
import sys
import unittest

import program

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "formats" / "bad"))
import gguf_build as build  # noqa: E402
from pare_run import Header  # noqa: E402
from small_llama import make_folder  # noqa: E402

RANGE = "which is not finite or out of the range of numbers"
TYPE = "cannot be: it has another type or range"
EPS, THETA, CONTEXT = '"rms_norm_eps": 1e-05', '"rope_theta": 10000.0', \
    '"max_position_embeddings": 128'


class Test(program.Program):
    def setUp(self):
        super().setUp()
        make_folder(self.dir / "m")
        self.config = (self.dir / "m/config.json").read_text()

    def convert(self, source="m", to="gguf:f16", status=0):
        return self.pare("convert", source, "--to", to, "-o", "out", "-q", "--tokenizer", "none",
                         status=status)

    def change(self, old, new):
        self.assertIn(old, self.config)
        (self.dir / "m/config.json").write_text(self.config.replace(old, new))

    def refused(self, old, literal, text):
        self.change(old, old[:old.index(": ")] + ": " + literal)
        self.assertIn(text, self.convert(status=1).stderr, (old, literal))

    def metadata(self, path):
        header = Header(str(self.dir / path))
        header.f.close()
        return {key: value for key, (_, value) in header.metadata.items()}

    def test_that_cannot_be_held(self):
        for literal in ("NaN", "Infinity", "-Infinity", "1e400", "1e-400",
                        "123456789012345678901234567890"):
            self.refused(EPS, literal, f"rms_norm_eps is {literal}, {RANGE}")
        for old, name in ((THETA, "rope_theta"), (CONTEXT, "max_position_embeddings"),
                          ('"vocab_size": 50', "vocab_size"),
                          ('"num_key_value_heads": 2', "num_key_value_heads")):
            self.refused(old, "NaN", f"{name} is NaN, {RANGE}")

    def test_that_vanish(self):
        self.refused(EPS, "1e-300", f"is 1e-300, which llama.attention.layer_norm_rms_epsilon "
                     f"{TYPE}")
        self.refused(THETA, "1e-46", f"is 1e-46, which llama.rope.freq_base {TYPE}")
        self.refused(THETA, "1e39", f"which llama.rope.freq_base {TYPE}")
        for scaling, text in (
                ('{"rope_type": "linear", "factor": 1e-300}', f"llama.rope.scaling.factor {TYPE}"),
                ('{"rope_type": "linear", "factor": NaN}', f"rope.factor is NaN, {RANGE}"),
                ('{"rope_type": "llama3", "factor": 1e-300, "low_freq_factor": 1, '
                 '"high_freq_factor": 4, "original_max_position_embeddings": 64}',
                 "1e-300 is not between 1e-12 and 1e12")):
            self.change(THETA, f'{THETA}, "rope_scaling": {scaling}')
            self.assertIn(text, self.convert(status=1).stderr)

    def test_of_another_type(self):
        for literal in ("true", '"1e-5"', "[1e-5]", "{}"):
            self.refused(EPS, literal, "where a number is needed")
        for literal in ("128.5", "-1", "4294967296", "1e30", "true", '"128"'):
            self.refused(CONTEXT, literal, f"which llama.context_length {TYPE}")
        self.refused('"num_attention_heads": 4', "2.5", "where a whole number is needed")
        self.refused(THETA, THETA.split(": ")[1] + f", {THETA}", "duplicate object key")

    def test_that_nobody_uses(self):
        """They stop nothing, and an output folder has them as they were."""
        more = '"limits": [0.0, Infinity], "big": 1e400, "nan":NaN, "text": "NaN 1e400"'
        self.change(THETA, f"{THETA}, {more}")
        self.convert()
        self.assertEqual(self.metadata("out/m-F16.gguf")["llama.rope.freq_base"], 10000)
        self.convert(to="safetensors:f16")
        text = (self.dir / "out/m-F16/config.json").read_text()
        said = json.loads(text)
        self.assertEqual(said["limits"], [0, math.inf])
        self.assertTrue(math.isnan(said["nan"]))
        self.assertEqual(said["text"], "NaN 1e400")

    def test_sampling(self):
        for literal in ("NaN", "1e400", "1e-300", '"0.7"', "true", "[0.5]"):
            (self.dir / "m/generation_config.json").write_text('{"temperature": %s}' % literal)
            done = self.convert()
            self.assertEqual(done.stderr, "pare: m: warning: generation_config.json: "
                             f"`temperature' is {literal}, which it cannot be, and is left out\n")
        for literal in ("40.5", "2147483648", "NaN"):
            (self.dir / "m/generation_config.json").write_text('{"top_k": %s}' % literal)
            self.assertIn(f"`top_k' is {literal}, which it cannot be", self.convert().stderr)
        (self.dir / "m/generation_config.json").write_text(
            '{"top_k": 40.0, "temperature": null, "penalty_repeat": null, '
            '"repetition_penalty": 1.5}')
        self.assertEqual(self.convert().stderr, "")
        said = self.metadata(max((self.dir / "out").glob("*.gguf"), key=os.path.getmtime))
        self.assertEqual((said["general.sampling.top_k"], said["general.sampling.penalty_repeat"]),
                         (40, 1.5))
        self.assertNotIn("general.sampling.temp", said)

    def test_options(self):
        self.convert(to="gguf:f32")
        for value, text in (("f32:1e-300", "1e-300 does not fit f32"),
                            ("f32:1e39", "1e+39 does not fit f32"),
                            ("f64:1e400", "the number 1e400 is too large"),
                            ("f64:1e-400", "the number 1e-400 is too small"),
                            ("u8:256", "256 does not fit u8"),
                            ("i32:2147483648", "2147483648 does not fit i32"),
                            ("u64:18446744073709551615", "is too large")):
            done = self.pare("convert", "out/m-F32.gguf", "--to", "gguf:f16", "-q", "--metadata",
                             "a=" + value, status=1)
            self.assertIn(text, done.stderr)

    def backwards(self, key, kind, value):
        """The warnings when a GGUF with this entry becomes a folder, and the folder."""
        entries = [build.kv("general.architecture", build.STRING, "llama")]
        for k, (t, v) in {"block_count": (build.U32, 1), "context_length": (build.U32, 64),
                          "embedding_length": (build.U32, 32),
                          "feed_forward_length": (build.U32, 32),
                          "attention.head_count": (build.U32, 2),
                          "attention.head_count_kv": (build.U32, 2),
                          "rope.freq_base": (build.F32, 1e4), "vocab_size": (build.U32, 8),
                          "rope.dimension_count": (build.U32, 16),
                          "attention.layer_norm_rms_epsilon": (build.F32, 1e-5)}.items():
            if "llama." + k != key:
                entries.append(build.kv("llama." + k, t, v))
        entries += [build.kv(key, kind, value)] if key else []
        names = {"attn_norm": [32], "ffn_norm": [32], "attn_q": [32, 32], "attn_k": [32, 32],
                 "attn_v": [32, 32], "attn_output": [32, 32], "ffn_gate": [32, 32],
                 "ffn_up": [32, 32], "ffn_down": [32, 32]}
        tensors = [build.Tensor(f"blk.0.{n}.weight", d) for n, d in names.items()]
        tensors += [build.Tensor("token_embd.weight", [32, 8]), build.Tensor("output_norm.weight",
                                                                             [32])]
        (self.dir / "back.gguf").write_bytes(build.Gguf(entries, tensors).build())
        for path in (self.dir / "out").glob("back*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        done = self.convert("back.gguf", "safetensors:f32")
        return done.stderr, self.dir / "out/back-F32"

    def test_back(self):
        told, folder = self.backwards("", 0, 0)
        self.assertEqual(told, "")
        self.assertEqual(json.loads((folder / "config.json").read_text())["rope_theta"], 10000)
        for key, kind, value in (("llama.rope.freq_base", build.F32, math.nan),
                                 ("llama.rope.freq_base", build.F32, math.inf),
                                 ("llama.attention.layer_norm_rms_epsilon", build.F64, 1e-300),
                                 ("llama.context_length", build.U64, 2 ** 64 - 1),
                                 ("llama.context_length", build.I32, -1),
                                 ("llama.context_length", build.BOOL, 1),
                                 ("llama.embedding_length", build.F32, 32.5)):
            told, folder = self.backwards(key, kind, value)
            self.assertIn("is no Hugging Face folder", told, (key, value))
        told, folder = self.backwards("general.sampling.temp", build.F32, math.nan)
        self.assertIn("general.sampling.temp is no number that generation_config.json can hold",
                      told)
        self.assertNotIn("temperature", (folder / "config.json").read_text())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
