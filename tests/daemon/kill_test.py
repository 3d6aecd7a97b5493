#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Kills daemon and workers with SIGKILL at random times, while models keep arriving.

Usage: kill_test.py BUILD [KILLS [SEED]]

An observer reads every name in the output directory as soon as it appears. At the end each model
that was dropped must have been converted exactly once to each target, and every output be what it
was when it was first seen, and what its manifest says.
"""

import collections
import glob
import os
import random
import shutil
import signal
import sqlite3
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
import models

TARGETS = ('gguf:q8_0', 'gguf:q4_k_m')
BACKLOG = 16
RULES = b'q8_0 if name ~ "*"\n'


class Observer(threading.Thread):
    """Looks at the output directory without pause."""

    def __init__(self, out):
        super().__init__(daemon=True)
        self.out = out
        self.first = {}       # name -> digest of what was seen at first under it
        self.manifests = {}   # name -> manifest
        self.invalid = []
        self.looks = 0
        self.ended = False

    def run(self):
        while not self.ended:
            self.look()
            time.sleep(0.002)

    def look(self):
        self.looks += 1
        for name in os.listdir(self.out):
            path = os.path.join(self.out, name)
            try:
                if name.startswith('.') or name.endswith('.pare.md'):
                    continue
                if not name.endswith('.pare.json'):
                    if name not in self.first:
                        self.first[name] = harness.sha256(path)
                elif name not in self.manifests:
                    manifest = harness.check_manifest(path)
                    self.manifests[name] = manifest
                    seen = self.first.setdefault(manifest['output']['name'],
                                                 manifest['output']['files'][0]['sha256'])
                    assert seen == manifest['output']['files'][0]['sha256'], 'it changed'
            except Exception as e:  # whatever is wrong with an output counts
                self.invalid.append('%s: %r' % (name, e))
                self.manifests.setdefault(name, {})


class Feeder(threading.Thread):
    """Drops models of all kinds, so that there is always something to do."""

    def __init__(self, daemon, seed):
        super().__init__(daemon=True)
        self.d, self.rng = daemon, random.Random(seed)
        self.names = []
        self.over = False

    def run(self):
        while not self.over:
            if len(self.names) - self.ended() < BACKLOG:
                self.feed()
            else:
                time.sleep(0.01)

    def feed(self):
        n = len(self.names)
        name = 'm%04d' % n
        rows = self.rng.choice((1, 8, 64, 1024, 8192))
        kind = n % 5
        if n % 3 == 0 or kind == 2:  # with a sidecar, in a different place for each kind
            rules = RULES if n % 3 == 0 else b''
            rules += models.PLAIN if kind == 2 else b''
            os.rename(self.d.aside('rules', rules), self.d.path(name + '.pare'))
        if kind < 2:
            os.rename(self.d.aside(name, models.gguf(rows, n)), self.d.path(name + '.gguf'))
        elif kind == 2:
            os.rename(self.d.aside(name, models.safetensors(rows, n)),
                      self.d.path(name + '.safetensors'))
        elif kind == 3:
            for file, data in models.hf_folder(2, rows, n).items():
                self.d.aside(os.path.join(name, file), data)
            os.rename(os.path.join(self.d.side, name), self.d.path(name))
        else:
            for ending, data in models.gguf_split(2, rows, n).items():
                os.rename(self.d.aside(name, data), self.d.path(name + ending))
        self.names.append(name)

    def ended(self):
        return len(glob.glob(os.path.join(self.d.drop, 'done', 'm*')))


def kill_something(d, rng, counts):
    victims = harness.children_of(d.process.pid)
    if victims and rng.random() < 0.4:
        try:
            os.kill(rng.choice(victims), signal.SIGKILL)
            counts['worker'] += 1
            return
        except ProcessLookupError:
            pass
    d.kill()
    counts['daemon'] += 1
    d.start(wait=False)


def check(d, feeder, observer):
    """(lost, doubled, other problems)"""
    lost, doubled, problems = [], [], []
    outputs = collections.Counter()
    for manifest in observer.manifests.values():
        if manifest:
            outputs[manifest['source']['name'], manifest['target']['recipe']] += 1
            ruled = int(manifest['source']['name'][1:]) % 3 == 0
            if ruled and any(t['to'] not in (t['from'], 'q8_0') for t in manifest['tensors']):
                problems.append('%s: without its sidecar' % manifest['output']['name'])
    jobs = collections.Counter(d.jobs())
    conversions = collections.Counter(d.query(
        "SELECT job.name, recipe FROM conversion JOIN job ON job.id = job_id "
        "WHERE conversion.state = 'done'"))
    done = collections.Counter(os.path.basename(p).split('.')[0]
                               for p in glob.glob(os.path.join(d.drop, 'done', 'm*')))
    for name in feeder.names:
        wanted = [outputs[name, t.split(':')[1]] for t in TARGETS]
        wanted += [conversions[name, t.split(':')[1]] for t in TARGETS]
        wanted += [jobs[name, 'done'], done[name]]
        if min(wanted) < 1:
            lost.append('%s: %s' % (name, wanted))
        if max(wanted) > 1:
            doubled.append('%s: %s' % (name, wanted))
    if len(d.jobs()) != len(feeder.names):
        problems.append('%d jobs for %d models' % (len(d.jobs()), len(feeder.names)))
    for place in (os.path.join(d.drop, '.pare/claimed'), os.path.join(d.out, '.pare/staging'),
                  os.path.join(d.drop, 'failed')):
        if os.path.exists(place) and os.listdir(place):
            problems.append('left in %s: %s' % (place, os.listdir(place)))
    left = [n for n in os.listdir(d.drop) if n not in ('.pare', 'done', 'failed')]
    without = set(observer.first) - {m['output']['name'] for m in observer.manifests.values() if m}
    if left or without:
        problems.append('left: %s, without manifest: %s' % (left, sorted(without)))
    return lost, doubled, problems


def finish(d, feeder):
    d.start() if d.process.poll() is not None else None
    end = time.monotonic() + 120
    while feeder.ended() < len(feeder.names) and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(1)
    status = d.stop()
    with sqlite3.connect(d.catalog) as db:
        integrity = db.execute('PRAGMA integrity_check').fetchone()[0]
    return status, integrity


def main():
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(10**6)
    rng = random.Random(seed)
    if not os.path.exists(harness.programs()['worker']):
        print('skipped: no worker is built')
        return 77
    d = harness.Daemon(TARGETS, ['--jobs', '2', '--set', 'retries=100', '--set', 'backoff=0.05'])
    feeder, observer, counts = Feeder(d, seed), Observer(d.out), collections.Counter()
    begin = time.monotonic()
    try:
        feeder.start()
        observer.start()
        d.start()
        while sum(counts.values()) < kills:
            time.sleep(rng.random() * 0.5)
            kill_something(d, rng, counts)
        feeder.over = True
        feeder.join()
        status, integrity = finish(d, feeder)
        observer.ended = True
        observer.join()
        observer.look()
        lost, doubled, problems = check(d, feeder, observer)
        print('seed %d: %d kills (%d of the daemon, %d of workers) in %.0f s, %d models, '
              '%d outputs, %d looks: %d lost, %d doubled, %d invalid; stopped with %s, catalog %s'
              % (seed, kills, counts['daemon'], counts['worker'], time.monotonic() - begin,
                 len(feeder.names), len(observer.manifests), observer.looks, len(lost),
                 len(doubled), len(observer.invalid), status, integrity))
        for text in lost + doubled + problems + observer.invalid:
            print('  ' + text)
        bad = lost or doubled or problems or observer.invalid or status or integrity != 'ok'
        if bad:
            keep = os.environ.get('PARE_KEEP_LOG')
            if keep:
                shutil.copy(d.logfile, keep)
            print(d.log())
        return 1 if bad else 0
    finally:
        d.close()


if __name__ == '__main__':
    sys.exit(main())
