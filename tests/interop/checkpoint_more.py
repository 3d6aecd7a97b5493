# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""More cases for make_checkpoints.py: families that are not made like Llama, and those whose maps
were added as data alone. See checkpoint_families.py."""
import checkpoint_tokenizers as tok
from checkpoint_families import Checkpoint, config, head_norms, llama_like, qwen_tokenizer

ENDOFTEXT = ["<|endoftext|>"]


def gpt2_layers(c, prefix, width, layers, masks):
    c.add(prefix + "wte.weight", c.config["vocab_size"], width)
    c.add(prefix + "wpe.weight", 128, width)
    for i in range(layers):
        name = "%sh.%d." % (prefix, i)
        c.norm(name + "ln_1", width, True)
        if masks:
            c.add(name + "attn.bias", 1, 1, 128, 128, dtype="F32")
            c.add(name + "attn.masked_bias", dtype="F32")
        for part, rows, columns in (("attn.c_attn", width, 3 * width),
                                    ("attn.c_proj", width, width),
                                    ("mlp.c_fc", width, 4 * width),
                                    ("mlp.c_proj", 4 * width, width)):
            c.add(name + part + ".weight", rows, columns)
            c.add(name + part + ".bias", columns)
        c.norm(name + "ln_2", width, True)
    c.norm(prefix + "ln_f", width, True)
    return c


def gpt2_config(**more):
    return {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_ctx": 128,
            "n_embd": 64, "n_head": 4, "n_layer": 2, "n_positions": 128,
            "layer_norm_epsilon": 1e-5, "bos_token_id": 395, "eos_token_id": 395, **more}


def gpt2_tokenizer():
    return tok.bpe_bytes("gpt-2", ENDOFTEXT, "<|endoftext|>", "<|endoftext|>", pairs=False,
                         kind="GPT2Tokenizer", template=None, more={"unk_token": "<|endoftext|>"})


def gpt2():
    """No prefix, causal masks among the tensors, no head; F32."""
    c = Checkpoint(gpt2_config(), gpt2_tokenizer(), "F32", "f32", pre="gpt-2")
    return gpt2_layers(c, "", 64, 2, True)


def gpt2_prefix():
    """`transformer.` before the names, a head that is stored."""
    c = Checkpoint(gpt2_config(), gpt2_tokenizer(), "F16", "f16", pre="gpt-2", shards=2)
    gpt2_layers(c, "transformer.", 64, 2, False)
    c.linear("lm_head", c.config["vocab_size"], 64)
    return c


def bert_layers(c, prefix, scale=("weight", "bias"), pooler=True):
    width, inner = 64, 96

    def norm(name):
        c.add(name + "." + scale[0], width)
        c.add(name + "." + scale[1], width)
    c.add(prefix + "embeddings.word_embeddings.weight", c.config["vocab_size"], width)
    c.add(prefix + "embeddings.position_embeddings.weight", 128, width)
    c.add(prefix + "embeddings.token_type_embeddings.weight", 2, width)
    norm(prefix + "embeddings.LayerNorm")
    for i in range(2):
        name = "%sencoder.layer.%d." % (prefix, i)
        for part in ("query", "key", "value"):
            c.linear(name + "attention.self." + part, width, width, True)
        c.linear(name + "attention.output.dense", width, width, True)
        norm(name + "attention.output.LayerNorm")
        c.linear(name + "intermediate.dense", inner, width, True)
        c.linear(name + "output.dense", width, inner, True)
        norm(name + "output.LayerNorm")
    if pooler:
        c.linear(prefix + "pooler.dense", width, width, True)
    return c


def bert_config(architecture, **more):
    return config(architecture, "bert", max_position_embeddings=128, type_vocab_size=2,
                  layer_norm_eps=1e-12, hidden_act="gelu", pad_token_id=0,
                  position_embedding_type="absolute", **more)


def bert():
    """An encoder without pooling; position ids among the tensors."""
    c = Checkpoint(bert_config("BertModel"), tok.wordpiece(), "F32", "f32", pre="jina-v2-en")
    bert_layers(c, "")
    c.add("embeddings.position_ids", 1, 128, dtype="I64")
    return c


def pooled(c, folder, **pooling):
    """The files that make a sentence encoder of an encoder."""
    c.files["modules.json"] = [
        {"idx": i, "name": str(i), "path": path, "type": "sentence_transformers.models." + kind}
        for i, (path, kind) in enumerate((("", "Transformer"), (folder, "Pooling"),
                                          ("2_Normalize", "Normalize")))]
    c.files[folder + "/config.json"] = {"word_embedding_dimension": 64, **pooling}
    return c


def minilm():
    """A sentence encoder: the mean of the tokens, by modules.json."""
    c = Checkpoint(bert_config("BertModel"), tok.wordpiece(), "F16", "f16", pre="jina-v2-en")
    pooled(c, "1_Pooling", pooling_mode_cls_token=False, pooling_mode_mean_tokens=True,
           pooling_mode_max_tokens=False)
    return bert_layers(c, "")


def bert_cls():
    """The first token, in the words of later libraries, and a folder of another name."""
    c = Checkpoint(bert_config("BertModel"), tok.wordpiece(), "F32", "f32", pre="jina-v2-en")
    return bert_layers(pooled(c, "pooling", pooling_mode="cls", include_prompt=True), "")


def qwen3_embedding():
    """A decoder whose last token is the text's vector."""
    c = config("Qwen3ForCausalLM", "qwen3", num_key_value_heads=2, head_dim=16,
               tie_word_embeddings=True, rms_norm_eps=1e-6, rope_theta=1000000)
    made = pooled(Checkpoint(c, qwen_tokenizer(), pre="qwen2"), "1_Pooling",
                  pooling_mode_cls_token=False, pooling_mode_mean_tokens=False,
                  pooling_mode_lasttoken=True)
    return llama_like(made, c, layer=head_norms(16))


