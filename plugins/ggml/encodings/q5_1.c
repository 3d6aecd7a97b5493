/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * q5_1: 32 weights in 24 bytes (6 bits per weight): half d; half m; 4 bytes of fifth bits,
 * bit i that of code i; 16 bytes with the low four bits, byte j holding those of code j and, above,
 * of code j + 16. x = d * code + m.
 *
 * Without importance m is the smallest weight, and d puts the largest at code 31; with it, both
 * are searched, and m is never positive. See docs/formats/encodings/q5_1.md.
 */
#include "ggml/best/best_affine.h"
#include "ggml/blocks.h"
#include "ggml/encodings.h"
#include "ggml/encodings/simple.h"
#include "ggml/lanes/lanes_simple.h"
#include "ggml/lattice.h"
#include "ggml/search/weights.h"

#define BLOCK_LEN 32
#define BLOCK_BYTES 24
#define TOP 31
#define LOW_OFFSET 2 /* of the half m */
#define CODES 4      /* offset of the codes */

static void store_block(float d, float low, const uint8_t *codes, uint8_t *block)
{
    store_u16(block, scale_encode(d));
    store_u16(block + LOW_OFFSET, scale_encode(low));
    fives_pack(codes, block + CODES);
}

static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    uint8_t codes[BLOCK_LEN];
    float low;
    float d = affine_encode(x, BLOCK_LEN, TOP, context, codes, &low);

    store_block(d, low, codes, block);
}

AFFINE_ENCODE_LANES(TOP)

static void best_lanes(const struct block_lanes *blocks)
{
    static const struct best_ranges ranges = { 31.0f, 0, 30.0f, 0.3f, 16 };
    struct best_found found;

    best_affine(&ranges, blocks, &found);
    for (uint32_t i = 0; i < blocks->n; i++) {
        store_block(found.d[i], found.low[i], found.codes[i], blocks->block[i]);
    }
}

static void decode_block(const uint8_t *block, float *x)
{
    uint8_t codes[BLOCK_LEN];
    float d = half_decode(load_u16(block));
    float low = half_decode(load_u16(block + LOW_OFFSET));

    fives_unpack(block + CODES, codes);
    weights_affine(codes, BLOCK_LEN, d, low, x);
}

static int recover_block(const float *x, enum pare_grain grain, uint8_t *block)
{
    uint8_t codes[BLOCK_LEN];

    (void)grain;
    if (!lattice_recover_affine(x, BLOCK_LEN, TOP, block, codes)) {
        return 0;
    }
    fives_pack(codes, block + CODES);
    return 1;
}

static int may_hold(const float *x, enum pare_grain grain)
{
    return !lattice_too_close(x, BLOCK_LEN, TOP, grain);
}

BLOCK_LATTICE(q5_1, BLOCK_LEN, BLOCK_BYTES, 0,
              PARE_ENCODING_IMPORTANCE | PARE_ENCODING_WHOLE_ROWS | PARE_ENCODING_BEST,
              "32 weights: scale, offset and 5-bit codes", IN_LANES(encode_lanes), best_lanes);
