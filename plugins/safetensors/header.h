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
    uint8_t dtype; /* index of st_dtype_at */
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

int st_header_open(const struct st_context *context, uint32_t file, uint64_t max_tensors,
                   struct st_header *ret_header) __attribute__((warn_unused_result));
void st_header_close(const struct st_context *context, struct st_header *header);
struct pare_str st_header_tensor_name(const struct st_header *header, uint64_t i);
void st_header_tensor_dims(const struct st_header *header, uint64_t i, uint64_t *ret_dims,
                           uint32_t *ret_n_dims);
int st_header_plausible(const uint8_t *head, size_t head_len);

#endif
