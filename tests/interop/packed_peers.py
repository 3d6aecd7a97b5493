#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Quantized checkpoints made and decoded by the libraries that define them, beside what we decode.

  packed_peers.py UNPACK_DUMP [GOLDEN]     (in Python PARE_TEST_TORCH_PYTHON, where that is set)

With GOLDEN, checkpoints and the digests of the libraries' values go to GOLDEN/CASE, where
tests/formats/packed.py finds them. Needs torch; each case also its own library: compressed-tensors
0.12, bitsandbytes 0.48, autoawq 0.2.9 (one file of it), transformers 4.57 (MXFP4), llama.cpp's
`conversion` package (PARE_TEST_LLAMA_SOURCE, de3ff81), or mlx. What is missing is skipped.
"""
import hashlib
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import types

if os.environ.get("PARE_TEST_TORCH_PYTHON", sys.executable) != sys.executable:
    os.execv(os.environ["PARE_TEST_TORCH_PYTHON"],
             [os.environ["PARE_TEST_TORCH_PYTHON"], *sys.argv])
try:
    import numpy as np
except ImportError:
    print("SKIP: numpy is not installed")
    sys.exit(77)
try:
    import torch
    from safetensors.torch import save_file
except ImportError:
    torch = None
try:
    import mlx.core as mx
except ImportError:
    mx = None

DUMP = sys.argv[1]
GOLDEN = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
CASES = []


def case(function):
    CASES.append(function)
    return function


def generator(seed):
    return torch.Generator().manual_seed(seed)


def weights(out, inn, seed=1):
    w = torch.randn(out, inn, generator=generator(seed)) * 0.05
    w[0, 0] = 1.5  # an outlier
    w[1] = 0
    return w


def llama_dequantize(config, tensors):
    """What llama.cpp's converter makes of them."""
    root = os.environ.get("PARE_TEST_LLAMA_SOURCE")
    if not root:
        raise ImportError("PARE_TEST_LLAMA_SOURCE is not set")
    sys.path[:0] = [root, os.path.join(root, "gguf-py")]
    from conversion.base import ModelBase
    fake = types.SimpleNamespace(
        _is_nvfp4=False, lazy=False, _fp8_as_q8=False, _fp8_dequantized=set(),
        hparams={"quantization_config": config},
        model_tensors={name: lambda t=t: t for name, t in tensors.items()})
    ModelBase.dequant_model(fake)
    return {name: t().float() for name, t in fake.model_tensors.items()}


def random_words(rows, columns, seed):
    return torch.randint(-2**31, 2**31, (rows, columns), generator=generator(seed),
                         dtype=torch.int64).to(torch.int32)


@case
def llama_fp8_blocks():
    config = {"quant_method": "fp8", "weight_block_size": [16, 32]}
    w = {"a.weight": (torch.randn(40, 72, generator=generator(3)) * 60).to(torch.float8_e4m3fn),
         "a.weight_scale_inv": torch.rand(3, 3, generator=generator(4)) / 100}
    return config, w, llama_dequantize(config, w)


