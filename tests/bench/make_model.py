#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: make_model.py FILE BYTES [--sparse] [--tensors N] [--pieces N]

Makes a GGUF model of about so many bytes: F16, of Llama's shapes (width 2048, feed-forward 5632,
32 heads on 4 keys, 32,000 tokens), with as many layers as it takes. Weights are normally
distributed: pieces of one pool of 4 M, in random order. With --sparse they are a hole in the file,
all zeros. With --tensors 1 there is one matrix of 2048 columns; with 2, also one of a single row.
With --pieces the bytes are divided among N tensors of 256 columns, all of one kind, or among
vectors where there are fewer for each.
"""
import argparse
import array
import os
import random
import statistics
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "formats", "bad"))
import gguf_build  # noqa: E402
from gguf_build import F32, I32, STRING, U32, kv  # noqa: E402

WIDTH, FFN, VALUES, TOKENS = 2048, 5632, 256, 32000
LAYER = 2 * WIDTH * WIDTH + 2 * WIDTH * VALUES + 3 * WIDTH * FFN
POOL, PIECE = 1 << 22, 1 << 18
F16 = 1


def shapes(size):
    """[(name, dims, type)] of a model of about so many bytes."""
    layers = max(1, round((size / 2 - 2 * WIDTH * TOKENS) / LAYER))
    out = [("token_embd.weight", (WIDTH, TOKENS), F16)]
    for i in range(layers):
        block = "blk.%d." % i
        out += [(block + "attn_norm.weight", (WIDTH,), 0),
                (block + "attn_q.weight", (WIDTH, WIDTH), F16),
                (block + "attn_k.weight", (WIDTH, VALUES), F16),
                (block + "attn_v.weight", (WIDTH, VALUES), F16),
                (block + "attn_output.weight", (WIDTH, WIDTH), F16),
                (block + "ffn_norm.weight", (WIDTH,), 0),
                (block + "ffn_gate.weight", (WIDTH, FFN), F16),
                (block + "ffn_up.weight", (WIDTH, FFN), F16),
                (block + "ffn_down.weight", (FFN, WIDTH), F16)]
    out += [("output_norm.weight", (WIDTH,), 0), ("output.weight", (WIDTH, TOKENS), F16)]
    return layers, out


def few(size, n):
    """The same, of one or two tensors that share the bytes."""
    out = [("token_embd.weight", (WIDTH, size // 2 // n // WIDTH), F16)]
    if n == 2:
        out.append(("output.weight", (size // 2 // n // WIDTH * WIDTH, 1), F16))
    return 1, out


def pieces(size, n):
    """The same, of n equal tensors; those below 512 bytes are vectors of F32."""
    if size // n < 512:
        return 1, [("t%d" % i, (max(size // n // 32 * 8, 8),), 0) for i in range(n)]
    return 1, [("blk.%d.ffn_up.weight" % i, (256, size // 512 // n), F16) for i in range(n)]


def count(dims):
    n = 1
    for dim in dims:
        n *= dim
    return n


def metadata(layers):
    tokens = ["t%d" % i for i in range(TOKENS)]
    return [kv("general.architecture", STRING, "llama"), kv("general.name", STRING, "bench"),
            kv("llama.context_length", U32, 2048), kv("llama.embedding_length", U32, WIDTH),
            kv("llama.block_count", U32, layers), kv("llama.feed_forward_length", U32, FFN),
            kv("llama.attention.head_count", U32, 32), kv("llama.attention.head_count_kv", U32, 4),
            kv("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
            kv("llama.rope.dimension_count", U32, 64),
            kv("tokenizer.ggml.model", STRING, "llama"),
            gguf_build.array("tokenizer.ggml.tokens", STRING, tokens),
            gguf_build.array("tokenizer.ggml.scores", F32, [0.0] * TOKENS),
            gguf_build.array("tokenizer.ggml.token_type", I32, [1] * TOKENS)]


def header(entries, tensors):
    out = bytearray(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)))
    out += b"".join(entries)
    offset = 0
    for name, dims, kind in tensors:
        out += gguf_build.string(name) + struct.pack("<I", len(dims))
        out += struct.pack("<%dQIQ" % len(dims), *dims, kind, offset)
        offset += count(dims) * (2 if kind == F16 else 4)  # every size is a multiple of 32
    return gguf_build.pad(bytes(out), 32), offset


def pool(rng):
    """Bytes of POOL normally distributed halves, of the spread of a trained model."""
    normal = statistics.NormalDist(0, 0.02)
    ranks = [normal.inv_cdf((i + 0.5) / 65536) for i in range(65536)]
    bits = struct.unpack("<65536H", struct.pack("<65536e", *ranks))
    return array.array("H", map(bits.__getitem__, array.array("H", rng.randbytes(2 * POOL)))) \
        .tobytes()


def write_weights(f, dims, kind, halves, rng):
    n = count(dims)
    if kind != F16:
        f.write(struct.pack("<f", 1.0) * n)
        return
    while n:
        piece = min(n, PIECE)
        start = 2 * rng.randrange(POOL - piece + 1)
        f.write(halves[start:start + 2 * piece])
        n -= piece


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("bytes", type=int)
    parser.add_argument("--sparse", action="store_true")
    parser.add_argument("--tensors", type=int, choices=(1, 2))
    parser.add_argument("--pieces", type=int)
    options = parser.parse_args()
    layers, tensors = few(options.bytes, options.tensors) if options.tensors \
        else pieces(options.bytes, options.pieces) if options.pieces \
        else shapes(options.bytes)
    head, size = header(metadata(layers), tensors)
    rng = random.Random(1)
    with open(options.file, "wb") as f:
        f.write(head)
        if options.sparse:
            f.truncate(len(head) + size)
            return
        halves = pool(rng)
        for _, dims, kind in tensors:
            write_weights(f, dims, kind, halves, rng)


if __name__ == "__main__":
    main()
