#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: provenance.py check|make CASES.json

Where a checkpoint comes from, as llama.cpp's converter says it: the folders below (a name, a model
card, config.json, generation_config.json, shapes of tensors) are given to its gguf package, which
writes the keys that the converter would. `make` writes CASES.json, tests/data/provenance/cases.json,
which the unit test reads; `check` looks whether the package at hand still says the same. Skipped
(77) without the gguf package. Made with llama.cpp de3ff81.
"""
import json
import os
import pathlib
import sys
import tempfile

try:
    import gguf
except ImportError:
    gguf = None

NAMES = """
    Mixtral-8x7B-Instruct-v0.1 Mixtral-8x7B Mixtral-v0.1 Mixtral Meta-Llama-3-8B SmolLM2-135M
    Qwen1.5-MoE-A2.7B-Chat Qwen2-57B-A14B-Instruct Qwen2.5-Coder-0.5B-Instruct-GPTQ-Int4 gpt-oss-20b
    Phi-3-mini-4k-instruct stories-llama2-50k DeepSeek-Coder-V2-Lite-Instruct daybreak-kunoichi-2dpo-7b
    Refact-1_6B-fim Gemma-2-9B-It-SPPO-Iter3 Hermes-2-Theta-Llama-3-8B SeaLLMs-v3-7B-Chat
    internlm2_5-7b-chat-1m jamba-900M-v0.13-KIx2 mamba-2.8b-hf llama-161M-100B relu-100B
    bloom-7b1-petals Mistral-Nemo-Instruct-2407 DeepSeek-V2-Chat-0628 Mini-InternVL-Chat-2B-V1-5
    GreenNode-mini-7B-multilingual-v1olet-Mistral-7B-Instruct-v0.1 bagel-dpo-2.8b-v0.2
    Florence-2-base -Mistral--Nemo-Base-2407- gpt2 all-MiniLM-L6-v2 0x7B-0x7b v1 v1. 7b 1.5.2 x-Q4_K_M
    model-iq4_x-bf16-fp32 x-q8_0-F16 tiny-xl-XXL-large-3b small-MINI-7b1-7B1-a14b it's-a-name v0.1-v0.2
    meta-llama-3.1-70b-instruct-lorA-vision Llama-3-Instruct-abliteration-LoRA-8B x-1000T x-0.0001K
    caf\u00e9-7B-chat iter-iterative-iter3 V1-5-V2 granite-3.0-8b-base starcoder2-3b stablelm-2-1_6b
""".split() + ["a model for people", "  spaces - and-dashes  "]

SHAPES = [["token_embd.weight", [32000, 4096]], ["blk.0.attn_norm.weight", [4096]],
          ["blk.0.attn_q.weight", [4096, 4096]]]
SIZES = [[[1, 1]], [[999]], [[9, 1000]], [[9950]], [[99, 1000]], [[1000, 1000]], [[1000001]],
         [[9960, 1000]], [[12345, 67890]], [[1000, 1000000]], [[1000001, 1000]], [[7241732096]],
         [[1000000, 1000000]], [[1000001, 1000001]], [[2500, 1]], [[10500, 1]]]
EXPERTS = [["token_embd.weight", [32000, 4096]], ["blk.0.ffn_gate_exps.weight", [8, 14336, 4096]],
           ["blk.0.ffn_up_exps.weight", [8, 14336, 4096]], ["blk.0.ffn_gate_exps.bias", [4, 8, 14336]],
           ["blk.1.ffn_down_exps.weight", [16, 4096, 14336]], ["blk.1.x_exps.weight", [4, 4]]]

CARD = """---
license: apache-2.0
language:
- en
- fr
tags:
- chat
- code
pipeline_tag: text-generation
base_model: mistralai/Mistral-7B-v0.1
datasets:
- HuggingFaceH4/ultrachat_200k
- allenai/c4
---

# A model
name: not this one
"""
CARDS = {
    "plain": CARD,
    "crlf": CARD.replace("\n", "\r\n"),
    "none": "# A model\n---\nname: no\n---\n",
    "empty": "",
    "empty front matter": "---\n---\n# Text\n",
    "unterminated": "---\nlicense: mit\ntags: [a, b]\n",
    "fence with a space": "--- \nlicense: mit\n---\n",
    "no mapping": "---\n- license\n- mit\n---\n",
    "text": "---\njust a text\n---\n",
    "tabs": "---\nlicense:\tmit\ntags:\n-\tone\n-\ttwo\n---\n",
    "norway": "---\nlanguage:\n- no\n- en\n---\n",
    "merge": """---
base_model:
- EmbeddedLLM/Mistral-7B-Merge-14-v0
- https://huggingface.co/teknium/OpenHermes-2.5
- http://huggingface.co/janai-hq/trinity-v1
- https://huggingface.co/a/b/c
- https://huggingface.co/onlyone
- https://example.org/huggingface.co/x/y
- ssh://example.org/x
- gpt2
- a model in words
- ./local/path
license:
- mit
- apache-2.0
license_name: some-license
license_link: LICENSE.md
---
""",
    "described": """---
base_models:
- name: OpenHermes 2.5
  organization: Teknium
  version: '2.5'
  author: somebody
  description: what it is
  url: https://example.org
  doi: 10.1/2
  uuid: 1-2-3
  repo_url: https://example.org/repo
  other: thing
dataset: one/set-v2
---
""",
    "own": """---
name: A name of its own
author: An author
version: '3.1'
organization: An Organization
description: |
  Two lines
  of text.
