#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""A job that is killed goes on where it was, and comes out as if it had not been."""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import harness  # noqa: E402

SETTINGS = ['checkpoint=1M', 'threads=1', 'search=best']
TARGETS = ('gguf:iq4_xs', 'gguf:f32')


def shared(make):
    """Made once, and removed at the end of the tests."""
    def get():
        if not hasattr(get, 'value'):
            get.value = make()
        return get.value
    return get


@shared
def scratch():
    path = tempfile.mkdtemp(prefix='pare-checkpoint-')
    unittest.addModuleCleanup(shutil.rmtree, path, True)
    return path


@shared
def model():
    """About two seconds of work."""
    path = os.path.join(scratch(), 'big.gguf')
    subprocess.run([sys.executable, os.path.join(HERE, '../bench/make_model.py'), path, '20000000',
                    '--pieces', '10'], check=True, stdout=subprocess.DEVNULL)
    return path


def figures(manifest):
    """What does not depend on the time that it took."""
    return [{k: v for k, v in t.items() if k != 'seconds'} for t in manifest['tensors']]


@shared
def expected():
    """{output: (digest, figures)} of an uninterrupted run."""
    out = os.path.join(scratch(), 'expected')
    command = [harness.programs()['pare'], 'convert', model(), '--out', out, '--quiet',
               '--catalog', os.path.join(scratch(), 'expected.db'), '--checkpoint', '0',
               '--threads', '2', '--search', 'best']
    for target in TARGETS:
        command += ['--to', target]
    subprocess.run(command, check=True, env=harness.environment())
    found = {}
    for path in glob.glob(os.path.join(out, '*.pare.json')):
        manifest = harness.check_manifest(path)
        found[manifest['output']['name']] = (manifest['output']['files'][0]['sha256'],
                                             figures(manifest))
    return found


