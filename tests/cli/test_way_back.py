#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""A GGUF becomes a Hugging Face folder, or stays a plain container and says why; and weights that
nothing tells of become a GGUF only when asked. GGUF files that are wrong in one thing are made by
changing letters of a right one.

Usage: test_way_back.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES, PARE_ARCHITECTURES and
PARE_WORKER set).
"""
import json
import os
import pathlib
import shutil
import struct
import sys
import unittest

import program
from program import MODEL

TINY = MODEL.read_bytes()
HEAD = 200000  # bytes in which the metadata are


def header(path):
    """What a safetensors file says of its tensors."""
    with open(path, "rb") as f:
        return json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))


class Test(program.Program):
    def change(self, old, new):
        """tiny.gguf, with other letters in its metadata."""
        self.assertEqual((len(old), TINY[:HEAD].count(old)), (len(new), 1))
        (self.dir / "tiny.gguf").write_bytes(TINY[:HEAD].replace(old, new) + TINY[HEAD:])

    def convert(self, *more, to="safetensors:bf16"):
        """(path, warnings), which terminal, manifest and report agree about."""
        done = self.pare("convert", "tiny.gguf", "--to", to, "-o", "out", "-q", *more)
        (manifest,) = (self.dir / "out").glob("*.pare.json")
        warnings = json.loads(manifest.read_text())["warnings"]
        report = pathlib.Path(str(manifest)[:-5] + ".md").read_text()
        self.assertEqual(done.stderr.count("warning:"), len(warnings), done.stderr)
        for text in warnings:
            self.assertIn(text, done.stderr)
            self.assertIn(text[:60], report)
        return pathlib.Path(str(manifest)[:-len(".pare.json")]), warnings

    def expect_container(self, why, *more):
        path, warnings = self.convert(*more)
        self.assertTrue(path.is_file())
        self.assertIn("blk.0.attn_q.weight", header(path))
        reasons = [text for text in warnings if "no Hugging Face folder" in text]
        self.assertEqual(len(reasons), 1 if why else 0, warnings)
        if why:
            self.assertIn(why, reasons[0])
            self.assertIn("--as-container", reasons[0])

    def test_folder(self):
        for to, dtype in (("f16", "float16"), ("bf16", "bfloat16"), ("f32", "float32")):
            path, warnings = self.convert(to="safetensors:" + to)
            self.assertEqual(warnings, [])
            self.assertEqual(sorted(os.listdir(path)), [
                "README.md", "config.json", "generation_config.json", "model.safetensors",
                "tokenizer.json", "tokenizer_config.json"])
            config = json.loads((path / "config.json").read_text())
            wanted = {"torch_dtype": dtype, "architectures": ["LlamaForCausalLM"],
                      "model_type": "llama", "num_hidden_layers": 6, "num_key_value_heads": 4,
                      "bos_token_id": 0, "eos_token_id": 1, "tie_word_embeddings": False}
            self.assertEqual({k: config[k] for k in wanted}, wanted)
            self.assertIn("model.layers.5.self_attn.q_proj.weight",
                          header(path / "model.safetensors"))
            shutil.rmtree(self.dir / "out")

    def test_shards(self):
        path, _ = self.convert("--split-max-size", "4M")
        index = json.loads((path / "model.safetensors.index.json").read_text())
        shards = sorted(p.name for p in path.glob("model-*.safetensors"))
        self.assertEqual(shards, ["model-%05d-of-%05d.safetensors" % (i + 1, len(shards))
                                  for i in range(len(shards))])
        self.assertGreater(len(shards), 2)
        found, total = {}, 0
        for name in shards:
            for tensor, said in header(path / name).items():
                if tensor != "__metadata__":
                    found[tensor] = name
                    total += said["data_offsets"][1] - said["data_offsets"][0]
        self.assertEqual(found, index["weight_map"])
        self.assertEqual(total, index["metadata"]["total_size"])
        self.assertIn("config.json", os.listdir(path))
        self.pare("convert", path, "--to", "gguf:bf16", "-o", "again", "-q")
        (again,) = (self.dir / "again").glob("*.gguf")
        said = json.loads(self.pare("compare", "tiny.gguf", again, "--json").stdout)
        self.assertEqual((said["total"]["rmse"], said["only_a"], said["only_b"]), (0, [], []))

    def test_unknown_architecture(self):
        self.change(b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0lxama")
        self.expect_container("no map knows the architecture `lxama'")

    def test_no_architecture(self):
        self.change(b"general.architecture", b"general.architexture")
        self.expect_container("it has no general.architecture")

    def test_no_layers(self):
        self.change(b"llama.block_count", b"llama.block_cxunt")
        self.expect_container("num_hidden_layers is not there")

    def test_unknown_tensor(self):
        self.change(b"blk.3.ffn_up.weight", b"blk.3.ffn_xp.weight")
        self.expect_container("not blk.{n}.ffn_xp.weight")

    def test_changed_value(self):
        """Heads of a width that is not what the rotary embeddings have."""
        key = b"llama.rope.dimension_count\x04\0\0\0"
        self.change(key + b"\x20", key + b"\x10")
        self.expect_container("llama.rope.dimension_count would come back as another value")

    def test_tokenizer(self):
        self.change(b"\x05\0\0\0\0\0\0\0gpt-2", b"\x05\0\0\0\0\0\0\0gpt-x")
        self.expect_container("no structure is known for the pre-tokenizer `gpt-x`")
        shutil.rmtree(self.dir / "out")
        path, warnings = self.convert("--tokenizer", "none")
        self.assertEqual((path.is_dir(), warnings), (True, []))
        self.assertFalse([n for n in os.listdir(path) if "tokenizer" in n])

    def test_metadata_without_a_place(self):
        self.change(b"llama.vocab_size", b"llama.vocab_sxze")
        path, warnings = self.convert()
        self.assertTrue(path.is_dir())
        self.assertEqual(warnings, ["metadata that a Hugging Face folder has no place for is left "
                                    "out: llama.vocab_sxze"])

    def test_as_container(self):
        self.expect_container(None, "--as-container")
        shutil.rmtree(self.dir / "out")
        (self.dir / "tiny.pare").write_text("option as_container yes\n")
        self.expect_container(None)

    def test_weights_that_nothing_tells_of(self):
        tensors = ["layers.%d.%s.weight" % (i, x) for i in range(3) for x in ("up", "down")]
        said = {name: {"dtype": "F32", "shape": [4], "data_offsets": [16 * i, 16 * i + 16]}
                for i, name in enumerate(tensors)}
        text = json.dumps(said).encode()
        data = struct.pack("<Q", len(text)) + text + bytes(16 * len(tensors))
        (self.dir / "bare.safetensors").write_bytes(data)
        folder = self.dir / "folder"
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(data)
        for source in ("bare.safetensors", "folder"):
            said = self.pare("convert", source, "--to", "gguf:f32", "-o", "out", status=1).stderr
            for part in ("there is no config.json", "layers.{n}.up.weight, layers.{n}.down.weight",
                         "pare-architecture(5)", "--as-container"):
                self.assertIn(part, said)
            self.pare("convert", source, "--to", "safetensors:f16", "-o", "out")
            done = self.pare("convert", source, "--to", "gguf:f32", "-o", "out", "--as-container",
                             "-q")
            self.assertEqual(done.stderr, "")
        done = self.pare("convert", "out/bare-F32.gguf", "--to", "safetensors:f32", "-o", "out",
                         "-q")
        self.assertEqual(done.stderr, "")  # it is a container by its own words


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
