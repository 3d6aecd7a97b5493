/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The search of gridblock.h in lanes, and the encoders of an encoding: a macro, because each
 * encoding has them around its own static store_block, and the one in lanes only where there are
 * lanes.
 */
#ifndef PARE_PLUGINS_GGML_LANES_GRID_H
#define PARE_PLUGINS_GGML_LANES_GRID_H

#include "ggml/grid/gridblock.h"

/* grid_block_encode of blocks in lanes; ret_blocks has room for LANES of them. */
void grid_block_encode_lanes(const struct grid_kind *kind, const struct block_lanes *blocks,
                             struct grid_block *ret_blocks);

/* The encoders of an encoding, at file scope, around its kind and its store_block. */
#if LANES > 0
#define GRID_BLOCK_ENCODE_LANES                                \
    static void encode_lanes(const struct block_lanes *blocks) \
    {                                                          \
        struct grid_block grids[LANES];                        \
        grid_block_encode_lanes(&kind, blocks, grids);         \
        for (uint32_t i = 0; i < blocks->n; i++) {             \
            store_block(&grids[i], blocks->block[i]);          \
        }                                                      \
    }
#else
#define GRID_BLOCK_ENCODE_LANES
#endif
#define GRID_BLOCK_ENCODERS                                                                       \
    static void encode_block(const float *x, const struct block_context *context, uint8_t *block) \
    {                                                                                             \
        struct grid_block grid;                                                                   \
        grid_block_encode(&kind, x, context, &grid);                                              \
        store_block(&grid, block);                                                                \
    }                                                                                             \
    GRID_BLOCK_ENCODE_LANES

#endif
