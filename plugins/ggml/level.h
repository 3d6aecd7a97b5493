/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The functions that are compiled for each level and used across files, with a name for each level:
 * see common/level.h. At levels with LANES, searches run in lanes (lanes.h) and give the same
 * bytes. Internal functions that several files share must be in this list, or the levels' objects
 * would clash.
 */
#ifndef PARE_PLUGINS_GGML_LEVEL_H
#define PARE_PLUGINS_GGML_LEVEL_H

#include "common/level.h"

#define search_symmetric LEVEL_NAME(search_symmetric)
#define search_refined LEVEL_NAME(search_refined)
#define search_affine LEVEL_NAME(search_affine)
#define search_positive LEVEL_NAME(search_positive)
#define sub_blocks_search LEVEL_NAME(sub_blocks_search)
#define sub_blocks_search_lanes LEVEL_NAME(sub_blocks_search_lanes)
#define sub_blocks_recode LEVEL_NAME(sub_blocks_recode)
#define super_store LEVEL_NAME(super_store)
#define super_decode LEVEL_NAME(super_decode)
#define level_values LEVEL_NAME(level_values)
#define levels_weights LEVEL_NAME(levels_weights)
#define levels_spread LEVEL_NAME(levels_spread)
#define levels_search LEVEL_NAME(levels_search)
#define levels_encode LEVEL_NAME(levels_encode)
#define levels_decode LEVEL_NAME(levels_decode)
#define grid_block_encode LEVEL_NAME(grid_block_encode)
#define grid_block_encode_lanes LEVEL_NAME(grid_block_encode_lanes)
#define grid_block_finish LEVEL_NAME(grid_block_finish)
#define iq1_block_encode LEVEL_NAME(iq1_block_encode)
#define iq1_block_encode_lanes LEVEL_NAME(iq1_block_encode_lanes)
#define iq1_block_finish LEVEL_NAME(iq1_block_finish)
#define iq1_s_search_lanes LEVEL_NAME(iq1_s_search_lanes)
#define iq1_m_search_lanes LEVEL_NAME(iq1_m_search_lanes)
#define lanes_affine_two LEVEL_NAME(lanes_affine_two)
#define lanes_affine LEVEL_NAME(lanes_affine)
#define level_middles LEVEL_NAME(level_middles)
#define lanes_levels_weights LEVEL_NAME(lanes_levels_weights)
#define lanes_levels_search LEVEL_NAME(lanes_levels_search)
#define lanes_levels_encode LEVEL_NAME(lanes_levels_encode)
#define lanes_symmetric LEVEL_NAME(lanes_symmetric)
#define lanes_refined LEVEL_NAME(lanes_refined)
#define lanes_positive LEVEL_NAME(lanes_positive)

#endif
