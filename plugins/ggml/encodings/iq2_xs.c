/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * iq2_xs: 256 weights in 74 bytes (2.3125 bits per weight): half d; 32 words of 16 bits, each with
 * the number of a point of 8 (grid of 512) and seven signs above; eight bytes with the 4-bit scales
 * of 16 groups of 16. x = d * (scale + 0.5) / 4 * value.
 *
 * See gridblock.h, grid.h and docs/formats/encodings/iq2_xs.md.
 */
#include "ggml/encodings.h"
#include "ggml/lanes/lanes_grid.h"

#define BLOCK_BYTES 74
#define GROUPS 16
#define POINTS 32
#define CODES 2   /* offset of the points with their signs */
#define SCALES 66 /* offset of the scales */

static const struct grid_kind kind = {
    .grid = grid_iq2_xs,
    .shape = &grid_of_8,
    .group = 16,
    .even = 1,
    .spread = 1.0f,
    .zero = 1e-15f,
    .steps = 9,
    .step = 0.1f,
    .refit = GRID_REFIT_OFF,
};

static void store_block(const struct grid_block *grid, uint8_t *block)
{
    store_u16(block, scale_encode(grid->d));
    for (uint32_t k = 0; k < POINTS; k++) {
        store_u16(block + CODES + 2 * k, (uint16_t)(grid->points[k] | (grid->signs[k] & 127) << 9));
    }
    grid_scales_pack(grid->scales, GROUPS, block + SCALES);
}

GRID_BLOCK_ENCODERS

static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(load_u16(block));

    for (uint32_t k = 0; k < POINTS; k++) {
        float scale = d * (0.5f + (float)grid_scale(block + SCALES, k / 2)) * 0.25f;
        uint32_t word = load_u16(block + CODES + 2 * k);
        grid_point_decode(grid_codes_iq2_xs[word & 511], grid_even_signs(word >> 9), scale,
                          grid_values_iq2, x + 8 * k);
    }
}

BLOCK_ENCODING(iq2_xs, GRID_BLOCK_LEN, BLOCK_BYTES, 0,
               PARE_ENCODING_IMPORTANCE | PARE_ENCODING_NEEDS_IMPORTANCE,
               "256 weights: points of 8 from a grid of 512, scale per 16", IN_LANES(encode_lanes),
               NULL);
