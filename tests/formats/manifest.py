# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: manifest.py CASES.py DIR [PROGRAM ARGUMENT [ARGUMENT...]]

Writes the cases of a generator (bad/FORMAT_cases.py, good/FORMAT_cases.py) into an empty folder
DIR with a file manifest.tsv, and then runs PROGRAM ARGUMENT manifest.tsv ARGUMENT..., if given. A
line of the manifest has id, path, code, text, "rewrite", "write" or nothing, and the status that
converting must end with or nothing, between tabs.
"""
import importlib.util
import os
import shutil
import subprocess
import sys


def load(path):
    """The module of a generator, by path."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec = importlib.util.spec_from_file_location("cases_" + str(abs(hash(path))), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def generate(path, directory):
    """Fills the folder anew and returns the cases."""
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    return load(path).generate(directory)


def main():
    cases, directory, *command = sys.argv[1:]
    manifest = os.path.join(directory, "manifest.tsv")
    made = generate(cases, directory)
    with open(manifest, "w") as f:
        for case in made:
            f.write("\t".join([case["id"], case["path"], case["code"], case["text"],
                               "rewrite" if case.get("rewrite") else case.get("mode", ""),
                               case.get("convert") or ""]) + "\n")
    if not command:
        return 0
    status = subprocess.run(command[:2] + [manifest] + command[2:]).returncode
    shutil.rmtree(directory)
    return status


if __name__ == "__main__":
    sys.exit(main())
