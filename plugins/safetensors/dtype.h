/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The types that a safetensors file can hold, and which encoding of Pare's each of them is.
 */
#ifndef ST_DTYPE_H
#define ST_DTYPE_H

#include "safetensors/common.h"

struct st_dtype {
    const char *name;     /* in the file: "BF16" */
    const char *encoding; /* Pare's: "bf16" */
    const char *torch;    /* in config.json, for the types that a model computes in; or NULL */
    uint32_t bits;        /* of one element */
};

/* pare_writer.holds. */
int st_holds(const struct pare_encoding *encoding);

uint32_t st_dtype_count(void);
/* The i-th type; i comes from the functions below. */
const struct st_dtype *st_dtype_at(uint32_t i);

/* Finds a type by its name in the file; 0 when there is none. */
int st_dtype_find(struct pare_str name, uint32_t *ret_i);

/* Finds a type by the encoding that it is; 0 when there is none. */
int st_dtype_of_encoding(const char *encoding, uint32_t *ret_i);

/* Bytes of a tensor of n_dims dims; 0 when the number overflows. *ret_bytes is UINT64_MAX
 * when the elements do not fill whole bytes. */
int st_dtype_bytes(uint32_t dtype, const uint64_t *dims, uint32_t n_dims, uint64_t *ret_bytes);

#endif
