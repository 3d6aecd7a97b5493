/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * q1_0: 128 weights in 18 bytes (1.125 bits per weight): half d; 128 bits, bit i of byte j being
 * the code of weight 8 * j + i. x = d when it is set, else -d.
 *
 * d is the mean magnitude, the code tells the sign. Importance is not used. See
 * docs/formats/encodings/q1_0.md.
 */
#include "blocks.h"
#include "encodings.h"

#include <math.h>

#define BLOCK_LEN 128
#define BLOCK_BYTES 18
#define CODES 2 /* offset of the codes */

static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    float sum = 0.0f;

    (void)context;
    for (int i = 0; i < BLOCK_LEN; i++) {
        sum += fabsf(x[i]);
    }
    store_u16(block, scale_encode(sum / (float)BLOCK_LEN));
    for (int j = 0; j < BLOCK_LEN / 8; j++) {
        uint32_t bits = 0;
        for (int i = 0; i < 8; i++) {
            bits |= (uint32_t)(x[8 * j + i] >= 0.0f) << i;
        }
        block[CODES + j] = (uint8_t)bits;
    }
}

static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(load_u16(block));

    for (int i = 0; i < BLOCK_LEN; i++) {
        x[i] = block[CODES + i / 8] >> i % 8 & 1 ? d : -d;
    }
}

BLOCK_ENCODING(q1_0, BLOCK_LEN, BLOCK_BYTES, 0,
               0,
               "128 weights: scale and signs", NULL);
