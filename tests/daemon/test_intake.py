#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Every way in which a model can get into the drop directory."""

import ctypes
import os
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
import models
from harness import wait_until


class Files(harness.DaemonTest):
    def setUp(self):
        super().setUp()
        self.start()

    def put_plain(self, name):
        os.rename(self.d.aside('plain', models.PLAIN), self.d.path(name))

    def test_copied(self):
        source = self.d.aside('m.gguf', models.gguf())
        subprocess.run(['cp', source, self.d.drop], check=True)
        manifest = self.expect_one('m-Q8_0.gguf')
        self.assertEqual(manifest['source']['path'], self.d.path('m.gguf'))
        self.assertEqual(harness.sha256(self.d.path('done/m.gguf')), harness.sha256(source))
        self.assertFalse(os.path.exists(self.d.path('m.gguf')))

    def test_moved(self):
        self.put_plain('m.pare')
        source = self.d.aside('m.safetensors', models.safetensors())
        os.rename(source, self.d.path('m.safetensors'))
        self.expect_one('m-Q8_0.gguf')

    def test_hard_link(self):
        os.link(self.d.aside('m.gguf', models.gguf()), self.d.path('m.gguf'))
        self.expect_one('m-Q8_0.gguf')

    def test_unnamed_then_linked(self):
        fd = os.open(self.d.drop, os.O_TMPFILE | os.O_RDWR, 0o644)
        data = models.gguf()
        os.write(fd, data[:1000])
        libc = ctypes.CDLL(None, use_errno=True)
        name = os.fsencode(self.d.path('m.gguf'))
        self.assertEqual(libc.linkat(-100, b'/proc/self/fd/%d' % fd, -100, name, 0x400), 0)
        time.sleep(0.5)
        os.write(fd, data[1000:])
        self.assertEqual(self.d.jobs(), [])
        os.close(fd)
        self.expect_one('m-Q8_0.gguf')

    def test_written_slowly(self):
        data = models.gguf(rows=32)
        with open(self.d.path('m.gguf'), 'wb') as f:
            for i in range(0, len(data), len(data) // 6):
                f.write(data[i:i + len(data) // 6])
                f.flush()
                time.sleep(0.3)
                self.assertEqual(self.d.jobs(), [])
            self.assertEqual(self.d.arriving(), {'m.gguf': 'being written'})
        self.expect_one('m-Q8_0.gguf')

    def test_appended_in_parts(self):
        self.put_plain('m.pare')
        data = models.safetensors(rows=32)
        cuts = [0, 3, 500, 9000, len(data)]
        for a, b in zip(cuts, cuts[1:]):
            with open(self.d.path('m.safetensors'), 'ab') as f:
                f.write(data[a:b])
            time.sleep(0.2)
            if b < len(data):
                self.assertEqual(self.d.jobs(), [])
        self.expect_one('m-Q8_0.gguf')

    def test_truncated_waits_and_says_why(self):
        data = models.gguf(rows=32)
        with open(self.d.path('m.gguf'), 'wb') as f:
            f.write(data[:-2000])
        time.sleep(1.5)
        self.assertEqual(self.d.jobs(), [])
        self.assertEqual(list(self.d.arriving()), ['m.gguf'])
        with open(self.d.path('m.gguf'), 'ab') as f:
            f.write(data[-2000:])
        self.expect_one('m-Q8_0.gguf')

    def test_empty_waits(self):
        open(self.d.path('m.gguf'), 'wb').close()
        time.sleep(1)
        self.assertEqual(self.d.jobs(), [])
        self.assertEqual(self.d.arriving(), {'m.gguf': 'empty so far'})

    def test_temporary_names(self):
        names = ['m.gguf.part', 'm.gguf.crdownload', '.m.gguf.Ab12Cd', 'm.tmp', 'm.gguf.incomplete',
                 'm.gguf~', '.hidden']
        for name in names:
            with open(self.d.path(name), 'wb') as f:
                f.write(models.gguf())
        wait_until(lambda: len(self.d.arriving()) == len(names), 10)
        time.sleep(1)
        self.assertEqual(self.d.jobs(), [])
        reasons = self.d.arriving()
        self.assertEqual(reasons.pop('.hidden'), 'a hidden name')
        self.assertEqual(reasons.pop('m.gguf~'), 'a copy or lock that a program keeps')
        self.assertEqual(set(reasons.values()), {'unfinished name'})
        os.rename(self.d.path('m.gguf.part'), self.d.path('m.gguf'))
        self.expect_one('m-Q8_0.gguf')
        self.assertEqual(len(self.d.arriving()), len(names) - 1)

    def test_rsync(self):
        if not shutil.which('rsync'):
            self.skipTest('rsync is not installed')
        source = self.d.aside('m.gguf', models.gguf(rows=64))
        subprocess.run(['rsync', '--bwlimit=200', source, self.d.drop + '/'], check=True)
        self.expect_one('m-Q8_0.gguf')

    def test_not_followed(self):
        os.symlink(self.d.aside('m.gguf', models.gguf()), self.d.path('link.gguf'))
        os.mkfifo(self.d.path('pipe.gguf'))
        wait_until(lambda: len(self.d.arriving()) == 2, 10)
        time.sleep(0.5)
        self.assertEqual(self.d.jobs(), [])
        self.assertIn('symbolic link', self.d.arriving()['link.gguf'])

    def test_weights_that_nothing_tells_of(self):
        os.rename(self.d.aside('m.safetensors', models.safetensors()), self.d.path('m.safetensors'))
        self.d.wait_done(1)
        self.assertEqual(self.d.jobs(), [('m', 'failed')])
        with open(self.d.path('failed/m.safetensors.reason.txt')) as f:
            reason = f.read()
        self.assertIn('no config.json', reason)
        self.assertIn('blk.weight, norm.weight', reason)
        self.assertEqual(self.d.outputs(), [])

    def test_bad_file(self):
        with open(self.d.path('m.safetensors'), 'wb') as f:
            f.write(b'\xff' * 8 + b'{}' + b'\0' * 1000)
        self.d.wait_done(1)
        self.assertEqual(self.d.jobs(), [('m', 'failed')])
        self.assertEqual(self.d.outputs(), [])
        failed = self.d.path('failed/m.safetensors')
        self.assertTrue(os.path.exists(failed))
        with open(failed + '.reason.txt') as f:
            reason = f.read()
        code, text = self.d.query('SELECT error_code, error_text FROM job')[0]
        self.assertIn('%s (%s)' % (text, code), reason)

    def test_same_name_again(self):
        for seed in (1, 2):
            os.rename(self.d.aside('m.gguf', models.gguf(seed=seed)), self.d.path('m.gguf'))
            self.d.wait_done(seed)
        self.assertEqual(self.d.states(), ['done', 'done'])
        self.assertEqual(self.d.outputs(), ['m-Q8_0-2.gguf', 'm-Q8_0.gguf'])
        for manifest in self.d.manifests():
            harness.check_manifest(manifest)
        self.assertTrue(os.path.exists(self.d.path('done/m.gguf')))
        self.assertTrue(os.path.exists(self.d.path('done/m-2.gguf')))

    def test_many_at_once(self):
        count = int(os.environ.get('PARE_TEST_MANY', '300'))
        for i in range(count):
            self.d.aside('many/m%03d.gguf' % i, models.gguf(rows=1, seed=i))
        start = time.monotonic()
        for i in range(count):
            os.rename(os.path.join(self.d.side, 'many/m%03d.gguf' % i),
                      self.d.path('m%03d.gguf' % i))
        self.d.wait_done(count, 300)
        seconds = time.monotonic() - start
        names = [n for n, s in self.d.jobs() if s == 'done']
        self.assertEqual(sorted(names), ['m%03d' % i for i in range(count)])
        self.assertEqual(len(self.d.outputs()), count)
        self.assertEqual(self.d.query('SELECT count(*) FROM conversion WHERE state = ?', 'done'),
                         [(count,)])
        print('%d files in %.1f s' % (count, seconds), end=' ', file=sys.stderr)


class Folders(harness.DaemonTest):
    def setUp(self):
        super().setUp()
        self.start()

    def write(self, folder, files, order=None, pause=0.0):
        os.makedirs(folder, exist_ok=True)
        for name in order or files:
            with open(os.path.join(folder, name), 'wb') as f:
                f.write(files[name])
            time.sleep(pause)

    def test_made_and_filled(self):
        self.write(self.d.path('model'), models.hf_folder(), pause=0.2)
        self.expect_one('model-Q8_0.gguf')
        self.assertTrue(os.path.isdir(self.d.path('done/model')))

    def test_moved(self):
        folder = os.path.join(self.d.side, 'model')
        self.write(folder, models.hf_folder())
        os.rename(folder, self.d.path('model'))
        self.expect_one('model-Q8_0.gguf')

    def test_shards_out_of_order(self):
        files = models.hf_folder()
        order = sorted(files, reverse=True)
        self.assertTrue(order[0].endswith('index.json'))
        self.write(self.d.path('model'), files, order[:-2] + ['config.json'])
        time.sleep(1.5)
        self.assertEqual(self.d.jobs(), [])
        self.assertEqual(list(self.d.arriving()), ['model'])
        self.assertIn('model-00001-of-00003', self.d.arriving()['model'])
        self.write(self.d.path('model'), files, order[-2:-1])
        self.expect_one('model-Q8_0.gguf')

    def test_copied_with_pauses(self):
        folder = os.path.join(self.d.side, 'model')
        self.write(folder, models.hf_folder())
        subprocess.run(['cp', '-r', folder, self.d.drop], check=True)
        self.expect_one('model-Q8_0.gguf')

    def test_download_inside(self):
        self.write(self.d.path('model'), {'model.safetensors': models.safetensors(),
                                          'overrides.pare': models.PLAIN,
                                          'tokenizer.json.part': b'{}'})
        time.sleep(1.2)
        self.assertEqual(self.d.jobs(), [])
        self.assertEqual(self.d.arriving(), {'model': 'tokenizer.json.part: unfinished name'})
        os.rename(self.d.path('model/tokenizer.json.part'), self.d.path('model/tokenizer.json'))
        self.expect_one('model-Q8_0.gguf')

    def test_empty_folder_waits(self):
        os.mkdir(self.d.path('model'))
        time.sleep(1)
        self.assertEqual(self.d.jobs(), [])
        self.assertEqual(self.d.arriving(), {'model': 'an empty folder'})

    def test_split_file(self):
        files = {'m' + ending: data for ending, data in models.gguf_split().items()}
        names = sorted(files)
        for name in reversed(names):
            self.assertEqual(self.d.jobs(), [])
            with open(self.d.path(name), 'wb') as f:
                f.write(files[name])
            if name != names[0]:
                time.sleep(0.6)
                self.assertEqual(len(self.d.arriving()), 1)
        self.expect_one('m-Q8_0.gguf')
        self.assertEqual(sorted(os.listdir(self.d.path('done/m'))), names)

    def test_loose_shards_with_index(self):
        files = {n: d for n, d in models.hf_folder().items() if n != 'config.json'}
        self.write(self.d.drop, files, sorted(files, reverse=True), pause=0.3)
        self.expect_one('model-Q8_0.gguf')
        self.assertEqual(sorted(os.listdir(self.d.path('done/model'))), sorted(files))


class SplitOutputs(harness.DaemonTest):
    """Targets whose recipes have options for the writer."""
    RECIPE = ('title %s\ndescription As q8_0.\nbits 8.5\nformats gguf\ninclude q8_0.recipe\n'
              'option %s\n')
    targets = ('gguf:kept', 'gguf:small')

    def setUp(self):
        super().setUp()
        recipes = os.path.join(self.d.root, 'recipes')
        os.mkdir(recipes)
        for name, option in (('kept', 'keep_split true'), ('small', 'split_max_tensors 2')):
            with open(os.path.join(recipes, name + '.recipe'), 'w') as f:
                f.write(self.RECIPE % (name, option))
        self.d.env['PARE_RECIPES'] = recipes + ':' + self.d.env['PARE_RECIPES']
        self.start()

    def test_shards(self):
        folder = os.path.join(self.d.side, 'm')
        os.mkdir(folder)
        for ending, data in models.gguf_split().items():
            with open(os.path.join(folder, 'm' + ending), 'wb') as f:
                f.write(data)
        os.rename(folder, self.d.path('m'))
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['done'])
        self.assertEqual(self.d.outputs(), ['m-KEPT', 'm-SMALL'])
        for path, n in zip(self.d.manifests(), (3, 2)):
            name = os.path.basename(path)[:-len('.pare.json')]
            self.assertEqual([f['name'] for f in harness.check_manifest(path)['output']['files']],
                             ['%s-%05d-of-%05d.gguf' % (name, i + 1, n) for i in range(n)])


class TargetFolders(harness.DaemonTest):
    def setUp(self):
        super().setUp()
        self.start()

    def test_target_by_folder(self):
        os.mkdir(self.d.path('gguf-q4_k_m'))
        time.sleep(0.5)
        self.assertEqual(self.d.arriving(), {})
        shutil.copy(self.d.aside('m.gguf', models.gguf()), self.d.path('gguf-q4_k_m/m.gguf'))
        self.expect_one('m-Q4_K_M.gguf')
        self.assertTrue(os.path.isdir(self.d.path('gguf-q4_k_m')))
        shutil.copy(self.d.path('done/m.gguf'), self.d.path('m.gguf'))
        self.d.wait_done(2)
        self.assertEqual(self.d.outputs(), ['m-Q4_K_M.gguf', 'm-Q8_0.gguf'])

    def test_filled_before_it_is_moved_in(self):
        self.d.aside('gguf-q4_k_m/m.gguf', models.gguf())
        os.rename(os.path.join(self.d.side, 'gguf-q4_k_m'), self.d.path('gguf-q4_k_m'))
        self.expect_one('m-Q4_K_M.gguf')

    def test_a_model_of_such_a_name(self):
        self.d.aside('gguf-mine/m.gguf', models.gguf())
        os.rename(os.path.join(self.d.side, 'gguf-mine'), self.d.path('gguf-mine'))
        self.expect_one('gguf-mine-Q8_0.gguf')


class Absent(harness.DaemonTest):
    """What happened while nobody looked."""

    def test_arrived_while_stopped(self):
        self.start()
        self.assertEqual(self.d.stop(), 0)
        for i in range(10):
            shutil.copy(self.d.aside('m', models.gguf(seed=i)), self.d.path('m%d.gguf' % i))
        self.start()
        self.d.wait_done(10)
        self.assertEqual(self.d.states(), ['done'] * 10)
        self.assertEqual(len(self.d.outputs()), 10)

    def test_drop_directory_replaced(self):
        self.start()
        os.rename(self.d.drop, self.d.drop + '.old')
        time.sleep(0.5)
        os.mkdir(self.d.drop)
        shutil.copy(self.d.aside('m.gguf', models.gguf()), self.d.path('m.gguf'))
        self.d.wait_done(1, 20)
        self.assertEqual(self.d.states(), ['done'])

    def test_drop_directory_moved_away_and_back(self):
        self.start()
        os.rename(self.d.drop, self.d.drop + '.old')
        time.sleep(1.5)
        shutil.copy(self.d.aside('m.gguf', models.gguf()), self.d.drop + '.old/m.gguf')
        time.sleep(1)
        os.rename(self.d.drop + '.old', self.d.drop)
        self.d.wait_done(1, 20)
        self.assertEqual(self.d.states(), ['done'])
        shutil.copy(self.d.path('done/m.gguf'), self.d.path('m.gguf'))
        self.d.wait_done(2, 20)


if __name__ == '__main__':
    harness.main()