class CheckpointTest(harness.DaemonTest):
    targets = TARGETS
    options = [o for s in SETTINGS for o in ('--set', s)]

    def drop_model(self):
        aside = os.path.join(self.d.side, 'big.gguf')
        shutil.copy(model(), aside)
        os.rename(aside, self.d.path('big.gguf'))

    def staging(self):
        return glob.glob(os.path.join(self.d.out, '.pare/staging/*'))

    def claimed(self):
        return glob.glob(os.path.join(self.d.drop, '.pare/claimed/**/big.gguf'), recursive=True)[0]

    def journal_size(self):
        try:
            return os.path.getsize(os.path.join(self.staging()[0], 'work/journal'))
        except (IndexError, FileNotFoundError):
            return 0

    def wait_for_checkpoints(self, blocks=8):
        """Until the journal has grown so often."""
        sizes = set()

        def look():
            sizes.add(self.journal_size())
            return len(sizes - {0}) >= blocks
        harness.wait_until(look, 30, 'checkpoints\n' + self.d.log())

    def begin(self):
        self.start()
        self.drop_model()
        self.wait_for_checkpoints()

    def events(self, kind):
        return [t for t, in self.d.query('SELECT text FROM event WHERE kind = ?', kind)]

    def expect_all(self, goes_on=True):
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['done'])
        found = {}
        for path in self.d.manifests():
            manifest = harness.check_manifest(path)
            found[manifest['output']['name']] = (manifest['output']['files'][0]['sha256'],
                                                 figures(manifest))
        self.assertEqual(found, expected())
        self.assertEqual(len(self.events('resume')) > 0, goes_on, self.d.log())
        harness.wait_until(lambda: not self.staging(), 5, 'staging is gone')

    def test_the_daemon_is_killed(self):
        self.begin()
        self.d.kill()
        before = self.journal_size()
        self.d.start()
        harness.wait_until(lambda: self.events('resume') or self.d.states() == ['done'])
        self.assertGreaterEqual(self.journal_size() or before, before)
        self.expect_all()
        self.assertEqual(self.events('restart'), [])

    def test_the_daemon_is_killed_while_it_verifies(self):
        self.begin()
        pattern = os.path.join(self.d.out, '.pare/staging/*/1/data')
        end = time.monotonic() + 60
        while not glob.glob(pattern) and time.monotonic() < end:
            pass
        self.d.kill()
        self.assertEqual(self.d.outputs(), [])
        self.d.start()
        self.expect_all()
        self.assertEqual(self.events('restart'), [])

    def test_the_daemon_is_stopped(self):
        self.begin()
        start = time.monotonic()
        self.assertEqual(self.d.stop(), 0)
        self.assertLess(time.monotonic() - start, 5)
        self.assertEqual(len(self.staging()), 1)
        self.d.start()
        self.expect_all()
        self.assertEqual(self.events('restart'), [])

    def test_the_worker_is_killed(self):
        self.begin()
        for pid in harness.children_of(self.d.process.pid):
            os.kill(pid, signal.SIGKILL)
        self.expect_all()
        self.assertEqual(self.events('restart'), [])

    def test_a_file_is_shorter(self):
        self.begin()
        self.d.stop()
        os.truncate(glob.glob(self.staging()[0] + '/work/0/*')[0], 1000)
        self.d.start()
        self.expect_all(goes_on=False)
        self.assertEqual(len(self.events('restart')), 1)
        self.assertIn('is not the file of', self.events('restart')[0])

    def test_a_file_is_gone(self):
        self.begin()
        self.d.kill()
        os.remove(glob.glob(self.staging()[0] + '/work/1/*')[0])
        self.d.start()
        self.expect_all(goes_on=False)
        self.assertEqual(len(self.events('restart')), 1)

    def test_a_file_is_altered(self):
        self.begin()
        self.d.kill()
        path = glob.glob(self.staging()[0] + '/work/0/*')[0]
        with open(path, 'r+b') as f:
            f.seek(os.path.getsize(path) // 5)
            f.write(b'something else')
        self.d.start()
        self.expect_all()
        self.assertEqual(len(self.events('restart')), 1)

    def test_the_journal_is_damaged(self):
        self.begin()
        self.d.kill()
        with open(self.staging()[0] + '/work/journal', 'r+b') as f:
            f.seek(30)
            f.write(b'?')
        self.d.start()
        self.expect_all(goes_on=False)
        self.assertEqual(self.events('restart'),
                         ['the journal is damaged, or of another version'])

    def test_the_source_has_changed(self):
        self.begin()
        self.d.stop()
        os.utime(self.claimed())
        self.d.start()
        self.expect_all(goes_on=False)
        self.assertEqual(self.events('restart'), ['the source has changed'])

    def test_options_have_changed(self):
        self.d.options += ['--set', 'measure=sample']
        self.begin()
        self.d.stop()
        self.d.options = self.d.options[:-2]
        self.d.start()
        self.expect_all(goes_on=False)
        self.assertEqual(self.events('restart'),
                         ['the recipe, the rules or the options have changed'])

    def test_what_has_ended_leaves_nothing(self):
        self.begin()
        self.d.stop()
        os.truncate(self.claimed(), 1000)
        self.d.start()
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['failed'])
        harness.wait_until(lambda: not self.staging(), 5, 'staging is gone')

    def test_a_cancelled_job_leaves_nothing(self):
        self.begin()
        self.d.ask('pause')
        for pid in harness.children_of(self.d.process.pid):
            os.kill(pid, signal.SIGKILL)
        harness.wait_until(lambda: self.d.states() in (['queued'], ['retry']))
        self.assertEqual(len(self.staging()), 1)
        self.assertTrue(self.d.ask('cancel', job=1)['ok'])
        self.d.wait_done(1)
        harness.wait_until(lambda: not self.staging(), 5, 'staging is gone')


if __name__ == '__main__':
    if len(sys.argv) > 1 and not sys.argv[1].startswith('-') and os.path.isdir(sys.argv[1]):
        harness.BUILD = sys.argv.pop(1)
    unittest.main()
