# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: test_arrange.py PARE DATA. What strips.c beside this file asks of the host, byte by byte."""
import hashlib
import json
import math
import shutil
import struct
import unittest
import zlib

from program import DATA, Program

HEADER, RECORD = 128, "<128sII8QQQ64s8s128s31sB"


def make_source(path, shapes):
    """A safetensors file of floats; gives {name: (shape, floats)}."""
    header, at, data, model = {}, 0, b"", {}
    for name, shape in shapes.items():
        n = math.prod(shape)
        model[name] = (shape, [float(at + i) for i in range(n)])
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + 4 * n]}
        data += struct.pack("<%df" % n, *model[name][1])
        at += 4 * n
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return model


def turned(shape, values, axes):
    """The values with axes[i] of the shape as axis i."""
    steps = [math.prod(shape[i + 1:]) for i in range(len(shape))]
    def walk(left, at):
        if not left:
            return [values[at]]
        return [v for i in range(shape[left[0]]) for v in walk(left[1:], at + i * steps[left[0]])]
    return [shape[i] for i in axes], walk(list(axes), 0)


def read(path):
    """The header's parts, and {name: (shape, bytes, source's tensor, record)}."""
    data = path.read_bytes()
    assert data[:4] == b"STR1"
    n, = struct.unpack_from("<I", data, 4)
    tensors = {}
    for i in range(n):
        f = struct.unpack_from(RECORD, data, HEADER + 448 * i)
        name, n_dims, dims, (offset, length) = f[0], f[1], f[3:11], f[11:13]
        part = data[offset:offset + length]
        assert f[13].decode() == hashlib.sha256(part).hexdigest(), name
        assert f[14].decode() == "%08x" % zlib.crc32(part), name
        tensors[name.rstrip(b"\0").decode()] = (list(dims[:n_dims]), part,
                                                f[15].rstrip(b"\0").decode())
    return (data[8:32].rstrip(b"\0").decode(), data[32:64], data[64:128]), tensors


SHAPES = {"conv.weight": [3, 4, 2, 5], "fc.weight": [6, 7], "flat.weight": [2, 3, 4],
          "gate.weight": [5, 8], "same.weight": [4, 3], "bias": [9]}


