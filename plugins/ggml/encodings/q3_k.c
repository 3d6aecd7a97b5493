/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * q3_k: 256 weights in 110 bytes (3.4375 bits per weight): 32 bytes of third bits, byte l holding
 * those of weights l, l + 32, ... from bit 0 up; 64 bytes with the low two bits of the codes, of
 * which each 32 hold 128 weights; 12 bytes of 6-bit scales of 16 sub-blocks of 16; half d.
 * x = d * (scale - 32) * (code - 4).
 *
 * The scale of each sub-block is searched, with importance among many candidates, without by
 * refining codes; then all are rounded to units of d, and the codes are made anew with the rounded
 * scales. A sub-block whose rounded scale is 0 gets the codes of the search. See
 * docs/formats/encodings/q3_k.md.
 */
#include "ggml/best/best_chain.h"
#include "ggml/blocks.h"
#include "ggml/encodings.h"
#include "ggml/encodings/codes.h"
#include "ggml/lanes/lanes_refined.h"
#include "ggml/lanes/lanes_symmetric.h"
#include "ggml/search/recode.h"
#include "ggml/search/search.h"
#include "ggml/search/weights.h"

#define BLOCK_LEN 256
#define BLOCK_BYTES 110
#define SUBS 16
#define SUB_LEN 16
#define HALF 4        /* of the codes */
#define SCALE_HALF 32 /* of the scales' codes */
#define HIGH 0        /* offset of the third bits */
#define LOW 32        /* offset of the others */
#define SCALES 96     /* offset of the sub-blocks' scales */
#define SCALE 108     /* offset of d */

/* Codes of scales found without importance; the largest gets the code 0. Gives d. */
static float round_scales(const float *scales, uint8_t *scale_codes)
{
    float largest = extreme(scales, SUBS);
    if (largest == 0.0f) {
        memset(scale_codes, 0, SUBS);
        return 0.0f;
    }
    float inverse = (float)-SCALE_HALF / largest;
    for (int j = 0; j < SUBS; j++) {
        int32_t level = round_even(inverse * scales[j]);
        scale_codes[j] = (uint8_t)(clamp_int(level, -SCALE_HALF, SCALE_HALF - 1) + SCALE_HALF);
    }
    return 1.0f / inverse;
}

/* How much the squares of a block make its weights count, with importance. */
static float spread_of(const float *x, const struct block_context *context)
{
    return context->importance ? 2.0f * sum_of_squares(x, BLOCK_LEN) / (float)BLOCK_LEN : 0.0f;
}

/* Searches the scale of sub-block j; ret_sum gets what its weights count, with importance. */
static float search_sub(const float *x, const struct block_context *context, float spread, int j,
                        uint8_t *codes, float *ret_sum)
{
    const float *sub = x + j * SUB_LEN;
    float weights[SUB_LEN];

    *ret_sum = 0.0f;
    if (!context->importance) {
        return search_refined(sub, SUB_LEN, HALF, codes);
    }
    *ret_sum = importance_weights(sub, context->importance + j * SUB_LEN, SUB_LEN, spread, weights);
    return search_symmetric(sub, SUB_LEN, HALF, weights, codes);
}

/* 16 codes of 6 bits in 12 bytes: the low nibbles of the first eight with those of the others, then
 * the high two bits of codes j, j + 4, j + 8 and j + 12 in byte 8 + j. */
static void pack_scales(const uint8_t *codes, uint8_t *packed)
{
    nibbles_pack(codes, 8, packed);
    for (int j = 0; j < 4; j++) {
        packed[8 + j] = (uint8_t)(codes[j] >> 4 | codes[j + 4] >> 4 << 2 | codes[j + 8] >> 4 << 4 |
                                  codes[j + 12] >> 4 << 6);
    }
}

/* The scales that are stored, as floats. */
static void unpack_scales(const uint8_t *block, float *scale)
{
    const uint8_t *packed = block + SCALES;
    float d = half_decode(load_u16(block + SCALE));
    uint8_t codes[SUBS];

    nibbles_unpack(packed, 8, codes);
    for (int j = 0; j < SUBS; j++) {
        int high = packed[8 + j % 4] >> j / 4 * 2 & 3;
        scale[j] = d * (float)((codes[j] | high << 4) - SCALE_HALF);
    }
}

/* The codes that fit the stored scales. */
static void recode_block(const float *x, const struct block_context *context, const uint8_t *block,
                         uint8_t *codes)
{
    float scale[SUBS];
    float sum;

    unpack_scales(block, scale);
    for (int j = 0; j < SUBS; j++) {
        uint8_t *own = codes + j * SUB_LEN;
        if (scale[j] == 0.0f) {
            (void)search_sub(x, context, spread_of(x, context), j, own, &sum);
        } else {
            recode(x + j * SUB_LEN, SUB_LEN, 0.0f, scale[j], -HALF, HALF - 1, own);
        }
    }
}

