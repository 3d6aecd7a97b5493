# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""The malformed legacy importance matrices: one or more per rule of docs/formats/imatrix.md. Same
interface as gguf_cases.py. All are called .imatrix: for those that look like none otherwise the
name alone makes the reader explain what is wrong."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imatrix_build import default_entries, entry, i32, imatrix, trailer  # noqa: E402

SHORT = "cut short or still arriving"
BIG = 2 ** 31 - 1


def counts():
    yield "I01", b"", "EINCOMPLETE", ""
    yield "I01-short", b"\1\0", "EINCOMPLETE", "inside the number of entries at byte 0 that needs 4"
    yield "I02", imatrix([]), "EDATA", "it has 0 entries: no importance matrix"
    yield "I02-minus", imatrix(n=-1), "EDATA", "it has -1 entries"
    yield "I03", imatrix(n=BIG), "ELIMIT", "it has 2147483647 entries, more than the limit of"
    yield "I03-more", imatrix(n=4), "EINCOMPLETE", "inside the length of a name"
    yield "I03-fewer", imatrix(n=2), "EDATA", "the data set's name has "


def names():
    first = default_entries()[0]
    yield "I04", imatrix([entry("", [1])]), "EDATA", "entry 0 has a name of 0 bytes, not 1 to 65527"
    yield "I04-minus", imatrix([first, entry("a", [1], length=-1)]), "EDATA", \
        "entry 1 has a name of -1 bytes"
    yield "I04-long", imatrix([entry("a" * 65528, [1])]), "EDATA", "a name of 65528 bytes"
    yield "I04-huge", imatrix([entry("a", [1], length=BIG)]), "EDATA", "a name of 2147483647 bytes"
    yield "I04-cut", imatrix([entry("a", [1], length=1000)]), "EINCOMPLETE", \
        "inside a name at byte 8 that needs 1000 bytes: it is " + SHORT
    yield "I05", imatrix([entry("a\0b", [1])]), "EDATA", "the name of entry 0 contains a NUL byte"
    yield "I06", imatrix([first, first]), "EDATA", "there are two tensors named"


def values():
    yield "I07", imatrix([entry("a", [])]), "EDATA", "entry 0 has 0 values"
    yield "I07-minus", imatrix([entry("a\x1bb", [1], nval=-1)]), "EDATA", "entry 0 has -1 values"
    yield "I08", imatrix([entry("a", [1], nval=2)]), "EINCOMPLETE", \
        "inside the 2 values of entry 0 at byte 17: it is " + SHORT
    yield "I08-huge", imatrix([entry("a", [1], nval=BIG)]), "EINCOMPLETE", \
        "inside the 2147483647 values of entry 0"
    yield "I08-counts", imatrix()[:4 + 4 + 19 + 4], "EINCOMPLETE", "inside the counts of an entry"


def trailers():
    yield "I09", imatrix(tail=b"\7\0\0"), "EINCOMPLETE", "inside the number of chunks"
    yield "I09-length", imatrix(tail=i32(7) + b"\1"), "EINCOMPLETE", \
        "inside the length of the data set's name"
    yield "I09-name", imatrix(tail=i32(7) + i32(5) + b"abc"), "EINCOMPLETE", \
        "inside the data set's name at byte"
    yield "I10", imatrix(tail=trailer() + b"\0"), "EDATA", "1 bytes follow after the data set's name"
    yield "I10-minus", imatrix(tail=i32(7) + i32(-5)), "EDATA", \
        "the data set's name has -5 bytes, not 0 to 1048576"
    yield "I10-long", imatrix(tail=i32(7) + i32(1048577)), "EDATA", "has 1048577 bytes"


def generate(directory):
    cases = []
    for group in (counts, names, values, trailers):
        for id, data, code, text in group():
            path = os.path.join(directory, id + ".imatrix")
            with open(path, "wb") as f:
                f.write(data)
            cases.append({"id": id, "path": path, "code": code, "text": text})
    return cases