class Arrange(Program):
    def convert(self, source, out, *options, to="strips:f32", status=0):
        return self.pare("convert", source, "--to", to, "-o", out, "-q", *options, status=status)

    def check(self, tensors, model):
        wanted = {"conv": lambda s, v: turned(s, v, [0, 2, 3, 1]),
                  "fc": lambda s, v: turned(s, v, [1, 0]),
                  "flat": lambda s, v: ([len(v)], v),
                  "gate": lambda s, v: ([len(v)], turned(s, v, [1, 0])[1])}
        self.assertEqual(set(tensors), set(model))
        for name, (shape, values) in model.items():
            with self.subTest(name):
                shape, values = wanted.get(name.split(".")[0], lambda s, v: (s, v))(shape, values)
                self.assertEqual(tensors[name][0], shape)
                self.assertEqual(tensors[name][1], struct.pack("<%df" % len(values), *values))
                self.assertEqual(tensors[name][2], name)

    def test_bytes(self):
        model = make_source(self.dir / "m.safetensors", SHAPES)
        source = (self.dir / "m.safetensors").read_bytes()
        self.convert("m.safetensors", "out")
        (form, copied, digest), tensors = read(self.dir / "out/m-F32.strips")
        self.assertEqual((form, copied), ("safetensors", source[:32]))
        self.assertEqual(digest.decode(), hashlib.sha256(source).hexdigest())
        self.check(tensors, model)
        manifest = json.loads((self.dir / "out/m-F32.strips.pare.json").read_text())
        self.assertEqual(manifest["output"]["files"][0]["sha256"],
                         hashlib.sha256((self.dir / "out/m-F32.strips").read_bytes()).hexdigest())

    def test_beside_others(self):
        """Other targets of the same source are not arranged; files are digested once."""
        model = make_source(self.dir / "m.safetensors", SHAPES)
        self.convert("m.safetensors", "out", "--to", "safetensors:copy", "--to", "strips:copy")
        self.check(read(self.dir / "out/m-F32.strips")[1], model)
        self.check(read(self.dir / "out/m-COPY.strips")[1], model)
        data = (self.dir / "out/m-COPY.safetensors").read_bytes()
        n, = struct.unpack_from("<Q", data)
        header = json.loads(data[8:8 + n])
        self.assertEqual(header["conv.weight"]["shape"], SHAPES["conv.weight"])

    def test_without_digests(self):
        make_source(self.dir / "m.safetensors", SHAPES)
        self.convert("m.safetensors", "out", "--digest", "none")
        self.assertEqual(read(self.dir / "out/m-F32.strips")[0][2], bytes(64))

    def test_made_of_several(self):
        """Of a packed checkpoint: a matrix is made of codes and scales, a vector of one tensor."""
        folder = self.dir / "packed"
        shutil.copytree(DATA / "packed/llama_gptq_4", folder)
        data = (folder / "model.safetensors").read_bytes()
        n, = struct.unpack_from("<Q", data)
        header, end = json.loads(data[8:8 + n]), len(data) - 8 - n
        header["norm"] = {"dtype": "F32", "shape": [2], "data_offsets": [end, end + 8]}
        text = json.dumps(header).encode()
        (folder / "model.safetensors").write_bytes(
            struct.pack("<Q", len(text)) + text + data[8 + n:] + struct.pack("<2f", 1, 2))
        self.convert("packed", "out")
        (form, _, _), tensors = read(next((self.dir / "out").glob("*.strips")))
        self.assertEqual(form, "safetensors")
        self.assertEqual({name: t[2] for name, t in tensors.items()}, {"norm": "norm", "a.weight": ""})

    def test_refused(self):
        make_source(self.dir / "m.safetensors", {**SHAPES, "wrong.weight": [2, 3, 4, 5]})
        done = self.convert("m.safetensors", "out", status=1)
        self.assertIn("tensor `wrong.weight`: the writer wants its axes as [0, 2, 1, 3]: only two "
                      "groups of axes at the end can change places", done.stderr)
        self.assertEqual(list((self.dir / "out").glob("*")), [])

    def test_stateless(self):
        """What the writer changes at the end is digested, whether it has announced that or not."""
        model = make_source(self.dir / "m.safetensors", SHAPES)
        (self.dir / "stateless.recipe").write_text(
            "title s\ndescription s\noption act stateless\ndefault f32\n")
        self.env["PARE_RECIPES"] = str(self.dir)
        self.convert("m.safetensors", "out", to="strips:stateless")
        path = self.dir / "out/m-STATELESS.strips"
        self.check(read(path)[1], model)
        manifest = json.loads((self.dir / "out/m-STATELESS.strips.pare.json").read_text())
        self.assertEqual(manifest["output"]["files"][0]["sha256"],
                         hashlib.sha256(path.read_bytes()).hexdigest())

    def test_rules(self):
        make_source(self.dir / "m.safetensors", SHAPES)
        recipes = self.dir / "recipes"
        recipes.mkdir()
        self.env["PARE_RECIPES"] = "%s:%s" % (recipes, self.env["PARE_RECIPES"])
        for act, text in (("dims", "its dims do not have the tensor's 120 elements"),
                          ("axes", "its axes are not the tensor's"),
                          ("twice", "asks for two views of tensor 0"),
                          ("beyond", "asks for a view of tensor 1000"),
                          ("meta", "a writer's arrange changes nothing but views"),
                          ("out", "out_file outside layout")):
            (recipes / (act + ".recipe")).write_text(
                "title %s\ndescription A rule is broken.\noption act %s\ndefault f32\n" % (act, act))
            done = self.convert("m.safetensors", "out", to="strips:" + act, status=1)
            self.assertIn(text, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=["test_arrange"], verbosity=2)
