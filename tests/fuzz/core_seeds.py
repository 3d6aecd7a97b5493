#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: core_seeds.py DIR [STAMP]

Writes seeds for the targets of core_fuzz.c, one folder each: small checkpoints of all families and
all packings (weights of zeros), sidecars, tickets, answers of workers and model cards.
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
sys.path.insert(0, str(TESTS / "formats"))
import packed

CARD = b"---\nlicense: mit\nbase_model:\n- a/b\ntags: [x, y]\n---\n# A model\n"
CASES = ("llama2", "llama3", "bert", "gemma", "gpt2", "gpt-oss", "mixtral4", "phi3", "qwen2",
         "minilm", "gemma3-vision", "stablelm")
RULES = ["default q4_0\n", "q8_0 if name ~ 'blk.*' and rank == 2\n", "keep if rank < 2\n",
         "option split_max_size 4G\nmetadata general.name str:x\n", "fallback refuse\n",
         "q6_k if layer < layers / 8 or elements >= 10\n"]
ANSWERS = [("start", {"version": "1", "cpu": "c", "threads": 1, "sandbox": {"missing": []}}),
           ("progress", {"done": 1, "total": 2, "stage": "convert"}),
           ("warning", {"text": "x", "target": 0}),
           ("source", {"format": "gguf", "architecture": None, "name": "n", "parameters": 1,
                       "tensors": 1, "bytes": 2, "census": [], "license": None, "metadata": 0}),
           ("done", {"source_files": [], "digest": "ab" * 32, "seconds": {}, "peak_rss": 1,
                     "plugins": []}),
           ("error", {"code": "data", "text": "bad"})]


def entry(name, data, whole=True):
    """The file in an archive; unless whole, its weights are left out."""
    zeros = 0
    if not whole and name.endswith(".safetensors") and len(data) > 8:
        header = 8 + struct.unpack("<Q", data[:8])[0]
        zeros, data = len(data) - header, data[:header]
    return b"=== %s %d %d\n" % (name.encode(), len(data), zeros) + data + b"\n"


def archive(folder, whole):
    return b"".join(entry(p.name, p.read_bytes(), whole) for p in sorted(folder.iterdir())
                    if p.is_file()) + entry("README.md", CARD)


def folders(out):
    with tempfile.TemporaryDirectory() as work:
        subprocess.run([sys.executable, TESTS / "interop" / "make_checkpoints.py", work, *CASES],
                       check=True, stdout=subprocess.DEVNULL)
        for case in CASES:
            (out / case).write_bytes(archive(pathlib.Path(work) / case, False))
        for i, make in enumerate(packed.GOOD):
            folder = pathlib.Path(work) / f"packed{i}"
            make().write(folder)
            (out / f"packed{i}").write_bytes(archive(folder, True))


def main():
    out = pathlib.Path(sys.argv[1])
    ticket = {"pare_job": 1, "uid": "20261123T210000-k3f9ax", "kind": "shards", "name": "m",
              "folder": "", "origin": "/drop/m", "submitted": "2026-11-23T21:00:00.000Z",
              "priority": 0, "files": ["m-00001-of-00001.gguf"], "sidecars": ["m.pare"],
              "targets": [{"format": "gguf", "recipe": "q8_0", "options": {"a": "b"}}]}
    texts = {"rules": RULES, "ticket": [json.dumps(ticket)], "card": [CARD.decode()],
             "answer": [chr(kind) + "\n".join(json.dumps({"event": event, **fields})
                                              for event, fields in ANSWERS) for kind in range(10)]}
    for target, seeds in texts.items():
        (out / target).mkdir(parents=True, exist_ok=True)
        for i, seed in enumerate(seeds):
            (out / target / f"seed{i}").write_text(seed)
    (out / "folder").mkdir(exist_ok=True)
    folders(out / "folder")
    if len(sys.argv) > 2:
        pathlib.Path(sys.argv[2]).write_text("")


if __name__ == "__main__":
    main()
