/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * q8_0: 32 weights in 34 bytes (8.5 bits per weight): half d; int8 codes[32]. x = d * code.
 *
 * d is the largest magnitude over 127; codes are rounded half away from zero, with the unrounded
 * d. Importance is not used. See docs/formats/encodings/q8_0.md.
 */
#include "ggml/best/best_symmetric.h"
#include "ggml/blocks.h"
#include "ggml/encodings.h"
#include "ggml/lattice.h"
#include "ggml/search/weights.h"

#define BLOCK_LEN 32
#define BLOCK_BYTES 34

#if LANES == 0

/* The nearest integer, half away from zero. Values that no code can have come from a d so small
 * that its inverse overflows; they are 0. */
static int8_t code_of(float value)
{
    float held = fabsf(value) < 128.0f ? value : 0.0f;
    int32_t whole = (int32_t)held;
    float rest = held - (float)whole;

    return (int8_t)(whole + (rest >= 0.5f) - (rest <= -0.5f));
}

#else

/* code_of of a vector of weights. */
LANES_INLINE ilanes codes_of(lanes value)
{
    lanes held = wide_held(value);
    ilanes whole = wide_cut(held);
    lanes rest = held - wide_floats(whole);
    ilanes up = wide_where(lanes_at_most(lanes_all(0.5f), rest), 1);
    ilanes down = wide_where(lanes_at_most(rest, lanes_all(-0.5f)), -1);

    return wide_add(whole, ilanes_or(up, down));
}

#endif

static void codes_make(const float *x, float inverse, uint8_t *codes)
{
#if LANES > 0
    ilanes rows[BLOCK_LEN / LANES];

    for (int i = 0; i < BLOCK_LEN / LANES; i++) {
        rows[i] = codes_of(wide_load(x + i * LANES) * lanes_all(inverse));
    }
    wide_bytes_store_32(codes, rows);
#else
    for (int i = 0; i < BLOCK_LEN; i++) {
        codes[i] = (uint8_t)code_of(x[i] * inverse);
    }
#endif
}

static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    float d = largest_magnitude(x, BLOCK_LEN) / 127.0f;
    float inverse = d != 0.0f ? 1.0f / d : 0.0f;

    (void)context;
    store_u16(block, scale_encode(d));
    codes_make(x, inverse, block + 2);
}

static void best_lanes(const struct block_lanes *blocks)
{
    static const struct best_scales scales = { 0, -128.0f, 127.0f, 116.0f, 0.5f, 28 };
    struct best_found found;

    best_symmetric(&scales, blocks, &found);
    for (uint32_t i = 0; i < blocks->n; i++) {
        store_u16(blocks->block[i], scale_encode(found.d[i]));
        for (int j = 0; j < BLOCK_LEN; j++) {
            blocks->block[i][2 + j] = (uint8_t)(found.codes[i][j] - 128);
        }
    }
}

static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(load_u16(block));

    weights_signed(block + 2, BLOCK_LEN, d, x);
}

static int recover_block(const float *x, enum pare_grain grain, uint8_t *block)
{
    static const struct lattice lattice = { -128, NULL, 256 };
    uint8_t codes[BLOCK_LEN];

    if (!lattice_recover(&lattice, x, BLOCK_LEN, grain, block, codes)) {
        return 0;
    }
    for (int i = 0; i < BLOCK_LEN; i++) {
        block[2 + i] = (uint8_t)(codes[i] - 128);
    }
    return 1;
}

static int may_hold(const float *x, enum pare_grain grain)
{
    return lattice_may_hold(x, BLOCK_LEN, 128, grain);
}

BLOCK_LATTICE(q8_0, BLOCK_LEN, BLOCK_BYTES, 0, PARE_ENCODING_BEST,
              "32 weights: scale and 8-bit codes", NULL, best_lanes);
