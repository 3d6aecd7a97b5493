# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""The checkpoints that make_checkpoints.py can make: one function per case, named like it, which
gives config, tensors and tokenizer as their families have them, with what is odd about each."""
import checkpoint_tokenizers as tok


class Checkpoint:
    """What a folder is made of. `to`: the recipe that the golden results are for; `pre`: the name
    of the pre-tokenizer, where there is one."""

    def __init__(self, config, tokenizer, dtype="BF16", to="bf16", pre=None, shards=1):
        self.files, self.vocabulary = dict(tokenizer[0]), tokenizer[1]
        self.config = dict(config)
        self.config.setdefault("vocab_size", self.vocabulary)
        self.dtype, self.to, self.pre, self.shards = dtype, to, pre, shards
        self.tensors = []

    def add(self, name, *dims, dtype=None):
        self.tensors.append((name, dims, dtype or self.dtype))

    def linear(self, name, rows, columns, bias=False):
        self.add(name + ".weight", rows, columns)
        if bias:
            self.add(name + ".bias", rows)

    def norm(self, name, width, bias=False):
        self.linear(name, width, width, bias)
        self.tensors = [(n, (width,) if n == name + ".weight" else d, t)
                        for n, d, t in self.tensors]


def llama_like(c, config, prefix="model.", qkv_bias=False, o_bias=False, mlp_bias=False,
               mlp=True, norms=("input_layernorm", "post_attention_layernorm"), norm_bias=False,
               gate="gate_proj", layer=None, output=True):
    """Embedding, layers with separate q, k, v, and the end; layer(c, name, i) adds more to each."""
    width, heads = config["hidden_size"], config["num_attention_heads"]
    dim = config.get("head_dim") or width // heads
    keys = config.get("num_key_value_heads") or heads
    c.add(prefix + "embed_tokens.weight", c.config["vocab_size"], width)
    for i in range(config["num_hidden_layers"]):
        name = "%slayers.%d." % (prefix, i)
        for norm in norms:
            c.norm(name + norm, width, norm_bias)
        c.linear(name + "self_attn.q_proj", heads * dim, width, qkv_bias)
        c.linear(name + "self_attn.k_proj", keys * dim, width, qkv_bias)
        c.linear(name + "self_attn.v_proj", keys * dim, width, qkv_bias)
        c.linear(name + "self_attn.o_proj", width, heads * dim, o_bias)
        if mlp:
            feed_forward(c, name + "mlp.", width, config["intermediate_size"], mlp_bias, gate)
        if layer:
            layer(c, name, i)
    c.norm(prefix + "norm", width, norm_bias)
    if output and not config.get("tie_word_embeddings"):
        c.linear("lm_head", c.config["vocab_size"], width)
    return c


def feed_forward(c, name, width, inner, bias=False, gate="gate_proj"):
    if gate:
        c.linear(name + gate, inner, width, bias)
    c.linear(name + "up_proj", inner, width, bias)
    c.linear(name + "down_proj", width, inner, bias)


def config(architecture, model_type, width=64, inner=96, heads=4, layers=2, **more):
    return {"architectures": [architecture], "model_type": model_type, "hidden_size": width,
            "intermediate_size": inner, "num_attention_heads": heads, "num_hidden_layers": layers,
            **more}


CARD = """---
license: other
license_name: tongue
license_link: LICENSE
language:
- en
- de
tags: [chat, "small"]
pipeline_tag: text-generation
base_model: Maker/Thing-7B-v1.5
datasets:
- Maker/letters
---
# Not for use
"""


# ---- llama

def llama2():
    """No keys but the needed ones; inv_freq tensors of old; tokenizer.model; F16."""
    c = config("LlamaForCausalLM", "llama")

    def layer(made, name, _):
        made.add(name + "self_attn.rotary_emb.inv_freq", 8, dtype="F32")
    return llama_like(Checkpoint(c, tok.spm_llama(), "F16", "f16"), c, layer=layer)


def llama3():
    """Scaled rope, shared keys, tied; rows of 256; BOS by post-processor."""
    c = config("LlamaForCausalLM", "llama", 256, 256, 8, num_key_value_heads=4, head_dim=32,
               tie_word_embeddings=True, rms_norm_eps=1e-5, rope_theta=500000.0,
               max_position_embeddings=1024, torch_dtype="bfloat16",
               bos_token_id=395, eos_token_id=[396, 397],
               rope_scaling={"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                             "original_max_position_embeddings": 256, "rope_type": "llama3"})
    t = tok.bpe_bytes("llama-bpe", ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"],
                      "<|begin_of_text|>", "<|eot_id|>", prepend_bos=True)
    return llama_like(Checkpoint(c, t, pre="llama-bpe"), c)


def llama_linear():
    """Linear rope, biases everywhere, head_dim that is no width / heads; F32."""
    c = config("LlamaForCausalLM", "llama", num_key_value_heads=2, head_dim=18,
               attention_bias=True, mlp_bias=True, rms_norm_eps=1e-6,
               rope_scaling={"type": "linear", "factor": 2.5})
    t = tok.spm_llama(more={"add_prefix_space": False}, template=None)
    return llama_like(Checkpoint(c, t, "F32", "f32"), c, qkv_bias=True, o_bias=True, mlp_bias=True)


def llama_yarn():
    """Yarn rope, three shards, a vocabulary that is padded."""
    c = config("LlamaForCausalLM", "llama", num_key_value_heads=1, rope_theta=10000,
               max_position_embeddings=4096, vocab_size=416,
               rope_scaling={"rope_type": "yarn", "factor": 4.0, "beta_fast": 32, "beta_slow": 1,
                             "original_max_position_embeddings": 1024, "attention_factor": 0.75})
    t = tok.bpe_bytes("gpt-2", ["<|endoftext|>", ("<tool>", False)], "<|endoftext|>",
                      "<|endoftext|>", "<|endoftext|>", pairs=False)
    return llama_like(Checkpoint(c, t, pre="gpt-2", shards=3), c)


def llama_fallback(pieces=None):
    """Only tokenizer.json, BPE with byte fallback; F32 to BF16; tied, and the head is there."""
    c = config("LlamaForCausalLM", "llama", rms_norm_eps=1e-5, max_position_embeddings=512)
    return llama_like(Checkpoint(c, tok.bpe_fallback(pieces=pieces), "F32", "bf16"), c)


def llama_trained():
    """The same, with a BPE that was trained: its merges are not all pairs that make a token."""
    c = config("LlamaForCausalLM", "llama", rms_norm_eps=1e-5, max_position_embeddings=512)
    return llama_like(Checkpoint(c, tok.bpe_fallback(trained=True), "F16", "f16"), c)


def mistral():
    """Mistral, with control tokens that are not marked, and added ones."""
    c = config("MistralForCausalLM", "mistral", num_key_value_heads=2, head_dim=32,
               sliding_window=4096, rope_theta=1000000.0, rms_norm_eps=1e-5,
               max_position_embeddings=32768, bos_token_id=1, eos_token_id=2)
    t = tok.spm_llama(extra=[("[INST]", True), ("<|odd|>", False), ("a\u2581b", False)])
    return llama_like(Checkpoint(c, t), c)


def mixtral(experts, shards):
    c = config("MixtralForCausalLM", "mixtral", num_key_value_heads=2, num_local_experts=experts,
               num_experts_per_tok=2, rope_theta=1000000.0, rms_norm_eps=1e-5,
               max_position_embeddings=2048, sliding_window=None)

    def layer(made, name, _):
        made.linear(name + "block_sparse_moe.gate", experts, 64)
        for e in range(experts):
            expert = "%sblock_sparse_moe.experts.%d." % (name, e)
            made.linear(expert + "w1", 96, 64)
            made.linear(expert + "w2", 64, 96)
            made.linear(expert + "w3", 96, 64)
    return llama_like(Checkpoint(c, tok.spm_llama(), shards=shards), c, mlp=False, layer=layer)


def mixtral4():
    """Four experts."""
    return mixtral(4, 1)


def mixtral8():
    """Eight experts, apart in three shards."""
    return mixtral(8, 3)


# ---- qwen

def qwen_tokenizer(more=None):
    return tok.bpe_bytes("qwen2", ["<|endoftext|>", "<|im_start|>", "<|im_end|>",
                                   ("<tool_call>", False)], None, "<|im_end|>", "<|endoftext|>",
                         kind="Qwen2Tokenizer", normalizer={"type": "NFC"}, pairs=False,
                         more={"add_bos_token": False, **(more or {})})


def qwen2():
    """Biases of q, k, v; tied; nothing said of rope and epsilon."""
    c = config("Qwen2ForCausalLM", "qwen2", num_key_value_heads=2, tie_word_embeddings=True,
               bos_token_id=395, eos_token_id=397, use_sliding_window=False)
    return llama_like(Checkpoint(c, qwen_tokenizer(), pre="qwen2"), c, qkv_bias=True)


def qwen2_yarn():
    """Yarn, untied, two shards."""
    c = config("Qwen2ForCausalLM", "qwen2", num_key_value_heads=2, rms_norm_eps=1e-6,
               rope_theta=1000000.0, max_position_embeddings=32768,
               rope_scaling={"type": "yarn", "factor": 4.0,
                             "original_max_position_embeddings": 8192})
    made = Checkpoint(c, qwen_tokenizer(), pre="qwen2", shards=2)
    return llama_like(made, c, qkv_bias=True)


def experts_of(count, inner, shared=0):
    def layer(made, name, _):
        made.linear(name + "mlp.gate", count, 64)
        for e in range(count):
            feed_forward(made, "%smlp.experts.%d." % (name, e), 64, inner)
        if shared:
            feed_forward(made, name + "mlp.shared_expert.", 64, shared)
            made.linear(name + "mlp.shared_expert_gate", 1, 64)
    return layer


def qwen2moe():
    """Experts, a shared one with its gate."""
    c = config("Qwen2MoeForCausalLM", "qwen2_moe", num_key_value_heads=2, num_experts=4,
               num_experts_per_tok=2, moe_intermediate_size=32, decoder_sparse_step=1,
               shared_expert_intermediate_size=96, norm_topk_prob=False, rms_norm_eps=1e-6,
               rope_theta=1000000.0, max_position_embeddings=8192)
    return llama_like(Checkpoint(c, qwen_tokenizer(), pre="qwen2"), c, qkv_bias=True, mlp=False,
                      layer=experts_of(4, 32, 96))


def head_norms(dim):
    def layer(made, name, _):
        made.norm(name + "self_attn.q_norm", dim)
        made.norm(name + "self_attn.k_norm", dim)
    return layer


def qwen3():
    """Norms of heads; heads wider than the model; tied; a model card."""
    c = config("Qwen3ForCausalLM", "qwen3", num_key_value_heads=2, head_dim=40,
               _name_or_path="maker/Qwen3-0.1B-tiny",
               tie_word_embeddings=True, rms_norm_eps=1e-6, rope_theta=1000000,
               max_position_embeddings=40960, attention_bias=False)
    made = Checkpoint(c, qwen_tokenizer(), pre="qwen2")
    made.files["README.md"] = CARD.encode()
    made.files["generation_config.json"] = {"do_sample": True, "temperature": 0.6, "top_k": 20,
                                            "top_p": 0.95, "eos_token_id": [397, 395]}
    return llama_like(made, c, layer=head_norms(40))


def qwen3_defaults():
    """The same with what Qwen3's configuration leaves out: head_dim 128, two heads."""
    c = config("Qwen3ForCausalLM", "qwen3", heads=2, num_key_value_heads=1)
    made = llama_like(Checkpoint(c, qwen_tokenizer(), pre="qwen2"), {**c, "head_dim": 128},
                      layer=head_norms(128))
    return made


