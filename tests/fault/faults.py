#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""pare-worker with one call failing at a time: the first, the second, and so on, until a run in
which nothing failed. Each run must end with an error of the right kind, or else have done and said
exactly what an undisturbed run does and says; it must never crash.

Usage: faults.py DRIVER-DIRECTORY INJECT-LIBRARY WORKER PLUGINS RECIPES PART
PART is memory, files or strace.
"""
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, sys.argv[1])
import driver  # pylint: disable=wrong-import-position
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "formats", "bad"))
import imatrix_build  # pylint: disable=wrong-import-position
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import small_llama  # pylint: disable=wrong-import-position
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "planes"))
import container  # pylint: disable=wrong-import-position

# Runs of a kind of fault and a job; of more calls a sample fails. PARE_FAULT_ALL=1: all of them.
MOST = 250 if not os.environ.get("PARE_FAULT_ALL") else 1000000
FILES = {  # kind: codes that it may end with; () where it must not be felt
    "pread": ("io",), "pread-short": (), "pwrite": ("space",), "pwrite-short": (),
    "fsync": ("place",), "fallocate": ("space",), "fallocate-unsupported": (), "open": ("io",),
    "mkdir": ("space",), "fstat": ("usage", "io", "plugin"), "thread": ("memory",),
    "ftruncate": ("place",),
}
STRACE = {  # system call: error, codes
    "pwrite64": [("ENOSPC", ("space",)), ("EIO", ("place",)), ("EDQUOT", ("space",))],
    "pread64": [("EIO", ("io",))], "fsync": [("EIO", ("place",)), ("ENOSPC", ("space",))],
    "fallocate": [("ENOSPC", ("space",)), ("EIO", ("place",))],
    "openat": [("EMFILE", ("io", "memory"))], "mkdirat": [("ENOSPC", ("space",))],
    "write": [("EIO", ("io", "place")), ("ENOSPC", ("space",))],
    "mmap": [("ENOMEM", ("memory",))], "read": [("EIO", ("io", "memory"))],
    "clone3": [("EAGAIN", ("memory",))],
}


def make_models(folder):
    """A GGUF file, and a folder of two safetensors files with side files."""
    rng = random.Random(3)
    tensors = [(f"blk.{i}.ffn_up.weight", [4, 64], [rng.uniform(-1, 1) for _ in range(256)])
               for i in range(3)] + [("output_norm.weight", [64], [1.0] * 64)]
    gguf = os.path.join(folder, "model.gguf")
    driver.make_gguf(gguf, tensors, "none")
    paths = []
    for number in (1, 2):
        part = tensors[2 * number - 2:2 * number]
        header, data = {}, b""
        for name, dims, values in part:
            start = len(data)
            data += struct.pack(f"<{len(values)}f", *values)
            header[name] = {"dtype": "F32", "shape": dims, "data_offsets": [start, len(data)]}
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        paths.append(os.path.join(folder, f"model-0000{number}-of-00002.safetensors"))
        with open(paths[-1], "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + data)
    for name, text in (("config.json", '{"model_type": "none"}'), ("README.md", "side file")):
        paths.append(os.path.join(folder, name))
        with open(paths[-1], "w", encoding="ascii") as file:
            file.write(text)
    return gguf, paths


def target(form, recipe):
    return {"format": form, "recipe": recipe, "stem": "out"}


def make_importance(folder):
    """For two of the tensors."""
    path = os.path.join(folder, "imatrix.dat")
    with open(path, "wb") as file:
        file.write(imatrix_build.imatrix(
            [imatrix_build.entry(f"blk.{i}.ffn_up.weight", [i + 0.5] * 64) for i in range(2)],
            tail=imatrix_build.trailer()))
    return path


def make_mapped(folder):
    """A folder that goes through an architecture map: a Llama, with a model card."""
    folder = os.path.join(folder, "mapped")
    small_llama.make_folder(pathlib.Path(folder))
    return sorted(os.path.join(folder, name) for name in os.listdir(folder))


def make_planes(folder):
    """For encodings that see a tensor before they encode it."""
    rng, path = random.Random(5), os.path.join(folder, "model.planes")
    container.write(path, {name: (dims, [rng.uniform(-1, 1) for _ in range(dims[0] * dims[1])])
                           for name, dims in (("a", [9, 64]), ("b", [130, 16]))})
    return path


def make_jobs(folder, plugins):
    """[(name, request, sources, other, staging, importance)]"""
    gguf, parts = make_models(folder)
    matrix = make_importance(folder)
    overrides = [{"name": "given", "text": 'q8_0 if name ~ "blk.2.*"\n'}]
    convert = {"kind": "convert", "threads": 2, "sandbox": "off"}
    return [
        ("gguf", {**convert, "targets": [target("gguf", "q8_0"), target("safetensors", "f16")]},
         [gguf], [], True, None),
        ("folder", {**convert, "targets": [target("safetensors", "bf16")], "sandbox": "best"},
         parts, [], True, None),
        ("mapped", {**convert, "targets": [{**target("gguf", "q8_0"),
                                            "options": {"tokenizer": "none"}}]},
         make_mapped(folder), [], True, None),
        ("importance", {**convert, "targets": [target("gguf", "q4_0")], "overrides": overrides},
         [gguf], [], True, matrix),
        ("planes", {**convert, "targets": [target("planes", "eight"), target("planes", "step8")]},
         [make_planes(folder)], [], True, None),
        ("plan", {"kind": "plan", "sandbox": "off", "targets": [target("gguf", "q4_0")]}, [gguf],
         [], False, None),
        ("inspect", {"kind": "inspect", "sandbox": "off", "tensors": True}, parts, [], False,
         None),
        ("compare", {"kind": "compare", "sandbox": "off"}, [gguf], [gguf], False, matrix),
        ("plugins", {"kind": "plugins", "sandbox": "best"}, [], [], False, None),
        # With texts that end where the parser's buffer does, which Jansson does not survive.
        ("recipes", {"kind": "recipes", "sandbox": "off",
                     "texts": ["x" * n for n in range(12, 128)]}, [], [], False, None),
        ("check", {"kind": "check", "sandbox": "off", "seed": 7, "every": 34,
                   "library": os.path.join(os.path.abspath(plugins.split(":")[0]),
                                           "example-quantizer.so")},
         [], [], False, None),
    ]


def strip(value):
    """What was said, without what differs from run to run."""
    if isinstance(value, dict):
        return {key: strip(item) for key, item in value.items()
                if key not in ("seconds", "peak_rss", "used")}
    return [strip(item) for item in value] if isinstance(value, list) else value


def said(answer):
    return [strip(line) for line in answer.lines if line["event"] != "progress"]


def first_difference(one, other):
    for a, b in zip(one, other):
        if a != b:
            return f"{json.dumps(a)[:1500]}\n   instead of {json.dumps(b)[:1500]}"
    return f"{len(one)} lines instead of {len(other)}"


def judge(tally, what, answer, clean, codes):
    """The run ended as it may."""
    if answer.code == "done":
        tally.check(said(answer) == said(clean),
                    f"{what}: done, but it said\n   {first_difference(said(answer), said(clean))}")
        tally.check(answer.files == clean.files, f"{what}: done, but files differ")
    elif not codes:
        tally.check(False, f"{what}: {answer.code} {answer.text}, it should be done")
    else:
        tally.check(answer.code in codes, f"{what}: {answer.code} `{answer.text}`, not {codes}")


class Trial:
    def __init__(self, tally, inject, program, plugins, recipes):
        self.tally, self.inject = tally, inject
        self.program, self.plugins, self.recipes = program, plugins, recipes
        self.pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
        self.felt = 0

    def worker(self, env=None, prefix=()):
        return driver.Worker(self.program, self.plugins, self.recipes, prefix, env)

    def run(self, job, fault):
        env = {"LD_PRELOAD": self.inject, "PARE_FAULT": fault}
        return self.worker(env).run(*job[1:])

    def count(self, job, kind):
        answer = self.run(job, kind + ":0")
        found = re.search(r"calls: (\d+)", answer.errors)
        if not self.tally.check(answer.code == "done" and found,
                                f"{job[0]} {kind}: the clean run: {answer.code} {answer.text}"):
            return 0, answer
        return int(found.group(1)), answer

    def every(self, job, kind, codes, forever=False):
        calls, clean = self.count(job, kind)
        numbers = list(range(1, calls + 1))
        if calls > MOST: # the first ones, and a sample of the rest
            numbers = sorted(random.Random(calls).sample(numbers, MOST))
        faults = [f"{kind}:{n}" for n in numbers]
        if forever:
            faults += [f"{kind}:{n}+" for n in numbers[::11]]
        self.felt = 0
        for fault, answer in zip(faults, self.pool.map(lambda f: self.run(job, f), faults)):
            judge(self.tally, f"{job[0]} {fault}", answer, clean, codes)
            self.felt += answer.code != "done"
        print(f"{job[0]}, {kind}: {calls} calls, {len(faults)} runs, {self.felt} failed",
              flush=True)
        if codes and calls:
            self.tally.check(self.felt > 0, f"{job[0]} {kind}: no run felt it")

    def traced(self, job, call, error, codes):
        """The same by strace: also what libc does by itself, until a run without the fault."""
        clean = self.worker().run(*job[1:])
        felt = 0
        for n in range(1, 200):
            with tempfile.NamedTemporaryFile(prefix="pare-trace-") as log:
                prefix = ["strace", "-f", "-qq", "-o", log.name, "-e", "trace=" + call, "-e",
                          f"inject={call}:error={error}:when={n}"]
                answer = self.worker(prefix=prefix).run(*job[1:])
                trace = log.read()
            if b"(INJECTED)" not in trace:
                break
            if not answer.lines and call in ("mmap", "openat", "read", "pread64"):
                continue # the dynamic linker could not start the program
            judge(self.tally, f"{job[0]} {call} {error} {n}", answer, clean, codes)
            felt += answer.code != "done"
        print(f"{job[0]}, {call} {error}: {n - 1} runs, {felt} failed", flush=True)


def main():
    inject, program, plugins, recipes, part = sys.argv[2:7]
    inject = os.path.abspath(inject)
    tally = driver.Tally()
    trial = Trial(tally, inject, program, plugins, recipes)
    with tempfile.TemporaryDirectory(prefix="pare-fault-") as folder:
        jobs = make_jobs(folder, plugins)
        if part == "memory":
            for job in jobs:
                trial.every(job, "malloc", ("memory",), forever=True)
        elif part == "files":
            for kind, codes in FILES.items():
                for job in jobs[:3]:
                    trial.every(job, kind, codes)
        elif not shutil.which("strace") or subprocess.run(
                ["strace", "-qq", "true"], capture_output=True, check=False).returncode:
            tally.skip("strace is not here or may not trace")
            print("skipped: no strace")
            sys.exit(77)
        else:
            for call, errors in STRACE.items():
                for error, codes in errors:
                    trial.traced(jobs[0], call, error, codes)
    tally.end()


main()
