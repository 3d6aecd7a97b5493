#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: bench.py BUILD [--only PARTS] [--json FILE] [--update] [--dir DIR] [--runs N]
                [--threads N] [--time SECONDS] [--size BYTES] [--models N]
       bench.py BUILD --memory [--size BYTES] [--limit MIB] [--dir DIR]

Measures the Pare of a build folder. Parts, by default all:
  conversions  `pare convert` beside cp and llama-quantize, in turn, on one synthetic model that
               lies in the page cache
  costs        the same conversion without digests, without error figures, and without both
  kernels      each encoding on one thread beside libggml-base (ggml_speed.c)
  levels       `pare bench`: every kernel of every level beside a memory copy
  tiny         ten thousand tensors of 1 KB against one of the same bytes
  daemon       pared: 200 small models at once, and models of many tensors: what `pare status` says
               of its loop, memory and rates
  flood        --models tiny models (4000) dropped at once: how many a second are queued, and are
               converted, one after the other and both at once (flood.py)
  memory       peak memory (resident set) for files of holes, far larger than that: one like a
               model, one that is a single tensor

Figures are medians of --runs rounds; ratios are taken within each round. llama.cpp takes part when
PARE_TEST_GGML names the folder of its libraries. --json FILE gets the results, and keeps those of
parts that are not measured again; --update also writes them into docs/benchmarks.md, with a plot
(plot.py). --memory is the part of that name alone; with --limit it fails when more MiB are needed.
Nothing here is a test of speed.
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

import flood
import machine

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PARTS = ("conversions", "costs", "kernels", "levels", "tiny", "daemon", "flood", "memory")
RECIPES = ("q4_k_m", "q5_k_m", "q6_k", "iq4_xs", "q8_0", "q4_0", "bf16")
TOGETHER = ("q8_0", "q4_k_m", "q6_k")
KERNELS = ("q4_k", "q5_k", "q6_k", "iq4_xs", "iq4_nl", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1",
           "q2_k", "q3_k", "mxfp4", "nvfp4", "tq1_0", "tq2_0", "q1_0", "q2_0", "iq3_s", "iq3_xxs",
           "iq2_s", "iq2_xs", "iq2_xxs", "iq1_m", "iq1_s", "f16", "bf16")
ACTS = ("encode", "encode_importance", "decode")
PIECES = 10_000
FLOOD, MANY = 200, (80_000, 1_048_576)
COSTS = ([], ["--digest", "none"], ["--measure", "none"],
         ["--digest", "none", "--measure", "none"])


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


def say(text, *values):
    print("# " + text % values, file=sys.stderr, flush=True)


