# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Builds GGUF files byte by byte, right or wrong, from docs/formats/gguf.md alone.

A Gguf object holds raw key-value entries and tensors; build() puts them together. Whatever a case
wants to be wrong is an argument or an attribute; nothing is checked here.
"""
import struct

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
CODES = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "B",
         U64: "Q", I64: "q", F64: "d"}
# id: (elements of a block, bytes of a block)
TYPES = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
         10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
         16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18),
         21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4),
         27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66),
         39: (32, 17), 40: (64, 36), 41: (128, 18), 42: (64, 18)}


def u32(value):
    return struct.pack("<I", value & 0xFFFFFFFF)


def u64(value):
    return struct.pack("<Q", value & 0xFFFFFFFFFFFFFFFF)


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return u64(len(data)) + data


def element(kind, value):
    return string(value) if kind == STRING else struct.pack("<" + CODES[kind], value)


def kv(key, kind, value):
    """A single value."""
    return string(key) + u32(kind) + element(kind, value)


def array(key, kind, values):
    """An array of values."""
    data = b"".join(element(kind, v) for v in values)
    return string(key) + u32(ARRAY) + u32(kind) + u64(len(values)) + data


def pad(data, alignment):
    return data + bytes(-len(data) % alignment)


def pattern(n, seed=1):
    """n bytes without NaN or infinity in any float type: small positive exponents."""
    block = bytes(((i * 7 + seed) % 50) for i in range(64))
    return (block * (n // 64 + 1))[:n]


class Tensor:
    """A tensor info with its data. dims are in the file's order, row length first. Anything that
    is None is computed."""

    def __init__(self, name, dims, kind=0, data=None, offset=None, n_dims=None):
        self.name, self.dims, self.kind = name, dims, kind
        self.offset, self.n_dims = offset, n_dims
        self.data = pattern(self.size(), len(name)) if data is None else data

    def size(self):
        block, size = TYPES.get(self.kind, (1, 4))
        elements = 1
        for dim in self.dims:
            elements *= dim
        return elements // block * size

    def info(self, offset):
        n = len(self.dims) if self.n_dims is None else self.n_dims
        return (string(self.name) + u32(n) + b"".join(u64(d) for d in self.dims)
                + u32(self.kind) + u64(offset if self.offset is None else self.offset))


class Gguf:
    def __init__(self, entries=None, tensors=None, **other):
        self.entries = default_entries() if entries is None else entries
        self.tensors = default_tensors() if tensors is None else tensors
        self.magic = other.get("magic", b"GGUF")
        self.version = other.get("version", 3)
        self.alignment = other.get("alignment", 32)
        self.n_tensors = other.get("n_tensors", len(self.tensors))
        self.n_kv = other.get("n_kv", len(self.entries))
        self.tail = other.get("tail", True)  # pad the last tensor

    def header(self):
        out = self.magic + u32(self.version) + u64(self.n_tensors) + u64(self.n_kv)
        out += b"".join(self.entries)
        offset = 0
        parts = []
        for tensor in self.tensors:
            parts.append(tensor.info(offset))
            offset += len(tensor.data) + -len(tensor.data) % self.alignment
        return out + b"".join(parts)

    def build(self):
        out = [pad(self.header(), self.alignment)]
        for i, tensor in enumerate(self.tensors):
            last = i + 1 == len(self.tensors) and not self.tail
            out.append(tensor.data if last else pad(tensor.data, self.alignment))
        return b"".join(out)


def default_entries():
    return [kv("general.architecture", STRING, "llama"), kv("llama.block_count", U32, 1)]


def default_tensors():
    return [Tensor("token_embd.weight", [32, 4]), Tensor("output_norm.weight", [32]),
            Tensor("output.weight", [32, 4], 8)]


def split(no, count, total, tensors):
    """Shard `no` of `count`; only the first has the model's metadata."""
    entries = default_entries() if no == 0 else []
    entries += [kv("split.no", U16, no), kv("split.count", U16, count),
                kv("split.tensors.count", I32, total)]
    return Gguf(entries, tensors).build()
