#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: llama_override_plans.py PARE LLAMA_PLAN

The same overrides for `pare convert --dry-run` and for llama-quantize --dry-run: the same choice
for every tensor of models whose rows do not all fit, with and without an output matrix. Where rows
do not divide into the blocks that were asked for the output or the embedding, we refuse; so does
llama-quantize, but not in a dry run. Each model is tried with a third of the overrides, others in
each run (pare_run.turn).
"""
import json
import os
import subprocess
import sys
import tempfile

import make_models
import pare_run
from llama_plans import LINE

TYPES = {"f16": 1, "q4_0": 2, "q4_1": 3, "q5_0": 6, "q8_0": 8, "q3_k": 11, "q4_k": 12, "q5_k": 13,
         "q6_k": 14, "iq4_nl": 20, "mxfp4": 39}
MODELS = ["smol576", "moe8", "tied", "gqa8", "deep80", "odd"]
RECIPES = ["q4_k_m", "q3_k_m", "q4_0", "q5_k_s", "iq4_xs", "mxfp4_moe"]
# Our options and theirs.
CASES = [
    (["--pure"], ["--pure"]),
    (["--output-tensor", "keep"], ["--keep-output"]),
    (["--output-tensor", "q8_0"], ["--output=q8_0"]),
    (["--output-tensor", "q4_k"], ["--output=q4_k"]),
    (["--token-embedding", "q5_0"], ["--embedding=q5_0"]),
    (["--token-embedding", "q5_k", "--output-tensor", "q6_k"],
     ["--embedding=q5_k", "--output=q6_k"]),
    (["--tensor", "/attn_v/=q8_0"], ["--tensor=attn_v=q8_0"]),
    (["--tensor", "/blk\\.(0|7)\\.ffn_down/=q4_1"], ["--tensor=blk\\.(0|7)\\.ffn_down=q4_1"]),
    (["--tensor", "/ffn_down/=iq4_nl", "--tensor", "/blk\\.1\\./=q5_k"],
     ["--tensor=ffn_down=iq4_nl", "--tensor=blk\\.1\\.=q5_k"]),
    (["--tensor", "/token_embd/=q3_k", "--token-embedding", "q8_0"],
     ["--tensor=token_embd=q3_k", "--embedding=q8_0"]),
    (["--tensor", "/token_embd/=q3_k", "--output-tensor", "q8_0"],
     ["--tensor=token_embd=q3_k", "--output=q8_0"]),
    (["--pure", "--output-tensor", "q8_0"], ["--pure", "--output=q8_0"]),
    (["--pure", "--tensor", "/attn_[qk]/=q6_k"], ["--pure", "--tensor=attn_[qk]=q6_k"]),
    (["--tensor", "/./=f16"], ["--tensor=.=f16"]),
]


def ours(pare, source, options):
    """({(recipe, tensor): type}, recipes that are refused because rows do not divide)."""
    plans, unfit = {}, set()
    for recipe in RECIPES:
        done = subprocess.run([pare, "convert", source, "--to", "gguf:" + recipe, "--dry-run",
                               "--json"] + options, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True)
        if "do not divide into blocks of" in done.stderr:
            unfit.add(recipe)
        for plan in json.loads(done.stdout)["plans"] if done.returncode == 0 else []:
            for tensor in plan["tensors"]:
                plans[recipe, tensor["name"]] = tensor["to"]
    return plans, unfit


def with_number(option):
    head, sign, name = option.rpartition("=")
    return "%s=%d" % (head, TYPES[name]) if sign else option


def theirs(program, source, options):
    """{(recipe, tensor): type}, without what is refused."""
    done = subprocess.run([program] + [with_number(o) for o in options] + [source] + RECIPES,
                          stdout=subprocess.PIPE, text=True, check=True)
    plans, recipe, importance = {}, None, None
    for line in done.stdout.splitlines():
        found = LINE.match(line)
        if line == "== refused":
            plans = {key: kind for key, kind in plans.items() if key[0] != recipe}
        elif line.startswith("== "):
            recipe, importance = line.split()[1:]
        elif found and importance == "0":
            plans[recipe, found.group(1)] = (found.group(3) or found.group(2)).lower()
    return plans


def compare(name, options, mine, unfit, other):
    other = {key: kind for key, kind in other.items() if key[0] not in unfit}
    wrong = sorted(key for key in mine.keys() | other.keys() if mine.get(key) != other.get(key))
    for recipe, tensor in wrong[:5]:
        print("   %s %s: %s, llama.cpp %s" % (recipe, tensor, mine.get((recipe, tensor)),
                                              other.get((recipe, tensor))))
    print("%s %s %s: %d choices, %d mismatches, %d recipes refused"
          % ("not ok" if wrong else "ok", name, " ".join(options), len(other), len(wrong),
             len(unfit)))
    return len(wrong)


def main():
    pare, program = sys.argv[1:]
    usable = subprocess.run([program]).returncode
    if usable:
        return usable
    wrong = 0
    pare_run.say_seed()
    with tempfile.TemporaryDirectory(prefix="pare-overrides-") as directory:
        for no, name in enumerate(MODELS):
            source = make_models.write(directory, name)
            for options, their_options in pare_run.turn(CASES, no, 3):
                wrong += compare(name, options, *ours(pare, source, options),
                                 theirs(program, source, their_options))
            os.remove(source)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
