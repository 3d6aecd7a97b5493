# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Folders that are odd or hostile as folders, whatever is in their files: for the real program
only, since the core opens files. Same interface as safetensors_cases.py; D numbers are those of the
corpus's first edition (D03, hard links to other users' files, needs a second user and a daemon).
"""
import os
import socket

from safetensors_build import SHARD_A, Cases, pack

WEIGHTS = "model.safetensors"
POINTER = (b"version https://git-lfs.github.com/spec/v1\n"
           b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
           b"size 12345\n")


def special_files(c):
    c.tree("D01-fifo", "EDATA", "not a regular file", {WEIGHTS: SHARD_A})
    os.mkfifo(os.path.join(c.folder, "D01-fifo", "tokenizer.json"))
    c.tree("D01-fifo-weights", "EDATA", "not a regular file", {"config.json": b"{}"})
    os.mkfifo(os.path.join(c.folder, "D01-fifo-weights", WEIGHTS))
    c.tree("D01-socket", "EDATA", "not a regular file", {WEIGHTS: SHARD_A})
    here = os.getcwd()
    os.chdir(os.path.join(c.folder, "D01-socket"))  # the names of sockets must be short
    with socket.socket(socket.AF_UNIX) as s:
        s.bind("s.json")
    os.chdir(here)
    c.tree("D01-device", "EDATA", "not a regular file", {WEIGHTS: SHARD_A})
    try:
        os.mknod(os.path.join(c.folder, "D01-device", "d.json"), 0o20600, os.makedev(1, 5))
    except PermissionError:  # only root may
        c.list.pop()


def links(c):
    c.tree("D02-link-to-shadow", "EDATA", "symbolic link", {WEIGHTS: SHARD_A})
    os.symlink("/etc/shadow", os.path.join(c.folder, "D02-link-to-shadow", "config.json"))
    c.tree("D02-link-weights", "EDATA", "symbolic link", {"x.bin": SHARD_A})
    os.symlink("x.bin", os.path.join(c.folder, "D02-link-weights", WEIGHTS))
    c.tree("D02-link-up", "EDATA", "symbolic link", {WEIGHTS: SHARD_A})
    os.symlink("../D02-link-up/" + WEIGHTS, os.path.join(c.folder, "D02-link-up", "a.json"))


def sparse(c):
    size = 100 * 10**9
    header = pack('{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (size, size))
    for case, code, text, end in (("D04-sparse", "OK", "", size),
                                  ("D04-sparse-short", "EINCOMPLETE", "its tensors need", size - 1),
                                  ("D04-sparse-long", "EDATA", "belong to no tensor", size + 1)):
        c.file(case, code, text, header)
        os.truncate(c.list[-1]["path"], len(header) + end)


def names(c):
    odd = [b"-rf", b"$(touch x)", b"a\nb.json", b"\xff\xfe.json", b"x" * 255, b"..gguf",
           b"trailing.", b"a b.json", b"%n%s.json", b"\x1b[2J.json"]
    c.tree("D05-side-files", "OK", "", {WEIGHTS: SHARD_A})
    for name in odd:
        with open(os.path.join(os.fsencode(c.folder), b"D05-side-files", name), "wb") as f:
            f.write(b"{}")
    for case, name in (("dash", b"-rf.safetensors"), ("newline", b"a\nb.safetensors"),
                       ("not-utf8", b"\xff.safetensors"), ("longest", b"x" * 243 + b".safetensors"),
                       ("shell", b"$(touch x).safetensors"), ("format", b"%n%s.safetensors")):
        c.tree("D05-weights-" + case, "OK", "", {"config.json": b"{}"})
        path = os.path.join(os.fsencode(c.folder), b"D05-weights-" + case.encode(), name)
        with open(path, "wb") as f:
            f.write(SHARD_A)
    c.file("D05-dash", "OK", "", SHARD_A, name="-rf.safetensors")


def pointers(c):
    c.file("D06-pointer", "EINCOMPLETE", "git lfs pull", POINTER)
    c.tree("D06-pointer-in-folder", "EINCOMPLETE", "git lfs pull",
           {WEIGHTS: POINTER, "config.json": b"{}"})


def many(c):
    c.tree("D07-100000-files", "ELIMIT", "more than 4096 files", {WEIGHTS: SHARD_A})
    folder = os.path.join(c.folder, "D07-100000-files")
    for i in range(100000):
        os.close(os.open("%s/%05d.json" % (folder, i), os.O_WRONLY | os.O_CREAT, 0o600))
    deep = "/".join(["d"] * 60)
    c.tree("D07-60-levels", "OK", "", {WEIGHTS: SHARD_A, deep + "/" + WEIGHTS: SHARD_A})
    c.tree("D07-60-levels-only", "EINCOMPLETE", "", {deep + "/" + WEIGHTS: SHARD_A})


def cache(c):
    """The layout of Hugging Face's cache: snapshots of links into blobs."""
    def snapshot(case, code, text, target):
        c.tree("models--a--" + case, code, text, {"blobs/1234": SHARD_A, "refs/main": b"abc",
                                                  "blobs/5678.incomplete": SHARD_A[:20]})
        top = os.path.join(c.folder, "models--a--" + case)
        os.utime(os.path.join(top, "blobs", "5678.incomplete"), (0, 0))  # left over long ago
        os.makedirs(os.path.join(top, "snapshots", "abc"))
        os.symlink(target, os.path.join(top, "snapshots", "abc", WEIGHTS))
        c.list[-1].update(id="D08-" + case, path=os.path.join(top, "snapshots", "abc"))

    snapshot("cache", "OK", "", "../../blobs/1234")
    snapshot("cache-elsewhere", "EDATA", "symbolic link", "../../refs/main")
    snapshot("cache-absolute", "EDATA", "symbolic link", "/etc/shadow")
    snapshot("cache-climbs", "EDATA", "symbolic link", "../../blobs/../refs/main")


def generate(folder):
    """Makes all cases below `folder`; gives their list."""
    cases = Cases(folder)
    for part in (special_files, links, sparse, names, pointers, many, cache):
        part(cases)
    return cases.list
