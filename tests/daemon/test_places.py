#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""What happens to the daemon's places and sources while it works."""

import json
import os
import shutil
import subprocess
import sys
import time
import unittest

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
            self.assertTrue(self.d.submit(path)['ok'])
            wait_until(lambda: self.d.query("SELECT 1 FROM event WHERE text LIKE "
                                            "'%is open for writing%'"))
        self.expect_one('m-Q8_0.gguf')


def is_root():
    return os.geteuid() == 0


def can_mount():
    return is_root() and subprocess.run(['unshare', '-m', 'true'], check=False).returncode == 0


class Out(Case):
    """Where outputs go, while a job runs: `slow` stops the worker until the test goes on."""

    def setUp(self):
        super().setUp()
        self.go = os.path.join(self.d.root, 'go')
        self.steps('convert', 'import time\nwhile not os.path.exists(%r): time.sleep(0.02)'
                   % self.go, 99)

    def release(self):
        with open(self.go, 'w'):
            pass

    def held(self):
        return self.d.ask('status')['held']

    def begin(self, name='m.gguf'):
        if not self.d.process:
            self.start()
        self.drop(name)
        self.wait_running()

    def wait_running(self):
        wait_until(lambda: 'running' in self.d.states(), 20, 'a job runs')

    def test_moved_away_and_back(self):
        self.begin()
        os.rename(self.d.out, self.d.out + '.old')
        self.release()
        text = wait_until(self.held, 5, 'the jobs are held')
        self.assertIn(self.d.out + ' is gone', text)
        self.drop('n.gguf')
        time.sleep(1.5)
        self.assertEqual(self.d.states(), ['running', 'queued'])
        self.assertIn('is gone', self.pare_status())
        os.rename(self.d.out + '.old', self.d.out)
        self.d.wait_done(2)
        self.assertEqual(self.d.states(), ['done', 'done'])
        self.assertIsNone(self.held())
        self.assert_recorded(['m-Q8_0.gguf', 'n-Q8_0.gguf'])
        self.assertEqual(self.d.query("SELECT count(*) FROM event WHERE kind = 'retry'"), [(0,)])

    def pare_status(self):
        return subprocess.run([harness.programs()['pare'], 'status', '--socket', self.d.socket],
                              capture_output=True, text=True, check=True, timeout=20).stdout

    def assert_recorded(self, names):
        """What the catalog calls done is there."""
        self.assertEqual(self.d.outputs(), names)
        for path, in self.d.query("SELECT output_path FROM conversion WHERE state = 'done'"):
            self.assertTrue(os.path.exists(path), path)
        for manifest in self.d.manifests():
            harness.check_manifest(manifest)

    def test_moved_away_and_remade(self):
        self.begin()
        os.rename(self.d.out, self.d.out + '.old')
        os.mkdir(self.d.out)
        self.release()
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['done'])
        self.assert_recorded(['m-Q8_0.gguf'])
        self.assertEqual([n for n in os.listdir(self.d.out + '.old') if n != '.pare'], [])
        self.assertTrue(os.path.exists(self.d.path('done/m.gguf')))

    def test_removed_and_remade(self):
        self.begin()
        shutil.rmtree(self.d.out)
        wait_until(self.held, 5)
        self.release()
        os.mkdir(self.d.out)
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['done'])
        self.assert_recorded(['m-Q8_0.gguf'])

    @unittest.skipUnless(can_mount(), 'mounts need root')
    def test_mounted_over_and_unmounted(self):
        self.begin()
        other = os.path.join(self.d.root, 'other')
        os.mkdir(other)
        subprocess.run(['mount', '--bind', other, self.d.out], check=True)
        self.addCleanup(subprocess.run, ['umount', '-l', self.d.out], check=False)
        self.release()
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['done'])
        self.assert_recorded(['m-Q8_0.gguf'])
        subprocess.run(['umount', '-l', self.d.out], check=True)
        self.assertIn('is gone', wait_until(self.held, 5))
        self.drop('n.gguf')
        wait_until(lambda: len(self.d.states()) == 2)
        time.sleep(1.5)
        self.assertEqual(self.d.states()[1], 'queued')
        subprocess.run(['mount', '--bind', other, self.d.out], check=True)
        self.d.wait_done(2)
        self.assert_recorded(['m-Q8_0.gguf', 'n-Q8_0.gguf'])

    def forbid(self, forbidden):
        """For root, the attribute `immutable` does what a mode does for others."""
        if not is_root():
            os.chmod(self.d.out, 0o555 if forbidden else 0o755)
        elif subprocess.run(['chattr', '+i' if forbidden else '-i', self.d.out],
                            stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest('this file system knows no immutable directories')

    def test_not_writable(self):
        self.begin()
        for name in ('n.gguf', 'o.gguf'):
            self.drop(name)
        self.forbid(True)
        self.addCleanup(self.forbid, False)
        self.release()
        self.assertIn('cannot be written', wait_until(self.held, 8))
        time.sleep(1.5)
        self.assertEqual(os.listdir(self.d.path('failed')), [])
        self.forbid(False)
        self.d.wait_done(3)
        self.assertEqual(self.d.states(), ['done'] * 3)
        self.assert_recorded(['m-Q8_0.gguf', 'n-Q8_0.gguf', 'o-Q8_0.gguf'])

    def test_disk_that_fails_now_and_then(self):
        """A worker that could not write, where others can: its model is not to blame."""
        self.d.options = ['--set', 'retries=2']
        self.steps('convert', """
print('{"event": "error", "code": "place", "text": "cannot write: Input/output error"}')
raise SystemExit(1)
""", 5)
        self.start()
        self.drop('m.gguf')
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['done'])
        self.assertEqual(self.d.query('SELECT attempts FROM job'), [(6,)])

    def test_staging_that_cannot_be_made(self):
        """A file where the daemon's folder should be: not the fault of any model."""
        self.release()
        self.start()
        hidden = os.path.join(self.d.out, '.pare')
        os.rename(hidden, hidden + '2')
        with open(hidden, 'w'):
            pass
        for i in range(3):
            self.drop('m%d.gguf' % i)
        self.assertIn('cannot be written', wait_until(self.held, 20))
        time.sleep(1.5)
        self.assertEqual(set(self.d.states()), {'queued'})
        os.unlink(hidden)
        os.rename(hidden + '2', hidden)
        self.d.wait_done(3)
        self.assertEqual(self.d.states(), ['done'] * 3)


