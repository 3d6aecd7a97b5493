# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Builds legacy importance matrices byte by byte, right or wrong, from docs/formats/imatrix.md
alone. Nothing is checked here."""
import struct


def i32(value):
    return struct.pack("<i", value)


def entry(name, values, ncall=2, length=None, nval=None):
    """One entry; length and nval are what it says of itself."""
    data = name if isinstance(name, bytes) else name.encode()
    return (i32(len(data) if length is None else length) + data + i32(ncall)
            + i32(len(values) if nval is None else nval)
            + struct.pack("<%df" % len(values), *values))


def default_entries():
    return [entry("blk.0.attn_q.weight", [0.5, 1, 2, 0]),
            entry("blk.0.ffn_down.weight", [1, 3], ncall=7), entry("output.weight", [4], ncall=0)]


def trailer(chunks=7, dataset="wiki.test.raw"):
    data = dataset if isinstance(dataset, bytes) else dataset.encode()
    return i32(chunks) + i32(len(data)) + data


def imatrix(entries=None, n=None, tail=b""):
    entries = default_entries() if entries is None else entries
    return i32(len(entries) if n is None else n) + b"".join(entries) + tail
