/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * iq3_xxs: 256 weights in 98 bytes (3.0625 bits per weight): half d; 64 bytes with the numbers of
 * points of 4 (grid of 256); for each group of 32 weights a 32-bit word with four times seven signs
 * and, on top, the 4-bit scale. x = d * (scale + 0.5) / 2 * value.
 *
 * See gridblock.h, grid.h and docs/formats/encodings/iq3_xxs.md.
 */
#include "ggml/encodings.h"
#include "ggml/lanes/lanes_grid.h"

#define BLOCK_BYTES 98
#define GROUPS 8
#define POINTS 64
#define CODES 2  /* offset of the points */
#define WORDS 66 /* offset of the signs and scales */

static const float values[GRID_LEVELS] = { 4.0f, 12.0f, 20.0f, 28.0f, 36.0f, 44.0f, 52.0f, 62.0f };

static const struct grid_kind kind = {
    .grid = grid_iq3_xxs,
    .shape = &grid_of_4,
    .group = 32,
    .even = 1,
    .spread = 2.0f,
    .zero = 1e-8f,
    .steps = 15,
    .step = 0.2f,
    .refit = GRID_REFIT_OFF,
};

static void store_block(const struct grid_block *grid, uint8_t *block)
{
    store_u16(block, scale_encode(grid->d * 1.0125f));
    for (uint32_t k = 0; k < POINTS; k++) {
        block[CODES + k] = (uint8_t)grid->points[k];
    }
    for (uint32_t j = 0; j < GROUPS; j++) {
        grid_word_store(block + WORDS + 4 * j, grid->signs + 4 * j, grid->scales[j]);
    }
}

GRID_BLOCK_ENCODERS

static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(load_u16(block));

    for (uint32_t k = 0; k < POINTS; k += 2) {
        uint32_t word = grid_word_load(block + WORDS + k / 8 * 4);
        float scale = d * (0.5f + (float)(int32_t)(word >> 28)) * 0.5f;
        uint32_t signs = grid_even_signs(word >> k % 8 / 2 * 7 & 127);
        grid_pair_decode(grid_codes_iq3_xxs[block[CODES + k]],
                         grid_codes_iq3_xxs[block[CODES + k + 1]], signs, scale, values, x + 4 * k);
    }
}

BLOCK_ENCODING(iq3_xxs, GRID_BLOCK_LEN, BLOCK_BYTES, 0, PARE_ENCODING_IMPORTANCE,
               "256 weights: points of 4 from a grid of 256, scale per 32", IN_LANES(encode_lanes),
               NULL);
