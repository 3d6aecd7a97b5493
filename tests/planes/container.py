# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""The format of container.c."""
import struct

ENTRY = struct.Struct("<64s64sQQ8Q8Q8Q")
HEAD = 12


def write(path, tensors):
    """A file of F32 tensors: {name: (dims, weights)}."""
    head, data = b"PLNE" + struct.pack("<Q", len(tensors)), b""
    start = HEAD + ENTRY.size * len(tensors)
    for name, (dims, x) in tensors.items():
        plane = struct.pack("<%df" % len(x), *x)
        head += ENTRY.pack(name.encode(), b"f32", len(dims), 1, *dims, *[0] * (8 - len(dims)),
                           start + len(data), *[0] * 7, len(plane), *[0] * 7)
        data += plane
    with open(path, "wb") as file:
        file.write(head + data)


def read(path):
    """{name: (encoding, dims, [plane])}"""
    found = {}
    with open(path, "rb") as file:
        data = file.read()
    for i in range(struct.unpack_from("<Q", data, 4)[0]):
        name, encoding, n_dims, n_planes, *rest = ENTRY.unpack_from(data, HEAD + i * ENTRY.size)
        dims, offsets, lengths = rest[:n_dims], rest[8:8 + n_planes], rest[16:16 + n_planes]
        found[name.rstrip(b"\0").decode()] = (
            encoding.rstrip(b"\0").decode(), dims,
            [data[at:at + n] for at, n in zip(offsets, lengths)])
    return found
