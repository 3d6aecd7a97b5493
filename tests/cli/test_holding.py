# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: test_holding.py PARE DATA. An encoding of a third party, absmax8 of the example plugin, in
safetensors: each plane a tensor of bytes, with a description; and back. GGUF refuses it by name."""
import hashlib
import json
import math
import shutil
import struct
import unittest

from program import Program

RECIPE = """title absmax8
description Matrices in the encoding of the example plugin.
absmax8 if rows > 1 and cols % 64 == 0
default f32
"""
DESCRIPTION = {"block_len": 64, "planes": [{"name": "codes", "per": "block", "bits": 512},
                                           {"name": "scales", "per": "block", "bits": 32}]}


def read(path):
    """{name: (dtype, shape, bytes)} and the metadata."""
    data = path.read_bytes()
    n, = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + n])
    metadata = header.pop("__metadata__")
    return {name: (t["dtype"], t["shape"], data[8 + n + t["data_offsets"][0]:
                                                8 + n + t["data_offsets"][1]])
            for name, t in header.items()}, metadata


def write(path, tensors, metadata):
    """The opposite; all tensors are of bytes."""
    header, data = {"__metadata__": metadata}, b""
    for name, (shape, values) in tensors.items():
        header[name] = {"dtype": "U8", "shape": shape,
                        "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def floats(data):
    return struct.unpack("<%df" % (len(data) // 4), data)


def make_model(path):
    """Some matrices, one of them with rows that do not fit, vectors, and one of three dimensions."""
    shapes = {"blk.%d.ffn_%s.weight" % (i, kind): shape for i in range(3)
              for kind, shape in (("down", [6, 128]), ("up", [4, 64]), ("norm", [7]))}
    shapes.update({"odd.weight": [4, 60], "experts.weight": [2, 3, 64]})
    header, at, data = {}, 0, b""
    for name, shape in shapes.items():
        n = math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + 4 * n]}
        at += 4 * n
        data += struct.pack("<%df" % n, *(math.sin(i * i) for i in range(at, at + n)))
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


class Holding(Program):
    def setUp(self):
        super().setUp()
        recipes = self.dir / "recipes"
        recipes.mkdir()
        (recipes / "a8.recipe").write_text(RECIPE)
        make_model(self.dir / "small.safetensors")
        self.env["PARE_RECIPES"] = "%s:%s" % (recipes, self.env["PARE_RECIPES"])

    def convert(self, source, to, out, *options, status=0):
        return self.pare("convert", source, "--to", to, "-o", out, "--as-container", "-q", *options,
                         status=status)

    def test_there_and_back(self):
        self.convert("small.safetensors", "safetensors:a8", "out")
        path = self.dir / "out/small-A8.safetensors"
        tensors, metadata = read(path)
        about = json.loads(metadata["pare.tensors"])
        self.assertEqual(json.loads(metadata["pare.encoding.absmax8"]), DESCRIPTION)
        self.assertEqual(about["blk.0.ffn_down.weight"], {"encoding": "absmax8",
                                                          "shape": [6, 128]})
        self.convert("out/small-A8.safetensors", "safetensors:f32", "back")
        again, _ = read(self.dir / "back/small-A8-F32.safetensors")
        self.assertEqual(set(again), {name for name in tensors if name[-6:] not in
                                      (".codes", "scales")} | set(about))
        for name, (dtype, shape, data) in again.items():
            self.assertEqual(dtype, "F32")
            if name not in about:
                self.assertEqual((dtype, shape, data), tensors[name])
                continue
            codes, scales = tensors[name + ".codes"], tensors[name + ".scales"]
            self.assertEqual((codes[0], scales[0]), ("U8", "U8"))
            rows = math.prod(shape[:-1])
            self.assertEqual(codes[1], [rows, shape[-1]])
            self.assertEqual(scales[1], [rows, shape[-1] // 64 * 4])
            scales = floats(scales[2])
            values = [code * scales[i // 64]
                      for i, code in enumerate(struct.unpack("%db" % len(codes[2]), codes[2]))]
            self.assertEqual(data, struct.pack("<%df" % len(values), *values))
        self.convert("out/small-A8.safetensors", "gguf:f32", "back")
        done = self.pare("compare", "out/small-A8.safetensors", "back/small-A8-F32.gguf")
        self.assertIn("exact", done.stdout.splitlines()[-1])

    def test_what_nobody_reads(self):
        """The example writer has no reader beside it: a warning says that nothing is read back."""
        self.convert("small.safetensors", "tar:f32", "out")
        manifest = json.loads((self.dir / "out/small-F32.tar.pare.json").read_text())
        self.assertIn("no plugin reads tar: the written files are not read back, only their sizes "
                      "are checked", manifest["warnings"])

    def test_nothing_in_common(self):
        write(self.dir / "other.safetensors", {"another": ([4], b"abcd")}, {})
        done = self.pare("compare", "small.safetensors", "other.safetensors")
        self.assertIn("no tensor has the same name in both models: nothing was compared",
                      done.stderr)

    def test_copies(self):
        self.convert("small.safetensors", "safetensors:a8", "out")
        self.convert("out/small-A8.safetensors", "safetensors:copy", "again")
        first = (self.dir / "out/small-A8.safetensors").read_bytes()
        self.assertEqual((self.dir / "again/small-A8-COPY.safetensors").read_bytes(), first)

    def test_shards(self):
        """The planes of a tensor stay together; each file says what it has."""
        self.convert("small.safetensors", "safetensors:a8", "out", "--split-max-tensors", "5")
        folder = self.dir / "out/small-A8"
        seen = []
        for path in sorted(folder.glob("*.safetensors")):
            tensors, metadata = read(path)
            self.assertLessEqual(len(tensors), 5)
            here = json.loads(metadata.get("pare.tensors", "{}"))
            self.assertEqual("pare.encoding.absmax8" in metadata, bool(here))
            for name in here:
                self.assertIn(name + ".codes", tensors)
                self.assertIn(name + ".scales", tensors)
            seen += here
        self.assertEqual(len(seen), len(set(seen)))
        self.convert("small.safetensors", "safetensors:a8", "whole")
        done = self.pare("compare", "out/small-A8", "whole/small-A8.safetensors")
        self.assertIn("exact", done.stdout.splitlines()[-1])

    def test_said(self):
        done = self.pare("convert", "small.safetensors", "--to", "safetensors:a8", "-o", "out",
                         "--as-container")
        self.assertIn("which only Pare reads", done.stderr)
        manifest = json.loads((self.dir / "out/small-A8.safetensors.pare.json").read_text())
        self.assertTrue(any("which only Pare reads" in text for text in manifest["warnings"]))

    def test_refused(self):
        done = self.convert("small.safetensors", "gguf:a8", "out", status=2)
        self.assertRegex(done.stderr, "gguf cannot hold absmax8, which recipe a8 chose for tensor "
                                      r"\S+: .*safetensors holds? it")
        self.assertEqual([p for p in (self.dir / "out").glob("*")], [])
        self.convert("small.safetensors", "safetensors:a8", "out")
        done = self.convert("out/small-A8.safetensors", "gguf:copy", "back", status=1)
        self.assertRegex(done.stderr, "gguf cannot hold absmax8, the encoding of tensor .* keeps as "
                                      "it is: .*safetensors holds? it")

    def test_without_the_plugin(self):
        """The file can be looked at and copied; what nobody decodes is refused by name."""
        self.convert("small.safetensors", "safetensors:a8", "out")
        plugins = self.dir / "plugins"
        plugins.mkdir()
        for name in ("float", "gguf", "safetensors"):
            for folder in self.env["PARE_PLUGINS"].split(":"):
                shutil.copy(folder + "/" + name + ".so", plugins)
        self.env["PARE_PLUGINS"] = str(plugins)
        self.assertIn("absmax8", self.pare("inspect", "out/small-A8.safetensors").stdout)
        done = self.convert("out/small-A8.safetensors", "gguf:f32", "back", status=1)
        self.assertIn("no plugin decodes absmax8", done.stderr)
        self.convert("out/small-A8.safetensors", "safetensors:copy", "back")
        self.assertEqual((self.dir / "back/small-A8-COPY.safetensors").read_bytes(),
                         (self.dir / "out/small-A8.safetensors").read_bytes())

    def test_an_empty_tensor_of_nobodys(self):
        """It has no elements, but a plane with something in it."""
        planes = [{"name": "codes", "per": "block", "bits": 8},
                  {"name": "scale", "per": "tensor", "bits": 32}]
        tensors = {"e.codes": ([0, 5], b""), "e.scale": ([4], b"ABCD"),
                   "f.codes": ([2, 5], b"0123456789"), "f.scale": ([4], b"WXYZ")}
        write(self.dir / "n.safetensors", tensors, {
            "pare.encoding.nobodys": json.dumps({"block_len": 1, "planes": planes}),
            "pare.tensors": json.dumps({name: {"encoding": "nobodys", "shape": [rows, 5]}
                                        for name, rows in (("e", 0), ("f", 2))})})
        self.convert("n.safetensors", "safetensors:copy", "out")
        path = self.dir / "out/n-COPY.safetensors"
        self.assertEqual({name: (shape, data) for name, (_, shape, data) in read(path)[0].items()},
                         tensors)
        manifest = json.loads((self.dir / "out/n-COPY.safetensors.pare.json").read_text())
        self.assertIn(hashlib.sha256(path.read_bytes()).hexdigest(), json.dumps(manifest))

    def test_another_plugin(self):
        """A description that is not the plugin's."""
        self.convert("small.safetensors", "safetensors:a8", "out")
        path = self.dir / "out/small-A8.safetensors"
        path.write_bytes(path.read_bytes().replace(b'\\"bits\\":32', b'\\"bits\\":16'))
        done = self.pare("inspect", "out/small-A8.safetensors", status=1)
        self.assertIn("the planes of encoding `absmax8` are others than those of the plugin",
                      done.stderr)


if __name__ == "__main__":
    unittest.main(argv=["test_holding"], verbosity=2)
