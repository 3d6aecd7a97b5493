#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: format.py ROOT. Every C source is as clang-format 14 writes it (.clang-format).

Skipped (77) where that version is not installed: others format a little differently.
"""
import shutil
import subprocess
import sys

FROZEN = "tests/abi/fixtures/plugin-"  # headers of earlier versions stay as they were


def main():
    root = sys.argv[1]
    tool = shutil.which("clang-format-14")
    if not tool:
        print("skipped: clang-format-14 is not installed")
        return 77
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h"],
                            cwd=root, capture_output=True, text=True)
    names = [name for name in listed.stdout.split() if not name.startswith(FROZEN)]
    if not names:
        print("skipped: not a git checkout")
        return 77
    done = subprocess.run([tool, "--dry-run", "--Werror", "--style=file", *names], cwd=root,
                          capture_output=True, text=True)
    print(done.stderr[:4000])
    if done.returncode:
        print("clang-format-14 -i --style=file FILE... mends it")
    return 1 if done.returncode else 0


sys.exit(main())
