#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Workers that a hostile model has taken over, against the real daemon: floods of lines, endless
signs of life, files without end, outputs that are programs. Each costs its own job; the daemon
stays small and quick, the disk stays free, the next model is converted."""

import glob
import os
import sqlite3
import stat
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
import models
from harness import wait_until

FILES = 300000 if os.environ.get('PARE_TEST_ALL') else 20000

WORKER = '''#!%s
# Does what the model's name says when it is to convert it (or probe it, "probe-..."), and else is
# the real worker, whose answer it may change.
import json, os, subprocess, sys, time
request = json.loads(os.pread(0, 1 << 26, 0))
name = request.get('source', {}).get('name', '')
kind = request['kind']
words = name.split('-')
tries = os.path.join(%r, name + '.' + kind)
real = %r

def tried():
    with open(tries, 'a') as f:
        f.write('x')

def say(event, **fields):
    print(json.dumps(dict({'event': event}, **fields)), flush=True)

def flood(line):
    end, i, n = time.monotonic() + 30, 0, 1 if len(line) > 1000 else 50
    while time.monotonic() < end:
        for i in range(i, i + n):
            sys.stdout.buffer.write((line %% i if b'%%d' in line else line) + b'\\n')

FLOODS = {
    'wide': b'{"event":"model","metadata":[' + b'{},' * 250000 + b'{}]}',
    'source': b'{"event":"source","census":[' + b'{},' * 250000 + b'{}]}',
    'text': b'{"event":"warning","text":"' + b'x' * 200000 + b'"}',
    'warnings': b'{"event":"warning","text":"number %%d"}',
    'beats': b'{"event":"progress","done":%%d,"total":1000000000,"stage":"convert"}',
    'junk': b'x' * 65536,
}

def work_dir(index=0):
    os.mkdir(str(index), dir_fd=request['staging'])
    return os.open(str(index), os.O_RDONLY | os.O_DIRECTORY, dir_fd=request['staging'])

def act(word):
    if word in FLOODS:
        flood(FLOODS[word])
    if word == 'noise':
        while True:
            os.write(2, b'x' * 65536)
    if word == 'same':
        while True:
            say('progress', done=1, total=2, stage='convert')
            time.sleep(0.1)
    if word == 'nospace':
        say('error', code='space', text='the disk is full')
        sys.exit(1)
    if word == 'plan':
        say('layout', bytes=10 ** 12, files=1)
        time.sleep(60)
    if word == 'dies':
        sys.exit(1)
    if word == 'big':
        fd = os.open('x', os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=work_dir())
        while True:
            os.write(fd, b'x' * (1 << 20))
    if word == 'many':
        here, i = work_dir(), 0
        while True:
            os.close(os.open(str(i), os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=here))
            i += 1
            if i %% 100 == 0:
                say('progress', done=i, total=0, stage='convert')
    if word == 'heap':
        here, i = work_dir(), 0
        while True:
            fd = os.open(str(i), os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=here)
            os.write(fd, b'x' * (1 << 20))
            os.close(fd)
            i += 1
    if word == 'threads':
        import threading
        for i in range(2000):
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            if i %% 100 == 0:
                say('progress', done=i, total=2000, stage='convert')
        time.sleep(60)

def change(word):
    """Lets the real worker work and alters what it made and says."""
    stage = request['staging']
    fds = [f['fd'] for f in request['source']['files']] + [stage]
    lines = subprocess.run([real], input=json.dumps(request).encode(), stdout=subprocess.PIPE,
                           pass_fds=fds).stdout.decode().splitlines()
    for line in lines:
        line = json.loads(line)
        if line['event'] == 'target':
            here = os.open('0', os.O_RDONLY | os.O_DIRECTORY, dir_fd=stage)
            if word == 'setuid':
                os.chmod(line['output'], 0o6755, dir_fd=here)
            if word == 'ending':
                new = line['stem'] + '.desktop'
                os.rename(line['output'], new, src_dir_fd=here, dst_dir_fd=here)
                line['output'] = line['files'][0]['name'] = new
            if word == 'digest':
                line['files'][0]['sha256'] = '../../etc/passwd'
            if word == 'figure':
                line['accuracy']['rmse'] = -1
        print(json.dumps(line), flush=True)
    sys.exit(0)

if words[0] == kind:
    tried()
    if words[1] in ('setuid', 'ending', 'digest', 'figure'):
        change(words[1])
    act(words[1])
os.lseek(0, 0, 0)
os.execv(real, [real])
'''


class Case(harness.DaemonTest):
    options = ('--set', 'heartbeat=2', '--set', 'retries=1', '--jobs', '2')

    def setUp(self):
        super().setUp()
        path = os.path.join(self.d.root, 'worker')
        with open(path, 'w') as f:
            f.write(WORKER % (sys.executable, self.d.side, harness.programs()['worker']))
        os.chmod(path, 0o755)
        self.d.env['PARE_WORKER'] = path

    def drop(self, name):
        os.rename(self.d.aside(name, models.gguf()), self.d.path(name))

    def tries(self, name, kind='convert'):
        try:
            return os.path.getsize(os.path.join(self.d.side, '%s.%s' % (name, kind)))
        except FileNotFoundError:
            return 0

    def error(self, name):
        rows = self.d.query('SELECT error_text FROM job WHERE name = ?', name)
        return rows[0][0] if rows else None

    def expect_failures(self, expected, seconds=120):
        """Drops models of these names and one that is good; only that is converted. The texts are
        part of the errors."""
        for name in expected:
            self.drop(name + '.gguf')
        self.expect_failures_of(expected, seconds)

    def expect_failures_of(self, expected, seconds=120):
        self.drop('good.gguf')
        self.d.wait_done(len(expected) + 1, seconds)
        states = dict(self.d.jobs())
        self.assertEqual(states.pop('good'), 'done')
        self.assertEqual(set(states.values()), {'failed'}, states)
        for name, text in expected.items():
            self.assertIn(text, self.error(name), name)
            self.assertTrue(os.path.exists(self.d.path('failed/%s.gguf' % name)), name)
        self.assertEqual(self.d.outputs(), ['good-Q8_0.gguf'])
        self.assertFalse(os.path.exists(os.path.join(self.d.out, '.pare/staging')))


class Floods(Case):
    def test_lines(self):
        self.d.start()
        before = self.d.ask('status', reset=True)['measured']['memory']['now']
        self.expect_failures({
            'probe-wide': 'too long',
            'probe-source': 'too much memory',
            'probe-junk': 'not a JSON object',
            'convert-source': 'too much memory',
            'convert-text': 'too long',
            'convert-warnings': 'too many lines of a kind (`warning`)',
            'convert-beats': 'too many lines of a kind (`progress`)',
            'convert-junk': 'not a JSON object',
            'convert-noise': 'too much to its standard error',
            'convert-same': 'no sign of life',
        })
        measured = self.d.ask('status')['measured']
        self.assertLess(measured['memory']['peak'] - before, 24 << 20)
        self.assertLess(measured['loop']['longest'], 0.5, measured['loop'])
        self.assertEqual(self.tries('convert-same'), 2)


class Outputs(Case):
    def test_changed(self):
        self.d.start()
        self.expect_failures({
            'convert-ending': 'not "convert-ending-Q8_0.gguf"',
            'convert-digest': '`sha256` is not a SHA-256',
            'convert-figure': '`rmse` is -1',
        })

    def test_modes(self):
        self.d.start()
        self.drop('convert-setuid.gguf')
        self.expect_one('convert-setuid-Q8_0.gguf')
        mode = os.stat(os.path.join(self.d.out, 'convert-setuid-Q8_0.gguf')).st_mode
        self.assertEqual(stat.S_IMODE(mode) & 0o7133, 0)


class Greed(Case):
    def test_disk_and_threads(self):
        """A file without end stops at the limit of the process, others at a look from outside."""
        self.d.start()
        most = [0]
        free = os.statvfs(self.d.out)

        def used():
            total = 0
            for root, _, names in os.walk(os.path.join(self.d.out, '.pare')):
                for name in names:
                    try:
                        total += os.lstat(os.path.join(root, name)).st_blocks * 512
                    except OSError:
                        pass
            most[0] = max(most[0], total)
            return False
        for name in ('big', 'heap', 'many', 'threads'):
            self.drop('convert-%s.gguf' % name)
        end = time.monotonic() + 60
        while time.monotonic() < end and self.d.states().count('failed') < 4:
            used()
            time.sleep(0.1)
        self.expect_failures_of({
            'convert-big': ' ', # one or the other limit
            'convert-heap': 'bytes, more than the',
            'convert-many': 'more files than the',
            'convert-threads': 'threads',
        })
        self.assertLess(most[0], 2 << 30)
        self.assertEqual([self.tries('convert-' + n) for n in ('heap', 'many', 'threads')],
                         [1, 1, 1])
        wait_until(lambda: not glob.glob(os.path.join(self.d.out, '.pare/*/*')), 30)
        self.assertGreater(os.statvfs(self.d.out).f_bavail, free.f_bavail - (1 << 15))
        measured = self.d.ask('status')['measured']
        self.assertLess(measured['loop']['longest'], 0.5, measured['loop'])

    def test_plan(self):
        self.d.start()
        self.expect_failures({'convert-plan': 'plans 1000000000000 bytes'})
        self.assertEqual(self.tries('convert-plan'), 1)


class Left(Case):
    def test_many_files_in_staging(self):
        """They are removed while the daemon serves, in small pieces, and nobody waits for them."""
        left = os.path.join(self.d.out, '.pare/staging/20260101T000000-aaaaaa/work/0')
        os.makedirs(left)
        for path in (os.path.join(self.d.out, '.pare'), os.path.join(self.d.out, '.pare/staging')):
            os.chmod(path, 0o700)
        for i in range(FILES):
            os.close(os.open(os.path.join(left, str(i)), os.O_WRONLY | os.O_CREAT))
        self.d.start()
        self.drop('good.gguf')
        self.expect_one('good-Q8_0.gguf')
        wait_until(lambda: not os.path.exists(os.path.join(self.d.out, '.pare/staging')), 60)
        measured = self.d.ask('status')['measured']
        self.assertLess(measured['loop']['longest'], 0.5, measured['loop'])


class Repeated(Case):
    def test_says_that_the_disk_is_full(self):
        """It is not, and there is room for any output: that is a fault as others."""
        self.d.start()
        self.expect_failures({'convert-nospace': 'the disk is full'})
        self.assertEqual(self.tries('convert-nospace'), 2)

    def test_catalog_does_not_take_the_end(self):
        """The job has ended, and only its record waits: nothing runs again, and no other job."""
        self.d.start()
        self.drop('convert-dies.gguf')
        wait_until(lambda: self.tries('convert-dies') == 1)
        with sqlite3.connect(self.d.catalog, isolation_level=None) as db:
            db.execute('BEGIN IMMEDIATE')
            wait_until(lambda: 'cannot be recorded' in self.d.log(), 30)
            time.sleep(1)
            self.assertEqual(self.tries('convert-dies'), 1)
            db.execute('ROLLBACK')
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['failed'])
        self.assertEqual(self.tries('convert-dies'), 2)
        self.assertEqual(self.d.query('SELECT attempts FROM job'), [(2,)])


harness.main()
