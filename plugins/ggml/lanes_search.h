/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The searches of search.h in lanes: LANES groups at once, each with the bits of the reference.
 *
 * Groups come transposed: row i of a tile has weight i of every group. Results are rows of lanes.
 */
#ifndef PARE_PLUGINS_GGML_LANES_SEARCH_H
#define PARE_PLUGINS_GGML_LANES_SEARCH_H

#include "lanes.h"
#include "search.h"
#include "wide.h"

#if LANES > 0

/* What struct affine_found has, of LANES groups. */
struct lanes_found {
    lanes scale;
    lanes min;
    lanes inverse;
    lanes from;
};

/* search_affine of n <= SEARCH_MAX weights a group. */
struct lanes_found lanes_affine(const struct affine_search *search, const lanes *x,
                                const lanes *weights, uint32_t n);

/* search_positive of n values a group. Gives the scales; ret_levels are the codes as floats. */
lanes lanes_positive(const lanes *x, uint32_t n, int32_t top, const lanes *weights,
                     lanes *ret_levels);

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
