/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * q2_k: 256 weights in 84 bytes (2.625 bits per weight): 16 bytes of 4-bit scales and mins of 16
 * sub-blocks of 16, the scale in the low nibble; 64 bytes of codes, of which each 32 hold 128
 * weights; half d; half dmin. x = d * scale * code - dmin * min.
 *
 * Scales, mins and codes are made in subblocks.c. See docs/formats/encodings/q2_k.md.
 */
#include "ggml/best/best_super.h"
#include "ggml/blocks.h"
#include "ggml/encodings.h"
#include "ggml/encodings/codes.h"
#include "ggml/lanes/lanes_subblocks.h"

#define BLOCK_BYTES 84
#define SUBS 16
#define SCALES 0 /* offset of the sub-blocks' scales and mins */
#define CODES 16 /* offset of the codes */
#define SCALE 80 /* offset of d */
#define MIN 82   /* offset of dmin */

static const struct sub_kind kind = {
    .subs = SUBS,
    .top_scale = 15,
    .plain = { 3, -0.5f, 0.1f, 15, 1 },
    .plain_rms = 0,
    .spread = 1.0f,
    .plain_cap = 255,
    .cap = 255,
};

/* The scales and mins that are stored, as floats. */
static void unpack_scales(const uint8_t *block, float *scale, float *min)
{
    float d = half_decode(load_u16(block + SCALE));
    float dmin = half_decode(load_u16(block + MIN));

    for (int j = 0; j < SUBS; j++) {
        scale[j] = d * (float)(block[SCALES + j] & 15);
        min[j] = dmin * (float)(block[SCALES + j] >> 4);
    }
}

/* A scale beyond 15, which only a negative one counted modulo 256 is, sets bits of the min. */
static void store_block(const struct sub_blocks *subs, const float *x, uint8_t *block)
{
    float scale[SUBS];
    float min[SUBS];
    uint8_t codes[SUPER_LEN];

    for (int j = 0; j < SUBS; j++) {
        block[SCALES + j] = (uint8_t)(subs->scale_code[j] | subs->min_code[j] << 4);
    }
    store_u16(block + SCALE, scale_encode(subs->d));
    store_u16(block + MIN, scale_encode(subs->dmin));
    unpack_scales(block, scale, min);
    sub_blocks_recode(&kind, subs, x, scale, min, codes);
    crumbs_pack(codes, block + CODES);
    crumbs_pack(codes + 128, block + CODES + 32);
}

SUB_BLOCKS_ENCODERS

static void best_lanes(const struct block_lanes *blocks)
{
    static const struct best_super super = { 16, 15.0f, { 3.0f, 1, 2.4f, 0.2f, 12 } };
    struct sub_blocks subs[LANES_ROOM];

    best_super_search(&super, blocks, subs);
    for (uint32_t i = 0; i < blocks->n; i++) {
        store_block(&subs[i], blocks->x[i], blocks->block[i]);
    }
}

static void decode_block(const uint8_t *block, float *x)
{
    float scale[SUBS];
    float min[SUBS];
    uint8_t codes[SUPER_LEN];

    unpack_scales(block, scale, min);
    crumbs_unpack(block + CODES, codes);
    crumbs_unpack(block + CODES + 32, codes + 128);
    sub_blocks_decode(SUBS, scale, min, codes, x);
}

BLOCK_ENCODING(q2_k, SUPER_LEN, BLOCK_BYTES, SCALE, PARE_ENCODING_IMPORTANCE | PARE_ENCODING_BEST,
               "256 weights: 2-bit codes, scale and min per 16",

               IN_LANES(encode_lanes), best_lanes);
