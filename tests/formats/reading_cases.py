# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Models with large side files and headers, for reading_memory.py, which says what they are for.

Usage: reading_cases.py NAME FOLDER
"""
import json
import pathlib
import struct
import sys

CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 32,
          "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 4,
          "intermediate_size": 32, "rms_norm_eps": 1e-5, "max_position_embeddings": 32,
          "tie_word_embeddings": True}
LAYER = "model.layers.0."
LIMIT = "the limit is 64 MiB and two bytes for each byte"
CASES = {}  # name: (function, words of the message; None: it is good)


def good(function):
    CASES[function.__name__] = function, None
    return function


def refused(*words):
    def register(function):
        CASES[function.__name__] = function, words
        return function
    return register


def folder(path, vocabulary=40, **files):
    """A small Llama with these files beside it; `__` in a name stands for a dot."""
    shapes = {"model.embed_tokens.weight": [vocabulary, 32], "model.norm.weight": [32],
              LAYER + "input_layernorm.weight": [32],
              LAYER + "post_attention_layernorm.weight": [32],
              **{LAYER + "self_attn.%s_proj.weight" % x: [32, 32] for x in "qkvo"},
              **{LAYER + "mlp.%s_proj.weight" % x: [32, 32] for x in ("gate", "up", "down")}}
    path.mkdir()
    weights(path / "model.safetensors", shapes)
    files = {"config__json": {**CONFIG, "vocab_size": vocabulary}, **files}
    for name, content in files.items():
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (path / name.replace("__", ".")).write_bytes(data)


def weights(path, shapes):
    header, at = {}, 0
    for name, shape in shapes.items():
        size = 2 * shape[0] * (shape[1] if len(shape) > 1 else 1)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        f.truncate(8 + len(text) + at)


def tokenizer(vocabulary, merges=(), added=(), **more):
    return {"version": "1.0", "added_tokens": added, "normalizer": None,
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                              "use_regex": True},
            "post_processor": None, "decoder": {"type": "ByteLevel"},
            "model": {"type": "BPE", "vocab": vocabulary, "merges": merges}, **more}


def words(n=40):
    return {"t%d" % i: i for i in range(n)}


def pairs(n, letters=512):
    """Letters, and merges of two of them."""
    alphabet = [chr(0x4e00 + i) for i in range(letters)]
    merges = [(a, b) for a in alphabet for b in alphabet][:n - letters]
    tokens = alphabet + [a + b for a, b in merges]
    return {token: i for i, token in enumerate(tokens)}, merges


@good
def tokenizer_of_262144(path):
    vocabulary, merges = pairs(262144)
    folder(path, len(vocabulary), tokenizer__json=tokenizer(vocabulary, merges))


@good
def older_tokenizer(path):
    vocabulary, merges = pairs(100000)
    folder(path, len(vocabulary), vocab__json=vocabulary,
           merges__txt=("#version: 0.2\n" + "\n".join("%s %s" % m for m in merges)).encode(),
           tokenizer_config__json={"tokenizer_class": "GPT2Tokenizer"})


@good
def added_tokens(path):
    added = [{"id": 40 + i, "content": "<a%d>" % i, "single_word": False, "lstrip": False,
              "rstrip": False, "normalized": False, "special": True} for i in range(60000)]
    decoder = {str(a["id"]): {k: a[k] for k in a if k != "id"} for a in added}
    folder(path, 60040, tokenizer__json=tokenizer(words(), [], added),
           tokenizer_config__json={"added_tokens_decoder": decoder})


@good
def keys_that_nobody_asks_for(path):
    folder(path, tokenizer__json=tokenizer(words(), nobody=[{}] * 1000000))


@refused("merge 0: `a` is no token")
def merges_of_nothing(path):
    folder(path, tokenizer__json=tokenizer(words(), [["a", "b"]] * 800000))


@refused("tokenizer.json", LIMIT)
def empty_merges(path):
    folder(path, tokenizer__json=tokenizer(words(), [[]] * 9000000))


@refused("tokenizer.json", LIMIT)
def empty_added_tokens(path):
    folder(path, tokenizer__json=tokenizer(words(), [], [{}] * 3000000))


@refused("tokenizer.json", LIMIT)
def normalizers(path):
    more = {"normalizer": {"type": "Sequence", "normalizers": [{}] * 1000000}}
    folder(path, tokenizer__json={**tokenizer(words()), **more})


@refused("tokenizer.json", "JSON_CHECK_DEPTH")
def nested_tokenizer(path):
    folder(path, tokenizer__json=b'{"model": ' + b"[" * 4000000)


@refused("tokenizer_config.json", LIMIT)
def chat_templates(path):
    folder(path, tokenizer__json=tokenizer(words()),
           tokenizer_config__json={"chat_template": [{}] * 1500000})


@refused("config.json", LIMIT)
def config_of_objects(path):
    folder(path, config__json={**CONFIG, "vocab_size": 40, "x": [{}] * 990000})


@refused("config.json", LIMIT)
def config_of_lists(path):
    folder(path, config__json={**CONFIG, "vocab_size": 40, "x": [[]] * 990000})


@refused("config.json", LIMIT)
def config_of_keys(path):
    folder(path, config__json={**CONFIG, **{"k%06d" % i: 0 for i in range(280000)}})


@refused("config.json: not JSON", "depth")
def nested_config(path):
    folder(path, config__json=b"[" * 4000000)


@refused("special_tokens_map.json", LIMIT)
def named_tokens(path):
    folder(path, tokenizer__json=tokenizer(words()),
           **{"special_tokens_map__json": {"x": [[]] * 1500000}})


@refused("README.md", LIMIT)
def front_matter(path):
    folder(path, README__md=b"---\ntags:\n" + b"- a\n" * 2000000 + b"---\n")


@refused("model.safetensors.index.json", "is not listed")
def index(path):
    names = {"a.%07d.weight" % i: "model.safetensors" for i in range(250000)}
    folder(path, **{"model__safetensors__index__json": {"metadata": {}, "weight_map": names}})


def text(string):
    return struct.pack("<Q", len(string)) + string


def gguf(path, n, values):
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, n) + values)


@good
def gguf_of_one_array(path):
    n = 24 << 20
    gguf(path, 1, text(b"a") + struct.pack("<IIQ", 9, 0, n) + b"x" * n)


@refused("memory")
def gguf_of_empty_texts(path):
    n = 4 << 20
    gguf(path, 1, text(b"a") + struct.pack("<IIQ", 9, 8, n) + struct.pack("<Q", 0) * n)


@refused(".safetensors", LIMIT)
def safetensors_metadata(path):
    entries = {"k%07d" % i: "" for i in range(1200000)}
    header = json.dumps({"__metadata__": entries}, separators=(",", ":")).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)


@good
def safetensors_of_tensors(path):
    weights(path, {"t%07d" % i: [1] for i in range(TENSORS)})


@good
def gguf_of_tensors(path):
    head = b"".join([b"GGUF" + struct.pack("<IQQ", 3, TENSORS, 0)] +
                    [text(b"t%07d" % i) + struct.pack("<IQIQ", 1, 1, 0, 32 * i)
                     for i in range(TENSORS)])
    with open(path, "wb") as f:
        f.write(head)
        f.truncate((len(head) + 31) // 32 * 32 + 32 * TENSORS)


# Those that are one file, with its suffix; and the tensors that they have.
TENSORS = 100000
FILES = {"gguf_of_one_array": ".gguf", "gguf_of_empty_texts": ".gguf",
         "safetensors_metadata": ".safetensors", "safetensors_of_tensors": ".safetensors",
         "gguf_of_tensors": ".gguf"}

if __name__ == "__main__":
    CASES[sys.argv[1]][0](pathlib.Path(sys.argv[2]))
