#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Turns migrations/N-*.sql, given in order, into the C array catalog_migrations."""
import sys


def quoted(line):
    return '    "' + line.replace('\\', '\\\\').replace('"', '\\"') + '\\n"\n'


def main(out_path, sql_paths):
    with open(out_path, 'w', encoding='ascii') as out:
        out.write('/* Made by embed_sql.py from migrations/. */\n#include "catalog/schema.h"\n\n'
                  'const char *const catalog_migrations[] = {\n')
        for path in sql_paths:
            with open(path, encoding='ascii') as sql:
                lines = [line for line in sql.read().splitlines()
                         if line and not line.startswith('-- SPDX-')]
            out.write(''.join(quoted(line) for line in lines) + '    ,\n')
        out.write('    NULL\n};\n')


main(sys.argv[1], sys.argv[2:])
