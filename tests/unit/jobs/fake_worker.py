# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""A worker for test_supervise: speaks docs/protocol.md, and does what the words in its source's
first file tell it to, good or evil."""
import hashlib
import json
import os
import signal
import struct
import sys
import time


def say(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def die(number):
    signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None
    os.kill(os.getpid(), number)


# Lines without end, or one, none of which may cost the parent much. {} is a number that grows.
FLOODS = {
    "wide": '{"event":"start","version":[' + "[]," * 60000 + '[]]}',
    "deep": '{"event":"warning","text":' + "[" * 1500 + "]" * 1500 + '}',
    "answers": '{"event":"model","x":1}',
    "unknown": '{"event":"hello","x":1}',
    "starts": '{"event":"start","version":"0"}',
    "warnings": '{"event":"warning","text":"w{}"}',
    "beats": '{"event":"progress","done":{},"total":9,"stage":"convert"}',
    "stage": '{"event":"progress","done":1,"total":9,"stage":"dance"}',
    "type": '{"event":"progress","done":"1","total":9,"stage":"convert"}',
    "negative": '{"event":"progress","done":-1,"total":9,"stage":"convert"}',
    "infinite": '{"event":"start","threads":1e999}',
    "late": '{"x":"' + "a" * 100000 + '","event":"done"}',
    "twice": '{"event":"start","event":"done"}',
    "padded": " " * 70000 + '{"event":"done"}',
    "position": '{"event":"target","target":7,"output":"x","files":[]}',
}


def flood(word):
    number, end = 0, time.monotonic() + 20
    while time.monotonic() < end:
        lines = [FLOODS[word].replace("{}", str(number + i)) for i in range(100)]
        sys.stdout.write("\n".join(lines) + "\n")
        number += 100


def misbehave(word, request):
    """The ways to end badly, before any work."""
    if word == "segv":
        sys.stderr.write("first line\nlast words\n")
        sys.stderr.flush()
        die(signal.SIGSEGV)
    if word == "kill":
        die(signal.SIGKILL)
    if word == "status":
        sys.stderr.write("I give up\n==1==ABORTING\n")
        sys.exit(3)
    if word == "nothing":
        sys.exit(0)
    if word == "garbage":
        sys.stdout.write("\x00\x01 not JSON\n")
        sys.stdout.flush()
        time.sleep(60)
    if word == "noevent":
        sys.stdout.write("{}\n")
        sys.stdout.flush()
        time.sleep(60)
    if word == "longline":
        sys.stdout.write('{"event": "warning", "text": "' + "a" * (2 << 20) + '"}\n')
        time.sleep(60)
    if word == "longmodel":
        sys.stdout.write('{"event": "model", "x": "' + "a" * (2 << 20) + '"}\n')
        say("done")
        sys.exit(0)
    if word in FLOODS:
        flood(word)
    if word == "endless":
        while True:
            sys.stdout.write("a" * 65536)
    if word == "stderr":
        sys.stderr.write("noise\n" * 200000)
    if word == "more":
        say("done")
        say("progress", done=1, total=1, stage="convert")
        time.sleep(60)
    if word == "error":
        say("error", code="data", text="byte 7 is wrong\x1b[31m")
        sys.exit(1)
    if word == "pretend":
        say("error", code="ok", text="success")
        sys.exit(1)
    if word == "same":
        while True:
            say("progress", done=1, total=2, stage="convert")
            time.sleep(0.05)
    if word == "back":
        for stage in ["convert", "importance"] * 1000:
            say("progress", done=1, total=2, stage=stage)
            time.sleep(0.05)
    if word == "goes":
        for i in range(30):
            say("progress", done=0, total=0, stage="sync", step=i)
            time.sleep(0.05)
        say("done")
        sys.exit(0)
    if word == "shut":
        os.close(1)
        time.sleep(60)
    if word == "errors":
        while True:
            sys.stderr.write("noise\n" * 1000)
    if word == "hang":
        time.sleep(60)
    if word == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say("start", version="0")
        time.sleep(60)
    if word == "orphan":
        if os.fork() == 0:
            time.sleep(60)
            sys.exit(0)
        say("done")
        sys.exit(0)
    if word == "environment":
        say("model", environment=dict(os.environ), group=os.getpgid(0) == os.getpid(),
            fds=sorted(int(f) for f in os.listdir("/proc/self/fd")),
            oom=int(open("/proc/self/oom_score_adj").read()))
        say("done")
        sys.exit(0)


def write_target(staging, index, target, words):
    """One output, with the evil that the words ask for; returns the `target` line's fields."""
    folder = target["format"] == "folder"
    output = target["stem"] + ("" if folder else ".fake")
    os.mkdir(str(index), dir_fd=staging)
    directory = os.open(str(index), os.O_RDONLY | os.O_DIRECTORY, dir_fd=staging)
    if folder:
        os.mkdir(output, dir_fd=directory)
        directory = os.open(output, os.O_RDONLY | os.O_DIRECTORY, dir_fd=directory)
    names = ["a.fake", "sub/b.fake" if "below" in words else "b.fake"] if folder else [output]
    for word in words:
        if folder and word.startswith("called:"):
            names[1] = word[len("called:"):]
    for word, name in (("below", "sub"), ("deep", "sub/deep"), ("hollow", "hollow")):
        if folder and word in words:
            os.mkdir(name, dir_fd=directory)
    files = []
    for name in names:
        if "symlink" in words:
            os.symlink("/etc/passwd", name, dir_fd=directory)
            files.append({"name": name, "bytes": os.stat("/etc/passwd").st_size})
            continue
        fd = os.open(name, os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=directory)
        data = f"output {index} {name}".encode()
        os.write(fd, data)
        if "setuid" in words:
            os.fchmod(fd, 0o6777)
        os.close(fd)
        digest = "zz" if "nodigest" in words else hashlib.sha256(data).hexdigest()
        files.append({"name": name, "bytes": len(data) + ("size" in words), "sha256": digest})
    if "extra" in words:
        os.close(os.open("extra", os.O_WRONLY | os.O_CREAT, dir_fd=directory))
    if "setuid" in words and folder:
        os.fchmod(directory, 0o7777)
    if "again" in words:
        files.append(files[0])
    if "program" in words and not folder:
        name = target["stem"] + ".desktop"
        os.rename(output, name, src_dir_fd=directory, dst_dir_fd=directory)
        files[0]["name"] = output = name
    if "dots" in words:
        output = "../" + output
    if "suffix" in words:
        output = target["stem"] + "/../../x"
    if "stem" in words:
        output = "other.fake"
    if "filename" in words:
        files[0]["name"] = "../x"
    return {"output": output, "folder": folder, "files": files, "stem": target["stem"]}