def bert_masked():
    """With a head for masked words, gamma and beta, and the case of letters kept."""
    c = Checkpoint(bert_config("BertForMaskedLM"), tok.wordpiece(False), pre="jina-v2-en")
    bert_layers(c, "bert.", ("gamma", "beta"))
    c.add("cls.predictions.bias", c.config["vocab_size"])
    c.linear("cls.predictions.transform.dense", 64, 64, True)
    c.add("cls.predictions.transform.LayerNorm.gamma", 64)
    c.add("cls.predictions.transform.LayerNorm.beta", 64)
    c.linear("cls.seq_relationship", 2, 64, True)
    return c


def gpt_oss_config(**more):
    return config("GptOssForCausalLM", "gpt_oss", 64, 64, num_key_value_heads=2, head_dim=32,
                  num_local_experts=4, num_experts_per_tok=2, rms_norm_eps=1e-5,
                  layer_types=["sliding_attention", "full_attention"], sliding_window=128,
                  initial_context_length=4096, max_position_embeddings=131072,
                  rope_theta=150000, attention_bias=True, swiglu_limit=7.0,
                  eos_token_id=397, pad_token_id=396,
                  rope_scaling={"beta_fast": 32.0, "beta_slow": 1.0, "factor": 32.0,
                                "original_max_position_embeddings": 4096, "rope_type": "yarn",
                                "truncate": False}, **more)


def gpt_oss_tokenizer():
    return tok.bpe_bytes("gpt-4o", ["<|startoftext|>", "<|endoftext|>", "<|return|>"],
                         "<|startoftext|>", "<|return|>", "<|endoftext|>")


