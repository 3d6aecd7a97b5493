# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Runs the real pared on temporary directories and looks at what comes of it."""

import glob
import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = os.environ.get('PARE_BUILD') or (sys.argv[1] if len(sys.argv) > 1 else 'build')
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def programs():
    return {'pared': os.path.join(BUILD, 'core/daemon/pared'),
            'pare': os.path.join(BUILD, 'core/cli/pare'),
            'worker': os.environ.get('PARE_TEST_WORKER')
            or os.path.join(BUILD, 'core/worker/pare-worker')}


def environment():
    env = dict(os.environ)
    env.update(PARE_PLUGINS=os.environ.get('PARE_TEST_PLUGINS') or os.path.join(BUILD, 'plugins'),
               PARE_RECIPES=os.path.join(SOURCE, 'etc/recipes'),
               PARE_ARCHITECTURES=os.path.join(SOURCE, 'etc/architectures'),
               PARE_WORKER=programs()['worker'])
    env.pop('NOTIFY_SOCKET', None)
    env.pop('JOURNAL_STREAM', None)
    return env


def wait_until(condition, seconds=30, what='the condition'):
    """Polls; returns the condition's value, or raises."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError('not within %g s: %s' % (seconds, what))
        time.sleep(0.02)


def children_of(pid):
    """The processes that pid has started, by number."""
    found = []
    for path in glob.glob('/proc/[0-9]*/stat'):
        try:
            with open(path) as f:
                stat = f.read()
        except OSError:
            continue  # it has ended meanwhile
        if int(stat.rpartition(')')[2].split()[1]) == pid:
            found.append(int(path.split('/')[2]))
    return found


def sha256(path):
    digest = hashlib.sha256()
    with open(path, 'rb') as f:
        for block in iter(lambda: f.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()


def check_manifest(path):
    """Raises unless the output beside this manifest is exactly what the manifest says."""
    with open(path, 'rb') as f:
        manifest = json.loads(f.read())
    output = manifest['output']
    base = path[:-len('.pare.json')]
    assert os.path.basename(base) == output['name'], (path, output['name'])
    assert os.path.exists(base + '.pare.md'), base
    for entry in output['files']:
        name = os.path.join(base, entry['name']) if output['folder'] else base
        assert os.path.getsize(name) == entry['bytes'], name
        assert sha256(name) == entry['sha256'], name
    return manifest


class Daemon:
    """One pared on directories of its own, which outlive the process (see start, kill)."""

    def __init__(self, targets=('gguf:q8_0',), options=(), root=None):
        self.root = root or tempfile.mkdtemp(prefix='pared-test-')
        self.owned = root is None
        self.drop = os.path.join(self.root, 'drop')
        self.out = os.path.join(self.root, 'out')
        self.side = os.path.join(self.root, 'side')
        self.catalog = os.path.join(self.root, 'catalog.db')
        self.socket = os.path.join(self.root, 'pared.sock')
        self.logfile = os.path.join(self.root, 'log')
        self.targets, self.options = list(targets), list(options)
        self.env = environment()
        self.process = None
        for path in (self.drop, self.out, self.side):
            os.makedirs(path, exist_ok=True)

    def command(self):
        command = [programs()['pared'], '--drop', self.drop, '--out', self.out, '--catalog',
                   self.catalog, '--settle', '0.3', '--log-level', 'debug',
                   '--set', 'backoff=0.2', '--set', 'min_free=0']
        for target in self.targets:
            command += ['--to', target]
        return command + self.options

    def start(self, wait=True):
        with open(self.logfile, 'ab') as log:
            self.process = subprocess.Popen(self.command(), env=self.env, stderr=log, stdout=log,
                                            stdin=subprocess.DEVNULL)
        if wait:
            wait_until(self.answers, 20, 'pared answers\n' + self.log())
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError('pared ended with %s\n%s' % (self.process.returncode, self.log()))
        try:
            return self.ask('status')['ok']
        except OSError:
            return False

    def ask(self, command, **fields):
        return self.ask_showing([], command, **fields)

    def ask_showing(self, files, command, **fields):
        """A request with open descriptors of files."""
        fds = [os.open(file, os.O_RDONLY) for file in files]
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(20)
                s.connect(self.socket)
                line = json.dumps(dict(fields, command=command)).encode() + b'\n'
                for i in range(0, len(fds), 200):
                    socket.send_fds(s, [line[:1]], fds[i:i + 200])
                    line = line[1:]
                s.sendall(line)
                return json.loads(s.makefile().readline())
        finally:
            for fd in fds:
                os.close(fd)

    def submit(self, path, **fields):
        """As `pare submit`: shows all that lies at the path, or for a file beside it."""
        top = path if os.path.isdir(path) else os.path.dirname(path)
        files = [os.path.join(d, name) for d, _, names in os.walk(top) for name in names]
        return self.ask_showing(files, 'submit', path=path, **fields)

    def stop(self, seconds=10):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(seconds)
        return self.process.returncode if self.process else None

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def close(self):
        self.kill()
        if self.owned:
            shutil.rmtree(self.root, ignore_errors=True)

    def log(self):
        try:
            with open(self.logfile, errors='replace') as f:
                return f.read()[-6000:]
        except FileNotFoundError:
            return ''

    # -- what it did

    def query(self, sql, *parameters):
        try:
            with sqlite3.connect('file:%s?mode=ro' % self.catalog, uri=True, timeout=10) as db:
                return db.execute(sql, parameters).fetchall()
        except sqlite3.OperationalError:
            return []

    def jobs(self):
        """[(name, state)] in the order of arrival."""
        return self.query('SELECT name, state FROM job ORDER BY id')

    def states(self):
        return [state for _, state in self.jobs()]

    def manifests(self):
        return sorted(glob.glob(os.path.join(self.out, '*.pare.json')))

    def outputs(self):
        return [os.path.basename(m)[:-len('.pare.json')] for m in self.manifests()]

    def wait_done(self, n, seconds=60):
        """Waits until n jobs have ended and their sources are put away."""
        def ended():
            states = self.states()
            return (len([s for s in states if s in ('done', 'failed', 'cancelled')]) >= n
                    and not os.listdir(os.path.join(self.drop, '.pare/claimed')))
        try:
            wait_until(ended, seconds, '%d jobs end' % n)
        except AssertionError as e:
            raise AssertionError('%s: %s\n%s' % (e, self.jobs(), self.log()))

    def arriving(self):
        return {a['name']: a['reason'] for a in self.ask('status')['arriving']}

    def path(self, name):
        return os.path.join(self.drop, name)

    def aside(self, name, data):
        """Writes a file on the same file system, outside of the drop directory."""
        path = os.path.join(self.side, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(data)
        return path


class DaemonTest(unittest.TestCase):
    """A test with one daemon; on failure its log is shown."""

    targets = ('gguf:q8_0',)
    options = ()

    def setUp(self):
        self.d = Daemon(self.targets, self.options)
        self.addCleanup(self.d.close)

    def start(self):
        return self.d.start()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before and hasattr(self, 'd'):
            sys.stderr.write('--- log of %s\n%s\n' % (self.id(), self.d_log))

    def tearDown(self):
        running = self.d.process and self.d.process.poll() is None
        status = self.d.stop() if running else 0
        self.d_log = self.d.log()
        self.assertEqual(status, 0, 'it did not stop well')

    def expect_one(self, output, seconds=60):
        """One job, done, with exactly this output, which is what its manifest says."""
        self.d.wait_done(1, seconds)
        self.assertEqual(self.d.states(), ['done'])
        self.assertEqual(self.d.outputs(), [output])
        manifest = check_manifest(self.d.manifests()[0])
        rows = self.d.query("SELECT state FROM conversion")
        self.assertEqual(rows, [('done',)])
        return manifest


def main():
    """Runs the tests of the calling script; the first argument is the build directory."""
    if len(sys.argv) > 1 and not sys.argv[1].startswith('-'):
        sys.argv.pop(1)
    missing = [p for n, p in programs().items() if n != 'pare' and not os.path.exists(p)]
    if missing:
        print('skipped: not built:', ', '.join(missing))
        sys.exit(77)
    unittest.main(verbosity=2)
