#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: golden_architectures.py PARE [CASE...]
       golden_architectures.py --make LLAMA_CPP [CASE...]

`pare convert CASE --to gguf:TYPE` of each checkpoint that make_checkpoints.py makes must be what
llama.cpp's own convert_hf_to_gguf.py makes of it: every key of the metadata with type and value,
every tensor with type, shape and bytes. That is kept as tables, tests/data/architectures/CASE.golden,
which --make writes anew with llama.cpp's source tree (de3ff81 made them; needs the Python packages
that its converter needs). DIFFERENCES are what Pare does otherwise, on purpose. A case is made in
the type that its weights have; those in OTHER_TYPES in others too (CASE-as-TYPE).

The converter knows a pre-tokenizer by a digest of the tokens it gives for a text. Those of our
vocabularies it cannot know: while making, it is told the name that the case has (`pre`).
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

import checkpoint_families
import make_checkpoints
import pare_run

GOLDEN = os.path.join(pare_run.DATA, "architectures")
KINDS = {0: "u8", 1: "i8", 2: "u16", 3: "i16", 4: "u32", 5: "i32", 6: "f32", 7: "bool", 8: "str",
         10: "u64", 11: "i64", 12: "f64"}
TYPES = {0: "f32", 1: "f16", 8: "q8_0", 30: "bf16", 39: "mxfp4"}
BYTES = {"f32": (1, 4), "f16": (1, 2), "bf16": (1, 2), "q8_0": (32, 34), "mxfp4": (32, 17)}
OTHER_TYPES = {"llama3": ("f16", "q8_0"), "llama-linear": ("q8_0",), "mixtral4": ("q8_0",),
               "gemma2": ("f16", "q8_0"), "gpt2": ("f16", "q8_0"), "phi3": ("q8_0",),
               "qwen2moe": ("f16", "q8_0"), "bert": ("f16", "q8_0"), "gpt-oss-bf16": ("q8_0",),
               "gemma-defaults": ("q8_0",), "stablelm-heads": ("q8_0",)}
# (cases, keys, what Pare has, why)
DIFFERENCES = [
    (r".*", r"pare\..*", r".*", "what Pare says of itself: the converter has no such keys"),
    (r".*", r"general\.quantization_version", r"nothing", "the converter always writes it, Pare when "
     "something is quantized, as llama-quantize does"),
    (r"bert.*|minilm", r"tokenizer\.ggml\.pre", r'str "bert-bge"', "llama.cpp has two names for one "
     "rule; the converter tells them apart by their vocabularies"),
    (r"granite|starcoder2|exaone.*", r"tokenizer\.ggml\.pre", r'str "smollm"', "as above: starcoder's rule"),
    (r"exaone.*", r"exaone\.attention\.layer_norm_rms_epsilon", r"f32 .*", "llama.cpp cannot load "
     "an EXAONE without it; the converter gives the number another name only"),
    (r"gpt-oss", r"general\.file_type", r"u32 32", "recipe bf16 writes its own number"),
    (r"llama-(fallback|trained)", r"tokenizer\.ggml\.scores", r".*", "the converter gives all "
     "tokens -1000, which loses the order of merges; ours are the ranks, so that tokens come out "
     "right"),
    (r"gemma.*", r"tokenizer\.ggml\.(bos|eos|padding|unknown)_token_id", r"u32 [0123]", "config.json "
     "lacks them; ours are looked up in tokenizer.model: llama.cpp would take <eos> for the first "
     "token"),
    (r"qwen2moe", r"blk\.\d+\.ffn_gate_inp_shexp\.weight", r"f32 64 \w+", "the same floats: leading "
     "dimensions of 1 are not written, and llama.cpp asks for one dimension"),
]


def parts(case):
    """(checkpoint, type or None)"""
    base, _, to = case.partition("-as-")
    return base, to or None


def short(data):
    return hashlib.sha256(data).hexdigest()[:32]


class Table(pare_run.Header):
    """A GGUF file as lines: "meta KEY" and "tensor NAME", each with its text."""

    def __init__(self, path):
        super().__init__(path)
        self.lines = {}
        for key, (kind, value) in self.metadata.items():
            self.lines["meta " + key] = self.text(kind, value)
        with open(path, "rb") as f:
            for name, dims, kind, offset in self.tensors:
                elements, size = BYTES[TYPES[kind]]
                n = size // elements if elements == 1 else size
                for i, dim in enumerate(dims):
                    n *= dim // (elements if i == 0 else 1)
                f.seek(self.data + offset)
                self.lines["tensor " + name] = "%s %s %s" % (
                    TYPES[kind], "x".join(map(str, dims)), short(f.read(n)))

    def value(self, kind):
        if kind != 9:
            return super().value(kind)
        element = self.number("I")
        return element, [super(Table, self).value(element) for _ in range(self.number("Q"))]

    @staticmethod
    def text(kind, value):
        if kind != 9:
            return "%s %s" % (KINDS[kind], "%.9g" % value if kind == 6 else json.dumps(value))
        element, values = value
        told = json.dumps(values, separators=(",", ":"))
        if len(told) > 100:
            told = short(told.encode())
        return "%s[%d] %s" % (KINDS[element], len(values), told)


