#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""What has not arrived yet is not taken: marks that downloaders leave, beside and below models."""

import fcntl
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
import models
from harness import wait_until


class Downloads(harness.DaemonTest):
    def setUp(self):
        super().setUp()
        self.start()

    def put(self, name, data=b'x'):
        """Makes a file of the drop directory whole at once."""
        path = self.d.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.rename(self.d.aside('put', data), path)
        return path

    def put_folder(self, name):
        files = {'model.safetensors': models.safetensors(), 'm.pare': models.PLAIN}
        for file, data in files.items():
            self.d.aside('%s/%s' % (name, file), data)

    def drop_folder(self, name):
        os.rename(os.path.join(self.d.side, name), self.d.path(name))

    def expect_waiting(self, reasons, seconds=1.2):
        """Nothing is taken, and of each of these it is said why, at least in part."""
        wait_until(lambda: set(reasons) <= set(self.d.arriving()), 10)
        time.sleep(seconds)
        self.assertEqual(self.d.jobs(), [])
        arriving = self.d.arriving()
        for name, reason in reasons.items():
            self.assertIn(reason, arriving[name])

    def test_counters_beside_files(self):
        counters = ['.aria2', '.st', '.lftp-pget-status', '.downloading', '.unfinished']
        for i, counter in enumerate(counters):
            self.put('m%d.gguf%s' % (i, counter))
            self.put('m%d.gguf' % i, models.gguf(seed=i))
        self.expect_waiting({'m%d.gguf' % i: 'm%d.gguf%s' % (i, c)
                             for i, c in enumerate(counters)})
        for i, counter in enumerate(counters):
            os.unlink(self.d.path('m%d.gguf%s' % (i, counter)))
        self.d.wait_done(len(counters))
        self.assertEqual(set(self.d.states()), {'done'})

    def test_counter_beside_a_shard(self):
        self.put('m-00002-of-00003.gguf.aria2')
        for ending, data in models.gguf_split().items():
            self.put('m' + ending, data)
        self.expect_waiting({'m-*-of-00003.gguf': 'm-00002-of-00003.gguf.aria2'})
        os.unlink(self.d.path('m-00002-of-00003.gguf.aria2'))
        self.expect_one('m-Q8_0.gguf')

    def test_names(self):
        names = ['m.gguf' + e for e in ('.!qB', '.bc!', '.xltd', '.td', '.fdmdownload', '.bts',
                                        '.downloading', '.unfinished', '.!sync', '.6Ad3bF12')]
        for name in names:
            self.put(name, models.gguf())
        self.expect_waiting({name: 'unfinished name' for name in names})

    def test_lock(self):
        with open(self.put('m.gguf.lock'), 'w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.put('m.gguf', models.gguf())
            self.expect_waiting({'m.gguf': 'm.gguf.lock is locked by a process'})
        self.expect_one('m-Q8_0.gguf')  # the lock file is still there
        self.assertTrue(os.path.exists(self.d.path('m.gguf.lock')))

    def test_folders(self):
        below = {'hf': '.cache/huggingface/download/0a.6d02.incomplete',
                 'ms': '._____temp/other.safetensors', 'git': '.git/lfs/incomplete/0a1b',
                 'aria': 'model.safetensors.aria2', 'rsync': '.config.json.Ab12Cd'}
        for name, mark in below.items():
            self.put_folder(name)
            self.d.aside('%s/%s' % (name, mark), b'x')
            self.drop_folder(name)
        self.put('beside.aria2')
        self.put_folder('beside')
        self.drop_folder('beside')
        expected = {name: os.path.basename(mark) for name, mark in below.items()}
        self.expect_waiting(dict(expected, beside='beside.aria2'))
        for name, mark in below.items():
            os.unlink(self.d.path('%s/%s' % (name, mark)))
        os.unlink(self.d.path('beside.aria2'))
        self.d.wait_done(6)
        self.assertEqual(set(self.d.states()), {'done'})

    def test_written_far_below(self):
        """A file that grows below a hidden folder, and a lock that is left."""
        self.put_folder('m')
        self.d.aside('m/.cache/huggingface/download/a/config.json.lock', b'')
        growing = self.d.aside('m/.cache/huggingface/download/a/whatever', b'x')
        with open(growing, 'ab'):
            self.drop_folder('m')
            self.expect_waiting({'m': 'being written'})
        self.expect_one('m-Q8_0.gguf')


if __name__ == '__main__':
    harness.main()
