#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""What has not arrived yet is not taken: marks that downloaders leave, beside and below models."""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
import models
from harness import wait_until


class Arrivals(harness.DaemonTest):
    """What they share: files and folders that appear whole, and what is said of them."""

    def setUp(self):
        super().setUp()
        self.start()

    def states(self):
        return {a['name']: a['state'] for a in self.d.ask('status')['arriving']}

    def pare(self, *args):
        return subprocess.run([harness.programs()['pare'], *args, '--catalog', self.d.catalog],
                              env=self.d.env, capture_output=True, text=True, timeout=60).stdout

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


class Downloads(Arrivals):
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


POINTER = b'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 20000\n' % 7


class SideFiles(Arrivals):
    """A folder is complete when all of its files are."""

    def test_cut(self):
        cuts = {'empty': ('config.json', b'', 'config.json: it is empty'),
                'cut': ('tokenizer.json', b'{"model": {"vocab": {"a": 0', 'middle of its JSON'),
                'quoted': ('a.json', b'{"b": "c', 'a.json: it ends in the middle of its JSON'),
                'zeros': ('config.json', b'{"a": 1' + bytes(100), 'zeros in place of text'),
                'merges': ('merges.txt', b'', 'merges.txt: it is empty'),
                'lfs': ('model.safetensors', POINTER, 'a Git LFS pointer')}
        for name, (file, data, _) in cuts.items():
            self.put_folder(name)
            self.d.aside('%s/%s' % (name, file), data)
            self.drop_folder(name)
        self.expect_waiting({name: reason for name, (_, _, reason) in cuts.items()}, 2)
        for name, (file, _, _) in cuts.items():
            data = models.safetensors() if file == 'model.safetensors' else b'{}'
            with open(self.d.path('%s/%s' % (name, file)), 'wb') as f:
                f.write(data)
        self.d.wait_done(len(cuts))
        self.assertEqual(set(self.d.states()), {'done'})

    def test_promised(self):
        """It is waited for, but not for ever, and then told."""
        self.put_folder('m')
        self.drop_folder('m')
        self.put('m/tokenizer.json', b'{}')
        reason = 'tokenizer.json is there and tokenizer_config.json is not'
        wait_until(lambda: self.d.arriving() == {'m': reason}, 5)
        manifest = self.expect_one('m-Q8_0.gguf')
        self.assertIn(reason, json.dumps(manifest))

    def test_needed(self):
        """A folder that a target cannot be made of gets more time than one that a reader refuses."""
        self.d.aside('m/model.safetensors', models.safetensors())
        self.drop_folder('m')
        self.expect_waiting({'m': 'no config.json'}, 2.5)
        self.put('m/m.pare', models.PLAIN)
        self.expect_one('m-Q8_0.gguf')


class HubCache(Arrivals):
    def test_copied_in(self):
        """A whole copy of a cache's folder is a model; links that lead elsewhere are told."""
        repo = os.path.join(self.d.side, 'models--some--Tiny')
        self.d.aside('models--some--Tiny/blobs/f00', models.gguf())
        self.d.aside('models--some--Tiny/refs/main', b'0' * 40)
        snapshot = os.path.join(repo, 'snapshots', '0' * 40)
        os.makedirs(snapshot)
        os.symlink('../../blobs/f00', os.path.join(snapshot, 'm.gguf'))
        shutil.copytree(snapshot, os.path.join(self.d.side, 'links'), symlinks=True)
        self.drop_folder('links')
        self.drop_folder('models--some--Tiny')
        self.expect_one('Tiny-Q8_0.gguf')
        self.assertIn('only links, which are not followed (m.gguf)', self.d.arriving()['links'])


class Litter(Arrivals):
    def test_stays(self):
        files = ['README.md', 'SHA256SUMS', 'm.gguf.sha256', 'Modelfile', 'Thumbs.db', 'desktop.ini',
                 '.DS_Store', '._m.gguf', 'LICENSE', 'config.json', 'left.gguf.lock', 'x.torrent']
        folders = ['#recycle', '$RECYCLE.BIN', '@eaDir', 'lost+found', '__MACOSX', '.Trash-1000']
        for name in files:
            self.put(name)
        for name in folders:
            self.put_folder(name)
            self.drop_folder(name)
        self.put('m.gguf', models.gguf())
        self.expect_one('m-Q8_0.gguf')
        time.sleep(1)
        self.assertEqual(len(self.d.jobs()), 1)
        self.assertEqual(self.states(), {name: 'ignored' for name in files + folders})
        self.assertIn('README* is among the names to ignore', self.d.arriving()['README.md'])
        text = self.pare('status')
        self.assertIn('Ignored:', text)
        self.assertNotIn('Arriving:', text)
        for name in files + folders:
            self.assertTrue(os.path.exists(self.d.path(name)))

    def test_inside_a_folder(self):
        """They are neither waited for nor part of the model."""
        self.put_folder('m')
        for name in ('@eaDir/model.safetensors@SynoEAStream', '__MACOSX/._model.safetensors',
                     '.stversions/old.part', 'Thumbs.db', '#recycle/x.part'):
            self.d.aside('m/' + name, b'x')
        self.drop_folder('m')
        source = self.expect_one('m-Q8_0.gguf')['source']
        self.assertEqual([f['name'] for f in source['files']], ['model.safetensors'])


    def test_folders_of_it(self):
        """They are no models, and not yet broken ones either."""
        self.d.aside('docs/README.md', b'x')
        self.d.aside('docs/more/picture.png', b'x')
        self.d.aside('early/config.json', b'{}')
        self.drop_folder('docs')
        self.drop_folder('early')
        self.expect_waiting({'docs': 'no model so far', 'early': 'no model so far'}, 3)
        self.put('early/m.pare', models.PLAIN)
        self.put('early/model.safetensors', models.safetensors())
        self.expect_one('early-Q8_0.gguf')

    def test_the_manual_names_all(self):
        with open(os.path.join(harness.SOURCE, 'docs/pared.conf.5')) as f:
            manual = f.read().split()
        with open(os.path.join(harness.SOURCE, 'core/source/litter.h')) as f:
            patterns = ' '.join(re.findall(r'^ +"(.*?)"', f.read(), re.M)).split()
        self.assertGreater(len(patterns), 100)
        self.assertEqual([p for p in patterns if p not in manual], [])


