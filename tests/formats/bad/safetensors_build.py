# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Builds safetensors files, good or bad, byte by byte, for the generators of test cases."""
import json
import os
import struct

ENTRY = '{"dtype":"U8","shape":[4],"data_offsets":[0,4]}'


def pack(header, data=b"", length=None):
    """A file: header text (str or bytes) and data; `length` overrides the true header length."""
    if isinstance(header, str):
        header = header.encode("utf-8")
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def model(tensors, size, metadata=None):
    """A file with these entries and `size` bytes of data."""
    header = {} if metadata is None else {"__metadata__": metadata}
    header.update(tensors)
    return pack(json.dumps(header), bytes(i % 256 for i in range(size)))


class Cases:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.list = []

    def file(self, case, code, text, data, name=None):
        path = os.path.join(self.folder, name or case + ".safetensors")
        with open(path, "wb") as f:
            f.write(data)
        self.list.append({"id": case, "path": path, "code": code, "text": text})

    def tree(self, case, code, text, files):
        path = os.path.join(self.folder, case)
        for name, data in files.items():
            full = os.path.join(path, name)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as f:
                f.write(data if isinstance(data, bytes) else json.dumps(data).encode())
        self.list.append({"id": case, "path": path, "code": code, "text": text})


SHARD_A = model({"a": entry("U8", [4], 0, 4)}, 4, {"format": "pt"})
SHARD_B = model({"b": entry("U8", [4], 0, 4)}, 4, {"format": "pt"})
ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
INDEX = "model.safetensors.index.json"


def index(weight_map, total=8):
    return {"metadata": {"total_size": total}, "weight_map": weight_map}