class Ends(Case):
    """The other places."""

    @unittest.skipUnless(can_mount(), 'mounts need root')
    def test_folder_of_a_target_is_mounted_over(self):
        self.start()
        os.mkdir(self.d.path('gguf-f16'))
        other = os.path.join(self.d.root, 'other')
        os.mkdir(other)
        with open(os.path.join(other, 'm.gguf'), 'wb') as f:
            f.write(models.gguf())
        time.sleep(0.5)
        begin = time.monotonic()
        subprocess.run(['mount', '--bind', other, self.d.path('gguf-f16')], check=True)
        self.addCleanup(subprocess.run, ['umount', '-l', self.d.path('gguf-f16')], check=False)
        wait_until(lambda: 'gguf-f16/m.gguf' in self.d.arriving(), 10)
        self.assertLess(time.monotonic() - begin, 5)

    def test_done_and_failed_are_removed(self):
        self.start()
        for name in ('done', 'failed'):
            os.rmdir(self.d.path(name))
        self.drop('m.gguf')
        self.d.wait_done(1)
        self.assertTrue(wait_until(lambda: os.path.exists(self.d.path('done/m.gguf')), 10))

    def test_catalog_is_removed(self):
        self.start()
        self.drop('m.gguf')
        self.d.wait_done(1)
        for ending in ('', '-wal', '-shm'):
            if os.path.exists(self.d.catalog + ending):
                os.unlink(self.d.catalog + ending)
        wait_until(lambda: self.d.states() == ['done'], 10, 'the catalog is made anew')

    def test_drop_is_removed_and_remade(self):
        self.start()
        shutil.rmtree(self.d.drop)
        begin = time.monotonic()
        os.mkdir(self.d.drop)
        wait_until(lambda: os.path.exists(self.d.path('.pare/claimed')), 20)
        self.assertLess(time.monotonic() - begin, 5)
        self.drop('m.gguf')
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['done'])

    @unittest.skipUnless(can_mount(), 'mounts need root')
    def test_full_drop_directory(self):
        """Claims that fail for want of inodes leave nothing behind."""
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=8m,nr_inodes=40', 'none', self.d.drop],
                       check=True)
        self.addCleanup(subprocess.run, ['umount', '-l', self.d.drop], check=False)
        self.start()
        for left in range(4):
            with open(self.d.path('.m'), 'wb') as f:
                f.write(models.gguf())
            fillers = []
            while os.statvfs(self.d.drop).f_ffree > left:
                fillers.append(self.d.path('.filler%d' % len(fillers)))
                with open(fillers[-1], 'w'):
                    pass
            os.rename(self.d.path('.m'), self.d.path('m%d.gguf' % left))
            if left < 3: # a folder, one in it, a ticket
                wait_until(lambda: any('No space' in reason or 'cannot create' in reason
                                       for reason in self.d.arriving().values()))
                time.sleep(1)
                self.assertEqual(os.listdir(self.d.path('.pare/claimed')), [])
            for filler in fillers:
                os.unlink(filler)
            self.d.wait_done(left + 1)

    @unittest.skipUnless(can_mount(), 'mounts need root')
    def test_drop_is_mounted_over(self):
        self.start()
        other = os.path.join(self.d.root, 'other')
        os.mkdir(other)
        subprocess.run(['mount', '--bind', other, self.d.drop], check=True)
        self.addCleanup(subprocess.run, ['umount', '-l', self.d.drop], check=False)
        wait_until(lambda: os.path.exists(self.d.path('.pare/claimed')), 5)
        with open(self.d.path('m.gguf'), 'wb') as f:
            f.write(models.gguf())
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['done'])


if __name__ == '__main__':
    harness.main()
