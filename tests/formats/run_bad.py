#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: run_bad.py [--no-limits] PARE CASES.py...

Gives every case of the generators (bad/FORMAT_cases.py, see gguf_cases.py for the interface) to
the real program PARE (or $PARE_BIN). Refused cases: `pare inspect` fails with the expected text
and the file's name, within a second and 64 MiB plus twice the file, and `pare convert` fails and
leaves nothing in its output folder. Accepted cases: `pare inspect` succeeds, and `pare convert`
fails cleanly where the case says so. --no-limits is for sanitizer builds, which need more, and get a
third of the cases, others in each run: PARE_TEST_SEED=N is an earlier choice, PARE_TEST_ALL=1 all.
The cases are made in another process, because a child's peak memory begins with its parent's.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 1.0
MEMORY = 64 << 20
TARGET = "gguf:q8_0"


class Run:
    """A finished child: status, its text, seconds and peak memory in bytes."""

    def __init__(self, command, home):
        out = os.path.join(home, "text")
        env = {"PATH": os.environ.get("PATH", ""), "HOME": home, "XDG_STATE_HOME": home,
               "LC_ALL": "C.UTF-8"}
        for name in os.environ:
            if name.startswith("PARE_") or name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
                env[name] = os.environ[name]
        with open(out, "wb") as f:
            start = time.monotonic()
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=f, stderr=f, env=env)
            _, self.status, usage = os.wait4(child.pid, 0)
            self.seconds = time.monotonic() - start
        child.returncode = self.status  # it is reaped: keep Popen from waiting for it
        self.memory = usage.ru_maxrss * 1024
        with open(out, errors="replace") as f:
            self.text = f.read()


def size_of(path):
    if not os.path.isdir(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(path, name)) for name in os.listdir(path))


def left_in(directory):
    return [os.path.join(root, name) for root, _, names in os.walk(directory) for name in names]


def failed_cleanly(run):
    """An exit status of the program's own: neither success nor a signal."""
    return os.WIFEXITED(run.status) and 0 < os.WEXITSTATUS(run.status) < 100


def limits(run, path, limited):
    problems = []
    if limited and run.seconds > SECONDS:
        problems.append("took %.2f s" % run.seconds)
    if limited and run.memory > MEMORY + 2 * size_of(path):
        problems.append("took %d MiB" % (run.memory >> 20))
    return problems


def check_inspect(pare, case, home, limited):
    run = Run([pare, "inspect", case["path"]], home)
    problems = limits(run, case["path"], limited)
    if case["code"] == "OK":
        if run.status != 0:
            problems.append("was refused: " + run.text.strip())
        return problems
    if not failed_cleanly(run):
        problems.append("inspect ended with wait status %d" % run.status)
    names = [os.path.basename(case["path"])]
    if os.path.isdir(case["path"]):
        names += os.listdir(case["path"])
    if case["text"] not in run.text or not any(name in run.text for name in names):
        problems.append("the message lacks `%s` or `%s`: %s"
                        % (case["text"], names[0], run.text.strip()))
    return problems


def check_convert(pare, case, home):
    out = os.path.join(home, "out")
    os.mkdir(out)
    run = Run([pare, "convert", case["path"], "--to", TARGET, "--out", out], home)
    problems = []
    if not failed_cleanly(run):
        problems.append("convert ended with wait status %d" % run.status)
    if left_in(out):
        problems.append("convert left " + ", ".join(left_in(out)))
    return problems


def check(pare, case, limited):
    home = tempfile.mkdtemp(prefix="pare-bad-")
    try:
        problems = check_inspect(pare, case, home, limited)
        if case["code"] != "OK" or case["convert"]:
            problems += check_convert(pare, case, home)
        return problems
    finally:
        shutil.rmtree(home)


def cases_of(generator, directory):
    subprocess.run([sys.executable, os.path.join(HERE, "manifest.py"), generator, directory],
                   check=True)
    with open(os.path.join(directory, "manifest.tsv")) as f:
        for line in f:
            fields = dict(zip(("id", "path", "code", "text", "rewrite", "convert"),
                              line.rstrip("\n").split("\t")))
            yield fields


def main():
    arguments = [a for a in sys.argv[1:] if a != "--no-limits"]
    limited = "--no-limits" not in sys.argv
    pare = os.environ.get("PARE_BIN") or arguments[0]
    passed = failed = 0
    if not os.access(pare, os.X_OK):
        print("skipped: there is no program %s" % pare)
        return 77
    seed = int(os.environ.get("PARE_TEST_SEED") or time.time())
    share = 1 if limited or os.environ.get("PARE_TEST_ALL") else 3
    print("seed %d, one case of %d" % (seed, share))
    for generator in arguments[1:]:
        directory = tempfile.mkdtemp(prefix="pare-cases-")
        for case in list(cases_of(generator, directory))[seed % share::share]:
            problems = check(pare, case, limited)
            passed += not problems
            failed += bool(problems)
            print("%s %s" % ("not ok" if problems else "ok", case["id"]))
            for problem in problems:
                print("# " + problem)
        shutil.rmtree(directory)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
