# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Tokenizers for make_checkpoints.py, about 300 tokens each, in the files that a Hugging Face folder
has: SentencePiece (tokenizer.model), byte-level BPE, BPE with byte fallback and WordPiece
(tokenizer.json). A function here gives {file: bytes or JSON value}."""
import struct

WORDS = ["the", "and", "of", "to", "in", "it", "he", "on", "that", "was", "for", "there", "then",
         "with", "when", "who", "their", "heart", "other", "another", "sand", "tent"]
# What pre-tokenizers cut, or not: only merges over the cuts show it.
MARKS = ["12345", "0.5", "'ll", "'S", "\n\n\n", "\r\n", "    ", " \n", "\t\t", "!?.", "==", "e\u0301",
         "\u00e9\u00e8", "\u306e\u306f", "\u0660\u0661", "a1", "_x", "/*", ".\n", "A\u00c9"]
SPACE = "\u2581"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
GPT4O = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
         r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
         r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
TEMPLATE = ("{% for m in messages %}{{ '<|' + m['role'] + '|>\n' + m['content'] }}{% endfor %}"
            "{% if add_generation_prompt %}<|assistant|>{% endif %}")


# ---- protocol buffers, as far as SentencePiece needs them

def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = 1, 2, 3, 4, 5, 6


def word_pieces(limit):
    """Letters, then what merging the words from the left gives: the first piece scores best."""
    letters = [SPACE] + sorted(set("".join(WORDS)) | set("0123456789.,!?'"))
    merged = []
    for word in WORDS:
        for prefix in (SPACE + word, word):
            for n in range(2, len(prefix) + 1):
                if prefix[:n] not in merged:
                    merged.append(prefix[:n])
    return merged[:limit - len(letters)] + letters


def sentencepiece(special, normal=56, dummy_prefix=True):
    """tokenizer.model: BPE with byte fallback. special: (piece, type) from id 0 on."""
    pieces = [(piece, 0.0, kind) for piece, kind in special]
    pieces += [("<0x%02X>" % i, 0.0, BYTE) for i in range(256)]
    pieces += [(p, -float(i), NORMAL) for i, p in enumerate(word_pieces(normal))]
    body = b""
    for piece, score, kind in pieces:
        body += field(1, field(1, piece) + field(2, score) + (
            field(3, kind) if kind != NORMAL else b""))
    unknown = [p[0] for p in special].index("<unk>")
    trainer = field(3, 2) + field(4, len(pieces)) + field(35, 1) + field(40, unknown)
    for number, piece in ((41, "<s>"), (42, "</s>"), (43, "<pad>")):
        ids = [i for i, p in enumerate(special) if p[0] == piece]
        trainer += varint(number << 3) + varint(ids[0] if ids else (1 << 64) - 1)
    normalizer = (field(1, "identity") + field(3, int(dummy_prefix)) + field(4, 0) + field(5, 1))
    return body + field(2, trainer) + field(3, normalizer), len(pieces)


def added(number, content, special=True, normalized=False):
    return {"id": number, "content": content, "single_word": False, "lstrip": False,
            "rstrip": False, "normalized": normalized, "special": special}


def decoder_entries(tokens):
    return {str(t["id"]): {k: v for k, v in t.items() if k != "id"} for t in tokens}


def spm_llama(vocabulary=None, extra=(), kind="LlamaTokenizer", template=TEMPLATE, more=None):
    """The files of a Llama 2 or Mistral."""
    model, n = sentencepiece([("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL)])
    tokens = [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")]
    tokens += [added(n + i, text, special) for i, (text, special) in enumerate(extra)]
    config = {"add_bos_token": True, "add_eos_token": False, "bos_token": "<s>",
              "eos_token": "</s>", "unk_token": "<unk>", "pad_token": None,
              "added_tokens_decoder": decoder_entries(tokens), "legacy": False,
              "clean_up_tokenization_spaces": False, "tokenizer_class": kind, **(more or {})}
    if template:
        config["chat_template"] = template
    return {"tokenizer.model": model, "tokenizer_config.json": config}, vocabulary or n + len(extra)


def spm_gemma(more=None):
    """Gemma's order of special tokens, with unused ones and user-defined white space."""
    special = [("<pad>", CONTROL), ("<eos>", CONTROL), ("<bos>", CONTROL), ("<unk>", UNKNOWN),
               ("<mask>", USER), ("[@BOS@]", USER), ("<unused0>", USER), ("<unused1>", USER),
               ("<start_of_turn>", USER), ("<end_of_turn>", USER), ("\n\n", USER),
               (SPACE * 2, USER), (SPACE * 3, USER), ("<b>", USER)]
    model, n = sentencepiece(special, dummy_prefix=False)
    tokens = [added(i, text, i < 4) for i, (text, _) in enumerate(special)]
    tokens[8]["special"] = tokens[9]["special"] = True
    config = {"add_bos_token": True, "add_eos_token": False, "bos_token": "<bos>",
              "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>",
              "added_tokens_decoder": decoder_entries(tokens), "chat_template": TEMPLATE,
              "clean_up_tokenization_spaces": False, "tokenizer_class": "GemmaTokenizer",
              **(more or {})}
    return {"tokenizer.model": model, "tokenizer_config.json": config}, n


