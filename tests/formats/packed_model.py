# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Small quantized checkpoints of every layout that core/unpack/unpack reads, and what they stand for.

Written from the layouts' descriptions (docs/formats/packed.md), one element at a time, in Python's
doubles rounded to floats: a double holds the product of two floats exactly, and its sum and
quotient of floats round to the same float (53 >= 2 * 24 + 2). Nothing here is shared with the C.
"""
import json
import math
import os
import random
import struct

SIZES = {"U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "BF16": 2, "F16": 2, "F32": 4, "I32": 4,
         "U32": 4, "I64": 8}


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def bf16(x):
    """Cut to 8 bits of precision: any value of that type will do."""
    return struct.unpack("<f", b"\0\0" + struct.pack("<f", x)[2:])[0]


def f16(x):
    return struct.unpack("<e", struct.pack("<e", x))[0]


def e4m3(code):
    sign, exponent, mantissa = code >> 7, code >> 3 & 15, code & 7
    value = mantissa / 8 * 2.0 ** -6 if exponent == 0 else (1 + mantissa / 8) * 2.0 ** (exponent - 7)
    return -value if sign else value


def e5m2(code):
    return struct.unpack("<e", bytes([0, code]))[0]


E2M1 = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0]


def pack(values, kind):
    """The bytes of a flat list in a type; U8, I8 and F8 take codes."""
    if kind in ("U8", "F8_E4M3", "F8_E5M2"):
        return bytes(values)
    if kind == "BF16":
        return b"".join(struct.pack("<f", v)[2:] for v in values)
    letter = {"I8": "b", "F16": "e", "F32": "f", "I32": "i", "U32": "I", "I64": "q"}[kind]
    return struct.pack(f"<{len(values)}{letter}", *values)


def words(codes, bits, signed=True):
    """Codes in a stream, lowest bits first, as words of 32 bits."""
    stream = 0
    for i, code in enumerate(codes):
        stream |= code << (i * bits)
    n = (len(codes) * bits + 31) // 32
    return list(struct.unpack(f"<{n}{'i' if signed else 'I'}", stream.to_bytes(n * 4, "little")))


def columns(rows):
    return [list(c) for c in zip(*rows)]


def flat(rows):
    return [x for row in rows for x in row]


class Model:
    def __init__(self, config, files=None):
        self.config, self.files = config, files or {}
        self.tensors = []   # (name, type, shape, bytes)
        self.expected = {}  # name: (encoding, shape, bytes, origin)
        self.random = random.Random(json.dumps(config, sort_keys=True))

    def put(self, name, kind, shape, values):
        data = pack(values, kind)
        assert len(data) == math.prod(shape) * SIZES[kind], name
        self.tensors.append((name, kind, shape, data))

    def keep(self, name, kind, shape, values):
        self.put(name, kind, shape, values)
        self.expected[name] = (kind.lower(), shape, self.tensors[-1][3], "-")

    def want(self, name, rows, origin, shape=None):
        shape = shape or [len(rows), len(rows[0])]
        self.expected[name] = ("f32", shape, pack(flat(rows), "F32"), origin)

    def codes(self, rows, n, below):
        return [[self.random.randrange(below) for _ in range(n)] for _ in range(rows)]

    def f8(self, rows, n):
        return [[c for c in (self.random.choice([*range(127), *range(128, 255)])
                             for _ in range(n))] for _ in range(rows)]

    def scales(self, rows, n, cut=bf16):
        return [[cut(self.random.uniform(0.001, 0.1)) for _ in range(n)] for _ in range(rows)]

    def get(self, name):
        return next(t for t in self.tensors if t[0] == name)

    def change(self, name, kind=None, shape=None, data=None):
        i = self.tensors.index(self.get(name))
        old = self.tensors[i]
        self.tensors[i] = (name, kind or old[1], shape or old[2], old[3] if data is None else data)

    def drop(self, name):
        self.tensors.remove(self.get(name))

    def write(self, folder):
        os.makedirs(folder, exist_ok=True)
        header, at = {}, 0
        for name, kind, shape, data in self.tensors:
            header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(data)]}
            at += len(data)
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(os.path.join(folder, "model.safetensors"), "wb") as f:
            f.write(struct.pack("<Q", len(text)) + text)
            for tensor in self.tensors:
                f.write(tensor[3])
        for name, content in {"config.json": self.config, **self.files}.items():
            with open(os.path.join(folder, name), "w") as f:
                json.dump(content, f)


def fp8(m, name, out, inn, blocks, scale_name, origin, kind="F8_E4M3", lead=1):
    """Codes with one scale for each block of rows and columns; lead: matrices in a stack."""
    value = e4m3 if kind == "F8_E4M3" else e5m2
    code = m.f8(lead * out, inn) if kind == "F8_E4M3" else m.codes(lead * out, inn, 124)
    high, wide = -(-out // blocks[0]), -(-inn // blocks[1])
    scale = m.scales(lead * high, wide, f32)
    stack = [lead] if lead > 1 else []
    m.put(name, kind, [*stack, out, inn], flat(code))
    m.put(name + scale_name, "F32", [*stack, high, wide], flat(scale))
    rows = [[f32(value(code[r][c]) * scale[r // out * high + r % out // blocks[0]][c // blocks[1]])
             for c in range(inn)] for r in range(lead * out)]
    m.want(name, rows, origin, [*stack, out, inn])


def ct_packed(m, layer, out, inn, bits, group, asym=False, order=None):
    half, groups = 1 << (bits - 1), inn // group
    code, scale = m.codes(out, inn, 1 << bits), m.scales(out, groups)
    zero = m.codes(out, groups, 1 << bits) if asym else [[half] * groups] * out
    m.put(layer + ".weight_packed", "I32", [out, -(-inn * bits // 32)],
          flat(words(row, bits) for row in code))
    m.put(layer + ".weight_scale", "BF16", [out, groups], flat(scale))
    m.put(layer + ".weight_shape", "I64", [2], [out, inn])
    if asym:
        down = [words(column, bits) for column in columns(zero)]
        m.put(layer + ".weight_zero_point", "I32", [-(-out * bits // 32), groups],
              flat(columns(down)))
    of = [c // group for c in range(inn)]
    if order is not None:
        m.put(layer + ".weight_g_idx", "I32", [inn], order)
        of = order if -1 not in order else of
    m.want(layer + ".weight", [[f32((code[r][c] - zero[r][of[c]]) * scale[r][of[c]])
                                for c in range(inn)] for r in range(out)],
           f"compressed-tensors int{bits} g{group}")


def ct_int8(m, layer, out, inn, asym=False):
    code = [[c - 128 for c in row] for row in m.codes(out, inn, 256)]
    scale, zero = m.scales(out, 1), [[0]] * out
    m.put(layer + ".weight", "I8", [out, inn], flat(code))
    m.put(layer + ".weight_scale", "BF16", [out, 1], flat(scale))
    if asym:
        zero = [[c - 128 for c in row] for row in m.codes(out, 1, 256)]
        m.put(layer + ".weight_zero_point", "I8", [out, 1], flat(zero))
    m.want(layer + ".weight", [[f32((c - zero[r][0]) * scale[r][0]) for c in row]
                               for r, row in enumerate(code)], "compressed-tensors int8 rows")


def nvfp4(m, weight, scale_name, outer_name, out, inn, divides, origin, name=None, kind="U8"):
    code = m.codes(out, inn, 16)
    scale = [[c % 120 + 1 for c in row] for row in m.codes(out, inn // 16, 256)]
    outer = f32(m.random.uniform(100, 3000)) if divides else f32(m.random.uniform(1e-4, 1e-3))
    pairs = [[row[i] | row[i + 1] << 4 for i in range(0, inn, 2)] for row in code]
    if kind == "U32":
        m.put(weight, kind, [out, inn // 8], flat(words(row, 4, False) for row in code))
        m.put(scale_name, "U8", [out, inn // 16], flat(scale))
        outer = 1.0
    else:
        m.put(weight, kind, [out, inn // 2], flat(pairs))
        m.put(scale_name, "F8_E4M3", [out, inn // 16], flat(scale))
        m.put(outer_name, "F32", [1] if divides else [], [outer])
    whole = [[f32(e4m3(s) / outer) if divides else f32(e4m3(s) * outer) for s in row]
             for row in scale]
    m.want(name or weight, [[f32(E2M1[c] * whole[r][i // 16]) for i, c in enumerate(row)]
                            for r, row in enumerate(code)], origin)


def mxfp4(m, blocks_name, scales_name, name, shape, kind="blocks"):
    """shape: of the weights, the last a multiple of 32."""
    rows, inn = math.prod(shape[:-1]), shape[-1]
    code = m.codes(rows, inn, 16)
    exponent = [[e % 255 for e in row] for row in m.codes(rows, inn // 32, 256)]
    pairs = [row[i] | row[i + 1] << 4 for row in code for i in range(0, inn, 2)]
    if kind == "U32":
        m.put(blocks_name, "U32", [*shape[:-1], inn // 8],
              list(struct.unpack(f"<{len(pairs) // 4}I", bytes(pairs))))
    else:
        tail = [inn // 32, 16] if kind == "blocks" else [inn // 2]
        m.put(blocks_name, "U8", [*shape[:-1], *tail], pairs)
    m.put(scales_name, "U8", [*shape[:-1], inn // 32], flat(exponent))
    data = bytearray()
    for r in range(rows):
        for b in range(inn // 32):
            block = code[r][b * 32:b * 32 + 32]
            data.append(exponent[r][b])
            data += bytes(block[j] | block[j + 16] << 4 for j in range(16))
    m.expected[name] = ("mxfp4", shape, bytes(data), "-")


def gptq(m, layer, out, inn, bits, group, order=None, v1=True, size=None):
    groups, most = -(-inn // group), (1 << bits) - 1
    code, scale = m.codes(out, inn, 1 << bits), m.scales(groups, out, f16)
    zero = m.codes(groups, out, 1 << bits)
    m.put(layer + ".qweight", "I32", [inn * bits // 32, out],
          flat(columns([words(row, bits) for row in code])))
    stored = [[(z - 1 if v1 else z) & most for z in row] for row in zero]
    m.put(layer + ".qzeros", "I32", [groups, out * bits // 32],
          flat(words(row, bits) for row in stored))
    m.put(layer + ".scales", "F16", [groups, out], flat(scale))
    of = [c // group for c in range(inn)]
    if order is not None:
        m.put(layer + ".g_idx", "I32", [inn], order)
        of = order
    m.want(layer + ".weight", [[f32((code[r][c] - zero[of[c]][r]) * scale[of[c]][r])
                                for c in range(inn)] for r in range(out)],
           f"gptq int{bits} g{size or group}")


def awq(m, layer, out, inn, group):
    places = [0, 2, 4, 6, 1, 3, 5, 7]
    code, zero = m.codes(inn, out, 16), m.codes(inn // group, out, 16)
    scale = m.scales(inn // group, out, f16)

    def packed(rows):
        return flat(words([row[c + places[i]] for c in range(0, out, 8) for i in range(8)], 4)
                    for row in rows)
    m.put(layer + ".qweight", "I32", [inn, out // 8], packed(code))
    m.put(layer + ".qzeros", "I32", [inn // group, out // 8], packed(zero))
    m.put(layer + ".scales", "F16", [inn // group, out], flat(scale))
    m.want(layer + ".weight", [[f32((code[c][r] - zero[c // group][r]) * scale[c // group][r])
                                for c in range(inn)] for r in range(out)], f"awq int4 g{group}")


def bnb_4bit(m, name, out, inn, block, nested=0, kind="nf4"):
    n = out * inn
    code = m.codes(1, n, 16)[0] + [0] * (n % 2)
    table = [f32(m.random.uniform(-1, 1)) for _ in range(16)]
    blocks = -(-n // block)
    state = {"quant_type": kind, "blocksize": block, "dtype": "bfloat16", "shape": [out, inn]}
    m.put(name, "U8", [len(code) // 2, 1],
          [code[i] << 4 | code[i + 1] for i in range(0, len(code), 2)])
    if nested:
        inner = m.codes(1, blocks, 256)[0]
        values = [f32(m.random.uniform(-1, 1)) for _ in range(256)]
        outer = m.scales(1, -(-blocks // nested), f32)[0]
        offset = 0.0123456789
        scale = [f32(f32(values[c] * outer[i // nested]) + f32(offset))
                 for i, c in enumerate(inner)]
        m.put(name + ".absmax", "U8", [blocks], inner)
        m.put(name + ".nested_absmax", "F32", [len(outer)], outer)
        m.put(name + ".nested_quant_map", "F32", [256], values)
        state.update(nested_blocksize=nested, nested_dtype="float32", nested_offset=offset)
    else:
        scale = m.scales(1, blocks, f32)[0]
        m.put(name + ".absmax", "F32", [blocks], scale)
    m.put(name + ".quant_map", "F32", [16], table)
    text = json.dumps(state).encode()
    m.put(f"{name}.quant_state.bitsandbytes__{kind}", "U8", [len(text)], list(text))
    m.want(name, [[f32(table[code[r * inn + c]] * scale[(r * inn + c) // block])
                   for c in range(inn)] for r in range(out)], f"bitsandbytes {kind} b{block}")


def bnb_int8(m, layer, out, inn):
    code = [[c - 128 for c in row] for row in m.codes(out, inn, 256)]
    scale = m.scales(1, out, f32)[0]
    m.put(layer + ".weight", "I8", [out, inn], flat(code))
    m.put(layer + ".SCB", "F32", [out], scale)
    m.put(layer + ".weight_format", "U8", [], [0])
    m.want(layer + ".weight", [[f32(f32(c * scale[r]) * f32(7.874015718698502e-3)) for c in row]
                               for r, row in enumerate(code)], "bitsandbytes int8 rows")


def mlx(m, layer, out, inn, bits, group, lead=1):
    code = m.codes(lead * out, inn, 1 << bits)
    scale, bias = m.scales(lead * out, inn // group), m.scales(lead * out, inn // group)
    stack = [lead] if lead > 1 else []
    m.put(layer + ".weight", "U32", [*stack, out, inn * bits // 32],
          flat(words(row, bits, False) for row in code))
    m.put(layer + ".scales", "BF16", [*stack, out, inn // group], flat(scale))
    m.put(layer + ".biases", "BF16", [*stack, out, inn // group], flat(bias))
    m.want(layer + ".weight", [[f32(f32(c * scale[r][i // group]) + bias[r][i // group])
                                for i, c in enumerate(row)] for r, row in enumerate(code)],
           f"mlx int{bits} g{group}", [*stack, out, inn])


def mlx_mxfp8(m, layer, out, inn):
    code = m.f8(out, inn)
    scale = [[c % 40 + 100 for c in row] for row in m.codes(out, inn // 32, 256)]
    m.put(layer + ".weight", "U32", [out, inn // 4], flat(words(row, 8, False) for row in code))
    m.put(layer + ".scales", "U8", [out, inn // 32], flat(scale))
    m.want(layer + ".weight", [[f32(e4m3(c) * 2.0 ** (scale[r][i // 32] - 127))
                                for i, c in enumerate(row)] for r, row in enumerate(code)],
           "mlx mxfp8 g32")
