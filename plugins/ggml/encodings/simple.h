/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Scale and codes of the simple blocks: symmetric ones, q4_0 and q5_0, x = d * (code - half); and
 * affine ones, q4_1 and q5_1, x = d * code + low.
 *
 * Without importance nothing is searched. A symmetric block has its extreme weight at -half, an
 * affine one its smallest weight at 0 and its largest at the top; the others are rounded by adding
 * 1/2 and cutting off, so that ties go up in code. With importance the scale is searched, and an
 * error counts importance * sqrt(mean square of the row + x^2).
 */
#ifndef PARE_PLUGINS_GGML_SIMPLE_H
#define PARE_PLUGINS_GGML_SIMPLE_H

#include "ggml/blocks.h"
#include "ggml/encodings/codes.h"
#include "ggml/search/search.h"
#include "ggml/wide.h"

#define SIMPLE_LEN 32 /* weights of all of them */

/* The codes of a block without importance: (x - low) * inverse + raise, cut off. */
static inline void simple_codes(const float *x, float low, float inverse, float raise, int32_t top,
                                uint8_t *codes)
{
#if LANES > 0
    ilanes rows[SIMPLE_LEN / LANES];

    for (uint32_t i = 0; i < SIMPLE_LEN / LANES; i++) {
        lanes above = wide_load(x + i * LANES) - lanes_all(low);
        rows[i] = wide_code_cut(above * lanes_all(inverse) + lanes_all(raise), top);
    }
    wide_bytes_store_32(codes, rows);
#else
    for (uint32_t i = 0; i < SIMPLE_LEN; i++) {
        codes[i] = code_cut((x[i] - low) * inverse + raise, top);
    }
#endif
}

/* Gives d, not rounded to a half yet, and the codes of a symmetric block. */
static inline float symmetric_encode(const float *x, uint32_t n, int32_t half,
                                     const struct block_context *context, uint8_t *codes)
{
    float weights[SEARCH_MAX];

    if (context->importance) {
        importance_weights(x, context->importance, n, context->row_mean_square, weights);
        return search_symmetric(x, n, half, weights, codes);
    }
    float d = extreme_32(x) / (float)-half;
    float inverse = d != 0.0f ? 1.0f / d : 0.0f;
    simple_codes(x, 0.0f, inverse, (float)half + 0.5f, 2 * half - 1, codes);
    return d;
}

/* Gives d and *ret_low, not rounded to halves yet, and the codes, up to `top`, of an affine block.
 * With importance low is never positive. */
static inline float affine_encode(const float *x, uint32_t n, int32_t top,
                                  const struct block_context *context, uint8_t *codes,
                                  float *ret_low)
{
    float weights[SEARCH_MAX];
    float low;
    float high;

    if (context->importance) {
        struct affine_search search = affine_search_importance(top);
        importance_weights(x, context->importance, n, context->row_mean_square, weights);
        struct affine_found found = search_affine(&search, x, n, weights);
        affine_codes(&found, x, n, top, codes);
        *ret_low = -found.min;
        return found.scale;
    }
    range_32(x, &low, &high);
    float d = (high - low) / (float)top;
    float inverse = d != 0.0f ? 1.0f / d : 0.0f;
    simple_codes(x, low, inverse, 0.5f, top, codes);
    *ret_low = low;
    return d;
}

#endif
