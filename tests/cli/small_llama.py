# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""A small Llama as a Hugging Face folder: weights in F32, a configuration, a model card, and no
tokenizer."""
import json
import struct

CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64,
          "intermediate_size": 96, "num_attention_heads": 4, "num_key_value_heads": 2,
          "num_hidden_layers": 2, "max_position_embeddings": 128, "rms_norm_eps": 1e-5,
          "rope_theta": 10000.0, "vocab_size": 50, "tie_word_embeddings": False,
          "_name_or_path": "somebody/Small-Llama-v0.3", "torch_dtype": "float32"}
CARD = """---
license: [apache-2.0, mit]
tags:
- small
base_model: somebody/Larger-Llama
---
# A small Llama
"""


def shapes():
    yield from (("model.embed_tokens.weight", [50, 64]), ("lm_head.weight", [50, 64]),
                ("model.norm.weight", [64]))
    for i in range(2):
        for name, shape in (("self_attn.q_proj", [64, 64]), ("self_attn.k_proj", [32, 64]),
                            ("self_attn.v_proj", [32, 64]), ("self_attn.o_proj", [64, 64]),
                            ("mlp.gate_proj", [96, 64]), ("mlp.up_proj", [96, 64]),
                            ("mlp.down_proj", [64, 96]), ("input_layernorm", [64]),
                            ("post_attention_layernorm", [64])):
            yield "model.layers.%d.%s.weight" % (i, name), shape


def make_folder(folder):
    folder.mkdir()
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, shape in shapes():
        n = shape[0] * (shape[1] if len(shape) > 1 else 1)
        values = [((len(name) * 7919 + i * 104729) % 2003 - 1001) / 4096 for i in range(n)]
        header[name] = {"dtype": "F32", "shape": shape,
                        "data_offsets": [len(data), len(data) + 4 * n]}
        data += struct.pack("<%df" % n, *values)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "generation_config.json").write_text('{"temperature": 0.5}')
    (folder / "README.md").write_text(CARD)
