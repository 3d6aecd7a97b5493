#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: llama_plans.py LLAMA_PLAN [--write] [TABLE...]

Asks llama-quantize --dry-run for the golden plans of tests/data/plans (or for other tables), and
compares; --write puts its answers into the tables. For this each model becomes a GGUF file that is
one large hole behind its header: a dry run looks at no weight. A table to be written needs the
model and the names, types and shapes of its tensors.
"""
import glob
import os
import re
import string
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "formats", "bad"))
from gguf_build import BOOL, F32, STRING, TYPES, U32, kv, pad, string as text, u32, u64  # noqa: E402

PLANS = os.path.join(HERE, "..", "data", "plans", "*.tsv")
NUMBERS = {"f32": 0, "f16": 1, "bf16": 30}
LINE = re.compile(r"\[ *\d+/ *\d+\] (\S+) +- \[[^]]*\], type = +(\w+), size = .*?(?:\((\w+)\))?$")
LETTERS = string.ascii_lowercase + string.ascii_uppercase

# What llama.cpp wants to know of any architecture; types of tensors depend on none of it.
U32S = {"context_length": 4096, "feed_forward_length": 1024, "expert_used_count": 2,
        "expert_feed_forward_length": 1024, "expert_shared_count": 1, "vocab_size": 32000,
        "attention.sliding_window": 1024, "attention.kv_lora_rank": 512,
        "attention.q_lora_rank": 512, "ssm.conv_kernel": 4,
        "ssm.inner_size": 4096, "ssm.state_size": 16, "ssm.time_step_rank": 128,
        "wkv.head_size": 64, "time_mix_extra_dim": 32, "time_decay_extra_dim": 64,
        "leading_dense_block_count": 1}
F32S = {"attention.layer_norm_rms_epsilon": 1e-5, "attention.layer_norm_epsilon": 1e-5}


class Table:
    """A golden plan: about, recipes, tensors [(name, type, shape)], wanted {(recipe, 0 or 1):
    [type]}; a type is None for what is refused."""

    def __init__(self, path):
        self.path = path
        with open(path) as f:
            about, types, recipes, *lines = [line.rstrip("\n").split("\t") for line in f]
        self.about, self.recipes = about[1:], recipes[1:]
        names = dict(word.split("=") for word in types[1:])
        self.tensors = [tuple(line[:3]) for line in lines]
        self.wanted = {}
        for i, recipe in enumerate(self.recipes):
            for importance in (0, 1):
                self.wanted[recipe, importance] = [
                    names.get(words[3 + importance if words[4:5] != ["="] else 3][i])
                    for words in lines if len(words) == 5]

    def write(self, got):
        used = sorted({t for plan in got.values() for t in plan if t})
        letter = {None: "-", **{t: LETTERS[i] for i, t in enumerate(used)}}
        with open(self.path, "w") as f:
            print("model", *self.about, sep="\t", file=f)
            print("types", *["%s=%s" % (letter[t], t) for t in used], sep="\t", file=f)
            print("recipes", *self.recipes, sep="\t", file=f)
            for i, tensor in enumerate(self.tensors):
                plain, weighed = ("".join(letter[got[recipe, importance][i]]
                                          for recipe in self.recipes) for importance in (0, 1))
                print(*tensor, plain, "=" if weighed == plain else weighed, sep="\t", file=f)


def metadata(table):
    arch, layers, heads, heads_kv, experts = table.about
    width = next(int(shape.split("x")[-1]) for name, _, shape in table.tensors
                 if name == "token_embd.weight")
    numbers = dict(U32S, block_count=int(layers), embedding_length=width)
    numbers.update({"attention.head_count": int(heads), "attention.head_count_kv": int(heads_kv)})
    if int(experts):
        numbers["expert_count"] = int(experts)
    else:
        del numbers["expert_used_count"]
    entries = [kv("general.architecture", STRING, arch), kv(arch + ".vocab_only", BOOL, 0)]
    entries += [kv("%s.%s" % (arch, key), U32, value) for key, value in numbers.items()]
    return entries + [kv("%s.%s" % (arch, key), F32, value) for key, value in F32S.items()]


def write_hole(table, path):
    """The model as a GGUF file without a single weight."""
    infos, offset = b"", 0
    for name, kind, shape in table.tensors:
        dims = [int(d) for d in reversed(shape.split("x"))]
        infos += text(name) + u32(len(dims)) + b"".join(map(u64, dims))
        infos += u32(NUMBERS[kind]) + u64(offset)
        size = TYPES[NUMBERS[kind]][1]
        for dim in dims:
            size *= dim
        offset += size + -size % 32
    entries = metadata(table)
    head = b"GGUF" + u32(3) + u64(len(table.tensors)) + u64(len(entries))
    head = pad(head + b"".join(entries) + infos, 32)
    with open(path, "wb") as f:
        f.write(head)
        f.truncate(len(head) + offset)


def parse(log, table):
    """{(recipe, importance): [type in the table's order]}"""
    plans, plan = {}, None
    for line in log.splitlines():
        found = LINE.match(line)
        if line == "== refused":
            plan.clear()
        elif line.startswith("== "):
            recipe, importance = line.split()[1:]
            plan = plans[recipe, int(importance)] = {}
        elif found:
            plan[found.group(1)] = (found.group(3) or found.group(2)).lower()
    return {key: [types.get(tensor[0]) for tensor in table.tensors]
            for key, types in plans.items()}


def ask(program, table):
    with tempfile.TemporaryDirectory(prefix="pare-plans-") as directory:
        path = os.path.join(directory, "hole.gguf")
        write_hole(table, path)
        done = subprocess.run([program, path] + table.recipes, stdout=subprocess.PIPE, text=True,
                              check=True)
    got = parse(done.stdout, table)
    if not any(any(plan) for plan in got.values()):
        sys.exit("%s: %s" % (table.path, done.stdout[-500:]))
    return got


def compare(name, table, got):
    wrong = 0
    for key, plan in got.items():
        for tensor, want, have in zip(table.tensors, table.wanted[key], plan):
            if want != have:
                print("not ok %s %s %s: the table has %s, llama.cpp %s"
                      % (name, key, tensor[0], want, have))
                wrong += 1
        if len(plan) != len(table.wanted[key]):
            wrong += 1
    print("%s %s: %d choices, %d mismatches" % ("not ok" if wrong else "ok", name,
                                                len(got) * len(table.tensors), wrong))
    return wrong


def main():
    program, *rest = sys.argv[1:]
    usable = subprocess.run([program]).returncode
    if usable:
        return usable
    write = "--write" in rest
    wrong = 0
    for path in [p for p in rest if p != "--write"] or sorted(glob.glob(PLANS)):
        table = Table(path)
        got = ask(program, table)
        if write:
            table.write(got)
        else:
            wrong += compare(os.path.basename(path), table, got)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
