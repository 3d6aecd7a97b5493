/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What q2_k, q4_k and q5_k share: blocks of 256 weights in sub-blocks, each with a scale and a min.
 * x = d * scale * code - dmin * min.
 *
 * Scale and min of each sub-block are searched; then all are rounded to units of d and dmin, and
 * the codes are made anew with the rounded ones. How all that is stored is up to the encoding.
 */
#ifndef PARE_PLUGINS_GGML_SUBBLOCKS_H
#define PARE_PLUGINS_GGML_SUBBLOCKS_H

#include "ggml/blocks.h"
#include "ggml/search/search.h"
#include "ggml/search/weights.h"

#define SUPER_LEN 256
#define SUPER_SUBS_MAX 16

/* How the encodings differ. */
struct sub_kind {
    uint32_t subs;              /* sub-blocks in a block */
    int32_t top_scale;          /* the largest code of a scale or min */
    struct affine_search plain; /* without importance; its top is the largest code of both ways */
    int plain_rms;     /* 1: an error counts root mean square of the sub-block + |x|; 0: |x| */
    float spread;      /* with importance: what the block's mean square is multiplied with */
    uint8_t plain_cap; /* of the codes of scales and mins: top_scale, or 255 for none */
    uint8_t cap;       /* the same, with importance */
};

/* What is found for a block. */
struct sub_blocks {
    float d; /* not rounded to a half yet, as dmin */
    float dmin;
    uint8_t scale_code[SUPER_SUBS_MAX];
    uint8_t min_code[SUPER_SUBS_MAX];
    struct affine_found found[SUPER_SUBS_MAX];
};

/* Searches scales and mins of a block, and rounds them. */
void sub_blocks_search(const struct sub_kind *kind, const float *x,
                       const struct block_context *context, struct sub_blocks *ret_subs);

/* The 256 codes that fit the stored scales and mins: x ~ scale * code - min. A sub-block whose
 * scale is 0 has those that the search left (it decodes to -min whatever they are). */
void sub_blocks_recode(const struct sub_kind *kind, const struct sub_blocks *subs, const float *x,
                       const float *scale, const float *min, uint8_t *codes);

/* The 256 weights of codes, one per byte. */
static inline void sub_blocks_decode(uint32_t subs, const float *scale, const float *min,
                                     const uint8_t *codes, float *x)
{
    const uint32_t len = SUPER_LEN / subs;

    for (uint32_t j = 0; j < subs; j++) {
        weights_affine(codes + j * len, len, scale[j], -min[j], x + j * len);
    }
}

#endif
