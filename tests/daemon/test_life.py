#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""The daemon's life: start, stop, restart, reload, faults of workers and disks, requests."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
import models
from harness import wait_until

WRAPPER = '''#!%s
# A worker that misbehaves on models of certain names, and else is the real one.
import json, os, signal, sys, time
request = json.loads(os.pread(0, 1 << 26, 0))
name = request.get('source', {}).get('name', '')
mark = os.path.join(%r, name + '.' + request['kind'])
def first(times):
    with open(mark, 'a+') as f:
        f.write('x')
    return os.path.getsize(mark) <= times
if request['kind'] == 'convert':
    if name.startswith('slow'):
        time.sleep(1.5)
    if name.startswith('hang') and first(1):
        time.sleep(600)
    if name.startswith('crash') and first(int(name[5:])):
        os.kill(os.getpid(), signal.SIGSEGV)
    if name.startswith('kill') and first(1):
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith('babble'):
        print('this is not JSON', flush=True)
        time.sleep(600)
if request['kind'] == 'probe' and name.startswith('probecrash'):
    os.kill(os.getpid(), signal.SIGSEGV)
os.lseek(0, 0, 0)
os.execv(%r, [%r])
'''


class Case(harness.DaemonTest):
    def drop(self, name, **kw):
        os.rename(self.d.aside(name, models.gguf(**kw)), self.d.path(name))

    def wrap_worker(self):
        path = os.path.join(self.d.root, 'worker')
        real = harness.programs()['worker']
        with open(path, 'w') as f:
            f.write(WRAPPER % (sys.executable, self.d.side, real, real))
        os.chmod(path, 0o755)
        self.d.env['PARE_WORKER'] = path

    def wait_state(self, state, seconds=20):
        wait_until(lambda: state in self.d.states(), seconds, 'a job is ' + state)