/* Writes a block for which scales were found. */
static void store_block(const float *x, const struct block_context *context, float d,
                        const uint8_t *scale_codes, uint8_t *block)
{
    uint8_t codes[BLOCK_LEN];

    pack_scales(scale_codes, block + SCALES);
    store_u16(block + SCALE, scale_encode(d));
    recode_block(x, context, block, codes);
    top_bits_pack(codes, 2, block + HIGH);
    crumbs_pack(codes, block + LOW);
    crumbs_pack(codes + 128, block + LOW + 32);
}

/* Scales with importance are themselves searched for the weight that each sub-block has. */
static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    const float spread = spread_of(x, context);
    uint8_t scale_codes[SUBS];
    uint8_t codes[SUB_LEN];
    float scales[SUBS];
    float sums[SUBS];

    for (int j = 0; j < SUBS; j++) {
        scales[j] = search_sub(x, context, spread, j, codes, &sums[j]);
    }
    float d = context->importance ? search_symmetric(scales, SUBS, SCALE_HALF, sums, scale_codes)
                                  : round_scales(scales, scale_codes);
    store_block(x, context, d, scale_codes, block);
}

#if LANES > 0
/* With importance: ret_scales are codes less their half. Gives d. */
static lanes search_importance(const struct block_lanes *blocks, const lanes *x, lanes *ret_scales)
{
    lanes spread = lanes_all(2.0f) * lanes_sum_of_squares(x, BLOCK_LEN) /
                   lanes_all((float)BLOCK_LEN);
    lanes weights[SUB_LEN];
    lanes sums[SUBS];
    lanes scales[SUBS];

    for (uint32_t j = 0; j < SUBS; j++) {
        const lanes *sub = x + j * SUB_LEN;
        lanes_gather_importance(blocks, j * SUB_LEN, SUB_LEN, weights);
        sums[j] = lanes_all(0.0f);
        for (uint32_t i = 0; i < SUB_LEN; i++) {
            weights[i] = weights[i] * lanes_root(spread + sub[i] * sub[i]);
            sums[j] = sums[j] + weights[i];
        }
        scales[j] = lanes_symmetric(sub, SUB_LEN, HALF, weights, NULL);
    }
    return lanes_symmetric(scales, SUBS, SCALE_HALF, sums, ret_scales);
}

static void encode_lanes(const struct block_lanes *blocks)
{
    lanes x[BLOCK_LEN];
    lanes levels[4 * SUB_LEN];
    lanes scales[SUBS];
    lanes d = lanes_all(0.0f);
    uint8_t scale_codes[LANES][BLOCK_MAX];

    lanes_gather(blocks->x, 0, BLOCK_LEN, x);
    if (blocks->has_importance) {
        d = search_importance(blocks, x, scales);
        lanes_codes(scales, SUBS, SCALE_HALF, scale_codes);
    } else {
        for (int j = 0; j < SUBS; j += 4) {
            lanes_refined(x + j * SUB_LEN, HALF, scales + j, levels);
        }
    }
    for (uint32_t lane = 0; lane < blocks->n; lane++) {
        float own[SUBS];
        lanes_take(&d, 1, lane, own);
        if (!blocks->has_importance) {
            lanes_take(scales, SUBS, lane, own);
            own[0] = round_scales(own, scale_codes[lane]);
        }
        store_block(blocks->x[lane], &blocks->context[lane], own[0], scale_codes[lane],
                    blocks->block[lane]);
    }
}
#endif

static void best_lanes(const struct block_lanes *blocks)
{
    static const struct best_chain chain = { SUBS, 32.0f, { 0, -4.0f, 3.0f, 2.4f, 0.12f, 24 } };
    struct best_chain_found found;
    uint8_t scale_codes[SUBS];

    best_chain_search(&chain, blocks, &found);
    for (uint32_t i = 0; i < blocks->n; i++) {
        for (int j = 0; j < SUBS; j++) {
            scale_codes[j] = (uint8_t)((int32_t)found.scale[i][j] + SCALE_HALF);
        }
        store_block(blocks->x[i], &blocks->context[i], found.d[i], scale_codes, blocks->block[i]);
    }
}

static void decode_block(const uint8_t *block, float *x)
{
    float scale[SUBS];
    uint8_t codes[BLOCK_LEN];

    unpack_scales(block, scale);
    crumbs_unpack(block + LOW, codes);
    crumbs_unpack(block + LOW + 32, codes + 128);
    top_bits_unpack(block + HIGH, 2, codes);
    for (int j = 0; j < SUBS; j++) {
        weights_symmetric(codes + j * SUB_LEN, SUB_LEN, HALF, scale[j], x + j * SUB_LEN);
    }
}

BLOCK_ENCODING(q3_k, BLOCK_LEN, BLOCK_BYTES, SCALE, PARE_ENCODING_IMPORTANCE | PARE_ENCODING_BEST,
               "256 weights: 3-bit codes, scale per 16", IN_LANES(encode_lanes), best_lanes);
