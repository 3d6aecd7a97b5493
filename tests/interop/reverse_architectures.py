#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: reverse_architectures.py PARE [CASE...]

The way back. Each checkpoint of make_checkpoints.py becomes a GGUF, that a Hugging Face folder,
and that a GGUF again: the two GGUFs must have the same metadata, but for pare.*, and the same
tensors to the bit. So must trained models, but for what older converters did not write. What cannot go back stays a plain container, and one warning says why. The folder's
config.json must have the values that the checkpoint's has, where they mean something to the model,
and its tensors the names and shapes of the checkpoint's.
"""
import glob
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

import checkpoint_families
import make_checkpoints
import pare_run
from golden_architectures import Table

# {case: a part of the warning}
KEPT = {"gpt-oss": "`blk.0.ffn_gate_exps.bias' cannot be given back as a checkpoint has it: it was "
        "merged or split",
        # factors of another original context than all Llamas have
        "llama3": "of the tensor `rope_freqs.weight' a folder would make another"}
UNREAD = ["gpt-oss-bf16"]
# What is made besides, {case: (case, change of config.json, type)}
MORE = {
    "llama3-8192": ("llama3", lambda c: c["rope_scaling"].update(
        original_max_position_embeddings=8192), "f32"),
    "qwen2-q8_0": ("qwen2", lambda c: None, "q8_0"),
}
# Names of config.json that GGUF has no place for, or that are told otherwise.
UNTOLD = {"architectures", "model_type", "torch_dtype", "bos_token_id", "eos_token_id",
          "query_pre_attn_scalar", "hidden_act"}

# Tensors that GGUF has no place for; a head that is the embedding.
DROPPED = (r"(pooler|cls)\..*|.*\.(position_ids|inv_freq|masked_bias)|h\.\d+\.attn\.bias|"
           r"lm_head\.weight")
# The encoder, or the text, without what stood around it.
RENAMED = ("bert-masked", "gemma3-vision")

# Keys that trained models get, and ids that stand for none.
ADDED = (r"meta (general\.(type|size_label|file_type|quantization_version)|tokenizer\.ggml\.pre|"
         r"llama\.(attention\.(key|value)_length|rope\.freq_base|vocab_size)): nothing became .*|"
         r"meta .*_token_id: u32 4294967295 became nothing")


def convert(pare, source, to, out):
    """(path, warnings) of the only target, or (None, [message])."""
    os.makedirs(out)
    target, message = run(pare, source, to, out)
    if target is None:
        return None, [message]
    manifest = next(n for n in os.listdir(out) if n.endswith(".pare.json"))
    with open(os.path.join(out, manifest)) as f:
        return target, json.load(f)["warnings"]


def run(pare, source, to, out):
    done = subprocess.run([pare, "convert", source, "--to", to, "-o", out, "-q"],
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    made = [n for n in os.listdir(out) if not n.endswith((".pare.json", ".pare.md"))
            and n != ".pare"]
    return (os.path.join(out, made[0]), None) if done.returncode == 0 else (None, done.stderr)


def compare(ours, again):
    keys = [k for k in sorted(ours.keys() | again.keys()) if not k.startswith("meta pare.")]
    return ["%s: %s became %s" % (k, ours.get(k, "nothing"), again.get(k, "nothing"))
            for k in keys if ours.get(k) != again.get(k)]


def single(value):
    """Floats in single precision, as GGUF has them; rope_type by its older name."""
    if isinstance(value, float):
        return struct.unpack("f", struct.pack("f", value))[0]
    if isinstance(value, list):
        return [single(x) for x in value]
    if isinstance(value, dict):
        return {k.replace("rope_type", "type"): single(x) for k, x in value.items()}
    return value


def untrue(given, made):
    """Values of the first config.json that the second has otherwise."""
    found = []
    for name in sorted(given.keys() & made.keys() - UNTOLD):
        a, b = single(given[name]), single(made[name])
        if a is not None and a != b:
            found.append("config.json: %s was %r, and is %r" % (name, given[name], made[name]))
    return found


def shapes(folder):
    """{name: shape} of all tensors of a folder."""
    found = {}
    for path in glob.glob(os.path.join(folder, "*.safetensors")):
        with open(path, "rb") as f:
            header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        found.update({k: v["shape"] for k, v in header.items() if k != "__metadata__"})
    return found


def other_tensors(given, made):
    found = ["tensor %s %s was %s" % (k, v, given.get(k)) for k, v in made.items()
             if given.get(k) != v]
    return found + ["no tensor " + k for k in given.keys() - made.keys()
                    if not re.fullmatch(DROPPED, k)]


def read_json(*path):
    with open(os.path.join(*path)) as f:
        return json.load(f)


def round_trip(pare, folder, kind, directory, case):
    kept = KEPT.get(case)
    gguf, said = convert(pare, folder, "gguf:" + kind, os.path.join(directory, "a"))
    if gguf is None:
        return said
    back, said = convert(pare, gguf, "safetensors:f32", os.path.join(directory, "b"))
    if back is None:
        return said
    if kept or os.path.isfile(back):
        why = [text for text in said if "no Hugging Face folder" in text]
        fine = kept and os.path.isfile(back) and len(why) == 1 and kept in why[0]
        return [] if fine else ["no folder: %s" % said]
    again, more = convert(pare, back, "gguf:" + kind, os.path.join(directory, "c"))
    if again is None:
        return more
    config = read_json(back, "config.json")
    found = said + compare(Table(gguf).lines, Table(again).lines)
    if config.get("torch_dtype") != "float32":
        found.append("torch_dtype is %s" % config.get("torch_dtype"))
    if case not in RENAMED:
        found += other_tensors(shapes(folder), shapes(back))
    return found + untrue(read_json(folder, "config.json"), config)


def check(pare, case):
    name, change, kind = MORE.get(case, (case, None, "f32"))
    with tempfile.TemporaryDirectory(prefix="pare-reverse-") as directory:
        os.environ["XDG_STATE_HOME"] = directory
        folder, _ = make_checkpoints.write(directory, name)
        if change:
            config = read_json(folder, "config.json")
            change(config)
            with open(os.path.join(folder, "config.json"), "w") as f:
                json.dump(config, f)
        found = round_trip(pare, folder, kind, directory, case)
    print("%s %s" % ("not ok" if found else "ok", case))
    for line in found:
        print("    " + line)
    return 1 if found else 0


def check_trained(pare, name, path):
    with tempfile.TemporaryDirectory(prefix="pare-reverse-") as directory:
        os.environ["XDG_STATE_HOME"] = directory
        kind = "bf16" if "bf16" in str(Table(path).lines["tensor token_embd.weight"]) else "f32"
        back, found = convert(pare, path, "safetensors:" + kind, os.path.join(directory, "b"))
        if back and not found:
            again, found = convert(pare, back, "gguf:" + kind, os.path.join(directory, "c"))
        if back and not found:
            found = [line for line in compare(Table(path).lines, Table(again).lines)
                     if not re.fullmatch(ADDED, line)]
    print("%s %s" % ("not ok" if found else "ok", name))
    for line in found:
        print("    " + line)
    return 1 if found else 0


def main():
    cases = sys.argv[2:] or sorted([*checkpoint_families.families(), *MORE])
    cases = [case for case in cases if case not in UNREAD]
    trained = {} if sys.argv[2:] else pare_run.models()
    failed = sum(check(sys.argv[1], case) for case in cases)
    failed += sum(check_trained(sys.argv[1], *model) for model in trained.items())
    print("%d of %d failed" % (failed, len(cases) + len(trained)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