class Start(Case):
    def test_second_daemon(self):
        self.start()
        for change in ({}, {'drop': 'drop2'}, {'out': 'out2'},
                       {'drop': 'drop2', 'out': 'out2', 'catalog': 'catalog2'}):
            other = harness.Daemon(root=self.d.root)
            other.logfile += '2'
            for field, name in change.items():
                setattr(other, field, os.path.join(self.d.root, name))
            if len(change) < 3: # else the socket is the same, and nothing else
                other.socket += '2'
            other.options = ['--socket', other.socket]
            begin = time.monotonic()
            other.start(wait=False)
            self.assertEqual(other.process.wait(5), 75)
            self.assertLess(time.monotonic() - begin, 1)
            self.assertIn('process %d' % self.d.process.pid, other.log())
        self.assertTrue(self.d.ask('status')['ok'])

    def test_wrong_options(self):
        for arguments, text in (
                (['--to', 'gguf:nonsense'], 'no recipe is called nonsense'),
                (['--to', 'nonsense:q8_0'], 'no plugin writes the format nonsense'),
                (['--to', 'gguf:q4_k_mm'], "lists them); did you mean 'q4_k_m'?"),
                (['--to', 'ggfu:q8_0'], "did you mean 'gguf'?"),
                (['--set', 'sandbox=maybe'], '|require|best|off|'),
                (['--set', 'colour=red'], 'there is no key `colour'),
                (['--set', 'mesure=full'], "no key `mesure'; did you mean 'measure'?"),
                (['--caltalog', 'x'], "did you mean `--catalog'?"),
                (['--set', 'measure=ful'], "|full|sample|none| is wanted; did you mean 'full'?"),
                (['--set', 'after=delet'], "|archive|delete| is wanted; did you mean 'delete'?"),
                (['--set', 'allow_requantize=maybe'], 'allow_requantize = maybe: yes or no'),
                (['--jobs', '0'], 'from 1 to 256')):
            self.d.options = arguments
            result = subprocess.run(self.d.command(), env=self.d.env, capture_output=True,
                                    text=True, timeout=20)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(text, result.stderr)

    def test_configuration_file(self):
        path = os.path.join(self.d.root, 'pared.conf')
        with open(path, 'w') as f:
            f.write('drop = %s\nout = %s\ncatalog = %s\ntargets = gguf:q8_0\n  gguf:f16\n'
                    'jbos = 2\n' % (self.d.drop, self.d.out, self.d.catalog))
        command = [harness.programs()['pared'], '--config', path, '--check']
        result = subprocess.run(command, env=self.d.env, capture_output=True, text=True)
        self.assertEqual(result.returncode, 2)
        self.assertIn("%s:6: there is no key `jbos'; did you mean 'jobs'?" % path, result.stderr)
        subprocess.run(['sed', '-i', 's/jbos/jobs/', path], check=True)
        result = subprocess.run(command, env=self.d.env, capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr), (0, ''))

    def test_shipped_configuration_is_the_default(self):
        with open(os.path.join(harness.SOURCE, 'etc/pared.conf')) as f:
            lines = f.read().splitlines()
        self.assertEqual([line for line in lines if line and line[0] != '#'], [])
        keys = [line[1:] for line in lines if line[1:2].isalpha() and ' =' in line]

        def effective(name, text):
            path = os.path.join(self.d.root, name)
            with open(path, 'w') as f:
                f.write(text)
            out = subprocess.run([harness.programs()['pare'], 'check-config', path, '--json'],
                                 env=self.d.env, capture_output=True, text=True)
            self.assertEqual(out.returncode, 0, out.stderr)
            return json.loads(out.stdout)
        if not os.path.exists(harness.programs()['pare']):
            self.skipTest('pare is not built')
        defaults = effective('empty.conf', '')
        self.assertEqual(sorted(k.split(' =')[0] for k in keys), sorted(defaults))
        given = [k for k in keys if not k.endswith(' =')]
        self.assertEqual(effective('given.conf', '\n'.join(given)), defaults)

    def test_service_manager_is_told(self):
        path = os.path.join(self.d.root, 'notify')
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(10)
            self.d.env.update(NOTIFY_SOCKET=path, WATCHDOG_USEC='1500000')
            self.start()
            text = ''
            while not ('READY=1' in text and text.count('WATCHDOG=1') >= 3):
                text += manager.recv(4096).decode() + '\n'
            self.assertEqual(self.d.stop(), 0)
            while 'STOPPING=1' not in text:
                text += manager.recv(4096).decode() + '\n'


class Stop(Case):
    def test_stops_clean_with_a_job_running(self):
        self.wrap_worker()
        self.start()
        for name in ('slow1.gguf', 'slow2.gguf'):
            self.drop(name)
        self.wait_state('running')
        time.sleep(0.2)
        begin = time.monotonic()
        self.assertEqual(self.d.stop(), 0)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(set(self.d.states()), {'queued'})
        self.assertFalse(os.path.exists(os.path.join(self.d.out, '.pare/staging')))
        self.assertFalse(os.path.exists(self.d.socket))
        self.start()
        self.d.wait_done(2)
        self.assertEqual(self.d.outputs(), ['slow1-Q8_0.gguf', 'slow2-Q8_0.gguf'])

    def test_killed_with_a_queue(self):
        self.wrap_worker()
        self.start()
        for i in range(5):
            self.drop('slow%d.gguf' % i)
        wait_until(lambda: len(self.d.jobs()) == 5)
        self.d.kill()
        self.start()
        self.d.wait_done(5)
        self.assertEqual(self.d.states(), ['done'] * 5)
        self.assertEqual(len(self.d.outputs()), 5)

    def test_worker_ends_with_the_daemon(self):
        self.wrap_worker()
        self.start()
        self.drop('hang.gguf')
        self.wait_state('running')
        time.sleep(0.3)
        children = harness.children_of(self.d.process.pid)
        self.assertTrue(children)
        self.d.kill()
        wait_until(lambda: not any(os.path.exists('/proc/%s/exe' % c) for c in children), 5)


