# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Long runs of zeros where weights should be are told, with their place, and others are not."""
import json
import os
import random
import sqlite3
import struct
import sys
import unittest

from program import Program


def weights(n, seed):
    """n bytes of bf16 weights without a zero byte."""
    data = bytearray(random.Random(seed).choices(range(1, 256), k=n // 2))
    out = bytearray(n)
    out[0::2] = data
    out[1::2] = bytes([0x3d]) * (n // 2)
    return out


def safetensors(path, tensors):
    """{name: (shape, bytes)}; gives {name: file offset}."""
    head, at = {}, 0
    for name, (shape, data) in tensors.items():
        head[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text
                     + b"".join(bytes(d) for _, d in tensors.values()))
    return {name: 8 + len(text) + head[name]["data_offsets"][0] for name in tensors}


class Zeros(Program):
    def convert(self, name="m"):
        done = self.pare("convert", name + ".safetensors", "--to", "gguf:q8_0", "-o", "out",
                         "--as-container", "--catalog", "c.db", "--threads", "2")
        report = next((self.dir / "out").glob(name + "*.md")).read_text()
        return [text for text in done.stderr.splitlines() if "zeros" in text], report

    def test_places(self):
        large = weights(8 << 20, 1)
        large[1000003:3000002] = bytes(1999999)
        share, whole = weights(32768, 2), bytes(8192)
        share[10000:20000] = bytes(10000)
        at = safetensors(self.dir / "m.safetensors", {
            "large": ([4096, 1024], large), "share": ([64, 256], share),
            "whole": ([16, 256], whole)})
        warnings, report = self.convert()
        self.assertEqual(len(warnings), 1)
        for text in (
                "tensor `large`, 1999999 bytes from byte %d of m.s" % (at["large"] + 1000003),
                "tensor `share`, 10000 bytes from byte %d of m.safeten" % (at["share"] + 10000),
                "tensor `whole`, 8192 bytes from byte %d of m.safetensors" % at["whole"]):
            self.assertIn(text, warnings[0])
        self.assertIn("zeros where weights should be", report)
        with sqlite3.connect(self.dir / "c.db") as db:
            self.assertIn("zeros where weights should be", "\n".join(db.iterdump()))

    def test_what_may_be_zero(self):
        few, padded = weights(1 << 20, 3), weights(4 << 20, 4)
        few[5000:90000] = bytes(85000)
        padded[-(1 << 19):] = bytes(1 << 19)
        safetensors(self.dir / "m.safetensors", {
            "norm": ([4096], bytes(8192)), "mlp.bias": ([16, 256], bytes(8192)),
            "few": ([1024, 512], few), "padded": ([4096, 512], padded),
            "row": ([1, 4096], bytes(8192)), "rest": ([64, 256], weights(32768, 5))})
        self.assertEqual(self.convert()[0], [])

    def test_hole(self):
        data = weights(4 << 20, 6)
        at = safetensors(self.dir / "m.safetensors", {"w": ([2048, 1024], data)})["w"]
        raw = (self.dir / "m.safetensors").read_bytes()
        with open(self.dir / "m.safetensors", "wb") as f:
            f.write(raw[:1 << 20])
            f.seek(3 << 20)
            f.write(raw[3 << 20:])
        if os.stat(self.dir / "m.safetensors").st_blocks * 512 >= len(raw):
            self.skipTest("no holes here")
        warnings, _ = self.convert()
        self.assertIn("tensor `w`, %d bytes from byte %d of m.safetensors (a hole: never written)"
                      % (2 << 20, 1 << 20), warnings[0])
        self.assertLess(at, 4096)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
