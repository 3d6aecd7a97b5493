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
    const struct pare_plane *plane_list[PARE_MAX_PLANES + 1]; /* the same, as the ABI has it */
    struct pare_kernel kernel;                                /* the one that this CPU uses */
    const struct pare_kernel *const *kernels;                 /* all of them, NULL-terminated */
    int (*recover)(const float *x, uint64_t rows, uint64_t row_len, uint32_t grain,
                   void *const *planes); /* or NULL */
    struct pare_encoding said;           /* the plugin's own words, with plane_list; for writers */
};

/* How a plane of a tensor lies in memory: rows of units, each of which begins at a byte. */
struct plane_shape {
    uint64_t rows; /* of the plane */
    uint64_t row_bytes;
    uint64_t per_row; /* rows of the tensor that share one of the plane; 0: all do */
};

/* Bytes of a plane for `rows` rows of `row_len` elements; PARE_EDATA with a text when it does not
 * fit or the row is not a multiple of the block. */
int encoding_plane_bytes(const struct encoding *encoding, uint32_t plane, uint64_t rows,
                         uint64_t row_len, uint64_t *ret_bytes, struct error *err)
    __attribute__((warn_unused_result));
/* The shape of a plane that fits, as encoding_plane_bytes has said. */
void encoding_plane_shape(const struct encoding *encoding, uint32_t plane, uint64_t rows,
                          uint64_t row_len, struct plane_shape *ret_shape);

/* 1: a row must be encoded and decoded whole. */
int encoding_whole_rows(const struct encoding *encoding);
/* 1: rows of that length cannot be seen as rows of another: kernels want whole ones, or they end
 * within a byte. */
int encoding_fixes_rows(const struct encoding *encoding, uint64_t row_len);
/* 1: rows of `from` elements can be seen as rows of `to`. */
int encoding_recuts(const struct encoding *encoding, uint64_t from, uint64_t to);
/* 1: all that is stored lies in one plane, where each row has bytes of its own. */
int encoding_rows_are_apart(const struct encoding *encoding);
/* Rows that must be encoded and decoded together, at least: 1 unless it has tiles. */
uint64_t encoding_tile_rows(const struct encoding *encoding);
/* Elements of a row after which every plane stands at a byte: a multiple of block_len. */
uint64_t encoding_unit(const struct encoding *encoding);
/* 1: a plane of it belongs to the whole tensor (PARE_PER_COLUMN or PARE_PER_TENSOR). */
int encoding_has_shared_planes(const struct encoding *encoding);
int plane_is_shared(const struct pare_plane *plane);
/* Encodes n elements as a row, with nothing known of them, where all lies in one plane. */
void encoding_encode_row(const struct encoding *encoding, const float *x, uint64_t n, void *plane);
/* Bytes of a block, where it is a whole number of them in one plane; else 0. */
uint32_t encoding_block_bytes(const struct encoding *encoding);

#endif
