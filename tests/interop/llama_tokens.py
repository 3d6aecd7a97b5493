#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: llama_tokens.py PARE LLAMA_TOKENS [CASE...]

Has `pare convert` make a GGUF of Hugging Face folders and llama.cpp cut the texts of
token_strings.py with it: the tokens must be those that the source's own tokenizer gives, which is
the library of PyPI `tokenizers` for tokenizer.json and `sentencepiece` for tokenizer.model; with
and without the tokens that are added at the ends. Those libraries take text only, and llama.cpp
ends the program at some bytes that are none: U+FFFD stands for each wrong part.

Folders: those of PARE_TEST_MODELS (../shared/models), where they are, and those of
make_checkpoints.py, each kind of tokenizer and pre-tokenizer once. Skipped (77) without llama.cpp
(PARE_TEST_GGML) or the two libraries. Tested with llama.cpp de3ff81, tokenizers 0.22.2, sentencepiece 0.2.3.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

import checkpoint_families
import make_checkpoints
import pare_run
import token_limits
import token_strings

MADE = ["llama2", "llama3", "llama-yarn", "llama-fallback", "llama-trained", "mistral", "qwen2",
        "gemma3", "phi3", "phi4-mini", "bert", "bert-masked", "granite"]
REAL = "llama2-fallback"
SHARED = ["trained-here/tiny-llama-hf", "trained-here/gpt2-shakespeare-hf",
          "stories260K-derived-hf", "llama-story-hf"]


def real_fallback(directory, path):
    """Llama 2's whole vocabulary, from a GGUF, in the tokenizer.json that transformers makes of
    it: 32000 tokens, 61249 merges."""
    metadata = pare_run.Header(path).metadata
    tokens, scores, kinds = (metadata["tokenizer.ggml." + key][1]
                             for key in ("tokens", "scores", "token_type"))
    pieces = [i for i, kind in enumerate(kinds) if kind == 1]
    pieces.sort(key=lambda i: (-scores[i], i))
    made = checkpoint_families.llama_fallback([tokens[i] for i in pieces])
    return make_checkpoints.write(directory, REAL, made=made)[0]


def folders(directory, wanted):
    more = os.environ.get("PARE_TEST_MODELS") or os.path.join(pare_run.ROOT, "..", "shared",
                                                              "models")
    real = os.path.join(more, "gguf", "vocab-only", "ggml-vocab-llama-spm.gguf")
    makers = {os.path.basename(name): (os.path.join(more, name), lambda path: path)
              for name in SHARED}
    makers[REAL] = (real, lambda path: real_fallback(directory, path))
    for case, (path, make) in makers.items():
        if wanted and case not in wanted:
            continue
        if os.path.exists(path):
            yield case, make(path)
        else:
            print("skipped: %s: there is no %s" % (case, path))
    for name in MADE:
        if not wanted or name in wanted:
            yield name, make_checkpoints.write(directory, name)[0]


def bos_of(folder):
    """The first token as tokenizer_config.json has it, where the model does not say."""
    with open(os.path.join(folder, "tokenizer_config.json")) as f:
        config = json.load(f)
    return [int(number) for number, token in config["added_tokens_decoder"].items()
            if token["content"] == config["bos_token"]]


def reference(folder):
    """(function from (text, special) to tokens, whether it knows special tokens in a text)"""
    path = os.path.join(folder, "tokenizer.model")
    if os.path.exists(path):
        import sentencepiece
        processor = sentencepiece.SentencePieceProcessor(model_file=path)
        first = [processor.bos_id()] if processor.bos_id() >= 0 else bos_of(folder)
        return lambda text, special: (first if special else []) + processor.encode(text), False
    import tokenizers
    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text, special: tokenizer.encode(text, add_special_tokens=special).ids, True


def llama(program, model, texts, special, parse):
    """A list of tokens for each text; None when llama.cpp cannot."""
    data = b"".join(struct.pack("=I", len(t)) + t for t in texts)
    done = subprocess.run([program, model, str(int(special)), str(int(parse))], input=data,
                          stdout=subprocess.PIPE)
    if done.returncode:
        return None
    return [list(map(int, line.split())) for line in done.stdout.decode().split("\n")[:-1]]


def texts_for(folder):
    takes = token_limits.takes(folder)
    texts = [t.decode(errors="replace") for t in token_strings.strings()]
    return [t for t in texts if takes(t)]


def differences(program, model, case, folder, special):
    """(texts that come out as the library has them, texts that do as limited, [(text, llama.cpp's
    tokens, the library's)] of the others), or None when llama.cpp cannot load it."""
    texts = texts_for(folder)
    encode, parse = reference(folder)
    limited = token_limits.LIMITS.get(case, lambda _: encode)(folder)
    ours = llama(program, model, [t.encode() for t in texts], special, parse)
    if ours is None or len(ours) != len(texts):
        return None
    rows = [(t, ids, encode(t, special)) for t, ids in zip(texts, ours)]
    others = [row for row in rows if row[1] != row[2]]
    wrong = [row for row in others if row[1] != limited(row[0], special)]
    return len(rows) - len(others), len(others) - len(wrong), wrong


def gguf(pare, folder, directory):
    """(path, None) or (None, message)"""
    made, message = pare_run.convert(pare, folder, ["f32"], directory)
    return (made["f32"], None) if made else (None, message)


def check(pare, program, case, folder, directory):
    model, message = gguf(pare, folder, os.path.join(directory, "out-" + case))
    if model is None:
        print("not ok %s: %s" % (case, message))
        return 1
    failed = 0
    for special in (False, True):
        found = differences(program, model, case, folder, special)
        if found is None:
            print("not ok %s: llama.cpp does not take it" % case)
            return 1
        same, limited, wrong = found
        print("%s %s%s: %d of %d texts%s" % (
            "not ok" if wrong or limited > same else "ok", case, ", with ends" if special else "",
            same, same + limited + len(wrong),
            ", %d more within llama.cpp's limit" % limited if limited else ""))
        for text, ours, theirs in wrong[:20]:
            print("    %r: %s instead of %s" % (text[:60], ours[:20], theirs[:20]))
        failed |= bool(wrong) or limited > same
    return int(failed)


def main():
    pare, program, *wanted = sys.argv[1:]
    usable = subprocess.run([program]).returncode
    if usable:
        return usable
    try:
        import sentencepiece  # noqa: F401
        import tokenizers  # noqa: F401
    except ImportError as error:
        print("skipped: %s" % error)
        return 77
    with tempfile.TemporaryDirectory(prefix="pare-tokens-") as directory:
        os.environ["XDG_STATE_HOME"] = directory
        failed = sum(check(pare, program, case, folder, directory)
                     for case, folder in folders(directory, wanted))
    print("%d failed" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
