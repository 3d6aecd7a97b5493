#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Files that lie beside a model and say how to convert it."""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
import models
from harness import wait_until

RULES = b'q8_0 if name ~ "*ffn_down*"\n'


class Sidecars(harness.DaemonTest):
    targets = ('gguf:q4_k_m',)

    def setUp(self):
        super().setUp()
        self.start()

    def put(self, name, data):
        """As `mv` does: whole at once."""
        os.makedirs(os.path.dirname(self.d.path(name)), exist_ok=True)
        os.rename(self.d.aside('put', data), self.d.path(name))

    def stays(self, arriving, seconds=0.8):
        """No job comes, and this is why."""
        wait_until(lambda: self.d.arriving() == arriving, 10, '%s, not %s' % (
            arriving, self.d.arriving()))
        time.sleep(seconds)
        self.assertEqual(self.d.jobs(), [])
        self.assertEqual(self.d.arriving(), arriving)

    def encodings(self, manifest):
        return {t['name']: t['to'] for t in manifest['tensors']}

    def check(self, manifest, importance=None, down='q6_k'):
        """What the conversion made of its sidecars."""
        used = manifest.get('importance') or {}
        self.assertEqual(used.get('name'), importance)
        self.assertEqual(self.encodings(manifest)['blk.0.ffn_down.weight'], down)

    def in_folder(self, *parts):
        path = self.d.path(os.path.join(*parts))
        return sorted(os.listdir(path)) if os.path.isdir(path) else []

    def test_beside_a_file(self):
        self.put('m.imatrix.gguf', models.imatrix())
        self.put('m.pare', RULES)
        self.stays({'m.imatrix.gguf': 'waiting for its model m', 'm.pare': 'waiting for its model m'})
        self.put('m.gguf', models.gguf())
        self.check(self.expect_one('m-Q4_K_M.gguf'), 'm.imatrix.gguf', 'q8_0')
        self.assertEqual(self.in_folder('done/m'), ['m.gguf', 'm.imatrix.gguf', 'm.pare'])
        self.assertEqual(self.d.arriving(), {})
        self.put('m.gguf', models.gguf())  # the next of that name has none
        self.d.wait_done(2)
        self.assertEqual(self.in_folder('done'), ['m', 'm.gguf'])

    def test_what_was_done_can_be_dropped_again(self):
        self.put('m.pare', RULES)
        self.put('m.gguf', models.gguf())
        self.d.wait_done(1)
        os.rename(self.d.path('done/m'), self.d.path('m'))
        self.d.wait_done(2)
        self.assertEqual(self.d.states(), ['done', 'done'])
        for manifest in self.d.manifests():
            self.check(harness.check_manifest(manifest), None, 'q8_0')

    def test_of_shards(self):
        self.put('m.pare', b'keep if name ~ "blk.1.*"\n')
        self.put('m-imatrix.gguf', models.imatrix(names=['blk.%d.ffn_down.weight' % i
                                                         for i in range(3)]))
        files = {'m' + ending: data for ending, data in models.gguf_split().items()}
        for name, data in files.items():
            self.put(name, data)
        manifest = self.expect_one('m-Q4_K_M.gguf')
        self.assertEqual(self.encodings(manifest)['blk.1.ffn_down.weight'], 'bf16')
        self.assertEqual(manifest['importance']['name'], 'm-imatrix.gguf')
        self.assertEqual(self.in_folder('done/m'), sorted([*files, 'm.pare', 'm-imatrix.gguf']))

    def folder(self, files):
        for name, data in files.items():
            self.d.aside(os.path.join('m', name), data)
        os.rename(os.path.join(self.d.side, 'm'), self.d.path('m'))

    def test_in_a_folder(self):
        self.folder({'model.gguf': models.gguf(), 'imatrix.gguf': models.imatrix(),
                     'overrides.pare': RULES})
        self.check(self.expect_one('m-Q4_K_M.gguf'), 'imatrix.gguf', 'q8_0')
        self.assertEqual(self.in_folder('done/m'), ['imatrix.gguf', 'model.gguf',
                                                    'overrides.pare'])

    def test_beside_a_folder(self):
        self.put('m.pare', RULES)
        self.folder({'model.gguf': models.gguf()})
        self.check(self.expect_one('m-Q4_K_M.gguf'), None, 'q8_0')
        self.assertEqual(self.in_folder('done/m'), ['m', 'm.pare'])
        self.assertEqual(self.in_folder('done/m/m'), ['model.gguf'])

    def test_still_being_written(self):
        with open(self.d.path('m.pare'), 'wb') as f:
            f.write(RULES[:5])
            f.flush()
            self.put('m.gguf', models.gguf())
            self.stays({'m.gguf': 'm.pare: being written'})
            f.write(RULES[5:])
        self.check(self.expect_one('m-Q4_K_M.gguf'), None, 'q8_0')

    def test_unfinished(self):
        self.put('m.imatrix.gguf.part', models.imatrix()[:100])
        self.put('m.gguf', models.gguf())
        self.stays({'m.gguf': 'm.imatrix.gguf.part: unfinished name',
                    'm.imatrix.gguf.part': 'unfinished name'})
        with open(self.d.path('m.imatrix.gguf.part'), 'wb') as f:
            f.write(models.imatrix())
        os.rename(self.d.path('m.imatrix.gguf.part'), self.d.path('m.imatrix.gguf'))
        self.check(self.expect_one('m-Q4_K_M.gguf'), 'm.imatrix.gguf')

    def test_cut_short_waits(self):
        data = models.imatrix()
        self.put('m.imatrix.gguf', data[:-200])
        self.put('m.gguf', models.gguf())
        wait_until(lambda: 'm.imatrix.gguf' in self.d.arriving().get('m.gguf', ''), 10,
                   'the matrix is waited for')
        time.sleep(0.8)
        self.assertEqual(self.d.jobs(), [])
        with open(self.d.path('m.imatrix.gguf'), 'ab') as f:
            f.write(data[-200:])
        self.check(self.expect_one('m-Q4_K_M.gguf'), 'm.imatrix.gguf')

    def fails(self, *texts):
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['failed'])
        text = self.d.query('SELECT error_text FROM job')[0][0]
        for expected in texts:
            self.assertIn(expected, text)

    def test_bad_rules_then_good_ones(self):
        self.put('m.pare', b'# mine\nq8_0 when true\n')
        self.put('m.gguf', models.gguf())
        self.fails('m.pare:2: ')
        self.assertEqual(self.in_folder('failed/m'), ['m.gguf', 'm.pare'])
        with open(self.d.path('failed/m.reason.txt')) as f:
            self.assertIn('m.pare:2: ', f.read())
        with open(self.d.path('failed/m/m.pare'), 'wb') as f:
            f.write(RULES)
        self.assertTrue(self.d.ask('retry', job='1')['ok'])
        self.check(self.expect_one('m-Q4_K_M.gguf'), None, 'q8_0')
        self.assertEqual(self.in_folder('done/m'), ['m.gguf', 'm.pare'])
        self.assertEqual([n for n in os.listdir(self.d.path('failed'))], [])

    def test_bad_matrix(self):
        self.put('m.imatrix.gguf', models.imatrix().replace(b'.counts', b'.comets'))
        self.put('m.gguf', models.gguf())
        self.fails('m.imatrix.gguf', 'blk.0.ffn_down.weight')
        self.assertEqual(self.in_folder('failed/m'), ['m.gguf', 'm.imatrix.gguf'])

    def test_not_text(self):
        self.put('m.pare', b'pure\n\xff\n')
        self.put('m.gguf', models.gguf())
        self.fails('m.pare:2: not a text in UTF-8')

    def test_two_matrices(self):
        self.put('m.imatrix.gguf', models.imatrix())
        self.put('m-imatrix.gguf', models.imatrix())
        self.put('m.gguf', models.gguf())
        self.fails('m-imatrix.gguf and m.imatrix.gguf are both importance matrices')
        self.assertEqual(self.in_folder('failed/m'), ['m-imatrix.gguf', 'm.gguf', 'm.imatrix.gguf'])

    def test_matrix_under_another_name(self):
        self.put('statistics.gguf', models.imatrix())
        self.fails('statistics.gguf: an importance matrix, not a model: name it '
                   'MODEL.imatrix.gguf')
        self.assertIn('statistics.gguf', self.in_folder('failed'))

    def test_one_gone_from_the_claim(self):
        self.d.ask('pause')
        self.put('m.pare', RULES)
        self.put('m.gguf', models.gguf())
        wait_until(self.d.jobs, 10, 'it is taken')
        claimed = self.d.path('.pare/claimed')
        os.unlink(os.path.join(claimed, os.listdir(claimed)[0], 'source/m.pare'))
        self.d.ask('resume')
        self.fails('m.pare, which was dropped with it, is no longer there')

    def test_the_model_gone_from_the_claim(self):
        """As when a daemon was killed while it deleted a source."""
        self.d.ask('pause')
        self.put('m.pare', RULES)
        self.put('m.gguf', models.gguf())
        wait_until(self.d.jobs, 10, 'it is taken')
        self.d.kill()
        claimed = self.d.path('.pare/claimed')
        os.unlink(os.path.join(claimed, os.listdir(claimed)[0], 'source/m.gguf'))
        self.start()
        self.d.ask('resume')  # a pause survives the restart
        self.fails('m.gguf: No such file')
        self.assertEqual(self.in_folder('failed/m'), ['m.pare'])

    def test_of_two_models_of_one_name(self):
        self.put('m.pare', RULES)
        self.d.stop()
        self.put('m.safetensors', models.safetensors())
        self.put('m.gguf', models.gguf())
        self.start()
        self.d.wait_done(2)
        self.assertEqual(self.in_folder('done'), ['m'])
        self.assertEqual(self.in_folder('done/m'), ['m.gguf', 'm.pare'])
        # the other one has none, and there is no config.json that tells of it
        self.assertIn('m.safetensors', self.in_folder('failed'))

    def test_submitted_in_place(self):
        path = self.d.aside('x/m.gguf', models.gguf())
        self.d.aside('x/m.pare', RULES)
        self.assertTrue(self.d.submit(path)['ok'])
        self.check(self.expect_one('m-Q4_K_M.gguf'), None, 'q8_0')
        self.assertEqual(sorted(os.listdir(os.path.dirname(path))), ['m.gguf', 'm.pare'])

    def test_killed(self):
        self.d.ask('pause')
        self.put('m.imatrix.gguf', models.imatrix())
        self.put('m.pare', RULES)
        self.put('m.gguf', models.gguf())
        wait_until(self.d.jobs, 10, 'it is taken')
        self.d.kill()
        self.start()
        self.d.ask('resume')  # a pause survives the restart
        self.check(self.expect_one('m-Q4_K_M.gguf'), 'm.imatrix.gguf', 'q8_0')
        self.assertEqual(self.in_folder('done/m'), ['m.gguf', 'm.imatrix.gguf', 'm.pare'])

    def test_killed_between_the_renames(self):
        """The model is claimed already, its sidecar not yet."""
        self.d.ask('pause')
        self.put('m.pare', RULES)
        self.put('m.gguf', models.gguf())
        wait_until(self.d.jobs, 10, 'it is taken')
        self.d.kill()
        claimed = self.d.path('.pare/claimed')
        os.rename(os.path.join(claimed, os.listdir(claimed)[0], 'source/m.pare'),
                  self.d.path('m.pare'))
        self.start()
        self.d.ask('resume')  # a pause survives the restart
        self.check(self.expect_one('m-Q4_K_M.gguf'), None, 'q8_0')
        self.assertEqual(self.in_folder('done/m'), ['m.gguf', 'm.pare'])


class Deleting(harness.DaemonTest):
    options = ('--set', 'after=delete')

    def test_sidecars_go_too(self):
        self.start()
        os.rename(self.d.aside('put', RULES), self.d.path('m.pare'))
        os.rename(self.d.aside('put', models.gguf()), self.d.path('m.gguf'))
        self.expect_one('m-Q8_0.gguf')
        self.assertEqual(sorted(n for n in os.listdir(self.d.drop) if n[0] == 'm'), [])
        self.assertEqual(os.listdir(self.d.path('done')), [])


if __name__ == '__main__':
    harness.main()
