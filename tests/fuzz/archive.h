/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A folder as one input of a fuzzer: for each file a line `=== NAME BYTES ZEROS`, then its bytes
 * and a newline. ZEROS more bytes follow in the file that is made of it, as weights of no cost.
 */
#ifndef FUZZ_ARCHIVE_H
#define FUZZ_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#define ARCHIVE_FILES 32
#define ARCHIVE_ZEROS (64u << 20)

struct archive_file {
    char name[128];
    const uint8_t *data;
    size_t size, zeros;
};

/* Takes an input apart, as far as it can be; the data stays where it is. Returns the number of
 * files. */
size_t archive_parse(const uint8_t *data, size_t size, struct archive_file files[ARCHIVE_FILES]);

/* Writes files as an input of at most `max` bytes; 0 when they do not fit. */
size_t archive_write(const struct archive_file *files, size_t n, uint8_t *out, size_t max);

#endif
