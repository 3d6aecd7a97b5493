#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: anchors.py PARE

`pare convert` writes the very files that llama-quantize writes, without and with an importance
matrix: their digests are in tests/data/anchors.tsv, so that no llama.cpp is needed. All targets
come from one read; those without a matrix, whose searches are short, again with one thread.
stories260K is left out where it is missing.
"""
import os
import sys
import tempfile

import pare_run


def anchors():
    """{(source, importance matrix or "-"): {recipe: (bytes, sha256)}}"""
    table = {}
    with open(os.path.join(pare_run.DATA, "anchors.tsv")) as f:
        for line in f.read().splitlines()[1:]:
            source, importance, recipe, size, sha256 = line.split("\t")
            table.setdefault((source, importance), {})[recipe] = (int(size), sha256)
    return table


def check(pare, source, wanted, out, *options):
    """The number of files that are not as they should be."""
    made, message = pare_run.convert(pare, source, list(wanted), out, *options)
    if made is None:
        print("not ok %s: %s" % (source, message))
        return len(wanted)
    failed = 0
    for recipe, expected in wanted.items():
        found = (os.path.getsize(made[recipe]), pare_run.digest(made[recipe]))
        failed += found != expected
        print("%s %s %s" % ("ok" if found == expected else "not ok",
                            os.path.basename(made[recipe]), " ".join(options)))
        if found != expected:
            print("# %d bytes %s instead of %d bytes %s" % (found + expected))
    return failed


def main():
    pare = sys.argv[1]
    models = pare_run.models()
    failed = 0
    os.chdir(pare_run.DATA)  # files record the matrix' name as it was given
    for (name, importance), wanted in anchors().items():
        if name not in models:
            print("skipped %s: not here (PARE_TEST_MODELS)" % name)
            continue
        plain = importance == "-"
        for options in ([], ["--threads", "1"]) if plain else (["--importance", importance],):
            with tempfile.TemporaryDirectory(prefix="pare-anchors-") as out:
                failed += check(pare, models[name], wanted, out, *options)
    print("%d failed" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