class Bench:
    def __init__(self, options, directory):
        self.o, self.directory = options, directory
        self.out = os.path.join(directory, "out")
        self.source = os.path.join(directory, "bench.gguf")
        self.program = os.path.join(options.build, "core", "cli", "pare")
        self.llama_quantize = self.peer("interop", "llama_quantize")
        self.ggml_speed = self.peer("bench", "ggml_speed")

    def peer(self, folder, name):
        """A program of the tests that runs llama.cpp's libraries, if they are there."""
        path = os.path.join(self.o.build, "tests", folder, name)
        if not os.environ.get("PARE_TEST_GGML"):
            return None
        return path if os.path.exists(path) else sys.exit("bench: %s is not built" % path)

    def pare(self, *recipes):
        command = [self.program, "convert", self.source, "--out", self.out, "--quiet",
                   "--threads", str(self.o.threads),
                   "--catalog", os.path.join(self.directory, "catalog.db")]
        for recipe in recipes:
            command += ["--to", "gguf:" + recipe]
        return command

    def llama(self, recipe):
        return [self.llama_quantize, self.source, os.path.join(self.out, "llama.gguf"), recipe,
                str(self.o.threads)]

    def one(self, command):
        """Measures a command in an empty folder for its output."""
        shutil.rmtree(self.out, ignore_errors=True)
        os.mkdir(self.out)
        warm(self.source)
        return measure(command)

    def stages(self):
        """Seconds by stage of the conversion that was the last: of all, and of its outputs."""
        found = []
        for name in sorted(os.listdir(self.out)):
            if name.endswith(".pare.json"):
                with open(os.path.join(self.out, name)) as f:
                    found.append(json.load(f)["seconds"])
        return {**found[0], "verify": sum(seconds["verify"] for seconds in found)}

    # ---- conversions ----

    def commands(self):
        copy = os.path.join(self.out, "copy")
        yield "cp", ["cp", self.source, copy]
        yield "cp; sync", ["sh", "-c", 'cp "$1" "$2"; sync "$2"', "sh", self.source, copy]
        for recipe in RECIPES:
            if self.llama_quantize:
                yield "llama-quantize " + recipe, self.llama(recipe)
            yield "pare " + recipe, self.pare(recipe)
        yield "pare " + " ".join(TOGETHER), self.pare(*TOGETHER)

    def conversions(self):
        make(self.source, self.o.size)
        rounds = []
        self.one(next(self.commands())[1])  # room for the first file is still to be found
        for i in range(self.o.runs):
            rounds.append({})
            for label, command in self.commands():
                seconds, cpu, peak = self.one(command)
                rounds[-1][label] = {"seconds": seconds, "cpu": cpu, "peak": peak}
                if label.startswith("pare"):
                    rounds[-1][label]["stages"] = self.stages()
                say("%d %-24s %7.2f s %7.2f s CPU %6.0f MiB", i + 1, label, seconds, cpu, peak)
        return {"bytes": os.path.getsize(self.source), "threads": self.o.threads,
                "runs": len(rounds), "commands": [summarize(rounds, label) for label in rounds[0]]}

    def costs(self):
        make(self.source, self.o.size)
        rounds = [[self.one(self.pare("q4_k_m") + options) for options in COSTS]
                  for _ in range(self.o.runs)]
        return {"threads": self.o.threads, "runs": self.o.runs, "rows": [
            {"options": " ".join(options),
             "seconds": statistics.median(r[i][0] for r in rounds),
             "cpu": statistics.median(r[i][1] for r in rounds),
             "of_full": statistics.median(r[i][0] / r[0][0] for r in rounds)}
            for i, options in enumerate(COSTS)]}

    # ---- kernels ----

    def bench(self, *args):
        done = subprocess.run([self.program, "bench", "--json", "--time", str(self.o.time), *args],
                              check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout)

    def kernels(self):
        """Weights a second of both, for each encoding and act that both have."""
        if not self.ggml_speed:
            say("kernels are left out: PARE_TEST_GGML is not set")
            return None
        rates, levels = {}, {}
        for i in range(self.o.runs):
            for name in KERNELS:
                line = subprocess.run([self.ggml_speed, str(self.o.time), name], check=True,
                                      stdout=subprocess.PIPE, text=True).stdout.split()
                ours = self.bench(name, "--threads", "1", "--cpu", "native")["kernels"][0]
                levels[name] = ours["level"]
                for act, theirs in zip(ACTS, map(float, line[1:])):
                    if theirs and ours[act]:
                        rates.setdefault((name, act), []).append(
                            (theirs, ours[act]["weights_per_second"]))
            say("%d kernels", i + 1)
        return {"runs": self.o.runs, "kernels": [
            {"encoding": name, "act": act, "level": levels[name],
             "ggml": statistics.median(g for g, _ in both),
             "pare": statistics.median(p for _, p in both),
             "ratio": statistics.median(p / g for g, p in both)}
            for (name, act), both in rates.items()]}

    def levels(self):
        say("levels: some minutes")
        return self.bench()

    # ---- many and large tensors ----

    def tiny(self):
        """The same bytes in one tensor and in many, in turn."""
        paths = {n: os.path.join(self.directory, "pieces-%d.gguf" % n) for n in (1, PIECES)}
        size = PIECES * 1024
        for n, path in paths.items():
            make(path, size, "--pieces", str(n))
        taken = {n: [] for n in paths}
        for _ in range(self.o.runs):
            for n, path in paths.items():
                self.source = path
                taken[n].append(self.one(self.pare("q4_k_m"))[0])
        one, many = taken.values()
        return {"tensors": PIECES, "bytes": size, "runs": self.o.runs,
                "threads": self.o.threads, "one": statistics.median(one),
                "many": statistics.median(many),
                "ratio": statistics.median(m / o for o, m in zip(one, many))}

    # ---- the daemon ----

    def watched(self, daemon, what, sources):
        """What the daemon measures while it converts the sources, dropped at once."""
        done = len(daemon.states())
        daemon.ask("status", reset=True)
        start = time.monotonic()
        for source in sources:
            os.rename(source, daemon.path(os.path.basename(source)))
        daemon.wait_done(done + len(sources), 600)
        measured = daemon.ask("status")["measured"]
        row = {"source": what, "seconds": time.monotonic() - start,
               "longest_turn": measured["loop"]["longest"], "where": measured["loop"]["where"],
               "peak": measured["memory"]["peak"] / (1 << 20),
               "queued_per_second": measured["queued"]["per_second"],
               "converted_per_second": measured["converted"]["per_second"]}
        say("%-24s %7.2f s, longest turn %.1f ms (%s), %.0f MiB, %s queued/s, %s converted/s",
            what, row["seconds"], 1e3 * row["longest_turn"], row["where"], row["peak"],
            *("%.1f" % row[k] if row[k] else "-" for k in ("queued_per_second",
                                                           "converted_per_second")))
        return row

    def daemon(self):
        sys.path.insert(0, os.path.join(ROOT, "tests", "daemon"))
        import harness
        import models
        harness.BUILD = self.o.build
        daemon = harness.Daemon(root=os.path.join(self.directory, "pared"))
        rows = []
        try:
            daemon.start()
            rows.append(self.watched(daemon, "%d small models" % FLOOD, [
                daemon.aside("m%d.gguf" % i, models.gguf(seed=i)) for i in range(FLOOD)]))
            for n in MANY:
                path = daemon.aside("many.gguf", b"")
                make(path, n * 32, "--sparse", "--pieces", str(n))
                rows.append(self.watched(daemon, "%d tensors" % n, [path]))
        finally:
            daemon.close()
        return {"rows": rows}

    # ---- memory ----

    def flood(self):
        return flood.measure(self.o.build, self.o.models, self.directory, say)

    def memory(self, model, tensor):
        """Peaks for files of holes."""
        rows = []
        for what, size, options in (("a model", model, []),
                                    ("two tensors, one a single row", tensor, ["--tensors", "2"]),
                                    ("one tensor", tensor, ["--tensors", "1"])):
            shutil.rmtree(self.out, ignore_errors=True)
            os.mkdir(self.out)
            make(self.source, size, "--sparse", *options)
            seconds, _, peak = measure(self.pare("q4_k_m"))
            rows.append({"source": what, "bytes": os.path.getsize(self.source),
                         "seconds": seconds, "peak": peak})
            say("%-30s %12d bytes %7.1f s %4.0f MiB", *rows[-1].values())
        return {"threads": self.o.threads, "rows": rows}

    def part(self, name):
        self.source = os.path.join(self.directory, "bench.gguf")
        if name == "memory":
            return self.memory(20_000_000_000, 4_000_000_000)
        return getattr(self, name)()


