# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Reads the file of rows that a converting worker writes, from its description in docs/protocol.md."""
import struct

FIGURES = ("rmse", "sqnr_db", "relative_error", "max_abs", "cosine", "weighted_relative_error",
           "weighted_sqnr_db", "seconds", "sse")
LATTICES = (None, "exact", "rounded")


class Bytes:
    """Takes numbers and texts off the front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def text(self, n):
        self.at += n
        return self.data[self.at - n:self.at].decode(errors="replace") or None


def read_row(data):
    b = Bytes(data)
    mask, n_dims, n_from, n_to, _, n_name, n_source, n_origin = b.take("IBBBBIII")
    elements, bytes_in, size, nonfinite, first, count = b.take("6Q")
    row = {"shape": list(b.take("%dQ" % n_dims)), "elements": elements, "bytes_in": bytes_in,
           "bytes": size, "nonfinite": nonfinite, "importance": bool(mask >> 16 & 1),
           "lattice": LATTICES[mask >> 17]}
    for i, name in enumerate(FIGURES):
        row[name] = b.take("d")[0] if mask >> i & 1 else None
    row["probe"] = {"first": first, "elements": count, "sse": float.hex(row.pop("sse"))}
    for name, n in (("name", n_name), ("source", n_source), ("origin", n_origin), ("from", n_from),
                    ("to", n_to)):
        row[name] = b.text(n)
    assert b.at == len(data), row
    return row


def read_rows(data):
    """A dictionary for each row."""
    b = Bytes(data)
    magic, version, zero, n, size = b.take("8sIIQQ")
    assert (magic, version, zero, size) == (b"PARErows", 1, 0, len(data) - b.at), data[:32]
    rows = []
    for _ in range(n):
        length = b.take("I")[0]
        rows.append(read_row(data[b.at:b.at + length]))
        b.at += length
    assert b.at == len(data)
    return rows
