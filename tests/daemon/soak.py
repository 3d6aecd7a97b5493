#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""A long day of pared: does it leak?

Usage: soak.py BUILD [SECONDS [SEED]]

Models of all kinds, broken ones, cancellations, retries, pauses, configuration reloads, watchers and
status requests for SECONDS (default 40; an hour is 3600). What it has is compared between the first
and the second half of that time: descriptors, memory, zombies, files in its hidden folders.
"""

import json
import os
import random
import shutil
import signal
import socket
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
import models

WARM = 600            # seconds, from which on memory may grow by 1 % only
MAX_GROWTH = 4 << 20  # bytes before that


def descriptors(pid):
    return len(os.listdir('/proc/%d/fd' % pid))


def resident(pid):
    with open('/proc/%d/statm' % pid) as f:
        return int(f.read().split()[1]) * os.sysconf('SC_PAGESIZE')


def zombies(pid):
    count = 0
    for child in harness.children_of(pid):
        try:
            with open('/proc/%d/stat' % child) as f:
                count += f.read().rsplit(')', 1)[1].split()[0] == 'Z'
        except OSError:
            pass
    return count


class Load:
    def __init__(self, d, seed):
        self.d, self.rng, self.number, self.watchers = d, random.Random(seed), 0, []
        self.broken = set()  # may wait for ever: for what is missing

    def drop(self):
        self.number += 1
        name, n, rows = 'm%06d' % self.number, self.number, self.rng.choice((1, 8, 64, 512))
        kind = self.rng.randrange(6)
        if kind == 0:
            for file, data in models.hf_folder(2, rows, n).items():
                self.d.aside(os.path.join(name, file), data)
            os.rename(os.path.join(self.d.side, name), self.d.path(name))
        elif kind == 1:
            for ending, data in models.gguf_split(2, rows, n).items():
                os.rename(self.d.aside(name, data), self.d.path(name + ending))
        else:
            data = bytearray(models.gguf(rows, n))
            if kind == 2:
                self.broken.add(name + '.gguf')
                data[4 + self.rng.randrange(60)] ^= 0xff
            os.rename(self.d.aside(name, bytes(data)), self.d.path(name + '.gguf'))

    def ask(self):
        job = str(self.rng.randrange(1, self.number + 2))
        self.d.ask(*self.rng.choice((('status',), ('pause',), ('resume',), ('resume',))))
        self.d.ask(self.rng.choice(('cancel', 'retry')), job=job)

    def watch(self):
        if len(self.watchers) > 3:
            self.watchers.pop(0).close()
        s = socket.socket(socket.AF_UNIX)
        s.connect(self.d.socket)
        s.sendall(b'{"command": "watch"}\n' if self.rng.random() < 0.8 else b'nonsense\n')
        self.watchers.append(s)

    def clear(self):
        """Takes away what is finished, as people do."""
        for folder in (self.d.out, self.d.path('done'), self.d.path('failed')):
            for entry in os.listdir(folder):
                path = os.path.join(folder, entry)
                if not entry.startswith('.') and self.rng.random() < 0.5:
                    shutil.rmtree(path, True) if os.path.isdir(path) else os.unlink(path)

    def waiting(self):
        return [n for n in os.listdir(self.d.drop) if n.startswith('m') and n not in self.broken]

    def step(self):
        if len(self.waiting()) < 8:
            self.drop()
        act = self.rng.random()
        if act < 0.1:
            self.ask()
        elif act < 0.15:
            self.watch()
        elif act < 0.16:
            self.d.process.send_signal(signal.SIGHUP)
        elif act < 0.18:
            self.clear()
        time.sleep(0.01)


def leftovers(d):
    left = []
    for top in (d.drop, d.out):
        for folder, _, files in os.walk(os.path.join(top, '.pare')):
            left += [os.path.join(folder, f) for f in files if f != 'lock']
    return left


def judge(samples, d, seconds):
    """What is wrong, as texts."""
    half = len(samples) // 2
    early, late = samples[half // 2:half], samples[-half // 2:]
    memory = [statistics.median(s['memory'] for s in part) for part in (early, late)]
    least = [min(s['descriptors'] for s in part) for part in (early, late)]
    problems = []
    if memory[1] - memory[0] > (memory[0] / 100 if seconds >= WARM else MAX_GROWTH):
        problems.append('memory grew from %d to %d' % tuple(memory))
    if least[1] > least[0] + 2:
        problems.append('descriptors grew from %d to %d' % tuple(least))
    if samples[-1]['zombies']:
        problems.append('%d zombies' % samples[-1]['zombies'])
    left = leftovers(d)
    if left:
        problems.append('left over: %s' % left[:5])
    print('%d samples: memory %.1f MB, then %.1f; descriptors %d, then %d'
          % (len(samples), memory[0] / 1e6, memory[1] / 1e6, least[0], least[1]))
    return problems


def wait_for_the_end(d, load):
    """Until nothing waits or runs; else says what does."""
    def open_jobs():
        return [job for job in d.jobs() if job[1] in ('queued', 'running')]
    try:
        harness.wait_until(lambda: not load.waiting() and not open_jobs(), 240, 'everything ends')
    except AssertionError:
        status = d.ask('status', limit=20)
        print(json.dumps({'waiting': load.waiting(), 'jobs': open_jobs(),
                          'arriving': status['arriving'], 'queue': status['jobs']}, indent=1))
        print(d.log())
        raise


def main():
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 40
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(10**6)
    d = harness.Daemon(('gguf:q8_0', 'gguf:q4_k_m'), ['--jobs', '2', '--set', 'retries=2'])
    load, samples = Load(d, seed), []
    try:
        d.start()
        pid, end = d.process.pid, time.monotonic() + seconds
        while time.monotonic() < end and d.process.poll() is None:
            load.step()
            samples.append({'memory': resident(pid), 'descriptors': descriptors(pid),
                            'zombies': 0})
        d.ask('resume')
        wait_for_the_end(d, load)
        for watcher in load.watchers:
            watcher.close()
        time.sleep(1)
        samples.append({'memory': resident(pid), 'descriptors': descriptors(pid),
                        'zombies': zombies(pid)})
        print('seed %d: %d models in %.0f s; %s' % (seed, load.number, seconds,
                                                    json.dumps(d.ask('status')['measured']['loop'])
                                                    [:200]))
        problems = judge(samples, d, seconds)
        if d.stop():
            problems.append('stopped with %s' % d.process.returncode)
        print('\n'.join(problems + ([d.log()] if problems else [])))
        return 1 if problems else 0
    finally:
        d.close()


if __name__ == '__main__':
    sys.exit(main())
