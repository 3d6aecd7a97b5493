#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Quantized checkpoints of Llamas, all the way to GGUF: of each layout one small model, whose F16
file must have GGUF's names and the weights that the codes stand for, rows permuted as the map says;
to quantize them again is refused without --allow-requantize, and done with it.

Usage: packed_gguf.py PARE (with PARE_PLUGINS, PARE_RECIPES, PARE_ARCHITECTURES and PARE_WORKER).
"""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))

import pare_run
from packed_model import (Model, awq, bnb_4bit, bnb_int8, ct_int8, ct_packed, fp8, gptq, mlx,
                          mxfp4, nvfp4)

PARE = os.path.abspath(sys.argv[1])
WIDTH, HEADS, KEYS, INNER, VOCABULARY = 64, 4, 2, 96, 40
LAYER = "model.layers.0."
MATRICES = {"self_attn.q_proj": ("attn_q", WIDTH, WIDTH, HEADS),
            "self_attn.k_proj": ("attn_k", WIDTH // 2, WIDTH, KEYS),
            "self_attn.v_proj": ("attn_v", WIDTH // 2, WIDTH, 0),
            "self_attn.o_proj": ("attn_output", WIDTH, WIDTH, 0),
            "mlp.gate_proj": ("ffn_gate", INNER, WIDTH, 0),
            "mlp.up_proj": ("ffn_up", INNER, WIDTH, 0),
            "mlp.down_proj": ("ffn_down", WIDTH, INNER, 0)}
KEPT = {"model.embed_tokens.weight": ("token_embd.weight", [VOCABULARY, WIDTH]),
        "lm_head.weight": ("output.weight", [VOCABULARY, WIDTH]),
        "model.norm.weight": ("output_norm.weight", [WIDTH]),
        LAYER + "input_layernorm.weight": ("blk.0.attn_norm.weight", [WIDTH]),
        LAYER + "post_attention_layernorm.weight": ("blk.0.ffn_norm.weight", [WIDTH])}
META = {"general.architecture": "llama", "llama.block_count": 1, "llama.embedding_length": WIDTH,
        "llama.attention.head_count": HEADS, "llama.attention.head_count_kv": KEYS,
        "llama.feed_forward_length": INNER, "llama.rope.dimension_count": WIDTH // HEADS}


def group(weights):
    return {"group_0": {"targets": ["Linear"], "weights": weights}}


def compressed(kind, **weights):
    return {"quant_method": "compressed-tensors", "format": kind, "config_groups": group(weights)}


def mx(m, layer, out, inn):
    mxfp4(m, layer + ".weight_packed", layer + ".weight_scale", layer + ".weight", [out, inn], "U8")
    # Weights of ordinary size, which F16 holds: exponents of 2^-10 to 2^-3.
    name, kind, shape, data = m.get(layer + ".weight_scale")
    scales = bytes(117 + x % 8 for x in data)
    m.change(name, data=scales)
    blocks = bytearray(m.expected[layer + ".weight"][2])
    blocks[::17] = scales
    m.expected[layer + ".weight"] = ("mxfp4", [out, inn], bytes(blocks), "-")


# name: (quantization_config, how a matrix is made, what it is said to have been)
LAYOUTS = {
    "fp8-blocks": ({"quant_method": "fp8", "weight_block_size": [16, 32]},
                   lambda m, layer, out, inn: fp8(m, layer + ".weight", out, inn, (16, 32),
                                                  "_scale_inv", ""), "fp8"),
    "ct-int4": (compressed("pack-quantized", num_bits=4, group_size=16), lambda m, layer, out, inn:
                ct_packed(m, layer, out, inn, 4, 16), "compressed-tensors int4 g16"),
    "ct-int8": (compressed("int-quantized", num_bits=8), ct_int8, "compressed-tensors int8 rows"),
    "ct-fp8": (compressed("float-quantized", num_bits=8, type="float"), lambda m, layer, out, inn:
               fp8(m, layer + ".weight", out, inn, (1, inn), "_scale", ""),
               "compressed-tensors fp8"),
    "ct-mxfp4": (compressed("mxfp4-pack-quantized", num_bits=4, type="float", group_size=32), mx,
                 "mxfp4"),
    "gptq": ({"quant_method": "gptq", "bits": 4, "group_size": 16, "desc_act": True},
             lambda m, layer, out, inn, group=16: gptq(
                 m, layer, out, inn, 4, group,
                 [c * 7 % inn // 16 for c in range(inn)] if group == 16 else None),
             "gptq int4 g16"),
    "awq": ({"quant_method": "awq", "bits": 4, "group_size": 16, "version": "gemm"},
            lambda m, layer, out, inn, group=16: awq(m, layer, out, inn, group), "awq int4 g16"),
    "bnb-nf4": ({"quant_method": "bitsandbytes", "load_in_4bit": True}, lambda m, layer, out, inn:
                bnb_4bit(m, layer + ".weight", out, inn, 64, nested=16), "bitsandbytes nf4 b64"),
    "bnb-int8": ({"quant_method": "bitsandbytes", "load_in_8bit": True}, bnb_int8,
                 "bitsandbytes int8 rows"),
    "mlx": ({"bits": 4, "group_size": 16},
            lambda m, layer, out, inn: mlx(m, layer, out, inn, 4, 16), "mlx int4 g16"),
    "modelopt": ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, lambda m, layer, out, inn:
                 nvfp4(m, layer + ".weight", layer + ".weight_scale", layer + ".weight_scale_2",
                       out, inn, False, ""), "modelopt nvfp4"),
}
# What cannot hold the weights exactly, as q5_0 (of rows too short for q4_k) holds MXFP4's.
AGAIN = {"ct-mxfp4": "q4_0"}
E2M1 = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
E2M1 += [0.0] + [-x for x in E2M1[1:]]  # minus zero is zero, as in ggml's table


def make(layout, group=None):
    """group: another size of groups, of GPTQ and AWQ."""
    config, matrix, _ = LAYOUTS[layout]
    if group:
        config = {**config, "group_size": group}
    m = Model({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": WIDTH,
               "num_hidden_layers": 1, "num_attention_heads": HEADS, "num_key_value_heads": KEYS,
               "intermediate_size": INNER, "vocab_size": VOCABULARY, "rms_norm_eps": 1e-05,
               "max_position_embeddings": 32,
               ("quantization" if layout == "mlx" else "quantization_config"): config})
    for name, (_, shape) in KEPT.items():
        n = shape[0] * (shape[1] if len(shape) > 1 else 1)
        m.keep(name, "BF16", shape, [m.random.randrange(-64, 64) / 64 for _ in range(n)])
    for name, (_, out, inn, _) in MATRICES.items():
        matrix(m, LAYER + name, out, inn, *[group] if group else [])
    return m


def floats(encoding, data):
    """What a tensor of the model stands for."""
    if encoding == "bf16":
        return [struct.unpack("<f", b"\0\0" + data[i:i + 2])[0] for i in range(0, len(data), 2)]
    if encoding == "f32":
        return list(struct.unpack("<%df" % (len(data) // 4), data))
    values = []
    for at in range(0, len(data), 17):
        scale, codes = 2.0 ** (data[at] - 127), data[at + 1:at + 17]
        values += [E2M1[c & 15] * scale for c in codes] + [E2M1[c >> 4] * scale for c in codes]
    return values


def permuted(values, width, heads):
    rows = [values[i:i + width] for i in range(0, len(values), width)]
    size = len(rows) // heads
    return [x for h in range(heads) for j in range(size)
            for x in rows[h * size + j % 2 * (size // 2) + j // 2]]


def expected(m):
    """{GGUF's name: (its type, bytes)} of the F16 file."""
    out = {}
    for name, (encoding, shape, data, _) in m.expected.items():
        values = floats(encoding, data)
        if name in KEPT:
            to = KEPT[name][0]
        else:
            short, _, inn, heads = MATRICES[name[len(LAYER):-len(".weight")]]
            to = "blk.0.%s.weight" % short
            values = permuted(values, inn, heads) if heads else values
        kind = 0 if len(shape) == 1 else 1
        out[to] = (kind, struct.pack("<%d%s" % (len(values), "ef"[kind == 0]), *values))
    return out


class Test(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="pare-packed-gguf-"))
        self.env = {**os.environ, "XDG_STATE_HOME": str(self.dir / "state"), "LC_ALL": "C.UTF-8"}

    def tearDown(self):
        shutil.rmtree(self.dir)

    def convert(self, recipe, *options, status=0):
        """Gives the file, or what was said."""
        done = subprocess.run([PARE, "convert", "m", "--to", "gguf:" + recipe, "-o", "out",
                               "--quiet", "--tokenizer", "none", *options], cwd=self.dir,
                              env=self.env, capture_output=True, text=True, timeout=100)
        self.assertEqual(done.returncode, status, done.stderr)
        made = self.dir / "out" / ("m-%s.gguf" % recipe.upper())
        self.assertEqual(made.exists(), status == 0)
        return made if status == 0 else done.stderr

    def check_f16(self, m):
        made = self.convert("f16")
        header = pare_run.Header(made)
        self.assertEqual({k: header.metadata[k][1] for k in META}, META)
        want, dims = expected(m), {t[0]: t[1] for t in header.tensors}
        self.assertEqual(dims["blk.0.attn_k.weight"], (WIDTH, WIDTH // 2))
        self.assertEqual({t[0]: t[2] for t in header.tensors},
                         {name: kind for name, (kind, _) in want.items()})
        for name, (_, data) in want.items():
            self.assertEqual(pare_run.bytes_of(made, header, name)[:len(data)], data, name)

    def check_again(self, origin, recipe):
        said = self.convert(recipe, status=1)
        self.assertRegex(said, r"tensor blk\.0\.\w+\.weight is quantized already, as " + origin)
        self.assertIn("adds error to error", said)
        self.assertIn("--allow-requantize", said)
        made = self.convert(recipe, "--allow-requantize")
        manifest = json.loads(pathlib.Path(str(made) + ".pare.json").read_text())
        tensors = {t["name"]: t for t in manifest["tensors"]}
        for _, (name, _, _, _) in MATRICES.items():
            tensor = tensors["blk.0.%s.weight" % name]
            self.assertIn(tensor["to"], ("q4_0", "q5_0", "q6_k", "q8_0"))
            self.assertTrue((tensor["origin"] or tensor["from"]).startswith(origin), tensor)

    def test_layouts(self):
        for layout, (_, _, origin) in LAYOUTS.items():
            with self.subTest(layout):
                for old in ("m", "out"):
                    shutil.rmtree(self.dir / old, ignore_errors=True)
                m = make(layout)
                m.write(self.dir / "m")
                self.check_f16(m)
                self.check_again(origin, AGAIN.get(layout, "q4_k_m"))

    def test_exact(self):
        """Codes of four bits and scales that are halves are no loss, and need no permission."""
        for layout, recipe in (("gptq", "q5_0"), ("awq", "q5_0")):
            with self.subTest(layout):
                for old in ("m", "out"):
                    shutil.rmtree(self.dir / old, ignore_errors=True)
                m = make(layout, 32)
                m.write(self.dir / "m")
                made = self.convert("f16", "--tensor",
                                    "/^blk.*(attn_[qkvo]|ffn).*weight$/=" + recipe)
                manifest = json.loads(pathlib.Path(str(made) + ".pare.json").read_text())
                exact = [t for t in manifest["tensors"] if t["lattice"] == "exact"]
                self.assertEqual({t["to"] for t in exact}, {recipe})
                self.assertEqual(len(exact), len(MATRICES))
                self.assertEqual({t["rmse"] for t in exact}, {0})


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
