/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Levels: the encodings of this plugin are compiled once for any CPU (the level `c`, which defines
 * them and describes them to Pare) and once more for each set of instructions that meson.build
 * lists, from the same sources. What several files share is named by its level, so that all levels
 * lie in one plugin side by side.
 *
 * From the command line come LEVEL, its name, and but for `c` LANES, how many floats its vectors
 * have: then searches run in lanes (lanes.h) and give the same bytes.
 */
#ifndef PARE_PLUGINS_GGML_LEVEL_H
#define PARE_PLUGINS_GGML_LEVEL_H

#include <pare/plugin.h>

#ifndef LEVEL
#define LEVEL c
#endif
#ifndef LANES
#define LANES 0
#define LEVEL_CPU 0
#elif LANES == 16
#define LEVEL_CPU (PARE_CPU_AVX512 | PARE_CPU_AVX2 | PARE_CPU_F16C)
#elif LANES == 8
#define LEVEL_CPU (PARE_CPU_AVX2 | PARE_CPU_F16C)
#else
#define LEVEL_CPU PARE_CPU_NEON
#endif

#define LANES_ROOM (LANES > 0 ? LANES : 1)

#define LEVEL_JOIN_(name, level) name##_##level
#define LEVEL_JOIN(name, level) LEVEL_JOIN_(name, level)
#define LEVEL_NAME(name) LEVEL_JOIN(name, LEVEL)
#define LEVEL_TEXT_(level) #level
#define LEVEL_TEXT(level) LEVEL_TEXT_(level)

#define search_symmetric LEVEL_NAME(search_symmetric)
#define search_refined LEVEL_NAME(search_refined)
#define search_affine LEVEL_NAME(search_affine)
#define search_positive LEVEL_NAME(search_positive)
#define sub_blocks_search LEVEL_NAME(sub_blocks_search)
#define sub_blocks_search_lanes LEVEL_NAME(sub_blocks_search_lanes)
#define sub_blocks_round LEVEL_NAME(sub_blocks_round)
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
#define lanes_affine LEVEL_NAME(lanes_affine)
#define level_middles LEVEL_NAME(level_middles)
#define lanes_levels_weights LEVEL_NAME(lanes_levels_weights)
#define lanes_levels_search LEVEL_NAME(lanes_levels_search)
#define lanes_levels_encode LEVEL_NAME(lanes_levels_encode)
#define lanes_symmetric LEVEL_NAME(lanes_symmetric)
#define lanes_refined LEVEL_NAME(lanes_refined)
#define lanes_positive LEVEL_NAME(lanes_positive)

#endif