def qwen3moe():
    """Experts without a shared one."""
    c = config("Qwen3MoeForCausalLM", "qwen3_moe", num_key_value_heads=2, head_dim=32,
               num_experts=8, num_experts_per_tok=2, moe_intermediate_size=32,
               norm_topk_prob=True, rms_norm_eps=1e-6, rope_theta=1000000.0,
               max_position_embeddings=40960, decoder_sparse_step=1, mlp_only_layers=[])
    experts, norms = experts_of(8, 32), head_norms(32)

    def layer(made, name, i):
        experts(made, name, i)
        norms(made, name, i)
    return llama_like(Checkpoint(c, qwen_tokenizer(), pre="qwen2"), c, mlp=False, layer=layer)


# ---- gemma

GEMMA_NORMS = ("input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm",
               "post_feedforward_layernorm")


def gemma():
    """Norms that lack 1; a head that is the embedding, stored all the same."""
    c = config("GemmaForCausalLM", "gemma", num_key_value_heads=1, head_dim=32, rms_norm_eps=1e-6,
               max_position_embeddings=8192, rope_theta=10000.0, hidden_act="gelu")
    return llama_like(Checkpoint(c, tok.spm_gemma()), c)


def gemma_defaults():
    """head_dim 256 and the rest left out; norms in F32; F16 else."""
    c = config("GemmaForCausalLM", "gemma", heads=1, num_key_value_heads=1)
    made = llama_like(Checkpoint(c, tok.spm_gemma(), "F16", "f16"), {**c, "head_dim": 256},
                      output=False)
    made.tensors = [(n, d, "F32" if "norm" in n else t) for n, d, t in made.tensors]
    return made


