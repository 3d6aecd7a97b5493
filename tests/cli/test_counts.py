#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Families that only the number of their tokens tells apart: Granite and SmolLM (49152), which begin
texts without a token, and Code Llama (32016), whose end of a turn is 32010. The folders are one
layer of zeros with a vocabulary of four tokens, the rest of which is padding.

Usage: test_counts.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES, PARE_ARCHITECTURES and
PARE_WORKER set).
"""
import json
import os
import struct
import sys
import unittest

import program

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from pare_run import Header  # noqa: E402

MODELS = {"llama": "LlamaForCausalLM", "granite": "GraniteForCausalLM", "qwen2": "Qwen2ForCausalLM",
          "qwen3": "Qwen3ForCausalLM"}
BOS, EOT = "tokenizer.ggml.add_bos_token", "tokenizer.ggml.eot_token_id"
WIDTH = 32
TEMPLATE = {"type": "TemplateProcessing", "pair": [], "special_tokens": {},
            "single": [{"Sequence": {"id": "A", "type_id": 0}},
                       {"SpecialToken": {"id": "<t>", "type_id": 0}}]}


def shapes(model, tokens):
    yield from (("model.embed_tokens.weight", [tokens, WIDTH]), ("model.norm.weight", [WIDTH]))
    names = ["self_attn.%s_proj" % c for c in "qkvo"]
    names += ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]
    norms = ["input_layernorm", "post_attention_layernorm"]
    if model == "qwen3":
        norms += ["self_attn.q_norm", "self_attn.k_norm"]
    for name in names:
        yield "model.layers.0.%s.weight" % name, [WIDTH, WIDTH]
    for name in norms:
        yield "model.layers.0.%s.weight" % name, [WIDTH]


class Test(program.Program):
    def make(self, model, tokens, template=None):
        folder = self.dir / "small"
        folder.mkdir()
        header, at = {}, 0
        for name, shape in shapes(model, tokens):
            n = 2 * shape[0] * (shape[1] if len(shape) > 1 else 1)
            header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [at, at + n]}
            at += n
        text = json.dumps(header).encode()
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(at))
        (folder / "config.json").write_text(json.dumps({
            "architectures": [MODELS[model]], "model_type": model, "hidden_size": WIDTH,
            "intermediate_size": WIDTH, "num_attention_heads": 1, "num_key_value_heads": 1,
            "head_dim": WIDTH, "num_hidden_layers": 1, "vocab_size": tokens,
            "tie_word_embeddings": True}))
        (folder / "tokenizer.json").write_text(json.dumps({
            "added_tokens": [{"id": 2, "content": "<s>", "special": True},
                             {"id": 3, "content": "<t>", "special": True}],
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False},
            "decoder": {"type": "ByteLevel"}, "post_processor": template,
            "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}))
        (folder / "tokenizer_config.json").write_text(json.dumps({
            "bos_token": "<s>", "eos_token": "<s>", "add_bos_token": True}))

    def convert(self, *options):
        """What the GGUF says of a token at the beginning and of an end of a turn."""
        self.pare("convert", "small", "--to", "gguf:f16", "-o", "out", "-q", *options)
        header = Header(str(self.dir / "out/small-F16.gguf"))
        header.f.close()
        return [header.metadata.get(key) for key in (BOS, EOT)]

    def expect(self, model, tokens, begins, ends, template=None, options=()):
        self.make(model, tokens, template)
        said = self.convert(*options)
        self.assertEqual(said, [begins and (7, begins == "yes"), ends and (4, ends)],
                         (model, tokens))

    def test_granite(self):
        self.expect("granite", 49152, "no", None)

    def test_smollm(self):
        self.expect("llama", 49152, "no", None)

    def test_qwen_of_that_size(self):
        self.expect("qwen2", 49152, "no", None)

    def test_code_llama(self):
        self.expect("llama", 32016, "yes", 32010)

    def test_code_llama_qwen3(self):
        self.expect("qwen3", 32016, "yes", 32010)

    def test_code_llama_that_tells(self):
        """A template that ends with another token than eos makes that one eos, and ends turns with
        the old one."""
        self.expect("llama", 32016, "yes", 2, TEMPLATE)

    def test_code_llama_without_tokenizer(self):
        self.expect("llama", 32016, None, None, options=("--tokenizer", "none"))

    def test_without_tokenizer(self):
        """Llama's family says so even then, as its converter does; others have nothing to say."""
        for model, begins in (("llama", "no"), ("granite", "no"), ("qwen2", None), ("qwen3", None)):
            with self.subTest(model):
                self.setUp()
                self.expect(model, 49152, begins, None, options=("--tokenizer", "none"))

    def test_one_more(self):
        for tokens in (32015, 32017):
            with self.subTest(tokens):
                self.setUp()
                self.expect("llama", tokens, "yes", None)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
