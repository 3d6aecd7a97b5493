#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""`pare convert --resume` goes on with a run that was killed, and comes out as if it had not been.

Usage: test_resume.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES and PARE_WORKER set).
"""
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

import program
from program import PARE

MAKE_MODEL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../bench/make_model.py")
ARGS = ("convert", "big.gguf", "--to", "gguf:iq4_xs", "--to", "gguf:f32", "--search", "best",
        "--checkpoint", "1M", "--threads", "1", "-o", "out")
OUTPUTS = ("big-IQ4_XS.gguf", "big-F32.gguf")


class Test(program.Program):
    def setUp(self):
        super().setUp()
        subprocess.run([sys.executable, MAKE_MODEL, "big.gguf", "8000000", "--pieces", "6"],
                       check=True, cwd=self.dir, stdout=subprocess.DEVNULL)

    def staging(self):
        return list(self.dir.glob("out/.pare/staging/*"))

    def journal_size(self):
        return sum(p.stat().st_size for p in self.dir.glob("out/.pare/staging/*/work/journal"))

    def interrupt(self, how, blocks=4):
        """Starts it and ends it after some checkpoints. Its status."""
        process = subprocess.Popen([PARE, *ARGS, "--quiet"], cwd=self.dir, env=self.env,
                                   stderr=subprocess.DEVNULL)
        sizes, end = {0}, time.monotonic() + 60
        while len(sizes) <= blocks and process.poll() is None and time.monotonic() < end:
            try:
                sizes.add(self.journal_size())
            except FileNotFoundError:
                pass
            time.sleep(0.002)
        process.send_signal(how)
        return process.wait(20)

    def made(self, folder):
        """What was made, but for names of the run and times."""
        found = []
        for name in OUTPUTS:
            manifest = json.loads((self.dir / folder / (name + ".pare.json")).read_text())
            for tensor in manifest["tensors"]:
                tensor.pop("seconds", None)
            found.append((manifest["output"]["files"], manifest["accuracy"], manifest["tensors"],
                          (self.dir / folder / name).read_bytes()))
        return found

    def check_made(self):
        self.pare(*[a if a != "out" else "expected" for a in ARGS], "--threads", "2",
                  "--checkpoint", "0", "--quiet")
        self.assertEqual(self.made("out"), self.made("expected"))
        self.assertEqual(self.staging(), [])

    def events(self):
        with sqlite3.connect(self.dir / "state/pare/catalog.db") as db:
            return db.execute("SELECT kind, text FROM event WHERE kind IN ('resume', 'restart')"
                              ).fetchall()

    def test_killed(self):
        self.assertEqual(self.interrupt(signal.SIGKILL), -signal.SIGKILL)
        self.assertEqual(len(self.staging()), 1)
        self.pare("convert", "tiny.gguf", "--to", "gguf:q8_0", "-o", "out")  # leaves it alone
        self.assertEqual(len(self.staging()), 1)
        self.pare(*ARGS, "--resume")
        self.assertEqual(self.events(), [("resume", "goes on from a checkpoint")])
        self.check_made()
        with sqlite3.connect(self.dir / "state/pare/catalog.db") as db:
            self.assertEqual(db.execute("SELECT name, state FROM job ORDER BY id").fetchall()[:2],
                             [("big", "done"), ("tiny", "done")])

    def test_cancelled(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            self.assertEqual(self.interrupt(how), 130)
            self.assertEqual(self.staging(), [])

    def test_not_resumed(self):
        self.interrupt(signal.SIGKILL)
        told = self.pare(*ARGS).stderr
        self.assertIn("--resume goes on with it", told)
        self.assertEqual(self.events(), [])
        self.check_made()

    def test_nothing_to_resume(self):
        self.pare(*ARGS, "--resume")
        self.assertEqual(self.events(), [])
        self.check_made()

    def test_other_options(self):
        self.interrupt(signal.SIGKILL)
        reason = "the recipe, the rules or the options have changed"
        told = self.pare(*ARGS, "--resume", "--measure", "sample").stderr
        self.assertIn("big.gguf: starts over: " + reason, told)
        self.assertEqual(self.events(), [("restart", reason)])
        self.assertEqual(self.staging(), [])

    def test_old_ones_are_removed(self):
        self.interrupt(signal.SIGKILL)
        for journal in self.dir.glob("out/.pare/staging/*/work/journal"):
            os.utime(journal, (time.time() - 8 * 86400,) * 2)
        self.pare("convert", "tiny.gguf", "--to", "gguf:q8_0", "-o", "out")
        self.assertEqual(self.staging(), [])

    def test_the_newest_is_kept(self):
        self.interrupt(signal.SIGKILL)
        first = self.staging()
        time.sleep(1.1)  # names have seconds
        self.interrupt(signal.SIGKILL)
        self.pare("convert", "tiny.gguf", "--to", "gguf:q8_0", "-o", "out")
        self.assertEqual(len(self.staging()), 1)
        self.assertNotEqual(self.staging(), first)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
