/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * q6_k: 256 weights in 210 bytes (6.5625 bits per weight): 128 bytes with the codes' low four
 * bits; 64 bytes with their high two; int8 scales of 16 sub-blocks of 16; half d.
 * x = d * scale * (code - 32).
 *
 * The scale of each sub-block is searched; then all are rounded to units of d, chosen to put the
 * largest at -128, and the codes are made anew with the rounded scales. A sub-block whose rounded
 * scale is 0 gets the codes of the search. See docs/formats/encodings/q6_k.md.
 */
#include "ggml/best/best_chain.h"
#include "ggml/blocks.h"
#include "ggml/encodings.h"
#include "ggml/lanes/lanes_symmetric.h"
#include "ggml/lattice.h"
#include "ggml/search/recode.h"
#include "ggml/search/search.h"
#include "ggml/search/weights.h"

#define BLOCK_LEN 256
#define BLOCK_BYTES 210
#define SUBS 16
#define SUB_LEN 16
#define HALF 32
#define LOW 0      /* offset of the low bits */
#define HIGH 128   /* offset of the high bits */
#define SCALES 192 /* offset of the sub-blocks' scales */
#define SCALE 208  /* offset of d */
#define MOST 4096  /* d's in a weight: 128 times 32 */

/* Searches the scale of sub-block j. */
static float search_sub(const float *x, const struct block_context *context, int j, uint8_t *codes)
{
    const float *importance = context->importance;

    return search_symmetric(x + j * SUB_LEN, SUB_LEN, HALF,
                            importance ? importance + j * SUB_LEN : NULL, codes);
}

/* The codes that fit the stored scales. */
static void recode_block(const float *x, const struct block_context *context, const uint8_t *block,
                         uint8_t *codes)
{
    float d = half_decode(load_u16(block + SCALE));

    for (int j = 0; j < SUBS; j++) {
        float scale = d * (float)(int8_t)block[SCALES + j];
        uint8_t *own = codes + j * SUB_LEN;
        if (scale == 0.0f) {
            (void)search_sub(x, context, j, own);
        } else {
            recode(x + j * SUB_LEN, SUB_LEN, 0.0f, scale, -HALF, HALF - 1, own);
        }
    }
}

/* In each half of the block, four runs of 32 codes share 64 bytes of low bits and 32 of high. */
static void pack_codes(const uint8_t *codes, uint8_t *low, uint8_t *high)
{
    for (int i = 0; i < 32; i++) {
        const uint8_t *run = codes + i;
        low[i] = (uint8_t)((run[0] & 15) | (run[64] & 15) << 4);
        low[i + 32] = (uint8_t)((run[32] & 15) | (run[96] & 15) << 4);
        high[i] = (uint8_t)(run[0] >> 4 | run[32] >> 4 << 2 | run[64] >> 4 << 4 |
                            run[96] >> 4 << 6);
    }
}

static void pack_block(const uint8_t *codes, uint8_t *block)
{
    for (int j = 0; j < 2; j++) {
        pack_codes(codes + 128 * j, block + LOW + 64 * j, block + HIGH + 32 * j);
    }
}

/* Writes a block for which scales were found, and `largest` of them. */
static void store_block(const float *x, const struct block_context *context, const float *scales,
                        float largest, uint8_t *block)
{
    uint8_t codes[BLOCK_LEN];

    if (fabsf(largest) < SEARCH_ALL_ZERO) {
        memset(block, 0, BLOCK_BYTES);
        return;
    }
    float inverse = -128.0f / largest;
    store_u16(block + SCALE, scale_encode(1.0f / inverse));
    for (int j = 0; j < SUBS; j++) {
        int32_t code = round_even(inverse * scales[j]);
        block[SCALES + j] = (uint8_t)(code < 127 ? code : 127);
    }
    recode_block(x, context, block, codes);
    pack_block(codes, block);
}

static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    float scales[SUBS];
    uint8_t codes[SUB_LEN];

    for (int j = 0; j < SUBS; j++) {
        scales[j] = search_sub(x, context, j, codes);
    }
    store_block(x, context, scales, extreme(scales, SUBS), block);
}

#if LANES > 0
static void encode_lanes(const struct block_lanes *blocks)
{
    lanes x[SUB_LEN];
    lanes importance[SUB_LEN];
    lanes scales[SUBS + 1];

    for (uint32_t j = 0; j < SUBS; j++) {
        lanes_gather(blocks->x, j * SUB_LEN, SUB_LEN, x);
        if (blocks->has_importance) {
            lanes_gather_importance(blocks, j * SUB_LEN, SUB_LEN, importance);
        }
        scales[j] = lanes_symmetric(x, SUB_LEN, HALF, blocks->has_importance ? importance : NULL,
                                    NULL);
    }
    scales[SUBS] = lanes_extreme(scales, SUBS);
    for (uint32_t lane = 0; lane < blocks->n; lane++) {
        float own[SUBS + 1];
        lanes_take(scales, SUBS + 1, lane, own);
        store_block(blocks->x[lane], &blocks->context[lane], own, own[SUBS], blocks->block[lane]);
    }
}
#endif

