#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""From a Hugging Face folder to a GGUF, as people do it: where it comes from, what it says of its
making, one file or several, and what is refused. The folder is a small Llama that is made here.

Usage: test_folder.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES, PARE_ARCHITECTURES and
PARE_WORKER set).
"""
import hashlib
import json
import os
import shutil
import sys
import unittest

import program
from program import MODEL

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from pare_run import Header  # noqa: E402
from small_llama import CONFIG, make_folder, shapes  # noqa: E402


class Test(program.Program):
    def setUp(self):
        super().setUp()
        make_folder(self.dir / "small")

    def convert(self, *options, source="small", to="gguf:f16", out="out", status=0):
        return self.pare("convert", source, "--to", to, "-o", out, "-q", *options, status=status)

    def metadata(self, path):
        header = Header(str(self.dir / path))
        header.f.close()
        return {key: value for key, (_, value) in header.metadata.items()}

    def test_provenance(self):
        self.convert("--tokenizer", "none")
        said = self.metadata("out/small-F16.gguf")
        for key, value in {"general.architecture": "llama", "general.type": "model",
                           "general.sampling.temp": 0.5, "general.name": "Small Llama v0.3",
                           "general.version": "v0.3", "general.organization": "Somebody",
                           "general.basename": "Small-Llama", "general.license": "apache-2.0,mit",
                           "general.base_model.count": 1, "general.tags": ["small"],
                           "general.base_model.0.name": "Larger Llama",
                           "general.size_label": "68K"}.items():
            self.assertEqual(said.get(key), value, key)

    def test_subfolders(self):
        """Side files one level down are the model's, weights there are not."""
        small = self.dir / "small"
        for name, data in {"1_Pooling/config.json": b"{}", "onnx/model.onnx": b"\x08\x07",
                           "original/consolidated.safetensors": b"no weights",
                           "original/params.json": b'{"dim": 1}', "a/b/config.json": b"{}"}.items():
            (small / name).parent.mkdir(parents=True, exist_ok=True)
            (small / name).write_bytes(data)
        self.convert("--tokenizer", "none", "--to", "safetensors:f16")
        self.assertIn("1_Pooling/config.json",
                      self.metadata("out/small-F16.gguf")["pare.source.files"])
        out = self.dir / "out/small-F16"
        self.assertEqual((out / "1_Pooling/config.json").read_bytes(), b"{}")
        self.assertEqual([p.name for p in out.iterdir() if p.is_dir()], ["1_Pooling"])
        manifest = json.loads((self.dir / "out/small-F16.pare.json").read_text())
        self.assertIn("1_Pooling/config.json", [f["name"] for f in manifest["output"]["files"]])
        self.pare("rebuild", "--out", "out", "--catalog", "new.db")

    def test_inspect(self):
        said = json.loads(self.pare("inspect", "small", "--json").stdout)
        self.assertEqual((said["architecture"], said["license"], said["map"]["name"]),
                         ("llama", "apache-2.0,mit", "llama"))
        self.assertRegex(self.pare("inspect", "small").stdout, r"(?m)^licence +apache-2.0,mit$")

    def test_pooling_that_is_missing(self):
        """A sentence encoder without the file that says how it pools is no sentence encoder."""
        config = {**CONFIG, "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2"}
        (self.dir / "small/config.json").write_text(json.dumps(config))
        (self.dir / "small/modules.json").write_text(
            '[{"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]')
        self.assertIn("names a folder for pooling, which has no config.json here",
                      self.convert("--tokenizer", "none", status=1).stderr)
        (self.dir / "small/1_Pooling").mkdir()
        said = self.dir / "small/1_Pooling/config.json"
        said.write_text('{"pooling_mode_max_tokens": true}')
        self.assertIn("GGUF has no word for",
                      self.convert("--tokenizer", "none", status=1).stderr)

    def test_stamp(self):
        """The digests are those of the files, in every output, and in the manifest."""
        self.convert("--tokenizer", "none", "--to", "gguf:q8_0")
        files = sorted(os.listdir(self.dir / "small"))
        digests = [hashlib.sha256((self.dir / "small" / name).read_bytes()).hexdigest()
                   for name in files]
        for recipe in ("f16", "q8_0"):
            path = "out/small-%s.gguf" % recipe.upper()
            said = self.metadata(path)
            manifest = json.loads((self.dir / (path + ".pare.json")).read_text())
            self.assertEqual(said["pare.source.files"], files)
            self.assertEqual(said["pare.source.sha256"], digests)
            self.assertEqual([f["sha256"] for f in manifest["source"]["files"]], digests)
            self.assertEqual(said["pare.recipe"], recipe)
            self.assertEqual(said["pare.map"], "llama")
            self.assertEqual(said["pare.source.name"], "small")
            version = self.pare("--version").stdout.split()[1]
            self.assertEqual(said["pare.version"], version)
        first = (self.dir / "out/small-Q8_0.gguf").read_bytes()
        self.convert("--tokenizer", "none", to="gguf:q8_0", out="again")
        self.assertEqual((self.dir / "again/small-Q8_0.gguf").read_bytes(), first)

    def test_no_stamp(self):
        """A GGUF made from one has the keys that llama-quantize writes, and a container none."""
        shutil.copy(MODEL, self.dir / "tiny.gguf")
        self.convert(source="tiny.gguf")
        self.convert("--as-container")
        for path in ("out/tiny-F16.gguf", "out/small-F16.gguf"):
            self.assertEqual([key for key in self.metadata(path) if key.startswith("pare.")], [])

    def test_split(self):
        """Several files hold what one would, the stamp in the first."""
        self.convert("--tokenizer", "none", to="gguf:q8_0", out="whole")
        self.convert("--tokenizer", "none", "--split-max-size", "30K", "--to", "safetensors:f16",
                     to="gguf:q8_0")
        shards = sorted(os.listdir(self.dir / "out/small-Q8_0"))
        self.assertGreater(len(shards), 2)
        first = self.metadata("out/small-Q8_0/" + shards[0])
        whole = self.metadata("whole/small-Q8_0.gguf")
        self.assertEqual({k: v for k, v in first.items() if not k.startswith("split.")}, whole)
        self.convert(source="out/small-Q8_0", to="gguf:copy", out="merged")
        total = [json.loads(self.pare("compare", "merged/small-Q8_0-COPY.gguf",
                                      "whole/small-Q8_0.gguf", "--json").stdout)["total"]]
        self.assertEqual(total[0].get("max_abs"), 0)
        folder = self.dir / "out/small-F16"
        index = json.loads((folder / "model.safetensors.index.json").read_text())
        self.assertGreater(len(set(index["weight_map"].values())), 2)
        self.assertEqual(sorted(index["weight_map"]), sorted(name for name, _ in shapes()))
        self.convert("--tokenizer", "none", source="out/small-F16", to="gguf:f16", out="from-f16")
        self.convert("--tokenizer", "none", to="gguf:f16", out="direct")
        done = self.pare("compare", "from-f16/small-F16-F16.gguf", "direct/small-F16.gguf",
                         "--json")
        self.assertEqual(json.loads(done.stdout)["total"].get("max_abs"), 0)

    def test_refused(self):
        done = self.convert(status=1)
        self.assertIn("tokenizer", done.stderr)
        config = {**CONFIG, "architectures": ["NobodysForCausalLM"], "model_type": "nobodys"}
        (self.dir / "small/config.json").write_text(json.dumps(config))
        done = self.convert("--tokenizer", "none", status=1)
        self.assertIn("NobodysForCausalLM", done.stderr)
        self.assertIn("model.layers.{n}.self_attn.q_proj.weight", done.stderr)
        self.assertIn("pare-architecture(5)", done.stderr)
        self.convert("--as-container", out="container")
        self.convert(to="safetensors:f16", out="container")
        self.assertFalse((self.dir / "out/small-F16.gguf").exists())

    def test_sidecar(self):
        """What options say, a file beside the folder can say as well, for the daemon too."""
        (self.dir / "small.pare").write_text("option tokenizer none\n")
        self.convert()
        self.assertIn("pare.map", self.metadata("out/small-F16.gguf"))
        (self.dir / "small.pare").write_text("option as_container yes\n")
        self.convert(out="container")
        self.assertNotIn("pare.map", self.metadata("container/small-F16.gguf"))

    def test_catalog(self):
        """The licence of the card is the model's."""
        self.convert("--tokenizer", "none")
        rows = json.loads(self.pare("query", "--json",
                                    "SELECT architecture, license FROM model").stdout)
        self.assertIn("apache-2.0,mit", json.dumps(rows))
        self.assertIn("llama", json.dumps(rows))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
