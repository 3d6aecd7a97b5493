/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * q2_0: 64 weights in 18 bytes (2.25 bits per weight): half d; 16 bytes of codes, byte j holding
 * those of weights 4 * j to 4 * j + 3 from its lowest bits up. x = d * (code - 1).
 *
 * d is the largest magnitude; so code 3, twice d, is never written. Made for weights that are
 * ternary already. Importance is not used. See docs/formats/encodings/q2_0.md.
 */
#include "ggml/blocks.h"
#include "ggml/encodings.h"

#define BLOCK_LEN 64
#define BLOCK_BYTES 18
#define CODES 2 /* offset of the codes */

#if LANES == 0

/* The code of a value of at most about 1: rounded half away from zero. Larger values come from a d
 * so small that its inverse overflows; they are code 0, and so is a NaN. */
static uint32_t code_of(float value)
{
    uint32_t code = value >= 0.5f ? 2 : 1;

    return value > -0.5f && value < 2.0f ? code : 0;
}

#else

/* The codes of 16 weights in 32 bits, as code_of makes them. */
LANES_INLINE uint32_t codes_of_16(const float *x, float inverse)
{
    uint32_t low = 0; /* bits of the codes */
    uint32_t high = 0;

    for (int i = 0; i < 16; i += LANES) {
        lanes value = wide_load(x + i) * lanes_all(inverse);
        mlanes valid = lanes_and(lanes_less(lanes_all(-0.5f), value),
                                 lanes_less(value, lanes_all(2.0f)));
        mlanes upper = lanes_and(valid, lanes_at_most(lanes_all(0.5f), value));
        low |= wide_bits(lanes_without(valid, upper)) << i;
        high |= wide_bits(upper) << i;
    }
    return wide_spread(low) | wide_spread(high) << 1;
}

#endif

static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    float d = largest_magnitude(x, BLOCK_LEN);
    float inverse = d > 0.0f ? 1.0f / d : 0.0f;

    (void)context;
    store_u16(block, scale_encode(d));
#if LANES > 0
    for (int i = 0; i < BLOCK_LEN; i += 16) {
        uint32_t bits = codes_of_16(x + i, inverse);
        memcpy(block + CODES + i / 4, &bits, sizeof(bits));
    }
#else
    for (int j = 0; j < BLOCK_LEN / 4; j++) {
        uint32_t bits = 0;
        for (int i = 0; i < 4; i++) {
            bits |= code_of(x[4 * j + i] * inverse) << 2 * i;
        }
        block[CODES + j] = (uint8_t)bits;
    }
#endif
}

static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(load_u16(block));

#if LANES > 0
    const float levels[4] = { -1.0f * d, 0.0f * d, 1.0f * d, 2.0f * d };
    for (int i = 0; i < BLOCK_LEN; i += 16) {
        uint32_t bits;
        memcpy(&bits, block + CODES + i / 4, sizeof(bits));
        wide_levels_of_16(bits, levels, x + i);
    }
#else
    for (int i = 0; i < BLOCK_LEN; i++) {
        x[i] = (float)((block[CODES + i / 4] >> i % 4 * 2 & 3) - 1) * d;
    }
#endif
}

BLOCK_ENCODING(q2_0, BLOCK_LEN, BLOCK_BYTES, 0, 0, "64 weights: scale and 2-bit codes", NULL, NULL);
