# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""What tests of split files share: the worker, asked to convert, and a reader of GGUF files of
their own. PARE_WORKER, PARE_PLUGINS and PARE_RECIPES say what is tested."""
import json
import os
import resource
import struct
import subprocess

SIZES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}


class Failure(Exception):
    """The worker's `error` line: code and text."""


def convert(source, recipe, out, options=None, target="gguf", stem="out"):
    """Converts a path, or a folder's files, into out/0/. The `target` line; else Failure."""
    folder = os.path.isdir(source)
    names = sorted(os.path.join(source, n) for n in os.listdir(source)) if folder else [source]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    fds = [os.open(name, os.O_RDONLY) for name in names]
    os.makedirs(out, exist_ok=True)
    staging = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
    request = {"kind": "convert", "staging": staging, "plugins": os.environ["PARE_PLUGINS"],
               "recipes": os.environ["PARE_RECIPES"],
               "architectures": os.environ["PARE_ARCHITECTURES"], "sandbox": "best", "threads": 2,
               "source": {"name": "m", "folder": folder, "files": [
                   {"name": os.path.basename(name), "fd": fd} for name, fd in zip(names, fds)]},
               "targets": [{"format": target, "recipe": recipe, "stem": stem,
                            "options": options or {}}]}
    run = subprocess.run([os.environ["PARE_WORKER"]], input=json.dumps(request).encode(),
                         stdout=subprocess.PIPE, pass_fds=fds + [staging])
    for fd in fds + [staging]:
        os.close(fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    lines = {line["event"]: line for line in map(json.loads, run.stdout.splitlines())}
    if "done" not in lines:
        error = lines.get("error", {"code": "crash", "text": str(run.returncode)})
        raise Failure(error["code"], error["text"])
    return lines["target"]


class Shard:
    """A GGUF file: entries (key, type, value) and tensors (name, dims, type, bytes with their
    padding), in order."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        self.size = len(self.data)
        self.at = 0
        magic, version, n_tensors, n_keys = struct.unpack("<4sIQQ", self.take(24))
        assert magic == b"GGUF" and version == 3, path
        self.entries = [self.entry() for _ in range(n_keys)]
        self.raw_entries = self.data[24:self.at]
        self.keys = {key: value for key, _, value in self.entries}
        infos = [self.info() for _ in range(n_tensors)]
        alignment = self.keys.get("general.alignment", 32)
        begin = self.at + -self.at % alignment
        ends = [info[3] for info in infos[1:]] + [self.size - begin]
        self.tensors = [(name, dims, kind, self.data[begin + offset:begin + end])
                        for (name, dims, kind, offset), end in zip(infos, ends)]

    def take(self, n):
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, code):
        return struct.unpack("<" + code, self.take(struct.calcsize(code)))[0]

    def string(self):
        return self.take(self.number("Q")).decode(errors="surrogateescape")

    def value(self, kind):
        if kind == 8:
            return self.string()
        if kind == 9:
            element, n = self.number("I"), self.number("Q")
            return [self.value(element) for _ in range(n)]
        return self.number(SIZES[kind])

    def entry(self):
        key, kind = self.string(), self.number("I")
        return key, kind, self.value(kind)

    def info(self):
        name = self.string()
        dims = [self.number("Q") for _ in range(self.number("I"))]
        return name, dims, self.number("I"), self.number("Q")


def shards(folder):
    """The shards of a folder, by name."""
    return [Shard(os.path.join(folder, name)) for name in sorted(os.listdir(folder))]
