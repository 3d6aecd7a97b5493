/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What the name of a file says, and the name of a model, made from that of its file or folder. */
#ifndef SOURCE_NAME_H
#define SOURCE_NAME_H

#include <stddef.h>

/* Bytes of a file's name without extension and shard number. */
size_t source_name_length(const char *name);
/* Without extension and shard number, cleaned. New string; NULL when out of memory. */
char *source_name_of_file(const char *name);
/* The first len bytes, fit for the name of an output: valid UTF-8, no control characters, no '/',
 * not hidden, not empty, not too long. New string; NULL when out of memory. */
char *source_name_clean(const char *name, size_t len);

/* If NAME is a shard name (-00001-of-00003 before the extension), its prefix length, number (from
 * 1) and count: 1; else 0. */
int source_name_is_shard(const char *name, size_t *ret_prefix, unsigned *ret_number,
                         unsigned *ret_count);

#endif
