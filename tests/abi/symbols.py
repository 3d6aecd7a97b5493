#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""A plugin exports its entry and nothing else, and needs no library but libc and libm.

Usage: symbols.py PLUGIN...
"""
import shutil
import subprocess
import sys

ALLOWED = ("libc.so", "libm.so", "ld-linux", "libasan", "libubsan", "libgcc_s", "libpthread",
           "libdl.so", "librt.so", "libtsan")

if not shutil.which("nm") or not shutil.which("readelf"):
    print("skipped: no nm or readelf")
    sys.exit(77)
bad = 0
for path in sys.argv[1:]:
    listed = subprocess.run(["nm", "-D", "--defined-only", path], check=True, capture_output=True,
                            text=True).stdout
    names = [line.split()[-1] for line in listed.splitlines()]
    names = [name for name in names if not name.startswith(("__asan", "__odr_asan", "__ubsan"))]
    if names != ["pare_plugin_entry_1"]:
        print(f"{path}: exports {names}")
        bad += 1
    dynamic = subprocess.run(["readelf", "-d", path], check=True, capture_output=True,
                             text=True).stdout
    for line in dynamic.splitlines():
        if "(NEEDED)" in line and not line.split("[")[1].startswith(ALLOWED):
            print(f"{path}: {line.strip()}")
            bad += 1
print(f"{len(sys.argv) - 1} plugins, {bad} problems")
sys.exit(1 if bad else 0)
