/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * q5_0: 32 weights in 22 bytes (5.5 bits per weight): half d; 4 bytes of fifth bits, bit i that of
 * code i; 16 bytes with the low four bits, byte j holding those of code j and, above, of code
 * j + 16. x = d * (code - 16).
 *
 * Without importance d makes the extreme weight -16 exactly; with it, d is searched. See
 * docs/formats/encodings/q5_0.md.
 */
#include "ggml/best/best_symmetric.h"
#include "ggml/blocks.h"
#include "ggml/encodings.h"
#include "ggml/encodings/simple.h"
#include "ggml/lanes/lanes_simple.h"
#include "ggml/lattice.h"
#include "ggml/search/weights.h"

#define BLOCK_LEN 32
#define BLOCK_BYTES 22
#define HALF 16
#define CODES 2 /* offset of the codes */

static void store_block(float d, const uint8_t *codes, uint8_t *block)
{
    store_u16(block, scale_encode(d));
    fives_pack(codes, block + CODES);
}

static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    uint8_t codes[BLOCK_LEN];
    float d = symmetric_encode(x, BLOCK_LEN, HALF, context, codes);

    store_block(d, codes, block);
}

SYMMETRIC_ENCODE_LANES(HALF)

static void best_lanes(const struct block_lanes *blocks)
{
    static const struct best_scales scales = { 0, -16.0f, 15.0f, 11.0f, 0.2f, 42 };
    struct best_found found;

    best_symmetric(&scales, blocks, &found);
    for (uint32_t i = 0; i < blocks->n; i++) {
        store_block(found.d[i], found.codes[i], blocks->block[i]);
    }
}

static void decode_block(const uint8_t *block, float *x)
{
    uint8_t codes[BLOCK_LEN];
    float d = half_decode(load_u16(block));

    fives_unpack(block + CODES, codes);
    weights_symmetric(codes, BLOCK_LEN, HALF, d, x);
}

static int recover_block(const float *x, enum pare_grain grain, uint8_t *block)
{
    static const struct lattice lattice = { -HALF, NULL, 2 * HALF };
    uint8_t codes[BLOCK_LEN];

    if (!lattice_recover(&lattice, x, BLOCK_LEN, grain, block, codes)) {
        return 0;
    }
    fives_pack(codes, block + CODES);
    return 1;
}

static int may_hold(const float *x, enum pare_grain grain)
{
    return lattice_may_hold(x, BLOCK_LEN, HALF, grain);
}

BLOCK_LATTICE(q5_0, BLOCK_LEN, BLOCK_BYTES, 0,
              PARE_ENCODING_IMPORTANCE | PARE_ENCODING_WHOLE_ROWS | PARE_ENCODING_BEST,
              "32 weights: scale and 5-bit codes", IN_LANES(encode_lanes), best_lanes);
