#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Quantized checkpoints are decoded to exactly the values that they stand for, and bad ones refused.

  packed.py UNPACK_DUMP FOLDER GOLDEN

GOLDEN has checkpoints that other programs made, with the digests of what they decode them to
(tests/interop/packed_peers.py).
"""
import hashlib
import os
import shutil
import subprocess
import sys

from packed_model import (Model, awq, bnb_4bit, bnb_int8, ct_int8, ct_packed, fp8, gptq, mlx,
                          mlx_mxfp8, mxfp4, nvfp4)


def quantized(method, **more):
    return {"quantization_config": {"quant_method": method, **more}}


def rest(m):
    """What is not quantized, and what no weight is."""
    m.keep("model.norm.weight", "BF16", [8], [1.0] * 8)
    m.put("model.layers.0.self_attn.k_scale", "F32", [], [1.0])
    m.put("model.layers.0.a.input_scale", "F32", [1], [1.0])
    return m


def shuffled(m, inn, group):
    order = [c // group for c in range(inn)]
    m.random.shuffle(order)
    return order


def groups(*weights):
    return {f"group_{i}": {"targets": ["Linear"], "weights": w} for i, w in enumerate(weights)}


def deepseek():
    m = Model(quantized("fp8", weight_block_size=[16, 32]))
    fp8(m, "a.weight", 40, 72, (16, 32), "_scale_inv", "fp8 fp8 e4m3 16x32")
    fp8(m, "experts.up", 20, 40, (16, 32), "_scale_inv", "fp8 fp8 e4m3 16x32", lead=3)
    fp8(m, "tall.weight", 70, 8192, (16, 32), "_scale_inv", "fp8 fp8 e4m3 16x32")
    return rest(m)


def fp8_static():
    m = Model(quantized("fp8", activation_scheme="static"))
    fp8(m, "a.weight", 5, 12, (5, 12), "_scale", "fp8 fp8 e4m3 tensor")
    fp8(m, "b.weight", 5, 12, (1, 12), "_scale", "fp8 fp8 e5m2 rows", "F8_E5M2")
    return rest(m)


def ct_mixed():
    m = Model(quantized("compressed-tensors", format="mixed-precision", config_groups=groups(
        {"num_bits": 4, "group_size": 16}, {"num_bits": 8}, {"num_bits": 8, "type": "float",
         "block_structure": [8, 16]})))
    ct_packed(m, "sym", 24, 64, 4, 16)
    ct_packed(m, "asym", 37, 64, 4, 16, asym=True)
    ct_packed(m, "odd", 3, 20, 4, 20)
    ct_packed(m, "order", 9, 64, 4, 16, True, shuffled(m, 64, 16))
    ct_packed(m, "unordered", 9, 64, 4, 16, True, [-1] * 64)
    ct_packed(m, "eight", 70, 48, 8, 48, asym=True)
    ct_int8(m, "plain", 6, 20)
    ct_int8(m, "plain_asym", 6, 20, asym=True)
    fp8(m, "block.weight", 20, 40, (8, 16), "_scale", "compressed-tensors fp8 e4m3 8x16")
    fp8(m, "channel.weight", 20, 40, (1, 40), "_scale", "compressed-tensors fp8 e4m3 rows")
    nvfp4(m, "nv.weight_packed", "nv.weight_scale", "nv.weight_global_scale", 5, 64, True,
          "compressed-tensors nvfp4", "nv.weight")
    mxfp4(m, "mx.weight_packed", "mx.weight_scale", "mx.weight", [5, 64], "U8")
    m.keep("lm_head.weight", "BF16", [2, 2], [1.0, 2.0, 3.0, 4.0])
    return rest(m)


def gptq_v1(**more):
    m = Model(quantized("gptq", bits=4, group_size=16, desc_act=True, **more))
    gptq(m, "order", 40, 64, 4, 16, shuffled(m, 64, 16))
    gptq(m, "plain", 40, 64, 4, 16)
    return rest(m)


def gptq_v2(bits):
    m = Model(quantized("gptq", bits=bits, group_size=-1, checkpoint_format="gptq_v2"))
    gptq(m, "a", 64, 64, bits, 64, [0] * 64, v1=False)
    gptq(m, "b", 32, 96, bits, 96, v1=False)
    return rest(m)


def gptq_dynamic():
    m = Model(quantized("gptq", bits=4, group_size=16, dynamic={"+:.*b": {"bits": 8}}))
    gptq(m, "a", 32, 32, 4, 16)
    gptq(m, "b", 32, 32, 8, 8, size=8)
    gptq(m, "c", 32, 64, 3, 16)
    return rest(m)


def auto_awq():
    m = Model(quantized("awq", bits=4, group_size=16, version="gemm", zero_point=True))
    awq(m, "a", 40, 64, 16)
    awq(m, "b", 8, 16, 16)
    return rest(m)


def bnb():
    m = Model(quantized("bitsandbytes", load_in_4bit=True))
    bnb_4bit(m, "a.weight", 9, 64, 64)
    bnb_4bit(m, "b.weight", 37, 64, 32, nested=16)
    bnb_4bit(m, "c.weight", 3, 5, 4, kind="fp4")
    return rest(m)


def bnb8():
    m = Model(quantized("bitsandbytes", load_in_8bit=True))
    bnb_int8(m, "a", 7, 12)
    return rest(m)


def mlx_affine():
    config = {"group_size": 64, "bits": 4, "mode": "affine"}
    m = Model({"quantization": config, "quantization_config": config})
    mlx(m, "a", 5, 128, 4, 64)
    for bits in (2, 3, 5, 6, 8):
        config[f"b{bits}"] = {"group_size": 32, "bits": bits}
        mlx(m, f"b{bits}", 5, 96, bits, 32)
    config["d"] = {"bits": 8}
    mlx(m, "d", 5, 128, 8, 64)
    mlx(m, "experts", 3, 64, 4, 64, lead=2)
    config["mx"] = {"mode": "mxfp4", "bits": 4, "group_size": 32}
    mxfp4(m, "mx.weight", "mx.scales", "mx.weight", [2, 3, 64], "U32")
    config["nv"] = {"mode": "nvfp4", "bits": 4, "group_size": 16}
    nvfp4(m, "nv.weight", "nv.scales", None, 4, 32, False, "mlx nvfp4", kind="U32")
    config["m8"] = {"mode": "mxfp8"}
    mlx_mxfp8(m, "m8", 4, 64)
    return rest(m)


def gpt_oss():
    m = Model(quantized("mxfp4", modules_to_not_convert=["lm_head"]))
    mxfp4(m, "e.gate_up_proj_blocks", "e.gate_up_proj_scales", "e.gate_up_proj", [3, 4, 96])
    m.keep("e.gate_up_proj_bias", "BF16", [3, 4], [0.5] * 12)
    return rest(m)


def modelopt():
    m = Model({}, {"hf_quant_config.json": {"producer": {"name": "modelopt"}, "quantization": {
        "quant_algo": "NVFP4", "kv_cache_quant_algo": "FP8"}}})
    nvfp4(m, "a.weight", "a.weight_scale", "a.weight_scale_2", 6, 48, False, "modelopt nvfp4")
    fp8(m, "b.weight", 4, 6, (4, 6), "_scale", "modelopt fp8 e4m3 tensor")
    return rest(m)


GOOD = [deepseek, fp8_static, ct_mixed, gptq_v1, lambda: gptq_v1(checkpoint_format="gptq"),
        *[lambda b=b: gptq_v2(b) for b in (2, 3, 4, 8)], gptq_dynamic, auto_awq, bnb, bnb8,
        mlx_affine, gpt_oss, modelopt]


def bad(make, change, text):
    return make, change, text


def config(key, value):
    return lambda m: m.config["quantization_config"].__setitem__(key, value)


def huge(m):
    m.change("odd.weight_shape", data=(3).to_bytes(8, "little") + (1 << 40).to_bytes(8, "little"))


def state(text):
    def change(m):
        name = "a.weight.quant_state.bitsandbytes__nf4"
        m.change(name, shape=[len(text)], data=text)
    return change


def out_of_order(m):
    m.change("order.g_idx", data=(99).to_bytes(4, "little") * 64)


def uneven(m):
    m.change("order.weight_g_idx", data=bytes(256))


def nan_block(m):
    m.change("e.gate_up_proj_scales", data=b"\xff" * 36)


BAD = [
    bad(deepseek, config("quant_method", "hqq"), "quantized by `hqq`, which cannot be read"),
    bad(deepseek, config("weight_block_size", [0, 1]), "weight_block_size is not a pair of sizes"),
    bad(deepseek, config("weight_block_size", [16, 16]),
        "tensor `a.weight_scale_inv`: 3 x 3 scales do not fit 40 rows of 72 weights"),
    bad(deepseek, lambda m: m.drop("a.weight_scale_inv"),
        "tensor `a.weight` is f8_e4m3, but there are no scales for it"),
    bad(deepseek, lambda m: m.change("a.weight_scale_inv", "I32"),
        "tensor `a.weight_scale_inv` is i32, but in a checkpoint of fp8 it must be u8 or f32"),
    bad(ct_mixed, config("format", "marlin-24"), "the format `marlin-24`, which cannot be read"),
    bad(ct_mixed, lambda m: m.drop("sym.weight_shape"), "has no `.weight_shape` beside it"),
    bad(ct_mixed, huge, "which is not the shape of a quantized matrix"),
    bad(ct_mixed, config("config_groups", groups({"num_bits": 3})), "none of the widths"),
    bad(ct_mixed, uneven, "tensor `order.weight_g_idx`: group 0 has 64 columns, not 16"),
    bad(ct_mixed, lambda m: m.change("asym.weight_zero_point", shape=[4, 5]),
        "tensor `asym.weight_zero_point` is [4, 5], not [5, 4]"),
    bad(gptq_v1, config("checkpoint_format", "marlin"), "by gptq in the format `marlin`"),
    bad(gptq_v1, config("bits", 8), "are not the config's width"),
    bad(gptq_v1, out_of_order, "column 0 is in group 99, but there are 4 groups"),
    bad(gptq_v1, lambda m: m.change("plain.scales", shape=[40, 4]),
        "tensor `plain.scales` is [40, 4], not [40, 40]"),
    bad(gptq_v1, lambda m: m.drop("plain.qzeros"), "tensor `plain.qweight` has no `.qzeros`"),
    bad(auto_awq, config("version", "gemv"), "by awq in the layout `gemv`; gemm can be read"),
    bad(auto_awq, config("group_size", 48), "4 groups do not fit 64 inputs"),
    bad(bnb, state(b"{"), "tensor `a.weight.quant_state.bitsandbytes__nf4`: "),
    bad(bnb, state(b'{"shape": [9, -1], "blocksize": 64}'), "has no proper shape"),
    bad(bnb, state(b'{"shape": [9, 65], "blocksize": 64}'), "do not fit the 585 weights"),
    bad(bnb, lambda m: m.drop("b.weight.nested_absmax"), "has no `.nested_absmax` beside it"),
    bad(bnb8, lambda m: m.change("a.weight_format", data=b"\x02"), "in layout 2 of some GPU"),
    bad(mlx_affine, lambda m: m.config["quantization"].__setitem__("a", {"bits": 7}),
        "mode `affine` with 7 bits and groups of 64"),
    bad(mlx_affine, lambda m: m.config["quantization"].__setitem__("a", {"bits": 8}),
        "tensor `a.weight`: 16 words in a row, and 2 scales"),
    bad(mlx_affine, lambda m: m.drop("a.biases"), "tensor `a.weight` has no `.biases`"),
    bad(gpt_oss, nan_block, "the scale of block 0 is NaN"),
    bad(gpt_oss, lambda m: m.change("e.gate_up_proj_scales", shape=[3, 3, 4]),
        "is [9, 4], not [12, 3]"),
    bad(modelopt, lambda m: m.put("a.pre_quant_scale", "F32", [1], [1.0]), "`a.pre_quant_scale`"),
]


def dump(tool, folder):
    done = subprocess.run([tool, folder], capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), done
    return done.stdout


def check_good(tool, folder, make):
    m = make()
    m.write(folder)
    got = {}
    for line in dump(tool, folder).splitlines():
        name, *facts = line.split("\t")
        got[name] = facts
    want = {name: [encoding, "x".join(map(str, shape)), origin, hashlib.sha256(data).hexdigest()]
            for name, (encoding, shape, data, origin) in m.expected.items()}
    return [f"{n}: {got.get(n)} instead of {want.get(n)}" for n in sorted(got.keys() | want.keys())
            if got.get(n) != want.get(n)]


def check_bad(tool, folder, make, change, text):
    m = make()
    change(m)
    m.write(folder)
    said = dump(tool, folder)
    last = said.strip().splitlines()[-1] if said.strip() else ""
    return [] if last.startswith("error ") and text in last else [f"{last!r} lacks {text!r}"]


def main():
    tool, folder, golden = sys.argv[1:]
    failed = total = 0
    for name in sorted(os.listdir(golden)):
        with open(os.path.join(golden, name, "expected.tsv")) as f:
            good = dump(tool, os.path.join(golden, name)) == f.read()
        total += 1
        failed += not good
        if not good:
            print(f"golden {name}: other values")
    for i, case in enumerate([*GOOD, *BAD, None]):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        if case is None:
            m = Model({})
            m.keep("a.weight", "F32", [1], [1.0])
            m.write(folder)
            problems = [] if dump(tool, folder) == "not quantized\n" else ["taken for quantized"]
        else:
            problems = check_good(tool, folder, case) if callable(case) else \
                check_bad(tool, folder, *case)
        for problem in problems:
            print(f"case {i}: {problem}")
        failed += bool(problems)
    shutil.rmtree(folder, ignore_errors=True)
    total += len(GOOD) + len(BAD) + 1
    print(f"{total - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
