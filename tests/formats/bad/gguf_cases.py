# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""The malformed GGUF files: one or more per rule of docs/formats/gguf.md and per published
vulnerability of a GGUF parser. generate(dir) writes them and returns what each must lead to.

A case is {"id", "path", "code", "text"}: code is the name of the expected status without PARE_,
or "OK" for files that look odd and are legal; text is part of the expected message. A case whose
code is OK may have "convert": the status that converting it must end with.
"""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from gguf_build import (ARRAY, BOOL, F32, F64, I8, I64, STRING, U8, U16, U32, U64,  # noqa: E402
                        Gguf, Tensor, array, default_entries, default_tensors, kv, pad, split,
                        string, u32, u64)

SHORT = "cut short or still arriving"


def magic_and_version():
    valid = Gguf().build()
    yield "G01", b"", "EINCOMPLETE", "the file is empty"
    yield "G02", b"GGUF", "EINCOMPLETE", SHORT
    yield "G02-prefix", b"GG", "EINCOMPLETE", SHORT
    yield "G03", b"GGML" + valid[4:], "EDATA", "not a GGUF file: it begins with `GGML`"
    yield "G03-control", b"G\x1b[2" + valid[4:], "EDATA", "begins with `G\\x1b[2`"
    lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    yield "G03-lfs", lfs, "EINCOMPLETE", "Git LFS pointer"
    yield "G04", Gguf(version=0).build(), "EDATA", "GGUF version 0 does not exist"
    yield "G05", Gguf(version=1).build(), "ENOTSUP", "GGUF version 1 is obsolete"
    yield "G06", Gguf(version=0x03000000).build(), "ENOTSUP", "a big-endian GGUF file"
    yield "G07", Gguf(version=0xFFFFFFFF).build(), "ENOTSUP", "version 4294967295 is not supported"


def counts():
    limit = "are more than the limit of"
    yield "G08", Gguf(n_tensors=-1).build(), "EDATA", "18446744073709551615 tensors " + limit
    big = pad(Gguf(n_tensors=2 ** 40).build(), 1024)
    yield "G09", big, "EDATA", "1099511627776 tensors " + limit
    yield "G09-arriving", Gguf(n_tensors=100000).build(), "EINCOMPLETE", SHORT
    yield "G10", Gguf(n_tensors=2 ** 63 - 1).build(), "EDATA", "tensors " + limit
    yield "G11", Gguf(n_kv=-1).build(), "EDATA", "18446744073709551615 metadata keys " + limit
    yield "G12", Gguf(n_kv=2 ** 40).build(), "EDATA", "1099511627776 metadata keys " + limit
    yield "G12-limit", Gguf(n_kv=65537).build() + bytes(14 * 65537), "ELIMIT", limit
    yield "G12-more", Gguf(n_kv=3).build(), "EDATA", "tensor 0 has a name of"


def raw_entry(data, **other):
    return Gguf(default_entries() + [data], **other).build()


def strings_and_arrays():
    key = string("x.y")
    yield "G13", raw_entry(u64(-1) + b"x"), "EDATA", "metadata key 2 has 18446744073709551615 bytes"
    yield "G14", raw_entry(u64(2 ** 30 - 1) + b"x"), "EDATA", "has 1073741823 bytes, more than"
    yield "G14-cut", Gguf([u64(65535) + b"x"], []).build(), "EINCOMPLETE", SHORT
    text = key + u32(STRING)
    yield "G15", raw_entry(text + u64(-1)), "EDATA", "key `x.y`: a string longer than 2^30 bytes"
    yield "G16", raw_entry(text + u64(2 ** 30 - 1)), "EINCOMPLETE", SHORT
    strings = key + u32(ARRAY) + u32(STRING)
    yield "G17", raw_entry(strings + u64(2 ** 30 - 1)), "ELIMIT", "more than 2^22 strings"
    yield "G17-cut", raw_entry(strings + u64(2 ** 22)), "EINCOMPLETE", SHORT
    yield "G18", raw_entry(key + u32(ARRAY) + u32(U64) + u64(2 ** 61)), "EDATA", \
        "an array longer than 2^30 elements"
    yield "G18-cut", raw_entry(key + u32(ARRAY) + u32(U64) + u64(2 ** 30)), "EINCOMPLETE", SHORT
    nested = key + u32(ARRAY) + u32(ARRAY) + u64(1) + u32(U8) + u64(1) + b"\0"
    yield "G19", raw_entry(nested), "ENOTSUP", "key `x.y`: is an array of arrays"
    yield "G20", raw_entry(key + u32(13) + u64(0)), "EDATA", "unknown value type 13"
    yield "G20-array", raw_entry(key + u32(ARRAY) + u32(13) + u64(0)), "EDATA", "value type 13"
    yield "G21", raw_entry(key + u32(-1) + u64(0)), "EDATA", "unknown value type 4294967295"
    yield "G22", raw_entry(kv("x.y", BOOL, 7)), "EDATA", \
        "key `x.y`: a bool is neither 0 nor 1 but 7"
    yield "G22-array", raw_entry(array("x.y", BOOL, [0, 1, 2])), "EDATA", "neither 0 nor 1 but 2"


def keys():
    twice = kv("x.y", U32, 1) + kv("x.y", U32, 1)
    yield "G23", raw_entry(twice, n_kv=4), "EDATA", "two metadata entries"
    alignment = kv("general.alignment", U32, 32)
    yield "G23-alignment", raw_entry(alignment * 2, n_kv=4), "EDATA", "is there twice"
    yield "G24", raw_entry(kv("", U32, 1)), "EDATA", "metadata key 2 is empty"
    yield "G24-nul", raw_entry(kv("a\0b", U32, 1)), "EDATA", "metadata key 2 contains a NUL byte"
    for id, value, code, text in (
            ("G25", 0, "EDATA", "general.alignment is 0, which is not a power of two"),
            ("G26", 3, "EDATA", "general.alignment is 3, which is not a power of two"),
            ("G27", 2 ** 31, "ELIMIT", "general.alignment is 2147483648, more than the limit")):
        yield id, raw_entry(kv("general.alignment", U32, value)), code, text
    yield "G28", raw_entry(kv("general.alignment", STRING, "32")), "EDATA", \
        "key `general.alignment` must be u32 but is string"
    yield "G28-array", raw_entry(array("general.alignment", U32, [32])), "EDATA", \
        "must be u32 but is an array of u32"


def one(tensor, **other):
    return Gguf(tensors=[tensor], **other).build()


def dimensions():
    some = bytes(64)
    yield "G29", one(Tensor("t", [1] * 5)), "EDATA", "tensor `t` has 5 dimensions, more than 4"
    yield "G30", one(Tensor("t", [1], n_dims=-1)), "EDATA", "has 4294967295 dimensions"
    yield "G31", one(Tensor("t", [])), "OK", ""
    yield "G31-q8_0", one(Tensor("t", [], 8, bytes(34))), "EDATA", "a row of 1 elements"
    yield "G32", one(Tensor("t", [0])), "EDATA", "tensor `t`: dimension 0 is zero"
    yield "G32-outer", one(Tensor("t", [32, 0])), "EDATA", "tensor `t`: dimension 1 is zero"
    yield "G33", one(Tensor("t", [-5], data=some)), "EDATA", "dimension 0 is negative (-5)"
    wraps = "its number of elements does not fit into 63 bits"
    yield "G34", one(Tensor("t", [2 ** 32, 2 ** 32], data=some)), "EDATA", wraps
    yield "G34-sign", one(Tensor("t", [2 ** 62, 2], data=some)), "EDATA", wraps
    rows = one(Tensor("t", [32, 2 ** 42 + 1], data=some))
    yield "G35", rows, "EINCOMPLETE", "but the file has only"
    size = "its size in bytes does not fit into 63 bits"
    yield "G36", one(Tensor("t", [2 ** 32, 2 ** 31 - 1], 8, data=some)), "EDATA", size
    yield "G37", one(Tensor("t", [2 ** 62 - 1], data=some)), "EDATA", size
    yield "G37-pad", one(Tensor("t", [2 ** 63 - 1], 24, data=some)), "EDATA", "exceed 63 bits"
    two = [Tensor("t", [2 ** 62], 24, some), Tensor("u", [2 ** 62], 24, some, 2 ** 62)]
    yield "G37-sum", Gguf(tensors=two).build(), "EDATA", "exceed 63 bits"
    header = [Tensor("t", [2 ** 63 - 64], 24, some)]
    yield "G37-header", Gguf(tensors=header).build(), "EDATA", "exceed 63 bits"


def types():
    for id, kind, text in (("G38", 255, "type 255, which GGUF does not define"),
                           ("G38-minus", -1, "type -1, which GGUF does not define"),
                           ("G38-ik", 99, "was it made by a fork of llama.cpp?"),
                           ("G38-next", 43, "type 43, which GGUF does not define"),
                           ("G38-removed", 4, "type 4, which was removed from GGUF"),
                           ("G38-repacked", 31, "type 31, which was removed from GGUF"),
                           ("G38-iq4", 38, "type 38, which was removed from GGUF")):
        yield id, one(Tensor("t", [256], kind, bytes(1024))), "ENOTSUP", text
    row = "elements is not a multiple of"
    yield "G39", one(Tensor("t", [33], 8, bytes(64))), "EDATA", "33 " + row + " q8_0's block of 32"
    yield "G39-k", one(Tensor("t", [32, 8], 12, bytes(144))), "EDATA", "32 " + row + " q4_k's block"


def offsets():
    for id, offset, text in (("G40", 1, "offset 1, but its data must begin at 512"),
                             ("G40-eof", 2 ** 40, "offset 1099511627776"),
                             ("G40-minus", -32, "offset 18446744073709551584"),
                             ("G40-overlap", 32, "offset 32, but its data must begin at 512"),
                             ("G40-gap", 544, "offset 544, but its data must begin at 512")):
        tensors = [Tensor("a", [32, 4]), Tensor("b", [32], offset=offset)]
        yield id, Gguf(tensors=tensors).build(), "EDATA", "tensor `b` has " + text
    swapped = [Tensor("a", [32], offset=128), Tensor("b", [32], offset=0)]
    yield "G40-order", Gguf(tensors=swapped).build(), "EDATA", "tensor `a` has offset 128"


def names():
    same = [Tensor("a", [32]), Tensor("a", [32])]
    yield "G41", Gguf(tensors=same).build(), "EDATA", "there are two tensors named"
    yield "G42", one(Tensor("n" * 64, [32])), "EDATA", "tensor 0 has a name of 64 bytes"
    yield "G42-long", one(Tensor("n" * 70000, [32])), "EDATA", "a name of 70000 bytes"
    yield "G42-63", one(Tensor("n" * 63, [32])), "OK", ""
    yield "G42-empty", one(Tensor("", [32])), "EDATA", "tensor 0 has an empty name"
    yield "G42-nul", one(Tensor("a\0b", [32])), "EDATA", "tensor `a\\x00b`: its name contains a NUL"
    yield "G42-path", one(Tensor("../../etc/passwd", [32])), "OK", ""
    yield "G42-escape", one(Tensor("\x1b]0;x\x07", [0])), "EDATA", "tensor `\\x1b]0;x\\x07`"
    yield "G42-utf8", one(Tensor(b"\xff\xfe", [32])), "OK", ""


def ends():
    valid = Gguf().build()
    yield "G43", valid[:-40], "EINCOMPLETE", "but the file has only"
    yield "G43-padding", Gguf(tail=False).build(), "OK", ""
    header = len(Gguf().header())
    yield "G43-header", valid[:header - 3], "EINCOMPLETE", SHORT
    yield "G43-data", valid[:header], "EINCOMPLETE", "but the file has only"
    trailing = b"PK\3\4" + bytes(4092)
    yield "G44", valid + trailing, "EDATA", "4096 bytes follow the data"
    yield "G44-one", valid + b"\0", "EDATA", "1 bytes follow the data"
    yield "G44-empty", Gguf(tensors=[]).build() + trailing, "EDATA", "bytes follow the data"
    zero = bytes(4)
    many = [Tensor("blk.%d.w" % i, [1], 0, zero) for i in range(80000)]
    yield "G45", Gguf(tensors=many).build(), "OK", ""
    keys = [kv("key.%d" % i, U8, 1) for i in range(60000)]
    yield "G45-keys", Gguf(keys, default_tensors()).build(), "OK", ""


def meaning():
    """Metadata that would make a reader allocate, divide or cast wrongly."""
    def llama(*entries):
        return Gguf([kv("general.architecture", STRING, "llama")] + list(entries)).build()
    yield "G46", llama(kv("llama.block_count", U32, 2 ** 32 - 1)), "EDATA", \
        "key `llama.block_count` is 4294967295, more than a model can have"
    yield "G46-float", llama(kv("llama.block_count", F32, 1e9)), "EDATA", "must be an integer"
    yield "G46-heads", llama(kv("llama.attention.head_count", U32, 0)), "OK", ""
    yield "G46-vocab", llama(kv("llama.vocab_size", U32, 2 ** 32 - 1)), "EDATA", "more than a model"
    yield "G46-vocab-signed", llama(kv("llama.vocab_size", I64, -1)), "EDATA", \
        "key `llama.vocab_size` is negative"
    yield "G46-negative", llama(kv("llama.block_count", I8, -1)), "EDATA", "is negative"
    yield "G46-bool", llama(kv("llama.block_count", BOOL, 1)), "EDATA", "integer but is bool"
    tokens = array("tokenizer.ggml.tokens", STRING, ["a", "b"])
    yield "G48-scores", llama(tokens, array("tokenizer.ggml.scores", I8, [1, 2])), "EDATA", \
        "key `tokenizer.ggml.scores` must be an array of f32 but is an array of i8"
    yield "G48-few", llama(tokens, array("tokenizer.ggml.scores", F32, [1])), "EDATA", \
        "has 1 elements for 2 tokens"
    yield "G48-types", llama(tokens, array("tokenizer.ggml.token_type", F64, [1, 1])), "EDATA", \
        "must be an array of i32 but is an array of f64"
    yield "G48-token", llama(array("tokenizer.ggml.tokens", STRING, ["<0x-1>", "<0x>"])), "OK", ""
    yield "G48-tokens", llama(kv("tokenizer.ggml.tokens", STRING, "x")), "EDATA", \
        "must be an array of string but is string"
    yield "G48-arch", Gguf([kv("general.architecture", U32, 1)]).build(), "EDATA", \
        "key `general.architecture` must be string but is u32"
    yield "G48-template", llama(kv("tokenizer.chat_template", STRING, "{" * 2 ** 25)), "OK", ""


def weights():
    for id, bits, code in (("G48-nan", 0x7FC00000, "ENONFINITE"),
                           ("G48-inf", 0x7F800000, "ENONFINITE"), ("G48-tiny", 1, None)):
        data = struct.pack("<I", bits) * 128
        yield id, one(Tensor("token_embd.weight", [32, 4], 0, data)), "OK", "", code


def shards(no, count, total=2):
    return split(no, count, total, [Tensor("t%d" % no, [32])])


def splits():
    """Folders: {name: bytes}."""
    yield "G47", {"m.gguf": shards(0, 65535)}, "EINCOMPLETE", "shard 2 of 65535 is missing; 1 found"
    yield "G47-first", {"m-2.gguf": shards(1, 2)}, "EINCOMPLETE", "shard 1 of 2 is missing"
    yield "G47-alone", {"m.gguf": shards(1, 2)}, "EINCOMPLETE", "this one is shard 2 of 2, whatever"
    three = {"a.gguf": shards(0, 3, 3), "b.gguf": shards(2, 3, 3)}
    yield "G47-middle", three, "EINCOMPLETE", "shard 2 of 3 is missing; 2 found"
    same = {"a.gguf": shards(0, 2), "b.gguf": shards(0, 2)}
    yield "G47-twice", same, "EDATA", "two files are shard 1 of 2"
    other = {"a.gguf": shards(0, 2), "b.gguf": shards(1, 3)}
    yield "G47-other", other, "EDATA", "shards of different splits"
    wrong = {"a.gguf": shards(0, 2, 3), "b.gguf": shards(1, 2, 3)}
    yield "G47-total", wrong, "EDATA", "split.tensors.count is 3, but the shards have 2 tensors"
    other = Gguf(default_entries() + [kv("general.name", STRING, "other")])
    models = {"a.gguf": Gguf().build(), "b.gguf": other.build()}
    yield "G47-models", models, "EDATA", "models of their own, not shards of one: convert them one " \
        "at a time: `a.gguf`, `b.gguf`"
    yield "G47-shapes", {"a.gguf": Gguf().build(), "b.gguf": one(Tensor("a", [32, 2]))}, "EDATA", \
        "models of their own"
    yield "G47-equal", {"a.gguf": Gguf().build(), "b.gguf": Gguf().build()}, "OK", ""
    short = {"a.gguf": Gguf().build(), "b.gguf": Gguf().build()[:-64]}
    yield "G47-short", short, "EINCOMPLETE", "b.gguf: its data ends at byte"
    cut = {"a.gguf": shards(0, 2), "b.gguf": shards(1, 2)[:40]}
    yield "G47-cut", cut, "EINCOMPLETE", "b.gguf: the file ends at byte 40"
    yield "G47-zero", {"m.gguf": shards(0, 0)}, "OK", ""
    yield "G47-zero-no", {"m.gguf": shards(1, 0)}, "EDATA", "split.no is 1, but split.count is 0"
    some = [kv("split.count", U16, 2)]
    yield "G47-no-number", {"m.gguf": Gguf(some).build()}, "EDATA", "split.count but no split.no"
    untold = {"a.gguf": Gguf(some + [kv("split.no", U16, 0)]).build(), "b.gguf": shards(1, 2, 4)}
    yield "G47-untold", untold, "EDATA", "the first shard has no split.tensors.count"
    yield "G47-no", {"m.gguf": shards(5, 2)}, "EDATA", "split.no is 5, but split.count is 2"
    duplicate = {"a.gguf": shards(0, 2), "b.gguf": split(1, 2, 2, [Tensor("t0", [32])])}
    yield "G47-name", duplicate, "EDATA", "there are two tensors named"
    text = [kv("split.count", STRING, "2"), kv("split.no", U16, 0)]
    yield "G47-type", {"m.gguf": Gguf(text).build()}, "EDATA", "must be u16 but is string"


def write(path, content):
    with open(path, "wb") as f:
        f.write(content)


def generate(directory):
    """Writes all cases below a folder and returns them."""
    cases = []
    for group in (magic_and_version, counts, strings_and_arrays, keys, dimensions, types, offsets,
                  names, ends, meaning, weights, splits):
        for id, content, code, text, *convert in group():
            if isinstance(content, dict) and len(content) > 1:
                path = os.path.join(directory, id)
                os.makedirs(path)
                for name, data in content.items():
                    write(os.path.join(path, name), data)
            else:
                path = os.path.join(directory, id + ".gguf")
                write(path, *content.values() if isinstance(content, dict) else [content])
            cases.append({"id": id, "path": path, "code": code, "text": text,
                          "convert": convert[0] if convert else None})
    return cases
