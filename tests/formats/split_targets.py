#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: split_targets.py

Split targets of the GGUF writer, made by the real worker (see split_worker.py for its
environment) and looked at with a reader of their own: which tensor is in which file, what the
shards' metadata says, that nothing is lost on the way there and back, and what is refused. The
same options of the safetensors writer.
"""
import json
import os
import resource
import struct
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "bad"))
import split_worker  # noqa: E402
from gguf_build import I32, STRING, U16, U32, Gguf, Tensor, kv, split  # noqa: E402
from split_worker import Failure, shards  # noqa: E402

LENGTHS = [3, 64, 8, 100, 1, 9, 40, 33, 32, 7, 16, 250]  # of the tensors, in elements of 4 bytes
ENTRIES = [kv("general.architecture", STRING, "llama"), kv("llama.block_count", U32, 12)]


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def tensors(lengths=None, first=0):
    """In the order in which a target has them."""
    return [Tensor("blk.%d.ffn_norm.weight" % (first + i), [n])
            for i, n in enumerate(LENGTHS if lengths is None else lengths)]


def write(work, name, content):
    """A file of these bytes, or a folder of such files."""
    path = os.path.join(work, name)
    if isinstance(content, dict):
        os.makedirs(path)
        for file, data in content.items():
            write(path, file, data)
    else:
        with open(path, "wb") as f:
            f.write(content)
    return path


def convert(work, source, out, options=None, stem="out"):
    """The path of what was made as f32."""
    folder = os.path.join(work, out)
    target = split_worker.convert(source, "f32", folder, options, stem=stem)
    return os.path.join(folder, "0", target["output"])


def divided(lengths, max_size=None, max_tensors=None):
    """The numbers of the tensors in each file, by the rules of llama-gguf-split."""
    files, filled = [[]], 0
    for i, n in enumerate(lengths):
        size = 4 * n + -4 * n % 32
        full = max_size and filled + size > max_size
        if files[-1] and (full or len(files[-1]) == max_tensors):
            files.append([])
            filled = 0
        files[-1].append(i)
        filled += size
    return files


def check_shards(path, files, stem="out", keys=("no", "tensors.count", "count")):
    """The folder has these shards, of tensors() by number, with the split's keys."""
    names = ["%s-%05d-of-%05d.gguf" % (stem, i + 1, len(files)) for i in range(len(files))]
    check(sorted(os.listdir(path)) == names, "files %s" % sorted(os.listdir(path)))
    n = sum(map(len, files))
    made = tensors()
    for no, (shard, numbers) in enumerate(zip(shards(path), files)):
        want = [made[i] for i in numbers]
        check([t[0] for t in shard.tensors] == [t.name for t in want], "tensors of shard %d" % no)
        check(all(t[3] == w.data + bytes(-len(w.data) % 32) for t, w in zip(shard.tensors, want)),
              "the data of shard %d" % no)
        values = {"no": (U16, no), "count": (U16, len(files)), "tensors.count": (I32, n)}
        tail = [("split." + key, *values[key]) for key in keys]
        check(shard.entries[-3:] == tail, "keys of shard %d: %s" % (no, shard.entries))
        check((len(shard.entries) > 3) == (no == 0), "metadata of shard %d" % no)
    check(shards(path)[0].keys["general.architecture"] == "llama", "no architecture")


def test_limits(work):
    source = write(work, "m.gguf", Gguf(ENTRIES, tensors()).build())
    whole = convert(work, source, "whole")
    cases = [{"max_tensors": n} for n in (1, 2, 3, 5, 11)]
    cases += [{"max_size": n} for n in (1, 32, 255, 256, 1000, 1024, 1500, 2000)]
    cases += [{"max_size": 1000, "max_tensors": 2}]
    for i, limits in enumerate(cases):
        options = {"split_" + name: str(value) for name, value in limits.items()}
        path = convert(work, source, "split-%d" % i, options)
        check_shards(path, divided(LENGTHS, **limits))
        again = convert(work, path, "again-%d" % i)
        with open(whole, "rb") as a, open(again, "rb") as b:
            check(a.read() == b.read(), "%s: merged again, the file differs" % limits)
        more = convert(work, path, "more-%d" % i, {"split_max_tensors": "4"})
        check_shards(more, divided(LENGTHS, max_tensors=4))


def test_nothing_to_split(work):
    source = write(work, "m.gguf", Gguf(ENTRIES, tensors()).build())
    for i, options in enumerate(({"split_max_tensors": "12"}, {"split_max_size": "9G"},
                                 {"split_max_size": "3K"}, {"keep_split": "true"},
                                 {"split_max_size": str(2 ** 63 - 1)}, {"keep_split": "no"})):
        path = convert(work, source, "one-%d" % i, options)
        check(os.path.isfile(path) and path.endswith("out.gguf"), "%s: %s" % (options, path))
        check("split.no" not in split_worker.Shard(path).keys, "a split of one")
    empty = write(work, "empty.gguf", Gguf(ENTRIES, []).build())
    check(os.path.isfile(convert(work, empty, "empty", {"split_max_size": "1"})), "no tensors")


