#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: test_aarch64.py BUILD

The same bytes on another CPU family: builds pare-worker and the plugins for aarch64, lets `pare`
convert with them under qemu-aarch64, and compares the outputs with those of this machine's own
worker. Skipped (77) where cross compiler, emulator or the libraries for aarch64 are not installed
(Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user, and of the architecture arm64
libjansson-dev libsqlite3-dev libssl-dev libseccomp-dev libinih-dev libyaml-dev zlib1g-dev).
"""
import filecmp
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PKGCONFIG = "/usr/lib/aarch64-linux-gnu/pkgconfig"
CROSS = f"""[binaries]
c = 'aarch64-linux-gnu-gcc'
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
[properties]
pkg_config_libdir = '{PKGCONFIG}:/usr/share/pkgconfig'
[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
"""
JOBS = [("tiny-llama.gguf", ["gguf:q4_k_m", "gguf:q8_0", "gguf:iq4_xs", "gguf:q5_1"]),
        ("llama3", ["gguf:q6_k", "gguf:bf16", "safetensors:f16"]),
        ("gpt-oss", ["gguf:q6_k", "gguf:bf16", "safetensors:f16"])]


def installed():
    return (shutil.which("aarch64-linux-gnu-gcc") and shutil.which("qemu-aarch64")
            and all(os.path.exists(os.path.join(PKGCONFIG, name + ".pc"))
                    for name in ("jansson", "sqlite3", "libcrypto", "libseccomp", "yaml-0.1")))


def build(folder):
    cross, out = folder / "cross.ini", folder / "build"
    cross.write_text(CROSS)
    subprocess.run(["meson", "setup", out, ROOT, "--cross-file", cross, "-Dtests=disabled",
                    "-Dsystemd=disabled"], check=True, stdout=subprocess.DEVNULL)
    listed = subprocess.run(["ninja", "-C", out, "-t", "targets", "all"], check=True,
                            capture_output=True, text=True).stdout
    plugins = [line.split(":")[0] for line in listed.splitlines()
               if line.startswith("plugins/") and ".so:" in line and line.count("/") == 1]
    subprocess.run(["ninja", "-C", out, "core/worker/pare-worker", *plugins], check=True,
                   stdout=subprocess.DEVNULL)
    worker = folder / "worker"
    worker.write_text(f"#!/bin/sh\nexec qemu-aarch64 {out}/core/worker/pare-worker \"$@\"\n")
    worker.chmod(0o755)
    return {"PARE_WORKER": str(worker), "PARE_PLUGINS": str(out / "plugins")}


def convert(pare, environment, source, targets, out):
    """The emulator needs more address space than the sandbox grants, and calls of its own."""
    subprocess.run([pare, "convert", source, *(f"--to={t}" for t in targets), "--out", out,
                    "--catalog", out / "catalog.db", "--sandbox", "off", "--quiet"], check=True,
                   env={**os.environ, **environment,
                        "PARE_RECIPES": str(ROOT / "etc" / "recipes"),
                        "PARE_ARCHITECTURES": str(ROOT / "etc" / "architectures")})


def weights(folder):
    return {str(p.relative_to(folder)) for p in folder.rglob("*")
            if p.suffix in (".gguf", ".safetensors") and ".pare" not in p.parts}


def main():
    if not installed():
        print("skipped: no cross compiler, emulator or libraries for aarch64")
        return 77
    native = pathlib.Path(sys.argv[1]).resolve()
    different, n = [], 0
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        there = build(work)
        here = {"PARE_WORKER": str(native / "core" / "worker" / "pare-worker"),
                "PARE_PLUGINS": str(native / "plugins")}
        subprocess.run([sys.executable, ROOT / "tests" / "interop" / "make_checkpoints.py", work,
                        "llama3", "gpt-oss"], check=True, stdout=subprocess.DEVNULL)
        shutil.copy(ROOT / "tests" / "data" / "tiny-llama.gguf", work)
        for name in ("here", "there"):
            (work / name).mkdir()
        for source, targets in JOBS:
            for name, environment in (("here", here), ("there", there)):
                convert(native / "core" / "cli" / "pare", environment, work / source, targets,
                        work / name)
        names = weights(work / "here")
        different = sorted(names ^ weights(work / "there"))
        different += [f for f in sorted(names) if f not in different and
                      not filecmp.cmp(work / "here" / f, work / "there" / f, shallow=False)]
        n = len(names)
    print(f"{n} files of weights, {len(different)} differ", *different)
    return bool(different) or n < sum(len(targets) for _, targets in JOBS)


if __name__ == "__main__":
    sys.exit(main())
