# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Small models for the daemon's tests, written from the formats' descriptions.

Every model has one 2-D tensor that q4_k fits (rows of 256) and one norm; `seed` makes the contents
differ, `rows` the size.
"""

import json
import struct
from random import Random

ALIGN = 32


HIGH = bytes((0x3c, 0x3d, 0xbc, 0xbd)[i & 3] for i in range(256))


def _floats(n, seed):
    """n finite bf16 weights between 2^-8 and 2^-3 in size, of both signs."""
    random = Random(seed)
    out = bytearray(2 * n)
    out[0::2] = random.randbytes(n)
    out[1::2] = random.randbytes(n).translate(HIGH)
    return bytes(out)


def _f32(n, seed):
    bf16 = _floats(n, seed)
    return b''.join(b'\0\0' + bf16[i:i + 2] for i in range(0, len(bf16), 2))


# Weights that no config.json tells of become a GGUF under their own names when a sidecar says so.
PLAIN = b'option as_container "yes"\n'


def safetensors(rows=8, seed=1, names=('blk.weight', 'norm.weight')):
    """One safetensors file: a BF16 matrix of rows x 256 and an F32 vector of 256."""
    matrix, norm = _floats(rows * 256, seed), _f32(256, seed + 1)
    header = {
        '__metadata__': {'format': 'pt'},
        names[0]: {'dtype': 'BF16', 'shape': [rows, 256], 'data_offsets': [0, len(matrix)]},
        names[1]: {'dtype': 'F32', 'shape': [256],
                   'data_offsets': [len(matrix), len(matrix) + len(norm)]},
    }
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    return struct.pack('<Q', len(text)) + text + matrix + norm


def _string(s):
    data = s.encode()
    return struct.pack('<Q', len(data)) + data


def _gguf(metadata, tensors):
    """metadata: [(key, type, packed value)]; tensors: [(name, dims innermost first, type, data)]."""
    head = b'GGUF' + struct.pack('<IQQ', 3, len(tensors), len(metadata))
    for key, kind, value in metadata:
        head += _string(key) + struct.pack('<I', kind) + value
    offset, data = 0, b''
    for name, dims, kind, content in tensors:
        head += _string(name) + struct.pack('<I', len(dims))
        head += b''.join(struct.pack('<Q', d) for d in dims)
        head += struct.pack('<IQ', kind, offset)
        content += b'\0' * (-len(content) % ALIGN)
        data += content
        offset += len(content)
    return head + b'\0' * (-len(head) % ALIGN) + data


def gguf(rows=8, seed=1):
    """One GGUF v3 file with the same two tensors (types: 30 is BF16, 0 is F32)."""
    return _gguf(
        [('general.architecture', 8, _string('llama')),
         ('general.name', 8, _string('synthetic %d' % seed))],
        [('blk.0.ffn_down.weight', (256, rows), 30, _floats(rows * 256, seed)),
         ('output_norm.weight', (256,), 0, _f32(256, seed + 1))])


def gguf_split(count=3, rows=8, seed=1):
    """{name suffix: bytes} of a split GGUF: NAME-00001-of-00003.gguf and so on."""
    files = {}
    for i in range(count):
        metadata = [('split.no', 2, struct.pack('<H', i)),
                    ('split.count', 2, struct.pack('<H', count)),
                    ('split.tensors.count', 5, struct.pack('<i', count))]
        if i == 0:
            metadata = [('general.architecture', 8, _string('llama'))] + metadata
        files['-%05d-of-%05d.gguf' % (i + 1, count)] = _gguf(
            metadata, [('blk.%d.ffn_down.weight' % i, (256, rows), 30,
                        _floats(rows * 256, seed + i))])
    return files


def imatrix(seed=1, names=('blk.0.ffn_down.weight',), columns=256):
    """An importance matrix in GGUF for gguf(): positive sums over 100 inputs, for each column."""
    tensors = []
    for i, name in enumerate(names):
        random = Random(seed + i)
        sums = struct.pack('<%df' % columns, *(random.uniform(0.1, 100) for _ in range(columns)))
        tensors += [(name + '.in_sum2', (columns, 1), 0, sums),
                    (name + '.counts', (1, 1), 0, struct.pack('<f', 100))]
    return _gguf(
        [('general.type', 8, _string('imatrix')),
         ('imatrix.datasets', 9, struct.pack('<IQ', 8, 1) + _string('some.txt')),
         ('imatrix.chunk_count', 4, struct.pack('<I', 3)),
         ('imatrix.chunk_size', 4, struct.pack('<I', 512))], tensors)


def hf_folder(shards=3, rows=8, seed=1):
    """{file name: bytes} of a sharded Hugging Face folder with index and configuration."""
    files, weight_map, total = {}, {}, 0
    for i in range(shards):
        name = 'model-%05d-of-%05d.safetensors' % (i + 1, shards)
        tensors = ('model.layers.%d.w.weight' % i, 'model.layers.%d.norm.weight' % i)
        files[name] = safetensors(rows, seed + i, tensors)
        for tensor in tensors:
            weight_map[tensor] = name
        total += rows * 512 + 1024
    files['model.safetensors.index.json'] = json.dumps(
        {'metadata': {'total_size': total}, 'weight_map': weight_map}).encode()
    files['config.json'] = json.dumps({'architectures': ['LlamaForCausalLM'],
                                       'model_type': 'llama'}).encode()
    # The tensors are no Llama's: names stay.
    files['model.pare'] = PLAIN
    return files
