/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* An encoding as the host knows it, and what it says of sizes. */
#ifndef MODEL_ENCODING_H
#define MODEL_ENCODING_H

#include "base/error.h"

#include <stddef.h>

/* An encoding as the host knows it: a validated copy of what a plugin said. */
struct encoding {
    const char *name;
    const char *summary;
    const char *plugin; /* name of the plugin that provides it */
    uint32_t flags;     /* enum pare_encoding_flags */
    uint32_t block_len;
    uint32_t n_planes;
    struct pare_plane planes[PARE_MAX_PLANES];
    struct pare_kernel kernel;                /* the one that this CPU uses */
    const struct pare_kernel *const *kernels; /* all of them, NULL-terminated */
    int (*recover)(const float *x, uint64_t rows, uint64_t row_len, uint32_t grain,
                   void *const *planes); /* or NULL */
};

/* Bytes of `rows` rows of `row_len` elements in a plane of the encoding; PARE_EDATA with a text
 * when it does not fit or the row is no multiple of the block. */
int encoding_plane_bytes(const struct encoding *encoding, uint32_t plane, uint64_t rows,
                         uint64_t row_len, uint64_t *ret_bytes, struct error *err)
    __attribute__((warn_unused_result));

/* 1: a row must be encoded and decoded whole. */
int encoding_whole_rows(const struct encoding *encoding);

#endif
