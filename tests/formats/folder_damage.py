#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Folders of Hugging Face whose config.json and tokenizers are damaged at random, the same way on
every run: `pare convert --dry-run` reads all of it, map and tokenizer, and says in one line of
text what is wrong, or plans; in time, in little memory, never by a crash.

  folder_damage.py PARE FOLDER [COUNT [SEED]]
"""
import copy
import json
import os
import random
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "interop"))
import make_checkpoints  # noqa: E402

CASES = ["llama2", "llama3", "llama-fallback", "mistral", "qwen2", "gemma3", "phi3", "phi4-mini",
         "bert", "gpt2", "gpt-oss", "qwen3moe"]
FILES = ["config.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.txt",
         "vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json"]
OLDER = ["qwen2", "bert"]
SECONDS = 20
VALUES = [None, 0, -1, 1, 3, 1.5, 1e300, 1 << 31, 4_000_000_000, 1 << 40, 1 << 62, True, False, "",
          "x", "a b", "\0", "\u2581", "</s>", [], {}, [[]], [None], {"": 0}, {"type": "Sequence"},
          {"id": 4_000_000_000, "content": "x"}, {"id": 0, "content": "y", "special": True}]


def older(folder, path):
    """The same with the files that were there before tokenizer.json."""
    shutil.copytree(folder, path)
    os.remove(os.path.join(path, "tokenizer.json"))
    with open(os.path.join(folder, "tokenizer.json")) as f:
        tokenizer = json.load(f)
    files = {"special_tokens_map.json": json.dumps({"pad_token": {"content": "x"}})}
    if tokenizer["model"]["type"] == "BPE":
        files["vocab.json"] = json.dumps(tokenizer["model"]["vocab"])
        merges = [m if isinstance(m, str) else " ".join(m) for m in tokenizer["model"]["merges"]]
        files["merges.txt"] = "\n".join(["#version: 0.2"] + merges)
    for name, text in files.items():
        with open(os.path.join(path, name), "w") as f:
            f.write(text)
    return path


def values_in(value, out):
    """Every container with each of its keys."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        out.append((value, key))
        if isinstance(value[key], (dict, list)):
            values_in(value[key], out)
    return out


def damage_value(rng, value):
    """One entry of the JSON: another value, gone, twice, or what stands elsewhere. Half of the
    time near the top, where the large tables weigh as much as small settings."""
    while True:
        places = values_in(value, [])
        if rng.random() < 0.5:
            places = [p for p in places if p[0] is value or p[0] in value.values()] or places
        if not places:
            return
        where, key = rng.choice(places)
        how = rng.randrange(6)
        if how < 3:
            where[key] = copy.deepcopy(rng.choice(VALUES))
        elif how == 3:
            del where[key]
        elif how == 4:
            where[key] = copy.deepcopy(rng.choice(places)[0])
        elif isinstance(where, list):
            where.insert(key, copy.deepcopy(rng.choice(where)))
        else:
            name = rng.choice(["type", "id", "content", "vocab", "a", "\u2581the"])
            where[name] = copy.deepcopy(where[key])
        if rng.random() < 0.6:
            return


def damage_bytes(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8])):
        at = rng.randrange(len(data) + 1)
        how = rng.randrange(5)
        if how == 0:
            del data[at:]
        elif how == 1:
            data[at:at + rng.randrange(9)] = rng.randbytes(rng.randrange(9))
        elif how == 2 and data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        elif how == 3:  # lengths and tags of protocol buffers, brackets
            data[at:at] = rng.choice([b"\xff" * 9 + b"\x01", b"\x0a\xff\xff\xff\xff\x0f", b"\x00",
                                      b"[" * 100000, b'{"":' * 3000, b"\xc3\x28", b"\x15\0\0\xc0\x7f"])
        else:
            data[at:at] = data[:at]
    return bytes(data)


def damage(rng, folder):
    """Changes one or two files; gives their names."""
    names = [name for name in FILES if os.path.exists(os.path.join(folder, name))]
    chosen = rng.sample(names, rng.choice([1, 1, 1, 2]))
    for name in chosen:
        path = os.path.join(folder, name)
        with open(path, "rb") as f:
            data = f.read()
        if name.endswith(".json") and rng.random() < 0.8:
            value = json.loads(data)
            damage_value(rng, value)
            data = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode()
        else:
            data = damage_bytes(rng, data)
        if rng.random() < 0.03:
            os.remove(path)
        else:
            with open(path, "wb") as f:
                f.write(data)
    return chosen


def run(pare, folder, limited):
    """(whether it was refused, what is wrong with that or None)"""
    command = [pare, "convert", "--dry-run", folder, "--to", "gguf:f32", "--quiet"]
    if limited:
        command = ["sh", "-c", 'ulimit -d 1000000 && exec "$@"', "sh", *command]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return True, "more than %d seconds" % SECONDS
    text = done.stderr.decode(errors="replace")
    told = re.findall(r"^pare: .*", text, re.M)
    if done.returncode == 0:
        return False, None
    if not 0 < done.returncode < 100:
        return True, "exit status %d: %s" % (done.returncode, text[-2000:])
    if len([line for line in told if "warning" not in line]) != 1 or len(told[-1]) < 30:
        return True, "not one message: %s" % text[-2000:]
    if re.search("internal|out of memory|Sanitizer", text):
        return True, text[-2000:]
    return True, None


def check(pare, path, chosen, limited):
    """(whether it was refused, whether that is wrong); what is good is removed."""
    wrong, problem = run(pare, path, limited)
    if problem:
        print("%s, damaged %s: %s" % (path, " and ".join(chosen), problem))
    else:
        shutil.rmtree(path)
    return wrong, problem is not None


def main():
    limited = "--no-limits" not in sys.argv
    pare, folder, *numbers = [arg for arg in sys.argv[1:] if arg != "--no-limits"]
    count = int(numbers[0]) if numbers else 300
    rng = random.Random(int(numbers[1]) if numbers[1:] else 1)
    os.environ["XDG_STATE_HOME"] = os.path.join(folder, "state")
    shutil.rmtree(folder, ignore_errors=True)
    sound = {case: make_checkpoints.write(os.path.join(folder, "sound"), case)[0] for case in CASES}
    for case in OLDER:
        sound[case + "-older"] = older(sound[case], os.path.join(folder, "sound", case + "-older"))
    cases = list(sound)
    failed = 0
    for case, path in sound.items():
        wrong, problem = run(pare, path, limited)
        if wrong:
            print("%s, not damaged: refused: %s" % (case, problem))
            failed += 1
    jobs = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for i in range(count):
            path = os.path.join(folder, "%s-%d" % (cases[i % len(cases)], i))
            shutil.copytree(sound[cases[i % len(cases)]], path)
            jobs.append(pool.submit(check, pare, path, damage(rng, path), limited))
    refused = sum(job.result()[0] for job in jobs)
    failed += sum(job.result()[1] for job in jobs)
    print("%d of %d were refused" % (refused, count))
    print("%d failed" % failed)
    if not failed:
        shutil.rmtree(folder)
    return failed > 0


sys.exit(main())
