/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The longer searches (PARE_SEARCH_BEST): groups of weights, one in each lane, for whose scales sum
 * w (x - y)^2 is to be small, where w is the importance, or 1.
 *
 * A dense row of candidates is fitted by least squares; the best fit is rounded to what a block can
 * hold, codes are made anew, and that is repeated. It is written in the operations of lanes.h
 * alone, so that one source gives the same bits at all levels. Nothing here need be careful about
 * overflow: what comes out worse than the reference's block, or not as numbers, is not taken
 * (blocks.h).
 */
#ifndef PARE_PLUGINS_GGML_BEST_H
#define PARE_PLUGINS_GGML_BEST_H

#include "ggml/blocks.h"
#include "ggml/lanes/lanes.h"
#include "ggml/lanes/lanes_nearest.h"
#include "ggml/lanes/lanes_search.h"

/* Scales, offsets and codes of blocks, by lane. */
struct best_found {
    LANES_ALIGNED float d[LANES_ROOM];
    LANES_ALIGNED float low[LANES_ROOM];
    uint8_t codes[LANES_ROOM][BLOCK_MAX];
};

/* Groups of n weights. */
struct best_group {
    const lanes *x;
    const lanes *weights;
    uint32_t n;
};

/* The weights of blocks, and how much their errors count. */
LANES_INLINE void best_load(const struct block_lanes *blocks, uint32_t n, lanes *x, lanes *weights)
{
#if LANES > 0
    lanes_gather(blocks->x, 0, n, x);
    if (blocks->has_importance) {
        lanes_gather_importance(blocks, 0, n, weights);
    }
#else
    memcpy(x, blocks->x[0], n * sizeof(*x));
    if (blocks->has_importance) {
        memcpy(weights, blocks->context[0].importance, n * sizeof(*weights));
    }
#endif
    for (uint32_t i = 0; i < n && !blocks->has_importance; i++) {
        weights[i] = lanes_all(1.0f);
    }
}

/* Each lane as a half holds it. */
LANES_INLINE lanes best_half(lanes values)
{
    LANES_ALIGNED float row[LANES_ROOM];

    lanes_store(row, values);
    for (uint32_t lane = 0; lane < LANES_ROOM; lane++) {
        row[lane] = half_decode(scale_encode(row[lane]));
    }
    return lanes_load(row);
}

/* The codes of n rows of levels: level + half, from 0 to 255. The rows are lost. */
LANES_INLINE void best_codes(lanes *levels, uint32_t n, int32_t half, struct best_found *found)
{
#if LANES > 0
    lanes_codes(levels, n, half, found->codes);
#else
    for (uint32_t i = 0; i < n; i++) {
        found->codes[0][i] = (uint8_t)(int32_t)(levels[i] + (float)half);
    }
#endif
}

/* 1 / d, or 0 for a d of 0. */
LANES_INLINE lanes best_inverse(lanes d)
{
    mlanes any = lanes_less(lanes_all(0.0f), lanes_magnitude(d));

    return lanes_choose(any, lanes_all(1.0f) / d, lanes_all(0.0f));
}

/* The largest magnitudes of groups. */
LANES_INLINE lanes best_largest(const struct best_group *group)
{
    lanes largest = lanes_all(0.0f);

    for (uint32_t i = 0; i < group->n; i++) {
        largest = lanes_greater(lanes_magnitude(group->x[i]), largest);
    }
    return largest;
}

#endif
