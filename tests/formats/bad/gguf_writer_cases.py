# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Safetensors files for the GGUF writer: what GGUF has no room for is refused by name. Same
interface as gguf_cases.py; "mode" says that the model is written, too."""
import json
import os
import struct

SIZES = {"F32": 4, "I16": 2, "U8": 1, "BOOL": 1}


def safetensors(name, shape, dtype="F32", metadata=None):
    size = SIZES[dtype]
    for dim in shape:
        size *= dim
    header = {"__metadata__": metadata} if metadata else {}
    header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + bytes(size)


def cases():
    yield "W01-name", safetensors("n" * 64, [2]), "ENOTSUP", "its name has 64 bytes"
    yield "W02-name", safetensors("n" * 63, [2]), "OK", ""
    yield "W03-dims", safetensors("t", [2, 1, 1, 1, 2]), "ENOTSUP", \
        "tensor `t` has 5 dimensions, GGUF has room for 4"
    yield "W04-outer", safetensors("t", [1, 1, 2, 2, 2, 2]), "OK", ""
    yield "W05-empty", safetensors("t", [2, 0]), "ENOTSUP", "tensor `t` has no elements"
    yield "W06-scalar", safetensors("t", []), "OK", ""
    yield "W07-u8", safetensors("t", [4], "U8"), "ENOTSUP", "GGUF has no type for encoding u8"
    yield "W08-bool", safetensors("t", [4], "BOOL"), "ENOTSUP", "no type for encoding bool"
    yield "W09-i16", safetensors("t", [4], "I16"), "OK", ""
    yield "W10-format", safetensors("t", [4], metadata={"format": "pt", "k": "v"}), "OK", ""
    alignment = {"general.alignment": "32"}
    yield "W11-alignment", safetensors("t", [4], metadata=alignment), "EDATA", \
        "`general.alignment` must be a u32"
    shards = {"split.count": "2"}
    yield "W12-split", safetensors("t", [4], metadata=shards), "OK", ""


def generate(directory):
    """Writes all cases below a folder and returns them."""
    made = []
    for id, content, code, text in cases():
        path = os.path.join(directory, id + ".safetensors")
        with open(path, "wb") as f:
            f.write(content)
        made.append({"id": id, "path": path, "code": code, "text": text, "mode": "write"})
    return made
