/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * q4_k: 256 weights in 144 bytes (4.5 bits per weight): half d; half dmin; 12 bytes of 6-bit
 * scales and mins of 8 sub-blocks of 32; 128 bytes of codes, of which each 32 hold two sub-blocks,
 * the first in the low nibbles. x = d * scale * code - dmin * min.
 *
 * Scales, mins and codes are made in subblocks.c, the head in superblock.c. See
 * docs/formats/encodings/q4_k.md.
 */
#include "ggml/best/best_super.h"
#include "ggml/blocks.h"
#include "ggml/encodings.h"
#include "ggml/encodings/codes.h"
#include "ggml/lanes/lanes_subblocks.h"
#include "ggml/search/superblock.h"

#define BLOCK_BYTES 144
#define CODES SUPER_HEAD /* offset of the codes */

static const struct sub_kind kind = SUPER_KIND(15, -1.0f, 0.1f, 20, 255);

static void store_block(const struct sub_blocks *subs, const float *x, uint8_t *block)
{
    uint8_t codes[SUPER_LEN];

    super_store(&kind, subs, x, block, codes);
    for (int i = 0; i < SUPER_LEN; i += 2 * SUPER_SUB_LEN) {
        nibbles_pack(codes + i, SUPER_SUB_LEN, block + CODES + i / 2);
    }
}

SUB_BLOCKS_ENCODERS

static void best_lanes(const struct block_lanes *blocks)
{
    static const struct best_super super = { 8, 63.0f, { 15.0f, 1, 14.0f, 0.3f, 12 } };
    struct sub_blocks subs[LANES_ROOM];

    best_super_search(&super, blocks, subs);
    for (uint32_t i = 0; i < blocks->n; i++) {
        store_block(&subs[i], blocks->x[i], blocks->block[i]);
    }
}

static void decode_block(const uint8_t *block, float *x)
{
    uint8_t codes[SUPER_LEN];

    for (int i = 0; i < SUPER_LEN; i += 2 * SUPER_SUB_LEN) {
        nibbles_unpack(block + CODES + i / 2, SUPER_SUB_LEN, codes + i);
    }
    super_decode(block, codes, x);
}

BLOCK_ENCODING(q4_k, SUPER_LEN, BLOCK_BYTES, 0, PARE_ENCODING_IMPORTANCE | PARE_ENCODING_BEST,
               "256 weights: 4-bit codes, scale and min per 32", IN_LANES(encode_lanes),
               best_lanes);
