#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: llama_quality.py PARE LLAMA_LOGITS LLAMA_QUALITY

Trained checkpoints of Hugging Face's through `pare convert`, run by llama.cpp. tiny-llama and a
GPT-2 (whole, in shards, in F16 and BF16) give the logits that PyTorch computed, at every position
of the references. tiny-llama's quantizations have the perplexity and the divergence from BF16 that
llama.cpp's own have (tiny-llama-anchors.md): of all the text where PARE_TEST_QUALITY is `full`
(minutes), else of its first windows, of which only the divergence can be compared, roughly.
Skipped (77) without llama.cpp (PARE_TEST_GGML) or the models (PARE_TEST_MODELS). Tested with
de3ff81.
"""
import array
import ast
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

import pare_run

MODELS = os.environ.get("PARE_TEST_MODELS") or os.path.join(pare_run.ROOT, "..", "shared", "models")
TRAINED = os.path.join(MODELS, "trained-here")
RECIPES = ["bf16", "q8_0", "q6_k", "q5_k_m", "q4_k_m"]
WINDOW, SOME_WINDOWS = 256, 5
# (checkpoint, recipe): the greatest difference of a logit, some three times what was measured.
# llama.cpp keeps keys and values in F16, and rounds what BF16 is multiplied with to BF16.
LOGITS = {("tiny-llama-hf", "f32"): 0.01, ("tiny-llama-hf", "bf16"): 0.1,
          ("gpt2-shakespeare-hf", "f32"): 0.01, ("gpt2-shakespeare-sharded", "f32"): 0.01,
          ("gpt2-shakespeare-f16", "f16"): 0.015, ("gpt2-shakespeare-bf16", "bf16"): 0.1}
TIE = 0.001  # two best tokens of a reference that are nearer than that may change places
# Perplexity as an anchor says it may be off by so much, the mean divergence by a part of it.
PERPLEXITY_ERROR, DIVERGENCE_ERROR, ROUGH_ERROR = 0.002, 0.02, 0.35


def read_npy(data):
    """The numbers of an array in NumPy's format, flat, and its shape."""
    length, = struct.unpack_from("<H", data, 8)
    said = ast.literal_eval(data[10:10 + length].decode())
    kind = {"<f4": "f", "<i4": "i", "<i8": "q"}[said["descr"]]
    return array.array(kind, data[10 + length:]), said["shape"]


def reference(name):
    """(sequences of tokens, logits after each token, flat)"""
    with zipfile.ZipFile(os.path.join(TRAINED, name + "-ref.npz")) as f:
        tokens, shape = read_npy(f.read("input_ids.npy"))
        logits, _ = read_npy(f.read("logits.npy"))
    step = shape[-1]
    return [tokens[i:i + step] for i in range(0, len(tokens), step)], logits


def say(good, text):
    print("%s %s" % ("ok" if good else "not ok", text))
    return 0 if good else 1


def is_wrong(found, wanted):
    """The best token is another, and that is no tie."""
    best = wanted.index(max(wanted))
    return wanted[best] - wanted[found.index(max(found))] > TIE


def check_logits(program, model, name, recipe, directory):
    sequences, wanted = reference(name.split("-")[0] + "-" + name.split("-")[1])
    found, path = array.array("f"), os.path.join(directory, "logits.f32")
    for tokens in sequences:
        if subprocess.run([program, model, path, *map(str, tokens)]).returncode:
            return say(False, "%s %s: llama.cpp does not run it" % (name, recipe))
        with open(path, "rb") as f:
            found.frombytes(f.read())
    if len(found) != len(wanted):
        return say(False, "%s %s: %d logits, not %d" % (name, recipe, len(found), len(wanted)))
    n = sum(map(len, sequences))
    size = len(wanted) // n
    greatest = max(abs(x - y) for x, y in zip(found, wanted))
    rows = [(found[i:i + size], wanted[i:i + size]) for i in range(0, len(wanted), size)]
    same = sum(a.index(max(a)) == b.index(max(b)) for a, b in rows)
    wrong = sum(is_wrong(a, b) for a, b in rows)
    return say(greatest <= LOGITS[name, recipe] and not wrong,
               "%s %s: greatest difference of a logit %.5f, same best token %d of %d, ties %d"
               % (name, recipe, greatest, same, n, n - same - wrong))


