/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The search of levels.h in lanes, for iq4_nl and iq4_xs.
 */
#ifndef PARE_PLUGINS_GGML_LANES_LEVELS_H
#define PARE_PLUGINS_GGML_LANES_LEVELS_H

#include "ggml/lanes/lanes_search.h"
#include "ggml/search/levels.h"

#if LANES > 0

/* levels_weights, levels_search and levels_encode for a group in each lane: row i has weight i of
 * all. The groups begin at weight `first` of their blocks. */
void lanes_levels_weights(const struct block_lanes *blocks, uint32_t first, const lanes *x,
                          lanes spread, lanes *weights);
lanes lanes_levels_search(const lanes *x, const lanes *weights);

/* Gives each of n groups the 16 bytes that nibbles_pack makes of its codes. */
void lanes_levels_encode(const lanes *x, lanes inverse, uint32_t n, uint8_t *const *bytes);

/* levels_spread of blocks of n weights. */
LANES_INLINE lanes lanes_levels_spread(const lanes *x, uint32_t n)
{
    return lanes_sum_of_squares(x, n) * lanes_all(2.0f / (float)n);
}

#endif
#endif
