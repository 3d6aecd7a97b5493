#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: bench.py PARE [LLAMA_QUANTIZE] [--dir DIR] [--size BYTES] [--runs N] [--threads N]
       bench.py PARE --memory [--dir DIR] [--size BYTES] [--limit MIB]

Times `pare convert` beside cp and llama-quantize (tests/interop/llama_quantize.c), in turn, on one
synthetic model that lies in the page cache, and prints medians as a Markdown table; the ratio to cp
is taken within each round. With --memory it prints the peak memory (resident set) for files far
larger than that, which are holes: one like a model, one that is a single tensor; with --limit it
fails when one needs more MiB. Nothing here is a test of speed.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
GIB = 1 << 30


def make(path, size, *options):
    """In a process of its own, so that this one stays small: children inherit its peak."""
    subprocess.run([sys.executable, os.path.join(HERE, "make_model.py"), path, str(size), *options],
                   check=True)


def measure(command):
    """(seconds, CPU seconds, peak MiB of the largest process) of a command and its children."""
    start = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ,
                          file_actions=[(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    seconds = time.monotonic() - start
    if status:
        sys.exit("bench: status %d: %s" % (os.waitstatus_to_exitcode(status), " ".join(command)))
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def warm(path):
    """Everything dirty is written, and the file is in the page cache."""
    os.sync()
    with open(path, "rb", buffering=0) as f:
        while f.read(1 << 20):
            pass


class Bench:
    def __init__(self, options, directory):
        self.o, self.directory = options, directory
        self.out = os.path.join(directory, "out")
        self.source = os.path.join(directory, "bench.gguf")
        self.stages = {}

    def pare(self, *recipes):
        command = [self.o.pare, "convert", self.source, "--out", self.out, "--quiet",
                   "--threads", str(self.o.threads),
                   "--catalog", os.path.join(self.directory, "catalog.db")]
        for recipe in recipes:
            command += ["--to", "gguf:" + recipe]
        return command

    def llama(self, recipe):
        return [self.o.llama_quantize, self.source, os.path.join(self.out, "llama.gguf"), recipe,
                str(self.o.threads)]

    def commands(self):
        copy = os.path.join(self.out, "copy")
        yield "cp", ["cp", self.source, copy]
        yield "cp; sync", ["sh", "-c", 'cp "$1" "$2"; sync "$2"', "sh", self.source, copy]
        for recipe in ("q4_k_m", "q8_0"):
            if self.o.llama_quantize:
                yield "llama-quantize " + recipe, self.llama(recipe)
            yield "pare " + recipe, self.pare(recipe)
        yield "pare q4_k_m q8_0 q6_k", self.pare("q4_k_m", "q8_0", "q6_k")

    def remember_stages(self, label):
        for name in os.listdir(self.out):
            if name.endswith(".pare.json"):
                with open(os.path.join(self.out, name)) as f:
                    self.stages[label] = json.load(f)["seconds"]

    def one(self, label, command):
        shutil.rmtree(self.out, ignore_errors=True)
        os.mkdir(self.out)
        warm(self.source)
        measured = measure(command)
        self.remember_stages(label)
        return measured

    def run(self):
        make(self.source, self.o.size)
        table = {}
        self.one("first", next(self.commands())[1])  # room for the first file is still to be found
        for i in range(self.o.runs):
            for label, command in self.commands():
                seconds, cpu, peak = self.one(label, command)
                base = seconds if label == "cp" else base  # noqa: F821
                table.setdefault(label, []).append((seconds, cpu, peak, seconds / base))
                print("# %d %-24s %7.2f s %7.2f s CPU %6.0f MiB" % (i + 1, label, seconds, cpu,
                                                                    peak), file=sys.stderr)
        self.report(table)

    def report(self, table):
        print("%d bytes, %d threads, medians of %d (least to greatest)\n"
              % (os.path.getsize(self.source), self.o.threads, self.o.runs))
        print("| command | seconds | against `cp` | CPU seconds | peak memory, MiB |\n"
              "|---|---|---|---|---|")
        for label, rows in table.items():
            seconds, cpu, peaks, ratios = zip(*rows)
            print("| %s | %.2f (%.2f to %.2f) | %.1f | %.2f | %.0f |"
                  % (label, statistics.median(seconds), min(seconds), max(seconds),
                     statistics.median(ratios), statistics.median(cpu), max(peaks)))
        print("\n| seconds by stage, summed over threads | "
              + " | ".join(self.stages["pare q8_0"]) + " |")
        print("|---|" + "---|" * len(self.stages["pare q8_0"]))
        for label, stages in self.stages.items():
            print("| %s | %s |" % (label, " | ".join("%.2f" % s for s in stages.values())))

    def memory(self):
        """Peaks for two files of holes; the number of those over the limit."""
        over = 0
        print("| source | bytes | seconds | peak memory, MiB |\n|---|---|---|---|")
        for what, size, options in (("a model", self.o.size, []),
                                    ("two tensors, one a single row", self.o.size // 2,
                                     ["--tensors", "2"]),
                                    ("one tensor", self.o.size // 2, ["--tensors", "1"])):
            shutil.rmtree(self.out, ignore_errors=True)
            os.mkdir(self.out)
            make(self.source, size, "--sparse", *options)
            seconds, _, peak = measure(self.pare("q4_k_m"))
            over += bool(self.o.limit) and peak > self.o.limit
            print("| %s | %d | %.1f | %.0f |"
                  % (what, os.path.getsize(self.source), seconds, peak), flush=True)
        return over


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pare")
    parser.add_argument("llama_quantize", nargs="?")
    parser.add_argument("--dir", help="a folder with room for the files; default: $TMPDIR")
    parser.add_argument("--size", type=int, help="bytes of the source; 966e6, with --memory 8 GiB")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--limit", type=float, help="MiB of peak memory")
    o = parser.parse_args()
    o.size = o.size or (8 * GIB if o.memory else 966_000_000)
    with tempfile.TemporaryDirectory(prefix="pare-bench-", dir=o.dir) as directory:
        bench = Bench(o, directory)
        if not o.memory:
            bench.run()
        elif bench.memory():
            sys.exit("bench: more than %g MiB" % o.limit)


if __name__ == "__main__":
    main()
