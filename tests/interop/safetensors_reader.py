#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: safetensors_reader.py WORKER PLUGINS RECIPES

Converts real models with the real worker and reads every output with the `safetensors` library
from PyPI: tensors, values, `__metadata__`; single files, folders and shards with their index. Real
models lie in $PARE_TEST_MODELS (default: ../shared/models beside the project); what needs those that are
missing is skipped with a message. Exit status 77: skipped, for the library is missing.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

try:
    import numpy
    from safetensors import safe_open
    from safetensors.numpy import load_file, save
except ImportError as missing:
    print("skipped: no python module %s (pip install safetensors numpy)" % missing.name)
    sys.exit(77)

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
MODELS = os.environ.get("PARE_TEST_MODELS") or os.path.join(ROOT, "..", "shared", "models")
TRAINED = os.path.join(MODELS, "trained-here")
WEIGHTS = (".safetensors", ".safetensors.index.json")


class Worker:
    def __init__(self, program, plugins, recipes):
        self.program, self.plugins, self.recipes = program, plugins, recipes

    def convert(self, source, target, recipe, out, options=None, expect="target"):
        """Converts; gives the `target` line, or the `error` line when that is expected."""
        names = [source]
        if os.path.isdir(source):
            names = sorted(os.path.join(source, name) for name in os.listdir(source))
        fds = [os.open(name, os.O_RDONLY) for name in names]
        os.makedirs(out, exist_ok=True)
        staging = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
        request = {"kind": "convert", "staging": staging, "plugins": self.plugins,
                   "recipes": self.recipes,
                   "architectures": os.path.join(os.path.dirname(self.recipes), "architectures"),
                   "sandbox": "off", "threads": 2, "nonfinite": "keep",
                   "source": {"name": "m", "folder": len(names) > 1, "files": [
                       {"name": os.path.basename(name), "fd": fd} for name, fd in zip(names, fds)]},
                   "targets": [{"format": target, "recipe": recipe, "stem": "out",
                                "options": options or {}}]}
        run = subprocess.run([self.program], input=json.dumps(request).encode(),
                             stdout=subprocess.PIPE, pass_fds=fds + [staging])
        for fd in fds + [staging]:
            os.close(fd)
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        said = {line["event"]: line for line in lines}
        if expect not in said:
            raise AssertionError("the worker ended with %d: %s" % (run.returncode, lines[-1:]))
        return said[expect]


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def bits(path):
    """{tensor: (dtype, shape, bytes)} as the library sees a file, without decoding."""
    with open(path, "rb") as f:
        raw = f.read()
    n = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:8 + n])
    check(n % 8 == 0, "the data of %s does not begin at a multiple of 8" % path)
    check(header.pop("__metadata__")["format"] == "pt", "no format in %s" % path)
    with safe_open(path, "np") as f:  # the library's own checks of the header
        check(set(f.keys()) == set(header), "the library lists other tensors")
        check(f.metadata()["format"] == "pt", "the library sees no format")
    return {name: (e["dtype"], e["shape"],
                   raw[8 + n + e["data_offsets"][0]:8 + n + e["data_offsets"][1]])
            for name, e in header.items()}


def source_bits(path):
    """The same of a source, whose header may lack __metadata__."""
    with open(path, "rb") as f:
        raw = f.read()
    n = int.from_bytes(raw[:8], "little")
    return {name: (e["dtype"], e["shape"],
                   raw[8 + n + e["data_offsets"][0]:8 + n + e["data_offsets"][1]])
            for name, e in json.loads(raw[8:8 + n]).items() if name != "__metadata__"}


def floats(entry):
    dtype, shape, data = entry
    if dtype == "BF16":
        wide = numpy.frombuffer(data, "<u2").astype("<u4") << 16
        return wide.view("<f4").reshape(shape)
    kind = {"F32": "<f4", "F16": "<f2", "F64": "<f8"}[dtype]
    return numpy.frombuffer(data, kind).reshape(shape)


def same_values(got, want, tolerance):
    check(got.keys() == want.keys(), "other tensors: %s" % (got.keys() ^ want.keys()))
    for name in want:
        check(got[name][1] == want[name][1], "`%s` has another shape" % name)
        a, b = floats(got[name]).astype("f8"), floats(want[name]).astype("f8")
        check((abs(a - b) <= tolerance * abs(b) + 1e-7).all(), "`%s` has other values" % name)


def weights_of(folder):
    return sorted(name for name in os.listdir(folder) if name.endswith(WEIGHTS[0]))