static void best_lanes(const struct block_lanes *blocks)
{
    static const struct best_chain chain = { SUBS, 128.0f, { 0, -32.0f, 31.0f, 26.0f, 0.5f, 22 } };
    struct best_chain_found found;

    best_chain_search(&chain, blocks, &found);
    for (uint32_t i = 0; i < blocks->n; i++) {
        store_u16(blocks->block[i] + SCALE, scale_encode(found.d[i]));
        for (int j = 0; j < SUBS; j++) {
            blocks->block[i][SCALES + j] = (uint8_t)(int32_t)found.scale[i][j];
        }
        pack_block(found.codes[i], blocks->block[i]);
    }
}

/* What pack_codes made of 128 codes. */
static void unpack_codes(const uint8_t *low, const uint8_t *high, uint8_t *codes)
{
    for (int i = 0; i < 32; i++) {
        uint8_t *run = codes + i;
        run[0] = (uint8_t)((low[i] & 15) | (high[i] & 3) << 4);
        run[32] = (uint8_t)((low[i + 32] & 15) | (high[i] >> 2 & 3) << 4);
        run[64] = (uint8_t)(low[i] >> 4 | (high[i] >> 4 & 3) << 4);
        run[96] = (uint8_t)(low[i + 32] >> 4 | high[i] >> 6 << 4);
    }
}

/* Multiplies from the left: (d * scale) * level. */
static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(load_u16(block + SCALE));
    uint8_t codes[BLOCK_LEN];

    for (int j = 0; j < 2; j++) {
        unpack_codes(block + LOW + 64 * j, block + HIGH + 32 * j, codes + 128 * j);
    }
    for (int j = 0; j < SUBS; j++) {
        float scale = d * (float)(int8_t)block[SCALES + j];
        weights_symmetric(codes + j * SUB_LEN, SUB_LEN, HALF, scale, x + j * SUB_LEN);
    }
}

/* 1 when the numbers are multiples of the scale, by levels that codes have. */
static int scale_divides(const int32_t *numbers, int32_t scale, uint8_t *codes)
{
    for (int i = 0; i < SUB_LEN; i++) {
        int32_t level = numbers[i] / scale;
        if (level * scale != numbers[i] || level < -HALF || level >= HALF) {
            return 0;
        }
        codes[i] = (uint8_t)(level + HALF);
    }
    return 1;
}

/* The scale and the codes of a sub-block whose weights are such numbers of d: 1, or 0. */
static int recover_sub(const int32_t *numbers, uint8_t *ret_scale, uint8_t *codes)
{
    const int64_t divisor = lattice_divisor(numbers, SUB_LEN);

    *ret_scale = 0;
    memset(codes, HALF, SUB_LEN);
    for (int32_t scale = 1; divisor != 0 && scale <= 128; scale++) {
        if (divisor % scale != 0) {
            continue;
        }
        if (scale < 128 && scale_divides(numbers, scale, codes)) {
            *ret_scale = (uint8_t)scale;
            return 1;
        }
        if (scale_divides(numbers, -scale, codes)) {
            *ret_scale = (uint8_t)-scale;
            return 1;
        }
    }
    return divisor == 0;
}

/* The scales and codes of weights that are such numbers of d. */
static int recover_subs(const int32_t *numbers, int32_t times, uint8_t *block)
{
    int32_t scaled[BLOCK_LEN];
    uint8_t codes[BLOCK_LEN];

    for (int i = 0; i < BLOCK_LEN; i++) {
        scaled[i] = numbers[i] * times;
    }
    for (int j = 0; j < SUBS; j++) {
        if (!recover_sub(scaled + j * SUB_LEN, &block[SCALES + j], codes + j * SUB_LEN)) {
            return 0;
        }
    }
    pack_block(codes, block);
    return 1;
}

/* All products of d, scale and level are exact floats, so that weights are whole numbers of d, and
 * d is their largest common unit or a part of it. Its sign matters, for scales go to -128 only. */
static int recover_block(const float *x, enum pare_grain grain, uint8_t *block)
{
    const double largest = (double)largest_magnitude(x, BLOCK_LEN);
    int32_t numbers[BLOCK_LEN];
    double unit;

    (void)grain;
    if (!lattice_whole(x, BLOCK_LEN, MOST, &unit, numbers)) {
        return 0;
    }
    for (int32_t parts = 1; largest / unit * parts <= MOST; parts++) {
        uint16_t half = half_encode((float)(unit / parts));
        if ((double)half_decode(half) * parts != unit) {
            continue;
        }
        if (recover_subs(numbers, parts, block)) {
            store_u16(block + SCALE, half);
            return 1;
        }
        if (recover_subs(numbers, -parts, block)) {
            store_u16(block + SCALE, (uint16_t)(half | 0x8000u));
            return 1;
        }
    }
    return 0;
}

static int may_hold(const float *x, enum pare_grain grain)
{
    return lattice_may_hold(x, SUB_LEN, HALF, grain);
}

BLOCK_LATTICE(q6_k, BLOCK_LEN, BLOCK_BYTES, SCALE, PARE_ENCODING_IMPORTANCE | PARE_ENCODING_BEST,
              "256 weights: 6-bit codes, scale per 16", IN_LANES(encode_lanes), best_lanes);
