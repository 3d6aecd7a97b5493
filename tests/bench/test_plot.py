#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: test_plot.py PLOT PAGE: the page has a place for everything, and gets it in that place."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

PLOT, PAGE = sys.argv[1:]
MACHINE = {"date": "2026-01-02", "cpu": "A <Processor>", "cores": 2, "memory_gib": 23,
           "kernel": "6.1", "system": "Linux", "build": "cc 1", "pare": "0"}
STAGES = dict.fromkeys(("hash", "read", "decode", "encode", "measure", "write", "sync", "verify",
                        "total"), 0.5)


def command(name, seconds, **more):
    return {"command": name, "seconds": seconds, "least": seconds, "greatest": seconds, "cpu": 1.25,
            "peak": 16.4, "of_cp": seconds / 0.5, **more}


RATES = {"weights_per_second": 12345678.0, "bytes_per_second": 5e9, "of_copy": 0.777}
RESULTS = {
    "conversions": {"machine": MACHINE, "bytes": 967624256, "threads": 2, "runs": 5, "commands": [
        command("cp", 0.5), command("llama-quantize q4_k_m", 12.0),
        command("pare q4_k_m", 1.5, llama=12.0, of_llama=8.06, stages=STAGES),
        command("pare q8_0 q4_k_m q6_k", 4.5, stages=STAGES)]},
    "costs": {"machine": MACHINE, "threads": 2, "runs": 5, "rows": [
        {"options": "", "seconds": 2.5, "cpu": 4.5, "of_full": 1.0},
        {"options": "--digest none", "seconds": 1.75, "cpu": 3.0, "of_full": 0.7}]},
    "kernels": {"machine": MACHINE, "runs": 5, "kernels": [
        {"encoding": "q4_k", "act": "encode", "level": "avx2", "ggml": 1e7, "pare": 1.3e8,
         "ratio": 13.04}]},
    "levels": {"machine": MACHINE, "copies": [{"threads": 1, "bytes_per_second": 2e10}],
               "kernels": [{"encoding": "q4_k", "plugin": "ggml", "level": "c", "threads": 1,
                            "encode": RATES, "encode_importance": None, "decode": RATES}]},
    "flood": {"machine": MACHINE, "models": 4000, "rows": [
        {"what": "queue first", "queued": 812.4, "converted": 91.6}]},
    "tiny": {"machine": MACHINE, "tensors": 10000, "bytes": 10240000, "runs": 5, "threads": 2,
             "one": 0.25, "many": 0.375, "ratio": 1.5},
    "memory": {"machine": MACHINE, "threads": 2,
               "rows": [{"source": "a model", "bytes": 20000000000, "seconds": 60.0,
                         "peak": 17.2}]},
}
EXPECTED = {
    "time": ["2 cores of A <Processor>", "967,624,256 bytes",
             "![Seconds of each conversion](p.svg)",
             "| q4_k_m | 12.00 | 1.50 (1.50 to 1.50) | 8.1 | ≥ 8 | 3.00 |  | 1.25 | 16 |",
             "| q8_0 q4_k_m q6_k | – | 4.50"],
    "stages": ["| q4_k_m | 0.50 |"],
    "costs": ["| all of it | 2.50 | 4.50 | 1.00 |", "| `--digest none` | 1.75 | 3.00 | 0.70 |"],
    "kernels": ["| q4_k | encode | avx2 | 10.0 | 130 | 13.0 | ≥ 12 |"],
    "levels": ["20.0 GB/s with 1 thread,", "| q4_k | 12.3 | – | 12.3 | 0.777 | – | 0.777 |"],
    "tiny": ["10,000 tensors", "1.50 times"],
    "flood": ["| queue first | 812 | 92 |"],
    "memory": ["| a model | 20,000,000,000 | 60.0 | 17 |"],
}


def run(folder, results):
    (folder / "r.json").write_text(json.dumps(results))
    return subprocess.run([sys.executable, PLOT, folder / "r.json", "--doc", folder / "p.md",
                           "--svg", folder / "p.svg"], stderr=subprocess.PIPE, text=True)


def section(page, name):
    return re.search("<!-- bench:%s -->\n(.*?)<!-- /bench:%s -->" % (name, name), page, re.S)[1]


def check(folder):
    page = folder / "p.md"
    before = pathlib.Path(PAGE).read_text()
    page.write_text(before)
    done = run(folder, {"tiny": RESULTS["tiny"]})
    assert done.returncode == 0, done.stderr
    assert section(page.read_text(), "time") == section(before, "time")
    assert not (folder / "p.svg").exists()
    done = run(folder, RESULTS)
    assert done.returncode == 0, done.stderr
    once = page.read_text()
    for name, lines in EXPECTED.items():
        for line in lines:
            said = section(once, name)
            assert line in said or line in " ".join(said.split()), (name, line, said)
    assert re.sub("(<!-- bench:.*?-->\n).*?(<!-- /bench)", r"\1\2", once, flags=re.S) == \
        re.sub("(<!-- bench:.*?-->\n).*?(<!-- /bench)", r"\1\2", before, flags=re.S)
    assert run(folder, RESULTS).returncode == 0 and page.read_text() == once
    svg = xml.etree.ElementTree.parse(folder / "p.svg").getroot()
    words = [t.text for t in svg.iter("{http://www.w3.org/2000/svg}text")]
    for word in ("Q4_K_M", "3 at once", "12.00 s", "1.50 s, 8.1 × as fast, 3.00 × cp"):
        assert word in words, (word, words)
    page.write_text(before.replace("<!-- bench:tiny -->", ""))
    done = run(folder, RESULTS)
    assert done.returncode == 1 and "no place for `tiny`" in done.stderr, done.stderr


with tempfile.TemporaryDirectory() as name:
    check(pathlib.Path(name))
