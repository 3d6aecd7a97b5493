#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
# Builds the binary that is kept for a version of the header, for the machine that this runs on. A
# binary that is in the tree is never built again: to be as old as it is, is its purpose. For a
# later version of the header keep that header as fixtures/plugin-VERSION.h, add a binary of it, and
# leave the older ones.
#
# Usage: build.sh, in this folder; writes plugin-1.0-MACHINE.so
set -eu
cd "$(dirname "$0")"
output=plugin-1.0-$(uname -m).so
[ ! -e "$output" ] || { echo "$output is there: it stays as it is" >&2; exit 1; }
cc -std=c11 -shared -fPIC -O1 -ffp-contract=off -fvisibility=hidden -fno-ident -s \
    -nostartfiles -Wl,-z,noseparate-code -Wl,--build-id=none -o "$output" kept.c
ls -l "$output"
