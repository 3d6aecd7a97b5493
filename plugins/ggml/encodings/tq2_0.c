/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * tq2_0: 256 weights in 66 bytes (2.0625 bits per weight): 64 bytes of 2-bit codes, of which each
 * 32 hold 128 weights; half d. x = d * (code - 1). See docs/formats/encodings/tq2_0.md.
 */
#include "ggml/blocks.h"
#include "ggml/encodings.h"
#include "ggml/encodings/codes.h"
#include "ggml/encodings/ternary.h"
#include "ggml/search/weights.h"

#define BLOCK_BYTES 66
#define SCALE 64 /* offset of d */

static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    uint8_t codes[TERNARY_LEN];

    (void)context;
    store_u16(block + SCALE, scale_encode(ternary_encode(x, codes)));
    crumbs_pack(codes, block);
    crumbs_pack(codes + 128, block + 32);
}

static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(load_u16(block + SCALE));
    uint8_t codes[TERNARY_LEN];

    crumbs_unpack(block, codes);
    crumbs_unpack(block + 32, codes + 128);
    weights_symmetric(codes, TERNARY_LEN, 1, d, x);
}

BLOCK_ENCODING(tq2_0, TERNARY_LEN, BLOCK_BYTES, SCALE, 0,
               "256 weights: scale and codes of -1, 0, 1 in 2 bits", NULL, NULL);