def gpt_oss():
    """Experts in MXFP4, gate and up by turns; sinks; biases of experts."""
    c = gpt_oss_config(quantization_config={
        "quant_method": "mxfp4", "modules_to_not_convert": ["model.layers.*.self_attn",
                                                            "model.layers.*.mlp.router",
                                                            "model.embed_tokens", "lm_head"]})

    def layer(made, name, _):
        made.add(name + "self_attn.sinks", 4)
        made.linear(name + "mlp.router", 4, 64, True)
        for part, rows in (("gate_up_proj", 128), ("down_proj", 64)):
            made.add("%smlp.experts.%s_bias" % (name, part), 4, rows)
            made.add("%smlp.experts.%s_blocks" % (name, part), 4, rows, 2, 16, dtype="U8")
            made.add("%smlp.experts.%s_scales" % (name, part), 4, rows, 2, dtype="E8")
    made = Checkpoint(c, gpt_oss_tokenizer(), to="copy", pre="gpt-4o", shards=2)
    return llama_like(made, c, qkv_bias=True, o_bias=True, mlp=False, layer=layer)


def gpt_oss_bf16():
    """The same unpacked: experts lie transposed."""
    c = gpt_oss_config()

    def layer(made, name, _):
        made.add(name + "self_attn.sinks", 4)
        made.linear(name + "mlp.router", 4, 64, True)
        made.add(name + "mlp.experts.gate_up_proj", 4, 64, 128)
        made.add(name + "mlp.experts.gate_up_proj_bias", 4, 128)
        made.add(name + "mlp.experts.down_proj", 4, 64, 64)
        made.add(name + "mlp.experts.down_proj_bias", 4, 64)
    made = Checkpoint(c, gpt_oss_tokenizer(), pre="gpt-4o")
    return llama_like(made, c, qkv_bias=True, o_bias=True, mlp=False, layer=layer)


# ---- data only

def olmo2():
    """Norms after, not before; of whole queries and keys."""
    c = config("Olmo2ForCausalLM", "olmo2", num_key_value_heads=2, rms_norm_eps=1e-6,
               rope_theta=500000, max_position_embeddings=4096, attention_bias=False)

    def layer(made, name, _):
        made.norm(name + "self_attn.q_norm", 64)
        made.norm(name + "self_attn.k_norm", 32)
    t = tok.bpe_bytes("dbrx", ["<|endoftext|>", "<|pad|>"], "<|endoftext|>", "<|endoftext|>",
                      "<|pad|>", kind="GPT2Tokenizer")
    norms = ("post_attention_layernorm", "post_feedforward_layernorm")
    return llama_like(Checkpoint(c, t, pre="dbrx"), c, norms=norms, layer=layer)


def granite():
    """Llama with multipliers; tied; no head_dim."""
    c = config("GraniteForCausalLM", "granite", num_key_value_heads=2, rms_norm_eps=1e-5,
               rope_theta=10000.0, max_position_embeddings=4096, attention_multiplier=0.015625,
               embedding_multiplier=12.0, residual_multiplier=0.22, logits_scaling=8.0,
               tie_word_embeddings=True, attention_bias=False, mlp_bias=False)
    t = tok.bpe_bytes("starcoder", ["<|end_of_text|>", "<|start_of_role|>"], "<|end_of_text|>",
                      "<|end_of_text|>", "<|end_of_text|>", kind="GPT2Tokenizer",
                      more={"unk_token": "<|end_of_text|>"})
    return llama_like(Checkpoint(c, t, pre="starcoder"), c)


def stablelm():
    """LayerNorm with biases, a quarter of each head turned, biases of q, k, v."""
    c = config("StableLmForCausalLM", "stablelm", num_key_value_heads=4, layer_norm_eps=1e-5,
               rope_theta=10000, max_position_embeddings=4096, partial_rotary_factor=0.25,
               use_qkv_bias=True, use_parallel_residual=False)
    t = tok.bpe_bytes("gpt-2", ENDOFTEXT, "<|endoftext|>", "<|endoftext|>")
    return llama_like(Checkpoint(c, t, pre="gpt-2"), c, qkv_bias=True, norm_bias=True)


