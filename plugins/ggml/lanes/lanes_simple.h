/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The blocks of simple.h with importance, in lanes. Without importance there is no search to run in
 * lanes.
 */
#ifndef PARE_PLUGINS_GGML_LANES_SIMPLE_H
#define PARE_PLUGINS_GGML_LANES_SIMPLE_H

#include "ggml/encodings/simple.h"
#include "ggml/lanes/lanes_affine.h"
#include "ggml/lanes/lanes_symmetric.h"

#if LANES > 0

/* Scales, offsets and codes of blocks, by lane. */
struct simple_lanes {
    LANES_ALIGNED float d[LANES];
    LANES_ALIGNED float low[LANES];
    uint8_t codes[LANES][BLOCK_MAX];
};

/* The weights of blocks and how much their errors count: importance_weights. */
LANES_INLINE void simple_lanes_load(const struct block_lanes *blocks, lanes *x, lanes *weights)
{
    LANES_ALIGNED float spread[LANES];

    for (uint32_t lane = 0; lane < LANES; lane++) {
        spread[lane] = blocks->context[lane].row_mean_square;
    }
    lanes_gather(blocks->x, 0, SIMPLE_LEN, x);
    lanes_gather_importance(blocks, 0, SIMPLE_LEN, weights);
    for (uint32_t i = 0; i < SIMPLE_LEN; i++) {
        weights[i] = weights[i] * lanes_root(lanes_load(spread) + x[i] * x[i]);
    }
}

/* symmetric_encode with importance. */
LANES_INLINE void symmetric_lanes_encode(const struct block_lanes *blocks, int32_t half,
                                         struct simple_lanes *ret)
{
    lanes x[SIMPLE_LEN];
    lanes weights[SIMPLE_LEN];
    lanes levels[SIMPLE_LEN];

    simple_lanes_load(blocks, x, weights);
    lanes_store(ret->d, lanes_symmetric(x, SIMPLE_LEN, half, weights, levels));
    lanes_codes(levels, SIMPLE_LEN, half, ret->codes);
}

/* affine_encode with importance. */
LANES_INLINE void affine_lanes_encode(const struct block_lanes *blocks, int32_t top,
                                      struct simple_lanes *ret)
{
    const struct affine_search search = affine_search_importance(top);
    lanes x[SIMPLE_LEN];
    lanes weights[SIMPLE_LEN];
    lanes levels[SIMPLE_LEN];

    simple_lanes_load(blocks, x, weights);
    struct lanes_found found = lanes_affine(&search, x, weights);
    lanes_store(ret->d, found.scale);
    lanes_store(ret->low, -found.min);
    for (uint32_t i = 0; i < SIMPLE_LEN; i++) {
        levels[i] = lanes_level(found.inverse * (x[i] - found.from), 0, top);
    }
    lanes_codes(levels, SIMPLE_LEN, 0, ret->codes);
}

#endif

/* The encoder in lanes, at file scope, behind encode_block and store_block: blocks without
 * importance need no search. */
#if LANES > 0
#define SIMPLE_ENCODE_LANES(search_, store_)                                       \
    static void encode_lanes(const struct block_lanes *blocks)                     \
    {                                                                              \
        struct simple_lanes found;                                                 \
        if (blocks->has_importance) {                                              \
            search_;                                                               \
        }                                                                          \
        for (uint32_t i = 0; i < blocks->n; i++) {                                 \
            if (blocks->has_importance) {                                          \
                store_;                                                            \
            } else {                                                               \
                encode_block(blocks->x[i], &blocks->context[i], blocks->block[i]); \
            }                                                                      \
        }                                                                          \
    }
#else
#define SIMPLE_ENCODE_LANES(search_, store_)
#endif
#define SYMMETRIC_ENCODE_LANES(half)                                  \
    SIMPLE_ENCODE_LANES(symmetric_lanes_encode(blocks, half, &found), \
                        store_block(found.d[i], found.codes[i], blocks->block[i]))
#define AFFINE_ENCODE_LANES(top)                                  \
    SIMPLE_ENCODE_LANES(affine_lanes_encode(blocks, top, &found), \
                        store_block(found.d[i], found.low[i], found.codes[i], blocks->block[i]))

#endif