def test_single_file(worker, work):
    """A file becomes a file; what keeps its type keeps its bytes."""
    for name in ("fmnist-cnn.safetensors", "gpt2-shakespeare-bf16.safetensors",
                 os.path.join("..", "silero-vad", "silero_vad_16k.safetensors")):
        source, name = os.path.join(TRAINED, name), os.path.basename(name)
        want = source_bits(source)
        dtype = next(iter(want.values()))[0].lower()
        recipe = "bf16" if dtype == "bf16" else "f32"
        target = worker.convert(source, "safetensors", recipe, os.path.join(work, name + "-same"))
        check(not target.get("folder"), "%s became a folder: %s" % (name, target))
        got = bits(os.path.join(work, name + "-same", "0", target["output"]))
        for tensor in want:
            if want[tensor][0].lower() == recipe or want[tensor][0][0] in "IUB":
                check(got[tensor] == want[tensor], "`%s` of %s was changed" % (tensor, name))
        target = worker.convert(source, "safetensors", "f16", os.path.join(work, name + "-f16"))
        path = os.path.join(work, name + "-f16", "0", target["output"])
        got = bits(path)
        check("F16" in {entry[0] for entry in got.values()}, "nothing of %s became F16" % name)
        integers = {n for n in want if want[n][0][0] in "IUB" and want[n][0] != "BF16"}
        same_values({n: got[n] for n in got if n not in integers},
                    {n: want[n] for n in want if n not in integers}, 2 ** -10)
        check(set(load_file(path)) == set(want), "the library loads other tensors of " + name)


def test_same_bytes_as_the_library(worker, work):
    """A model of one type comes out as the library itself would write it."""
    source = os.path.join(TRAINED, "gpt2-shakespeare-hf", "model.safetensors")
    target = worker.convert(source, "safetensors", "f32", os.path.join(work, "same"))
    with open(os.path.join(work, "same", "0", target["output"]), "rb") as f:
        check(f.read() == save(load_file(source), {"format": "pt"}), "the bytes differ")


def test_folder(worker, work):
    """A Hugging Face folder becomes one; side files come along and config.json names the type."""
    source = os.path.join(TRAINED, "tiny-llama-hf")
    target = worker.convert(source, "safetensors", "f16", os.path.join(work, "folder"))
    out = os.path.join(work, "folder", "0", target["output"])
    check(target["folder"] and os.path.isdir(out), "the output is no folder: %s" % target)
    check(set(os.listdir(out)) == set(os.listdir(source)), "other files: %s" % os.listdir(out))
    for name in os.listdir(source):
        with open(os.path.join(source, name), "rb") as a, open(os.path.join(out, name), "rb") as b:
            before, after = a.read(), b.read()
        if name == "config.json":
            check(after == before.replace(b'"bfloat16"', b'"float16"'), "config.json is wrong")
            check(after != before, "config.json is as before")
        elif name != "model.safetensors":
            check(after == before, name + " was changed")
    same_values(bits(os.path.join(out, "model.safetensors")),
                source_bits(os.path.join(source, "model.safetensors")), 2 ** -8)


def check_index(out, limit):
    """The index agrees with the shards, and the shards with the limit."""
    with open(os.path.join(out, "model.safetensors.index.json")) as f:
        text = f.read()
    index = json.loads(text)
    check(text == json.dumps(index, indent=2, sort_keys=True) + "\n", "the index is not canonical")
    shards, total, got = weights_of(out), 0, {}
    for number, name in enumerate(shards, 1):
        check(name == "model-%05d-of-%05d.safetensors" % (number, len(shards)), name)
        part = bits(os.path.join(out, name))
        size = sum(len(entry[2]) for entry in part.values())
        check(size <= limit or len(part) == 1, "%s has %d bytes" % (name, size))
        check(all(index["weight_map"][tensor] == name for tensor in part), "wrong map")
        total += size
        got.update(part)
    check(index["metadata"] == {"total_size": total}, "wrong total_size")
    check(set(index["weight_map"]) == set(got), "the map lists other tensors")
    return got


