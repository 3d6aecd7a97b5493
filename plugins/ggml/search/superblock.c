/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The head of q4_k and q5_k blocks: see superblock.h. The searches know nothing of how it is
 * packed.
 */
#include "ggml/search/superblock.h"

#define MIN_OFFSET 2
#define SCALES 4 /* offset of the packed scales and mins */

/* 8 scales and 8 mins of 6 bits in 12 bytes: those of the first four sub-blocks have a byte each;
 * the others' low four bits share the last four bytes, and their high two bits top the first 8. */
static void pack_scales(const struct sub_blocks *subs, uint8_t *packed)
{
    const uint8_t *scale = subs->scale_code;
    const uint8_t *min = subs->min_code;

    for (int j = 0; j < 4; j++) {
        packed[j] = (uint8_t)(scale[j] | scale[j + 4] >> 4 << 6);
        packed[j + 4] = (uint8_t)(min[j] | min[j + 4] >> 4 << 6);
        packed[j + 8] = (uint8_t)((scale[j + 4] & 15) | (min[j + 4] & 15) << 4);
    }
}

/* The scales and mins that are stored, as floats. */
static void unpack_scales(const uint8_t *head, float *scale, float *min)
{
    const uint8_t *packed = head + SCALES;
    float d = half_decode(load_u16(head));
    float dmin = half_decode(load_u16(head + MIN_OFFSET));

    for (int j = 0; j < 4; j++) {
        scale[j] = d * (float)(packed[j] & 63);
        min[j] = dmin * (float)(packed[j + 4] & 63);
        scale[j + 4] = d * (float)((packed[j + 8] & 15) | packed[j] >> 6 << 4);
        min[j + 4] = dmin * (float)(packed[j + 8] >> 4 | packed[j + 4] >> 6 << 4);
    }
}

void super_store(const struct sub_kind *kind, const struct sub_blocks *subs, const float *x,
                 uint8_t *head, uint8_t *codes)
{
    float scale[SUPER_SUBS];
    float min[SUPER_SUBS];

    store_u16(head, scale_encode(subs->d));
    store_u16(head + MIN_OFFSET, scale_encode(subs->dmin));
    pack_scales(subs, head + SCALES);
    unpack_scales(head, scale, min);
    sub_blocks_recode(kind, subs, x, scale, min, codes);
}

void super_decode(const uint8_t *head, const uint8_t *codes, float *x)
{
    float scale[SUPER_SUBS];
    float min[SUPER_SUBS];

    unpack_scales(head, scale, min);
    sub_blocks_decode(SUPER_SUBS, scale, min, codes, x);
}
