/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Scale and codes of the simple symmetric blocks, q4_0 and q5_0: x = d * (code - half).
 *
 * Without importance nothing is searched: the extreme weight is put at -half, and the others are
 * rounded by adding half + 1/2 and cutting off; so ties go up in code, which is towards the side
 * of the extreme's opposite. With importance the scale is searched, and an error counts
 * importance * sqrt(mean square of the row + x^2).
 */
#ifndef PARE_PLUGINS_GGML_SYMMETRIC_H
#define PARE_PLUGINS_GGML_SYMMETRIC_H

#include <math.h>

#include "blocks.h"
#include "search.h"

/* The code of a weight divided by d. Values that no code can have come from a d so small that its
 * inverse overflows; they are code 0. */
static inline uint8_t symmetric_code(float value, int32_t half)
{
    float shifted = value + ((float)half + 0.5f);
    int32_t code = (int32_t)(fabsf(shifted) < 128.0f ? shifted : 0.0f);

    return (uint8_t)(code < 2 * half ? code : 2 * half - 1);
}

/* Gives d, not rounded to a half yet, and the codes of a block. */
static inline float symmetric_encode(const float *x, uint32_t n, int32_t half,
                                     const struct block_context *context, uint8_t *codes)
{
    float weights[SEARCH_MAX];

    if (context->importance != NULL) {
        for (uint32_t i = 0; i < n; i++) {
            float spread = sqrtf(context->row_mean_square + x[i] * x[i]);
            weights[i] = context->importance[i] * spread;
        }
        return search_symmetric(x, n, half, weights, codes);
    }
    float d = extreme(x, n) / (float)-half;
    float inverse = d != 0.0f ? 1.0f / d : 0.0f;
    for (uint32_t i = 0; i < n; i++) {
        codes[i] = symmetric_code(x[i] * inverse, half);
    }
    return d;
}

#endif
