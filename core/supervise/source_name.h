/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The name of a model, made from that of its file or folder; see also source_set.h. */
#ifndef SUPERVISE_SOURCE_NAME_H
#define SUPERVISE_SOURCE_NAME_H

#include <stddef.h>

/* Bytes of a file's name without extension and shard number. */
size_t source_name_length(const char *name);
/* Without extension and shard number, cleaned. New string; NULL when out of memory. */
char *source_name_of_file(const char *name);
/* The first len bytes, fit for the name of an output: valid UTF-8, no control characters, no '/',
 * not hidden, not empty, not too long. New string; NULL when out of memory. */
char *source_name_clean(const char *name, size_t len);

#endif
