# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""The folders of hostile_folders.py: a small Llama, and what is wrong with it in each case."""
import copy
import json

from packed_model import Model, awq, ct_packed, fp8, gptq, mlx

WIDTH, HEADS, INNER, VOCABULARY = 64, 4, 96, 40
CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": WIDTH,
          "num_hidden_layers": 1, "num_attention_heads": HEADS, "num_key_value_heads": HEADS,
          "intermediate_size": INNER, "vocab_size": VOCABULARY, "rms_norm_eps": 1e-05,
          "max_position_embeddings": 32, "tie_word_embeddings": False}
LAYER = "model.layers.0."
DOWN = LAYER + "mlp.down_proj"
SHAPES = {"model.embed_tokens.weight": [VOCABULARY, WIDTH], "lm_head.weight": [VOCABULARY, WIDTH],
          "model.norm.weight": [WIDTH], LAYER + "input_layernorm.weight": [WIDTH],
          LAYER + "post_attention_layernorm.weight": [WIDTH],
          **{LAYER + "self_attn.%s_proj.weight" % x: [WIDTH, WIDTH] for x in "qkvo"},
          LAYER + "mlp.gate_proj.weight": [INNER, WIDTH],
          LAYER + "mlp.up_proj.weight": [INNER, WIDTH], DOWN + ".weight": [WIDTH, INNER]}
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
A, B = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
CASES = {}


class Case:
    def __init__(self, parts, good):
        self.parts, self.good = parts, good
        self.config, self.files, self.split = copy.deepcopy(CONFIG), {}, None
        self.tensors = {name: self.tensor(shape) for name, shape in SHAPES.items()}

    @staticmethod
    def tensor(shape, kind="BF16"):
        n = 1
        for dim in shape:
            n *= dim
        return kind, list(shape), b"\x80\x3f" * n

    def shards(self):
        return {WEIGHTS: self.tensors} if self.split is None else self.split

    def in_two(self, **index):
        """As two shards; gives the index."""
        names = list(self.tensors)
        self.split = {A: {n: self.tensors[n] for n in names[:6]},
                      B: {n: self.tensors[n] for n in names[6:]}}
        where = {n: file for file, tensors in self.split.items() for n in tensors}
        self.files[INDEX] = {"metadata": {}, "weight_map": where, **index}
        return where


def case(name, *parts, good=False):
    """Registers what a function does to the good folder, and what the message has to say of it."""
    def register(change):
        assert name not in CASES, name
        CASES[name] = Case(parts, good)
        change(CASES[name])
    return register


def value(key, what, *parts, good=False, **more):
    """config.json with one value changed, or without it (...)."""
    said = "absent" if what is ... else json.dumps(what)
    @case("%s=%.60s%s" % (key, said, "".join(" " + k for k in more)), *parts, good=good)
    def _(c):
        c.config.update({key: what}, **more)
        if what is ...:
            del c.config[key]


def text(name, content, *parts, good=False):
    """The bytes of config.json."""
    @case(name, *parts, good=good)
    def _(c):
        c.config = content


# ---- config.json

