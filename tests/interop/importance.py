# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Importance matrices: reading both forms (docs/formats/imatrix.md), what llama-quantize makes of
them as a table for llama_quantize.c (see llama_imatrix.c), and random ones for any model. Single
precision is that of array and struct: every step rounds to 32 bits."""
import array
import os
import random
import struct
import sys

import pare_run

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "formats", "bad"))
import gguf_build  # noqa: E402
import imatrix_build  # noqa: E402
from gguf_build import STRING, U32, Gguf, Tensor, kv  # noqa: E402


def floats(data):
    values = array.array("f")
    values.frombytes(data)
    return values


def read_gguf(path):
    """({name: (sums, counts)}, dataset or None, chunks)"""
    header = pare_run.Header(path)
    size = {t[0]: 4 * dims_product(t[1]) for t in header.tensors}

    def tensor(name):
        return floats(pare_run.bytes_of(path, header, name)[:size[name]])

    stems = [t[0][:-8] for t in header.tensors if t[0].endswith(".in_sum2")]
    entries = {s: (tensor(s + ".in_sum2"), tensor(s + ".counts")) for s in stems}
    datasets = header.metadata["imatrix.datasets"][1]
    return entries, datasets[0] if datasets else None, header.metadata["imatrix.chunk_count"][1]


def dims_product(dims):
    n = 1
    for dim in dims:
        n *= dim
    return n


def mean(values, count):
    """Quotients of two floats: exact in double, but for the one rounding to single."""
    return array.array("f", [v / count for v in values])


def values_of_gguf(path):
    entries, dataset, chunks = read_gguf(path)
    out = {}
    for name, (sums, counts) in entries.items():
        row = len(sums) // len(counts)
        out[name] = array.array("f")
        for j, count in enumerate(counts):
            part = sums[j * row:(j + 1) * row]
            count = floats(struct.pack("f", int(count + 0.5)))[0]
            out[name] += mean(part, count) if count > 0 else array.array("f", [1] * row)
    return out, dataset, chunks


def values_of_legacy(path):
    with open(path, "rb") as f:
        data = f.read()
    at, out = 4, {}

    def number():
        nonlocal at
        at += 4
        return struct.unpack_from("<i", data, at - 4)[0]

    def take(n):
        nonlocal at
        at += n
        return data[at - n:at]

    for _ in range(struct.unpack_from("<i", data)[0]):
        name = take(number()).decode()
        ncall, nval = number(), number()
        values = floats(take(4 * nval))
        out[name] = mean(values, floats(struct.pack("f", ncall))[0]) if ncall > 0 else values
    chunks = number() if at < len(data) else 0
    dataset = take(number()).decode() if at < len(data) else None
    return out, dataset or None, chunks


def write_table(path, source, label):
    """Writes what llama_quantize --imatrix reads for an importance matrix that is called so."""
    with open(source, "rb") as f:
        is_gguf = f.read(4) == b"GGUF"
    values, dataset, chunks = (values_of_gguf if is_gguf else values_of_legacy)(source)

    def text(t):
        return struct.pack("i", len(t.encode())) + t.encode()

    with open(path, "wb") as f:
        f.write(struct.pack("i", len(values)))
        for name, numbers in values.items():
            f.write(text(name) + struct.pack("i", len(numbers)) + numbers.tobytes())
        f.write(text(label) + (text(dataset) if dataset is not None else struct.pack("i", -1)))
        f.write(struct.pack("i", chunks))
    return path


def random_entries(model, seed):
    """{name: (rows of sums, counts)} for a model's matrices; expert 1 has met nothing."""
    rng, out = random.Random(seed), {}
    for name, dims, _, _ in pare_run.Header(model).tensors:
        if len(dims) < 2 or name.startswith("token_embd"):
            continue
        matrices = dims[2] if len(dims) > 2 else 1
        counts = [0 if i == 1 else rng.randrange(1, 5000) for i in range(matrices)]
        rows = [[rng.lognormvariate(0, 2) * count for _ in range(dims[0])] for count in counts]
        out[name] = rows, counts
    return out


def write_gguf(path, entries, dataset="some text.txt", chunks=17):
    tensors = []
    for name, (rows, counts) in entries.items():
        flat = array.array("f", [v for row in rows for v in row])
        tensors.append(Tensor(name + ".in_sum2", [len(rows[0]), len(rows)], 0, flat.tobytes()))
        tensors.append(Tensor(name + ".counts", [1, len(rows)], 0,
                              array.array("f", counts).tobytes()))
    head = [kv("general.type", STRING, "imatrix"),
            gguf_build.array("imatrix.datasets", STRING, [dataset, "more"]),
            kv("imatrix.chunk_count", U32, chunks), kv("imatrix.chunk_size", U32, 512)]
    with open(path, "wb") as f:
        f.write(Gguf(head, tensors).build())
    return path


def write_legacy(path, entries, tail=b""):
    made = [imatrix_build.entry(name, [v for row in rows for v in row], ncall=3 + i % 5)
            for i, (name, (rows, _)) in enumerate(entries.items())]
    with open(path, "wb") as f:
        f.write(imatrix_build.imatrix(made, tail=tail))
    return path
