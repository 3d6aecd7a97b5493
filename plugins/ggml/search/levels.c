/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The levels of levels.h and their search: it tries fifteen scales that put the extreme weight
 * between 120 and 134 units below zero, besides the one that puts it on the lowest level, -127;
 * fits each by least squares, and keeps the best; of equals, the first.
 */
#include "ggml/search/levels.h"

#include "ggml/encodings/codes.h"
#include "ggml/search/search.h"
#include "ggml/search/weights.h"

#include <math.h>

/* clang-format off */
const float level_values[16] = {
    -127.0f, -104.0f, -83.0f, -65.0f, -49.0f, -35.0f, -22.0f, -10.0f,
    1.0f,    13.0f,   25.0f,  38.0f,  53.0f,  69.0f,  89.0f,  113.0f,
};
/* clang-format on */

/* clang-format off */
const float level_middles[16] = {
    -115.5f, -93.5f, -74.0f, -57.0f, -42.0f, -28.5f, -16.0f, -4.5f,
    7.0f,    19.0f,  31.5f,  45.5f,  61.0f,  79.0f,  101.0f, INFINITY,
};
/* clang-format on */

void levels_weights(const float *x, const float *importance, float spread, float *weights)
{
    if (importance) {
        importance_weights(x, importance, LEVELS_GROUP, spread, weights);
        return;
    }
    for (uint32_t i = 0; i < LEVELS_GROUP; i++) {
        weights[i] = x[i] * x[i];
    }
}

float levels_spread(const float *x, uint32_t n)
{
    return sum_of_squares(x, n) * (2.0f / (float)n);
}

/* The levels nearest to inverse * x, each the lowest one and the steps up to it. */
static void levels_nearest(const float *x, float inverse, float *ret_levels)
{
    for (uint32_t i = 0; i < LEVELS_GROUP; i++) {
        float scaled = inverse * x[i];
        float level = level_values[0];
        for (uint32_t k = 0; k < 15; k++) {
            level += scaled < level_middles[k] ? 0.0f : level_values[k + 1] - level_values[k];
        }
        ret_levels[i] = level;
    }
}

void levels_encode(const float *x, float inverse, uint8_t *codes)
{
    for (uint32_t i = 0; i < LEVELS_GROUP; i++) {
        float scaled = inverse * x[i];
        int32_t code = 0;
        for (uint32_t k = 0; k < 15; k++) {
            code += !(scaled < level_middles[k]);
        }
        codes[i] = (uint8_t)code;
    }
}

struct level_sums {
    float xl; /* sum of w l x */
    float ll; /* sum of w l l */
};

/* The two sums of the fit of x to the levels nearest to inverse * x. */
static struct level_sums levels_try(const float *x, const float *weights, float inverse)
{
    float levels[LEVELS_GROUP];
    float xl[LEVELS_GROUP];
    float ll[LEVELS_GROUP];
    struct level_sums fit = { 0.0f, 0.0f };

    levels_nearest(x, inverse, levels);
    for (uint32_t i = 0; i < LEVELS_GROUP; i++) {
        xl[i] = weights[i] * levels[i] * x[i];
        ll[i] = weights[i] * levels[i] * levels[i];
    }
    for (uint32_t i = 0; i < LEVELS_GROUP; i++) {
        fit.xl += xl[i];
        fit.ll += ll[i];
    }
    return fit;
}

float levels_search(const float *x, const float *weights)
{
    float max = extreme(x, LEVELS_GROUP);

    if (fabsf(max) < SEARCH_ALL_ZERO) {
        return 0.0f;
    }
    struct level_sums fit = levels_try(x, weights, 1.0f / (-max / level_values[0]));
    float scale = fit.ll > 0.0f ? fit.xl / fit.ll : 0.0f;
    float best = scale * fit.xl;
    for (int32_t step = -LEVELS_TRIES; step <= LEVELS_TRIES; step++) {
        fit = levels_try(x, weights, ((float)step + level_values[0]) / max);
        if (fit.ll > 0.0f && fit.xl * fit.xl > best * fit.ll) {
            scale = fit.xl / fit.ll;
            best = scale * fit.xl;
        }
    }
    return scale;
}

void levels_decode(const uint8_t *bytes, float scale, float *x)
{
    uint8_t codes[LEVELS_GROUP];

    nibbles_unpack(bytes, LEVELS_GROUP / 2, codes);
    weights_table(codes, LEVELS_GROUP, level_values, scale, x);
}
