#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Cuts the power under a working pared, again and again.

Usage: power_cuts.py BUILD [CUTS [SEED]]

Drop folder, outputs and catalog lie on a file system in a file, ext4 in the first half of the cuts
and XFS in the second. A cut is the file system's own shutdown (FS_IOC_SHUTDOWN without flushing the
log): what was not synced is gone. Then it is mounted anew, and a fresh pared goes on. In the end each
model whose dropping was synced must be converted exactly once, and nothing be gone that the catalog
called done before a cut. Needs root and loop devices, else it is skipped.
"""

import collections
import fcntl
import glob
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                'daemon'))
import harness
import models

SHUTDOWN = 0x8004587d  # FS_IOC_SHUTDOWN
WITHOUT_LOG = struct.pack('I', 2)
TARGETS = ('gguf:q8_0', 'gguf:q4_k_m')
BACKLOG = 8
QUERY = """import sqlite3, sys
for row in sqlite3.connect('file:%s?mode=ro' % sys.argv[1], uri=True).execute(
        "SELECT job.name, recipe FROM conversion JOIN job ON job.id = job_id"
        " WHERE conversion.state = 'done'"):
    print(*row)"""
KINDS = {'ext4': ['mkfs.ext4', '-q', '-F'], 'xfs': ['mkfs.xfs', '-q', '-f']}


class Disk:
    """A file system in a file."""

    def __init__(self, kind, folder):
        self.image, self.path = os.path.join(folder, kind), os.path.join(folder, 'at-' + kind)
        os.mkdir(self.path)
        with open(self.image, 'wb') as f:
            f.truncate(4 << 30)
        subprocess.run(KINDS[kind] + [self.image], check=True, capture_output=True)

    def mount(self):
        subprocess.run(['mount', '-o', 'loop', self.image, self.path], check=True,
                       capture_output=True)

    def unmount(self):
        for _ in range(100):
            if subprocess.run(['umount', self.path], capture_output=True).returncode == 0:
                return
            time.sleep(0.05)
        subprocess.run(['umount', '-l', self.path], check=True)

    def cut(self):
        fd = os.open(self.path, os.O_RDONLY)
        fcntl.ioctl(fd, SHUTDOWN, WITHOUT_LOG)
        os.close(fd)


def sync(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class Feeder(threading.Thread):
    """Drops models until the power goes; `synced` has those that must not be lost."""

    def __init__(self, d, rng, names):
        super().__init__(daemon=True)
        self.d, self.rng, self.names, self.over = d, rng, names, False

    def run(self):
        try:
            while not self.over:
                waiting = len([n for n in os.listdir(self.d.drop) if n.startswith('m')])
                if waiting < BACKLOG:
                    self.feed()
                else:
                    time.sleep(0.01)
        except OSError:
            return  # the power is off

    def feed(self):
        number = self.names['next'] = self.names['next'] + 1
        name, rows = 'm%05d' % number, self.rng.choice((1, 8, 64, 1024))
        self.names['tried'].add(name)
        if number % 3:
            path = self.d.aside(name, models.gguf(rows, number))
            sync(path)
            os.rename(path, self.d.path(name + '.gguf'))
        else:
            for file, data in models.hf_folder(2, rows, number).items():
                sync(self.d.aside(os.path.join(name, file), data))
            sync(os.path.join(self.d.side, name))
            os.rename(os.path.join(self.d.side, name), self.d.path(name))
        sync(self.d.drop)
        sync(self.d.side)
        self.names['synced'].add(name)


def daemon(disk, log):
    d = harness.Daemon(TARGETS, ['--jobs', '2', '--set', 'backoff=0.05', '--set', 'retries=100'],
                       root=os.path.join(disk.path, 'pare'))
    d.logfile = log
    return d


def recorded(d):
    """What the catalog calls done; asked by another process, which leaves nothing open."""
    said = subprocess.run([sys.executable, '-c', QUERY, d.catalog], capture_output=True, text=True)
    return [tuple(line.split()) for line in said.stdout.splitlines()]


def life(disk, log, rng, names):
    """From one power cut to the next."""
    disk.mount()
    d = daemon(disk, log)
    d.start(wait=False)
    feeder = Feeder(d, rng, names)
    feeder.start()
    time.sleep(rng.random() * 0.8)
    done = recorded(d)
    disk.cut()
    names['done'].update(done)
    feeder.over = True
    d.kill()
    feeder.join()
    disk.unmount()


def last_life(disk, log, names):
    """Lets everything end, and returns what is wrong."""
    disk.mount()
    d = daemon(disk, log)
    d.start()
    problems = []
    try:
        put_away = lambda: {os.path.basename(p).split('.')[0]
                            for p in glob.glob(os.path.join(d.drop, 'done', 'm*'))}
        harness.wait_until(lambda: names['synced'] <= put_away() and not os.listdir(
            os.path.join(d.drop, '.pare/claimed')), 120, 'all models are put away')
        time.sleep(0.5)
        status = d.stop()
        rows = collections.Counter(recorded(d))
        for name in sorted(names['synced']):
            for target in TARGETS:
                count = rows[name, target.split(':')[1]]
                if count != 1:
                    problems.append('%s to %s: %d times' % (name, target, count))
        problems += ['%s is no longer done' % (pair,) for pair in names['done'] if not rows[pair]]
        problems += ['%s was never dropped' % name for name, _ in rows
                     if name not in names['tried']]
        for manifest in d.manifests():
            harness.check_manifest(manifest)
        outputs = [n for n in d.outputs() if not n.endswith(('.json', '.md'))]
        if len(outputs) != sum(rows.values()):
            problems.append('%d outputs for %d conversions' % (len(outputs), sum(rows.values())))
        if status:
            problems.append('stopped with %s' % status)
    except AssertionError as e:
        problems.append(str(e))
    finally:
        d.kill()
        disk.unmount()
    return problems


def cut_power(kind, folder, cuts, rng):
    disk, log = Disk(kind, folder), os.path.join(folder, 'log-' + kind)
    names = {'next': 0, 'tried': set(), 'synced': set(), 'done': set()}
    begin = time.monotonic()
    for _ in range(cuts):
        life(disk, log, rng, names)
    problems = last_life(disk, log, names)
    print('%s: %d cuts in %.0f s, %d models dropped for sure, %d conversions done before a cut: '
          '%d problems' % (kind, cuts, time.monotonic() - begin, len(names['synced']),
                           len(names['done']), len(problems)))
    for problem in problems[:20]:
        print('  ' + problem)
    if problems:
        with open(log, errors='replace') as f:
            print(f.read()[-6000:])
    return problems


def can_mount(folder):
    try:
        disk = Disk('ext4', folder)
        disk.mount()
        disk.cut()
        disk.unmount()
        os.unlink(disk.image)
        os.rmdir(disk.path)
        return True
    except (OSError, subprocess.CalledProcessError):
        return False


def main():
    cuts = int(sys.argv[2]) if len(sys.argv) > 2 else 6
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(10**6)
    folder = tempfile.mkdtemp(prefix='pare-power-')
    try:
        if os.geteuid() or not can_mount(folder):
            print('skipped: no file system can be mounted from a file here')
            return 77
        kinds = [k for k in KINDS if shutil.which(KINDS[k][0])]
        print('seed %d' % seed)
        rng, bad = random.Random(seed), []
        for kind in kinds:
            bad += cut_power(kind, folder, max(1, cuts // len(kinds)), rng)
        return 1 if bad else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
