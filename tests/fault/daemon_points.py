#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Stops pared at every system call that changes something, or lets that call fail, once.

Usage: daemon_points.py BUILD [POINTS | all]

One model is converted under strace; the trace gives the points (call, occurrence). In a trial a
fresh pared is killed, or gets an error, at one point; then another one runs undisturbed. In the end
the model must have been converted exactly once to each target and lie in done/, or, only after an
error, lie in failed/ with its reason. POINTS (default 40) are spread evenly over all there are.
"""

import collections
import os
import re
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                'daemon'))
import harness
import models

CALLS = ('openat', 'write', 'pwrite64', 'ftruncate', 'fsync', 'fdatasync', 'mkdir', 'mkdirat',
         'renameat', 'renameat2', 'unlink', 'unlinkat', 'clone', 'pipe2', 'memfd_create')
ERRORS = {'openat': 'EMFILE', 'write': 'ENOSPC', 'pwrite64': 'ENOSPC', 'mkdir': 'ENOSPC',
          'mkdirat': 'ENOSPC', 'clone': 'EAGAIN', 'pipe2': 'EMFILE', 'memfd_create': 'ENOMEM'}


class Trial:
    def __init__(self, strace_options, trace):
        self.d = harness.Daemon(('gguf:q8_0', 'gguf:q4_k_m'))
        plain = self.d.command
        self.d.command = lambda: ['strace', '-qq', '-o', trace] + strace_options + plain()
        os.rename(self.d.aside('m.gguf', models.gguf()), self.d.path('m.gguf'))
        self.d.start(wait=False)
        self.plain = plain

    def settled(self):
        hidden = os.path.join(self.d.drop, '.pare/claimed')
        return any(os.path.exists(self.d.path(p)) for p in ('done/m.gguf', 'failed/m.gguf')) \
            and not os.listdir(hidden)

    def wait(self, seconds):
        """Until pared ended or the model is put away."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.d.process.poll() is None and not self.settled():
            time.sleep(0.01)

    def stop_traced(self):
        """Ends pared itself, not strace."""
        try:
            with open('/proc/%d/task/%d/children' % ((self.d.process.pid,) * 2)) as f:
                for pid in f.read().split():
                    os.kill(int(pid), 9)
        except OSError:
            pass
        self.d.process.wait()

    def run_undisturbed(self):
        self.d.command = self.plain
        self.d.start()
        self.wait(30)
        time.sleep(0.05)
        return self.d.stop()

    def verdict(self, may_fail):
        """What is wrong, as a text; '' when nothing is."""
        done, failed = (os.path.exists(self.d.path(p)) for p in ('done/m.gguf', 'failed/m.gguf'))
        if failed and may_fail and not done:
            reason = os.path.exists(self.d.path('failed/m.gguf.reason.txt'))
            return '' if reason and self.d.states() == ['failed'] else 'failed without a reason'
        if not done or failed or os.path.exists(self.d.path('m.gguf')):
            return 'the model is not in done/: %s' % self.d.jobs()
        if self.d.outputs() != ['m-Q4_K_M.gguf', 'm-Q8_0.gguf']:
            return 'outputs are %s' % self.d.outputs()
        for manifest in self.d.manifests():
            harness.check_manifest(manifest)
        rows = self.d.query('SELECT job.state, conversion.state FROM conversion '
                            'JOIN job ON job.id = job_id')
        if rows != [('done', 'done')] * 2:
            return 'the catalog has %s' % rows
        left = [os.path.join(d, f) for p in (self.d.drop, self.d.out)
                for d, dirs, files in os.walk(os.path.join(p, '.pare')) for f in files
                if f != 'lock']
        return 'left over: %s' % left if left else ''


def points_of_a_clean_run():
    trace = '/tmp/daemon-points.%d' % os.getpid()
    trial = Trial([], trace)
    try:
        trial.wait(30)
        whole = trial.settled()
        trial.stop_traced()
        if not whole:
            return []
        with open(trace, errors='replace') as f:
            counts = collections.Counter(re.findall(r'^([a-z0-9_]+)\(', f.read(), re.M))
    finally:
        trial.d.close()
        os.unlink(trace)
    return [(call, n + 1) for call in CALLS for n in range(counts[call])]


def one(call, n, mode):
    what = 'signal=SIGKILL' if mode == 'kill' else 'error=' + ERRORS.get(call, 'EIO')
    trial = Trial(['-e', 'inject=%s:%s:when=%d' % (call, what, n)], '/dev/null')
    try:
        trial.wait(10)
        trial.stop_traced()
        status = trial.run_undisturbed()
        problem = trial.verdict(mode == 'error')
        if status and not problem:
            problem = 'stopped with %s' % status
        failed = trial.d.states() == ['failed']
        return problem and '%s\n%s' % (problem, trial.d.log()), failed
    except Exception as e:
        return '%r\n%s' % (e, trial.d.log()), False
    finally:
        trial.d.close()


def main():
    if not shutil.which('strace'):
        print('skipped: strace is not installed')
        return 77
    wanted = sys.argv[2] if len(sys.argv) > 2 else '40'
    points = [(c, n, mode) for mode in ('kill', 'error') for c, n in points_of_a_clean_run()]
    if not points:
        print('skipped: pared does not work under strace here')
        return 77
    total = len(points)
    if wanted != 'all':
        step = max(1, total // int(wanted))
        points = points[int(time.time()) % step::step]
    problems, failed = 0, 0
    for call, n, mode in points:
        problem, gave_up = one(call, n, mode)
        failed += gave_up
        if problem:
            problems += 1
            print('%s at %s %d: %s' % (mode, call, n, problem), flush=True)
    print('%d of %d points: %d with a problem, %d models failed with a reason'
          % (len(points), total, problems, failed))
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
