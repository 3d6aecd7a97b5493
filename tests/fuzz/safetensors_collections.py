# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Folders of safetensors files as seeds for the reader's fuzz target: variants, weights in subfolders,
files that no index names, JSON that is nearly right. Same interface as
tests/formats/*/safetensors_cases.py."""
import json
import os
import struct


def weights(*names, metadata=None, raw=None):
    header, at = ({"__metadata__": metadata} if metadata else {}), 0
    for name in names:
        header[name] = {"dtype": "F16", "shape": [2, 4], "data_offsets": [at, at + 16]}
        at += 16
    text = raw or json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(at)


def index(**files):
    return json.dumps({"metadata": {"total_size": 32}, "weight_map": files}).encode()


A, B = weights("a"), weights("b")
SHARDS = {"model-00001-of-00002.safetensors": A, "model-00002-of-00002.safetensors": B}
MAP = index(a="model-00001-of-00002.safetensors", b="model-00002-of-00002.safetensors")
BAD_JSON = [b'{"\\u12', b'{"\\ud800"', b'{"a":-}', b'{"a":-Infinity}', b'{"a":NaN}', b'{"a":true}',
            b'{"a":tru}', b'{"a":false}', b'{"a":fals', b'{"a"}', b'{"a":1.}', b'{"a":1e}', b'{"a":01}',
            b'{"a":[1,2,]}', b'{"a":null}x', b'{"a":nul}', b'{"a":"\\x"}', b'{"a":\x01}', b'', b'{',
            b'{"a":{"b":[[[]]]}}', b'{"a":"\\u00e9\\n\\t"}', b'{"a":1', b'{"a":[', b'{"a":"b']
COLLECTIONS = {
    "variants": {"model.safetensors": A, "model.fp16.safetensors": A, "config.json": b"{}"},
    "below": {"unet/model.safetensors": A, "config.json": b"{}"},
    "nothing": {"config.json": b"{}", "README.md": b"x"},
    "two": {"x.safetensors": A, "y.safetensors": B},
    "stray": {**SHARDS, "model.safetensors.index.json": MAP, "extra.safetensors": weights("c"),
              "model.bin": b"x"},
    "no-index": SHARDS, "one-name": {"adapter_model.safetensors": A, "adapter_config.json": b"{}"},
    "index-of-another": {"model.safetensors": A, "model.safetensors.index.json": MAP},
    "conflict": {"model-00001-of-00002.safetensors": weights("a", metadata={"k": "1"}),
                 "model-00002-of-00002.safetensors": weights("b", metadata={"k": "2"}),
                 "model.safetensors.index.json": MAP},
    "metadata": {"model.safetensors": weights("a", metadata={"nul\0": "x\0y", "long": "x" * 70000,
                                                             "": "", "format": "pt"})},
    **{f"json{i}": {**SHARDS, "model.safetensors.index.json": text}
       for i, text in enumerate(BAD_JSON)},
    **{f"config{i}": {"model.safetensors": A, "config.json": text}
       for i, text in enumerate(BAD_JSON)},
    **{f"header{i}": {"model.safetensors": weights(raw=text or b" ")}
       for i, text in enumerate(BAD_JSON)},
}


def generate(folder):
    for name, files in COLLECTIONS.items():
        for file, data in files.items():
            path = os.path.join(folder, name, file)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(data)
        yield {"id": name, "path": name}