class Faults(Case):
    options = ('--set', 'heartbeat=2')

    def setUp(self):
        super().setUp()
        self.wrap_worker()
        self.start()

    def test_crash_is_tried_again(self):
        self.drop('crash2.gguf')
        self.expect_one('crash2-Q8_0.gguf')
        self.assertEqual(self.d.query('SELECT attempts FROM job'), [(3,)])

    def test_killed_worker_is_tried_again(self):
        self.drop('kill.gguf')
        self.expect_one('kill-Q8_0.gguf')

    def test_crash_for_ever_fails_and_the_next_runs(self):
        self.drop('crash99.gguf')
        self.drop('good.gguf')
        self.d.wait_done(2)
        self.assertEqual(sorted(self.d.jobs()), [('crash99', 'failed'), ('good', 'done')])
        self.assertEqual(self.d.query("SELECT error_code, attempts FROM job WHERE state = 'failed'"),
                         [('crash', 4)])
        self.assertTrue(os.path.exists(self.d.path('failed/crash99.gguf')))

    def test_hang_is_ended(self):
        self.drop('hang.gguf')
        self.expect_one('hang-Q8_0.gguf')
        texts = [t for t, in self.d.query("SELECT text FROM event WHERE kind = 'retry'")]
        self.assertEqual(len(texts), 1, texts)

    def test_babble(self):
        self.drop('babble.gguf')
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['failed'])

    def test_probe_crashes(self):
        self.drop('probecrash.gguf')
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['failed'])
        self.assertTrue(os.path.exists(self.d.path('failed/probecrash.gguf')))