# ---- making

# Tensors that Pare drops and the converter cannot take: {case: pattern}
REFUSED = {"gpt2": r"h\.\d+\.attn\.(masked_)?bias"}


def mend_stablelm(kind):
    """The converter loses the norms of heads: it returns, in a generator, what it should yield."""
    modify = kind.modify_tensors

    def modify_tensors(self, data, name, bid):
        lost = yield from modify(self, data, name, bid)
        yield from lost or ()
    kind.modify_tensors = modify_tensors


def make_one(case, directory):
    """Has llama.cpp's converter (imported by then) convert a checkpoint. Gives (table, type)."""
    import conversion
    import gguf
    import torch
    from pathlib import Path
    base, to = parts(case)
    folder, made = make_checkpoints.write(directory, base, REFUSED.get(base))
    to = to or made.to
    kinds = {"f32": gguf.LlamaFileType.ALL_F32, "f16": gguf.LlamaFileType.MOSTLY_F16,
             "bf16": gguf.LlamaFileType.MOSTLY_BF16, "copy": gguf.LlamaFileType.GUESSED,
             "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}
    out = os.path.join(directory, case + ".gguf")
    with torch.inference_mode():
        hparams = conversion.ModelBase.load_hparams(Path(folder), False)
        name = conversion.get_model_architecture(hparams, conversion.ModelType.TEXT)
        kind = conversion.get_model_class(name)
        kind.get_vocab_base_pre = lambda *_: made.pre
        if name == "StableLmForCausalLM":
            mend_stablelm(kind)
        kind(Path(folder), kinds[to], Path(out)).write()
    return Table(out).lines, to


def make(llama, cases):
    sys.path[:0] = [os.path.join(llama, "gguf-py"), llama]
    os.makedirs(GOLDEN, exist_ok=True)
    for case in cases:
        with tempfile.TemporaryDirectory(prefix="pare-golden-") as directory:
            lines, to = make_one(case, directory)
        with open(os.path.join(GOLDEN, case + ".golden"), "w") as f:
            f.write("type %s\n" % to)
            for key in sorted(lines):
                f.write("%s %s\n" % (key, lines[key]))
    return 0


# ---- comparing

def read(path):
    """(type, {"meta KEY" or "tensor NAME": text})"""
    with open(path) as f:
        kind = f.readline().split()[1]
        rows = [line.rstrip("\n").split(" ", 2) for line in f]
    return kind, {" ".join(row[:2]): row[2] for row in rows}


def is_deliberate(case, key, value):
    name = key.split(" ")[1]
    return any(re.fullmatch(cases, parts(case)[0]) and re.fullmatch(names, name) and
               re.fullmatch(values, value) for cases, names, values, _ in DIFFERENCES)


def problems(case, ours, theirs):
    out = []
    for key in sorted(ours.keys() | theirs.keys()):
        value = ours.get(key, "nothing")
        if ours.get(key) != theirs.get(key) and not is_deliberate(case, key, value):
            out.append("%s: %s instead of %s" % (key, ours.get(key, "nothing"),
                                                 theirs.get(key, "nothing")))
    return out


def check(pare, case):
    kind, golden = read(os.path.join(GOLDEN, case + ".golden"))
    with tempfile.TemporaryDirectory(prefix="pare-golden-") as directory:
        os.environ["XDG_STATE_HOME"] = directory
        folder, _ = make_checkpoints.write(directory, parts(case)[0])
        made, message = pare_run.convert(pare, folder, [kind], os.path.join(directory, "out"))
        if made is None:
            found = [message]
        else:
            found = problems(case, Table(made[kind]).lines, golden)
    print("%s %s" % ("not ok" if found else "ok", case))
    for line in found:
        print("    " + line)
    return 1 if found else 0


def main():
    known = list(checkpoint_families.families())
    known += [case + "-as-" + to for case, types in OTHER_TYPES.items() for to in types]
    if sys.argv[1] == "--make":
        return make(sys.argv[2], sys.argv[3:] or known)
    cases = sys.argv[2:] or sorted(known)
    failed = sum(check(sys.argv[1], case) for case in cases)
    print("%d of %d failed" % (failed, len(cases)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