def numbers():
    case("good", good=True)(lambda c: None)
    sizes = {"hidden_size": "hidden_size", "intermediate_size": "intermediate_size",
             "num_attention_heads": "num_attention_heads",
             "num_key_value_heads": "num_key_value_heads", "num_hidden_layers": "{n}",
             "vocab_size": "vocab_size", "max_position_embeddings": "max_position_embeddings"}
    for key, name in sizes.items():
        odd = (1e300, {"a": 1}, True) if key == "hidden_size" else ()
        for what in (10**18, -1, 1.5, "64", [64], *odd):
            value(key, what, name)
        value(key, 0, "attn_k" if key == "num_key_value_heads" else name)
        value(key, 10**30, "1000000000000000000000000000000, which is not finite or out of the range")
        optional = key in ("num_key_value_heads", "vocab_size", "max_position_embeddings")
        value(key, None, name, good=optional)
        value(key, ..., name, good=optional)
    value("hidden_size", 128, "`token_embd.weight' has 64 columns, and config.json says 128")
    value("vocab_size", 39, "`token_embd.weight' has 40 rows, and config.json says 39 (vocab_size)")
    value("vocab_size", 41, "`token_embd.weight' has 40 rows, and config.json says 41 (vocab_size)")
    value("head_dim", 18, "`blk.0.attn_q.weight' has 64 rows, and config.json says 72 (")
    value("head_dim", 0, "attn_q.weight' has 64 rows, and config.json says 0")
    value("num_attention_heads", 3, "64 rows are not 3 heads of an even number of rows")
    value("num_key_value_heads", 2, "`blk.0.attn_k.weight' has 64 rows, and config.json says 32")
    value("num_hidden_layers", 10**9, "num_hidden_layers is 1000000000, which is not in 0 to 100")
    value("num_hidden_layers", 10**6, "`model.layers.1.input_layernorm.weight' is missing")
    value("rms_norm_eps", -1e-5, "the epsilon of the norms is negative")
    value("rms_norm_eps", "small", "decoder.rules:")
    value("architectures", [], good=True)
    value("architectures", ["x" * 10**6], "no map knows the architecture `xxx", model_type="x")
    value("architectures", None, "no map knows the architecture", model_type="nobody")
    value("architectures", ..., "no map knows the architecture", model_type=[1])


def rotary():
    for what in ("linear", 5, ["linear"], True):
        value("rope_scaling", what, "config.json: `rope_scaling' is no object")
    value("rope_scaling", {}, good=True)
    value("rope_scaling", None, good=True)
    value("rope_scaling", {"type": "linear"}, "linear or yarn, and has no factor")
    value("rope_scaling", {"type": "linear", "factor": "2"}, "rope.rules:", "text")
    value("rope_scaling", {"type": "linear", "factor": -2}, "the factor of rope_scaling is not pos")
    value("rope_scaling", {"type": 5, "factor": 2}, "rope.rules:", "lower")
    value("rope_scaling", {"type": "yarn", "factor": 0}, "the factor of rope_scaling is not pos")
    value("rope_scaling", {"rope_type": "llama3", "factor": float("nan")}, "factor is NaN, which")
    value("rope_scaling", {"rope_type": "llama3", "factor": 1e308, "low_freq_factor": 1e-308},
          "llama3.rules:")
    value("rope_scaling", {"rope_type": "llama3", "high_freq_factor": 1.0}, "llama3.rules:")
    value("rope_scaling", {"rope_type": "yarn", "factor": float("nan")}, "factor is NaN, which")
    value("rope_scaling", {"rope_type": "linear", "factor": 1e-300}, "scaling.factor cannot be")
    value("rope_theta", 0, "rope_theta is not positive")
    value("rope_theta", float("inf"), "rope_theta is Infinity, which")
    value("unused", float("-inf"), good=True)
    value("rope_theta", "10000", "rope.rules:")
    value("rope_theta", [1], "rope.rules:")


