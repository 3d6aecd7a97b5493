#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Checkpoints that were trained with quantization in the loop: Hugging Face folders of a Llama
whose matrices lie on a lattice, in F32 and BF16, become GGUF files whose codes decode to the source's
weights bit for bit, rows permuted as the map says; manifest, report and catalog say so. Decoded
here, by the pages of docs/formats/encodings, not by Pare.

Usage: test_qat.py PARE (with PARE_PLUGINS, PARE_RECIPES, PARE_ARCHITECTURES and PARE_WORKER set).
"""
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "interop"))

import pare_run
import small_llama

PARE = os.path.abspath(sys.argv[1])
HEADS = {"q_proj": 4, "k_proj": 2}
NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
         "mlp.down_proj": "ffn_down"}
E2M1 = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0]


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def half(x):
    return struct.unpack("<e", struct.pack("<e", x))[0]


def bf16(x):
    """To the nearest, ties to even."""
    bits = struct.unpack("<I", struct.pack("<f", x))[0]
    bits = bits + 0x7fff + (bits >> 16 & 1) & 0xffff0000
    return struct.unpack("<f", struct.pack("<I", bits))[0]


# ---- blocks of 32 weights: random ones, and what GGUF's bytes decode to

def scale(rng):
    return half(rng.uniform(0.002, 0.05)) * rng.choice((1, -1))


def random_q4_0(rng):
    d = scale(rng)
    return [f32(d * rng.randrange(-8, 8)) for _ in range(32)]


def random_q4_1(rng):
    d, low = abs(scale(rng)), half(-rng.uniform(0.01, 0.4))
    return [f32(f32(d * rng.randrange(16)) + low) for _ in range(32)]


def random_q8_0(rng):
    d = scale(rng)
    return [f32(d * rng.randrange(-127, 128)) for _ in range(32)]


def random_mxfp4(rng):
    unit = 2.0 ** rng.randrange(-9, -4)
    return [unit * rng.choice(E2M1) for _ in range(32)]


def random_int4(rng):
    """Zeros other than 8, with a scale of 16 bits: what GPTQ and AWQ store, decoded."""
    d, zero = abs(scale(rng)), rng.randrange(3, 13)
    return [f32(d * (rng.randrange(16) - zero)) for _ in range(32)]


def nibbles(data):
    return [b & 15 for b in data] + [b >> 4 for b in data]


def decode_q4_0(block):
    d = struct.unpack("<e", block[:2])[0]
    return [f32(d * (c - 8)) for c in nibbles(block[2:])]


def decode_q4_1(block):
    d, low = struct.unpack("<2e", block[:4])
    return [f32(f32(d * c) + low) for c in nibbles(block[4:])]


def decode_q5_0(block):
    d, high = struct.unpack("<eI", block[:6])
    return [f32(d * ((c | (high >> i & 1) << 4) - 16)) for i, c in enumerate(nibbles(block[6:]))]


def decode_q8_0(block):
    d, *codes = struct.unpack("<e32b", block)
    return [f32(d * c) for c in codes]


def decode_mxfp4(block):
    return [2.0 ** (block[0] - 127) * E2M1[c] for c in nibbles(block[1:])]


DECODERS = {"q4_0": (18, decode_q4_0), "q4_1": (20, decode_q4_1), "q5_0": (22, decode_q5_0),
            "q8_0": (34, decode_q8_0), "mxfp4": (17, decode_mxfp4)}
LATTICES = {"q4_0": random_q4_0, "q4_1": random_q4_1, "q8_0": random_q8_0, "mxfp4": random_mxfp4,
            "int4": random_int4}


def permuted(values, width, heads):
    rows = [values[i:i + width] for i in range(0, len(values), width)]
    size = len(rows) // heads
    return [x for h in range(heads) for j in range(size)
            for x in rows[h * size + j % 2 * (size // 2) + j // 2]]


class Test(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="pare-qat-"))
        self.env = {**os.environ, "XDG_STATE_HOME": str(self.dir / "state"), "LC_ALL": "C.UTF-8"}

    def tearDown(self):
        shutil.rmtree(self.dir)

    def pare(self, *args):
        done = subprocess.run([PARE, *map(str, args)], cwd=self.dir, env=self.env,
                              capture_output=True, text=True, timeout=100)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout + done.stderr

    def make(self, lattice, stored):
        """A folder with matrices of the layers on a lattice; gives {GGUF's name: weights}."""
        rng, block = random.Random(lattice), LATTICES[lattice]
        header, data, want = {}, b"", {}
        for name, shape in small_llama.shapes():
            short = next((s for s in NAMES if s in name), None)
            n = shape[0] * (shape[1] if len(shape) > 1 else 1)
            values = [x for _ in range(n // 32) for x in block(rng)] if short else \
                [rng.uniform(-1, 1) for _ in range(n)]
            values = [bf16(x) for x in values] if stored == "BF16" else values
            raw = struct.pack("<%df" % n, *values)
            if stored == "BF16":
                raw = b"".join(raw[i + 2:i + 4] for i in range(0, len(raw), 4))
            header[name] = {"dtype": stored, "shape": shape,
                            "data_offsets": [len(data), len(data) + len(raw)]}
            data += raw
            if short:
                heads = HEADS.get(short.split(".")[1])
                to = "blk.%s.%s.weight" % (name.split(".")[2], NAMES[short])
                want[to] = permuted(values, shape[1], heads) if heads else values
        folder = self.dir / "small"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        text = json.dumps(header).encode()
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
        (folder / "config.json").write_text(json.dumps(small_llama.CONFIG))
        return want

    def convert(self, recipe, *options):
        shutil.rmtree(self.dir / "out", ignore_errors=True)
        said = self.pare("convert", "small", "--to", "gguf:" + recipe, "-o", "out", "--quiet",
                         "--tokenizer", "none", *options)
        path = next((self.dir / "out").glob("*.gguf"))
        return path, json.loads(pathlib.Path(str(path) + ".pare.json").read_text()), said

    def check(self, lattice, stored, encoding, hold):
        """All matrices of the layers in an encoding that holds them; the rest as ever."""
        want = self.make(lattice, stored)
        options = ("--tensor", "/^blk.*(attn_[qkvo]|ffn).*weight$/=" + encoding)
        path, manifest, _ = self.convert("f16", *options)
        header = pare_run.Header(path)
        size, decode = DECODERS[encoding]
        for name, weights in want.items():
            data = pare_run.bytes_of(path, header, name)
            got = [x for i in range(len(weights) // 32)
                   for x in decode(data[i * size:i * size + size])]
            got = [bf16(x) for x in got] if stored == "BF16" else got
            self.assertEqual(got, weights, (name, lattice, stored))
        tensors = {t["name"]: t for t in manifest["tensors"]}
        self.assertEqual({tensors[name]["lattice"] for name in want}, {hold})
        self.assertEqual(manifest["lattice"][hold], len(want))
        self.assertEqual(manifest["target"]["map"], "llama")
        return len(want)

    def test_f32(self):
        for lattice, encoding in (("q4_0", "q4_0"), ("q4_1", "q4_1"), ("q8_0", "q8_0"),
                                  ("mxfp4", "mxfp4"), ("int4", "q5_0"), ("q4_0", "q8_0"),
                                  ("int4", "q8_0")):
            with self.subTest(lattice + " in " + encoding):
                self.check(lattice, "F32", encoding, "exact")

    def test_bf16(self):
        """Rounded to the floats of the source, the weights are the source's."""
        for lattice, encoding, hold in (("q4_0", "q4_0", "rounded"), ("q8_0", "q8_0", "rounded"),
                                        ("mxfp4", "mxfp4", "exact"), ("int4", "q5_0", "rounded")):
            with self.subTest(lattice + " in " + encoding):
                self.check(lattice, "BF16", encoding, hold)

    def test_recipe(self):
        """The recipe of that name; what it does with the head is only told."""
        want = self.make("q4_0", "F32")
        _, manifest, _ = self.convert("q4_0")
        exact = {t["name"] for t in manifest["tensors"] if t["lattice"] == "exact"}
        self.assertEqual(exact, set(want))
        self.assertEqual({t["rmse"] for t in manifest["tensors"] if t["name"] in exact}, {0})

    def test_records(self):
        n = self.check("q4_0", "F32", "q4_0", "exact")
        report = next((self.dir / "out").glob("*.pare.md")).read_text()
        self.assertIn("%d tensors lie on the lattice of their encoding and were carried over "
                      "exactly" % n, report)
        rows = json.loads(self.pare("query", "--json", "SELECT lattice_exact FROM conversion"))
        self.assertEqual(rows, [{"lattice_exact": n}])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
