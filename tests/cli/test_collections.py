#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Folders with more than one model, as people and publishers keep them: a model with its projector,
several quantizations of one model, a checkpoint beside a GGUF. The GGUF files are made byte by byte.

Usage: test_collections.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES, PARE_ARCHITECTURES and
PARE_WORKER set).
"""
import json
import pathlib
import sys
import unittest

import program

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "formats" / "bad"))
from gguf_build import F32, I32, STRING, U16, Gguf, Tensor, kv  # noqa: E402
from small_llama import make_folder  # noqa: E402

LLAMA = [kv("general.architecture", STRING, "llama"), kv("general.name", STRING, "Small")]


def model(kind=30, entries=(), size=32):
    """Two matrices of this type and a norm."""
    return Gguf(LLAMA + list(entries), [Tensor("token_embd.weight", [size, 4], kind),
                                        Tensor("blk.0.ffn_up.weight", [size, 8], kind),
                                        Tensor("output_norm.weight", [size])]).build()


def of_kind(architecture, kind):
    entries = [kv("general.architecture", STRING, architecture), kv("general.type", STRING, kind)]
    return Gguf(entries, [Tensor("v.weight", [32, 2], 1)]).build()


PROJECTOR = of_kind("clip", "mmproj")


class Test(program.Program):
    def put(self, folder, **files):
        path = self.dir / folder
        path.mkdir(exist_ok=True)
        for name, data in files.items():
            (path / (name.replace("__", "-") + ".gguf")).write_bytes(data)

    def convert(self, folder, *options, to="gguf:q8_0", status=0):
        return self.pare("convert", folder, "--to", to, "-o", "out", "-q", *options, status=status)

    def warnings(self, done, folder):
        start = f"pare: {folder}: warning: "
        return [line[len(start):] for line in done.stderr.splitlines() if line.startswith(start)]

    def census(self, path):
        said = json.loads(self.pare("inspect", path, "--json").stdout)
        return {t["encoding"] for t in said["census"]}

    def test_projector_is_carried(self):
        self.put("lm", model__f16=model(1), mmproj__model__f16=PROJECTOR, mmproj__bf16=PROJECTOR)
        told = ["`model-f16.gguf` is taken as the model; its projector is carried along as it is: "
                "`mmproj-bf16.gguf`, `mmproj-model-f16.gguf`"]
        self.assertEqual(self.warnings(self.convert("lm"), "lm"), told)
        out = self.dir / "out/lm-Q8_0"
        self.assertEqual(sorted(p.name for p in out.iterdir()),
                         ["lm-Q8_0.gguf", "mmproj-bf16.gguf", "mmproj-model-f16.gguf"])
        self.assertEqual((out / "mmproj-model-f16.gguf").read_bytes(), PROJECTOR)
        self.assertEqual(self.census("out/lm-Q8_0"), {"q8_0", "f32"})
        manifest = json.loads((self.dir / "out/lm-Q8_0.pare.json").read_text())
        self.assertEqual([f["name"] for f in manifest["output"]["files"]],
                         ["lm-Q8_0.gguf", "mmproj-bf16.gguf", "mmproj-model-f16.gguf"])
        self.assertEqual(manifest["warnings"], told)
        self.convert("lm", "--split-max-tensors", "2", to="gguf:q4_0")
        self.assertEqual(sorted(p.name for p in (self.dir / "out/lm-Q4_0").iterdir()),
                         ["lm-Q4_0-00001-of-00002.gguf", "lm-Q4_0-00002-of-00002.gguf",
                          "mmproj-bf16.gguf", "mmproj-model-f16.gguf"])

    def test_projector_alone(self):
        """Given by its name, or where nothing else is, it is converted itself."""
        self.put("p", mmproj=PROJECTOR)
        self.assertEqual(self.warnings(self.convert("p"), "p"), [])
        self.convert("p/mmproj.gguf")
        self.assertEqual(self.census("out/mmproj-Q8_0.gguf"), {"q8_0"})

    def test_most_precise_is_taken(self):
        self.put("many", m__Q4_0=model(2), m__Q8_0=model(8), m__F16=model(1), m__BF16=model(30),
                 m__lora=of_kind("llama", "adapter"), m__cv=of_kind("controlvector", "model"),
                 measured=of_kind("none", "imatrix"), vocab=Gguf(LLAMA, []).build())
        self.assertEqual(self.warnings(self.convert("many"), "many"), [
            "`m-F16.gguf` is taken as the model, since no other file of it is more precise; left "
            "out (the same model): `m-BF16.gguf`, `m-Q4_0.gguf`, `m-Q8_0.gguf`",
            "`m-F16.gguf` is taken as the model; left out (an adapter): `m-lora.gguf`",
            "`m-F16.gguf` is taken as the model; left out (importance data): `measured.gguf`",
            "`m-F16.gguf` is taken as the model; left out (a vocabulary): `vocab.gguf`",
            "`m-F16.gguf` is taken as the model; left out (a control vector): `m-cv.gguf`"])
        self.put("many", m__F32=model(0))
        self.assertIn("`m-F32.gguf` is taken", self.convert("many").stderr)

    def test_many_names(self):
        self.put("many", m=model(0), **{f"m__{i:02}": model(8) for i in range(20)})
        self.assertRegex(self.convert("many").stderr, r"`m-00\.gguf`, .*`m-07\.gguf` and 12 more\n")

    def test_split_among_others(self):
        """A split is one of the models, and all of it must be there."""
        def shard(name, no, entries=()):
            return Gguf(list(entries) + [kv("split.no", U16, no), kv("split.count", U16, 2),
                                         kv("split.tensors.count", I32, 3)],
                        [Tensor(n, d, k) for n, d, k in name]).build()
        first, second = [("token_embd.weight", [32, 4], 0)], [("blk.0.ffn_up.weight", [32, 8], 0),
                                                              ("output_norm.weight", [32], 0)]
        self.put("many", m__Q8_0=model(8), **{"m__F32__00001__of__00002": shard(first, 0, LLAMA)})
        self.assertIn("shard 2 of 2 is missing", self.convert("many", status=1).stderr)
        self.put("many", **{"m__F32__00002__of__00002": shard(second, 1)})
        self.assertEqual(self.warnings(self.convert("many"), "many"), [
            "`m-F32-00001-of-00002.gguf` is taken as the model, since no other file of it is more "
            "precise; left out (the same model): `m-Q8_0.gguf`"])
        self.put("many", **{"n__F32__00001__of__00002": shard(first, 0, LLAMA),
                            "n__F32__00002__of__00002": shard(second, 1)})
        self.assertIn("left out (the same model): `m-Q8_0.gguf`, `n-F32-00001-of-00002.gguf`",
                      self.convert("many").stderr)

    def test_models_of_their_own(self):
        other = Gguf([kv("general.architecture", STRING, "llama"),
                      kv("general.name", STRING, "Other")]).build()
        self.put("two", a=model(), b=other)
        self.assertIn("two: the folder has 2 GGUF files that are models of their own, not shards "
                      "of one: convert them one at a time: `a.gguf`, `b.gguf`\n",
                      self.convert("two", status=1).stderr)
        self.put("three", a=model(), b=model(size=64))
        self.assertIn("models of their own", self.convert("three", status=1).stderr)

    def test_merged_split(self):
        """llama-gguf-split leaves a split.count of 0 in what it has merged."""
        entries = [kv("split.no", U16, 0), kv("split.count", U16, 0),
                   kv("split.tensors.count", I32, 3), kv("a.real", F32, 0.5)]
        (self.dir / "merged.gguf").write_bytes(model(entries=entries))
        self.convert("merged.gguf")
        said = json.loads(self.pare("inspect", "out/merged-Q8_0.gguf", "--json").stdout)
        keys = [m["key"] for m in said["metadata"]]
        self.assertIn("a.real", keys)
        self.assertFalse([k for k in keys if k.startswith("split.")])

    def test_checkpoint_beside_gguf(self):
        """The more precise one is taken; of two alike the one that needs no map. No weights of the
        other are carried along."""
        make_folder(self.dir / "both")
        self.pare("convert", "both", "--to", "gguf:f32", "--tokenizer", "none", "-o", "made", "-q")
        self.pare("convert", "both", "--to", "gguf:q8_0", "--tokenizer", "none", "-o", "made", "-q")
        (self.dir / "made/both-Q8_0.gguf").rename(self.dir / "both/b-Q8_0.gguf")
        done = self.convert("both", "--tokenizer", "none", to="gguf:q4_0")
        self.assertEqual(self.warnings(done, "both")[0],
                         "`model.safetensors` (safetensors) is taken as the model; left out, since "
                         "no more precise: `b-Q8_0.gguf` (gguf)")
        (self.dir / "made/both-F32.gguf").rename(self.dir / "both/b-F32.gguf")
        done = self.convert("both", to="gguf:q8_0")
        self.assertEqual(self.warnings(done, "both"), [
            "`b-F32.gguf` is taken as the model, since no other file of it is more precise; left "
            "out (the same model): `b-Q8_0.gguf`",
            "`b-F32.gguf` (gguf) is taken as the model; left out, since no more precise: "
            "`model.safetensors` (safetensors)"])
        self.convert("both", "--as-container", to="safetensors:f16")
        out = self.dir / "out/both-F16"
        self.assertEqual([p.name for p in out.glob("*.gguf")], [])
        self.assertEqual([p.name for p in out.glob("*.safetensors")], ["model.safetensors"])
        self.assertNotEqual((out / "model.safetensors").read_bytes(),
                            (self.dir / "both/model.safetensors").read_bytes())

    def test_rival_that_is_not_whole(self):
        make_folder(self.dir / "both")
        weights = self.dir / "both/model.safetensors"
        whole = weights.read_bytes()
        self.put("both", b=model(1))
        weights.write_bytes(whole[:-100])
        self.assertIn("bytes, and the file has", self.convert("both", status=1).stderr)
        weights.write_bytes(b"no weights at all, but a text of some length")
        told = self.warnings(self.convert("both"), "both")
        self.assertEqual(len(told), 1)
        self.assertRegex(told[0], "^`b.gguf` \\(gguf\\) is taken as the model, not what there is "
                         "for safetensors: `model.safetensors`: not a safetensors file")

    def test_weights_in_other_formats(self):
        make_folder(self.dir / "hf")
        for name in ("training_args.bin", "optimizer.pt", "rng_state.pth"):
            (self.dir / "hf" / name).write_bytes(b"PK")
        self.assertEqual(self.convert("hf", "--tokenizer", "none").stderr, "")
        for name in ("pytorch_model.bin", "tf_model.h5"):
            (self.dir / "hf" / name).write_bytes(b"PK")
        self.assertEqual(self.warnings(self.convert("hf", "--tokenizer", "none"), "hf"), [
            "the safetensors weights are taken; 2 files of weights in other formats are left out: "
            "`pytorch_model.bin`"])
        self.put("gg", m=model())
        (self.dir / "gg/pytorch_model.bin").write_bytes(b"PK")
        (self.dir / "gg/named.bin").write_bytes(PROJECTOR)
        done = self.convert("gg", to="safetensors:f16")
        self.assertEqual(self.warnings(done, "gg")[:2], [
            "`m.gguf` is taken as the model; its projector is carried along as it is: `named.bin`",
            "`m.gguf` is taken as the model; 1 files of weights in other formats are left out: "
            "`pytorch_model.bin`"])
        self.assertFalse((self.dir / "out/gg-F16/pytorch_model.bin").exists())
        self.convert("gg")
        self.assertEqual(sorted(p.name for p in (self.dir / "out/gg-Q8_0").iterdir()),
                         ["gg-Q8_0.gguf", "named.bin"])
        (self.dir / "model.bin").write_bytes(model())
        self.convert("model.bin")

    def test_projector_beside_checkpoint(self):
        """However large it is, it is not the model; it goes along."""
        make_folder(self.dir / "hf")
        large = Gguf([kv("general.architecture", STRING, "clip")],
                     [Tensor("v.weight", [256, 1024], 0)]).build()
        self.put("hf", mmproj__F32=large, lora=of_kind("llama", "adapter"))
        done = self.convert("hf", "--tokenizer", "none", "--to", "safetensors:f16")
        self.assertIn("`model.safetensors` (safetensors) is taken as the model, not what there is "
                      "for gguf: `mmproj-F32.gguf` is a projector of a model that is in other "
                      "files of the folder", self.warnings(done, "hf"))
        for name, files in (("hf-Q8_0", ["hf-Q8_0.gguf", "mmproj-F32.gguf"]),
                            ("hf-F16", ["model.safetensors", "mmproj-F32.gguf"])):
            have = {p.name: p for p in (self.dir / "out" / name).iterdir()}
            self.assertEqual([f for f in files if f not in have], [], name)
            self.assertEqual(have["mmproj-F32.gguf"].read_bytes(), large)
            self.assertNotIn("lora.gguf", have)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