# ---- tokenizer.json

def byte_letters():
    """GPT-2's letters for the 256 bytes."""
    plain = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    rest = [b for b in range(256) if b not in plain]
    letters = {b: chr(b) for b in plain}
    letters.update({b: chr(256 + i) for i, b in enumerate(rest)})
    return letters


def merge_words(words, space):
    """The pairs that build the words from the left."""
    merges = []
    for word in words:
        for text in (word, space + word):
            for n in range(1, len(text)):
                if (text[:n], text[n]) not in merges:
                    merges.append((text[:n], text[n]))
    return merges


def pre_tokenizer(name):
    """As the models have them; names are llama.cpp's."""
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
             "use_regex": True}
    if name == "gpt-2":
        return level
    if name == "starcoder":
        first = {"type": "Digits", "individual_digits": True}
    else:
        regex = {"llama-bpe": LLAMA3, "qwen2": QWEN2, "gpt-4o": GPT4O, "dbrx": LLAMA3}[name]
        first = {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated",
                 "invert": False}
        level["use_regex"] = False
    return {"type": "Sequence", "pretokenizers": [first, level]}


def template_processing(bos, number):
    part = [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    pair = part + [{"SpecialToken": {"id": bos, "type_id": 1}},
                   {"Sequence": {"id": "B", "type_id": 1}}]
    return {"type": "TemplateProcessing", "single": part, "pair": pair,
            "special_tokens": {bos: {"id": bos, "ids": [number], "tokens": [bos]}}}


def bpe_bytes(pre, specials, bos=None, eos=None, pad=None, prepend_bos=False, count=48, pairs=True,
              kind="PreTrainedTokenizerFast", normalizer=None, template=TEMPLATE, more=None):
    """Byte-level BPE. specials: texts, after the vocabulary, or (text, special)."""
    letters = byte_letters()
    marks = ["".join(letters[b] for b in mark.encode()) for mark in MARKS]
    merges = merge_words(WORDS, letters[32])[:count]
    merges += [m for m in merge_words(marks, letters[32]) if m not in merges]
    vocabulary = {t: i for i, t in enumerate(sorted(letters.values()))}
    for a, b in merges:
        vocabulary.setdefault(a + b, len(vocabulary))
    n = len(vocabulary)
    tokens = [added(n + i, s if isinstance(s, str) else s[0], isinstance(s, str) or s[1])
              for i, s in enumerate(specials)]
    post = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False,
            "use_regex": True}
    if prepend_bos:
        number = [t["id"] for t in tokens if t["content"] == bos][0]
        post = {"type": "Sequence", "processors": [post, template_processing(bos, number)]}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
             "ignore_merges": pre == "llama-bpe", "vocab": vocabulary,
             "merges": [list(m) if pairs else " ".join(m) for m in merges]}
    tokenizer = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens,
                 "normalizer": normalizer, "pre_tokenizer": pre_tokenizer(pre),
                 "post_processor": post, "decoder": {"type": "ByteLevel", "add_prefix_space": True,
                                                     "trim_offsets": True, "use_regex": True},
                 "model": model}
    config = {"added_tokens_decoder": decoder_entries(tokens), "bos_token": bos, "eos_token": eos,
              "pad_token": pad, "clean_up_tokenization_spaces": False, "tokenizer_class": kind,
              "model_max_length": 512, **(more or {})}
    if template:
        config["chat_template"] = template
    return ({"tokenizer.json": tokenizer, "tokenizer_config.json": config}, n + len(tokens))


