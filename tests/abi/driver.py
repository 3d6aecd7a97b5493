# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Drives pare-worker by hand, as its parent would (docs/protocol.md), for tests."""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

import rows


class Answer:
    """What a worker said, how it ended, the files that it left: {path in staging: bytes}, and the
    rows of tensors of all targets."""

    def __init__(self, lines, status, errors, files, tensors):
        self.lines, self.status, self.errors, self.files = lines, status, errors, files
        self.tensors = tensors

    def all(self, event):
        return [line for line in self.lines if line["event"] == event]

    def one(self, event):
        found = self.all(event)
        return found[0] if len(found) == 1 else None

    @property
    def code(self):
        """"done", an error's code, "killed by SIGSEGV", or what broke the protocol."""
        if self.status < 0:
            return "killed by " + signal.Signals(-self.status).name
        last = self.lines[-1]["event"] if self.lines else None
        if self.status == 0 and last == "done" and not self.all("error"):
            return "done"
        if self.status == 1 and last == "error" and not self.all("done"):
            return self.lines[-1]["code"]
        return f"broken answer: status {self.status}, last line {last}, {self.errors[-2000:]}"

    @property
    def text(self):
        return self.lines[-1].get("text", "") if self.lines else self.errors[-2000:]


class Worker:
    """Requests with the same program, plugins and recipes. prefix: a command to run it under."""

    def __init__(self, program, plugins, recipes="", prefix=(), env=None):
        self.program, self.plugins, self.recipes = program, plugins, recipes
        self.prefix, self.env, self.root = list(prefix), env or {}, None
        self.architectures = os.path.join(os.path.dirname(recipes), "architectures")

    def places(self):
        return {"plugins": self.plugins, "recipes": self.recipes,
                "architectures": self.architectures}

    def start(self, request, sources=(), other=(), staging=None, importance=None):
        fds = []

        def describe(paths):
            files = []
            for path in paths:
                fds.append(os.open(path, os.O_RDONLY))
                files.append({"name": os.path.basename(path), "fd": fds[-1]})
            return {"name": "model", "folder": len(files) > 1, "files": files}

        request = {**self.places(), **request}
        if sources:
            request["source"] = describe(sources)
        if other:
            request["other"] = describe(other)
        if importance:
            request["importance"] = {**describe([importance]), "name": "matrix"}
        if staging:
            fds.append(os.open(staging, os.O_RDONLY | os.O_DIRECTORY))
            request["staging"] = fds[-1]
        try:
            return self.launch(request, fds)
        finally:
            for fd in fds:
                os.close(fd)

    def launch(self, request, fds):
        process = subprocess.Popen(self.prefix + [self.program], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   pass_fds=fds, env=self.env)
        try:
            process.stdin.write(json.dumps(request).encode())
            process.stdin.close()
        except BrokenPipeError:
            pass
        process.stdin = None
        return process

    def run(self, request, sources=(), other=(), staging=False, importance=None, timeout=60):
        folder = tempfile.mkdtemp(prefix="pare-staging-", dir=self.root) if staging else None
        try:
            process = self.start(request, sources, other, folder, importance)
            output, errors = process.communicate(timeout=timeout)
            lines = [parse(line) for line in output.splitlines()]
            files = read_tree(folder) if folder else {}
            tensors = take_tensors(files)
            return Answer(lines, process.returncode, errors.decode(errors="replace"), files,
                          tensors)
        finally:
            if folder:
                shutil.rmtree(folder)


class Child:
    """A worker that a nursery has made: as much of subprocess.Popen as Worker.run uses."""

    def __init__(self, pid, output, errors):
        self.pid, self.pipes, self.returncode = pid, (output, errors), None

    def communicate(self, timeout=60):
        watch = threading.Timer(timeout, os.kill, (self.pid, signal.SIGKILL))
        watch.start()
        found = [b"", b""]
        errors = threading.Thread(target=lambda: found.__setitem__(1, read_all(self.pipes[1])))
        errors.start()
        found[0] = read_all(self.pipes[0])
        errors.join()
        self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        watch.cancel()
        return found


def read_all(fd):
    with os.fdopen(fd, "rb") as file:
        return file.read()


class Nursery(Worker):
    """The same, with workers that are copies of one process. root: where staging lies."""

    def __init__(self, program, plugins, recipes, root, sandbox="best"):
        super().__init__(program, plugins, recipes)
        self.root = root
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.settimeout(20)
        out = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        request = {**self.places(), "kind": "nursery", "worker": program, "cpu": "native",
                   "sandbox": sandbox, "socket": theirs.fileno(), "staging": out}
        self.process = super().launch(request, [theirs.fileno(), out])
        os.close(out)
        theirs.close()
        assert self.sender() == self.process.pid

    def sender(self):
        """Which process sent the next packet; 0: the other side is closed."""
        data, control, _, _ = self.socket.recvmsg(16, socket.CMSG_SPACE(12))
        return struct.unpack("iII", control[0][2])[0] if data else 0

    def launch(self, request, fds):
        with tempfile.TemporaryFile() as text:
            text.write(json.dumps({"cpu": "native", **request}).encode())
            text.seek(0)
            output, errors = os.pipe(), os.pipe()
            passed = [text.fileno(), output[1], errors[1]] + sorted(fds)
            socket.send_fds(self.socket, [struct.pack(f"{len(fds) + 1}i", len(fds), *sorted(fds))],
                            passed)
            os.close(output[1])
            os.close(errors[1])
        return Child(self.sender(), output[0], errors[0])

    def end(self):
        """Closes the socket, after which the process must end well."""
        self.socket.close()
        self.process.communicate()
        return self.process.returncode


def parse(line):
    try:
        return json.loads(line)
    except ValueError:
        return {"event": "garbage", "text": line.decode(errors="replace")[:1000]}


def read_tree(folder):
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


def take_tensors(files):
    """Takes the files of rows out of what is left in staging."""
    tensors = []
    for name in sorted(name for name in files if name.endswith(".rows")):
        data = files.pop(name)
        if data[:8] == b"PARErows":  # else it was not finished
            tensors += rows.read_rows(data)
    return tensors


def gguf_string(text):
    return struct.pack("<Q", len(text)) + text.encode()


def make_gguf(path, tensors, architecture="llama"):
    """Writes a GGUF file of F32 tensors: [(name, dims outermost first, floats)]."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), 1)
    head += gguf_string("general.architecture") + struct.pack("<I", 8) + gguf_string(architecture)
    at, data = 0, b""
    for name, dims, values in tensors:
        head += gguf_string(name) + struct.pack("<I", len(dims))
        head += b"".join(struct.pack("<Q", n) for n in reversed(dims))
        head += struct.pack("<IQ", 0, at)
        data += struct.pack(f"<{len(values)}f", *values)
        data += bytes(-len(data) % 32)
        at = len(data)
    with open(path, "wb") as file:
        file.write(head + bytes(-len(head) % 32) + data)


class Tally:
    """Counts checks, says which failed, and gives the exit status."""

    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, []

    def check(self, good, what):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED:", what, flush=True)
        return good

    def skip(self, what):
        self.skipped.append(what)

    def end(self):
        for what in self.skipped:
            print("skipped:", what)
        print(f"{self.passed} passed, {self.failed} failed, {len(self.skipped)} skipped")
        sys.exit(1 if self.failed else 0)