def gemma2():
    """Two more norms, caps, sliding window; tied."""
    c = config("Gemma2ForCausalLM", "gemma2", num_key_value_heads=2, head_dim=24,
               rms_norm_eps=1e-6, max_position_embeddings=8192, sliding_window=4096,
               attn_logit_softcapping=50.0, final_logit_softcapping=30.0, vocab_size=352,
               query_pre_attn_scalar=144)
    return llama_like(Checkpoint(c, tok.spm_gemma()), c, norms=GEMMA_NORMS, output=False)


def gemma3():
    """Text only: two rope bases, norms of heads."""
    c = config("Gemma3ForCausalLM", "gemma3_text", num_key_value_heads=1, head_dim=32,
               rms_norm_eps=1e-6, max_position_embeddings=32768, sliding_window=512,
               sliding_window_pattern=6, rope_local_base_freq=10000, rope_theta=1000000,
               query_pre_attn_scalar=256)
    return llama_like(Checkpoint(c, tok.spm_gemma()), c, norms=GEMMA_NORMS, output=False,
                      layer=head_norms(32))


def gemma3_vision():
    """The text of a model with eyes: text_config, names below language_model, linear rope."""
    text = config("Gemma3ForCausalLM", "gemma3_text", num_key_value_heads=2, head_dim=32,
                  sliding_window=1024, rope_scaling={"factor": 8.0, "rope_type": "linear"},
                  vocab_size=336)
    del text["architectures"]
    c = {"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
         "text_config": text, "vision_config": {"hidden_size": 32, "model_type":
                                                "siglip_vision_model"},
         "mm_tokens_per_image": 256, "eos_token_id": [1, 9]}
    made = Checkpoint(c, tok.spm_gemma())
    made.config["vocab_size"] = 336
    llama_like(made, text, prefix="language_model.model.", norms=GEMMA_NORMS, output=False,
               layer=head_norms(32))
    del made.config["vocab_size"]
    made.linear("multi_modal_projector.mm_soft_emb_norm", 32, 1)
    made.linear("vision_tower.vision_model.embeddings.patch_embedding", 32, 12, True)
    return made


