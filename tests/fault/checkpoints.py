#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Kills converting workers at any time and lets another one go on in the same staging directory.

Usage: checkpoints.py WORKER PLUGINS RECIPES ARCHITECTURES

However often it was killed, files, digests and figures must be those of an uninterrupted run, and
what is done again no more than lies between two checkpoints. A part of the 200 kill points is tried,
others in each run: PARE_TEST_SEED=N is an earlier choice, PARE_TEST_ALL=1 all. The journal is read
here by what docs/formats/journal.md says of it.
"""
import array
import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
WORKER, PLUGINS, RECIPES, ARCHITECTURES = sys.argv[1:5]
STEP = 1 << 20       # bytes of work between checkpoints
SLACK = 3 * STEP     # one on its way, one being collected, and a batch
POOL = array.array("f", (random.Random(3).gauss(0, 0.03) for _ in range(1 << 16)))


# ---- models ----

def pooled(rng, n):
    """n floats of the pool as bytes."""
    out = bytearray()
    while len(out) < 4 * n:
        at = rng.randrange(len(POOL) - 256)
        out += POOL[at:].tobytes()
    return bytes(out[:4 * n])


def llama_folder(folder):
    """A Llama of 20 MB in three shards, without a tokenizer."""
    width, ffn, layers, tokens = 256, 768, 5, 2000
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": width,
              "intermediate_size": ffn, "num_attention_heads": 4, "num_key_value_heads": 2,
              "num_hidden_layers": layers, "max_position_embeddings": 128, "rms_norm_eps": 1e-5,
              "rope_theta": 10000.0, "vocab_size": tokens, "tie_word_embeddings": False}
    shapes = {"lm_head.weight": [tokens, width], "model.embed_tokens.weight": [tokens, width],
              "model.norm.weight": [width]}
    for i in range(layers):
        for name, shape in (("self_attn.q_proj", [width, width]),
                            ("self_attn.k_proj", [width // 2, width]),
                            ("self_attn.v_proj", [width // 2, width]),
                            ("self_attn.o_proj", [width, width]), ("mlp.gate_proj", [ffn, width]),
                            ("mlp.up_proj", [ffn, width]), ("mlp.down_proj", [width, ffn]),
                            ("input_layernorm", [width]), ("post_attention_layernorm", [width])):
            shapes["model.layers.%d.%s.weight" % (i, name)] = shape
    rng, weight_map, names = random.Random(1), {}, list(shapes)
    os.makedirs(folder)
    for shard in range(3):
        file = "model-0000%d-of-00003.safetensors" % (shard + 1)
        header, data = {}, []
        at = 0
        for name in names[shard::3]:
            n = shapes[name][0] * (shapes[name] + [1])[1]
            header[name] = {"dtype": "F32", "shape": shapes[name], "data_offsets": [at, at + 4 * n]}
            data.append(pooled(rng, n))
            at += 4 * n
            weight_map[name] = file
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(os.path.join(folder, file), "wb") as f:
            f.write(struct.pack("<Q", len(text)) + text + b"".join(data))
    for file, content in (("config.json", config), ("model.safetensors.index.json", {
            "metadata": {"total_size": 1}, "weight_map": weight_map})):
        with open(os.path.join(folder, file), "w") as f:
            json.dump(content, f)


def gguf_file(path):
    subprocess.run([sys.executable, os.path.join(HERE, "../bench/make_model.py"), path, "12000000",
                    "--pieces", "9"], check=True, stdout=subprocess.DEVNULL)


# ---- the worker ----

class Case:
    """A source with its targets: [(format, recipe, options)]."""

    def __init__(self, root, name, source, targets, **settings):
        self.name, self.source, self.targets, self.settings = name, source, targets, settings
        self.root = root
        start = time.monotonic()
        status, self.lines = self.run("expected", 0)
        self.seconds = time.monotonic() - start
        assert status == 0, (name, self.lines[-1])
        self.files = self.tree("expected")

    def path(self, *parts):
        return os.path.join(self.root, self.name, *parts)

    def start(self, staging, step):
        source = self.source
        files = [os.path.join(source, n) for n in sorted(os.listdir(source))] \
            if os.path.isdir(source) else [source]
        os.makedirs(self.path(staging), exist_ok=True)
        fds = [os.open(file, os.O_RDONLY) for file in files]
        fds.append(os.open(self.path(staging), os.O_RDONLY | os.O_DIRECTORY))
        request = {"kind": "convert", "staging": fds[-1], "plugins": PLUGINS, "recipes": RECIPES,
                   "architectures": ARCHITECTURES, "checkpoint": step, "threads": 2,
                   "source": {"name": "m", "folder": os.path.isdir(source), "files": [
                       {"name": os.path.basename(file), "fd": fd}
                       for file, fd in zip(files, fds)]},
                   "targets": [{"format": format, "recipe": recipe, "stem": "out-" + recipe,
                                "options": options} for format, recipe, options in self.targets],
                   **self.settings}
        process = subprocess.Popen([WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   pass_fds=fds)
        process.stdin.write(json.dumps(request).encode())
        process.stdin.close()
        for fd in fds:
            os.close(fd)
        return process

    def run(self, staging, step, kill_after=None):
        """(status, lines)"""
        process = self.start(staging, step)
        if kill_after is not None:
            time.sleep(kill_after)
            process.kill()
        lines = []
        for line in process.stdout:
            try:
                lines.append(json.loads(line))
            except ValueError:
                break  # cut by the kill
        process.stdout.close()
        return process.wait(), lines

    def tree(self, staging):
        found = {}
        for folder, _, names in os.walk(self.path(staging)):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    data = f.read()
                if name.endswith(".rows"):
                    data = without_times(data)
                if name != "journal":
                    found[os.path.join(folder, name)[len(self.path(staging)):]] = \
                        hashlib.sha256(data).hexdigest()
        return found


def without_times(rows):
    """A file of rows (docs/protocol.md), whose seconds are 0."""
    out, at = bytearray(rows), 32
    while at < len(rows):
        length, mask, n_dims = struct.unpack_from("<IIB", rows, at)
        figure = at + 72 + 8 * n_dims + 8 * bin(mask & 0x7f).count("1")
        if mask & 0x80:
            out[figure:figure + 8] = bytes(8)
        at += 4 + length
    assert at == len(rows)
    return bytes(out)


def figures(lines):
    """What the parent records, but for times."""
    kept = [{k: v for k, v in line.items() if k != "seconds"} for line in lines
            if line["event"] in ("tensor", "target")]
    done = [line for line in lines if line["event"] == "done"]
    return kept + [(line["source_files"], line["digest"]) for line in done]


# ---- the journal ----

def blocks(path):
    """The whole blocks of a journal, without the head."""
    try:
        with open(path, "rb") as f:
            data = f.read()
    except FileNotFoundError:
        return []
    found, at, seal = [], 0, b"0" * 64
    while data[at:at + 8] == b"PAREJRN1":
        number, n = struct.unpack_from("<QQ", data, at + 8)
        block, end = data[at + 24:at + 24 + n], data[at + 24 + n:at + 88 + n]
        seal = hashlib.sha256(seal + data[at:at + 24 + n]).hexdigest().encode()
        if number != len(found) or end != seal:
            break
        found.append(block)
        at += 88 + n
    return found[1:]


def bytes_done(path):
    """{walk: source bytes that are done}, by the journal."""
    done = {}
    for block in blocks(path):
        at = 0
        while at < len(block):
            kind, n = struct.unpack_from("<IQ", block, at)
            if kind == 1:
                walk, _, _, so_far = struct.unpack_from("<IIQQ", block, at + 12)
                done[walk] = so_far
            at += 12 + n
        assert at == len(block)
    return done


# ---- kills ----

def one_kill(case, rng, kills):
    """Kills a worker so often, then lets it end. How much was done again at most."""
    shutil.rmtree(case.path("staging"), ignore_errors=True)
    journal, again = case.path("staging", "journal"), 0
    for _ in range(kills):
        _, lines = case.run("staging", STEP, rng.uniform(0, 1.1 * case.seconds))
        told = [line for line in lines if line["event"] == "progress"
                and line["stage"] == "convert"]
        if told and bytes_done(journal):
            again = max(again, told[-1]["done"] - sum(bytes_done(journal).values()))
        if not blocks(journal) or any(line["event"] == "done" for line in lines):
            shutil.rmtree(case.path("staging"))  # as the parent does
    status, lines = case.run("staging", STEP)
    resumed = any(line["event"] == "resumed" for line in lines)
    assert status == 0, (case.name, lines[-1])
    assert not [line for line in lines if line["event"] == "misfit"], lines
    return lines, again, resumed


def compare(case, lines):
    found = case.tree("staging")
    assert found == case.files, "%s: files differ: %s" % (case.name, sorted(
        k for k in found.keys() | case.files.keys() if found.get(k) != case.files.get(k)))
    for a, b in zip(figures(lines), figures(case.lines)):
        assert a == b, "%s:\n%s\n%s" % (case.name, a, b)
    assert len(figures(lines)) == len(figures(case.lines))


def main():
    seed = int(os.environ.get("PARE_TEST_SEED") or time.time())
    points = 200 if os.environ.get("PARE_TEST_ALL") else 10
    rng = random.Random(seed)
    root = tempfile.mkdtemp(prefix="pare-checkpoints-")
    try:
        llama_folder(os.path.join(root, "llama"))
        gguf_file(os.path.join(root, "m.gguf"))
        none = {"tokenizer": "none"}
        cases = [
            Case(root, "one", os.path.join(root, "m.gguf"),
                 [("gguf", "iq4_xs", {}), ("gguf", "f32", {"split_max_size": "8M"})],
                 overrides=[{"name": "test", "text": "search best"}]),
            Case(root, "walks", os.path.join(root, "llama"),
                 [("gguf", "q4_k_m", none), ("safetensors", "copy", {}),
                  ("gguf", "f16", {**none, "split_max_size": "4M"})]),
            Case(root, "planes", os.path.join(root, "llama"),
                 [("planes", "cols4", {}), ("planes", "tile8", {})], measure="sample"),
        ]
        times = resumed = worst = 0
        for i in range(points):
            case = cases[i % len(cases)]
            kills = rng.choice((1, 1, 2, 4))
            lines, again, has_resumed = one_kill(case, rng, kills)
            compare(case, lines)
            times += kills
            resumed += has_resumed
            worst = max(worst, again)
        print("%d kills in %d runs, %d of which went on; %.1f MB done again at most (seed %d)" %
              (times, points, resumed, worst / 1e6, seed))
        assert worst <= SLACK, worst
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