def trained_pieces():
    """Letters and merges as training a BPE gives them: one merge makes a token."""
    merges = merge_words(WORDS, SPACE)[:40]
    texts = sorted(set("".join(WORDS)) | {SPACE}) + [a + b for a, b in merges]
    return list(dict.fromkeys(texts)), merges


def all_merges(pieces):
    """What transformers makes of SentencePiece's pieces, best first: every pair that makes a piece
    is a merge."""
    number = {piece: i for i, piece in enumerate(pieces)}
    merges = []
    for piece in pieces:
        pairs = [(piece[:n], piece[n:]) for n in range(1, len(piece))]
        pairs = [p for p in pairs if p[0] in number and p[1] in number]
        merges += sorted(pairs, key=lambda p: (number[p[0]], number[p[1]]))
    return merges


def bpe_fallback(trained=False, pieces=None, more=None):
    """BPE over letters with byte fallback, as tokenizer.json has a Llama 2 without its model."""
    if trained:
        pieces, merges = trained_pieces()
    else:
        pieces = pieces or word_pieces(56)
        merges = all_merges(pieces)
    texts = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % i for i in range(256)]
    vocabulary = {t: i for i, t in enumerate(texts + pieces)}
    tokens = [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")]
    normalizer = {"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": SPACE},
        {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}]}
    decoder = {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
        {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1,
                                                     "stop": 0}]}
    model = {"type": "BPE", "dropout": None, "unk_token": "<unk>",
             "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": True,
             "byte_fallback": True, "ignore_merges": False, "vocab": vocabulary,
             "merges": [" ".join(m) for m in merges]}
    tokenizer = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens,
                 "normalizer": normalizer, "pre_tokenizer": None,
                 "post_processor": template_processing("<s>", 1), "decoder": decoder,
                 "model": model}
    config = {"added_tokens_decoder": decoder_entries(tokens), "bos_token": "<s>",
              "eos_token": "</s>", "unk_token": "<unk>", "clean_up_tokenization_spaces": False,
              "tokenizer_class": "LlamaTokenizerFast", **(more or {})}
    return {"tokenizer.json": tokenizer, "tokenizer_config.json": config}, len(vocabulary)


def wordpiece(lowercase=True):
    """BERT's WordPiece."""
    letters = sorted(set("abcdefghijklmnopqrstuvwxyz0123456789.,!?'()-=/") | set("" if lowercase
                                                                              else "ABCDEFT"))
    texts = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    texts += letters + ["##" + c for c in letters] + WORDS
    texts += ["##" + w[i:] for w in WORDS for i in range(1, len(w) - 1)]
    vocabulary = {}
    for text in texts:
        vocabulary.setdefault(text, len(vocabulary))
    tokens = [added(vocabulary[t], t) for t in texts[:6] if t != "[unused0]"]
    normalizer = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                  "strip_accents": None, "lowercase": lowercase}
    cls, sep = ({"SpecialToken": {"id": t, "type_id": 0}} for t in ("[CLS]", "[SEP]"))
    first = {"Sequence": {"id": "A", "type_id": 0}}
    second = [{"Sequence": {"id": "B", "type_id": 1}},
              {"SpecialToken": {"id": "[SEP]", "type_id": 1}}]
    post = {"type": "TemplateProcessing", "single": [cls, first, sep],
            "pair": [cls, first, sep] + second,
            "special_tokens": {t: {"id": t, "ids": [vocabulary[t]], "tokens": [t]}
                               for t in ("[CLS]", "[SEP]")}}
    tokenizer = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens,
                 "normalizer": normalizer, "pre_tokenizer": {"type": "BertPreTokenizer"},
                 "post_processor": post, "decoder": {"type": "WordPiece", "prefix": "##",
                                                     "cleanup": True},
                 "model": {"type": "WordPiece", "unk_token": "[UNK]", "max_input_chars_per_word":
                           100, "continuing_subword_prefix": "##", "vocab": vocabulary}}
    config = {"added_tokens_decoder": decoder_entries(tokens), "cls_token": "[CLS]",
              "sep_token": "[SEP]", "mask_token": "[MASK]", "pad_token": "[PAD]",
              "unk_token": "[UNK]", "do_lower_case": lowercase, "tokenizer_class": "BertTokenizer",
              "strip_accents": None, "tokenize_chinese_chars": True, "model_max_length": 128,
              "clean_up_tokenization_spaces": True}
    files = {"tokenizer.json": tokenizer, "tokenizer_config.json": config,
             "vocab.txt": "".join(t + "\n" for t in vocabulary).encode()}
    return files, len(vocabulary)
