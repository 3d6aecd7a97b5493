/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * q4_1: 32 weights in 20 bytes (5 bits per weight): half d; half m; 16 bytes of codes, byte
 * j holding code j in its low and code j + 16 in its high nibble. x = d * code + m.
 *
 * Without importance m is the smallest weight, and d puts the largest at code 15; with it, both
 * are searched, and m is never positive. See docs/formats/encodings/q4_1.md.
 */
#include "ggml/best/best_affine.h"
#include "ggml/blocks.h"
#include "ggml/encodings.h"
#include "ggml/encodings/simple.h"
#include "ggml/lanes/lanes_simple.h"
#include "ggml/lattice.h"
#include "ggml/search/weights.h"

#define BLOCK_LEN 32
#define BLOCK_BYTES 20
#define TOP 15
#define LOW_OFFSET 2 /* of the half m */
#define CODES 4      /* offset of the codes */

static void store_block(float d, float low, const uint8_t *codes, uint8_t *block)
{
    store_u16(block, scale_encode(d));
    store_u16(block + LOW_OFFSET, scale_encode(low));
    nibbles_pack(codes, BLOCK_LEN / 2, block + CODES);
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
    static const struct best_ranges ranges = { 15.0f, 0, 14.0f, 0.2f, 20 };
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

    nibbles_unpack(block + CODES, BLOCK_LEN / 2, codes);
    weights_affine(codes, BLOCK_LEN, d, low, x);
}

static int recover_block(const float *x, enum pare_grain grain, uint8_t *block)
{
    uint8_t codes[BLOCK_LEN];

    (void)grain;
    if (!lattice_recover_affine(x, BLOCK_LEN, TOP, block, codes)) {
        return 0;
    }
    nibbles_pack(codes, BLOCK_LEN / 2, block + CODES);
    return 1;
}

static int may_hold(const float *x, enum pare_grain grain)
{
    return !lattice_too_close(x, BLOCK_LEN, TOP, grain);
}

BLOCK_LATTICE(q4_1, BLOCK_LEN, BLOCK_BYTES, 0,
              PARE_ENCODING_IMPORTANCE | PARE_ENCODING_WHOLE_ROWS | PARE_ENCODING_BEST,
              "32 weights: scale, offset and 4-bit codes", IN_LANES(encode_lanes), best_lanes);