class Requests(Case):
    def setUp(self):
        super().setUp()
        self.wrap_worker()
        self.start()

    def test_pause_cancel_retry(self):
        self.assertTrue(self.d.ask('pause')['paused'])
        self.drop('m.gguf')
        wait_until(self.d.jobs)
        time.sleep(0.5)
        self.assertEqual(self.d.states(), ['queued'])
        reply = self.d.ask('cancel', job='1')
        self.assertTrue(reply['ok'], reply)
        self.assertEqual(self.d.states(), ['cancelled'])
        self.assertTrue(os.path.exists(self.d.path('failed/m.gguf')))
        self.assertFalse(self.d.ask('resume')['paused'])
        reply = self.d.ask('retry', job=reply['uid'])
        self.assertTrue(reply['ok'], reply)
        self.expect_one('m-Q8_0.gguf')
        self.assertEqual([n for n in os.listdir(self.d.path('failed'))], [])
        self.assertEqual(self.d.ask('retry', job='1')['code'], 'usage')
        self.assertEqual(self.d.ask('cancel', job='77')['code'], 'notfound')

    def test_a_pause_lasts(self):
        self.d.ask('pause')
        for end in (self.d.stop, self.d.kill):
            end()
            self.start()
            self.assertTrue(self.d.ask('status')['paused'])
            self.assertIn('paused, as before', self.d.log())
        self.drop('m.gguf')
        wait_until(self.d.jobs)
        time.sleep(0.5)
        self.assertEqual(self.d.states(), ['queued'])
        self.d.stop()
        os.unlink(self.d.catalog)
        self.start()
        self.assertTrue(self.d.ask('status')['paused'])
        self.d.ask('resume')
        self.d.wait_done(1)
        self.d.stop()
        self.start()
        self.assertFalse(self.d.ask('status')['paused'])

    def test_cancel_a_running_one(self):
        self.drop('hang.gguf')
        tried = os.path.join(self.d.side, 'hang.convert')
        wait_until(lambda: os.path.exists(tried) and os.path.getsize(tried))
        self.assertTrue(self.d.ask('cancel', job='1')['ok'])
        self.d.wait_done(1, 15)
        self.assertEqual(self.d.states(), ['cancelled'])
        self.assertTrue(self.d.ask('retry', job='1')['ok'])
        self.expect_one('hang-Q8_0.gguf')

    def test_retry_of_shards(self):
        files = {'crash9' + ending: data for ending, data in models.gguf_split().items()}
        for name, data in files.items():
            os.rename(self.d.aside(name, data), self.d.path(name))
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['failed'])
        self.assertEqual(sorted(os.listdir(self.d.path('failed/crash9'))), sorted(files))
        with open(os.path.join(self.d.side, 'crash9.convert'), 'w') as f:
            f.write('x' * 99)
        self.assertTrue(self.d.ask('retry', job='1')['ok'])
        self.expect_one('crash9-Q8_0.gguf')

    def test_submit(self):
        source = self.d.aside('m.gguf', models.gguf())
        reply = self.d.submit(source, targets=['gguf:q4_k_m'])
        self.assertTrue(reply['ok'], reply)
        self.expect_one('m-Q4_K_M.gguf')
        self.assertTrue(os.path.exists(source))
        self.assertEqual(self.d.ask('submit', path='m.gguf')['code'], 'usage')
        self.assertEqual(self.d.submit(source + 'x')['ok'], False)
        self.assertEqual(self.d.submit(source, targets=['gguf:zz'])['code'], 'usage')
        self.assertEqual(self.d.ask('sing')['code'], 'usage')
        self.assertIn("no command `retyr'; did you mean 'retry'?", self.d.ask('retyr')['error'])

    def test_measures_itself(self):
        for name in 'abc':
            self.drop(name + '.gguf')
        self.d.wait_done(3)
        measured = self.d.ask('status', reset=True)['measured']
        self.assertEqual(measured['queued']['count'], 3)
        self.assertEqual(measured['converted']['count'], 3)
        self.assertGreater(measured['converted']['per_second'], 0)
        loop = measured['loop']
        self.assertGreater(loop['longest'], 0)
        self.assertIn(loop['where'], [h['name'] for h in loop['handlers']])
        self.assertGreater(measured['memory']['peak'], 1 << 20)
        # from the reset on everything counts anew
        measured = self.d.ask('status')['measured']
        self.assertEqual(measured['queued'], {'count': 0, 'per_second': None})
        self.assertLess(measured['loop']['turns'], loop['turns'])
        text = subprocess.run([harness.programs()['pare'], '--socket', self.d.socket, 'status',
                               '--reset'], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertRegex(text, r'(?m)^loop     longest turn [0-9.]+ ms \(.*\), at most .*B')

    def test_priority(self):
        self.d.ask('pause')
        source = self.d.aside('m.gguf', models.gguf())
        for name, priority in (('a', 0), ('b', 5), ('c', 1)):
            path = self.d.aside(name + '.gguf', models.gguf())
            self.assertTrue(self.d.submit(path, priority=priority)['ok'])
        self.d.ask('resume')
        self.d.wait_done(3)
        order = [n for n, in self.d.query('SELECT name FROM job ORDER BY finished')]
        self.assertEqual(order, ['b', 'c', 'a'])

    def test_watch(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(self.d.socket)
            s.sendall(b'{"command": "watch"}\n')
            lines = s.makefile()
            self.assertEqual(json.loads(next(lines)), {'ok': True})
            self.assertEqual(json.loads(next(lines))['event'], 'status')
            self.drop('slow.gguf')
            states = []
            while 'done' not in states:
                event = json.loads(next(lines))
                if event['event'] == 'job':
                    states.append(event['job']['state'])
            self.assertEqual([s for i, s in enumerate(states) if s not in states[:i]],
                             ['queued', 'running', 'done'])

    def test_rude_clients(self):
        for data in (b'x' * 70000, b'[]\n', b'{"command": 5}\n', b'\0\n', b'{}\n' * 5000):
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(5)
                s.connect(self.d.socket)
                try:
                    s.sendall(data)
                    s.recv(100)
                except OSError:
                    pass
        self.assertTrue(self.d.ask('status')['ok'])


class Reload(Case):
    def test_reload(self):
        path = os.path.join(self.d.root, 'pared.conf')

        def write(targets, extra=''):
            with open(path, 'w') as f:
                f.write('targets = %s\n%s' % (targets, extra))
        write('gguf:q8_0')
        self.d.targets, self.d.options = [], ['--config', path]
        self.start()
        self.drop('a.gguf')
        self.d.wait_done(1)
        write('gguf:q4_0', 'jobs = 2\nsearch = best\nmeasure = sample\ndigest = none\n')
        self.d.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.d.ask('status')['workers']['max'] == 2)
        self.drop('b.gguf')
        self.d.wait_done(2)
        self.assertEqual(self.d.outputs(), ['a-Q8_0.gguf', 'b-Q4_0.gguf'])
        told = {}
        for name in self.d.manifests():
            with open(name) as f:
                manifest = json.load(f)
            told[manifest['target']['recipe']] = (
                manifest['target']['search'], manifest['accuracy']['measured'],
                manifest['output']['files'][0]['sha256'] is not None)
        self.assertEqual(told, {'q8_0': ('reference', 'full', True),
                                'q4_0': ('best', 'sample', False)})
        write('gguf:q4_k_m', 'fallback = refuse\n')
        self.d.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.d.ask('status')['workers']['max'] == 1)
        odd = models._gguf([('general.architecture', 8, models._string('llama'))],
                           [('a.weight', (96, 8), 30, models._floats(768, 1))])
        os.rename(self.d.aside('c.gguf', odd), self.d.path('c.gguf'))
        wait_until(lambda: 'is refused (pared.conf:1)' in self.d.log())
        write('gguf:f16', 'jobs = many\n')
        self.d.process.send_signal(signal.SIGHUP)
        wait_until(lambda: 'jobs = many' in self.d.log())
        self.assertEqual(self.d.ask('status')['workers']['max'], 1)


