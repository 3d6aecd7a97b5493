#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Plugins at run time, through pare-worker: older and newer ones work, misbehaving ones get the
right error, and nothing that goes wrong is ever called done.

OLD holds binaries that were built once against each version of the header.

Usage: behaviour.py WORKER FIXTURES ACTS RECIPES OLD [--sanitized]
"""
import os
import platform
import shutil
import struct
import sys
import tempfile
import time

import driver

DATA, WEIGHTS = 64, [i / 16 for i in range(32)]

READER = {  # act: code, part of the text
    "open-silent": ("io", "bad: open failed without saying why"),
    "open-12345": ("plugin", "bad: open returned 12345, which is no status"),
    "open-minus-999": ("plugin", "bad: open returned -999, which is no status"),
    "open-sets-state": ("data", "open has cleaned up"),
    "alloc-huge": ("limit", "bytes of memory"),
    "alloc-overflow": ("limit", "bytes of memory asked for"),
    "read-past-end": ("incomplete", "it ends at byte 192"),
    "read-file-9": ("plugin", "the plugin asks for file 9 of 1"),
    "role-9": ("plugin", "unknown role 9"),
    "meta-twice": ("data", "there are two metadata entries `k`"),
    "meta-type": ("plugin", "metadata of unknown type 99"),
    "meta-null": ("plugin", "metadata of 1 elements without data"),
    "layout-in-reader": ("plugin", "out_* was called outside layout"),
    "fail-positive": ("plugin", "a positive code"),
    "fail-control": ("data", "bell? escape?[2J"),
    "fail-long": ("data", "   "),
    "next-no-name": ("plugin", "tensor 0 without a name or a proper encoding"),
    "next-empty-name": ("data", "tensor 0 has an empty name"),
    "next-no-encoding": ("plugin", "without a name or a proper encoding"),
    "next-odd-encoding": ("plugin", "without a name or a proper encoding"),
    "next-dims-overflow": ("data", "the product of its dimensions overflows"),
    "next-nine-dims": ("data", "9 dimensions, the limit is 8"),
    "next-outside": ("incomplete", "ends at byte 193, but the file has only 192 bytes"),
    "next-extent-overflow": ("data", "its extent overflows"),
    "next-length": ("data", "127 bytes given, its shape needs 128"),
    "next-file-7": ("data", "its extent overflows"),
    "next-no-planes": ("plugin", "the reader gives 0 planes"),
    "next-two-planes": ("plugin", "2 planes, but bad32 has 1"),
    "next-two-names": ("data", "two tensors named `weights`"),
    "next-overlap": ("data", "the data of tensors `weights` and `other` overlap"),
    "next-12345": ("plugin", "bad: next returned 12345, which is no status"),
    "next-minus-999": ("plugin", "returned -999"),
    "next-silent": ("unsupported", "bad: next failed without saying why"),
    "next-computed": ("plugin", "reader bad computes tensors, but has no read"),
    "next-channel-3": ("plugin", "tensor `weights`: channels on axis 2 of 2"),
    "next-unknown": ("usage|unsupported", "unheard-of"),
}

STREAM = {
    "read-meta": ("plugin", "meta_set was called in read"),
    "read-role": ("plugin", "file_role was called in read"),
    "read-silent": ("io", "bad-stream: read failed without saying why"),
    "read-12345": ("plugin", "bad-stream: read returned 12345"),
    "read-says": ("data", "the stream is damaged"),
    "next-unknown": ("usage|unsupported", "unheard-of"),
}

WRITER = {
    "layout-nothing": ("plugin", "the writer made no file"),
    "layout-missing": ("plugin", "the writer leaves out tensor 0"),
    "layout-twice": ("plugin", "the writer places tensor 0 twice"),
    "layout-overlap": ("plugin", "the writer's pieces overlap at byte 69"),
    "layout-outside": ("plugin", "the writer places bytes beyond the file's 192"),
    "layout-overflow": ("plugin", "overflows"),
    "layout-file-7": ("plugin", "the writer fills file 7 of 1"),
    "layout-tensor-9": ("plugin", "the writer places tensor 9, plane 0"),
    "layout-plane-3": ("plugin", "the writer places tensor 0, plane 3"),
    "layout-side-9": ("plugin", "the writer carries source file 9"),
    "layout-null": ("plugin", "out_literal without data"),
    "layout-huge": ("space", "cannot reserve 4611686018427387904 bytes"),
    "layout-two-files": ("plugin", "the writer's only file must be its only file"),
    "layout-same-names": ("plugin", "the writer names two files `a`"),
    "layout-slash": ("plugin", "the writer names a file `../escape`"),
    "layout-dots": ("plugin", "the writer names a file `..`"),
    "layout-12345": ("plugin", "bad: layout returned 12345, which is no status"),
    "layout-minus-999": ("plugin", "bad: layout returned -999, which is no status"),
    "layout-silent": ("data", "bad: layout failed without saying why"),
    "finish-weights": ("plugin", "finish patches bytes that are no literal's"),
    "finish-gap": ("plugin", "finish patches bytes that are no literal's"),
    "finish-tensor": ("plugin", "finish places more than literals"),
    "finish-file": ("plugin", "the writer's only file must be its only file"),
    "finish-outside": ("plugin", "the writer places bytes beyond the file's 192"),
    "finish-size": ("plugin", "finish patches bytes that are no literal's"),
    "finish-12345": ("plugin", "bad: finish returned 12345, which is no status"),
    "finish-silent": ("io", "bad: finish failed without saying why"),
}


def convert(worker, path, recipe, form="bad", **more):
    target = {"format": form, "recipe": recipe, "stem": "out", **more}
    return worker.run({"kind": "convert", "targets": [target], "threads": 2}, [path],
                      staging=True)


def write(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


def bad_file(folder, act, magic=b"BAD1"):
    head = magic + act.encode()
    return write(folder, "model." + act,
                 head + bytes(DATA - len(head)) + struct.pack("<32f", *WEIGHTS))


def works(tally, folder, worker, name):
    """A plugin of trivial.h reads, encodes and writes."""
    values = [i / 7 for i in range(6)]
    head = name[:4].upper().encode() + struct.pack("<II", 2, 3)
    source = write(folder, name, head + struct.pack("<6f", *values))
    answer = convert(worker, source, name + "8", name)
    expected = head + bytes(int(v * 16) for v in values)
    tally.check(answer.code == "done", f"{name}: {answer.code} {answer.text}")
    tally.check(answer.files == {f"0/out.{name}": expected}, f"{name}: wrong output {answer.files}")
    target = answer.one("target")
    tally.check(target and target["accuracy"]["rmse"] > 0, f"{name}: no figures")
    checked = worker.run({"kind": "inspect"}, [source])
    tally.check(checked.one("model")["format"] == name, f"{name}: inspect")


def other_versions(tally, folder, program, fixtures, recipes):
    worker = driver.Worker(program, fixtures, recipes)
    for name in ("older", "newer"):
        works(tally, folder, worker, name)


def kept_binaries(tally, folder, program, old, recipes):
    """What was built against a version of the header loads for ever, all that it provides."""
    for version in ("1.0",):
        path = os.path.join(old, f"plugin-{version}-{platform.machine()}.so")
        if not os.path.exists(path):
            tally.skip(f"no plugin of version {version} is kept for {platform.machine()}")
            continue
        alone = os.path.join(folder, "plugins-" + version)
        os.mkdir(alone)
        shutil.copy(path, os.path.join(alone, "kept.so"))
        worker = driver.Worker(program, alone, recipes)
        works(tally, folder, worker, "kept")
        answer = worker.run({"kind": "plugins"}).one("plugins")
        plugin = answer["plugins"][0] if answer["plugins"] else {}
        counts = [len(plugin.get(kind, ())) for kind in ("readers", "writers", "encodings",
                                                         "evaluators", "matrices")]
        tally.check(counts == [1, 1, 3, 1, 1] and not answer["refused"],
                    f"kept {version}: {counts}, refused {answer['refused']}")


def expect(tally, what, answer, code, text):
    tally.check(answer.code in code.split("|") and text in answer.text,
                f"{what}: {answer.code} `{answer.text}`, expected {code} `{text}`")
    tally.check(not answer.all("target"), f"{what}: a target was reported")


def misbehaviour(tally, folder, worker):
    good = bad_file(folder, "good")
    answer = convert(worker, good, "bad32")
    whole = b"GOOD" + bytes(DATA - 4) + struct.pack("<32f", *WEIGHTS)
    tally.check(answer.code == "done" and answer.files == {"0/out.bad": whole},
                f"good: {answer.code} {answer.text}")
    answer = convert(worker, good, "bad32", options={"act": "finish-good"})
    tally.check(answer.code == "done" and answer.files == {"0/out.bad": b"GAAD" + whole[4:]},
                f"finish-good: {answer.code} {answer.text}")
    answer = convert(worker, bad_file(folder, "good", b"BAD2"), "bad32")
    tally.check(answer.code == "done" and answer.files == {"0/out.bad": whole},
                f"good stream: {answer.code} {answer.text}")
    for act, (code, text) in READER.items():
        expect(tally, act, convert(worker, bad_file(folder, act), "bad32"), code, text)
    for act, (code, text) in STREAM.items():
        expect(tally, "stream " + act,
               convert(worker, bad_file(folder, act, b"BAD2"), "bad32"), code, text)
    for act, (code, text) in WRITER.items():
        expect(tally, act, convert(worker, good, "bad32", options={"act": act}), code, text)
    expect(tally, "probe 1000", convert(worker, bad_file(folder, "x", b"BAD3"), "bad32"),
           "unsupported", "no plugin knows this format")


def death(tally, folder, worker, sanitized):
    good = bad_file(folder, "good")
    for what, path, recipe, name in (("encode", good, "crash8", "SIGSEGV"),
                                     ("encode", good, "abort8", "SIGABRT"),
                                     ("next", bad_file(folder, "next-crash"), "bad32", "SIGABRT")):
        answer = convert(worker, path, recipe)
        died = answer.code == "killed by " + name
        if sanitized: # the sanitizer ends the process in its own way
            died = died or (answer.status != 0 and not answer.all("error"))
        tally.check(died and not answer.all("done") and not answer.all("target"),
                    f"{what} {name}: {answer.code}")


def endless_loop(tally, folder, worker):
    """No sign of life comes while a kernel hangs: the parent's time-out ends it."""
    target = {"format": "bad", "recipe": "loop8", "stem": "out"}
    with tempfile.TemporaryDirectory() as staging:
        process = worker.start({"kind": "convert", "targets": [target], "threads": 1},
                               [bad_file(folder, "good")], staging=staging)
        os.set_blocking(process.stdout.fileno(), False)
        time.sleep(1.5)
        (process.stdout.read() or b"")
        time.sleep(1.5)
        late = process.stdout.read() or b""
        tally.check(process.poll() is None, "loop: it ended by itself")
        tally.check(late == b"", f"loop: it shows signs of life: {late!r}")
        process.kill()
        process.communicate()


def main():
    program, fixtures, acts, recipes, old = sys.argv[1:6]
    tally = driver.Tally()
    with tempfile.TemporaryDirectory(prefix="pare-abi-") as folder:
        other_versions(tally, folder, program, fixtures, recipes)
        kept_binaries(tally, folder, program, old, recipes)
        worker = driver.Worker(program, acts, recipes)
        misbehaviour(tally, folder, worker)
        death(tally, folder, worker, "--sanitized" in sys.argv)
        endless_loop(tally, folder, worker)
    tally.end()


main()
