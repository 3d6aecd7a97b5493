# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""What the tests against llama.cpp share: our program, the models, and a look into GGUF files."""
import hashlib
import os
import struct
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DATA = os.path.join(ROOT, "tests", "data")
RECIPES = ["f32", "f16", "bf16", "q8_0", "q6_k", "q4_0", "q4_k_m", "mxfp4_moe"]

SEED = int(os.environ.get("PARE_TEST_SEED") or time.time())


def turn(items, no, share):
    """Every share-th of the items: others in each run, and for each no. PARE_TEST_ALL: all."""
    items = list(items)
    return items if os.environ.get("PARE_TEST_ALL") else items[(SEED + no) % share::share]


def say_seed():
    print("seed %d (PARE_TEST_SEED: this choice again; PARE_TEST_ALL=1: everything)" % SEED)


def models():
    """{name: path} of the real models at hand; PARE_TEST_MODELS names the folder of more."""
    more = os.environ.get("PARE_TEST_MODELS") or os.path.join(ROOT, "..", "shared", "models")
    found = {"tiny-llama": os.path.join(DATA, "tiny-llama.gguf"),
             "stories260K": os.path.join(more, "gguf", "stories260K.gguf")}
    return {name: path for name, path in found.items() if os.path.exists(path)}


def convert(pare, source, recipes, out, *options):
    """Runs `pare convert` into the folder `out`. ({recipe: path}, None), or (None, message)."""
    os.makedirs(out, exist_ok=True)
    command = [pare, "convert", source, "--out", out, "--quiet",
               "--catalog", os.path.join(out, "catalog.db"), *options]
    for recipe in recipes:
        command += ["--to", "gguf:" + recipe]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        return None, done.stderr.strip()
    stem = os.path.splitext(os.path.basename(source))[0]
    return {recipe: os.path.join(out, "%s-%s.gguf" % (stem, recipe.upper()))
            for recipe in recipes}, None


def digest(path):
    total = hashlib.sha256()
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            total.update(block)
    return total.hexdigest()


class Header:
    """Metadata and tensors of a GGUF file, read the simplest way."""
    SIZES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q",
             12: "d"}

    def __init__(self, path):
        with open(path, "rb") as f:
            self.f = f
            magic, version, n_tensors, n_kv = struct.unpack("<4sIQQ", f.read(24))
            assert magic == b"GGUF" and version == 3, path
            self.metadata = {}
            for _ in range(n_kv):
                key = self.string()
                kind = self.number("I")
                self.metadata[key] = (kind, self.value(kind))
            self.tensors = [self.tensor() for _ in range(n_tensors)]
            alignment = self.metadata.get("general.alignment", (4, 32))[1]
            self.data = f.tell() + -f.tell() % alignment
        ends = [t[3] for t in self.tensors[1:]] + [os.path.getsize(path) - self.data]
        self.ranges = {t[0]: (self.data + t[3], self.data + end)
                       for t, end in zip(self.tensors, ends)}

    def number(self, code):
        return struct.unpack("<" + code, self.f.read(struct.calcsize(code)))[0]

    def string(self):
        return self.f.read(self.number("Q")).decode()

    def value(self, kind):
        if kind == 8:
            return self.string()
        if kind == 9:
            element, n = self.number("I"), self.number("Q")
            return [self.value(element) for _ in range(n)]
        return self.number(self.SIZES[kind])

    def tensor(self):
        """(name, dims, type, offset)"""
        name = self.string()
        dims = tuple(self.number("Q") for _ in range(self.number("I")))
        return name, dims, self.number("I"), self.number("Q")


def bytes_of(path, header, tensor):
    """The tensor's bytes, with its padding."""
    start, end = header.ranges[tensor]
    with open(path, "rb") as f:
        f.seek(start)
        return f.read(end - start)
