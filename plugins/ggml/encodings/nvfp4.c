/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * nvfp4: 64 weights in 36 bytes (4.5 bits per weight): scales of 4 sub-blocks of 16 as E4M3 without
 * a sign; 4 times 8 bytes of codes, byte j of a sub-block holding its code j in the low and its
 * code j + 8 in the high nibble. x = scale * E2M1 value of the code.
 *
 * The scale puts the largest magnitude of the sub-block at 6. There is no scale of the whole tensor
 * in the encoding. Importance is not used. See docs/formats/encodings/nvfp4.md.
 */
#include "ggml/blocks.h"
#include "ggml/encodings.h"
#include "ggml/encodings/codes.h"
#include "ggml/encodings/fp4.h"
#include "ggml/search/weights.h"

#define BLOCK_LEN 64
#define BLOCK_BYTES 36
#define SUBS 4
#define SUB_LEN 16
#define SUB_BYTES 8          /* of codes */
#define CODES 4              /* offset of the codes */
#define SCALE_NORMAL 0x08u   /* the code of 2^-6, the least with a whole mantissa */
#define SCALE_TOP 0x7eu      /* the code of 448, the largest */
#define SCALE_WRAP 0x78u     /* from the code of 256 on all become the largest, as in ggml */
#define E4M3_NAN 0x7fu       /* ggml takes it for 0 … */
#define E4M3_MINUS_NAN 0xffu /* … and this for 480 */

/* The code of a scale >= 0: to the nearest, of equally near ones the upper. Both cases are
 * computed, because the CPU would predict a branch badly. */
static uint8_t scale_code(float scale)
{
    float small = scale < 0.015625f ? scale : 0.0f;
    int32_t mantissa = (int32_t)(small * 512.0f + 0.5f);
    uint32_t code = ((float_bits(scale) + 0x80000u) >> 20) - (120u << 3);

    mantissa = mantissa < 7 ? mantissa : 7;
    code = code < SCALE_WRAP ? code : SCALE_TOP;
    return (uint8_t)(scale < 0.015625f ? (uint32_t)mantissa : code);
}

/* Half of the scale of a code. Its highest bit does not count. */
static float unit_of(uint8_t code)
{
    uint32_t magnitude = code & 0x7fu;
    uint32_t normal = (magnitude << 20) + (119u << 23);
    uint32_t bits = magnitude < SCALE_NORMAL ? float_bits((float)magnitude / 1024.0f) : normal;

    return float_from_bits(code != E4M3_NAN ? bits : 0);
}

static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    uint8_t codes[SUB_LEN];

    (void)context;
    for (int j = 0; j < SUBS; j++) {
        const float *sub = x + j * SUB_LEN;
        float largest = largest_magnitude(sub, SUB_LEN);
        block[j] = scale_code(largest / 6.0f);
        fp4_encode(sub, SUB_LEN, largest, unit_of(block[j]), codes);
        nibbles_pack(codes, SUB_LEN / 2, block + CODES + j * SUB_BYTES);
    }
}

static void decode_block(const uint8_t *block, float *x)
{
    uint8_t codes[SUB_LEN];

    for (int j = 0; j < SUBS; j++) {
        float unit = unit_of(block[j]);
        nibbles_unpack(block + CODES + j * SUB_BYTES, SUB_LEN / 2, codes);
        weights_table(codes, SUB_LEN, fp4_values, unit, x + j * SUB_LEN);
    }
}

/* By E4M3 this is NaN. For ggml every scale is finite: it decodes all weights to 2880, which no
 * encoded block gives. */
static void damage_block(uint8_t *block)
{
    memset(block, E4M3_MINUS_NAN, SUBS);
    memset(block + CODES, FP4_LARGEST | FP4_LARGEST << 4, BLOCK_BYTES - CODES);
}

BLOCK_ENCODING_DAMAGE(nvfp4, BLOCK_LEN, BLOCK_BYTES, 0,
                      "64 weights: 4-bit floats, 8-bit scale per 16", NULL, NULL);
