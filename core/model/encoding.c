/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Sizes of encoded tensors, with checked arithmetic: rows and row lengths come from files. */
#include "model/encoding.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/json.h"

#include <string.h>

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

/* Units in a row of a plane, and how many rows it has. */
static uint64_t units_of(const struct encoding *encoding, uint32_t plane, uint64_t rows,
                         uint64_t row_len, struct plane_shape *shape)
{
    const struct pare_plane *p = &encoding->planes[plane];
    *shape = (struct plane_shape){ .rows = rows, .per_row = 1 };
    switch (p->per) {
    case PARE_PER_BLOCK:
        return row_len / encoding->block_len;
    case PARE_PER_ROW:
        return 1;
    case PARE_PER_TILE:
        shape->rows = divide_up(rows, p->tile_rows);
        shape->per_row = p->tile_rows;
        return divide_up(row_len, p->tile_columns);
    default:
        shape->rows = 1;
        shape->per_row = 0;
        return p->per == PARE_PER_COLUMN ? row_len : 1;
    }
}

void encoding_plane_shape(const struct encoding *encoding, uint32_t plane, uint64_t rows,
                          uint64_t row_len, struct plane_shape *ret_shape)
{
    const struct pare_plane *p = &encoding->planes[plane];
    uint64_t units = units_of(encoding, plane, rows, row_len, ret_shape);
    ret_shape->row_bytes = (units * p->bits + 7) / 8 + p->row_bytes;
}

int encoding_plane_bytes(const struct encoding *encoding, uint32_t plane, uint64_t rows,
                         uint64_t row_len, uint64_t *ret_bytes, struct error *err)
{
    const struct pare_plane *p = &encoding->planes[plane];
    struct plane_shape shape;
    uint64_t bits, total;
    if (row_len % encoding->block_len)
        return error_set(err, PARE_EDATA,
                         "its rows of %llu elements are no multiple of %s's block of %u",
                         (unsigned long long)row_len, encoding->name, encoding->block_len);
    uint64_t units = units_of(encoding, plane, rows, row_len, &shape);
    if (checked_mul(units, p->bits, &bits) || checked_add(bits, 7, &bits) ||
        checked_add(bits / 8, p->row_bytes, &shape.row_bytes) ||
        checked_mul(shape.rows, shape.row_bytes, &total) || total > INT64_MAX)
        return error_set(err, PARE_EDATA, "its size in %s overflows", encoding->name);
    *ret_bytes = total;
    return 0;
}

int plane_is_shared(const struct pare_plane *plane)
{
    return plane->per == PARE_PER_COLUMN || plane->per == PARE_PER_TENSOR;
}

int encoding_has_shared_planes(const struct encoding *encoding)
{
    for (uint32_t i = 0; i < encoding->n_planes; i++)
        if (plane_is_shared(&encoding->planes[i]))
            return 1;
    return 0;
}

int encoding_whole_rows(const struct encoding *encoding)
{
    if (encoding->flags & PARE_ENCODING_WHOLE_ROWS)
        return 1;
    for (uint32_t i = 0; i < encoding->n_planes; i++)
        if (encoding->planes[i].per != PARE_PER_BLOCK || encoding->planes[i].row_bytes)
            return 1;
    return 0;
}

int encoding_fixes_rows(const struct encoding *encoding, uint64_t row_len)
{
    return encoding_whole_rows(encoding) ||
           (row_len % encoding->block_len == 0 && row_len % encoding_unit(encoding));
}

int encoding_recuts(const struct encoding *encoding, uint64_t from, uint64_t to)
{
    return from == to ||
           (!encoding_fixes_rows(encoding, from) && !encoding_fixes_rows(encoding, to));
}

int encoding_rows_are_apart(const struct encoding *encoding)
{
    const struct pare_plane *p = &encoding->planes[0];
    return encoding->n_planes == 1 && (p->per == PARE_PER_BLOCK || p->per == PARE_PER_ROW);
}

uint64_t encoding_tile_rows(const struct encoding *encoding)
{
    uint64_t rows = 1;
    for (uint32_t i = 0; i < encoding->n_planes; i++)
        if (encoding->planes[i].per == PARE_PER_TILE && encoding->planes[i].tile_rows > rows)
            rows = encoding->planes[i].tile_rows; /* a multiple of the others: plugin/validate.h */
    return rows;
}

uint64_t encoding_unit(const struct encoding *encoding)
{
    uint64_t unit = encoding->block_len;
    for (uint32_t i = 0; i < encoding->n_planes; i++)
        for (uint64_t bits = encoding->planes[i].bits; bits * (unit / encoding->block_len) % 8;)
            unit *= 2;
    return unit;
}

uint32_t encoding_block_bytes(const struct encoding *encoding)
{
    const struct pare_plane *p = &encoding->planes[0];
    if (encoding->n_planes != 1 || p->per != PARE_PER_BLOCK || p->row_bytes || p->bits % 8)
        return 0;
    return p->bits / 8;
}

void encoding_encode_row(const struct encoding *encoding, const float *x, uint64_t n, void *plane)
{
    const struct pare_calibration nothing = { .struct_size = sizeof nothing };
    encoding->kernel.encode(x, 1, n, &nothing, (void *const[]){ plane });
}
