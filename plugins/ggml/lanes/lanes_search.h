/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What the searches in lanes share: LANES groups at once, each with the bits of the reference. The
 * searches of search.h are one file each beside this one.
 *
 * Groups come transposed: row i of a tile has weight i of every group. Results are rows of lanes.
 */
#ifndef PARE_PLUGINS_GGML_LANES_SEARCH_H
#define PARE_PLUGINS_GGML_LANES_SEARCH_H

#include "ggml/blocks.h"
#include "ggml/lanes/lanes.h"
#include "ggml/search/search.h"
#include "ggml/wide.h"

#if LANES > 0

/* What must be done to hold levels in their range. Values are below 2^22, except with HOLD_ANY. */
enum hold {
    HOLD_NONE,
    HOLD_ABOVE, /* some may be too large */
    HOLD_BELOW, /* some may be too small */
    HOLD_BOTH,
    HOLD_ANY /* nothing is known about the values */
};

/* lanes_level, with no more operations than needed. */
LANES_INLINE lanes lanes_held(lanes value, int32_t low, int32_t high, enum hold hold)
{
    if (hold == HOLD_ANY) {
        return lanes_level(value, low, high);
    }
    if (hold == HOLD_ABOVE || hold == HOLD_BOTH) {
        value = lanes_lesser(value, lanes_all((float)high));
    }
    if (hold == HOLD_BELOW || hold == HOLD_BOTH) {
        value = lanes_greater(value, lanes_all((float)low));
    }
    return value + lanes_all(LANES_ROUNDER) - lanes_all(LANES_ROUNDER);
}

/* round_even(value) modulo 256, as a float. */
LANES_INLINE lanes lanes_byte_level(lanes value)
{
    ilanes low = ilanes_and(lanes_rounded_bits(value), ilanes_all(0xff));

    return lanes_of_bits(ilanes_or(low, ilanes_all(0x4b400000))) - lanes_all(LANES_ROUNDER);
}

/* extreme of n rows: the largest magnitude, then the first value that has it. */
LANES_INLINE lanes lanes_extreme(const lanes *x, uint32_t n)
{
    const lanes zero = lanes_all(0.0f);
    lanes magnitude = zero;
    lanes largest = zero;

    for (uint32_t i = 0; i < n; i++) {
        magnitude = lanes_greater(lanes_magnitude(x[i]), magnitude);
    }
    for (uint32_t i = n; i-- > 0;) {
        largest = lanes_choose(lanes_equal(lanes_magnitude(x[i]), magnitude), x[i], largest);
    }
    return lanes_choose(lanes_equal(largest, zero), zero, largest);
}

/* Rows [first, first + n) of weights of blocks: row i of the tile gets weight first + i of each. n
 * is a multiple of LANES. */
LANES_INLINE void lanes_gather(const float *const *x, uint32_t first, uint32_t n, lanes *tile)
{
    for (uint32_t i = 0; i < n; i += LANES) {
        for (uint32_t lane = 0; lane < LANES; lane++) {
            tile[i + lane] = wide_load(x[lane] + first + i);
        }
        wide_transpose(tile + i);
    }
}

/* The importance of weights [first, first + n) of blocks that have it. */
LANES_INLINE void lanes_gather_importance(const struct block_lanes *blocks, uint32_t first,
                                          uint32_t n, lanes *tile)
{
    const float *rows[LANES];

    for (uint32_t lane = 0; lane < LANES; lane++) {
        rows[lane] = blocks->context[lane].importance;
    }
    lanes_gather(rows, first, n, tile);
}

/* One lane of n rows. */
LANES_INLINE void lanes_take(const lanes *rows, uint32_t n, uint32_t lane, float *ret)
{
    for (uint32_t i = 0; i < n; i++) {
        ret[i] = ((const float *)(const void *)&rows[i])[lane];
    }
}

/* The codes of n rows of levels, a multiple of LANES, for each block: level + half. The rows are
 * lost. */
LANES_INLINE void lanes_codes(lanes *levels, uint32_t n, int32_t half, uint8_t codes[][BLOCK_MAX])
{
    for (uint32_t i = 0; i < n; i += LANES) {
        wide_transpose(levels + i);
        for (uint32_t lane = 0; lane < LANES; lane++) {
            ilanes code = wide_cut(levels[i + lane] + lanes_all((float)half));
            wide_bytes_store(codes[lane] + i, code);
        }
    }
}

/* sum_of_squares of n rows. */
LANES_INLINE lanes lanes_sum_of_squares(const lanes *x, uint32_t n)
{
    lanes sum = lanes_all(0.0f);

    for (uint32_t i = 0; i < n; i++) {
        sum = sum + x[i] * x[i];
    }
    return sum;
}

#endif
#endif