def llama_gptq(bits, version, tall=False):
    inn, group, out = (131072 + 128, 128, 96) if tall else (64, 16, 64)
    config = {"quant_method": "gptq", "bits": bits, "group_size": group, "desc_act": True,
              "checkpoint_format": version}
    order = torch.arange(inn, dtype=torch.int32) // group
    order = order[torch.randperm(inn, generator=generator(5))]
    zeros = random_words(inn // group, out * bits // 32, 7)
    if version == "gptq":  # a stored 2^b - 1 is read as 2^b by llama.cpp, and as 0 by others
        zeros &= {2: 0x55555555, 4: 0x77777777, 8: 0x7f7f7f7f}[bits]
    w = {"a.qweight": random_words(inn * bits // 32, out, 6), "a.qzeros": zeros,
         "a.scales": (torch.rand(inn // group, out, generator=generator(8)) / 64).half(),
         "a.g_idx": order}
    got = llama_dequantize(config, w)
    if bits == 8:  # its int16 arithmetic is exact
        assert got["a.weight"].shape == (out, inn)
    return config, w, got


for _bits in (2, 4, 8):
    for _version in ("gptq", "gptq_v2"):
        def _case(b=_bits, v=_version):
            return llama_gptq(b, v)
        _case.__name__ = f"llama_{_version}_{_bits}"
        case(_case)


@case
def big_gptq_tiles():
    return llama_gptq(4, "gptq_v2", tall=True)


def ct_config(form, **args):
    return {"quant_method": "compressed-tensors", "format": form, "config_groups": {
        "group_0": {"targets": ["Linear"], "weights": args}}, "ignore": ["lm_head"]}


@case
def llama_ct_packed():
    config = ct_config("pack-quantized", num_bits=4, type="int", symmetric=False, strategy="group",
                       group_size=16)
    w = {"a.weight_packed": random_words(40, 8, 9), "a.weight_shape": torch.tensor([40, 64]),
         "a.weight_scale": (torch.rand(40, 4, generator=generator(10)) / 50).bfloat16(),
         "a.weight_zero_point": random_words(5, 4, 11)}
    return config, w, llama_dequantize(config, w)


def ct_dequantize(packed, args):
    from compressed_tensors.compressors.quantized_compressors.pack_quantized import (
        unpack_from_int32)
    from compressed_tensors.quantization.lifecycle.forward import dequantize
    zero = unpack_from_int32(packed["weight_zero_point"], args.num_bits,
                             packed["weight_scale"].shape, packed_dim=0)
    codes = unpack_from_int32(packed["weight_packed"], args.num_bits, packed["weight_shape"])
    return dequantize(x_q=codes, scale=packed["weight_scale"], zero_point=zero,
                      g_idx=packed.get("weight_g_idx"))


def ct_case(form, args, dtype, order=None):
    """compress_weight and decompress_weight of the library."""
    from compressed_tensors.compressors import BaseCompressor
    from compressed_tensors.quantization import QuantizationArgs
    from compressed_tensors.quantization.utils import calculate_qparams
    args = QuantizationArgs(**args)
    tool = BaseCompressor.get_value_from_registry(form)(config=None)
    w = weights(48, 128).to(dtype)
    if args.strategy == "block":
        parts = w.reshape(6, 8, 8, 16).transpose(1, 2).flatten(2)
    else:
        parts = w.reshape(48, -1, args.group_size or 128)
    scale, zero = calculate_qparams(parts.amin(-1), parts.amax(-1), args)
    scale = scale.to(dtype)
    g_idx = None
    if order:
        g_idx = torch.arange(128, dtype=torch.int32) // args.group_size
        g_idx = g_idx[torch.randperm(128, generator=generator(12))]
    given = {"weight": w, "scale": scale, "quantization_args": args,
             "zero_point": None if args.symmetric else zero}
    if form == "pack-quantized" or g_idx is not None:
        given["g_idx"] = g_idx
    packed = tool.compress_weight(**given)
    packed["weight_scale"] = scale
    if not args.symmetric and "weight_zero_point" not in packed:
        packed["weight_zero_point"] = zero
    if g_idx is not None:
        packed["weight_g_idx"] = g_idx
    if form == "pack-quantized" and not args.symmetric:
        value = ct_dequantize(packed, args)  # decompress_weight of 0.12 does not know zeros
    else:
        value = tool.decompress_weight(compressed_data=dict(packed), quantization_args=args)
    assert value.dtype == dtype
    config = ct_config(form, **json.loads(args.model_dump_json()))
    return config, {"a." + k: v.contiguous() for k, v in packed.items()}, {"a.weight": value}


INT4 = {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 32}
for _name, _form, _args, _order in [
        ("sym", "pack-quantized", INT4, None),
        ("asym", "pack-quantized", {**INT4, "symmetric": False}, None),
        ("order", "pack-quantized", {**INT4, "symmetric": False, "actorder": "group"}, 1),
        ("eight", "pack-quantized", {"num_bits": 8, "strategy": "channel"}, None),
        ("int8", "int-quantized", {"num_bits": 8, "strategy": "channel"}, None),
        ("int8asym", "int-quantized", {"num_bits": 8, "strategy": "channel", "symmetric": False},
         None),
        ("naive4", "naive-quantized", INT4, None),
        ("fp8", "float-quantized", {"num_bits": 8, "type": "float", "strategy": "channel"}, None),
        ("fp8block", "float-quantized", {"num_bits": 8, "type": "float", "strategy": "block",
                                         "block_structure": [8, 16]}, None)]:
    for _type in ("float32", "bfloat16"):
        def _case(f=_form, a=_args, t=_type, o=_order):
            return ct_case(f, a, getattr(torch, t), o)
        _case.__name__ = f"ct_{_name}_{_type}"
        case(_case)


@case
def ct_nvfp4():
    from compressed_tensors.compressors.quantized_compressors.nvfp4_quantized import (
        unpack_fp4_from_uint8)
    from compressed_tensors.quantization.lifecycle.forward import dequantize
    w = {"weight_packed": torch.randint(0, 256, (40, 32), generator=generator(13)).byte(),
         "weight_scale": (torch.rand(40, 4, generator=generator(14)) * 400).to(torch.float8_e4m3fn),
         "weight_global_scale": torch.tensor([1234.5])}
    value = dequantize(x_q=unpack_fp4_from_uint8(w["weight_packed"], 40, 64, torch.float32),
                       scale=w["weight_scale"].float(), global_scale=w["weight_global_scale"],
                       dtype=torch.float32)
    return (ct_config("nvfp4-pack-quantized", num_bits=4, type="float"),
            {"a." + k: v for k, v in w.items()}, {"a.weight": value})


def bnb_case(kind, nested, shape=(30, 96), block=64):
    from bitsandbytes import functional
    packed, state = functional.quantize_4bit(weights(*shape), blocksize=block, quant_type=kind,
                                             compress_statistics=nested)
    value = functional.dequantize_4bit(packed, state)
    if kind == "fp4":  # its kernel for CPUs has values of four digits (0.6667), others 2 / 3
        absmax = state.absmax
        if nested:
            absmax = functional.dequantize_blockwise(absmax, state.state2) + state.offset
        codes = torch.stack([packed.flatten() >> 4, packed.flatten() & 15], 1).flatten().long()
        value = (state.code[codes].view(-1, block) * absmax.view(-1, 1)).view(shape)
    w = {"a.weight": packed}
    w.update({"a.weight." + k: v.clone() for k, v in state.as_dict(packed=True).items()})
    return {"quant_method": "bitsandbytes", "load_in_4bit": True}, w, {"a.weight": value}


for _kind in ("nf4", "fp4"):
    for _nested in (False, True):
        def _case(k=_kind, n=_nested):
            return bnb_case(k, n)
        _case.__name__ = f"bnb_{_kind}{'_nested' if _nested else ''}"
        case(_case)


@case
def bnb_int8():
    from bitsandbytes import functional
    codes, scale, _ = functional.int8_vectorwise_quant(weights(30, 96).half())
    w = {"a.weight": codes, "a.SCB": scale, "a.weight_format": torch.tensor(0, dtype=torch.uint8)}
    return ({"quant_method": "bitsandbytes", "load_in_8bit": True}, w,
            {"a.weight": functional.int8_vectorwise_dequant(codes, scale)})


@case
def awq_gemm():
    found = importlib.util.find_spec("awq")
    if not found:
        raise ImportError("autoawq is not installed")
    path = pathlib.Path(found.origin).parent / "utils" / "packing_utils.py"
    spec = importlib.util.spec_from_file_location("packing_utils", path)
    packing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(packing)
    scales = (torch.rand(4, 72, generator=generator(17)) / 64).half()
    w = {"a.qweight": random_words(64, 9, 15), "a.qzeros": random_words(4, 9, 16), "a.scales": scales}
    value = packing.dequantize_gemm(w["a.qweight"], w["a.qzeros"], scales.float(), 4, 16)
    return ({"quant_method": "awq", "bits": 4, "group_size": 16, "version": "gemm"}, w,
            {"a.weight": value.T.contiguous()})


@case
def transformers_mxfp4():
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors
    blocks = torch.randint(0, 256, (2, 6, 3, 16), generator=generator(18)).byte()
    scales = torch.randint(110, 130, (2, 6, 3), generator=generator(19)).byte()
    value = convert_moe_packed_tensors(blocks, scales, dtype=torch.float32)
    if value.shape == (2, 96, 6):
        value = value.transpose(1, 2)
    return ({"quant_method": "mxfp4"}, {"e.down_proj_blocks": blocks, "e.down_proj_scales": scales},
            {"e.down_proj": value.contiguous()})


def mlx_case(bits, group, mode):
    w = mx.random.normal((24, 192), key=mx.random.key(bits)) * 0.05
    w = w.astype(mx.bfloat16)
    codes, *rest = mx.quantize(w, group_size=group, bits=bits, mode=mode)
    wide = [r.astype(mx.float32) if r.dtype == mx.bfloat16 else r for r in rest]
    value = mx.dequantize(codes, *wide, group_size=group, bits=bits, mode=mode,
                          **({} if mode == "affine" else {"dtype": mx.float32}))
    tensors = {"a.weight": codes, "a.scales": rest[0]}
    if mode == "affine":
        tensors["a.biases"] = rest[1]
    config = {"group_size": group, "bits": bits, "mode": mode}
    return config, tensors, {"a.weight": np.array(value.astype(mx.float32))}


for _bits, _group, _mode in [*[(b, 64, "affine") for b in (2, 3, 4, 5, 6, 8)], (4, 32, "affine"),
                             (4, 32, "mxfp4"), (4, 16, "nvfp4"), (8, 32, "mxfp8")]:
    def _case(b=_bits, g=_group, m=_mode):
        return mlx_case(b, g, m)
    _case.__name__ = f"mlx_{_mode}_{_bits}_{_group}"
    _case.mlx = True
    case(_case)

E2M1 = np.array([0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6], np.float32)


def floats_of(encoding, data):
    if encoding == "f32":
        return np.frombuffer(data, np.float32)
    blocks = np.frombuffer(data, np.uint8).reshape(-1, 17)
    codes = np.concatenate([blocks[:, 1:] & 15, blocks[:, 1:] >> 4], 1)
    return (E2M1[codes] * np.exp2(blocks[:, :1].astype(np.float32) - 127)).ravel()


def as_numpy(value):
    if isinstance(value, np.ndarray):
        return value, False
    return value.float().numpy(), value.dtype == torch.bfloat16


def narrowed(x):
    """To bfloat16, ties to even, and back."""
    bits = x.view(np.uint32).astype(np.uint64)
    return ((bits + 0x7fff + (bits >> 16 & 1)) >> 16 << 16).astype(np.uint32).view(np.float32)


def compare(folder, expected, name):
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run([DUMP, folder, out], capture_output=True, text=True)
        problems, seen = ([done.stdout] if done.returncode else []), set()
        for i, line in enumerate(done.stdout.splitlines() if not done.returncode else []):
            tensor, encoding, dims, _, digest = line.split("\t")
            seen.add(tensor)
            want, bf16 = as_numpy(expected[tensor])
            got = floats_of(encoding, pathlib.Path(out, f"{i}.bin").read_bytes())
            got = narrowed(got) if bf16 else got
            same = np.array_equal(got, want.ravel())
            if not same or dims != "x".join(map(str, want.shape)):
                problems.append(f"{tensor} {dims}: {np.sum(got != want.ravel())} values differ")
            if GOLDEN and same and not bf16 and not name.startswith("big_"):
                (GOLDEN / name / "expected.tsv").write_text(line + "\n")
        if seen != set(expected):
            problems.append(f"has {seen}, not {set(expected)}")
        return problems


def write(folder, config, tensors, is_mlx):
    path = os.path.join(folder, "model.safetensors")
    if is_mlx:
        mx.save_safetensors(path, tensors, metadata={"format": "mlx"})
        config = {"quantization": config}
    else:
        save_file({k: v.contiguous() for k, v in tensors.items()}, path)
        config = {"quantization_config": config}
    with open(os.path.join(folder, "config.json"), "w") as f:
        json.dump(config, f, indent=1)


def run(function):
    is_mlx, name = getattr(function, "mlx", False), function.__name__
    if (mx if is_mlx else torch) is None:
        return None, "no " + ("mlx" if is_mlx else "torch")
    try:
        config, tensors, expected = function()
    except ImportError as error:
        return None, str(error)
    except Exception as error:  # the others are to be run all the same
        return [f"{type(error).__name__}: {error}"], None
    with tempfile.TemporaryDirectory() as temporary:
        folder = temporary
        if GOLDEN and not name.startswith("big_") and not name.endswith("bfloat16"):
            folder = GOLDEN / name
            folder.mkdir(parents=True, exist_ok=True)
        write(folder, config, tensors, is_mlx)
        return compare(str(folder), expected, name), None


def main():
    passed = failed = skipped = 0
    for function in CASES:
        problems, missing = run(function)
        skipped += problems is None
        passed += problems == []
        failed += bool(problems)
        if problems or missing:
            print(f"{function.__name__}: {problems or 'SKIP: ' + missing}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0 if passed else 77


sys.exit(main())
