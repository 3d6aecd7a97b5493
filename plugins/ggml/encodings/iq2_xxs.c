/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * iq2_xxs: 256 weights in 66 bytes (2.0625 bits per weight): half d; then for each group of 32
 * weights four bytes with the numbers of points of 8 (grid of 256), and a 32-bit word with four
 * times seven signs and, on top, the 4-bit scale. x = d * (scale + 0.5) / 4 * value.
 *
 * See gridblock.h, grid.h and docs/formats/encodings/iq2_xxs.md.
 */
#include "ggml/encodings.h"
#include "ggml/lanes/lanes_grid.h"

#define BLOCK_BYTES 66
#define GROUPS 8
#define GROUP_BYTES 8
#define CODES 2 /* offset of the groups */

static const struct grid_kind kind = {
    .grid = grid_iq2_xxs,
    .shape = &grid_of_8,
    .group = 32,
    .even = 1,
    .presearch = 1,
    .spread = 1.0f,
    .zero = 1e-15f,
    .steps = 6,
    .step = 0.1f,
    .refit = GRID_REFIT_ALWAYS,
};

static void store_block(const struct grid_block *grid, uint8_t *block)
{
    store_u16(block, scale_encode(grid->d));
    for (uint32_t j = 0; j < GROUPS; j++) {
        uint8_t *bytes = block + CODES + j * GROUP_BYTES;
        for (uint32_t k = 0; k < 4; k++) {
            bytes[k] = (uint8_t)grid->points[4 * j + k];
        }
        grid_word_store(bytes + 4, grid->signs + 4 * j, grid->scales[j]);
    }
}

GRID_BLOCK_ENCODERS

static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(load_u16(block));

    for (uint32_t j = 0; j < GROUPS; j++) {
        const uint8_t *bytes = block + CODES + j * GROUP_BYTES;
        uint32_t word = grid_word_load(bytes + 4);
        float scale = d * (0.5f + (float)(int32_t)(word >> 28)) * 0.25f;
        for (uint32_t k = 0; k < 4; k++) {
            uint32_t code = grid_codes_iq2_xxs[bytes[k]];
            uint32_t signs = grid_even_signs(word >> 7 * k & 127);
            grid_point_decode(code, signs, scale, grid_values_iq2, x);
            x += 8;
        }
    }
}

BLOCK_ENCODING(iq2_xxs, GRID_BLOCK_LEN, BLOCK_BYTES, 0,
               PARE_ENCODING_IMPORTANCE | PARE_ENCODING_NEEDS_IMPORTANCE,
               "256 weights: points of 8 from a grid of 256, scale per 32", IN_LANES(encode_lanes),
               NULL);
