#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""A source that is changed while it is read: never a result of neither state.

A worker of our own changes the model before it turns into the real one: after pare has opened the
files, before it uses what was made of them.

Usage: test_changed.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES and PARE_WORKER set).
"""
import hashlib
import json
import mmap
import os
import subprocess
import sys
import unittest

import program

WRAPPER = """#!%s
import json, mmap, os
kind = json.loads(os.pread(0, 1 << 26, 0))['kind']
with open(%r) as f:
    steps = json.load(f)
if steps and steps[0][0] == kind:
    with open(%r, 'w') as f:
        json.dump(steps[1:], f)
    exec(steps[0][1], {'os': os, 'mmap': mmap, 'path': %r, 'NEW':
         lambda: bytes(b %% 60 for b in os.urandom(2)) * 512})
os.lseek(0, 0, 0)
os.execv(%r, [%r])
"""


def NEW():
    """Bytes that are small numbers in every encoding of floats, and others each time."""
    return bytes(b % 60 for b in os.urandom(2)) * 512


WRITE = """
with open(path, 'r+b') as f:
    f.seek(-4096, 2)
    f.write(NEW())
"""
SAME_TIME = """
before = os.stat(path)
with open(path, 'r+b') as f:
    f.seek(-4096, 2)
    f.write(NEW())
os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
"""
MAPPED = """
with open(path, 'r+b') as f, mmap.mmap(f.fileno(), 0) as m:
    m[-2048:-1024] = NEW()
"""
APPEND = "open(path, 'ab').write(bytes(64))"
CUT = "os.truncate(path, 100000)"


class Changed(program.Program):
    def setUp(self):
        super().setUp()
        self.model = self.dir / "tiny.gguf"
        self.steps = self.dir / "steps"
        worker, real = self.dir / "worker", os.environ["PARE_WORKER"]
        steps = str(self.steps)
        worker.write_text(WRAPPER % (sys.executable, steps, steps, str(self.model), real, real))
        worker.chmod(0o755)
        self.env["PARE_WORKER"] = str(worker)

    def convert(self, *steps, status=0, targets=("gguf:q8_0",)):
        self.steps.write_text(json.dumps(steps))
        to = [a for t in targets for a in ("--to", t)]
        return self.pare("convert", "tiny.gguf", *to, "-o", "out", "-q", status=status)

    def manifests(self):
        return [json.loads(p.read_text()) for p in sorted(self.dir.glob("out/*.pare.json"))]

    def same_as_anew(self):
        """The one output and its digests are those of the model as it is now."""
        manifest, = self.manifests()
        self.assertEqual(manifest["source"]["digest"],
                         hashlib.sha256(self.model.read_bytes()).hexdigest())
        output = (self.dir / "out" / manifest["output"]["name"]).read_bytes()
        self.steps.write_text("[]")
        for path in self.dir.glob("anew/*"):
            path.unlink()
        self.pare("convert", "tiny.gguf", "--to", "gguf:q8_0", "-o", "anew", "-q")
        self.assertEqual(output, (self.dir / "anew/tiny-Q8_0.gguf").read_bytes())

    def test_every_kind_of_change(self):
        for kind, change in (("convert", WRITE), ("convert", SAME_TIME), ("convert", MAPPED),
                             ("verify", WRITE), ("verify", SAME_TIME)):
            with self.subTest(kind=kind, change=change):
                for path in self.dir.glob("out/*"):
                    path.unlink()
                done = self.convert((kind, change))
                self.assertIn("tiny.gguf was written while it was read", done.stderr)
                self.assertIn("trying it again", done.stderr)
                self.same_as_anew()
        states = {row["state"] for row in json.loads(self.pare("list", "--json").stdout)}
        self.assertEqual(states, {"done"})

    def test_for_ever(self):
        done = self.convert(*[("convert", WRITE)] * 9, status=1)
        self.assertEqual(done.stderr.count("trying it again"), 3)
        self.assertIn("convert it again when nobody writes it", done.stderr)
        self.assertEqual(os.listdir(self.dir / "out"), [])
        row, = json.loads(self.pare("failures", "--json").stdout)
        self.assertIn("was written", json.dumps(row))

    def test_length(self):
        data = self.model.read_bytes()
        for change, said in ((APPEND, "made longer"), (CUT, "cut short")):
            done = self.convert(("convert", change), status=1)
            self.assertIn(said, done.stderr)
            self.assertEqual(os.listdir(self.dir / "out"), [])
            self.model.write_bytes(data)

    def test_between_targets(self):
        """What was published before stays; the others are made of the later state."""
        before = hashlib.sha256(self.model.read_bytes()).hexdigest()
        self.convert(("verify", ""), ("verify", WRITE), targets=("gguf:q8_0", "gguf:f16"))
        after = hashlib.sha256(self.model.read_bytes()).hexdigest()
        digests = {m["target"]["recipe"]: m["source"]["digest"] for m in self.manifests()}
        self.assertEqual(digests, {"q8_0": before, "f16": after})

    def test_no_change(self):
        """Names, links and modes are no change, and what replaces a file does not touch it."""
        before = hashlib.sha256(self.model.read_bytes()).hexdigest()
        for change in ("os.link(path, path + '2')", "os.chmod(path, 0o600)",
                       "os.rename(path, path + '3')",
                       "os.unlink(path + '2')",
                       "open(path + '4', 'wb').write(b'x'); os.rename(path + '4', path)"):
            with self.subTest(change):
                done = self.convert(("convert", change))
                self.assertNotIn("while it was read", done.stderr)
                if not self.model.exists():
                    os.rename(str(self.model) + "3", self.model)
        self.assertEqual({m["source"]["digest"] for m in self.manifests()}, {before})

    def test_mapping_from_before(self):
        """A page that was dirty when we came shows no store until it is written back."""
        with open(self.model, "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
            m[-2048:-1024] = NEW()
            self.env["PARE_WORKER"] = str(self.dir / "asking")
            (self.dir / "asking").write_text("#!/bin/sh\necho > %s\nread x < %s\nexec %s\n" % (
                self.dir / "ready", self.dir / "go", os.environ["PARE_WORKER"]))
            (self.dir / "asking").chmod(0o755)
            os.mkfifo(self.dir / "ready")
            os.mkfifo(self.dir / "go")
            pare = subprocess.Popen([program.PARE, "compare", "tiny.gguf", "tiny.gguf"],
                                    cwd=self.dir, env=self.env, stderr=subprocess.PIPE,
                                    stdout=subprocess.DEVNULL, text=True)
            open(self.dir / "ready").read()
            m[-2048:-1024] = NEW()
            open(self.dir / "go", "w").write("\n")
            self.assertIn("was written while it was read", pare.communicate(timeout=60)[1])
            self.assertEqual(pare.returncode, 1)

    def test_output_directory_is_moved_away(self):
        self.steps.write_text(json.dumps([("verify", "os.rename(%r, %r)" % (
            str(self.dir / "out"), str(self.dir / "elsewhere")))]))
        done = self.pare("convert", "tiny.gguf", "--to", "gguf:f16", "-o", "out", "-q", status=1)
        self.assertIn("was moved away while it was written to", done.stderr)
        rows = json.loads(self.pare("list", "--json").stdout)
        self.assertNotIn("done", {row["state"] for row in rows})

    def test_compare_and_inspect(self):
        for args in (("compare", "tiny.gguf", "tiny.gguf"), ("inspect", "tiny.gguf")):
            self.steps.write_text(json.dumps([(args[0], WRITE)]))
            self.assertIn("was written while it was read", self.pare(*args, status=1).stderr)
            self.pare(*args)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