class Clock(Case):
    """Somebody sets the wall clock: jobs wait neither longer nor shorter for it."""

    options = ('--set', 'backoff=3')

    def setUp(self):
        super().setUp()
        self.wrap_worker()
        self.offset = os.path.join(self.d.root, 'offset')
        preload = os.path.join(harness.BUILD, 'tests/daemon/clock.so')
        if not os.path.exists(preload):
            self.skipTest('no clock to preload: built with a sanitizer')
        before = os.environ.get('LD_PRELOAD')
        self.d.env.update(LD_PRELOAD=before + ':' + preload if before else preload,
                          PARE_TEST_CLOCK=self.offset)

    def set_clock(self, seconds):
        with open(self.offset + '.new', 'w') as f:
            f.write('%d' % seconds)
        os.rename(self.offset + '.new', self.offset)

    def waits_as_long(self, name, seconds):
        self.drop(name)
        wait_until(lambda: 'will be tried again in 3 s' in self.d.log())
        begin = time.monotonic()
        self.set_clock(seconds)
        self.d.wait_done(1, 20)
        took = time.monotonic() - begin
        self.assertGreater(took, 2)
        self.assertLess(took, 10)
        self.assertEqual(self.d.states(), ['done'])

    def test_set_back(self):
        self.start()
        self.waits_as_long('crash1.gguf', -43200)

    def test_set_forward(self):
        self.start()
        self.waits_as_long('crash1.gguf', 43200)

    def test_set_back_while_stopped(self):
        self.set_clock(43200)
        self.start()
        self.drop('crash1.gguf')
        wait_until(lambda: 'will be tried again' in self.d.log())
        self.d.stop()
        self.set_clock(0)
        self.start()
        job, = self.d.ask('status')['jobs']
        self.assertLess(job['retry_in'] or 0, 3601)


class Targets(Case):
    targets = ('gguf:q8_0', 'gguf:bf16', 'gguf:f16')

    def test_each_by_itself(self):
        """What can be made is made; the source goes, with the reason, where failed ones go."""
        self.start()
        weights = models._floats(2048, 1)[:-2] + b'\0\x7f' # 1.7e38
        os.rename(self.d.aside('m.gguf', models._gguf(
            [('general.architecture', 8, models._string('llama'))],
            [('a.weight', (256, 8), 30, weights)])), self.d.path('m.gguf'))
        self.d.wait_done(1)
        rows = dict(self.d.query('SELECT recipe, state FROM conversion'))
        self.assertEqual(rows, {'q8_0': 'failed', 'bf16': 'done', 'f16': 'failed'})
        self.assertEqual(self.d.states(), ['failed'])
        self.assertEqual(self.d.outputs(), ['m-BF16.gguf'])
        harness.check_manifest(self.d.manifests()[0])
        with open(self.d.path('failed/m.gguf.reason.txt')) as f:
            self.assertIn('is too large for', f.read())
        self.drop('n.gguf')
        self.d.wait_done(2)
        self.assertEqual(self.d.states(), ['failed', 'done'])


