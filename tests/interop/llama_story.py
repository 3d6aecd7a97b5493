#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: llama_story.py PARE LLAMA_TOKENS LLAMA_LOGITS

A real model tells its stories: llama-story-hf (in the folder that PARE_TEST_MODELS names, or
../shared/models), converted to F32. llama.cpp cuts the prompts of tests/data/llama-story.txt into
the same tokens as transformers, and after each token of a story its most probable next one is the
story's: what it would say when it always takes that one. Its tokenizer is a BPE with byte fallback
that has no byte tokens, and its tied embedding is stored as the head.
Skipped (77) without the model or llama.cpp (PARE_TEST_GGML). Tested with llama.cpp de3ff81.
"""
import array
import json
import os
import subprocess
import sys
import tempfile

import llama_tokens
import pare_run


def stories():
    """[(prompt, its tokens, the tokens that follow)]"""
    with open(os.path.join(pare_run.DATA, "llama-story.txt")) as f:
        rows = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    return [(prompt, list(map(int, a.split())), list(map(int, b.split()))) for prompt, a, b in rows]


def best(program, model, tokens, directory):
    """The most probable token after each; None when llama.cpp cannot."""
    path = os.path.join(directory, "logits.f32")
    if subprocess.run([program, model, path, *map(str, tokens)]).returncode:
        return None
    with open(path, "rb") as f:
        logits = array.array("f", f.read())
    n = len(logits) // len(tokens)
    rows = [logits[i * n:(i + 1) * n] for i in range(len(tokens))]
    return [max(range(n), key=row.__getitem__) for row in rows]


def text_of(folder, tokens):
    with open(os.path.join(folder, "tokenizer.json")) as f:
        words = {number: text for text, number in json.load(f)["model"]["vocab"].items()}
    return "".join(words[t] for t in tokens[1:]).replace("\u2581", " ").strip()


def check(tool, model, folder, directory):
    """How many stories are wrong."""
    cut, run = tool
    failed = 0
    told = stories()
    tokens = llama_tokens.llama(cut, model, [prompt.encode() for prompt, _, _ in told], True, True)
    for i, (prompt, first, rest) in enumerate(told):
        if not tokens or tokens[i] != first:
            print("not ok: `%s` is %s, not %s" % (prompt, tokens and tokens[i], first))
            failed += 1
            continue
        said = best(run, model, first + rest, directory)
        wrong = said is None or said[len(first) - 1:-1] != rest
        print("%s: %s" % ("not ok" if wrong else "ok", text_of(folder, first + rest)))
        if wrong:
            print("    llama.cpp: %s instead of %s" % (said and said[len(first) - 1:-1], rest))
        failed += wrong
    return failed


def main():
    pare, *tool = sys.argv[1:]
    usable = subprocess.run([tool[0]]).returncode
    if usable:
        return usable
    folder = os.path.join(os.environ.get("PARE_TEST_MODELS") or
                          os.path.join(pare_run.ROOT, "..", "shared", "models"), "llama-story-hf")
    if not os.path.isdir(folder):
        print("skipped: no folder %s" % folder)
        return 77
    with tempfile.TemporaryDirectory(prefix="pare-story-") as directory:
        os.environ["XDG_STATE_HOME"] = directory
        model, message = llama_tokens.gguf(pare, folder, directory)
        if model is None:
            print("not ok: %s" % message)
            return 1
        failed = check(tool, model, folder, directory)
    print("%d failed" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
