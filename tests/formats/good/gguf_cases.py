# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Valid GGUF files: every value type, every tensor type, both versions, alignments, splits. Same
interface as bad/gguf_cases.py; a case with "rewrite" must come out of the writer byte for byte."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bad"))
from gguf_build import (BOOL, CODES, F32, F64, I32, STRING, TYPES, U32, Gguf,  # noqa: E402
                        Tensor, array, default_tensors, kv, split)
from gguf_cases import write  # noqa: E402

ARCHITECTURE = kv("general.architecture", STRING, "llama")


def value(kind):
    return 1.5 if kind in (F32, F64) else 1


def every_value():
    entries = [ARCHITECTURE]
    for kind in CODES:
        entries.append(kv("one.%d" % kind, kind, value(kind)))
        entries.append(array("some.%d" % kind, kind, [value(kind)] * 3 + [0]))
        entries.append(array("none.%d" % kind, kind, []))
    entries.append(kv("text", STRING, "caf\u00e9 \U0001f600"))
    entries.append(kv("bytes", STRING, b"\xff\0\xfe"))
    entries.append(kv("empty", STRING, ""))
    entries.append(array("texts", STRING, ["", "a", "b" * 100000, b"\xc3"]))
    entries.append(array("no.texts", STRING, []))
    return entries


def every_type():
    return [Tensor("t%d" % kind, [256, 3, 2, 2], kind, bytes(TYPES[kind][1] * 256 * 12
                                                             // TYPES[kind][0]))
            for kind in TYPES]


def tokenizer():
    n = 70000  # more than a read buffer
    return [ARCHITECTURE, array("tokenizer.ggml.tokens", STRING, ["t%d" % i for i in range(n)]),
            array("tokenizer.ggml.scores", F32, [-i for i in range(n)]),
            array("tokenizer.ggml.token_type", I32, [1] * n),
            array("tokenizer.ggml.merges", STRING, ["a b"]),
            kv("tokenizer.ggml.add_bos_token", BOOL, 1)]


def aligned(alignment):
    entries = [ARCHITECTURE, kv("general.alignment", U32, alignment)]
    return Gguf(entries, alignment=alignment).build()


def shards():
    parts = [default_tensors()[:2], default_tensors()[2:], []]
    # Names in another order than the shards: split.no counts.
    return {name: split(no, 3, 3, parts[no])
            for no, name in enumerate(["c.gguf", "a.gguf", "b.gguf"])}


def cases():
    yield "plain", Gguf().build(), True
    yield "values", Gguf(every_value()).build(), True
    yield "types", Gguf([ARCHITECTURE], every_type()).build(), True
    yield "tokenizer", Gguf(tokenizer()).build(), True
    types = [array("tokenizer.ggml.tokens", STRING, ["a", "b"]),
             array("tokenizer.ggml.token_type", U32, [1, 3])]  # as mlx-lm writes them
    yield "types-u32", Gguf([ARCHITECTURE] + types).build(), True
    yield "version-2", Gguf(version=2).build(), False
    yield "no-tensors", Gguf(tensors=[]).build(), True
    yield "no-tensors-unpadded", Gguf(tensors=[]).header(), False
    yield "nothing", Gguf([], []).build(), False
    yield "unpadded", Gguf(tail=False).build(), False
    yield "container", Gguf([]).build(), False
    yield "scalar", Gguf(tensors=[Tensor("s", [1])]).build(), True
    yield "outer-ones", Gguf(tensors=[Tensor("o", [32, 1, 1])]).build(), False
    yield "inner-one", Gguf(tensors=[Tensor("i", [1, 32])]).build(), True
    for alignment in (1, 8, 64, 4096, 1 << 20):
        yield "aligned-%d" % alignment, aligned(alignment), True
    yield "mamba", Gguf([kv("general.architecture", STRING, "mamba"),
                         kv("mamba.attention.head_count", U32, 0)]).build(), True
    yield "split-of-one", split(0, 1, 3, default_tensors()), False
    yield "split", shards(), False
    beside = dict(shards())
    beside["config.json"] = b"{}"
    beside["notes.txt"] = b""
    yield "split-beside", beside, False


def generate(directory):
    """Writes all files below a folder and returns them as cases."""
    made = []
    for id, content, rewrite in cases():
        path = os.path.join(directory, id if isinstance(content, dict) else id + ".gguf")
        if isinstance(content, dict):
            os.makedirs(path)
            for name, data in content.items():
                write(os.path.join(path, name), data)
        else:
            write(path, content)
        made.append({"id": id, "path": path, "code": "OK", "text": "", "rewrite": rewrite})
    return made
