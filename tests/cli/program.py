# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""What the tests of `pare` share: the program, run in a folder of its own with a small model."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PARE = os.path.abspath(sys.argv[1])
DATA = pathlib.Path(sys.argv[2]).absolute()
MODEL = DATA / "tiny-llama.gguf"


class Program(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="pare-cli-"))
        self.env = {**os.environ, "XDG_STATE_HOME": str(self.dir / "state"), "LC_ALL": "C.UTF-8"}
        shutil.copy(MODEL, self.dir / "tiny.gguf")

    def tearDown(self):
        shutil.rmtree(self.dir)

    def pare(self, *args, status=0, **more):
        done = subprocess.run([PARE, *map(str, args)], cwd=self.dir, env=self.env,
                              capture_output=True, text=True, timeout=200, **more)
        self.assertEqual(done.returncode, status, done.stderr)
        return done
