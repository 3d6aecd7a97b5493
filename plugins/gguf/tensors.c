/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The tensor table. Every number in it is checked before it is used in arithmetic, every product
 * for overflow, and every offset against the only place where the format allows that tensor's data
 * to begin: right after the one before it, padded. So tensors can neither overlap nor leave holes.
 * Whether the data is all there is the host's check, as it is for every format.
 */
#include "gguf/tensors.h"

#include <string.h>

static int tensor_fail(const struct cursor *cursor, const struct gguf_tensor *tensor,
                       const char *what)
{
    char name[CURSOR_QUOTED];
    return cursor_fail(cursor, PARE_EDATA, "tensor `%s`: %s",
                       cursor_quote(tensor->name, tensor->name_len, name), what);
}

static int name_next(struct cursor *cursor, uint64_t index, struct gguf_tensor *tensor)
{
    uint64_t length = 0;
    int r = cursor_length(cursor, 8, 1, GGUF_NAME_SIZE - 1, "a tensor name's length", &length);
    if (r < 0)
        return r;
    if (r > 0 && length == 0)
        return cursor_fail(cursor, PARE_EDATA, "tensor %llu has an empty name",
                           (unsigned long long)index);
    if (r > 0)
        return cursor_fail(cursor, PARE_EDATA, "tensor %llu has a name of %llu bytes, more than %d",
                           (unsigned long long)index, (unsigned long long)length,
                           GGUF_NAME_SIZE - 1);
    r = cursor_bytes(cursor, tensor->name, (size_t)length, "a tensor's name");
    if (r < 0)
        return r;
    tensor->name_len = (size_t)length;
    if (memchr(tensor->name, 0, tensor->name_len))
        return tensor_fail(cursor, tensor, "its name contains a NUL byte");
    return 0;
}

static int dims_next(struct cursor *cursor, struct gguf_tensor *tensor, uint64_t *ret_elements)
{
    char name[CURSOR_QUOTED];
    uint64_t elements = 1;
    int r = cursor_u32(cursor, "a tensor's dimensions", &tensor->n_dims);
    if (r < 0)
        return r;
    cursor_quote(tensor->name, tensor->name_len, name);
    if (tensor->n_dims > GGUF_MAX_DIMS)
        return cursor_fail(cursor, PARE_EDATA, "tensor `%s` has %u dimensions, more than %d", name,
                           tensor->n_dims, GGUF_MAX_DIMS);
    for (uint32_t i = 0; i < tensor->n_dims; i++) {
        uint64_t dim = 0;
        r = cursor_u64(cursor, "a tensor's dimensions", &dim);
        if (r < 0)
            return r;
        if (dim == 0)
            return cursor_fail(cursor, PARE_EDATA, "tensor `%s`: dimension %u is zero", name, i);
        if (dim > INT64_MAX)
            return cursor_fail(cursor, PARE_EDATA, "tensor `%s`: dimension %u is negative (%lld)",
                               name, i, (long long)dim);
        if (__builtin_mul_overflow(elements, dim, &elements) || elements > INT64_MAX)
            return tensor_fail(cursor, tensor, "its number of elements does not fit into 63 bits");
        tensor->dims[i] = dim;
    }
    *ret_elements = elements;
    return 0;
}

static int type_next(struct cursor *cursor, struct gguf_tensor *tensor, uint64_t elements)
{
    char name[CURSOR_QUOTED];
    uint32_t id = 0;
    int r = cursor_u32(cursor, "a tensor's type", &id);
    if (r < 0)
        return r;
    cursor_quote(tensor->name, tensor->name_len, name);
    tensor->type = gguf_type_by_id(id);
    if (!tensor->type)
        return cursor_fail(cursor, PARE_ENOTSUP, "tensor `%s` has type %d, which %s", name,
                           (int32_t)id,
                           !gguf_type_is_known(id)
                               ? "GGUF does not define: was it made by a fork of llama.cpp?"
                               : "was removed from GGUF: make the file anew from its source");
    uint32_t block = tensor->type->block_len;
    uint64_t row = tensor->n_dims > 0 ? tensor->dims[0] : 1;
    if (row % block != 0)
        return cursor_fail(cursor, PARE_EDATA,
                           "tensor `%s`: a row of %llu elements is not a multiple of %s's block "
                           "of %u",
                           name, (unsigned long long)row, tensor->type->name, block);
    if (__builtin_mul_overflow(elements / block, (uint64_t)tensor->type->bytes, &tensor->bytes) ||
        tensor->bytes > INT64_MAX)
        return tensor_fail(cursor, tensor, "its size in bytes does not fit into 63 bits");
    return 0;
}

/* Checks that the data begins where it must, and moves on to where the next one's must. */
static int place(const struct cursor *cursor, const struct gguf_tensor *tensor, uint32_t alignment,
                 uint64_t *offset)
{
    char name[CURSOR_QUOTED];
    uint64_t end = 0;
    if (tensor->offset != *offset)
        return cursor_fail(cursor, PARE_EDATA,
                           "tensor `%s` has offset %llu, but its data must begin at %llu",
                           cursor_quote(tensor->name, tensor->name_len, name),
                           (unsigned long long)tensor->offset, (unsigned long long)(*offset));
    if (__builtin_add_overflow(*offset, tensor->bytes, &end) ||
        gguf_align(end, alignment, &end) < 0)
        return tensor_fail(cursor, tensor, "the sizes of all tensors up to it exceed 63 bits");
    *offset = end;
    return 0;
}

int gguf_tensor_next(struct cursor *cursor, uint64_t index, uint32_t alignment, uint64_t *offset,
                     struct gguf_tensor *ret_tensor)
{
    struct gguf_tensor tensor = { .name_len = 0 };
    uint64_t elements = 0;
    int r = name_next(cursor, index, &tensor);
    if (r == 0)
        r = dims_next(cursor, &tensor, &elements);
    if (r == 0)
        r = type_next(cursor, &tensor, elements);
    if (r == 0)
        r = cursor_u64(cursor, "a tensor's offset", &tensor.offset);
    if (r == 0)
        r = place(cursor, &tensor, alignment, offset);
    if (r == 0)
        *ret_tensor = tensor;
    return r;
}
