/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The search of subblocks.h in lanes, and the encoders of an encoding: a macro, because each
 * encoding has them around its own static store_block, and the one in lanes only where there are
 * lanes.
 */
#ifndef PARE_PLUGINS_GGML_LANES_SUBBLOCKS_H
#define PARE_PLUGINS_GGML_LANES_SUBBLOCKS_H

#include "ggml/search/subblocks.h"

/* sub_blocks_search of blocks in lanes; ret_subs has room for LANES of them. */
void sub_blocks_search_lanes(const struct sub_kind *kind, const struct block_lanes *blocks,
                             struct sub_blocks *ret_subs);

/* The encoders of an encoding, at file scope, around its kind and its store_block, which writes a
 * block for which sub-blocks were found. */
#define SUB_BLOCKS_ENCODERS \
    BLOCK_ENCODERS(struct sub_blocks, sub_blocks_search, sub_blocks_search_lanes)

#endif