def texts():
    good = json.dumps(CONFIG).encode()
    case("no config.json", "there is no config.json", "--as-container")(
        lambda c: setattr(c, "config", None))
    text("empty", b"", "config.json: it is empty: cut short or still arriving")
    text("no object", b"[1]", "config.json: the JSON is not an object")
    text("cut", good[:-20], "config.json: it ends in the middle of its JSON")
    text("zeros", bytes(100), "config.json: it has zeros in place of text")
    text("byte order mark", b"\xef\xbb\xbf" + good, "config.json: not JSON")
    text("bad UTF-8", good[:-1] + b',"a":"\xff\xfe"}', "config.json: not JSON", "decode byte 0xff")
    text("lone surrogate", good[:-1] + b',"a":"\\ud800"}', "config.json: not JSON")
    text("duplicate key", good[:-1] + b',"vocab_size":41}', "config.json: not JSON", "duplicate")
    text("deep", good[:-1] + b',"a":' + b"[" * 100000 + b"]" * 100000 + b"}",
         "config.json: not JSON", "maximum parsing depth")
    text("deep objects", good[:-1] + b',"a":' + b'{"a":' * 100000 + b"1" + b"}" * 100001,
         "config.json: not JSON", "maximum parsing depth")
    text("10 MB", good[:-1] + b',"a":"' + b"x" * 10**7 + b'"}', "config.json", "10000")
    text("1 MB", good[:-1] + b',"a":"' + b"x" * 10**6 + b'"}', good=True)
    text("many keys", good[:-1] + b"".join(b',"k%d":0' % i for i in range(60000)) + b"}", good=True)
    value("torch_dtype", "x" * 500000, good=True)
    value("max_position_embeddings", "9" * 500000, "max_position_embeddings")


# ---- quantization

def quantization():
    for what in ("gptq", 4, [], True):
        value("quantization_config", what, "quantization_config")
    value("quantization_config", {}, "quantization_config")
    value("quantization_config", {"quant_method": 5}, "quantization_config")
    value("quantization_config", {"quant_method": "x" * 100000}, "which cannot be read")
    for name, config, make, change in (
            ("gptq", {"bits": 4, "group_size": 16},
             lambda m: gptq(m, DOWN, WIDTH, INNER, 4, 16), "group_size"),
            ("awq", {"bits": 4, "group_size": 16, "version": "gemm"},
             lambda m: awq(m, DOWN, WIDTH, INNER, 16), "group_size"),
            ("fp8", {"weight_block_size": [16, 32]},
             lambda m: fp8(m, DOWN + ".weight", WIDTH, INNER, (16, 32), "_scale_inv", ""),
             "weight_block_size"),
            ("compressed-tensors", {"format": "pack-quantized", "config_groups": {"group_0": {
                "weights": {"num_bits": 4, "group_size": 16}}}},
             lambda m: ct_packed(m, DOWN, WIDTH, INNER, 4, 16), "config_groups"),
            ("mlx", {"bits": 4, "group_size": 16},
             lambda m: mlx(m, DOWN, WIDTH, INNER, 4, 16), "group_size")):
        packed(name, config, make, change)


def packed(method, config, make, key):
    """The good one, and its size of groups changed."""
    no_pair, no_fit = "config.json: weight_block_size is not a pair of sizes", "do not fit"
    sizes = [[0, 0], [-1, 1], [16], "16", [16, 32, 1], ["a", "b"]]
    groups = [{}, [], "x", 5, {"group_0": 5}, {"group_0": {"weights": []}}]
    no_int = "(u32), and weights are none" if method == "mlx" else "group_size is not a whole number"
    wrong = {"group_size": [(10**18, "1000000000000000000"), (7, "fit"), ("16", no_int),
                            (1.5, no_int)],
             "weight_block_size": [(s, no_pair) for s in sizes] + [([10**18] * 2, no_fit),
                                                                   ([7, 5], no_fit)],
             "config_groups": [(g, "none of the widths of the config") for g in groups]}[key]
    for what, part in [(None, None), *wrong]:
        @case("%s %s=%s" % (method, key, what), part, good=what is None)
        def _(c, what=what):
            m = Model({})
            make(m)
            del c.tensors[DOWN + ".weight"]
            c.tensors.update({name: (kind, shape, data) for name, kind, shape, data in m.tensors})
            said = config if what is None else {**config, key: what}
            c.config.update({"quantization": said} if method == "mlx" else
                            {"quantization_config": {"quant_method": method, **said}})


# ---- tensors and shards

