#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""A flood of models while the kernel's queue of events is far too short: none is lost, none is made
twice. PARE_FLOOD=N: so many models (10000 before a release); PARE_FLOOD_QUEUE: the queue's length
(16), which root alone can set, for the moment in which pared makes its queue.
"""
import contextlib
import fcntl
import os
import signal
import sys
import tempfile
import time
import unittest

import harness

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'bench'))
import flood  # pylint: disable=wrong-import-position

LENGTH = '/proc/sys/fs/inotify/max_queued_events'


@contextlib.contextmanager
def short_queue(length):
    """Yields 1 while the setting holds, 0 where it cannot be set. One test at a time has it."""
    with open(os.path.join(tempfile.gettempdir(), 'pare-inotify.lock'), 'a') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            with open(LENGTH) as f:
                before = f.read()
            with open(LENGTH, 'w') as f:
                f.write(length)
        except OSError:
            yield 0
            return
        try:
            yield 1
        finally:
            with open(LENGTH, 'w') as f:
                f.write(before)


class Flood(unittest.TestCase):
    def test_short_queue(self):
        number = int(os.environ.get('PARE_FLOOD', '150'))
        with tempfile.TemporaryDirectory(prefix='pared-flood-') as root:
            run = flood.Flood(harness.BUILD, number, root)
            self.addCleanup(run.daemon.close)
            with short_queue(os.environ.get('PARE_FLOOD_QUEUE', '16')) as is_short:
                run.daemon.start()
            run.daemon.ask('pause')
            start = time.monotonic()
            run.daemon.process.send_signal(signal.SIGSTOP)  # it may be fast enough
            run.drop()
            run.daemon.process.send_signal(signal.SIGCONT)
            run.wait(lambda jobs, done: jobs == number)
            queued = time.monotonic()
            run.daemon.ask('resume')
            run.wait(lambda jobs, done: done == number)
            done = time.monotonic()
            overflows = run.daemon.query("SELECT count(*) FROM event WHERE kind = 'overflow'")[0][0]
            run.daemon.stop(60)
            flood.check(run.daemon, number)
            print('%d models, %d overflows: %.0f/s queued, %.0f/s converted' %
                  (number, overflows, number / (queued - start), number / (done - queued)))
            self.assertTrue(overflows > 0 or not is_short, 'the queue was long enough')


if __name__ == '__main__':
    harness.main()
