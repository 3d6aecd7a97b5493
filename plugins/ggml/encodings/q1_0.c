/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * q1_0: 128 weights in 18 bytes (1.125 bits per weight): half d; 128 bits, bit i of byte j being
 * the code of weight 8 * j + i. x = d when it is set, else -d.
 *
 * d is the mean magnitude, the code is the sign. Importance is not used. See
 * docs/formats/encodings/q1_0.md.
 */
#include "ggml/blocks.h"
#include "ggml/encodings.h"
#include "ggml/lanes/lanes_search.h"

#include <math.h>

#define BLOCK_LEN 128
#define BLOCK_BYTES 18
#define CODES 2 /* offset of the codes */

static void signs_store(const float *x, uint8_t *bytes)
{
#if LANES > 0
    for (int j = 0; j < BLOCK_LEN; j += 32) {
        uint32_t bits = 0;
        for (int i = 0; i < 32; i += LANES) {
            lanes values = wide_load(x + j + i);
            bits |= wide_bits(lanes_at_most(lanes_all(0.0f), values)) << i;
        }
        memcpy(bytes + j / 8, &bits, sizeof(bits));
    }
#else
    for (int j = 0; j < BLOCK_LEN / 8; j++) {
        uint32_t bits = 0;
        for (int i = 0; i < 8; i++) {
            bits |= (uint32_t)(x[8 * j + i] >= 0.0f) << i;
        }
        bytes[j] = (uint8_t)bits;
    }
#endif
}

static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    float sum = 0.0f;

    (void)context;
    for (int i = 0; i < BLOCK_LEN; i++) {
        sum += fabsf(x[i]);
    }
    store_u16(block, scale_encode(sum / (float)BLOCK_LEN));
    signs_store(x, block + CODES);
}

#if LANES > 0

static void encode_lanes(const struct block_lanes *blocks)
{
    LANES_ALIGNED float means[LANES];
    lanes sum = lanes_all(0.0f);
    lanes tile[LANES];

    for (uint32_t i = 0; i < BLOCK_LEN; i += LANES) {
        lanes_gather(blocks->x, i, LANES, tile);
        for (uint32_t k = 0; k < LANES; k++) {
            sum = sum + lanes_magnitude(tile[k]);
        }
    }
    lanes_store(means, sum / lanes_all((float)BLOCK_LEN));
    for (uint32_t lane = 0; lane < blocks->n; lane++) {
        store_u16(blocks->block[lane], scale_encode(means[lane]));
        signs_store(blocks->x[lane], blocks->block[lane] + CODES);
    }
}

#endif

static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(load_u16(block));

#if LANES > 0
    for (int i = 0; i < BLOCK_LEN; i += LANES) {
        mlanes plus = wide_mask((uint32_t)load_u16(block + CODES + i / 16 * 2) >> i % 16);
        wide_store(x + i, lanes_choose(plus, lanes_all(d), lanes_all(-d)));
    }
#else
    for (int i = 0; i < BLOCK_LEN; i++) {
        x[i] = block[CODES + i / 8] >> i % 8 & 1 ? d : -d;
    }
#endif
}

BLOCK_ENCODING(q1_0, BLOCK_LEN, BLOCK_BYTES, 0, 0, "128 weights: scale and signs",
               IN_LANES(encode_lanes), NULL);
