/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * iq3_s: 256 weights in 110 bytes (3.4375 bits per weight): half d; 64 bytes with the low eight
 * bits of the numbers of points of 4 (grid of 512); eight bytes with their ninth bits; 32 bytes of
 * signs; four bytes with the 4-bit scales of eight groups of 32. x = d * (2 scale + 1) * value.
 *
 * As in ggml, a group of zeros takes no place among the low bits and the signs, although decoders
 * look for all groups at their own: groups that follow it move up, and decode to other weights.
 * Only blocks with 32 zeros in a row, at a multiple of 32, and other weights after these, are hit.
 *
 * See gridblock.h, grid.h and docs/formats/encodings/iq3_s.md.
 */
#include "ggml/encodings.h"
#include "ggml/lanes/lanes_grid.h"

#define BLOCK_BYTES 110
#define GROUPS 8
#define POINTS 64
#define LOW 2      /* offset of the low bits */
#define HIGH 66    /* offset of the high bits */
#define SIGNS 74   /* offset of the signs */
#define SCALES 106 /* offset of the scales */

static const float values[GRID_LEVELS] = { 1.0f, 3.0f, 5.0f, 7.0f, 9.0f, 11.0f, 13.0f, 15.0f };

static const struct grid_kind kind = {
    .grid = grid_iq3_s,
    .shape = &grid_of_4,
    .group = 32,
    .spread = 2.0f,
    .zero = 0x1p-149f,
    .steps = 9,
    .step = 0.2f,
    .refit = GRID_REFIT_IF_OFF,
};

static void store_block(const struct grid_block *grid, uint8_t *block)
{
    uint8_t *low = block + LOW;
    uint8_t *signs = block + SIGNS;

    memset(block, 0, BLOCK_BYTES);
    store_u16(block, scale_encode(grid->d * 1.033f));
    for (uint32_t j = 0; j < GROUPS; j++) {
        if (grid->zero[j]) {
            continue;
        }
        for (uint32_t k = 0; k < 8; k++) {
            *low++ = (uint8_t)grid->points[8 * j + k];
            block[HIGH + j] |= (uint8_t)(grid->points[8 * j + k] >> 8 << k);
        }
        memcpy(signs, grid->signs + 4 * j, 4);
        signs += 4;
    }
    grid_scales_pack(grid->scales, GROUPS, block + SCALES);
}

GRID_BLOCK_ENCODERS

static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(load_u16(block));

    for (uint32_t k = 0; k < POINTS; k += 2) {
        float scale = d * (float)(1 + 2 * grid_scale(block + SCALES, k / 8));
        uint32_t high = (uint32_t)block[HIGH + k / 8] >> k % 8;
        uint32_t first = grid_codes_iq3_s[block[LOW + k] | (high & 1) << 8];
        uint32_t second = grid_codes_iq3_s[block[LOW + k + 1] | (high & 2) << 7];
        grid_pair_decode(first, second, block[SIGNS + k / 2], scale, values, x + 4 * k);
    }
}

BLOCK_ENCODING(iq3_s, GRID_BLOCK_LEN, BLOCK_BYTES, 0, PARE_ENCODING_IMPORTANCE,
               "256 weights: points of 4 from a grid of 512, signs, scale per 32",
               IN_LANES(encode_lanes), NULL);
