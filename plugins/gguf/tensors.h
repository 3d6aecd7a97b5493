/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The tensor table of a file.
 */
#ifndef GGUF_TENSORS_H
#define GGUF_TENSORS_H

#include "common/cursor.h"
#include "gguf/types.h"

/* An entry of the tensor table. */
struct gguf_tensor {
    char name[GGUF_NAME_SIZE];
    size_t name_len;
    uint32_t n_dims;
    uint64_t dims[GGUF_MAX_DIMS]; /* in the file's order: the row length first */
    const struct gguf_type *type;
    uint64_t bytes;
    uint64_t offset; /* from the start of the data */
};

/* Reads and checks the table's next entry; *offset is where its data must begin, and becomes where
 * the next one's must. */
int gguf_tensor_next(struct cursor *cursor, uint64_t index, uint32_t alignment, uint64_t *offset,
                     struct gguf_tensor *ret_tensor) GGUF_CHECKED;

#endif
