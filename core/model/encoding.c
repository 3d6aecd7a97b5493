/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Sizes of encoded tensors, with checked arithmetic: rows and row lengths come from files. */
#include "model/encoding.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/json.h"

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
