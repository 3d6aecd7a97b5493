#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: aarch64.py ROOT PROGRAM SOURCE... -- GROUP ARG... -- SOURCE... [-- GROUP ...]

The kernels of another CPU family: compiles a plugin's sources and a program of this folder with
the cross compiler aarch64-linux-gnu-gcc and runs the program on them under qemu-aarch64. What
stands before the first `--` are the program and its sources; each group after it has a name, the
compiler's arguments and, behind another `--`, the sources that are compiled with them. Skipped (77)
where compiler or emulator are not installed (Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross
qemu-user).
"""
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile

CC = "aarch64-linux-gnu-gcc"
QEMU = "qemu-aarch64"
SYSROOT = "/usr/aarch64-linux-gnu"
FLAGS = ["-O2", "-std=gnu17", "-D_GNU_SOURCE", "-ffp-contract=off", "-fno-strict-aliasing",
         "-fvisibility=hidden", "-fPIC"]


def parts(arguments):
    """The arguments, split at each `--`."""
    found = [[]]
    for argument in arguments:
        if argument == "--":
            found.append([])
        else:
            found[-1].append(argument)
    return found


def compile_all(root, directory, groups):
    """The objects of groups of (name, arguments, sources)."""
    def compile_one(job):
        name, arguments, source = job
        target = os.path.join(directory, name + "-" + os.path.basename(source) + ".o")
        subprocess.run([CC, *FLAGS, "-I", os.path.join(root, "include"), "-I",
                        os.path.join(root, "plugins"), "-I", os.path.join(root, "core"),
                        *arguments, "-c", source,
                        "-o", target], check=True)
        return target

    jobs = [(name, arguments, source) for name, arguments, sources in groups
            for source in sources]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(compile_one, jobs))


def main():
    root, program, *rest = sys.argv[1:]
    for tool in (CC, QEMU):
        if not shutil.which(tool):
            print("skipped: %s is not installed" % tool)
            return 77
    own, *more = parts(rest)
    groups = [(head[0], head[1:], sources) for head, sources in zip(more[::2], more[1::2])]
    with tempfile.TemporaryDirectory(prefix="pare-aarch64-") as directory:
        folder = os.path.join(directory, "plugins")
        os.mkdir(folder)
        subprocess.run([CC, "-shared", *compile_all(root, directory, groups), "-o",
                        os.path.join(folder, "kernels.so"), "-lm"], check=True)
        binary = os.path.join(directory, "program")
        objects = compile_all(root, directory, [("program", [], [program, *own])])
        subprocess.run([CC, *objects, "-o", binary, "-lm", "-ldl"], check=True)
        return subprocess.run([QEMU, "-L", SYSROOT, binary, folder, "1", "6"]).returncode


if __name__ == "__main__":
    sys.exit(main())
