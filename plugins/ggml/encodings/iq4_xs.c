/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * iq4_xs: 256 weights in 136 bytes (4.25 bits per weight): half d; 16 bits with the high two bits
 * of the scales of 8 sub-blocks of 32; 4 bytes with their low four; 8 times 16 bytes of codes.
 * x = d * (scale - 32) * level[code], with the sixteen uneven levels of levels.h.
 *
 * The scale of each sub-block is searched; then all are rounded to units of d, chosen to put the
 * largest at -32, and the codes are made with the rounded scales but the unrounded d. See
 * docs/formats/encodings/iq4_xs.md.
 */
#include "ggml/best/best_chain.h"
#include "ggml/blocks.h"
#include "ggml/encodings.h"
#include "ggml/encodings/codes.h"
#include "ggml/lanes/lanes_levels.h"
#include "ggml/search/search.h"

#define BLOCK_LEN 256
#define BLOCK_BYTES 136
#define SUBS 8
#define HALF 32      /* of the scales */
#define HIGH 2       /* offset of the scales' high bits */
#define LOW 4        /* offset of the scales' low bits */
#define CODES 8      /* offset of the codes */
#define SUB_BYTES 16 /* of codes */

static void search_scales(const float *x, const float *importance, float *ret_scales)
{
    float spread = levels_spread(x, BLOCK_LEN);
    float weights[LEVELS_GROUP];

    for (int j = 0; j < SUBS; j++) {
        const float *sub = x + j * LEVELS_GROUP;
        levels_weights(sub, importance ? importance + j * LEVELS_GROUP : NULL, spread, weights);
        ret_scales[j] = levels_search(sub, weights);
    }
}

static void pack_scales(const uint8_t *codes, uint8_t *block)
{
    uint32_t high = 0;

    for (int j = 0; j < SUBS; j++) {
        high |= (uint32_t)(codes[j] >> 4) << 2 * j;
    }
    store_u16(block + HIGH, (uint16_t)high);
    for (int j = 0; j < SUBS / 2; j++) {
        block[LOW + j] = (uint8_t)((codes[2 * j] & 15) | (codes[2 * j + 1] & 15) << 4);
    }
}

static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    float scales[SUBS];
    uint8_t scale_codes[SUBS];
    uint8_t codes[LEVELS_GROUP];

    search_scales(x, context->importance, scales);
    float d = -extreme(scales, SUBS) / (float)HALF;
    float inverse = d != 0.0f ? 1.0f / d : 0.0f;
    store_u16(block, scale_encode(d));
    for (int j = 0; j < SUBS; j++) {
        int32_t level = clamp_int(round_even(inverse * scales[j]), -HALF, HALF - 1);
        float scale = d * (float)level;
        scale_codes[j] = (uint8_t)(level + HALF);
        levels_encode(x + j * LEVELS_GROUP, scale != 0.0f ? 1.0f / scale : 0.0f, codes);
        nibbles_pack(codes, LEVELS_GROUP / 2, block + CODES + j * SUB_BYTES);
    }
    pack_scales(scale_codes, block);
}

#if LANES > 0

/* Stores d, and the scales as codes; gives the scales that codes of weights are made with. */
static void round_lanes(const struct block_lanes *blocks, const lanes *scales, lanes *ret_scales)
{
    lanes largest = lanes_all(0.0f);
    uint8_t codes[LANES][SUBS];
    LANES_ALIGNED float row[LANES];

    for (int j = 0; j < SUBS; j++) {
        mlanes larger = lanes_less(lanes_magnitude(largest), lanes_magnitude(scales[j]));
        largest = lanes_choose(larger, scales[j], largest);
    }
    lanes d = -largest / lanes_all((float)HALF);
    mlanes none = lanes_equal(d, lanes_all(0.0f));
    lanes inverse = lanes_choose(none, lanes_all(0.0f), lanes_all(1.0f) / d);
    for (int j = 0; j < SUBS; j++) {
        lanes level = lanes_level(inverse * scales[j], -HALF, HALF - 1);
        ret_scales[j] = d * level;
        lanes_store(row, level);
        for (uint32_t lane = 0; lane < blocks->n; lane++) {
            codes[lane][j] = (uint8_t)((int32_t)row[lane] + HALF);
        }
    }
    lanes_store(row, d);
    for (uint32_t lane = 0; lane < blocks->n; lane++) {
        store_u16(blocks->block[lane], scale_encode(row[lane]));
        pack_scales(codes[lane], blocks->block[lane]);
    }
}

static void encode_lanes(const struct block_lanes *blocks)
{
    const lanes zero = lanes_all(0.0f);
    uint8_t *bytes[LANES];
    lanes x[BLOCK_LEN];
    lanes weights[LEVELS_GROUP];
    lanes scales[SUBS];

    lanes_gather(blocks->x, 0, BLOCK_LEN, x);
    lanes spread = lanes_levels_spread(x, BLOCK_LEN);
    for (uint32_t j = 0; j < SUBS; j++) {
        const lanes *sub = x + j * LEVELS_GROUP;
        lanes_levels_weights(blocks, j * LEVELS_GROUP, sub, spread, weights);
        scales[j] = lanes_levels_search(sub, weights);
    }
    round_lanes(blocks, scales, scales);
    for (uint32_t j = 0; j < SUBS; j++) {
        mlanes none = lanes_equal(scales[j], zero);
        lanes inverse = lanes_choose(none, zero, lanes_all(1.0f) / scales[j]);
        for (uint32_t lane = 0; lane < blocks->n; lane++) {
            bytes[lane] = blocks->block[lane] + CODES + j * SUB_BYTES;
        }
        lanes_levels_encode(x + j * LEVELS_GROUP, inverse, blocks->n, bytes);
    }
}

#endif

static void best_lanes(const struct block_lanes *blocks)
{
    static const struct best_chain chain = { SUBS, 32.0f, { 1, 0.0f, 0.0f, 76.0f, 2.5f, 36 } };
    struct best_chain_found found;
    uint8_t scale_codes[SUBS];

    best_chain_search(&chain, blocks, &found);
    for (uint32_t i = 0; i < blocks->n; i++) {
        store_u16(blocks->block[i], scale_encode(found.d[i]));
        for (int j = 0; j < SUBS; j++) {
            scale_codes[j] = (uint8_t)((int32_t)found.scale[i][j] + HALF);
            nibbles_pack(found.codes[i] + j * LEVELS_GROUP, LEVELS_GROUP / 2,
                         blocks->block[i] + CODES + j * SUB_BYTES);
        }
        pack_scales(scale_codes, blocks->block[i]);
    }
}

static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(load_u16(block));
    uint32_t high = load_u16(block + HIGH);

    for (int j = 0; j < SUBS; j++) {
        int32_t low = block[LOW + j / 2] >> j % 2 * 4 & 15;
        int32_t level = (low | (int32_t)(high >> 2 * j & 3) << 4) - HALF;
        levels_decode(block + CODES + j * SUB_BYTES, d * (float)level, x + j * LEVELS_GROUP);
    }
}

BLOCK_ENCODING(iq4_xs, BLOCK_LEN, BLOCK_BYTES, 0, PARE_ENCODING_IMPORTANCE | PARE_ENCODING_BEST,
               "256 weights: 4-bit codes of uneven levels, scale per 32", IN_LANES(encode_lanes),
               best_lanes);
