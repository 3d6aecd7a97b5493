# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""The encodings of encodings.c once more, slowly, a whole tensor at a time: for each what its planes
must hold, and what these decode to. Every float operation is rounded as C rounds it."""
import ctypes
import struct


def f32(x):
    return ctypes.c_float(x).value


def divide(a, b):
    return f32(a / b) if b else float("nan")


def code(x, low, high):
    """What is nearest to x, ties to even; a NaN is 0."""
    return 0 if x != x else max(low, min(high, round(x)))


def halves(codes, width):
    """Units of four bits, low ones first; each row of `width` begins at a byte."""
    out = bytearray()
    for at in range(0, len(codes), width):
        row = codes[at:at + width]
        row = row + [0] if len(row) % 2 else row
        out += bytes(low | high << 4 for low, high in zip(row[::2], row[1::2]))
    return bytes(out)


def floats(values):
    return struct.pack("<%df" % len(values), *values)


class Tensor:
    """Weights with their shape as a matrix."""

    def __init__(self, dims, x):
        self.width = dims[-1] if dims else 1
        self.x, self.rows = x, len(x) // self.width if self.width else 0

    def per_tile(self, high, wide, value):
        """The values of all weights, gathered in lists, tile by tile."""
        across = -(-self.width // wide)
        found = [[] for _ in range(-(-self.rows // high) * across)]
        for i in range(len(self.x)):
            found[self.tile(i, high, wide)].append(value(i))
        return found

    def tile(self, i, high, wide):
        return i // self.width // high * -(-self.width // wide) + i % self.width // wide

    def columns(self):
        """Each column's largest magnitude; 0 for none."""
        return [max((abs(v) for v in self.x[c::self.width]), default=0)
                for c in range(self.width)]


def tile8(t, _):
    scales = [divide(max(found), 127) for found in t.per_tile(128, 128, lambda i: abs(t.x[i]))]
    scale = [scales[t.tile(i, 128, 128)] for i in range(len(t.x))]
    codes = [code(divide(x, s), -127, 127) for x, s in zip(t.x, scale)]
    return ([struct.pack("%db" % len(codes), *codes), floats(scales)],
            [f32(c * s) for c, s in zip(codes, scale)])


def cols4(t, _):
    largest = t.columns()
    most = max(largest, default=0) or 1
    shares = [divide(c or 1, most) for c in largest]
    scale = [f32(s * most) for s in shares] * t.rows
    codes = [code(f32(divide(x, s) * 7), -7, 7) + 8 for x, s in zip(t.x, scale)]
    return ([halves(codes, t.width), floats(shares), floats([most])],
            [f32(f32((c - 8) / 7) * s) for c, s in zip(codes, scale)])


def zeros4(t, _):
    codes, scales, zeros, made = [], [], [], []
    for at in range(0, len(t.x), 8):
        block = t.x[at:at + 8]
        low, high = min(0, *block), max(0, *block)
        scale = f32(f32(high - low) / 15) if high > low else 1
        zero = code(divide(-low, scale), 0, 15)
        here = [code(round(divide(x, scale)) + zero, 0, 15) for x in block]
        codes += here
        scales.append(scale)
        zeros.append(zero)
        made += [f32((c - zero) * scale) for c in here]
    return [halves(codes, 8), floats(scales), halves(zeros, t.width // 8)], made


def eight(t, _):
    columns = [c or 1 for c in t.columns()]
    y = [divide(x, columns[i % t.width]) for i, x in enumerate(t.x)]
    scales = [divide(max(found), 127) for found in t.per_tile(4, 3, lambda i: abs(y[i]))]
    scale = [scales[t.tile(i, 4, 3)] for i in range(len(y))]
    codes = [code(divide(v, s), -127, 127) + 128 for v, s in zip(y, scale)]
    negative = [sum(found) % 256 for found in t.per_tile(8, 5, lambda i: t.x[i] < 0)]
    rows = [t.x[at:at + t.width] for at in range(0, len(t.x), t.width)]
    return ([halves([c & 15 for c in codes], t.width), halves([c >> 4 for c in codes], t.width),
             struct.pack("<%dI" % t.rows, *range(t.rows)),
             floats([max(map(abs, row)) for row in rows]), floats(columns),
             struct.pack("<Q", t.rows), floats(scales), bytes(negative)],
            [f32(f32((c - 128) * s) * columns[i % t.width])
             for i, (c, s) in enumerate(zip(codes, scale))])


def step8(t, step):
    codes = [code(divide(x, step), -127, 127) for x in t.x]
    return ([struct.pack("%db" % len(codes), *codes), floats([step])],
            [f32(c * step) for c in codes])


ENCODINGS = {"tile8": tile8, "cols4": cols4, "zeros4": zeros4, "eight": eight, "step8": step8,
             "picky": tile8}
