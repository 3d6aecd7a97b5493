#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Checkpoints of Hugging Face's in the drop directory: a small Llama in three shards with its
tokenizer and model card, and subfolders, becomes a GGUF of llama.cpp's names."""

import json
import os
import shutil
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))
import harness
import make_checkpoints
import models
import pare_run
from harness import wait_until

CARD = b'---\nlicense: apache-2.0\nbase_model: somebody/Larger\n---\n# Small\n'
MORE = {'README.md': CARD, 'LICENSE': b'free', '1_More/config.json': b'{"a": 64}',
        'original/params.json': b'{"dim": 64}',
        'original/consolidated.00.pth': b'no weights', 'onnx/model.onnx': b'\x08\x07',
        'a/b/c/deep.txt': b'deep', '.gitattributes': b'* text'}
INDEX = 'model.safetensors.index.json'
SHARD = 'model-0000%d-of-00003.safetensors'


def tree(folder):
    """{path: digest} of all that is in it."""
    return {os.path.relpath(os.path.join(path, name), folder):
            harness.sha256(os.path.join(path, name))
            for path, _, names in os.walk(folder) for name in names}


class Checkpoints(harness.DaemonTest):
    targets = ('gguf:q8_0', 'safetensors:f16')

    def setUp(self):
        super().setUp()
        self.folder, _ = make_checkpoints.write(self.d.side, 'llama-yarn')
        for name, data in MORE.items():
            make_checkpoints.write_file(os.path.join(self.folder, name), data)
        self.whole = tree(self.folder)
        self.start()

    def put(self, *names):
        for name in names:
            path = self.d.path('llama-yarn/' + name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copy(os.path.join(self.folder, name), path)

    def expect_both(self):
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['done'])
        self.assertEqual(self.d.outputs(), ['llama-yarn-F16', 'llama-yarn-Q8_0.gguf'])
        for path in self.d.manifests():
            harness.check_manifest(path)
        self.assertFalse(os.path.exists(self.d.path('llama-yarn')))
        self.assertEqual(tree(self.d.path('done/llama-yarn')), self.whole)

    def test_dropped_whole(self):
        os.rename(self.folder, self.d.path('llama-yarn'))
        self.expect_both()
        header = pare_run.Header(os.path.join(self.d.out, 'llama-yarn-Q8_0.gguf'))
        header.f.close()
        said = {key: value for key, (_, value) in header.metadata.items()}
        self.assertEqual(said['general.architecture'], 'llama')
        self.assertEqual(said['general.license'], 'apache-2.0')
        self.assertEqual(said['tokenizer.ggml.model'], 'gpt2')
        self.assertEqual(len(said['tokenizer.ggml.tokens']), 416)
        self.assertEqual(said['pare.source.name'], 'llama-yarn')
        self.assertIn('1_More/config.json', said['pare.source.files'])
        self.assertIn('blk.1.ffn_down.weight', [tensor[0] for tensor in header.tensors])
        out = os.path.join(self.d.out, 'llama-yarn-F16')
        self.assertEqual({name for name in os.listdir(out) if '.' not in name},
                         {'LICENSE', '1_More'})
        self.assertIn('tokenizer.json', os.listdir(out))

    def test_catalog(self):
        os.rename(self.folder, self.d.path('llama-yarn'))
        self.expect_both()
        rows = self.d.query('SELECT name, format, architecture, license, origin FROM model')
        self.assertEqual(rows, [('llama-yarn', 'safetensors', 'llama', 'apache-2.0',
                                 self.d.path('llama-yarn'))])
        self.assertEqual(self.d.query('SELECT kind, source_format, source_architecture FROM job'),
                         [('drop', 'safetensors', 'llama')])
        files = {name for name, in self.d.query('SELECT name FROM model_file')}
        self.assertLessEqual({INDEX, SHARD % 1, SHARD % 3, 'config.json', 'README.md',
                              'tokenizer.json', '1_More/config.json'}, files)
        self.assertFalse([name for name in files if name.endswith(('.pth', '.onnx', '.txt'))])
        self.assertEqual(self.d.query('SELECT DISTINCT architecture FROM conversions'),
                         [('llama',)])

    def test_arrives_in_pieces(self):
        """What the index names is waited for, however long that takes; then nothing is missing."""
        self.put('config.json', 'tokenizer.json', 'tokenizer_config.json', SHARD % 1, INDEX)
        wait_until(lambda: SHARD % 2 in self.d.arriving().get('llama-yarn', ''), 20)
        time.sleep(1)
        self.put(SHARD % 3)
        time.sleep(2)
        self.assertEqual(self.d.jobs(), [])
        self.assertIn(SHARD % 2, self.d.arriving()['llama-yarn'])
        self.put(*MORE)
        self.put(*(name for name in self.whole if name not in MORE and name != SHARD % 2))
        with open(os.path.join(self.folder, SHARD % 2), 'rb') as f:
            data = f.read()
        with open(self.d.path('llama-yarn/' + SHARD % 2), 'wb') as f:
            f.write(data[:len(data) // 2])
        time.sleep(2)
        self.assertEqual(self.d.jobs(), [])
        self.put(SHARD % 2)
        self.expect_both()

    def test_subfolder_in_pieces(self):
        """A file that grows in a subfolder keeps the folder from being taken."""
        self.put(*(name for name in self.whole if name != 'onnx/model.onnx'))
        path = self.d.path('llama-yarn/onnx/model.onnx')
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            for _ in range(10):
                f.write(MORE['onnx/model.onnx'])
                f.flush()
                time.sleep(0.2)
                self.assertEqual(self.d.jobs(), [])
            f.seek(0)
            f.truncate()
            f.write(MORE['onnx/model.onnx'])
        self.expect_both()


class Collections(harness.DaemonTest):
    """Folders with more than one GGUF file."""
    targets = ('gguf:q8_0',)

    def test_model_and_projector(self):
        self.start()
        folder = os.path.join(self.d.side, 'lm')
        os.mkdir(folder)
        clip = [('general.architecture', 8, models._string('clip'))]
        projector = models._gguf(clip, [('v.weight', (32, 4), 30, models._floats(128, 1))])
        for name, data in (('m.gguf', models.gguf()), ('mmproj-m.gguf', projector),
                           ('m-Q4_0.gguf', models.gguf())):
            with open(os.path.join(folder, name), 'wb') as f:
                f.write(data)
        os.rename(folder, self.d.path('lm'))
        self.d.wait_done(1)
        self.assertEqual(self.d.states(), ['done'])
        self.assertEqual(self.d.outputs(), ['lm-Q8_0'])
        self.assertEqual(sorted(tree(self.d.path('done/lm'))),
                         ['m-Q4_0.gguf', 'm.gguf', 'mmproj-m.gguf'])
        with open(self.d.manifests()[0]) as f:
            manifest = json.load(f)
        self.assertEqual([f['name'] for f in manifest['output']['files']],
                         ['lm-Q8_0.gguf', 'mmproj-m.gguf'])
        self.assertEqual(len(manifest['warnings']), 2)


if __name__ == '__main__':
    harness.main()
