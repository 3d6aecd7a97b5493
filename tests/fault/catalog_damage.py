#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""A catalog that something has damaged.

Usage: catalog_damage.py BUILD [TRIALS [SEED]]

Some models are converted once, and pared is killed, so that catalog and WAL are as a crash leaves
them. In each trial a copy of that is damaged (a page overwritten, the file cut or emptied, the WAL
cut or scrambled, the shared memory file replaced) and pared started on it: it must answer within 5
seconds, keep what it moved away, and know every conversion, from the catalog or from the manifests.
"""

import os
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                'daemon'))
import harness
import models

TARGETS = ('gguf:q8_0', 'gguf:q4_k_m')
MODELS = 4
PAGE = 4096
START_SECONDS = 5
SOCKETS = shutil.ignore_patterns('*.sock')


def overwrite(path, rng, at, n):
    with open(path, 'r+b') as f:
        f.seek(at)
        f.write(bytes(n) if rng.random() < 0.3 else rng.randbytes(n))


def page(path, rng):
    pages = max(1, os.path.getsize(path) // PAGE)
    overwrite(path, rng, PAGE * rng.randrange(pages), PAGE)


def some_bytes(path, rng):
    size = os.path.getsize(path)
    overwrite(path, rng, rng.randrange(max(1, size)), rng.choice((1, 16, 500)))


def cut(path, rng):
    os.truncate(path, rng.randrange(os.path.getsize(path) + 1))


def empty(path, rng):
    os.truncate(path, 0)


DAMAGES = [('catalog.db', page), ('catalog.db', page), ('catalog.db', some_bytes),
           ('catalog.db', cut), ('catalog.db', empty), ('catalog.db-wal', cut),
           ('catalog.db-wal', some_bytes), ('catalog.db-wal', page), ('catalog.db-shm', empty),
           ('catalog.db-shm', some_bytes)]


def prepare():
    d = harness.Daemon(TARGETS)
    d.start()
    for i in range(MODELS):
        os.rename(d.aside('m%d.gguf' % i, models.gguf(seed=i + 1)), d.path('m%d.gguf' % i))
    d.wait_done(MODELS)
    time.sleep(0.3)
    d.kill()
    return d


def known(d):
    """What is known of conversions; the order does not count."""
    return sorted(d.query("SELECT model, target, state, bytes_out, round(sqnr_db, 6)"
                          " FROM conversions"))


def trial(origin, folder, rng, wanted):
    """'' or what is wrong."""
    root = os.path.join(folder, 'copy')
    shutil.copytree(origin.root, root, ignore=SOCKETS)
    file, damage = rng.choice(DAMAGES)
    path = os.path.join(root, file)
    d = harness.Daemon(TARGETS, root=root)
    try:
        if os.path.exists(path) and os.path.getsize(path):
            damage(path, rng)
        begin = time.monotonic()
        d.start()
        took = time.monotonic() - begin
        found = harness.wait_until(lambda: known(d) == wanted and known(d), 10, 'all is known')
        what = '%s of %s' % (damage.__name__, file)
        if took > START_SECONDS:
            return '%s: it answered after %.1f s' % (what, took)
        return '' if found and d.stop() == 0 else what + ': it did not stop well'
    except AssertionError as e:
        return '%s of %s: %s; known: %s\n%s' % (damage.__name__, file, e, known(d), d.log())
    finally:
        d.kill()
        shutil.rmtree(root)


def main():
    trials = int(sys.argv[2]) if len(sys.argv) > 2 else 12
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(10**6)
    rng, problems = random.Random(seed), []
    origin, folder = prepare(), tempfile.mkdtemp(prefix='pare-damage-')
    try:
        shutil.copytree(origin.root, os.path.join(folder, 'asked'), ignore=SOCKETS)
        asked = harness.Daemon(TARGETS, root=os.path.join(folder, 'asked'))
        wanted = known(asked)
        assert len(wanted) == MODELS * len(TARGETS), wanted
        for _ in range(trials):
            problem = trial(origin, folder, rng, wanted)
            problems += [problem] if problem else []
        print('seed %d: %d trials, %d problems' % (seed, trials, len(problems)))
        print('\n'.join(problems[:5]))
        return 1 if problems else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        origin.close()


if __name__ == '__main__':
    sys.exit(main())
