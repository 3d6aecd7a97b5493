# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Folders of several GGUF files as seeds for the reader's fuzz target: models beside projectors,
adapters, control vectors and importance data, in several precisions, split, or of different models.
Same interface as tests/formats/*/gguf_cases.py."""
import os

from gguf_build import STRING, U16, I32, Gguf, Tensor, kv

LLAMA = [kv("general.architecture", STRING, "llama")]


def model(kind=1, entries=(), rows=4, name="a.weight"):
    return Gguf(LLAMA + list(entries), [Tensor(name, [32, rows], kind)]).build()


def other(kind, architecture="clip"):
    return Gguf([kv("general.architecture", STRING, architecture), kv("general.type", STRING, kind)],
                [Tensor("v.weight", [32, 2], 1)]).build()


def shard(i, n):
    return model(1, [kv("split.no", U16, i), kv("split.count", U16, n),
                     kv("split.tensors.count", I32, n)], name=f"t{i}.weight")


COLLECTIONS = {
    "projector": {"m.gguf": model(), "mmproj-m.gguf": other("mmproj")},
    "projectors": {"p1.gguf": other("mmproj"), "p2.gguf": other("mmproj")},
    "precisions": {"m-q8.gguf": model(8), "m-f16.gguf": model(1), "m-f32.gguf": model(0),
                   "imatrix.gguf": other("imatrix", "imatrix")},
    "different": {"a.gguf": model(), "b.gguf": model(rows=5)},
    "adapters": {"m.gguf": model(), "lora.gguf": other("adapter", "llama"),
                 "cv.gguf": other("control_vector", "controlvector")},
    "adapter": {"lora.gguf": other("adapter", "llama"), "x.txt": b"x"},
    "vectors": {"cv.gguf": other("control_vector", "controlvector")},
    "split": {f"m-0000{i + 1}-of-00002.gguf": shard(i, 2) for i in range(2)},
    "split-beside": {**{f"m-0000{i + 1}-of-00002.gguf": shard(i, 2) for i in range(2)},
                     "m-q8.gguf": model(8)},
    "missing": {"m-00001-of-00003.gguf": shard(0, 3), "m-00003-of-00003.gguf": shard(2, 3)},
    "checkpoint": {"m.gguf": model(1), "model.safetensors": b"\x02" + bytes(7) + b"{}",
                   "config.json": b"{}", "pytorch_model.bin": b"PK\x03\x04", "README.md": b"# m"},
    "foreign": {"m.gguf": model(0), "m.onnx": b"onnx", "m.pth": b"PK", "model.h5": b"\x89HDF"},
    "broken": {"m.gguf": model()[:40], "n.gguf": model()},
    "many": {f"m{'x' * 40}{i}.gguf": model(8) for i in range(20)},
}


def generate(folder):
    for name, files in COLLECTIONS.items():
        os.mkdir(os.path.join(folder, name))
        for file, data in files.items():
            with open(os.path.join(folder, name, file), "wb") as f:
                f.write(data)
        yield {"id": name, "path": name}