def tensors():
    @case("a tensor more", "not model.layers.{n}.extra.weight;")
    def _(c):
        c.tensors[LAYER + "extra.weight"] = c.tensor([4, 4])

    @case("200000 letters of name", "model.safetensors")
    def _(c):
        c.tensors["x" * 200000] = c.tensor([4, 4])

    @case("20000 tensors more", "the map llama.map does not know all tensors")
    def _(c):
        for i in range(20000):
            c.tensors["extra%s.weight" % "abcdefghij"[i % 10] * (i // 10 % 20 + 1) + str(i)] = \
                c.tensor([1])

    @case("a layer more", "tensor `model.layers.7.input_layernorm.weight': config.json says that "
          "{n} goes from 0 to 0")
    def _(c):
        c.tensors["model.layers.7.input_layernorm.weight"] = c.tensor([WIDTH])

    for count, parts in ((10**6, ("1000000 of {e}", "tensors")),
                         (2, ("experts.1.w1.weight' is miss",)),
                         (0, ("experts.0.w1.weight'", "none with {e}")), (1, ())):
        @case("%d experts of one" % count, *parts, good=count == 1)
        def _(c, count=count):
            c.config.update(architectures=["MixtralForCausalLM"], model_type="mixtral",
                            num_local_experts=count, num_experts_per_tok=1)
            for old, new in (("gate", "w1"), ("down", "w2"), ("up", "w3")):
                c.tensors["%sblock_sparse_moe.experts.0.%s.weight" % (LAYER, new)] = \
                    c.tensors.pop("%smlp.%s_proj.weight" % (LAYER, old))
            c.tensors[LAYER + "block_sparse_moe.gate.weight"] = c.tensor([1, WIDTH])

    @case("a tensor in other dimensions", "`blk.0.ffn_up.weight' has 64 rows")
    def _(c):
        c.tensors[LAYER + "mlp.up_proj.weight"] = c.tensor([WIDTH, INNER])

    @case("integers", "`blk.0.ffn_up.weight' would hold whole numbers (i16)")
    def _(c):
        c.tensors[LAYER + "mlp.up_proj.weight"] = ("I16", [INNER, WIDTH], bytes(INNER * WIDTH * 2))

    @case("no elements", "ffn_up")
    def _(c):
        c.tensors[LAYER + "mlp.up_proj.weight"] = c.tensor([0, WIDTH])
    for name in SHAPES:
        @case("without " + name, *() if name == "lm_head.weight" else
              ("the tensor `%s' is missing, which the map llama.map needs" % name,),
              good=name == "lm_head.weight")
        def _(c, name=name):
            del c.tensors[name]


def indexes():
    case("two shards", good=True)(lambda c: c.in_two())
    for name in ("../" + WEIGHTS, "/etc/passwd", "a/" + B, "..", ".", "", "x\0y.safetensors",
                 "x" * 5000 + ".safetensors", 5, None, [B], "missing.safetensors", "config.json"):
        @case("a shard named %.20s" % json.dumps(name), INDEX if name != "config.json" else "")
        def _(c, name=name):
            c.in_two()["model.norm.weight"] = name

    @case("a tensor in no shard", INDEX, "ghost.weight")
    def _(c):
        c.in_two()["ghost.weight"] = A

    @case("a tensor in the other shard", INDEX, "model.norm.weight")
    def _(c):
        c.in_two()["model.norm.weight"] = B

    @case("a tensor that is not in the index", "model.norm.weight")
    def _(c):
        del c.in_two()["model.norm.weight"]

    @case("a tensor in both shards", "model.norm.weight")
    def _(c):
        c.in_two()
        c.split[B]["model.norm.weight"] = c.tensors["model.norm.weight"]
    for name, content in (("list", []), ("text", b'"x"'), ("no JSON", b"{"),
                          ("no map", {"metadata": 1}), ("map of another type", {"weight_map": [1]}),
                          ("empty map", {"weight_map": {}})):
        @case("an index: " + name, INDEX)
        def _(c, content=content):
            c.in_two()
            c.files[INDEX] = content


def cases():
    for add in (numbers, rotary, texts, quantization, tensors, indexes):
        add()
    return CASES
