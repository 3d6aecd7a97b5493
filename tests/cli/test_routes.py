#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""What targets are made from: one job with targets under GGUF's names and under the source's own,
unpacked checkpoints, and comparisons across both. Expected bytes are made here, not by Pare.

Usage: test_routes.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES, PARE_ARCHITECTURES and
PARE_WORKER set).
"""
import hashlib
import json
import os
import pathlib
import random
import struct
import sys
import unittest

import program
from program import DATA

HIDDEN, HEADS, FFN, VOCAB = 64, 4, 96, 40
CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": HIDDEN,
          "num_hidden_layers": 1, "num_attention_heads": HEADS, "num_key_value_heads": HEADS,
          "intermediate_size": FFN, "vocab_size": VOCAB, "rms_norm_eps": 1e-05,
          "max_position_embeddings": 32, "tie_word_embeddings": False}
LAYER = "model.layers.0."
SHAPES = {"model.embed_tokens.weight": (VOCAB, HIDDEN), "lm_head.weight": (VOCAB, HIDDEN),
          "model.norm.weight": (HIDDEN,), LAYER + "input_layernorm.weight": (HIDDEN,),
          LAYER + "post_attention_layernorm.weight": (HIDDEN,),
          **{f"{LAYER}self_attn.{x}_proj.weight": (HIDDEN, HIDDEN) for x in "qkvo"},
          LAYER + "mlp.gate_proj.weight": (FFN, HIDDEN), LAYER + "mlp.up_proj.weight": (FFN, HIDDEN),
          LAYER + "mlp.down_proj.weight": (HIDDEN, FFN)}


def write_safetensors(path, tensors, shapes):
    header, at = {}, 0
    for name, data in tensors.items():
        header[name] = {"dtype": "BF16", "shape": shapes[name], "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(tensors.values()))


def bf16(count, seed):
    """Bytes of so many values of middling size."""
    source = random.Random(seed)
    return b"".join(struct.pack("<f", source.gauss(0, 1))[2:] for _ in range(count))


def permuted(data):
    """Halves of each head's rows, interleaved."""
    width, size = HIDDEN * 2, HIDDEN // HEADS
    rows = [data[i * width:(i + 1) * width] for i in range(HIDDEN)]
    order = [h * size + j % 2 * (size // 2) + j // 2 for h in range(HEADS) for j in range(size)]
    return b"".join(rows[i] for i in order)


class Test(program.Program):
    def setUp(self):
        super().setUp()
        self.model = self.dir / "small"
        self.model.mkdir()
        self.tensors = {}
        for name, shape in SHAPES.items():
            count = shape[0] * (shape[1] if len(shape) > 1 else 1)
            self.tensors[name] = bf16(count, name)
        write_safetensors(self.model / "model.safetensors", self.tensors, SHAPES)
        (self.model / "config.json").write_text(json.dumps(CONFIG))

    def convert(self, *targets, source="small", out="out", more=()):
        wanted = [x for target in targets for x in ("--to", target)]
        self.pare("convert", source, *wanted, "--tokenizer", "none", "-o", out, *more)
        return [json.loads(p.read_text())
                for p in sorted((self.dir / out).glob("*.pare.json"))]

    def read(self, path):
        """Bytes of each tensor, by where `pare inspect` says that they are."""
        model = json.loads(self.pare("inspect", path, "--tensors", "--json").stdout)
        data = pathlib.Path(self.dir / path).read_bytes() if (self.dir / path).is_file() else None
        return {t["name"]: (t["encoding"], t["shape"], data and
                            data[t["offset"]:t["offset"] + t["bytes"]]) for t in model["tensors"]}

    def test_one_job_many_routes(self):
        manifests = self.convert("gguf:bf16", "safetensors:bf16", "gguf:q8_0", "gguf:f32")
        self.assertEqual(len(manifests), 4)
        maps = {m["target"]["format"] + m["target"]["recipe"]: m["target"]["map"]
                for m in manifests}
        self.assertEqual(maps, {"ggufbf16": "llama", "ggufq8_0": "llama", "gguff32": "llama",
                                "safetensorsbf16": None})
        for m in manifests:
            files = {f["name"]: f["sha256"] for f in m["source"]["files"]}
            for name in ("model.safetensors", "config.json"):
                digest = hashlib.sha256((self.model / name).read_bytes()).hexdigest()
                self.assertEqual(files[name], digest)
        sources = {t["name"]: t["source"] for t in manifests[0]["tensors"]}
        self.assertEqual(sources["blk.0.attn_q.weight"], LAYER + "self_attn.q_proj.weight")
        gguf = self.read("out/small-BF16.gguf")
        for theirs, ours in (("attn_q", "q"), ("attn_k", "k")):
            self.assertEqual(gguf[f"blk.0.{theirs}.weight"],
                             ("bf16", [HIDDEN, HIDDEN],
                              permuted(self.tensors[f"{LAYER}self_attn.{ours}_proj.weight"])))
        self.assertEqual(gguf["blk.0.ffn_down.weight"][2],
                         self.tensors[LAYER + "mlp.down_proj.weight"])
        norm = self.tensors["model.norm.weight"]
        self.assertEqual(gguf["output_norm.weight"][2],
                         b"".join(b"\0\0" + norm[i:i + 2] for i in range(0, len(norm), 2)))
        # the folder has the source's names and bytes
        folder = self.read("out/small-BF16/model.safetensors")
        self.assertEqual({n: t[2] for n, t in folder.items()}, self.tensors)

    def test_quantized_from_either_world(self):
        self.convert("gguf:bf16", "gguf:q8_0")
        self.convert("gguf:q8_0", source="out/small-BF16.gguf", out="again")
        a, b = self.read("out/small-Q8_0.gguf"), self.read("again/small-BF16-Q8_0.gguf")
        self.assertEqual(a, b)
        self.assertEqual(a["blk.0.attn_q.weight"][0], "q8_0")

    def test_compare_across_names(self):
        self.convert("gguf:f32", "gguf:q8_0")
        exact = json.loads(self.pare("compare", "small", "out/small-F32.gguf", "--json").stdout)
        self.assertEqual((exact["total"]["rmse"], exact["only_a"], exact["only_b"]), (0, [], []))
        self.assertEqual((exact["a"]["map"], exact["b"]["map"]), ("llama", ""))
        turned = json.loads(self.pare("compare", "out/small-Q8_0.gguf", "small", "--json").stdout)
        self.assertEqual((turned["only_a"], turned["only_b"]), ([], []))
        self.assertGreater(turned["total"]["sqnr_db"], 40)

    def test_as_container(self):
        m = self.convert("gguf:bf16", more=("--as-container",))[0]
        self.assertIsNone(m["target"]["map"])
        self.assertEqual({n: t[2] for n, t in self.read("out/small-BF16.gguf").items()},
                         self.tensors)

    def test_inspect_tells_the_map(self):
        self.assertRegex(self.pare("inspect", "small").stdout, r"map to GGUF +llama\n")
        config = dict(CONFIG, architectures=["NobodyKnowsForCausalLM"], model_type="nobody_knows")
        (self.model / "config.json").write_text(json.dumps(config))
        said = json.loads(self.pare("inspect", "small", "--json").stdout)["map"]
        self.assertIsNone(said["name"])
        self.assertIn("NobodyKnowsForCausalLM", said["problem"])
        self.assertIn("model.layers.{n}.self_attn.q_proj.weight", said["problem"])
        os.remove(self.model / "config.json")
        self.assertIsNone(json.loads(self.pare("inspect", "small", "--json").stdout)["map"])

    def test_options(self):
        """What is neither true nor false is refused, not guessed."""
        recipes = self.dir / "recipes"
        recipes.mkdir()
        self.env["PARE_RECIPES"] = "%s:%s" % (recipes, self.env["PARE_RECIPES"])
        for option in ("as_container", "keep_split"):
            (recipes / "odd.recipe").write_text("title odd\ndescription odd\noption %s maybe\n"
                                                "default f32\n" % option)
            done = self.pare("convert", "tiny.gguf", "--to", "gguf:odd", "-o", "odd", status=2)
            self.assertIn("%s must be true or false, and it is `maybe`" % option, done.stderr)
        for word, name in (("on", "tensor-container"), ("off", "llama")):
            (recipes / "odd.recipe").write_text("title odd\ndescription odd\noption as_container "
                                                "%s\ndefault f32\n" % word)
            self.pare("convert", "small", "--to", "gguf:odd", "-o", word, "--tokenizer", "none", "-q")
            said = json.loads(self.pare("inspect", next((self.dir / word).glob("*.gguf")),
                                        "--json").stdout)
            self.assertEqual(said["architecture"], name)

    def test_unpacked(self):
        packed = DATA / "packed/llama_gptq_4"
        manifests = self.convert("safetensors:f32", "safetensors:copy", source=packed)
        by_recipe = {m["target"]["recipe"]: m for m in manifests}
        tensor = by_recipe["f32"]["tensors"][0]
        self.assertIn("gptq", tensor["origin"])
        config = json.loads((self.dir / "out/llama_gptq_4-F32/config.json").read_text())
        self.assertNotIn("quantization_config", config)
        # a copy stays what it is, with all that describes it
        self.assertEqual((self.dir / "out/llama_gptq_4-COPY/config.json").read_bytes(),
                         (packed / "config.json").read_bytes())
        self.assertEqual({t["origin"] for t in by_recipe["copy"]["tensors"]}, {None})
        exact = json.loads(self.pare("compare", packed, "out/llama_gptq_4-F32", "--json").stdout)
        self.assertEqual((exact["total"]["rmse"], exact["only_a"], exact["only_b"]), (0, [], []))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
