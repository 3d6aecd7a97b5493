/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Reading the parts of a quantized matrix: pieces of tensors as bytes and as floats, the order of
 * columns, rows of scales. Everything is read through the base's source, on the caller's thread,
 * in pieces whose size the caller has bounded. 16-bit floats are decoded by the plugin that
 * provides them; the 8-bit ones are defined here, after the OCP specifications of 8-bit floating
 * point (revision 1.0) and of microscaling formats (E8M0).
 */
#include "unpack/unpack_private.h"

#include "base/cleanup.h"
#include "plugin/source.h"

#include <string.h>

#define PIECE 4096 /* elements that are converted at once */

void *unpack_alloc(uint64_t count, uint64_t size, struct error *err)
{
    void *memory = calloc(count ? count : 1, size);
    int failed = memory ? 0 : error_oom(err);
    return failed ? NULL : memory;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* A sign, 4 bits of exponent (bias 7), 3 of mantissa; no infinities, 0x7f is a NaN. */
static float e4m3_value(uint8_t code)
{
    uint32_t magnitude = code & 0x7fu, sign = (code & 0x80u) << 24;
    if (magnitude == 0x7f)
        return float_of(sign | 0x7fc00000u);
    if (magnitude < 8) { /* subnormal: units of 2^-9 */
        float small = (float)magnitude * 0x1p-9f;
        return sign ? -small : small;
    }
    return float_of(sign | ((magnitude << 20) + (120u << 23)));
}

/* A sign, 5 bits of exponent (bias 15), 2 of mantissa: the upper byte of a binary16. */
static float e5m2_value(uint8_t code)
{
    uint32_t magnitude = code & 0x7fu, sign = (code & 0x80u) << 24;
    if (magnitude >= 0x7c)
        return float_of(sign | (magnitude == 0x7c ? 0x7f800000u : 0x7fc00000u));
    if (magnitude < 4) { /* units of 2^-16 */
        float small = (float)magnitude * 0x1p-16f;
        return sign ? -small : small;
    }
    return float_of(sign | ((magnitude << 21) + (112u << 23)));
}

static float e8m0_value(uint8_t code)
{
    if (code == 0xff)
        return float_of(0x7fc00000u);
    return float_of(code ? (uint32_t)code << 23 : 0x400000u);
}

void unpack_to_floats(const struct unpack_part *part, const uint8_t *data, uint64_t n, float *ret_x)
{
    const void *planes[1] = { data };
    switch (part->type) {
    case UNPACK_U8:
        for (uint64_t i = 0; i < n; i++)
            ret_x[i] = data[i];
        return;
    case UNPACK_I8:
        for (uint64_t i = 0; i < n; i++)
            ret_x[i] = (int8_t)data[i];
        return;
    case UNPACK_E4M3:
        for (uint64_t i = 0; i < n; i++)
            ret_x[i] = e4m3_value(data[i]);
        return;
    case UNPACK_E5M2:
        for (uint64_t i = 0; i < n; i++)
            ret_x[i] = e5m2_value(data[i]);
        return;
    case UNPACK_E8M0:
        for (uint64_t i = 0; i < n; i++)
            ret_x[i] = e8m0_value(data[i]);
        return;
    default:
        if (n)
            part->encoding->kernel.decode(planes, 1, n, ret_x);
    }
}

int unpack_read_floats(struct source *base, const struct unpack_part *part, uint64_t first,
                       uint64_t n, float *ret_x, struct error *err)
{
    uint8_t piece[PIECE * 4];
    uint64_t size = unpack_type_bytes(part->type);
    for (uint64_t done = 0; done < n;) {
        uint64_t count = n - done < PIECE ? n - done : PIECE;
        int r = source_read(base, part->tensor, 0, (first + done) * size, piece, count * size, err);
        if (r < 0)
            return r;
        unpack_to_floats(part, piece, count, ret_x + done);
        done += count;
    }
    return 0;
}

int unpack_read_block(struct source *base, const struct unpack_part *part, uint64_t row,
                      uint64_t n_rows, uint64_t column, uint64_t n_columns, void *ret_data,
                      struct error *err)
{
    uint64_t size = unpack_type_bytes(part->type);
    uint64_t row_bytes = part->columns * size, bytes = n_columns * size;
    uint8_t *to = ret_data;
    if (n_columns == part->columns)
        return source_read(base, part->tensor, 0, row * row_bytes, to, n_rows * row_bytes, err);
    for (uint64_t i = 0; i < n_rows; i++) {
        int r = source_read(base, part->tensor, 0, (row + i) * row_bytes + column * size,
                            to + i * bytes, bytes, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int unpack_read_block_floats(struct source *base, const struct unpack_part *part, uint64_t row,
                             uint64_t n_rows, uint64_t column, uint64_t n_columns, float *ret_x,
                             struct error *err)
{
    int r = 0;
    if (n_columns == part->columns)
        return unpack_read_floats(base, part, row * n_columns, n_rows * n_columns, ret_x, err);
    for (uint64_t i = 0; i < n_rows && r == 0; i++)
        r = unpack_read_floats(base, part, (row + i) * part->columns + column, n_columns,
                               ret_x + i * n_columns, err);
    return r;
}

static int64_t order_at(const struct unpack_part *order, const uint8_t *data, uint64_t i)
{
    int64_t wide;
    int32_t narrow;
    if (order->type == UNPACK_I64) {
        memcpy(&wide, data + i * sizeof wide, sizeof wide);
        return wide;
    }
    memcpy(&narrow, data + i * sizeof narrow, sizeof narrow);
    return narrow;
}

/* 1: the columns are in order. */
static int check_order(const struct unpack_item *item, const uint8_t *data, uint64_t groups,
                       int even, uint32_t *ret_groups, uint32_t *counts, struct error *err)
{
    const struct unpack_part *order = &item->order;
    struct text_shown shown = unpack_show(item->unpack, order->tensor);
    for (uint64_t i = 0; even && i < order->columns; i++)
        if (order_at(order, data, i) == -1)
            return 1;
    for (uint64_t i = 0; i < order->columns; i++) {
        int64_t g = order_at(order, data, i);
        if (g < 0 || (uint64_t)g >= groups)
            return error_set(err, PARE_EDATA,
                             "tensor `%s`: column %llu is in group %lld, "
                             "but there are %llu groups",
                             shown.text, (unsigned long long)i, (long long)g,
                             (unsigned long long)groups);
        ret_groups[i] = (uint32_t)g;
        counts[g]++;
    }
    for (uint64_t g = 0; even && g < groups; g++)
        if (counts[g] != item->group)
            return error_set(err, PARE_EDATA, "tensor `%s`: group %llu has %u columns, not %llu",
                             shown.text, (unsigned long long)g, counts[g],
                             (unsigned long long)item->group);
    return 0;
}

int unpack_read_order(const struct unpack_item *item, struct source *base, uint64_t groups,
                      int even, uint32_t *ret_groups, struct error *err)
{
    const struct unpack_part *order = &item->order;
    if (order->tensor == UNPACK_NONE)
        return 1;
    _cleanup_free_ uint8_t *data = unpack_alloc(order->columns, 8, err);
    _cleanup_free_ uint32_t *counts = unpack_alloc(groups, sizeof *counts, err);
    if (!data || !counts)
        return PARE_ENOMEM;
    int r = unpack_read_block(base, order, 0, 1, 0, order->columns, data, err);
    return r < 0 ? r : check_order(item, data, groups, even, ret_groups, counts, err);
}

int unpack_read_grid_row(const struct unpack_item *item, struct source *base,
                         const struct unpack_part *part, uint64_t row, uint64_t *last,
                         float *ret_scales, struct error *err)
{
    const struct unpack_grid *grid = &item->grid;
    uint64_t lead = row / grid->lead_rows;
    uint64_t at = lead * grid->per_lead + row % grid->lead_rows / grid->rows;
    if (at == *last)
        return 0;
    *last = at;
    return unpack_read_floats(base, part, at * grid->width, grid->width, ret_scales, err);
}