def row(words, elements=4, name=b"t|`x`"):
    """One row of docs/protocol.md."""
    figures = (0.5, float("inf") if "infinite" in words else 12.5, 0.1, 1.0, 0.99)
    rest = struct.pack("<IBBBBIII6Q", 0x11f, 2, 3, 3, 0, len(name), 0, 0, elements, 16, 8, 0, 0,
                       5 if "outside" in words else 4)
    rest += struct.pack("<2Q6d", 2, 2, *figures, 0.0) + name + b"f32" + b"f16"
    return struct.pack("<I", len(rest) + ("long" in words)) + rest


def write_rows(staging, index, words):
    """The file of rows, with the evil that the words ask for."""
    if "norows" in words:
        return
    rows = [row(words, 5 if "shape" in words else 4)]
    if "many" in words:
        rows += [row(words, name=b"t%d" % i) for i in range(4000)]
    data = b"".join(rows)
    if "behind" in words:
        data += b"more"
    head = struct.pack("<8sIIQQ", b"PARErows", 2 if "version" in words else 1, 0,
                       len(rows) + ("count" in words), len(data) + ("cut" in words))
    if "rowlink" in words:
        os.symlink("/etc/passwd", f"{index}.rows", dir_fd=staging)
        return
    fd = os.open(f"{index}.rows", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=staging)
    with os.fdopen(fd, "wb") as f:
        f.write(head[:20] if "head" in words else head + data)


def convert(request, words):
    if "fail" in words:
        say("error", code="nonfinite", text="tensor x: NaN at 3")
        sys.exit(1)
    os.lseek(request["source"]["files"][0]["fd"], 2, os.SEEK_SET)
    say("start", version="0", cpu="c", threads=1,
        sandbox={"no_new_privs": True, "rlimits": True, "landlock": 4, "seccomp": True,
                 "missing": []})
    if "mute" not in words:
        say("writers", writers=[{"name": "fake", "suffix": ".fake"},
                                {"name": "folder", "suffix": ".fake"}])
    say("source", format="fake", architecture=None, name="m", parameters=4, tensors=1, bytes=16,
        census=[{"encoding": "f32", "tensors": 1, "elements": 4, "bytes": 16}], license=None,
        metadata=0)
    for i, target in enumerate(request["targets"]):
        say("progress", done=1, total=2, stage="convert")
        fields = write_target(request["staging"], i, target, words)
        write_rows(request["staging"], i, words)
        if "silent" not in words:
            say("target", target=i, format=target["format"], recipe=target["recipe"],
                recipe_sha256="0" * 64, bytes=8, census=[], bits_per_weight=16.0,
                accuracy={"rmse": 0.5, "sqnr_db": None,
                          "relative_error": "x" if "figure" in words else -0.5 if "range" in words
                          else 0.5}, warnings=["w"], **fields)
    say("done", source_files=[{"name": "m", "bytes": 16, "sha256": "1" * 64}], digest="1" * 64,
        seconds={"hash": 0.1, "total": 0.2}, peak_rss=1000,
        plugins=[{"name": "fake", "version": "1", "sha256": "2" * 64}])


def verify(request, words):
    expect = request["expect"]
    assert expect["files"] and os.fstat(request["rows"]).st_size
    if "badverify" in words or ("badfirst" in words and expect["target"] == 0):
        say("error", code="verify", text="tensor t differs")
        sys.exit(1)
    assert all(os.fstat(f["fd"]).st_size for f in request["other"]["files"])
    fd = request["source"]["files"][0]["fd"]
    assert os.lseek(fd, 0, os.SEEK_CUR) == 0, "the converting worker's offset"
    if "unverified" not in words:
        say("verified", tensors=2 if "miscount" in words else 1,
            sampled=400 if "oversampled" in words else 4, seconds=0.0)
    say("done")


def main():
    request = json.load(sys.stdin)
    fd = request["source"]["files"][0]["fd"]
    words = os.pread(fd, 4096, 0).decode().split()
    misbehave(words[0] if words else "", request)
    if request["kind"] == "verify":
        verify(request, words)
    elif request["kind"] == "convert":
        convert(request, words)
    else:
        say("done")


main()