def stablelm_heads():
    """A norm for each head, and the rest of its residual in parallel; keys left out."""
    c = config("StableLmForCausalLM", "stablelm", num_key_value_heads=2, qk_layernorm=True,
               use_parallel_residual=True)

    def layer(made, name, _):
        for part, heads in (("q", 4), ("k", 2)):
            for h in range(heads):
                made.add("%sself_attn.%s_layernorm.norms.%d.weight" % (name, part, h), 16)
    t = tok.bpe_bytes("gpt-2", ENDOFTEXT, "<|endoftext|>", "<|endoftext|>")
    return llama_like(Checkpoint(c, t, pre="gpt-2"), c, norms=("input_layernorm",),
                      norm_bias=True, layer=layer)


def starcoder2():
    """LayerNorm and biases everywhere, no gate; tied."""
    c = config("Starcoder2ForCausalLM", "starcoder2", num_key_value_heads=2, norm_epsilon=1e-5,
               rope_theta=999999.4420358813, max_position_embeddings=16384, use_bias=True,
               sliding_window=4096, tie_word_embeddings=True, bos_token_id=0, eos_token_id=0)
    t = tok.bpe_bytes("starcoder", ENDOFTEXT, "<|endoftext|>", "<|endoftext|>",
                      kind="GPT2Tokenizer")
    made = Checkpoint(c, t, pre="starcoder")
    llama_like(made, c, qkv_bias=True, o_bias=True, mlp_bias=True, norm_bias=True, gate=None)
    made.tensors = [(n.replace("up_proj", "c_fc").replace("down_proj", "c_proj"), d, t)
                    for n, d, t in made.tensors]
    return made


def exaone_layers(made, c):
    """Llama's matrices under GPT-2's names."""
    names = (("model.embed_tokens", "transformer.wte"), ("model.norm", "transformer.ln_f"),
             ("model.layers", "transformer.h"), ("input_layernorm", "ln_1"),
             ("post_attention_layernorm", "ln_2"), ("self_attn.o_proj", "attn.attention.out_proj"),
             ("self_attn", "attn.attention"), ("gate_proj", "c_fc_0"), ("up_proj", "c_fc_1"),
             ("down_proj", "c_proj"))
    llama_like(made, {**c, "num_hidden_layers": c["num_layers"]})
    for old, new in names:
        made.tensors = [(n.replace(old, new), d, t) for n, d, t in made.tensors]
    return made


def exaone_config(**more):
    c = config("ExaoneForCausalLM", "exaone", activation_function="silu", num_layers=2, **more)
    del c["num_hidden_layers"]
    return c


def exaone_tokenizer():
    return tok.bpe_bytes("starcoder", ["[BOS]", "[|endofturn|]", "[PAD]"], "[BOS]",
                         "[|endofturn|]", "[PAD]", kind="GPT2Tokenizer",
                         more={"unk_token": "[PAD]"})


def exaone():
    """Scaled rope, shared keys, tied; the number of layers under its old name."""
    c = exaone_config(num_key_value_heads=2, head_dim=16, layer_norm_epsilon=1e-5,
                      max_position_embeddings=32768, rope_theta=1000000.0, tie_word_embeddings=True,
                      rope_scaling={"factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                                    "original_max_position_embeddings": 8192,
                                    "rope_type": "llama3"})
    return exaone_layers(Checkpoint(c, exaone_tokenizer(), pre="exaone"), c)


def exaone_defaults():
    """Untied, no width of a head, no rope_scaling; two shards of F16."""
    c = exaone_config(layer_norm_epsilon=1e-6, num_key_value_heads=4, rope_theta=10000.0,
                      max_position_embeddings=2048)
    made = Checkpoint(c, exaone_tokenizer(), "F16", "f16", pre="exaone", shards=2)
    return exaone_layers(made, c)


CASES = (gpt2, gpt2_prefix, bert, minilm, bert_cls, bert_masked, qwen3_embedding, gpt_oss,
         gpt_oss_bf16, olmo2, granite, stablelm, stablelm_heads, starcoder2, exaone,
         exaone_defaults)
