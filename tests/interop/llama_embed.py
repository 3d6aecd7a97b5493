#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: llama_embed.py PARE LLAMA_EMBED
       llama_embed.py --make              (Python with torch and transformers)
       llama_embed.py --reference FOLDER  (the same; vectors as JSON on standard output)

llama.cpp loads the sentence encoders that `pare convert` writes and makes the same vectors of
texts as the checkpoint does with transformers: tokenizer, layers and pooling. Small checkpoints of
make_checkpoints.py, whose vectors --make has put down in tests/data/embeddings.json; and, where
PARE_TEST_MINILM names a folder with all-MiniLM-L6-v2 and PARE_TEST_TORCH_PYTHON a Python with
transformers, that. Skipped (77) without llama.cpp (PARE_TEST_GGML). Tested with de3ff81.
"""
import array
import json
import math
import os
import subprocess
import sys
import tempfile

import make_checkpoints
import pare_run

KEPT = os.path.join(pare_run.DATA, "embeddings.json")
CASES = ["minilm", "bert-cls", "qwen3-embedding"]
RECIPES = ["f32", "f16"]
LEAST_COSINE = 0.9999
LEAST_APART = 0.99
TEXTS = [
    "The cat sat on the mat.", "A dog barked at the moon.", "the", "The quick brown fox jumps over "
    "the lazy dog.", "Hello, world!", "It rains; nobody has an umbrella.", "3.14159 is about pi",
    "12345 67890", "Naïve café, déjà vu", "Grüße aus Köln", "日本語のテキスト", "Привет, мир",
    "emoji 🙂 and 🚀", "def f(x): return x + 1", "UPPER lower MiXeD", "tab\tand  two  spaces",
    "a-b_c/d\\e", "What is the capital of France?", "Paris is the capital of France.",
    "The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium.",
    "unbelievably incomprehensible internationalization", "x " * 60 + "y",
]


def pooling_of(folder):
    with open(os.path.join(folder, "modules.json")) as f:
        path = next(m["path"] for m in json.load(f) if m["type"].endswith("Pooling"))
    with open(os.path.join(folder, path, "config.json")) as f:
        said = json.load(f)
    names = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls",
             "pooling_mode_lasttoken": "lasttoken"}
    return said.get("pooling_mode") or next(names[k] for k in names if said.get(k))


def reference(folder):
    """Each text's vector, as transformers has it."""
    import torch
    import transformers
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32,
                                                   attn_implementation="eager").eval()
    mode, out = pooling_of(folder), []
    with torch.inference_mode():
        for text in TEXTS:
            states = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
            row = {"mean": states.mean(0), "cls": states[0], "lasttoken": states[-1]}[mode]
            out.append([float("%.6g" % x) for x in row])
    return out


def make():
    made = {}
    for case in CASES:
        with tempfile.TemporaryDirectory(prefix="pare-embed-") as directory:
            made[case] = reference(make_checkpoints.write(directory, case)[0])
    with open(KEPT, "w") as f:
        f.write(json.dumps(made, separators=(",", ":")).replace("],[", "],\n[") + "\n")
    return 0


def vectors(program, model, directory, width):
    """What llama.cpp makes of the texts, or None."""
    path = os.path.join(directory, "vectors.f32")
    if subprocess.run([program, model, path], input="\n".join(TEXTS), text=True).returncode:
        return None
    with open(path, "rb") as f:
        values = array.array("f", f.read())
    return [values[i:i + width] for i in range(0, len(values), width)]


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def least_cosine(found, wanted, width):
    """The least over all texts: of the vectors, and of what tells them apart, without their mean."""
    mean = [sum(row[i] for row in wanted) / len(wanted) for i in range(width)]
    pairs = list(zip(found, wanted))
    apart = [[[x - m for x, m in zip(row, mean)] for row in pair] for pair in pairs]
    return min(cosine(a, b) for a, b in pairs), min(cosine(a, b) for a, b in apart)


def check(tools, name, folder, wanted, directory):
    """The number of recipes whose vectors are not those wanted."""
    pare, program = tools
    made, message = pare_run.convert(pare, folder, RECIPES, os.path.join(directory, "out"))
    if made is None:
        print("not ok %s: %s" % (name, message))
        return 1
    failed = 0
    for recipe in RECIPES:
        found = vectors(program, made[recipe], directory, len(wanted[0]))
        least = apart = -1.0
        if found and len(found) == len(wanted):
            least, apart = least_cosine(found, wanted, len(wanted[0]))
        good = least >= LEAST_COSINE and apart >= LEAST_APART
        failed += not good
        print("%s %s %s: %d texts, least cosine %.7f, without their mean %.7f"
              % ("ok" if good else "not ok", name, recipe, len(wanted), least, apart))
    return failed


def check_minilm(tools, directory):
    folder = os.environ.get("PARE_TEST_MINILM")
    python = os.environ.get("PARE_TEST_TORCH_PYTHON")
    if not folder or not python:
        print("skipped MiniLM: PARE_TEST_MINILM names no folder, or PARE_TEST_TORCH_PYTHON no "
              "Python with transformers")
        return 0
    done = subprocess.run([python, os.path.abspath(__file__), "--reference", folder],
                          stdout=subprocess.PIPE, check=True)
    return check(tools, "MiniLM", folder, json.loads(done.stdout), directory)


def main():
    if sys.argv[1] == "--make":
        return make()
    if sys.argv[1] == "--reference":
        print(json.dumps(reference(sys.argv[2])))
        return 0
    tools = sys.argv[1:3]
    usable = subprocess.run([tools[1]]).returncode
    if usable:
        return usable
    with open(KEPT) as f:
        kept = json.load(f)
    failed = 0
    for case in CASES:
        with tempfile.TemporaryDirectory(prefix="pare-embed-") as directory:
            folder, _ = make_checkpoints.write(directory, case)
            failed += check(tools, case, folder, kept[case], directory)
    with tempfile.TemporaryDirectory(prefix="pare-embed-") as directory:
        failed += check_minilm(tools, directory)
    print("%d failed" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
