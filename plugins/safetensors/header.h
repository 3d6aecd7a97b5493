/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The header of one safetensors file, read and checked: its tensors in the order of their data.
 * The table's strings lie in the header's text, which is kept as long as the table.
 */
#ifndef ST_HEADER_H
#define ST_HEADER_H

#include "safetensors/json.h"

struct st_tensor {
    const char *name;
    char *shape;         /* the `[` of the shape in the text: dims are read again when asked for */
    uint64_t begin, end; /* offsets of the data in the file's data part */
    uint16_t name_len;
    uint8_t dtype;  /* index of st_dtype_at */
    uint32_t whole; /* 0: it is a tensor; else 1 + what it is a plane of (planes.h) */
};

struct st_header {
    uint32_t file;
    struct pare_str name; /* of the file */
    uint64_t file_size;
    uint64_t data_start; /* offset in the file */
    char *text;
    uint64_t text_len;
    struct st_json metadata; /* a cursor at the value of `__metadata__`; p NULL: there is none */
    struct st_tensor *tensors;
    uint64_t n_tensors;
};

enum st_shape { ST_SHAPE_GOOD, ST_SHAPE_ODD, ST_SHAPE_LONG };

/* Reads and checks the header of source file `file`, which may have up to max_tensors tensors.
 * Gives 0 and *ret_header (to close), or PARE_EDATA, PARE_EINCOMPLETE, PARE_ENOTSUP, PARE_ELIMIT
 * or what the host gave, reported. */
int st_header_open(const struct st_context *context, uint32_t file, uint64_t max_tensors,
                   struct st_header *ret_header) __attribute__((warn_unused_result));

/* Frees what the header holds; a zeroed or half-built one is fine. */
void st_header_close(const struct st_context *context, struct st_header *header);

/* The name of tensor i, borrowed from the header. */
struct pare_str st_header_tensor_name(const struct st_header *header, uint64_t i);

/* The dims of tensor i: ret_dims has room for PARE_MAX_DIMS. */
void st_header_tensor_dims(const struct st_header *header, uint64_t i, uint64_t *ret_dims,
                           uint32_t *ret_n_dims);

/* Reads an array of sizes at the cursor; ret_dims has room for PARE_MAX_DIMS. */
enum st_shape st_shape_read(struct st_json *json, uint64_t *ret_dims, uint32_t *ret_n_dims);

/* Whether the first bytes of a file can be those of a safetensors file. */
int st_header_plausible(const uint8_t *head, size_t head_len);

#endif