def test_suffixes(work):
    source = write(work, "m.gguf", Gguf(ENTRIES, tensors([125, 124])).build())
    for text, n in (("1K", 2), ("1000", 2), ("1024", 1)):
        path = convert(work, source, "suffix-" + text, {"split_max_size": text})
        check(n == (len(os.listdir(path)) if os.path.isdir(path) else 1), "%s: not %d" % (text, n))


def source_split(files, names=None):
    """{name: bytes} of a split source with tensors() by number, in files of an order of its own."""
    made = tensors()
    n = sum(map(len, files))
    return {names[i] if names else "m-%05d-of-%05d.gguf" % (i + 1, len(files)):
            split(i, len(files), n, [made[k] for k in numbers])
            for i, numbers in enumerate(files)}


def test_keep(work):
    """Shards in an order that is not that of the layers, some of them empty."""
    order = ("no", "count", "tensors.count")
    mixed = [[7, 2, 0], [11], [1, 10, 9, 3], [8, 5, 4, 6]]
    cases = [(mixed, mixed), ([[]] + mixed, [[]] + mixed), (mixed[:2] + [[]] + mixed[2:],) * 2,
             (mixed + [[], []], mixed)]
    for i, (files, want) in enumerate(cases):
        source = write(work, "source-%d" % i, source_split(files))
        path = convert(work, source, "keep-%d" % i, {"keep_split": "true"})
        check_shards(path, want, keys=order)
        merged = split_worker.Shard(convert(work, source, "merged-%d" % i))
        check([t[0] for t in merged.tensors] == [t.name for t in tensors()], "merged in order")
        again = convert(work, path, "again-%d" % i, {"keep_split": "1"})
        for name in os.listdir(path):
            with open(os.path.join(path, name), "rb") as a, \
                    open(os.path.join(again, name), "rb") as b:
                check(a.read() == b.read(), "kept twice, %s differs" % name)
    names = ["c.gguf", "a.gguf", "d.gguf", "b.gguf"]  # split.no counts, not names
    path = convert(work, write(work, "renamed", source_split(mixed, names)), "renamed-kept",
                   {"keep_split": "yes"})
    check_shards(path, mixed, keys=order)


def test_keep_of_one_with_tensors(work):
    source = write(work, "m", source_split([list(range(len(LENGTHS))), []]))
    check(os.path.isfile(convert(work, source, "one", {"keep_split": "true"})), "a file")


def test_alignment(work):
    """general.alignment is the first shard's; the others, which do not have it, use 32."""
    entries = ENTRIES + [kv("general.alignment", U32, 4096)]
    source = write(work, "m.gguf", Gguf(entries, tensors(), alignment=4096).build())
    path = convert(work, source, "aligned", {"split_max_tensors": "5"})
    first, second, third = shards(path)
    check(first.size % 4096 == 0 and len(first.tensors[1][3]) == 4096, "the first is aligned")
    check("general.alignment" not in second.keys, "all metadata is in the first")
    check(len(second.tensors[0][3]) == 64, "the second is aligned to 32")
    back = convert(work, path, "whole")
    check(split_worker.Shard(back).keys["general.alignment"] == 4096, "no alignment")


def test_container(work):
    """What is no model of llama.cpp's can be split, too."""
    source = write(work, "m.gguf", Gguf([kv("format", STRING, "pt")], tensors()).build())
    path = convert(work, source, "container", {"split_max_tensors": "6"})
    first, second = shards(path)
    check([e[0] for e in first.entries][0] == "general.architecture", "no architecture")
    check(len(second.entries) == 3, "metadata in the second")


def test_refused(work):
    source = write(work, "m.gguf", Gguf(ENTRIES, tensors()).build())
    size = "split_max_size must be a number of bytes above 0"
    number = "split_max_tensors must be a whole number above 0"
    cases = [({"split_max_size": text}, "usage", size + ".*`%s`" % text)
             for text in ("", "0", "-1", "0G", "G", "4g", "4GB", "4 G", " 4", "+4", "1.5G", "0x10",
                          "99999999999999999999", "9223372037G", "18446744073709551617", "many")]
    cases += [({"split_max_tensors": text}, "usage", number + ".*`%s`" % text)
              for text in ("", "0", "-3", "3K", "1e3", "9223372036854775808")]
    cases += [({"keep_split": text}, "usage", "keep_split must be true or false.*`%s`" % text)
              for text in ("", "maybe", "TRUE")]
    cases += [({"split_max_size": "\x1b[1m" + "9" * 99}, "usage", "`?[1m" + "9" * 36 + "`"),
              ({"keep_split": "true", "split_max_tensors": "3"}, "usage", "goes with neither"),
              ({"keep_split": "true", "split_max_size": "3"}, "usage", "goes with neither")]
    for i, (options, code, text) in enumerate(cases):
        try:
            convert(work, source, "refused-%d" % i, options)
        except Failure as failure:
            check(failure.args[0] == code, "%s: %s" % (options, failure))
            check(all(part in failure.args[1] for part in text.split(".*")),
                  "%s: %s" % (options, failure))
        else:
            check(False, "%s was accepted" % options)
        check(not os.listdir(os.path.join(work, "refused-%d" % i)), "%s left a file" % options)