def anchors():
    """{recipe: (perplexity, mean divergence)}"""
    found = {}
    with open(os.path.join(TRAINED, "tiny-llama-anchors.md")) as f:
        for line in f:
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) > 12 and cells[1].split(" ")[0].lower() in RECIPES and "pure" not in line:
                found[cells[1].split(" ")[0].lower()] = (float(cells[5].split(" ")[0]),
                                                         float(cells[7].split(" ")[0]))
    return found


def check_quality(program, made):
    full = os.environ.get("PARE_TEST_QUALITY") == "full"
    with open(os.path.join(TRAINED, "tiny-llama-val-ids.npy"), "rb") as f:
        tokens, _ = read_npy(f.read())
    if not full:
        tokens = tokens[:SOME_WINDOWS * WINDOW]
    done = subprocess.run([program, str(WINDOW), *(made[r] for r in ["bf16"] + RECIPES)], text=True,
                          input=" ".join(map(str, tokens)), stdout=subprocess.PIPE)
    rows = [list(map(float, line.split())) for line in done.stdout.splitlines()[1:]]
    if done.returncode or len(rows) != len(RECIPES):
        return say(False, "llama.cpp does not run the quantizations")
    failed = 0
    for recipe, row in zip(RECIPES, rows):
        perplexity, divergence = anchors()[recipe]
        error = DIVERGENCE_ERROR if full else ROUGH_ERROR
        good = abs(row[1] - divergence) <= error * divergence + 1e-6
        if full:
            good = good and abs(row[0] - perplexity) <= PERPLEXITY_ERROR
        failed += say(good, "%s: perplexity %.4f (%.4f of all the text), mean divergence %.6f "
                      "(%.6f), same best token %.3f %%" % (recipe, row[0], perplexity, row[1],
                                                           divergence, 100 * row[4]))
    return failed


def folder_of(name, directory):
    """A checkpoint's folder; a single file of weights gets one with the rest of the model."""
    if os.path.isdir(os.path.join(TRAINED, name)):
        return os.path.join(TRAINED, name)
    folder = os.path.join(directory, name)
    whole = os.path.join(TRAINED, "gpt2-shakespeare-hf")
    os.mkdir(folder)
    for file in os.listdir(whole):
        if not file.endswith(".safetensors"):
            shutil.copyfile(os.path.join(whole, file), os.path.join(folder, file))
    shutil.copyfile(os.path.join(TRAINED, name + ".safetensors"),
                    os.path.join(folder, "model.safetensors"))
    return folder


def check(pare, logits, quality, name, directory):
    recipes = [recipe for checkpoint, recipe in LOGITS if checkpoint == name]
    wanted = list(dict.fromkeys(recipes + (RECIPES if name == "tiny-llama-hf" else [])))
    made, message = pare_run.convert(pare, folder_of(name, directory), wanted,
                                     os.path.join(directory, "out"))
    if made is None:
        return say(False, message)
    failed = sum(check_logits(logits, made[recipe], name, recipe, directory) for recipe in recipes)
    return failed + (check_quality(quality, made) if name == "tiny-llama-hf" else 0)


def main():
    if not os.path.isdir(TRAINED):
        print("skipped: no models in %s (PARE_TEST_MODELS)" % MODELS)
        return 77
    usable = subprocess.run([sys.argv[2]]).returncode
    if usable:
        return usable
    failed = 0
    for name in dict.fromkeys(checkpoint for checkpoint, _ in LOGITS):
        with tempfile.TemporaryDirectory(prefix="pare-quality-") as directory:
            failed += check(*sys.argv[1:4], name, directory)
    print("%d failed" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
