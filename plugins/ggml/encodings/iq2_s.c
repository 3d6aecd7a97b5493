/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * iq2_s: 256 weights in 82 bytes (2.5625 bits per weight): half d; 32 bytes with the low eight bits
 * of the numbers of points of 8 (grid of 1024); 32 bytes of signs; eight bytes with the high two
 * bits of the numbers; eight with the 4-bit scales of 16 groups of 16.
 * x = d * (scale + 0.5) / 4 * value.
 *
 * See gridblock.h, grid.h and docs/formats/encodings/iq2_s.md.
 */
#include "ggml/encodings.h"
#include "ggml/lanes/lanes_grid.h"

#define BLOCK_BYTES 82
#define GROUPS 16
#define POINTS 32
#define LOW 2     /* offset of the low bits */
#define SIGNS 34  /* offset of the signs */
#define HIGH 66   /* offset of the high bits */
#define SCALES 74 /* offset of the scales */

static const struct grid_kind kind = {
    .grid = grid_iq2_s,
    .shape = &grid_of_8,
    .group = 16,
    .spread = 2.0f,
    .plain = 0.25f,
    .zero = 1e-8f,
    .steps = 9,
    .step = 0.1f,
    .refit = GRID_REFIT_OFF,
};

static void store_block(const struct grid_block *grid, uint8_t *block)
{
    memset(block, 0, BLOCK_BYTES);
    store_u16(block, scale_encode(grid->d * 0.9875f));
    for (uint32_t k = 0; k < POINTS; k++) {
        block[LOW + k] = (uint8_t)grid->points[k];
        block[HIGH + k / 4] |= (uint8_t)(grid->points[k] >> 8 << k % 4 * 2);
    }
    memcpy(block + SIGNS, grid->signs, POINTS);
    grid_scales_pack(grid->scales, GROUPS, block + SCALES);
}

GRID_BLOCK_ENCODERS

static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(load_u16(block));

    for (uint32_t k = 0; k < POINTS; k++) {
        float scale = d * (0.5f + (float)grid_scale(block + SCALES, k / 2)) * 0.25f;
        uint32_t number = block[LOW + k] | (block[HIGH + k / 4] >> k % 4 * 2 & 3u) << 8;
        grid_point_decode(grid_codes_iq2_s[number], block[SIGNS + k], scale, grid_values_iq2,
                          x + 8 * k);
    }
}

BLOCK_ENCODING(iq2_s, GRID_BLOCK_LEN, BLOCK_BYTES, 0, PARE_ENCODING_IMPORTANCE,
               "256 weights: points of 8 from a grid of 1024, signs, scale per 16",
               IN_LANES(encode_lanes), NULL);
