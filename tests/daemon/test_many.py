#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""A model of very many tensors: it costs its worker, not the daemon. PARE_TEST_MANY=1048576 takes
so many; by default they are fewer."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
from harness import wait_until

TENSORS = int(os.environ.get('PARE_TEST_MANY', 50000))
MAKE = os.path.join(harness.SOURCE, 'tests', 'bench', 'make_model.py')


class Many(harness.DaemonTest):
    def drop(self):
        path = self.d.aside('m.gguf', b'')
        subprocess.run([sys.executable, MAKE, path, str(32 * TENSORS), '--sparse', '--pieces',
                        str(TENSORS)], check=True)
        os.rename(path, self.d.path('m.gguf'))

    def count(self):
        return self.d.query('SELECT count(*) FROM tensor')[0][0]

    def check(self):
        manifest = self.expect_one('m-Q8_0.gguf', 300)
        self.assertEqual(len(manifest['tensors']), TENSORS)
        self.assertEqual(manifest['tensors'][-1]['elements'], 8)
        self.assertEqual(self.count(), TENSORS)
        with open(os.path.join(self.d.out, 'm-Q8_0.gguf.pare.md')) as f:
            report = f.read()
        self.assertLess(len(report), 20000)
        self.assertIn('There are %s tensors' % format(TENSORS, ',').replace(',', ' '), report)

    def test_daemon_stays_small_and_quick(self):
        self.start()
        self.d.ask('status', reset=True)
        self.drop()
        self.d.wait_done(1, 300)
        measured = self.d.ask('status')['measured']
        self.assertLess(measured['memory']['peak'], 64 << 20)
        # what one callback takes; the goal of 50 ms is for an idle machine
        slow = {h['name']: h['longest'] for h in measured['loop']['handlers'] if h['longest'] > 0.5}
        self.assertEqual(slow, {})
        self.check()

    def test_killed_while_rows_are_recorded(self):
        """A conversion is done with all of its rows, or not yet."""
        self.start()
        self.drop()
        wait_until(self.count, 120)
        self.d.kill()
        states = self.d.query('SELECT state FROM conversion')
        if self.count() < TENSORS:
            self.assertEqual(states, [('running',)])
        self.start()
        self.check()


if __name__ == '__main__':
    harness.main()
