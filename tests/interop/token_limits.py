# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Where llama.cpp (de3ff81) cuts texts into other tokens than the source's own tokenizer, whatever
a GGUF says: its own converter writes the same vocabulary, key by key (golden_architectures.py).
Each limit is a second reference: the tokens that the library gives when only that one thing is as
llama.cpp has it. What equals neither reference fails the test."""
import heapq
import json
import os
import re
import unicodedata

SPACE = "\u2581"
# llama.cpp has no \p{Lu} and so on: capitals are those of ASCII, and marks are no letters.
SUFFIX = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?"
NOT_SMALL, NOT_CAPITAL = r"((?=[\p{L}])([^a-z]))", r"((?=[\p{L}])([^A-Z]))"
GPT4O = (r"[^\r\n\p{L}\p{N}]?" + NOT_SMALL + "*" + NOT_CAPITAL + "+" + SUFFIX +
         r"|[^\r\n\p{L}\p{N}]?" + NOT_SMALL + "+" + NOT_CAPITAL + "*" + SUFFIX +
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def read(folder, name="tokenizer.json"):
    with open(os.path.join(folder, name)) as f:
        return json.load(f)


def library(tokenizer):
    """The function (text, special) of a tokenizer.json."""
    import tokenizers
    made = tokenizers.Tokenizer.from_str(json.dumps(tokenizer))
    made.no_truncation()
    return lambda text, special: made.encode(text, add_special_tokens=special).ids


def not_composed(folder):
    """Texts are not brought to NFC."""
    tokenizer = read(folder)
    assert tokenizer["normalizer"] == {"type": "NFC"}
    return library({**tokenizer, "normalizer": None})


def ascii_capitals(folder):
    """The expression of GPT-4o has no Unicode categories of capitals, and no marks."""
    tokenizer = read(folder)
    tokenizer["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = GPT4O
    return library(tokenizer)


def bert(folder):
    """\\v, \\f and U+0085 are white space, not left out; where accents are stripped, all marks
    are; words of more than 100 letters are cut like others."""
    tokenizer = read(folder)
    tokenizer["model"]["max_input_chars_per_word"] = 1 << 30
    strips = tokenizer["normalizer"]["lowercase"]
    encode = library(tokenizer)

    def limited(text, special):
        text = re.sub("[\v\f\x85]", " ", text)
        if strips:
            text = "".join(c for c in unicodedata.normalize("NFD", text)
                           if unicodedata.category(c) not in ("Mc", "Me"))
        return encode(text, special)
    return limited


def added_tokens(folder):
    """Added tokens are found in texts (sentencepiece knows none), their U+2581 as spaces, and
    what follows one begins with a space again."""
    import sentencepiece
    model = sentencepiece.SentencePieceProcessor(
        model_file=os.path.join(folder, "tokenizer.model"))
    added = read(folder, "tokenizer_config.json")["added_tokens_decoder"]
    numbers = {entry["content"].replace(SPACE, " "): int(number)
               for number, entry in added.items() if not entry["special"]}
    cut = re.compile("(%s)" % "|".join(re.escape(text) for text in numbers))

    def limited(text, special):
        ids = [model.bos_id()] if special else []
        for part in cut.split(text):
            ids += [numbers[part]] if part in numbers else model.encode(part)
        return ids
    return limited


def merged(symbols, scores):
    """SentencePiece's BPE: of the pairs that make a token the best one, the first of equals."""
    after = list(range(1, len(symbols))) + [-1]
    before = list(range(-1, len(symbols) - 1))
    heap = []

    def offer(left, right):
        if left >= 0 and right >= 0 and symbols[left] + symbols[right] in scores:
            whole = symbols[left] + symbols[right]
            heapq.heappush(heap, (-scores[whole], left, right, whole))
    for i in range(len(symbols) - 1):
        offer(i, i + 1)
    while heap:
        _, left, right, whole = heapq.heappop(heap)
        if not symbols[left] or not symbols[right] or symbols[left] + symbols[right] != whole:
            continue
        symbols[left], symbols[right] = whole, ""
        after[left] = after[right]
        if after[right] >= 0:
            before[after[right]] = left
        offer(before[left], left)
        offer(left, after[left])
    return [s for s in symbols if s]


def all_pairs(folder):
    """Pairs that make a token are merged though no merge has them, in the order of the token's
    first merge."""
    tokenizer = read(folder)
    vocabulary = tokenizer["model"]["vocab"]
    scores = dict.fromkeys(vocabulary, -1e6)
    for rank, merge in reversed(list(enumerate(tokenizer["model"]["merges"]))):
        scores[merge.replace(" ", "")] = -rank
    first = next(iter(tokenizer["post_processor"]["special_tokens"].values()))["ids"]

    def limited(text, special):
        ids = list(first) if special else []
        for token in merged(list((SPACE + text).replace(" ", SPACE)) if text else [], scores):
            if token in vocabulary:
                ids.append(vocabulary[token])
            else:
                ids += [vocabulary["<0x%02X>" % byte] for byte in token.encode()]
        return ids
    return limited


LIMITS = {"mistral": added_tokens, "qwen2": not_composed, "phi4-mini": ascii_capitals,
          "bert": bert, "bert-masked": bert, "llama-trained": all_pairs}


def takes(folder):
    """Whether a text can be tokenized: where there are no byte tokens, llama.cpp ends the program
    at characters that are no tokens."""
    if os.path.exists(os.path.join(folder, "tokenizer.model")):
        return lambda text: True
    model = read(folder)["model"]
    if not model.get("byte_fallback") or "<0x00>" in model["vocab"]:
        return lambda text: True
    return lambda text: all(c in model["vocab"] for c in text.replace(" ", SPACE))