def test_shards(worker, work):
    """Shards in, shards out; from a file too when asked; and back into one file."""
    source = os.path.join(TRAINED, "gpt2-shakespeare-sharded")
    want = {}
    for name in weights_of(source):
        want.update(source_bits(os.path.join(source, name)))
    for case, path, limit in (("folder", source, 1000000), ("tiny", source, 1),
                              ("file", os.path.join(TRAINED, "gpt2-shakespeare-hf",
                                                    "model.safetensors"), 3000000)):
        target = worker.convert(path, "safetensors", "f16", os.path.join(work, case),
                                {"shard_size": str(limit)})
        out = os.path.join(work, case, "0", target["output"])
        same_values(check_index(out, limit), want, 2 ** -10)
        again = worker.convert(out, "safetensors", "f32", os.path.join(work, case + "-again"))
        out = os.path.join(work, case + "-again", "0", again["output"])
        if os.path.isdir(out):
            check(weights_of(out) == ["model.safetensors"], "still in shards: %s" % weights_of(out))
            out = os.path.join(out, "model.safetensors")
        same_values(bits(out), want, 2 ** -10)


def test_from_gguf(worker, work):
    """A GGUF's strings and numbers become text of `__metadata__`; its arrays are left out."""
    source = os.path.join(ROOT, "tests", "data", "tiny-llama.gguf")
    target = worker.convert(source, "safetensors", "bf16", os.path.join(work, "gguf"),
                            {"as_container": "yes"})
    path = os.path.join(work, "gguf", "0", target["output"])
    bits(path)
    with safe_open(path, "np") as f:
        metadata = f.metadata()
        check("blk.0.attn_q.weight" in f.keys(), "no tensors with GGUF's names")
        check(f.get_slice("token_embd.weight").get_shape() == [1024, 256], "another shape")
    check(metadata["general.architecture"] == "llama", "no architecture")
    check(metadata["llama.block_count"] == "6", "numbers are printed otherwise")
    check(float(metadata["llama.attention.layer_norm_rms_epsilon"]) == 1e-5, "floats too")
    check(not any(key.endswith(".tokens") for key in metadata), "an array came along")
    check(any("were left out" in text for text in target["warnings"]), "no warning about arrays")


def test_planes(worker, work):
    """An encoding that the format does not know: the library sees tensors of bytes."""
    source = os.path.join(work, "matrix.safetensors")
    os.makedirs(work, exist_ok=True)
    values = numpy.sin(numpy.arange(6 * 128, dtype=numpy.float32) ** 2).reshape(6, 128)
    with open(source, "wb") as f:
        f.write(save({"a.weight": values}))
    with open(os.path.join(work, "planes.recipe"), "w") as f:
        f.write("title planes\ndescription planes\ndefault absmax8\n")
    target = Worker(worker.program, worker.plugins, worker.recipes + ":" + work).convert(
        source, "safetensors", "planes", os.path.join(work, "planes"), {"as_container": "yes"})
    path = os.path.join(work, "planes", "0", target["output"])
    loaded = load_file(path)
    check(sorted(loaded) == ["a.weight.codes", "a.weight.scales"], "tensors: %s" % sorted(loaded))
    codes, scales = loaded["a.weight.codes"], loaded["a.weight.scales"]
    check(codes.dtype == numpy.uint8 and codes.shape == (6, 128), "codes: %s" % (codes.shape,))
    check(scales.dtype == numpy.uint8 and scales.shape == (6, 8), "scales: %s" % (scales.shape,))
    scales = scales.view(numpy.float32)
    decoded = codes.view(numpy.int8).reshape(6, 2, 64) * scales[:, :, None]
    check(numpy.abs(decoded.reshape(6, 128) - values).max() <= scales.max() / 2 * 1.0001, "values")
    with safe_open(path, "np") as f:
        tensors = json.loads(f.metadata()["pare.tensors"])
    check(tensors == {"a.weight": {"encoding": "absmax8", "shape": [6, 128]}}, "%s" % tensors)


def test_bad_options(worker, work):
    source = os.path.join(TRAINED, "fmnist-mlp.safetensors")
    for text in ("0", "5GB", "-1", "", "99999999999999999999"):
        error = worker.convert(source, "safetensors", "f32", os.path.join(work, "bad"),
                               {"shard_size": text}, "error")
        check(error["code"] == "usage", "%s: %s" % (text, error))


def main():
    worker = Worker(*sys.argv[1:4])
    failed = passed = 0
    for name, test in sorted(globals().items()):
        if not name.startswith("test_"):
            continue
        if not os.path.isdir(TRAINED) and test not in (test_from_gguf, test_planes):
            print("skipped: %s: no models in %s" % (name, MODELS))
            continue
        work = tempfile.mkdtemp(prefix="pare-interop-")
        try:
            test(worker, work)
            print("ok " + name)
            passed += 1
        except (AssertionError, KeyError, OSError, ValueError) as error:
            print("not ok %s: %r" % (name, error))
            failed += 1
        shutil.rmtree(work)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
