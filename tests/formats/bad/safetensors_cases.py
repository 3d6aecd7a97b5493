# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Malformed safetensors files, one or more per rule of docs/formats/safetensors.md.

generate(dir) writes them and returns a list of dicts: id, path (a file, or a folder that is one
model), code (the expected status, "OK" where the input is odd but right) and text,
which the message must contain. tests/formats/run_bad.py runs the program on each; the limits are
a second and 64 MiB plus twice the input's size. S numbers are those of the corpus's first edition.
"""
import json
import struct

from safetensors_build import (ENTRY, INDEX, ONE, SHARD_A, SHARD_B, TWO, Cases, entry, index,
                               model, pack)


def lengths_and_text(c):
    c.file("S01-7-bytes", "EINCOMPLETE", "7 bytes are too few", b"\x10\0\0\0\0\0\0")
    c.file("S01-only-length", "EINCOMPLETE", "the header needs 24 bytes", struct.pack("<Q", 16))
    c.file("S02-length-max", "EDATA", "not a safetensors file", pack("{}", length=2**64 - 1))
    c.file("S02-length-wraps", "EDATA", "not a safetensors file", pack("{}", length=2**64 - 8))
    c.file("S03-length-100000001", "EDATA", "would be 100000001 bytes",
           pack("{}", length=100000001))
    c.file("S03-length-0", "EDATA", "a header of 0 bytes", pack("", b"{}"))
    c.file("S03-length-1", "EDATA", "a header of 1 bytes", pack("{", b"}"))
    c.file("S04-length-beyond-file", "EINCOMPLETE", "the header needs 100000008 bytes",
           pack("{}", length=100000000))
    c.file("S04-length-beyond-not-json", "EDATA", "must begin with `{`",
           pack("[]", length=100000000))
    c.file("S05-not-utf8", "EDATA", "not UTF-8 at byte 10",
           pack(b'{"\xff":' + ENTRY.encode() + b"}", b"abcd"))
    c.file("S05-overlong", "EDATA", "not UTF-8", pack(b'{"\xc0\x80":' + ENTRY.encode() + b"}",
                                                     b"abcd"))
    c.file("S05-surrogate-bytes", "EDATA", "not UTF-8",
           pack(b'{"\xed\xa0\x80":' + ENTRY.encode() + b"}", b"abcd"))
    c.file("S06-not-json", "EDATA", "not JSON: a key in quotes is missing", pack("{hello}"))
    c.file("S06-array", "EDATA", "must begin with `{`", pack("[1,2]"))
    c.file("S06-unclosed", "EDATA", "the text ends too early", pack('{"a":' + ENTRY, b"abcd"))
    c.file("S06-comma", "EDATA", "a key in quotes is missing",
           pack('{"a":' + ENTRY + ",}", b"abcd"))
    c.file("S06-control", "EDATA", "a control character in a string",
           pack('{"a\n":' + ENTRY + "}", b"abcd"))
    c.file("S06-escape", "EDATA", "an unknown escape", pack('{"a\\x":' + ENTRY + "}", b"abcd"))
    c.file("S06-nan", "EDATA", "not JSON",
           pack('{"a":{"dtype":"U8","shape":[NaN],"data_offsets":[0,4]}}', b"abcd"))
    c.file("S06-entry-is-number", "EDATA", "its entry must be an object", pack('{"a":1}'))
    c.file("S07-nested-objects", "ELIMIT", "nested deeper than the limit of 64",
           pack('{"a":' * 100000 + "1" + "}" * 100000))
    c.file("S07-nested-arrays", "ELIMIT", "nested deeper than the limit of 64",
           pack('{"a":' + "[" * 100000 + "]" * 100000 + "}"))


def huge(c):
    form = '"%07d":{"dtype":"U8","shape":[],"data_offsets":[0,1]}'
    text = "{" + ",".join([form % i for i in range(1500000)]) + "}"
    c.file("S08-1500000-tensors", "ELIMIT", "exceeds the limit of 1048576 tensors",
           pack(text, b"x"))
    text = "{" + ",".join([form % i for i in range(300000)]) + "}"
    c.file("S08-300000-over-one-range", "EDATA", "overlaps that of `0000000`", pack(text, b"x"))
    form = '"%07d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    text = "{" + ",".join([form % (i // 2) for i in range(300000)]) + "}"
    c.file("S08-150000-twice", "EDATA", "`0000000` is there twice", pack(text))


def offsets(c):
    def two(a, b, size):
        return model({"a": entry("U8", [a[1] - a[0]], *a), "b": entry("U8", [b[1] - b[0]], *b)},
                     size)

    def raw(pair):
        return pack('{"a":{"dtype":"U8","shape":[16],"data_offsets":%s}}' % pair, bytes(16))

    c.file("S09-overlap", "EDATA",
           "tensor `b`: its data at 4 overlaps that of `a`, which ends at 8",
           two((0, 8), (4, 12), 12))
    c.file("S09-same-range", "EDATA", "overlaps", two((0, 8), (0, 8), 8))
    c.file("S09-inside", "EDATA", "overlaps", two((0, 12), (4, 8), 12))
    c.file("S10-hole", "EDATA", "4 bytes that belong to no tensor before its data at 12",
           two((0, 8), (12, 16), 16))
    c.file("S10-hole-at-start", "EDATA", "4 bytes that belong to no tensor before its data at 4",
           two((4, 8), (8, 16), 16))
    good = two((0, 8), (8, 16), 16)
    c.file("S11-one-byte-more", "EDATA", "1 bytes that belong to no tensor follow", good + b"\0")
    c.file("S11-zip-appended", "EDATA", "22 bytes that belong to no tensor follow",
           good + b"PK\5\6" + bytes(18))
    c.file("S11-no-tensors-but-data", "EDATA", "4 bytes that belong to no tensor",
           pack("{}", b"abcd"))
    c.file("S11-one-byte-less", "EINCOMPLETE", "its tensors need", good[:-1])
    c.file("S12-end-before-begin", "EDATA", "data_offsets end at 0, before they begin at 16",
           raw("[16,0]"))
    for name, pair in (("negative", "[-16,0]"), ("float", "[0,16.0]"), ("1e30", "[0,1e30]"),
                       ("exponent", "[0,16e0]"), ("string", '["0","16"]'),
                       ("2-64", "[0,%d]" % 2**64), ("null", "[0,null]"), ("one", "[16]"),
                       ("three", "[0,16,16]"),
                       ("object", '{"0":16}'), ("number", "16")):
        c.file("S13-offset-" + name, "EDATA", "data_offsets must be two whole numbers", raw(pair))
    c.file("S13-leading-zero", "EDATA", "not JSON", raw("[0,016]"))
    c.file("S13-beyond-largest-file", "EDATA", "beyond the largest file",
           model({"%d" % i: entry("U8", [2**60], i * 2**60, (i + 1) * 2**60)
                  for i in range(8)}, 16))
    c.file("S13-petabytes", "EINCOMPLETE", "its tensors need",
           model({"a": entry("U8", [2**50], 0, 2**50)}, 16))


def shapes_and_types(c):
    c.file("S14-product-wraps", "EDATA", "the shape's product overflows",
           model({"a": entry("F32", [2**32, 2**32, 1], 0, 4)}, 4))
    c.file("S14-bytes-wrap", "EDATA", "the shape's product overflows",
           model({"a": entry("F64", [2**61 + 1], 0, 8)}, 8))
    c.file("S14-nine-dims", "ELIMIT", "more dimensions than the limit of 8",
           model({"a": entry("U8", [1] * 9, 0, 1)}, 1))
    c.file("S14-negative-dim", "EDATA", "shape must be a list of whole numbers below 2^64, and it "
           "is [-4]", model({"a": entry("U8", [-4], 0, 4)}, 4))
    c.file("S14-shape-is-number", "EDATA", "shape must be a list", model(
        {"a": entry("U8", 4, 0, 4)}, 4))
    c.file("S15-too-small", "EDATA", "F32 and shape need 16 bytes, and data_offsets [0, 8] hold 8",
           model({"a": entry("F32", [4], 0, 8)}, 8))
    c.file("S15-too-large", "EDATA", "F16 and shape need 8 bytes",
           model({"a": entry("F16", [2, 2], 0, 16)}, 16))
    c.file("S16-unknown-dtype", "ENOTSUP", "dtype `Q4_K` is not known",
           model({"a": entry("Q4_K", [4], 0, 4)}, 4))
    c.file("S16-lower-case-dtype", "ENOTSUP", "dtype `f32` is not known",
           model({"a": entry("f32", [1], 0, 4)}, 4))
    c.file("S16-dtype-is-number", "EDATA", "dtype must be a string",
           model({"a": entry(32, [1], 0, 4)}, 4))
    c.file("S16-f4-odd", "EDATA", "its F4 elements do not fill whole bytes",
           model({"a": entry("F4", [3], 0, 2)}, 2))
    c.file("S16-f6-odd", "EDATA", "its F6_E2M3 elements do not fill whole bytes",
           model({"a": entry("F6_E2M3", [5], 0, 4)}, 4))
    for key in ("dtype", "shape", "data_offsets"):
        broken = entry("U8", [4], 0, 4)
        del broken[key]
        c.file("S16-no-" + key, "EDATA", key + " is missing", model({"a": broken}, 4))
    c.file("S16-unknown-key", "ENOTSUP", "key `strides` is not one of the format's",
           model({"a": dict(entry("U8", [4], 0, 4), strides=[1])}, 4))


def duplicates(c):
    c.file("S17-two-types", "EDATA", "`a` is there twice in the header",
           pack('{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},'
                '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', b"abcd"))
    c.file("S17-escaped", "EDATA", "`a` is there twice in the header",
           pack('{"a":%s,"\\u0061":%s}' % (ENTRY, ENTRY), b"abcd"))
    c.file("S17-escaped-pair", "EDATA", "is there twice in the header",
           pack('{"\U0001f600":%s,"\\ud83d\\ude00":%s}' % (ENTRY, ENTRY), b"abcd"))
    c.file("S17-key-of-entry", "EDATA", "key `dtype` is there twice",
           pack('{"a":{"dtype":"U8","dtype":"I8","shape":[4],"data_offsets":[0,4]}}', b"abcd"))
    meta = '{"__metadata__":%s,"a":' + ENTRY + "}"
    c.file("S18-two-metadata", "EDATA", "`__metadata__` is there twice",
           pack('{"__metadata__":{},"a":%s,"__metadata__":{}}' % ENTRY, b"abcd"))
    c.file("S18-value-is-number", "EDATA", "`x` of `__metadata__` must be a string, and it is 1.5",
           pack(meta % '{"x":1.5}', b"abcd"))
    c.file("S18-value-is-object", "EDATA", "`x` of `__metadata__` must be a string",
           pack(meta % '{"x":{"y":"z"}}', b"abcd"))
    c.file("S18-is-array", "EDATA", "`__metadata__` must be an object", pack(meta % "[]", b"abcd"))
    c.file("S18-is-null", "OK", "", pack(meta % "null", b"abcd"))
    c.file("S18-key-twice", "EDATA", "key `x` of `__metadata__` is there twice",
           pack(meta % '{"x":"1","x":"2"}', b"abcd"))
    c.file("S18-key-empty", "EDATA", "key `` of `__metadata__` is empty",
           pack(meta % '{"":"1"}', b"abcd"))
    zero = {"a": entry("F32", [0, 4], 0, 0), "b": entry("U8", [4], 0, 4),
            "c": entry("F32", [0], 4, 4), "d": entry("F32", [0], 0, 0)}
    c.file("S19-zero-size-shares-offset", "OK", "", model(zero, 4))
    zero["c"] = entry("F32", [0], 2, 2)
    c.file("S19-zero-size-inside-another", "EDATA", "tensor `c`: its data at 2 overlaps",
           model(zero, 4))
    zero["c"] = entry("F32", [0], 8, 8)
    c.file("S19-zero-size-beyond", "EDATA", "tensor `c`: there are 4 bytes", model(zero, 4))


def names(c):
    def named(text):
        return pack('{"%s":%s}' % (text, ENTRY), b"abcd")

    c.file("S20-nul", "EDATA", "a name with a NUL character", named("a\\u0000b"))
    c.file("S20-dot-dot", "OK", "", named("../../etc/passwd"))
    c.file("S20-megabyte", "ELIMIT", "the name is 1000000 bytes long, and the limit is 65535",
           named("x" * 1000000))
    c.file("S20-longest", "OK", "", named("x" * 65535))
    c.file("S20-lone-high", "EDATA", "a lone surrogate", named("\\ud800"))
    c.file("S20-lone-low", "EDATA", "a lone surrogate", named("\\udc00x"))
    c.file("S20-high-high", "EDATA", "a lone surrogate", named("\\ud800\\ud800"))
    c.file("S20-pair", "OK", "", named("\\ud83d\\ude00"))
    c.file("S20-hostile-text", "EDATA", "`%n%s\\x1b[2J` is there twice",
           pack('{"%%n%%s\\u001b[2J":%s,"%%n%%s\\u001b[2J":%s}' % (ENTRY, ENTRY), b"abcd"))
    c.file("S20-empty", "EDATA", "", named(""))
    good = '{"a":' + ENTRY + "}"
    c.file("S21-leading-space", "EDATA", "must begin with `{`, not with byte 0x20",
           pack(" " + good, b"abcd"))
    c.file("S21-leading-bom", "EDATA", "must begin with `{`, not with byte 0xef",
           pack("\ufeff" + good, b"abcd"))
    c.file("S21-trailing-newline", "EDATA", "only spaces may follow", pack(good + "\n", b"abcd"))
    c.file("S21-trailing-nul", "EDATA", "only spaces may follow", pack(good + "\0", b"abcd"))
    c.file("S21-trailing-json", "EDATA", "only spaces may follow", pack(good + " {}", b"abcd"))
    c.file("S21-trailing-spaces", "OK", "", pack(good + " " * 1000, b"abcd"))
    c.file("S21-spaces-within", "OK", "", pack(good.replace(":", " :\t\r\n "), b"abcd"))


def indexes(c):
    good = {"a": ONE, "b": TWO}
    c.tree("S22-good", "OK", "", {ONE: SHARD_A, TWO: SHARD_B, INDEX: index(good)})
    for name, shard in (("parent", "../x.safetensors"), ("absolute", "/etc/x.safetensors"),
                        ("below", "sub/x.safetensors"), ("nul", "x\0.safetensors")):
        c.tree("S22-" + name, "EDATA", "must be a plain file name",
               {ONE: SHARD_A, TWO: SHARD_B, INDEX: index({"a": ONE, "b": shard})})
    c.tree("S22-itself", "EDATA", "is not named like a safetensors file",
           {ONE: SHARD_A, INDEX: index({"a": INDEX})})
    c.tree("S22-missing-shard", "EINCOMPLETE", "waiting for shard `" + TWO + "`",
           {ONE: SHARD_A, INDEX: index(good)})
    c.tree("S22-million-shards", "ELIMIT", "more shards than the limit of 100000",
           {ONE: SHARD_A, INDEX: index({"%x" % i: "%x.safetensors" % i for i in range(10**6)})})
    c.tree("S22-tensor-not-listed", "EDATA", "tensor `b` of `" + TWO + "` is not listed",
           {ONE: SHARD_A, TWO: SHARD_B, INDEX: index({"a": ONE, "x": TWO})})
    sixteen = {"t%d" % i: entry("U8", [1], i, i + 1) for i in range(17)}
    c.tree("S22-16-of-17-listed", "EDATA", "tensor `t16` of `" + ONE + "` is not listed",
           {ONE: model(sixteen, 17), INDEX: index({"t%d" % i: ONE for i in range(16)})})
    c.tree("S22-tensor-not-there", "EDATA", "1 tensors are listed that no shard has: `x` is not in",
           {ONE: SHARD_A, TWO: SHARD_B, INDEX: index(dict(good, x=ONE))})
    c.tree("S22-tensor-elsewhere", "EDATA", "tensor `a` is said to be in `" + TWO + "`, and is in",
           {ONE: SHARD_A, TWO: SHARD_B, INDEX: index({"a": TWO, "b": ONE})})
    c.tree("S22-tensor-in-two", "EDATA", "tensor `a` is said to be in `" + ONE + "`, and is in",
           {ONE: SHARD_A, TWO: SHARD_A, INDEX: index(good)})
    text = json.dumps(index(good)).encode()
    c.tree("S22-tensor-twice", "EDATA", "tensor `a` is there twice",
           {ONE: SHARD_A, TWO: SHARD_B, INDEX: text.replace(b'"b"', b'"a"')})
    c.tree("S22-map-twice", "EDATA", "`weight_map` is there twice",
           {ONE: SHARD_A, TWO: SHARD_B, INDEX: text[:-1] + b',"weight_map":{}}'})
    c.tree("S22-not-json", "EDATA", "the index is not JSON", {ONE: SHARD_A, INDEX: b"weights"})
    for levels, code in ((64, "OK"), (65, "ELIMIT")):
        nested = b'{"x":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b","
        c.tree("S22-%d-levels" % levels, code, "" if code == "OK" else "limit of 64 levels",
               {ONE: SHARD_A, TWO: SHARD_B, INDEX: text.replace(b"{", nested, 1)})
    c.tree("S22-no-map", "EDATA", "no object `weight_map`", {ONE: SHARD_A, INDEX: {"metadata": {}}})
    c.tree("S22-empty-map", "EDATA", "names no tensors", {ONE: SHARD_A, INDEX: index({})})
    c.tree("S22-map-of-numbers", "EDATA", "the shard of tensor `a` must be a string",
           {ONE: SHARD_A, INDEX: index({"a": 1})})
    c.tree("S22-wrong-total", "OK", "", {ONE: SHARD_A, TWO: SHARD_B, INDEX: index(good, 9)})
    c.tree("S22-short-shard", "EINCOMPLETE", "`" + TWO + "`: its tensors need",
           {ONE: SHARD_A, TWO: SHARD_B[:-1], INDEX: index(good)})
    c.tree("S22-whole-too", "EDATA", "has both `model.safetensors` and `" + INDEX,
           {ONE: SHARD_A, TWO: SHARD_B, "model.safetensors": SHARD_A, INDEX: index(good)})


def folders(c):
    c.tree("S23-series", "OK", "", {ONE: SHARD_A, TWO: SHARD_B})
    c.tree("S23-series-gap", "EINCOMPLETE", "waiting for shard `model-00002-of-00003.safetensors`: "
           "2 of 3 are here", {"model-00001-of-00003.safetensors": SHARD_A,
                               "model-00003-of-00003.safetensors": SHARD_B})
    c.tree("S23-series-duplicate-tensor", "EDATA", "two tensors", {ONE: SHARD_A, TWO: SHARD_A})
    c.tree("S23-series-beyond", "EDATA", "there is no such shard",
           {"model-00001-of-00002.safetensors": SHARD_A,
            "model-00003-of-00002.safetensors": SHARD_B})
    c.tree("S23-series-huge", "ELIMIT", "more than the limit of 100000",
           {"model-1-of-999999999.safetensors": SHARD_A})
    c.tree("S23-unrelated", "EDATA", "put each model in a folder of its own",
           {"a.safetensors": SHARD_A, "b.safetensors": SHARD_B})
    c.tree("S23-whole-and-series", "EDATA", "has both `model.safetensors` and",
           {"model.safetensors": SHARD_A, ONE: SHARD_A, TWO: SHARD_B})
    c.tree("S23-two-indexes", "EDATA", "the folder has 2 indexes",
           {"x.safetensors.index.json": index({"a": "x.safetensors"}),
            "y.safetensors.index.json": index({"a": "x.safetensors"}), "x.safetensors": SHARD_A})
    c.tree("S23-one-of-any-name", "OK", "", {"weights.safetensors": SHARD_A, "config.json": {}})
    c.tree("S23-consolidated-too", "OK", "",
           {"model.safetensors": SHARD_A, "consolidated.safetensors": SHARD_B})
    c.file("S23-one-shard-alone", "EINCOMPLETE", "alone-00002-of-00002.safetensors",
           SHARD_A, name="alone-00001-of-00002.safetensors")


HALVES = {"block_len": 4, "planes": [{"name": "codes", "per": "block", "bits": 12},
                                     {"name": "scale", "per": "tensor", "bits": 32}]}
WHOLE = {"encoding": "halves", "shape": [2, 8]}


def planes(c):
    """A tensor of 2 rows of 8 in planes: of 2 blocks a row in 3 bytes, and of 4 bytes."""
    def file(case, code, text, tensors=WHOLE, about=HALVES, metadata=None, entries=None, size=10):
        if metadata is None:
            metadata = {"pare.encoding.halves": about, "pare.tensors": {"a": tensors}}
        metadata = {key: value if isinstance(value, str) else json.dumps(value)
                    for key, value in metadata.items()}
        if entries is None:
            entries = {"a.codes": entry("U8", [2, 3], 0, 6), "a.scale": entry("U8", [4], 6, 10)}
        c.file("S25-" + case, code, text, model(entries, size, metadata))

    def plane(**changes):
        first = {**HALVES["planes"][0], **changes}
        first = {key: value for key, value in first.items() if value is not None}
        return {"block_len": 4, "planes": [first, HALVES["planes"][1]]}

    def about(**changes):
        return {**HALVES, **changes}

    file("good", "OK", "")
    file("good-only-described", "OK", "", metadata={"pare.encoding.halves": HALVES})
    file("good-names-alike", "OK", "", entries={
        "a.codes": entry("U8", [2, 3], 0, 6), "a.scale": entry("U8", [4], 6, 10),
        "a.codes.codes": entry("U8", [1], 10, 11)}, size=11)
    file("good-reshaped", "OK", "", entries={
        "a.codes": entry("U8", [6], 0, 6), "a.scale": entry("U8", [2, 2, 1], 6, 10)})
    for case, text in (("empty", ""), ("open", "{"), ("list", "[]"), ("more", "{} {}")):
        file("tensors-" + case, "EDATA", "`pare.tensors` of `__metadata__` must be a JSON object",
             metadata={"pare.encoding.halves": HALVES, "pare.tensors": text})
        file("encoding-" + case, "EDATA", "encoding `halves` in `__metadata__`: it must be a JSON",
             about=text)
    file("too-many", "EDATA", "describes more tensors than the file has", metadata={
        "pare.encoding.halves": HALVES, "pare.tensors": {"t%d" % i: WHOLE for i in range(3)}})
    file("name-twice", "EDATA", "tensor `a`, in planes: it is described twice", metadata={
        "pare.encoding.halves": HALVES,
        "pare.tensors": '{"a":%s,"\\u0061":%s}' % ((json.dumps(WHOLE),) * 2)})
    file("name-empty", "EDATA", "its name is empty", metadata={
        "pare.encoding.halves": HALVES, "pare.tensors": {"": WHOLE}})
    file("name-nul", "EDATA", "holds a NUL character", metadata={
        "pare.encoding.halves": HALVES, "pare.tensors": {"a\0b": WHOLE}})
    file("name-taken", "EDATA", "tensor `a`, in planes: there is a tensor of that name besides",
         entries={"a.codes": entry("U8", [2, 3], 0, 6), "a.scale": entry("U8", [4], 6, 10),
                  "a": entry("U8", [1], 10, 11)}, size=11)
    for case, text, tensors in (
            ("number", "it must be an object", 1),
            ("no-shape", "encoding or shape is missing", {"encoding": "halves"}),
            ("no-encoding", "encoding or shape is missing", {"shape": [2, 8]}),
            ("more", "a key that is not known", {**WHOLE, "dtype": "U8"}),
            ("encoding-number", "encoding must be a string", {**WHOLE, "encoding": 1}),
            ("unknown", "does not describe its encoding `x`", {**WHOLE, "encoding": "x"}),
            ("shape-text", "shape must be a list", {**WHOLE, "shape": "2"}),
            ("shape-negative", "shape must be a list", {**WHOLE, "shape": [-2, 8]}),
            ("shape-9", "shape must be a list of up to 8", {**WHOLE, "shape": [1] * 8 + [8]}),
            ("block", "does not divide into the encoding's blocks", {**WHOLE, "shape": [2, 6]}),
            ("huge", "its size overflows", {**WHOLE, "shape": [2**40, 2**40, 8]}),
            ("wide", "its size overflows", {**WHOLE, "shape": [1, 2**63]}),
            ("larger", "plane `codes` has 6 bytes, its shape needs 9", {**WHOLE, "shape": [3, 8]}),
            ("smaller", "plane `codes` has 6 bytes, its shape needs 3", {**WHOLE, "shape": [8]}),
            ("nothing", "plane `codes` has 6 bytes, its shape needs 0",
             {**WHOLE, "shape": [2, 0]})):
        file("tensor-" + case, "EDATA", text, tensors)
    file("tensor-key-twice", "EDATA", "tensor `a`, in planes: a key is there twice", metadata={
        "pare.encoding.halves": HALVES,
        "pare.tensors": '{"a":{"encoding":"halves","encoding":"halves","shape":[2,8]}}'})
    file("plane-missing", "EDATA", "tensor `a`, in planes: there is no `a.scale`",
         entries={"a.codes": entry("U8", [2, 3], 0, 6), "b.scale": entry("U8", [4], 6, 10)})
    file("plane-type", "EDATA", "its planes must be of U8",
         entries={"a.codes": entry("U8", [2, 3], 0, 6), "a.scale": entry("F32", [1], 6, 10)})
    file("plane-long", "EDATA", "plane `scale` has 5 bytes, its shape needs 4",
         entries={"a.codes": entry("U8", [2, 3], 0, 6), "a.scale": entry("U8", [5], 6, 11)},
         size=11)
    for case, text, described in (
            ("no-block", "it needs block_len and planes", {"planes": HALVES["planes"]}),
            ("no-planes", "it needs block_len and planes", about(planes=[])),
            ("9-planes", "it has over 8 planes", about(planes=[
                {"name": "p%d" % i, "per": "block", "bits": 8} for i in range(9)])),
            ("same-names", "two planes have one name", about(planes=[HALVES["planes"][0]] * 2)),
            ("plane-number", "a plane must be an object", about(planes=[1])),
            ("planes-object", "planes must be a list", about(planes={})),
            ("key", "it has a key that is not known", about(kernel="x")),
            ("block-0", "block_len must be a number from 1 to 65536", about(block_len=0)),
            ("block-65537", "block_len must be a number from 1 to 65536", about(block_len=65537)),
            ("name", "is not 1 to 31 of a-z", plane(name="Codes")),
            ("name-dot", "is not 1 to 31 of a-z", plane(name="a.b")),
            ("name-long", "is not 1 to 31 of a-z", plane(name="c" * 32)),
            ("name-number", "must be strings", plane(name=1)),
            ("no-name", "a plane needs name, per and bits", plane(name=None)),
            ("no-bits", "a plane needs name, per and bits", plane(bits=None)),
            ("no-per", "a plane needs name, per and bits", plane(per=None)),
            ("per", "per must be block, row, column, tile or tensor", plane(per="cell")),
            ("bits-0", "bits must be a number from 1 to 134217728", plane(bits=0)),
            ("bits-2^27+1", "bits must be a number from 1 to 134217728", plane(bits=2**27 + 1)),
            ("row-bytes", "row_bytes go with planes per block only",
             plane(per="row", row_bytes=1)),
            ("no-tile", "planes per tile have a tile, and others none", plane(per="tile")),
            ("tile", "planes per tile have a tile, and others none", plane(tile=[1, 1])),
            ("tile-1", "tile must be two whole numbers", plane(per="tile", tile=[1])),
            ("tile-3", "tile must be two whole numbers", plane(per="tile", tile=[1, 1, 1])),
            ("tile-0", "tile must be two whole numbers", plane(per="tile", tile=[0, 1])),
            ("plane-more", "a plane has a key that is not known", plane(offset=0))):
        file("encoding-" + case, "EDATA", text, about=described)
    for key, value in (("name", '"codes"'), ("per", '"block"'), ("bits", "12")):
        text = json.dumps(HALVES).replace('"bits": 12', '"bits": 12, "%s": %s' % (key, value))
        file("encoding-%s-twice" % key, "EDATA", "a key is there twice", about=text)
    for name in ("", "Halves", "a.b", "x" * 32):
        file("encoding-named-%d" % len(name), "EDATA", "which is no name of one",
             metadata={"pare.encoding." + name: HALVES})
    file("65-encodings", "ELIMIT", "describes more encodings than the limit of 64",
         metadata={"pare.encoding.e%d" % i: HALVES for i in range(65)})


def impostors(c):
    c.file("S24-web-page", "EDATA", "this is a web page", b"<!DOCTYPE html><html>not found</html>")
    c.file("S24-zip", "EDATA", "this is a zip archive", b"PK\3\4" + bytes(100))


def generate(folder):
    """Writes all cases below `folder`; gives their list."""
    cases = Cases(folder)
    for part in (lengths_and_text, huge, offsets, shapes_and_types, duplicates, names, indexes,
                 folders, planes, impostors):
        part(cases)
    return cases.list


if __name__ == "__main__":
    import sys
    for made in generate(sys.argv[1]):
        print("\t".join((made["id"], made["path"], made["code"], made["text"])))
