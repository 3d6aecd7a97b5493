/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The importance of a tensor's columns: see importance_rows.h. */
#include "weights/importance_rows.h"

#include <stdlib.h>

int importance_rows_init(struct importance_rows *rows, const struct importance *importance,
                         uint64_t capacity, struct error *err)
{
    *rows = (struct importance_rows){ .importance = importance };
    if (!importance)
        return 0;
    rows->values = malloc(capacity * sizeof *rows->values);
    return rows->values ? 0 : error_oom(err);
}

void importance_rows_deinit(struct importance_rows *rows)
{
    free(rows->values);
}

/* Elements of a matrix, whose rows share their importance. */
static uint64_t matrix_elements(const struct model_tensor *t)
{
    return t->row_len * (t->n_dims > 1 ? t->dims[t->n_dims - 2] : 1);
}

uint64_t importance_rows_piece(const struct model_tensor *tensor, uint64_t first, uint64_t count)
{
    uint64_t matrix = matrix_elements(tensor), here = matrix - first % matrix;
    return count < here ? count : here;
}

int importance_rows_load(struct importance_rows *rows, const struct importance_entry *entry,
                         const struct model_tensor *tensor, uint64_t first, uint64_t n,
                         struct error *err)
{
    uint64_t matrices = entry->row_len * entry->matrices / tensor->row_len;
    uint64_t matrix = first / matrix_elements(tensor) % matrices;
    uint64_t at = matrix * tensor->row_len + first % tensor->row_len;
    if (rows->entry == entry && rows->first == at && rows->n == n)
        return 0;
    rows->entry = NULL;
    int r = importance_read(rows->importance, entry, at, n, rows->values, err);
    if (r < 0)
        return r;
    rows->entry = entry;
    rows->first = at;
    rows->n = n;
    return 0;
}

int importance_rows_weigh(struct importance_rows *rows, const struct model_tensor *tensor,
                          const struct slab_cut *cut, uint64_t first, uint64_t count,
                          const float *x, const float *y, struct measure *m, struct error *err)
{
    const struct importance_entry *entry = importance_for(rows->importance, tensor);
    while (entry && count) {
        uint64_t piece = importance_rows_piece(tensor, first, count), n_rows, row_len;
        slab_kernel_shape(tensor, cut, piece, &n_rows, &row_len);
        int r = importance_rows_load(rows, entry, tensor, first, row_len, err);
        if (r < 0)
            return r;
        measure_add_weighted(m, x, y, n_rows, row_len, rows->values);
        first += piece;
        count -= piece;
        x += piece;
        y += piece;
    }
    return 0;
}