finetune: Tuned
basename: Base
size_label: 9B
url: https://example.org/model
doi: 10.1/3
uuid: u-u-i-d
repo_url: https://example.org/model/repo
dataset_sources: [a/b, "c d"]
base_model_sources: one/of-Them-7B
---
""",
    "model_": """---
model_name: Another name
model_creator: A creator
model_type: llama
model_version: v7
model_organization: Org
model_description: "escapes: \\u00e9 \\t\\"quoted\\""
model_finetune: Fine
model_size_label: 1T
model_url: u
model_doi: d
model_uuid: i
model_repo_url: r
languages: [de, 'no']
language: en
tags: one
---
""",
    "twice": "---\nlicense: mit\nlicense: gpl-3.0\n---\n",
    "results": """---
license: mit
model-index:
- name: x
  results:
  - task: {type: text, name: [deep, [deeper, {a: {b: c}}]]}
    metrics:
    - {type: acc, value: 0.5}
? complicated
: - 1
  - 2
widget:
- text: "quoted # no comment"  # a comment
tags:
- &first first
- second
---
""",
    "folded": "---\ndescription: >-\n  folded\n  text\n\n  more\ntags: []\nname: 'it''s'\n---\n",
}
CONFIGS = [
    {"_name_or_path": "meta-llama/Llama-2-7b-hf"}, {"_name_or_path": "/home/me/models/x-7B"},
    {"_name_or_path": "./hermes-2-pro-llama-3-8b-DPO"}, {"_name_or_path": "gpt2"},
    {"_name_or_path": None}, {"_name_or_path": "a b"}, {"other": 1},
    {"_name_or_path": "checkpoints/step-100"},
]
GENERATIONS = [
    {"temperature": 0.6, "top_p": 0.9, "top_k": 50, "do_sample": True, "eos_token_id": [1, 2]},
    {"repetition_penalty": 1.05, "temperature": 1, "min_p": 0.0125},
    {"penalty_repeat": 1.1, "sequence": "k;p;t", "mirostat": 2, "mirostat_tau": 5.0,
     "mirostat_eta": 0.1, "penalty_last_n": -1, "xtc_probability": 0.5, "xtc_threshold": 0.1},
    {"temperature": None, "top_k": 0}, {},
]


def case(name, tensors, card=None, config=None, generation=None):
    return {"name": name, "tensors": tensors, "card": card, "config": config,
            "generation": generation}


def cases():
    yield from (case(name, tensors) for name in NAMES for tensors in ([], SHAPES))
    yield from (case("Name", [["a.weight", shape] for shape in shapes]) for shapes in SIZES)
    yield case("Name", EXPERTS)
    yield case("Mixtral-8x7B", EXPERTS)
    yield from (case("folder-1B", SHAPES, card) for card in CARDS.values())
    yield from (case("folder-1B", SHAPES, None, config) for config in CONFIGS)
    yield case("folder-1B", SHAPES, CARDS["own"], CONFIGS[0])
    yield case("folder-1B", SHAPES, CARDS["plain"], CONFIGS[0], GENERATIONS[0])
    yield from (case("folder-1B", SHAPES, None, None, g) for g in GENERATIONS)


def write(folder, name, text):
    if text is not None:
        (folder / name).write_bytes(text.encode())


def expected(one):
    """[[key, type, value]], in order, as the converter's prepare_metadata writes them."""
    with tempfile.TemporaryDirectory() as parent:
        folder = pathlib.Path(parent) / one["name"]
        folder.mkdir()
        write(folder, "README.md", one["card"])
        for name, key in (("config.json", "config"), ("generation_config.json", "generation")):
            write(folder, name, None if one[key] is None else json.dumps(one[key]))
        writer = gguf.GGUFWriter(path=None, arch="llama")
        for name, shape in one["tensors"]:
            size = 4
            for n in shape:
                size *= n
            writer.add_tensor_info(name, shape, gguf.quants.np.dtype("float32"), size)
        total, *rest = writer.get_total_parameter_count()
        metadata = gguf.Metadata.load(None, folder, None, total)
        if metadata.name is None:
            metadata.name = folder.name
        if metadata.size_label is None and total > 0:
            metadata.size_label = gguf.size_label(total, *rest)
        writer.add_type(gguf.GGUFType.MODEL)
        metadata.set_gguf_meta_model(writer)
    return [[key, entry.type.name, float(gguf.quants.np.float32(entry.value))
             if entry.type.name == "FLOAT32" else entry.value]
            for key, entry in writer.kv_data[0].items() if key != "general.architecture"]


def main():
    what, path = sys.argv[1:]
    if gguf is None:
        print("skipped: there is no gguf package for Python")
        return 77
    made = [{**one, "expected": expected(one)} for one in cases()]
    if what == "make":
        with open(path, "w") as f:
            f.write("[\n" + ",\n".join(json.dumps(one) for one in made) + "\n]\n")
        return 0
    with open(path) as f:
        known = json.load(f)
    # releases up to 0.19 do not know the usual name of one parameter
    older = [one for one in made if "repetition_penalty" in (one["generation"] or {})
             and not any("penalty_repeat" in key for key, _, _ in one["expected"])]
    wrong = [one["name"] for one, other in zip(made, known) if one != other and one not in older]
    print("%d cases, %d differ %s" % (len(made), len(wrong), wrong or ""))
    return 1 if wrong or len(made) != len(known) else 0


if __name__ == "__main__":
    sys.exit(main())
