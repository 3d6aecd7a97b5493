/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Encodings that safetensors has no dtype for, as `__metadata__` describes them: what their planes
 * are called and how large they are. docs/formats/safetensors.md, "Encodings of other plugins".
 */
#ifndef ST_ENCODING_H
#define ST_ENCODING_H

#include "safetensors/text.h"

#define ST_MAX_ENCODINGS 64u /* that one file or one target has */
#define ST_ENCODING_NAME 32  /* bytes, with the NUL */
#define ST_ENCODING_KEY "pare.encoding."
#define ST_TENSORS_KEY "pare.tensors"

struct st_plane {
    char name[ST_ENCODING_NAME];
    uint32_t per; /* enum pare_per */
    uint32_t bits, row_bytes, tile_rows, tile_columns;
};

struct st_encoding {
    char name[ST_ENCODING_NAME];
    struct pare_str text; /* as it was read */
    uint32_t block_len;
    uint32_t n_planes;
    struct st_plane planes[PARE_MAX_PLANES];
};

/* The shape of the tensor of bytes that a plane is. */
struct st_plane_shape {
    uint64_t dims[2];
    uint32_t n_dims;
    uint64_t bytes;
};

/* Reads a description, which `file` has under the key ST_ENCODING_KEY NAME. The text is changed
 * where strings are decoded. */
int st_encoding_read(const struct st_context *context, struct pare_str file, struct pare_str name,
                     struct pare_str text, struct st_encoding *ret_encoding)
    __attribute__((warn_unused_result));
/* The same of an encoding that a plugin provides. */
void st_encoding_of(const struct pare_encoding *said, struct st_encoding *ret_encoding);
/* 1: they are stored alike. */
int st_encoding_equal(const struct st_encoding *a, const struct st_encoding *b);
/* Writes the description, or measures it. */
void st_encoding_put(struct st_text *text, const struct st_encoding *encoding);
/* How a plane of a tensor is stored. 0: rows are not a multiple of the block, or sizes overflow. */
int st_encoding_plane(const struct st_encoding *encoding, uint32_t plane, const uint64_t *dims,
                      uint32_t n_dims, struct st_plane_shape *ret_shape);

#endif
