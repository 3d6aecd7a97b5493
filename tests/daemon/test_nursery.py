#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""The nursery: workers come from it, and whatever becomes of it, jobs are done."""

import os
import shutil
import signal

import harness
import models
from harness import wait_until


def comm(pid):
    try:
        with open('/proc/%d/comm' % pid) as f:
            return f.read().strip()
    except OSError:
        return ''


class Case(harness.DaemonTest):
    def nurseries(self):
        return [p for p in harness.children_of(self.d.process.pid) if comm(p) == 'pare-nursery']

    def nursery(self, but=None):
        return wait_until(lambda: [p for p in self.nurseries() if p != but], 20, 'a nursery')[0]

    def convert(self, *names, **kw):
        before = len(self.d.states())
        for seed, name in enumerate(names):
            os.rename(self.d.aside(name, models.gguf(seed=before + seed, **kw)), self.d.path(name))
        self.d.wait_done(before + len(names))
        self.assertEqual(self.d.states(), ['done'] * (before + len(names)))

    def copies(self):
        """How many workers have come from a nursery, by the log."""
        with open(self.d.logfile) as f:
            return f.read().count('from the nursery')


class Nursery(Case):
    def test_workers_come_from_it(self):
        self.start()
        nursery = self.nursery()
        self.convert('a.gguf')  # the nursery may not have been ready for this one
        before = self.copies()
        self.convert('b.gguf', 'c.gguf')
        self.assertEqual(self.copies(), before + 6)  # probe, convert, verify
        self.assertEqual(self.nursery(), nursery)
        sandboxes = set(self.d.query('SELECT sandbox FROM job'))
        self.assertEqual(len(sandboxes), 1, sandboxes)  # the same from the nursery as without
        for manifest in self.d.manifests():
            harness.check_manifest(manifest)

    def test_killed(self):
        self.start()
        for i, name in enumerate(('a.gguf', 'b.gguf', 'c.gguf')):
            nursery = self.nursery()
            os.kill(nursery, signal.SIGKILL)
            self.convert(name)
            self.nursery(but=nursery)

    def test_hung(self):
        self.start()
        self.convert('a.gguf')
        nursery = self.nursery()
        os.kill(nursery, signal.SIGSTOP)
        self.convert('b.gguf')
        self.nursery(but=nursery)

    def test_script_instead_of_worker(self):
        path = os.path.join(self.d.root, 'script')
        with open(path, 'w') as f:
            f.write('#!/bin/sh\nexec %s\n' % os.path.abspath(harness.programs()['worker']))
        os.chmod(path, 0o755)
        self.d.env['PARE_WORKER'] = path
        self.start()
        self.convert('a.gguf')
        self.assertEqual(self.nurseries(), [])

    def test_crash_of_a_worker(self):
        """Copies have one layout of memory: after a crash there is another."""
        self.start()
        self.convert('a.gguf')
        nursery = self.nursery()
        os.rename(self.d.aside('b.gguf', models.gguf(rows=400000)), self.d.path('b.gguf'))

        def worker():
            return [p for p in harness.children_of(self.d.process.pid) if comm(p) == 'pare-worker'
                    and 'running' in self.d.states()]
        os.kill(wait_until(worker, 20, 'a worker')[0], signal.SIGSEGV)
        self.nursery(but=nursery)
        self.d.wait_done(2)
        self.assertEqual(self.d.states(), ['done', 'done'])


class Plugins(Case):
    def setUp(self):
        super().setUp()
        self.plugins = os.path.join(self.d.root, 'plugins')
        os.mkdir(self.plugins)
        built = os.environ.get('PARE_TEST_PLUGINS') or os.path.join(harness.BUILD, 'plugins')
        for name in os.listdir(built):
            if name.endswith('.so') and not name.startswith('example'):
                shutil.copy(os.path.join(built, name), self.plugins)
        self.d.env['PARE_PLUGINS'] = self.plugins

    def plugins_of(self, name):
        path = [m for m in self.d.manifests() if os.path.basename(m).startswith(name)][0]
        return {p['name'] for p in harness.check_manifest(path)['plugins']}

    def test_changed(self):
        """A plugin that comes, and one that is replaced, are seen by the next job."""
        self.start()
        self.convert('a.gguf')
        nursery = self.nursery()
        built = os.environ.get('PARE_TEST_PLUGINS') or os.path.join(harness.BUILD, 'plugins')
        shutil.copy(os.path.join(built, 'example-reader.so'), self.plugins)
        self.convert('b.gguf')
        self.assertEqual(len(self.plugins_of('b')), len(self.plugins_of('a')) + 1)
        nursery = self.nursery(but=nursery)
        self.convert('c.gguf')
        new = os.path.join(self.d.root, 'new.so')
        shutil.copy(os.path.join(self.plugins, 'float.so'), new)
        with open(new, 'ab') as f:
            f.write(b'\0')
        os.rename(new, os.path.join(self.plugins, 'float.so'))
        self.convert('d.gguf')
        self.nursery(but=nursery)
        manifests = [harness.check_manifest(m)['plugins'] for m in self.d.manifests()]
        digests = [{p['name']: p['sha256'] for p in m}['float'] for m in manifests]
        self.assertEqual(digests[0], digests[2])
        self.assertNotEqual(digests[0], digests[3])


if __name__ == '__main__':
    harness.main()