class Catalog(Case):
    def test_damaged_catalog_is_made_anew(self):
        self.start()
        for name in ('a.gguf', 'b.gguf'):
            self.drop(name)
        self.d.wait_done(2)
        self.wrap_worker()
        self.d.stop()
        before = sorted(self.d.query('SELECT output_path, sqnr_db FROM conversion'))
        self.start()
        self.drop('hang.gguf')
        wait_until(lambda: os.path.exists(os.path.join(self.d.side, 'hang.convert')))
        self.d.kill()
        for ending in ('-wal', '-shm'):
            if os.path.exists(self.d.catalog + ending):
                os.unlink(self.d.catalog + ending)
        with open(self.d.catalog, 'r+b') as f:
            f.write(b'\xff' * 8192)
        self.start()
        self.assertEqual(sorted(self.d.query(
            "SELECT output_path, sqnr_db FROM conversion WHERE state = 'done'")), before)
        self.d.wait_done(3)
        self.assertEqual(self.d.outputs(), ['a-Q8_0.gguf', 'b-Q8_0.gguf', 'hang-Q8_0.gguf'])


class LargeCatalog(Case):
    """One that takes long to be read is checked beside the work."""

    def enlarge(self):
        with sqlite3.connect(self.d.catalog) as db:
            db.execute("INSERT INTO job (uid, name, source_path, kind, state, submitted, finished)"
                       " VALUES ('u', 'n', 'p', 'rebuild', 'done', 's', 'f')")
            db.execute("INSERT INTO conversion (job_id, position, format, recipe, state, queued)"
                       " SELECT id, 0, 'gguf', 'f16', 'queued', '' FROM job WHERE uid = 'u'")
            db.execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE"
                       " i < 400000) INSERT INTO tensor (conversion_id, position, name, shape,"
                       " from_encoding, to_encoding, elements, sqnr_db) SELECT c.id, i,"
                       " hex(zeroblob(90)), '[]', 'f32', 'f16', 1, i FROM n, conversion c, job j"
                       " WHERE j.uid = 'u' AND c.job_id = j.id")
        db.close()
        self.assertGreater(os.path.getsize(self.d.catalog), 64 << 20)

    def test_is_checked_later(self):
        self.start()
        self.drop('a.gguf')
        self.d.wait_done(1)
        self.d.stop()
        self.enlarge()
        self.start()
        wait_until(lambda: 'the catalog is sound' in self.d.log())
        ref, = self.d.query("SELECT ref FROM conversions WHERE state = 'done'")[0]
        plan = str(self.d.query("EXPLAIN QUERY PLAN SELECT * FROM worst_tensors WHERE ref = ?", ref))
        self.assertIn('conversion_ref', plan)
        self.assertNotIn('SCAN', plan)
        self.d.stop()
        with open(self.d.catalog, 'r+b') as f: # a page of the rows of tensors
            f.seek(40 << 20)
            f.write(b'\xff' * 4096)
        self.start()
        wait_until(lambda: 'kept as' in self.d.log())
        wait_until(lambda: self.d.answers())
        self.assertEqual(self.d.query("SELECT name, state FROM job"), [('a', 'done')])
        self.assertEqual(self.d.query('SELECT count(*) FROM tensor'), [(2,)])
        self.assertFalse(os.path.exists(self.d.catalog + '.damaged'))
        self.drop('b.gguf')
        self.d.wait_done(2)