# ---- phi

def phi3_layers(c, config_, dim):
    width, heads = config_["hidden_size"], config_["num_attention_heads"]
    keys, inner = config_["num_key_value_heads"], config_["intermediate_size"]
    c.add("model.embed_tokens.weight", c.config["vocab_size"], width)
    for i in range(config_["num_hidden_layers"]):
        name = "model.layers.%d." % i
        c.norm(name + "input_layernorm", width)
        c.linear(name + "self_attn.qkv_proj", (heads + 2 * keys) * dim, width)
        c.linear(name + "self_attn.o_proj", width, heads * dim)
        c.norm(name + "post_attention_layernorm", width)
        c.linear(name + "mlp.gate_up_proj", 2 * inner, width)
        c.linear(name + "mlp.down_proj", width, inner)
    c.norm("model.norm", width)
    if not config_.get("tie_word_embeddings"):
        c.linear("lm_head", c.config["vocab_size"], width)
    return c


PHI_SPECIAL = [("<|endoftext|>", True), ("<|assistant|>", True), ("<|place|>", False),
               ("<|end|>", True)]


def phi3():
    """Fused matrices, a sliding window; added tokens that only look special."""
    c = config("Phi3ForCausalLM", "phi3", num_key_value_heads=4, rms_norm_eps=1e-5,
               max_position_embeddings=4096, original_max_position_embeddings=4096,
               sliding_window=2047, rope_theta=10000.0, rope_scaling=None,
               bos_token_id=1, eos_token_id=32000, pad_token_id=259)
    t = tok.spm_llama(vocabulary=328, extra=PHI_SPECIAL)
    return phi3_layers(Checkpoint(c, t), c, 16)