class OwnLitter(Arrivals):
    options = ['--set', 'ignore=*.gguf old*/ default']

    def test_patterns(self):
        self.put('m.gguf', models.gguf())
        self.put_folder('older')
        self.drop_folder('older')
        self.put('notes.md')
        self.expect_waiting({'m.gguf': '*.gguf is among', 'older': 'old*/ is', 'notes.md': '*.md'})


class Slips(Arrivals):
    def test_folders_like_targets(self):
        slips = {'gguf-q4km': 'gguf-q4_k_m', 'GGUF_Q8_0': 'gguf-q8_0', 'gguf q4_k_s': 'gguf-q4_k_s',
                 'ggufs-q8_0': 'gguf-q8_0', 'safetensor-f16': 'safetensors-f16'}
        for name in slips:
            self.put_folder(name)
            self.drop_folder(name)
        self.expect_waiting({name: 'is %s meant?' % near for name, near in slips.items()})
        os.rename(self.d.path('gguf-q4km'), self.d.path('mine'))
        self.expect_one('mine-Q8_0.gguf')


class Parts(Arrivals):
    def test_told(self):
        names = ['m.gguf.part1of2', 'm.gguf.part2of2', 'n.gguf-split-a', 'n.gguf-split-b',
                 'o.gguf.001', 'o.gguf.002', 'p.gguf.aa', 'p.gguf.ab', 'q.gguf.part1',
                 'q.gguf.part2']
        for name in names:
            self.put(name, models.gguf())
        self.put('r-1.gguf', models.gguf())
        self.d.wait_done(1)
        self.assertEqual(self.d.jobs(), [('r-1', 'done')])
        self.assertEqual(set(self.d.arriving()), set(names))
        for name, reason in self.d.arriving().items():
            self.assertIn('join them in order', reason)
        self.assertIn('`cat m.gguf.part* > m.gguf\'', self.d.arriving()['m.gguf.part1of2'])


class Stuck(Arrivals):
    options = ['--set', 'stuck_after=2s']

    def test_put_away(self):
        cut = models.gguf()[:-300]
        self.put('cut.gguf', cut)
        self.put('marked.gguf', cut)
        self.put('marked.gguf.aria2')
        self.put('named.gguf.part', cut)
        self.put('README.md')
        shards = {'s' + ending: data for ending, data in models.gguf_split().items()}
        self.put(*list(shards.items())[0])
        with open(self.put('open.gguf', cut), 'ab'):
            wait_until(lambda: self.states().get('cut.gguf') == 'stuck', 10)
            self.assertRegex(self.pare('status'), r'cut\.gguf .*stuck for .*: .*ends at byte')
            self.d.wait_done(2)
            time.sleep(1.5)
            self.assertEqual(sorted(self.d.jobs()), [('cut', 'failed'), ('s', 'failed')])
            self.assertEqual(set(self.states()), {'marked.gguf', 'marked.gguf.aria2', 'open.gguf',
                                                  'named.gguf.part', 'README.md'})
            self.assertEqual(self.states()['open.gguf'], 'waiting')
            self.assertEqual(self.states()['marked.gguf'], 'stuck')
        with open(self.d.path('failed/cut.gguf.reason.txt')) as f:
            self.assertRegex(f.read(), r'not changed for \d+ s \(stuck_after\): .*ends at byte')

    def test_goes_on(self):
        data = models.gguf()
        for end in range(500, len(data) + 500, (len(data) - 500) // 4):
            with open(self.d.path('slow.gguf'), 'wb') as f:
                f.write(data[:end])
            time.sleep(1)
        self.expect_one('slow-Q8_0.gguf')


class Unreadable(Arrivals):
    """Root may read everything, so that pared runs as somebody else where it can."""

    def setUp(self):
        harness.DaemonTest.setUp(self)
        self.as_user = os.geteuid() == 0
        if self.as_user:
            for path in (self.d.root, self.d.drop, self.d.out, self.d.side):
                os.chown(path, 65534, 65534)
        command = self.d.command
        self.d.command = lambda: ((['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
                                   if self.as_user else []) + command())
        if self.as_user and not shutil.which('setpriv'):
            self.skipTest('setpriv is not there')
        self.start()

    def test_target_folder(self):
        folder = self.d.path('gguf-q8_0')
        os.mkdir(folder, 0o0)
        wait_until(lambda: 'gguf-q8_0' in self.d.arriving(), 10)
        self.assertIn('Permission denied', self.d.arriving()['gguf-q8_0'])
        self.assertNotIn('out of memory', self.d.log())
        os.chmod(folder, 0o755)
        if self.as_user:
            os.chown(folder, 65534, 65534)
        os.kill(self.d.process.pid, signal.SIGHUP)
        wait_until(lambda: not self.d.arriving(), 10)
        os.chmod(folder, 0)
        os.kill(self.d.process.pid, signal.SIGHUP)
        wait_until(lambda: 'gguf-q8_0' in self.d.arriving(), 10)
        self.assertIn('cannot read the folder', self.d.arriving()['gguf-q8_0'])
        self.assertNotIn('out of memory', self.d.log())
        os.chmod(folder, 0o755)


if __name__ == '__main__':
    harness.main()