def test_many(work):
    """As many files as can be read again, and not one more."""
    n = 4096
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < n + 100:
        n = 512
    source = write(work, "m.gguf", Gguf(ENTRIES, tensors([1] * n)).build())
    path = convert(work, source, "many", {"split_max_tensors": "1"})
    check(len(os.listdir(path)) == n, "%d files" % len(os.listdir(path)))
    check(split_worker.Shard(os.path.join(path, "out-%05d-of-%05d.gguf" % (n, n))).keys["split.no"]
          == n - 1, "the last one's number")
    back = convert(work, path, "back")
    check(len(split_worker.Shard(back).tensors) == n, "tensors were lost")
    for count in (4097, 10000):
        source = write(work, "m-%d.gguf" % count, Gguf(ENTRIES, tensors([1] * count)).build())
        for options in ({"split_max_tensors": "1"}, {"split_max_size": "1"}):
            try:
                convert(work, source, "over", options)
            except Failure as failure:
                check(failure.args[0] == "limit" and "more than 4096 files" in failure.args[1],
                      str(failure))
            else:
                check(False, "%d files were made" % count)


def test_names(work):
    """The name of the target is that of its files; one that leaves no room is refused."""
    source = write(work, "m.gguf", Gguf(ENTRIES, tensors()).build())
    longest = "\u00e9" * 117 + "n"  # 235 bytes
    options = {"split_max_tensors": "6", "name": "../../mine"}
    path = convert(work, source, "long", options, longest)
    check_shards(path, divided(LENGTHS, max_tensors=6), longest)
    try:
        convert(work, source, "longer", options, longest + "n")
    except Failure as failure:
        check(failure.args[0] == "limit" and "would have 256 bytes" in failure.args[1],
              str(failure))
    else:
        check(False, "a name of 256 bytes")


def safetensors(work, out, options):
    """{file: number of its tensors}"""
    source = os.path.join(work, "m.gguf")
    target = split_worker.convert(source, "f32", os.path.join(work, out), options, "safetensors")
    path = os.path.join(work, out, "0", target["output"])
    names = [path] if os.path.isfile(path) else \
        [os.path.join(path, n) for n in sorted(os.listdir(path)) if n.endswith(".safetensors")]
    found = {}
    for name in names:
        with open(name, "rb") as f:
            header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        found[os.path.basename(name)] = len(header) - 1  # __metadata__
    return found


def test_safetensors(work):
    write(work, "m.gguf", Gguf(ENTRIES, tensors()).build())
    check(safetensors(work, "five", {"split_max_tensors": "5"})
          == {"model-%05d-of-00003.safetensors" % i: n for i, n in ((1, 5), (2, 5), (3, 2))},
          "shards of five tensors")
    check(safetensors(work, "twelve", {"split_max_tensors": "12"}) == {"out.safetensors": 12},
          "one file of twelve tensors")
    sizes = list(safetensors(work, "size", {"split_max_size": "1K"}).values())
    check(sizes == [7, 4, 1], "shards of 1K: %s" % sizes)
    check(sizes == list(safetensors(work, "old", {"shard_size": "1000"}).values()), "shard_size")
    check(sizes == list(safetensors(work, "both", {"shard_size": "1", "split_max_size": "1000"})
                        .values()), "split_max_size over shard_size")
    check(len(safetensors(work, "all", {"split_max_size": "1K", "split_max_tensors": "6"})) == 3,
          "both limits")
    for options, text in (({"keep_split": "true"}, "not keep_split"),
                          ({"shard_size": "0"}, "shard_size must be a number of bytes above 0"),
                          ({"split_max_tensors": "x"}, "a whole number above 0")):
        try:
            safetensors(work, "refused", options)
        except Failure as failure:
            check(failure.args[0] == "usage" and text in failure.args[1], str(failure))
        else:
            check(False, "%s was accepted" % options)


def main():
    failed = passed = 0
    for name, test in sorted(globals().items()):
        if not name.startswith("test_"):
            continue
        with tempfile.TemporaryDirectory(prefix="pare-split-") as work:
            try:
                test(work)
                passed += 1
                print("ok %s" % name[5:])
            except (AssertionError, Failure, OSError, ValueError, struct.error) as problem:
                failed += 1
                print("not ok %s: %s" % (name[5:], problem))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