def phi3_longrope():
    """Long and short factors; shared keys; no window."""
    c = config("Phi3ForCausalLM", "phi3", num_key_value_heads=2, rms_norm_eps=1e-5,
               max_position_embeddings=131072, original_max_position_embeddings=4096,
               sliding_window=None, rope_theta=10000.0,
               rope_scaling={"type": "longrope", "long_factor": [1.0 + i / 7 for i in range(8)],
                             "short_factor": [1.0 + i / 90 for i in range(8)]})
    t = tok.spm_llama(vocabulary=328, extra=PHI_SPECIAL)
    return phi3_layers(Checkpoint(c, t), c, 16)


def phi4_mini():
    """GPT-2's tokenizer, part of each head turned, tied, longrope."""
    c = config("Phi3ForCausalLM", "phi3", num_key_value_heads=2, rms_norm_eps=1e-5,
               max_position_embeddings=131072, original_max_position_embeddings=4096,
               sliding_window=262144, partial_rotary_factor=0.75, tie_word_embeddings=True,
               rope_scaling={"type": "longrope", "long_factor": [1 + i / 3 for i in range(6)],
                             "short_factor": [1.0] * 6})
    t = tok.bpe_bytes("gpt-4o", ["<|endoftext|>", "<|end|>"], "<|endoftext|>", "<|endoftext|>",
                      "<|endoftext|>", kind="GPT2Tokenizer")
    return phi3_layers(Checkpoint(c, t, pre="gpt-4o"), c, 16)


def families():
    """{case: function}, of this file and of checkpoint_more.py."""
    import checkpoint_more
    own = (llama2, llama3, llama_linear, llama_yarn, llama_fallback, llama_trained, mistral,
           mixtral4, mixtral8, qwen2, qwen2_yarn, qwen2moe, qwen3, qwen3_defaults, qwen3moe, gemma,
           gemma_defaults, gemma2, gemma3, gemma3_vision, phi3, phi3_longrope, phi4_mini)
    return {f.__name__.replace("_", "-"): f for f in own + checkpoint_more.CASES}