class Rebuilt(Case):
    """A new catalog knows of what failed, and when everything came in."""

    targets = ('gguf:q8_0', 'gguf:f16')

    def test_failed_ones_are_known(self):
        self.wrap_worker()
        self.d.options = ['--set', 'retries=0']
        self.start()
        self.drop('good.gguf')
        self.drop('crash9.gguf')
        self.d.wait_done(2)
        self.d.ask('pause')
        self.drop('later.gguf')
        wait_until(lambda: len(self.d.jobs()) == 3)
        self.d.ask('cancel', job='3')
        self.d.ask('resume')
        self.d.stop()
        sql = 'SELECT uid, name, state, error_code, error_text, submitted FROM job ORDER BY uid'
        before = self.d.query(sql)
        for ending in ('', '-wal', '-shm'):
            if os.path.exists(self.d.catalog + ending):
                os.unlink(self.d.catalog + ending)
        self.start()
        self.assertEqual(self.d.query(sql), before)
        with open(os.path.join(self.d.side, 'crash9.convert'), 'w') as f:
            f.write('x' * 99)
        uid, = [row[0] for row in before if row[1] == 'crash9']
        self.assertTrue(self.d.ask('retry', job=uid)['ok'])
        wait_until(lambda: self.d.states().count('done') == 2)
        self.assertIn('crash9-Q8_0.gguf', self.d.outputs())


class Space(Case):
    targets = ('gguf:q8_0', 'gguf:q4_k_m')

    def test_not_enough(self):
        self.d.options = ['--set', 'min_free=100T']
        self.start()
        self.drop('m.gguf')
        wait_until(lambda: self.d.query("SELECT 1 FROM job WHERE error_code = 'space'"))
        text = self.d.query('SELECT error_text FROM job')[0][0]
        self.assertRegex(text, r'needs [\d.]+ MB in .*, has [\d.]+ MB')
        self.assertEqual(self.d.ask('status')['jobs'][0]['state'], 'retry')

    def small_out(self):
        if os.geteuid() != 0:
            self.skipTest('mounting a small file system takes root')
        if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', self.d.out],
                          stderr=subprocess.DEVNULL).returncode:
            self.skipTest('a small file system cannot be mounted here')
        self.addCleanup(subprocess.run, ['umount', '-l', self.d.out])

    def test_what_is_needed_is_what_the_plan_says(self):
        """A source of 768 KB and two outputs of 660 KB together, where 900 KB are free."""
        self.small_out()
        with open(os.path.join(self.d.out, 'filler'), 'wb') as f:
            f.write(b'x' * 100000)
        self.start()
        self.drop('m.gguf', rows=1536)
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['done'])

    def test_waiting_is_told_once(self):
        self.small_out()
        self.start()
        for name in 'mn':
            self.drop(name + '.gguf', rows=4096)
        wait_until(lambda: len(self.d.query("SELECT 1 FROM event WHERE kind = 'retry'")) == 2)
        probes = self.d.query('SELECT sum(attempts) FROM job')
        time.sleep(2)
        self.assertEqual(self.d.query("SELECT count(*) FROM event WHERE kind = 'retry'"), [(2,)])
        self.assertEqual(self.d.query('SELECT sum(attempts) FROM job'), probes) # no more workers
        self.assertRegex(self.d.query('SELECT error_text FROM job')[0][0], r'needs 2\.\d MB')

    def test_full_disk_waits_for_room(self):
        if os.geteuid() != 0:
            self.skipTest('mounting a small file system takes root')
        if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', self.d.out],
                          stderr=subprocess.DEVNULL).returncode:
            self.skipTest('a small file system cannot be mounted here')
        self.addCleanup(subprocess.run, ['umount', '-l', self.d.out])
        filler = os.path.join(self.d.out, 'filler')
        with open(filler, 'wb') as f:
            f.write(b'x' * 900000)
        self.start()
        self.drop('m.gguf', rows=512)
        wait_until(lambda: self.d.query("SELECT 1 FROM job WHERE error_code = 'space'"))
        time.sleep(1)
        self.assertEqual(self.d.outputs(), [])
        os.unlink(filler)
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['done'])
        for manifest in self.d.manifests():
            harness.check_manifest(manifest)


if __name__ == '__main__':
    harness.main()