def summarize(rounds, label):
    """Medians of one command over the rounds; ratios within each. What Pare makes is compared with
    as many runs of llama-quantize."""
    mine = [r[label] for r in rounds]
    seconds = [m["seconds"] for m in mine]
    out = {"command": label, "seconds": statistics.median(seconds), "least": min(seconds),
           "greatest": max(seconds), "cpu": statistics.median(m["cpu"] for m in mine),
           "peak": max(m["peak"] for m in mine),
           "of_cp": statistics.median(m["seconds"] / r["cp"]["seconds"]
                                      for m, r in zip(mine, rounds))}
    if "stages" in mine[0]:
        out["stages"] = {stage: statistics.median(m["stages"][stage] for m in mine)
                         for stage in mine[0]["stages"]}
        theirs = ["llama-quantize " + recipe for recipe in label.split()[1:]]
        if all(t in rounds[0] for t in theirs):
            out["llama"] = statistics.median(sum(r[t]["seconds"] for t in theirs) for r in rounds)
            out["of_llama"] = statistics.median(
                sum(r[t]["seconds"] for t in theirs) / m["seconds"] for m, r in zip(mine, rounds))
    return out


def save(path, results):
    """Adds to what is there, so that one part can be measured again."""
    if os.path.exists(path):
        with open(path) as f:
            results = {**json.load(f), **results}
    with open(path + ".new", "w") as f:
        json.dump(results, f, indent=1)
        f.write("\n")
    os.rename(path + ".new", path)


def check_memory(o, directory):
    """The part alone, with a limit."""
    size = o.size or 8 << 30
    rows = Bench(o, directory).memory(size, size // 2)["rows"]
    if o.limit and any(row["peak"] > o.limit for row in rows):
        sys.exit("bench: more than %g MiB" % o.limit)


def run(o, directory):
    o.size = o.size or 966_000_000
    bench = Bench(o, directory)
    for name in o.only:
        found = bench.part(name)
        if found is None:
            continue
        found["machine"] = machine.describe(o.build)
        if o.json:
            save(o.json, {name: found})
        else:
            print(json.dumps({name: found}, indent=1), flush=True)
    if o.update:
        subprocess.run([sys.executable, os.path.join(HERE, "plot.py"), o.json], check=True)


def parts(text):
    names = text.split(",")
    if any(name not in PARTS for name in names):
        raise argparse.ArgumentTypeError("parts are " + ",".join(PARTS))
    return names


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[0])
    parser.add_argument("build")
    parser.add_argument("--only", type=parts, default=PARTS)
    parser.add_argument("--json", help="results go there; default: standard output")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--dir", help="a folder with room for the files; default: $TMPDIR")
    parser.add_argument("--size", type=int)
    parser.add_argument("--models", type=int, default=4000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--time", type=float, default=0.25)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--limit", type=float, help="MiB of peak memory")
    o = parser.parse_args()
    o.build = os.path.abspath(o.build)
    if o.update and not o.json:
        o.json = os.path.join(o.build, "bench.json")
    machine.use_build(o.build, ROOT)
    with tempfile.TemporaryDirectory(prefix="pare-bench-", dir=o.dir) as directory:
        (check_memory if o.memory else run)(o, directory)


if __name__ == "__main__":
    main()
