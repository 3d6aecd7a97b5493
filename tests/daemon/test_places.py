#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""What happens to the daemon's places and sources while it works."""

import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
import models
from harness import wait_until

WRAPPER = '''#!%s
# A worker that does something to its source, or to places, before it turns into the real one.
import json, os
request = json.loads(os.pread(0, 1 << 26, 0))
mark = os.path.join(%r, request['kind'])
if os.path.exists(mark + '.steps'):
    with open(mark, 'a+') as f:
        f.write('x')
    with open(mark + '.steps') as f:
        step, times = json.load(f)
    if os.path.getsize(mark) <= times:
        files = request['source']['files']
        exec(step, {'os': os, 'source': '/proc/self/fd/%%d' %% files[0]['fd']})
os.lseek(0, 0, 0)
os.execv(%r, [%r])
'''

# One byte of the last weight, whatever it was; the size stays.
WRITE = '''
with open(source, 'r+b') as f:
    f.seek(-4, 2)
    last = f.read(1)
    f.seek(-4, 2)
    f.write(bytes([last[0] ^ 1]))
'''


class Case(harness.DaemonTest):
    def drop(self, name, **kw):
        os.rename(self.d.aside(name, models.gguf(**kw)), self.d.path(name))

    def steps(self, kind, step, times=1):
        """Makes the first workers of this kind do so."""
        path = os.path.join(self.d.root, 'worker')
        real = harness.programs()['worker']
        with open(path, 'w') as f:
            f.write(WRAPPER % (sys.executable, self.d.side, real, real))
        os.chmod(path, 0o755)
        self.d.env['PARE_WORKER'] = path
        with open(os.path.join(self.d.side, kind + '.steps'), 'w') as f:
            json.dump([step, times], f)


class Changed(Case):
    """A source that is changed in place is converted again, and fails when that does not end."""

    options = ('--set', 'retries=2')

    def test_once(self):
        for kind in ('convert', 'verify'):
            with self.subTest(kind):
                self.steps(kind, WRITE)
                if not self.d.process:
                    self.start()
                self.drop(kind + '.gguf')
                name = kind + '-Q8_0.gguf'
                wait_until(lambda: name in self.d.outputs(), 30, name)
                manifest, = [m for m in map(harness.check_manifest, self.d.manifests())
                             if m['output']['name'] == name]
                done = self.d.path('done/%s.gguf' % kind)
                wait_until(lambda: os.path.exists(done))
                self.assertEqual(manifest['source']['digest'], harness.sha256(done))
        rows = self.d.query("SELECT kind, text FROM event WHERE kind = 'retry'")
        self.assertEqual(len(rows), 2)
        self.assertIn('was written while it was read', rows[0][1])

    def test_for_ever(self):
        self.steps('convert', WRITE, 99)
        self.start()
        self.drop('m.gguf')
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['failed'])
        self.assertEqual(self.d.outputs(), [])
        self.assertEqual(self.d.query('SELECT count(*) FROM model'), [(0,)])
        with open(self.d.path('failed/m.gguf.reason.txt')) as f:
            self.assertIn('convert it again when nobody writes it (changed)', f.read())

    def test_open_for_writing(self):
        path = self.d.aside('m.gguf', models.gguf())
        self.start()
        with open(path, 'r+b'):
            self.d.ask('submit', path=path)
            wait_until(lambda: self.d.query("SELECT 1 FROM event WHERE text LIKE "
                                            "'%is open for writing%'"))
        self.expect_one('m-Q8_0.gguf')


if __name__ == '__main__':
    harness.main()
