#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: make_models.py DIR [NAME...]

Makes small GGUF models with random weights, each for rules that no trained model at hand reaches.
llama.cpp quantizes them; it could not run them all, for tensors that no rule looks at are left
out. The same bytes on every run. Only Python's own library is needed.

  smol576    rows of 576 and 1536, a third of the heads for keys, tied: blocks of 256 do not fit
             the embedding, which serves as output (SmolLM2-135M's shapes, less layers)
  moe8       8 experts in one tensor each, a router, F32
  moe8rows   the same with rows of 288: q5_1 in the place of q5_k
  moe4       the same with 4, for which the rules differ
  tied       256 wide, BF16, without output matrix
  gqa8       16 heads on 2 keys, 9 layers: an eighth of the layers is a fraction
  deep80     80 layers, keys shared: taken for a Llama of 70B parameters; the rules' tensors only
  odd        rows that are no multiple of 32, nor is the output's; an array and odd names
"""
import array
import functools
import os
import random
import statistics
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "formats", "bad"))
import gguf_build  # noqa: E402
from gguf_build import BOOL, F32, I32, STRING, U32, Gguf, Tensor, kv  # noqa: E402

TYPE_F32, TYPE_F16, TYPE_BF16 = 0, 1, 30


def bell(n=65536):
    """n values of the standard normal distribution, evenly by rank."""
    normal = statistics.NormalDist()
    return [normal.inv_cdf((i + 0.5) / n) for i in range(n)]


BELL = bell()


@functools.cache
def table(kind, scale):
    """For each rank the value's bits in the type, as an integer."""
    values = [v * scale * (1 + abs(v) ** 3 / 50) for v in BELL]  # with some outliers
    if kind == TYPE_F16:
        return struct.unpack("<65536H", struct.pack("<65536e", *values))
    bits = struct.unpack("<65536I", struct.pack("<65536f", *values))
    return [b >> 16 for b in bits] if kind == TYPE_BF16 else bits


def weights(n, kind, rng):
    ranks = array.array("H", rng.randbytes(2 * n))
    scale = 0.01 * 2 ** (round(rng.uniform(0, 4) * 4) / 4) # few enough that tables are reused
    code = "I" if kind == TYPE_F32 else "H"
    return array.array(code, map(table(kind, scale).__getitem__, ranks)).tobytes()


class Maker:
    """Collects one model's tensors."""

    def __init__(self, name, kind):
        self.kind, self.rng = kind, random.Random(name)
        self.tensors = []

    def add(self, name, *dims, kind=None):
        kind = self.kind if kind is None else kind
        n = 1
        for dim in dims:
            n *= dim
        self.tensors.append(Tensor(name, list(dims), kind, weights(n, kind, self.rng)))

    def norm(self, name, width):
        self.add(name, width, kind=TYPE_F32)

    def layer(self, i, width, values, ffn, experts=0):
        block = "blk.%d." % i
        self.norm(block + "attn_norm.weight", width)
        self.add(block + "attn_q.weight", width, width)
        self.add(block + "attn_k.weight", width, values)
        self.add(block + "attn_v.weight", width, values)
        self.add(block + "attn_output.weight", width, width)
        self.norm(block + "ffn_norm.weight", width)
        tail, outer = ("_exps.weight", (experts,)) if experts else (".weight", ())
        if experts:
            self.add(block + "ffn_gate_inp.weight", width, experts, kind=TYPE_F32)
        self.add(block + "ffn_gate" + tail, width, ffn, *outer)
        self.add(block + "ffn_up" + tail, width, ffn, *outer)
        self.add(block + "ffn_down" + tail, ffn, width, *outer)


def entries(name, layers, width, heads, heads_kv, ffn, vocabulary, experts=0):
    """The least metadata with which llama.cpp quantizes."""
    out = [kv("general.architecture", STRING, "llama"), kv("general.name", STRING, name),
           kv("llama.context_length", U32, 128), kv("llama.embedding_length", U32, width),
           kv("llama.block_count", U32, layers), kv("llama.feed_forward_length", U32, ffn),
           kv("llama.attention.head_count", U32, heads),
           kv("llama.attention.head_count_kv", U32, heads_kv),
           kv("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
           kv("llama.rope.dimension_count", U32, width // heads)]
    if experts:
        out += [kv("llama.expert_count", U32, experts), kv("llama.expert_used_count", U32, 2)]
    tokens = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % i for i in range(256)]
    tokens = (tokens + ["t%d" % i for i in range(vocabulary)])[:vocabulary]
    kinds = [2, 3, 3] + [6] * 256 + [1] * vocabulary
    return out + [
        kv("tokenizer.ggml.model", STRING, "llama"),
        gguf_build.array("tokenizer.ggml.tokens", STRING, tokens),
        gguf_build.array("tokenizer.ggml.scores", F32, [-float(i) for i in range(vocabulary)]),
        gguf_build.array("tokenizer.ggml.token_type", I32, kinds[:vocabulary]),
        kv("tokenizer.ggml.bos_token_id", U32, 1), kv("tokenizer.ggml.eos_token_id", U32, 2),
        kv("tokenizer.ggml.add_bos_token", BOOL, 1)]


def make(name, kind, layers, width, heads, heads_kv, ffn, vocabulary=320, experts=0, output=True):
    m = Maker(name, kind)
    m.add("token_embd.weight", width, vocabulary)
    for i in range(layers):
        m.layer(i, width, width // heads * heads_kv, ffn, experts)
    m.norm("output_norm.weight", width)
    if output:
        m.add("output.weight", width, vocabulary)
    head = entries(name, layers, width, heads, heads_kv, ffn, vocabulary, experts)
    return Gguf(head, m.tensors)


def smol576():
    return make("smol576", TYPE_F16, 4, 576, 9, 3, 1536, output=False)


def moe8():
    return make("moe8", TYPE_F32, 2, 256, 8, 4, 256, experts=8)


def moe8rows():
    return make("moe8rows", TYPE_F16, 2, 288, 9, 3, 288, experts=8)


def moe4():
    return make("moe4", TYPE_F16, 3, 256, 8, 4, 256, experts=4)


def tied():
    return make("tied", TYPE_BF16, 3, 256, 8, 8, 512, output=False)


def gqa8():
    return make("gqa8", TYPE_F16, 9, 256, 16, 2, 256)


def deep80():
    m = Maker("deep80", TYPE_F16)
    m.add("token_embd.weight", 256, 64)
    for i in range(80):
        for part in ("attn_q", "attn_v", "ffn_down"):
            m.add("blk.%d.%s.weight" % (i, part), 256, 16)
    m.add("output.weight", 256, 64)
    return Gguf(entries("deep80", 80, 256, 8, 1, 256, 64), m.tensors)


def odd():
    model = make("odd", TYPE_F32, 3, 80, 4, 2, 224)
    m = Maker("odd's more", TYPE_F32)
    m.add("rope_freqs.weight", 10)
    m.add("blk.0.attn_q.bias", 80)
    m.add("blk.0.strange.weight", 96, 5)
    m.add("blk.1.strange", 256, 2)
    m.add("blk.1.cube.weight", 64, 3, 2)
    model.tensors += m.tensors
    model.entries.append(gguf_build.array("pare.test.numbers", F32, [0.5, -1.0]))
    model.n_tensors, model.n_kv = len(model.tensors), len(model.entries)
    return model


MODELS = {f.__name__: f for f in (smol576, moe8, moe8rows, moe4, tied, gqa8, deep80, odd)}


def write(directory, name):
    """The path of the model, written anew."""
    path = os.path.join(directory, name + ".gguf")
    with open(path, "wb") as f:
        f.write(MODELS[name]().build())
    return path


if __name__ == "__main__":
    for chosen in sys.argv[2:] or MODELS:
        print(write(sys.argv[1], chosen))
