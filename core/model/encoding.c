/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Sizes of encoded tensors, and the figures about a model that follow from them. */
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "model/model.h"

#include <string.h>

int encoding_plane_bytes(const struct encoding *encoding, uint32_t plane, uint64_t rows,
                         uint64_t row_len, uint64_t *ret_bytes, struct error *err)
{
    const struct pare_plane *p = &encoding->planes[plane];
    if (row_len % encoding->block_len)
        return error_set(err, PARE_EDATA,
                         "its rows of %llu elements are no multiple of %s's block of %u",
                         (unsigned long long)row_len, encoding->name, encoding->block_len);
    uint64_t blocks, data, extra, total;
    if (checked_mul(row_len / encoding->block_len, rows, &blocks) ||
        checked_mul(blocks, p->bytes_per_block, &data) ||
        checked_mul(rows, p->bytes_per_row, &extra) || checked_add(data, extra, &total) ||
        total > INT64_MAX)
        return error_set(err, PARE_EDATA, "its size in %s overflows", encoding->name);
    *ret_bytes = total;
    return 0;
}

int encoding_whole_rows(const struct encoding *encoding)
{
    if (encoding->flags & PARE_ENCODING_WHOLE_ROWS)
        return 1;
    for (uint32_t i = 0; i < encoding->n_planes; i++)
        if (encoding->planes[i].bytes_per_row)
            return 1;
    return 0;
}

uint64_t model_parameters(const struct model *model)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < model->n_tensors; i++)
        n += model->tensors[i].elements;
    return n;
}

uint64_t model_bytes(const struct model *model)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < model->n_tensors; i++)
        n += model->tensors[i].bytes;
    return n;
}

struct census_line {
    const char *encoding;
    uint64_t tensors, elements, bytes;
};

static int compare_lines(const void *a, const void *b)
{
    const struct census_line *x = a, *y = b;
    if (x->elements != y->elements)
        return x->elements > y->elements ? -1 : 1;
    return strcmp(x->encoding, y->encoding);
}

static size_t count_lines(const struct model *model, struct census_line *lines, size_t max)
{
    size_t n = 0;
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        const struct model_tensor *t = &model->tensors[i];
        size_t j = 0;
        while (j < n && strcmp(lines[j].encoding, t->encoding_name) != 0)
            j++;
        if (j == n && n == max)
            continue;
        if (j == n)
            lines[n++] = (struct census_line){ .encoding = t->encoding_name };
        lines[j].tensors++;
        lines[j].elements += t->elements;
        lines[j].bytes += t->bytes;
    }
    qsort(lines, n, sizeof *lines, compare_lines);
    return n;
}

json_t *model_census(const struct model *model)
{
    struct census_line lines[128];
    size_t n = count_lines(model, lines, 128);
    json_t *census = json_array();
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(
            census, json_pack("{s:s, s:I, s:I, s:I}", "encoding", lines[i].encoding, "tensors",
                              (json_int_t)lines[i].tensors, "elements",
                              (json_int_t)lines[i].elements, "bytes", (json_int_t)lines[i].bytes));
    return census;
}

json_t *tensor_shape(const struct model_tensor *tensor)
{
    json_t *shape = json_array();
    for (uint32_t i = 0; i < tensor->n_dims; i++)
        (void)json_array_append_new(shape, json_integer((json_int_t)tensor->dims[i]));
    return shape;
}
