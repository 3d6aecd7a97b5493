#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Signals to the command line reach its worker at once: it ends with it, stops and goes on with it.

Usage: test_signals.py PARE TEST_DATA (with PARE_PLUGINS, PARE_RECIPES and PARE_WORKER set).
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PARE, DATA = sys.argv[1:3]
WORKER = """#!/bin/sh
%s
echo $$ > %s
sleep 1 && exec %s
"""


def state(pid):
    """The letter of the process's state, or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return None


class Signals(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pare-signals-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.pid_file = os.path.join(self.folder, "pid")

    def start(self, before=":", command=("convert",)):
        """Starts pare with a worker that begins in a second."""
        worker = os.path.join(self.folder, "worker")
        with open(worker, "w", encoding="utf-8") as file:
            file.write(WORKER % (before, self.pid_file, os.environ["PARE_WORKER"]))
        os.chmod(worker, 0o755)
        more = ["--to", "gguf:q8_0", "--allow-requantize", "--out", self.folder] \
            if command[0] == "convert" else []
        run = subprocess.Popen(
            [PARE, *command, os.path.join(DATA, "tiny-llama.gguf"), *more],
            env=dict(os.environ, PARE_WORKER=worker, XDG_STATE_HOME=self.folder),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.kill)
        self.wait(lambda: os.path.exists(self.pid_file) and os.path.getsize(self.pid_file), 20)
        with open(self.pid_file, encoding="ascii") as file:
            return run, int(file.read())

    def wait(self, condition, seconds):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.005)

    def test_terminated(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            for before in (":", "trap '' TERM INT HUP"):
                run, worker = self.start(before)
                run.send_signal(number)
                self.wait(lambda w=worker: state(w) in (None, "Z"), 3)
                self.assertEqual(run.wait(10), 130)
                os.unlink(self.pid_file)
                self.assertEqual([n for n in os.listdir(self.folder) if "Q8_0" in n], [])

    def test_terminated_when_it_asks(self):
        run, worker = self.start(command=("inspect",))
        run.send_signal(signal.SIGTERM)
        self.wait(lambda: state(worker) in (None, "Z"), 3)
        self.assertEqual(run.wait(10), -signal.SIGTERM)

    def test_stopped_and_continued(self):
        for command in (("convert",), ("inspect",)):
            run, worker = self.start(command=command)
            run.send_signal(signal.SIGTSTP)
            self.wait(lambda w=worker: state(w) in "TD", 3) # D: the shell waits for its child,
            #                                                 which is stopped
            self.wait(lambda r=run: state(r.pid) == "T", 3)
            time.sleep(0.2)
            run.send_signal(signal.SIGCONT)
            self.assertEqual(run.wait(60), 0, run.stdout.read())
            os.unlink(self.pid_file)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
