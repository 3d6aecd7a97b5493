#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""pare list, show, failures, query and rebuild, on catalogs made from manifests.

Usage: test_catalog_commands.py PARE [unittest arguments]
"""
import csv
import io
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import unittest

PARE = sys.argv.pop(1)


def manifest(job, recipe, created, name, files, folder=False, sqnr=24.0):
    tensor = {'name': 'evil\x1b[31m', 'shape': [64, 32], 'from': 'bf16', 'to': 'q8_0',
              'elements': 2048, 'bytes_in': 4096, 'bytes': 2176, 'rmse': 0.001, 'sqnr_db': sqnr,
              'relative_error': 0.01, 'max_abs': 0.02, 'cosine': 0.999, 'nonfinite': 0}
    return {
        'pare_manifest': 1, 'job': job, 'created': created,
        'program': {'name': 'pare', 'version': '0.1.0'},
        'source': {'name': 'tiny', 'path': '/drop/tiny.gguf', 'format': 'gguf',
                   'architecture': 'llama', 'license': 'mit', 'parameters': 2048, 'tensors': 1,
                   'bytes': 4096, 'digest': 'ab' * 32,
                   'files': [{'name': 'tiny.gguf', 'bytes': 4200, 'sha256': 'ab' * 32}],
                   'census': [{'encoding': 'bf16', 'tensors': 1, 'elements': 2048, 'bytes': 4096}]},
        'target': {'format': 'gguf', 'recipe': recipe, 'recipe_sha256': 'cd' * 32, 'options': {}},
        'plugins': [{'name': 'ggml', 'version': '1', 'sha256': 'ef' * 32}],
        'output': {'name': name, 'folder': folder, 'bytes': sum(files.values()), 'census': [],
                   'files': [{'name': n, 'bytes': b, 'sha256': '01' * 32} for n, b in files.items()],
                   'bits_per_weight': 8.5},
        'accuracy': {'rmse': 0.001, 'sqnr_db': sqnr, 'relative_error': 0.01, 'max_abs': 0.02,
                     'cosine': 0.999},
        'seconds': dict.fromkeys(('hash', 'read', 'decode', 'encode', 'measure', 'write', 'sync',
                                  'verify', 'total'), 0.5),
        'resources': {'peak_rss': 1000000, 'threads': 2, 'cpu': 'c', 'sandbox': {'landlock': 3}},
        'warnings': ['a warning'], 'tensors': [tensor]}


class Catalog(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = scratch.name
        self.out = os.path.join(self.dir, 'out')
        self.db = os.path.join(self.dir, 'catalog.db')
        self.put('', manifest('20261123T210000-aaaaaa', 'q8_0', '2026-11-23T21:00:01.000Z',
                              'tiny-Q8_0.gguf', {'tiny-Q8_0.gguf': 300}))
        self.put('', manifest('20261123T210000-aaaaaa', 'q4_0', '2026-11-23T21:00:02.000Z',
                              'tiny-Q4_0.gguf', {'tiny-Q4_0.gguf': 200}, sqnr=18.0))
        self.put('sub', manifest('20261123T220000-bbbbbb', 'f16', '2026-11-23T22:00:00.000Z',
                                 'tiny-F16', {'a.safetensors': 10, 'b.json': 20}, folder=True))

    def put(self, under, content):
        """An output with its manifest."""
        where = os.path.join(self.out, under)
        output = content['output']
        base = os.path.join(where, output['name']) if output['folder'] else where
        os.makedirs(base, exist_ok=True)
        for file in output['files']:
            with open(os.path.join(base, file['name']), 'wb') as f:
                f.write(bytes(file['bytes']))
        with open(os.path.join(where, output['name'] + '.pare.json'), 'w') as f:
            json.dump(content, f)

    def pare(self, *arguments, status=0):
        done = subprocess.run([PARE, *arguments, '--catalog', self.db], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_rebuild(self):
        self.assertIn('3 imported, 0 known', self.pare('rebuild', '--out', self.out))
        self.assertIn('0 imported, 3 known', self.pare('rebuild', '--out', self.out))
        rows = json.loads(self.pare('list', '--json'))
        self.assertEqual([r['target'] for r in rows], ['gguf:f16', 'gguf:q4_0', 'gguf:q8_0'])
        self.assertEqual(rows[0]['output_path'], os.path.join(self.out, 'sub', 'tiny-F16'))
        self.assertEqual([r['ref'].split('.')[1] for r in rows], ['1', '2', '1'])

    def test_rebuild_checks_outputs(self):
        os.truncate(os.path.join(self.out, 'tiny-Q8_0.gguf'), 299)
        os.unlink(os.path.join(self.out, 'sub', 'tiny-F16', 'b.json'))
        with open(os.path.join(self.out, 'x.pare.json'), 'w') as f:
            f.write('{')
        answer = json.loads(self.pare('rebuild', '--out', self.out, '--json', status=1)
                            .splitlines()[0])
        self.assertEqual(answer['imported'], 1)
        reasons = ' / '.join(sorted(s['reason'] for s in answer['skipped']))
        self.assertIn('tiny-Q8_0.gguf: 299 bytes, the manifest says 300', reasons)
        self.assertIn('tiny-F16/b.json: No such file', reasons)
        self.assertIn('not JSON', reasons)

    def test_rebuild_replaces_a_damaged_catalog(self):
        with open(self.db, 'wb') as f:
            f.write(b'\xa5' * 8192)
        self.assertIn('damaged', self.pare('list', status=1))
        self.assertIn('3 imported', self.pare('rebuild', '--out', self.out))
        self.assertTrue([n for n in os.listdir(self.dir) if n.startswith('catalog.db.corrupt-')])

    def test_rebuild_not_behind_the_daemon(self):
        with socket.socket(socket.AF_UNIX) as daemon:
            daemon.bind(os.path.join(self.dir, 'pared.sock'))
            daemon.listen()
            self.assertIn('running pared', self.pare('rebuild', '--out', self.out, status=1))
        self.assertFalse(os.path.exists(self.db))
        self.assertIn('3 imported', self.pare('rebuild', '--out', self.out))

    def test_no_catalog(self):
        for command in (['list'], ['failures'], ['show', '1'], ['query', 'SELECT 1']):
            self.assertIn('there is no catalog yet', self.pare(*command, status=3))

    def test_show(self):
        self.pare('rebuild', '--out', self.out)
        for name in ('tiny-Q4_0.gguf', os.path.join(self.out, 'tiny-Q4_0.gguf')):
            shown = self.pare('show', name)
            self.assertIn('gguf:q4_0', shown)
            self.assertIn('SQNR 18.00 dB', shown)
            self.assertIn('64x32', shown)
            self.assertIn('a warning', shown)
            self.assertIn('evil\\x1b[31m', shown)
        whole = json.loads(self.pare('show', '20261123T210000', '--json'))
        self.assertEqual(len(whole['conversions']), 2)
        self.assertEqual(whole['job']['model_license'], 'mit')
        self.assertIn('no such job', self.pare('show', '99.1', status=3))

    def test_failures(self):
        self.pare('rebuild', '--out', self.out)
        self.assertEqual(self.pare('failures'), 'no failures\n')
        with sqlite3.connect(self.db) as db:
            db.execute("UPDATE conversion SET state = 'failed', error_code = 'space',"
                       " error_text = 'disk full' WHERE recipe = 'q4_0'")
        db.close()
        self.assertRegex(self.pare('failures'), r'gguf:q4_0 .* space +disk full')
        self.assertEqual(json.loads(self.pare('failures', '--json'))[0]['error_code'], 'space')

    def test_list_filters(self):
        self.pare('rebuild', '--out', self.out)
        self.assertEqual(len(self.pare('list', '--limit', '2').splitlines()), 3)
        self.assertEqual(self.pare('list', 'other'), 'no conversions\n')
        self.assertEqual(self.pare('list', '--state', 'queued'), 'no conversions\n')
        self.assertIn('--state is', self.pare('list', '--state', 'lost', status=2))
        self.assertIn("did you mean 'failed'?", self.pare('list', '--state', 'fialed', status=2))

    def test_rebuild_follows_no_links(self):
        """A link in place of a manifest may lead to what only the reader may see."""
        path = os.path.join(self.out, 'tiny-Q8_0.gguf.pare.json')
        os.rename(path, os.path.join(self.out, 'elsewhere.json'))
        os.symlink('elsewhere.json', path)
        answer = json.loads(self.pare('rebuild', '--out', self.out, '--json', status=1)
                            .splitlines()[0])
        self.assertEqual(answer['imported'], 2)
        self.assertIn('link', answer['skipped'][0]['reason'])

    def test_query(self):
        self.pare('rebuild', '--out', self.out)
        sql = 'SELECT recipe, sqnr_db, NULL AS "a,b", error_text FROM conversion ORDER BY recipe'
        table = self.pare('query', sql).splitlines()
        self.assertRegex(table[0], r'^recipe +sqnr_db +a,b +error_text$')
        self.assertRegex(table[1], r'^f16 +24 +- +-$')
        rows = list(csv.reader(io.StringIO(self.pare('query', '--csv', sql))))
        self.assertEqual(rows[0], ['recipe', 'sqnr_db', 'a,b', 'error_text'])
        self.assertEqual(rows[1], ['f16', '24', '', ''])
        self.assertEqual(json.loads(self.pare('query', '--json', sql))[2],
                         {'recipe': 'q8_0', 'sqnr_db': 24.0, 'a,b': None, 'error_text': None})
        quoted = self.pare('query', '--csv', "SELECT 'a \"b\",' || char(10) || 'c' AS x")
        self.assertEqual(quoted, 'x\n"a ""b"",\nc"\n')
        self.assertIn('\\x1b', self.pare('query', 'SELECT name FROM tensor'))
        self.assertEqual(len(self.pare('query', 'SELECT * FROM conversions').splitlines()),
                         3 * 31 + 2)

    def test_query_only_reads(self):
        self.pare('rebuild', '--out', self.out)
        for sql in ('DELETE FROM job', "ATTACH 'x' AS y", 'SELECT 1; SELECT 2',
                    'PRAGMA writable_schema=1'):
            self.pare('query', sql, status=2)
        self.assertIn('longer than 1 s', self.pare(
            'query', '--seconds', '1', 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1'
            ' FROM n) SELECT sum(i) FROM n', status=1))

    def test_query_ends_with_its_time_when_nobody_reads(self):
        self.pare('rebuild', '--out', self.out)
        endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n'
        for options in ((), ('--csv',), ('--json',)):
            with self.subTest(options=options), subprocess.Popen(
                    [PARE, 'query', '--catalog', self.db, '--seconds', '1', *options,
                     endless], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                self.assertEqual(process.wait(timeout=20), 1) # its pipe is full all the time
                self.assertRegex(process.stderr.read(), b'longer than 1 s|--seconds is over')

    def test_query_shows_what_a_terminal_would_act_on(self):
        self.pare('rebuild', '--out', self.out)
        sql = "SELECT char(155) || 'a' || char(8238) || char(27) || char(127) AS x"
        self.assertEqual(self.pare('query', '--csv', sql), 'x\n\\u{9b}a\\u{202e}\\x1b\\x7f\n')
        text = self.pare('query', '--json', sql)
        self.assertIn('"\\u009Ba\\u202E\\u001B\\u007F"', text)
        self.assertEqual(json.loads(text), [{'x': '\x9ba\u202e\x1b\x7f'}])

    def test_manual(self):
        """pare-catalog(5) names every column, and its examples run."""
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        with open(os.path.join(root, 'docs', 'pare-catalog.5'), encoding='ascii') as f:
            page = f.read()
        words = set(re.findall(r'[a-z_0-9]+', page))
        self.pare('rebuild', '--out', self.out)
        for (table,) in self.rows("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')"
                                  " AND name NOT LIKE 'sqlite_%'"):
            self.assertIn(table, words)
            for (column,) in self.rows(f"SELECT name FROM pragma_table_info('{table}')"):
                self.assertIn(column, words, f'column of {table}')
        examples = re.findall(r'\.Bd -literal.*?\n(.*?)\.Ed', page, re.S)
        self.assertEqual(len(examples), 8)
        for example in examples:
            self.pare('query', example)

    def rows(self, sql):
        db = sqlite3.connect(self.db)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()


if __name__ == '__main__':
    unittest.main()
