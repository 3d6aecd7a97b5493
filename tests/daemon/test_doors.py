#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""The daemon's doors: who may put what where, and ask for what. Nobody gets at what is closed to
them, or takes the place of what the daemon keeps; no request makes it stall."""

import json
import os
import socket
import stat
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
import models


class Directories(harness.DaemonTest):
    def test_sticky_where_others_write(self):
        """Who may drop models must not be able to replace the daemon's own directory."""
        os.chmod(self.d.drop, 0o2775)
        os.chmod(self.d.out, 0o755)
        self.start()
        self.assertEqual(stat.S_IMODE(os.stat(self.d.drop).st_mode), 0o3775)
        self.assertEqual(stat.S_IMODE(os.stat(self.d.out).st_mode), 0o755)
        for path in (self.d.drop, self.d.out, os.path.join(self.d.drop, '.pare/claimed')):
            own = path if path.endswith('claimed') else os.path.join(path, '.pare')
            self.assertEqual(os.stat(own).st_mode & 0o777, 0o700)

    def test_own_directory_that_others_could_write(self):
        own = os.path.join(self.d.drop, '.pare')
        os.mkdir(own)
        os.chmod(own, 0o777)
        self.start()
        self.assertEqual(os.stat(own).st_mode & 0o777, 0o700)

    def refuses(self, text):
        self.d.start(wait=False)
        self.assertNotEqual(self.d.process.wait(20), 0)
        self.assertIn(text, self.d.log())

    def test_link_in_place_of_its_own_directory(self):
        for place in (self.d.drop, self.d.out):
            with self.subTest(place=place):
                os.symlink(self.d.side, os.path.join(place, '.pare'))
                self.refuses('.pare is no directory')
                os.unlink(os.path.join(place, '.pare'))
                self.assertEqual(os.listdir(self.d.side), [])

    @harness.unittest.skipIf(os.geteuid() != 0, 'needs root to give a directory away')
    def test_own_directory_of_somebody_else(self):
        for place in ('drop/.pare', 'drop/.pare/claimed', 'out/.pare'):
            path = os.path.join(self.d.root, place)
            os.makedirs(path, exist_ok=True)
            os.chown(path, 12345, 12345)
            with self.subTest(place=place):
                self.refuses('belongs to another user (uid 12345)')
            os.chown(path, 0, 0)
        self.start()


class Requests(harness.DaemonTest):
    def setUp(self):
        super().setUp()
        self.start()

    def test_submit_takes_only_what_its_client_may_read(self):
        """The daemon reads with its own rights: what it may read is no answer to who asks."""
        secret = self.d.aside('secret/s.gguf', models.gguf())
        mine = self.d.aside('mine/m.gguf', models.gguf())
        refused = self.d.ask('submit', path=secret)
        self.assertIn('open descriptors', refused['error'])
        other, missing = (self.d.ask_showing([mine], 'submit', path=path)
                          for path in (secret, secret + 'x'))
        self.assertEqual((other['code'], missing['code']), ('usage', 'usage'))
        self.assertEqual(other['error'].replace(secret, 'P'),
                         missing['error'].replace(secret + 'x', 'P')) # no word of what is there
        for flags in (os.O_WRONLY, os.O_PATH):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(self.d.socket)
                fd = os.open(secret, flags)
                line = json.dumps({'command': 'submit', 'path': secret}).encode() + b'\n'
                socket.send_fds(s, [line], [fd])
                os.close(fd)
                self.assertFalse(json.loads(s.makefile().readline())['ok'], flags)
        sidecar = self.d.aside('mine/m.pare', b'default q8_0\n')
        self.assertFalse(self.d.ask_showing([mine], 'submit', path=mine)['ok'])
        self.assertTrue(self.d.ask_showing([mine, sidecar], 'submit', path=mine)['ok'])

    def test_submitted_files_are_those_that_are_converted(self):
        self.d.ask('pause')
        secret = self.d.aside('secret/m.gguf', models.gguf(seed=3))
        mine = self.d.aside('mine/m.gguf', models.gguf())
        self.assertTrue(self.d.submit(mine)['ok'])
        os.rename(os.path.dirname(mine), os.path.join(self.d.side, 'away'))
        os.symlink(os.path.dirname(secret), os.path.dirname(mine))
        self.d.ask('resume')
        self.d.wait_done(1)
        self.assertIn('no longer what was submitted',
                      self.d.query('SELECT error_text FROM job')[0][0])
        self.assertEqual(self.d.outputs(), [])

    def test_submit_limits(self):
        source = self.d.aside('m.gguf', models.gguf())
        for text, fields in (('from -1000 to 1000', {'priority': 1001}),
                             ('given twice', {'targets': ['gguf:q8_0'] * 5000}),
                             ('no recipe', {'targets': [f'gguf:x{i}' for i in range(65)]})):
            answer = self.d.submit(source, **fields)
            self.assertFalse(answer['ok'])
            self.assertIn(text, answer['error'])

    def receive_status(self, **fields):
        status = self.d.ask('status', **fields)
        self.assertTrue(status['ok'], status)
        return status

    def test_status_of_many_comes_in_pages(self):
        """However many wait, an answer has a bounded size, and all of them can be had."""
        self.d.ask('pause')
        for i in range(250): # never complete
            with open(os.path.join(self.d.drop, 'm%03d.gguf' % i), 'wb') as f:
                f.write(models.gguf(seed=i)[:-1])
        source = self.d.aside('m.gguf', models.gguf())
        for _ in range(5):
            self.assertTrue(self.d.submit(source)['ok'])
        harness.wait_until(lambda: self.receive_status()['arriving_total'] == 250, 30, 'all seen')
        first = self.receive_status()
        self.assertEqual((len(first['arriving']), len(first['jobs']), first['jobs_total']),
                         (100, 5, 5))
        names, jobs = set(), []
        for start in range(0, 300, 60):
            page = self.receive_status(arriving_from=start, jobs_from=start // 30, limit=60)
            names |= {item['name'] for item in page['arriving']}
            jobs += [job['id'] for job in page['jobs']][:2]
        self.assertEqual(len(names), 250)
        self.assertEqual(sorted(set(jobs)), [1, 2, 3, 4, 5])
        self.assertEqual(len(self.receive_status(limit=10 ** 9)['arriving']), 250)
        pare = harness.programs()['pare']
        text = harness.subprocess.run([pare, 'status', '--socket', self.d.socket], check=True,
                                      env=self.d.env, capture_output=True, text=True).stdout
        self.assertIn('and 150 more', text)
        whole = json.loads(harness.subprocess.run(
            [pare, 'status', '--json', '--all', '--socket', self.d.socket], check=True,
            env=self.d.env, capture_output=True, text=True).stdout)
        self.assertEqual((len(whole['arriving']), len(whole['jobs'])), (250, 5))

    def test_watching_many(self):
        for i in range(250):
            with open(os.path.join(self.d.drop, 'm%03d.gguf' % i), 'wb') as f:
                f.write(models.gguf(seed=i)[:-1])
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(self.d.socket)
            s.sendall(b'{"command": "watch"}\n')
            for line in s.makefile():
                event = json.loads(line)
                self.assertLessEqual(len(event.get('arriving', [])), 100)
                if event.get('arriving_total') == 250:
                    break


if __name__ == '__main__':
    harness.main()
