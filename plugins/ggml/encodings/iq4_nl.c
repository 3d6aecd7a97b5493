/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * iq4_nl: 32 weights in 18 bytes (4.5 bits per weight): half d; 16 bytes of codes, byte j holding
 * code j in its low and code j + 16 in its high nibble. x = d * level[code], with the sixteen
 * uneven levels of levels.h.
 *
 * d is searched, with importance or without. See docs/formats/encodings/iq4_nl.md.
 */
#include "ggml/best/best_symmetric.h"
#include "ggml/blocks.h"
#include "ggml/encodings.h"
#include "ggml/encodings/codes.h"
#include "ggml/lattice.h"
#include "ggml/lanes/lanes_levels.h"

#define BLOCK_LEN LEVELS_GROUP
#define BLOCK_BYTES 18
#define CODES 2 /* offset of the codes */

static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    float weights[BLOCK_LEN];
    uint8_t codes[BLOCK_LEN];

    levels_weights(x, context->importance, levels_spread(x, BLOCK_LEN), weights);
    float d = levels_search(x, weights);
    store_u16(block, scale_encode(d));
    levels_encode(x, d != 0.0f ? 1.0f / d : 0.0f, codes);
    nibbles_pack(codes, BLOCK_LEN / 2, block + CODES);
}

#if LANES > 0

static void encode_lanes(const struct block_lanes *blocks)
{
    const lanes zero = lanes_all(0.0f);
    uint8_t *bytes[LANES];
    lanes x[BLOCK_LEN];
    lanes weights[BLOCK_LEN];
    LANES_ALIGNED float row[LANES];

    lanes_gather(blocks->x, 0, BLOCK_LEN, x);
    lanes_levels_weights(blocks, 0, x, lanes_levels_spread(x, BLOCK_LEN), weights);
    lanes d = lanes_levels_search(x, weights);
    lanes_store(row, d);
    for (uint32_t lane = 0; lane < blocks->n; lane++) {
        store_u16(blocks->block[lane], scale_encode(row[lane]));
        bytes[lane] = blocks->block[lane] + CODES;
    }
    lanes inverse = lanes_choose(lanes_equal(d, zero), zero, lanes_all(1.0f) / d);
    lanes_levels_encode(x, inverse, blocks->n, bytes);
}

#endif

static void best_lanes(const struct block_lanes *blocks)
{
    static const struct best_scales scales = { 1, 0.0f, 0.0f, 76.0f, 2.5f, 36 };
    lanes x[BLOCK_LEN];
    lanes weights[BLOCK_LEN];
    struct best_found found;
    const struct best_group group = { x, weights, BLOCK_LEN };

    best_load(blocks, BLOCK_LEN, x, weights);
    lanes d = best_scale(&scales, &group);
    lanes inverse = best_inverse(d);
    lanes_store(found.d, d);
    for (uint32_t i = 0; i < BLOCK_LEN; i++) {
        weights[i] = best_code(inverse * x[i]);
    }
    best_codes(weights, BLOCK_LEN, 0, &found);
    for (uint32_t i = 0; i < blocks->n; i++) {
        store_u16(blocks->block[i], scale_encode(found.d[i]));
        nibbles_pack(found.codes[i], BLOCK_LEN / 2, blocks->block[i] + CODES);
    }
}

static void decode_block(const uint8_t *block, float *x)
{
    levels_decode(block + CODES, half_decode(load_u16(block)), x);
}

static int recover_block(const float *x, enum pare_grain grain, uint8_t *block)
{
    static const struct lattice lattice = { 0, level_values, 16 };

    return lattice_recover_nibbles(&lattice, x, grain, block);
}

static int may_hold(const float *x, enum pare_grain grain)
{
    (void)grain;
    return !lattice_has_more_values(x, BLOCK_LEN, 16);
}

BLOCK_LATTICE(iq4_nl, BLOCK_LEN, BLOCK_BYTES, 0, PARE_ENCODING_IMPORTANCE | PARE_ENCODING_BEST,
              "32 weights: scale and 4-bit codes of uneven levels", IN_LANES(encode_lanes),
              best_lanes);
