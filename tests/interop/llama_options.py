#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: llama_options.py PARE

Options of `pare convert` against those of llama-quantize that they stand for: --tensor-type,
--output-tensor-type, --token-embedding-type, --leave-output-tensor, --pure and --override-kv. The
whole files are the same. Skipped (77) without llama.cpp (PARE_TEST_GGML). Tested with llama.cpp
de3ff81.
"""
import ctypes
import glob
import json
import os
import subprocess
import sys
import tempfile

import make_models
import pare_run
from llama_identity import compare

FILE_TYPES = {"q8_0": 7, "q3_k_m": 12, "q4_k_m": 15, "q5_k_m": 17, "iq4_xs": 30}
TYPES = {"f16": 1, "q4_0": 2, "q5_0": 6, "q8_0": 8, "q3_k": 11, "q4_k": 12, "q5_k": 13, "q6_k": 14}

# (recipe, options of ours, what llama-quantize is told)
CASES = [
    ("q4_k_m", ["--tensor", "/attn_v/=q8_0"], {"tensors": [["attn_v", "q8_0"]]}),
    ("q4_k_m", ["--tensor", "*.ffn_down.weight=Q5_K", "--tensor", "/ffn/=q3_k"],
     {"tensors": [[r"\.ffn_down\.weight$", "q5_k"], ["ffn", "q3_k"]]}),
    ("q4_k_m", ["--tensor", "blk.{0-1,3}.attn_v.weight=q5_0"],
     {"tensors": [[r"^blk\.(0|1|3)\.attn_v\.weight$", "q5_0"]]}),
    ("q5_k_m", ["--tensor", r"/blk\.[12]\.(attn|ffn)_/=q6_k"],
     {"tensors": [[r"blk\.[12]\.(attn|ffn)_", "q6_k"]]}),
    ("q4_k_m", ["--tensor", "*=q8_0", "--output-tensor", "q5_k", "--token-embedding", "q4_0"],
     {"tensors": [[".", "q8_0"]], "output": "q5_k", "embedding": "q4_0"}),
    ("iq4_xs", ["--token-embedding", "f16"], {"embedding": "f16"}),
    ("q3_k_m", ["--output-tensor", "keep"], {"leave_output": True}),
    ("q4_k_m", ["--pure"], {"pure": True}),
    ("q4_k_m", ["--pure", "--tensor", "/attn_k/=q6_k"],
     {"pure": True, "tensors": [["attn_k", "q6_k"]]}),
    ("q8_0", ["--metadata", "general.name=str:Another name", "--metadata", "a.number=int:77",
              "--metadata", "a.real=float:0.1", "--metadata", "a.flag=bool:true"],
     {"metadata": [["general.name", 3, "Another name"], ["a.number", 0, 77], ["a.real", 1, 0.1],
                   ["a.flag", 2, True]]}),
    ("q4_k_m", ["--metadata", "LAYERS=int:2"], {"metadata": [["LAYERS", 0, 2]]}),
]


class Value(ctypes.Union):
    _fields_ = [("whole", ctypes.c_int64), ("real", ctypes.c_double), ("flag", ctypes.c_bool),
                ("text", ctypes.c_char * 128)]


class Metadata(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("key", ctypes.c_char * 128), ("value", Value)]


class Tensor(ctypes.Structure):
    _fields_ = [("pattern", ctypes.c_char_p), ("type", ctypes.c_int)]


class Params(ctypes.Structure):
    """The beginning of llama_model_quantize_params, with room for what follows it."""
    _fields_ = [("threads", ctypes.c_int32), ("file_type", ctypes.c_int32),
                ("output", ctypes.c_int32), ("embedding", ctypes.c_int32),
                ("requantize", ctypes.c_bool), ("quantize_output", ctypes.c_bool),
                ("only_copy", ctypes.c_bool), ("pure", ctypes.c_bool),
                ("keep_split", ctypes.c_bool), ("dry_run", ctypes.c_bool),
                ("importance", ctypes.c_void_p), ("metadata", ctypes.POINTER(Metadata)),
                ("tensors", ctypes.POINTER(Tensor)), ("rest", ctypes.c_byte * 960)]


def library():
    """The path of llama.cpp's library, or None."""
    folder = os.environ.get("PARE_TEST_GGML")
    found = sorted(glob.glob(os.path.join(folder, "libllama.*so*"))) if folder else []
    return found[0] if found else None


def make_metadata(entries):
    array = (Metadata * (len(entries) + 1))()
    for slot, (key, kind, value) in zip(array, entries):
        slot.kind, slot.key = kind, key.encode()
        if kind == 3:
            slot.value.text = value.encode()
        else:
            setattr(slot.value, ("whole", "real", "flag")[kind], value)
    return array


def quantize(source, out, recipe, told):
    """Runs in a process of its own: the library ends it when it likes. 0 when it is done."""
    llama = ctypes.CDLL(library())
    llama.llama_model_quantize_default_params.restype = Params
    llama.llama_model_quantize.argtypes = [ctypes.c_char_p, ctypes.c_char_p,
                                           ctypes.POINTER(Params)]
    params = llama.llama_model_quantize_default_params()
    params.threads, params.file_type = 2, FILE_TYPES[recipe]
    params.output = TYPES.get(told.get("output"), params.output)
    params.embedding = TYPES.get(told.get("embedding"), params.embedding)
    params.quantize_output = not told.get("leave_output")
    params.pure = bool(told.get("pure"))
    if "tensors" in told:
        rules = [Tensor(pattern.encode(), TYPES[kind]) for pattern, kind in told["tensors"]]
        params.tensors = (Tensor * (len(rules) + 1))(*rules)
    if "metadata" in told:
        params.metadata = make_metadata(told["metadata"])
    return llama.llama_model_quantize(source.encode(), out.encode(), ctypes.byref(params))


def check(pare, source, out):
    """The number of cases that differ."""
    bad = 0
    name = os.path.splitext(os.path.basename(source))[0]
    architecture = pare_run.Header(source).metadata["general.architecture"][1]
    for i, (recipe, options, told) in enumerate(CASES):
        options = [o.replace("LAYERS", architecture + ".block_count") for o in options]
        told = json.loads(json.dumps(told).replace("LAYERS", architecture + ".block_count"))
        label = "%s %s %s" % (name, recipe, " ".join(options))
        ours, message = pare_run.convert(pare, source, [recipe], os.path.join(out, str(i)),
                                         *options)
        theirs = os.path.join(out, "llama.gguf")
        done = subprocess.run([sys.executable, __file__, "--quantize", source, theirs, recipe,
                               json.dumps(told)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if ours is None or done.returncode:
            same = ours is None and done.returncode
            print("%s %s: refused by %s" % ("ok" if same else "not ok", label, "both" if same else
                                            "us: " + message if ours is None else "llama.cpp"))
            bad += not same
            continue
        bad += compare(label, ours[recipe], theirs)
    return bad


def main():
    if sys.argv[1] == "--quantize":
        return quantize(*sys.argv[2:5], json.loads(sys.argv[5]))
    if not library():
        print("skipped: PARE_TEST_GGML names no folder with llama.cpp's libllama")
        return 77
    with tempfile.TemporaryDirectory() as out:
        sources = [pare_run.models()["tiny-llama"], make_models.write(out, "moe8")]
        bad = sum(check(sys.argv[1], source, tempfile.mkdtemp(dir=out)) for source in sources)
    print("%d of %d differ" % (bad, len(sources) * len(CASES)))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
