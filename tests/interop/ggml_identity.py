#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: ggml_identity.py PARE GGML_IDENTITY [NAME...]

Runs GGML_IDENTITY (see ggml_identity.c) with the weights of the trained model in tests/data, or,
when PARE_TEST_MODEL names one, of that: `pare convert` writes them as F32 for it. Skipped (77)
without PARE_TEST_GGML.
"""
import glob
import os
import subprocess
import sys
import tempfile

import pare_run


def main():
    pare, identity, *names = sys.argv[1:]
    model = os.environ.get("PARE_TEST_MODEL") or os.path.join(pare_run.DATA, "tiny-llama.gguf")
    with tempfile.TemporaryDirectory(prefix="pare-identity-") as directory:
        subprocess.run([pare, "convert", model, "--to", "safetensors:f32", "--as-container",
                        "--out", directory, "--catalog", os.path.join(directory, "catalog.db"), "--quiet"], check=True,
                       stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tensors = glob.glob(os.path.join(directory, "*.safetensors"))[0]
        return subprocess.run([identity] + names,
                              env=dict(os.environ, PARE_TEST_TENSORS=tensors)).returncode


if __name__ == "__main__":
    sys.exit(main())
