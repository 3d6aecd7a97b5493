/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Searches for the scale of a group of weights, shared by the encodings of this plugin.
 *
 * A symmetric group stores codes around zero: x = scale * (code - half). An affine group stores
 * codes from 0 and an offset: x = scale * code - min, with min >= 0. Both searches try a row of
 * candidate scales around the one that just reaches the extremes, fit each by least squares, and
 * keep the best; of equals, the first. Sums are single floats, added in the order of the weights,
 * with separate multiplications and additions: the result depends on it to the last bit.
 */
#ifndef PARE_PLUGINS_GGML_SEARCH_H
#define PARE_PLUGINS_GGML_SEARCH_H

#include <math.h>
#include <stdint.h>

#include "common/half.h"
#include "ggml/level.h"
#include "ggml/wide.h"

#define SEARCH_MAX 32          /* weights in a group */
#define SEARCH_ALL_ZERO 1e-15f /* groups whose largest magnitude is below this are zero */

/* The integer nearest to `value`, ties to even, for |value| < 2^22; for others some integer in
 * [-2^22, 2^22), the same on every machine; 0 for the NaNs that arithmetic makes. Adding 1.5 * 2^23
 * leaves the integer in the low bits of the float. */
static inline int32_t round_even(float value)
{
    return (int32_t)(float_bits(value + 12582912.0f) & 0x7fffffu) - 0x400000;
}

/* `value` held between low and high. */
static inline int32_t clamp_int(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* The value of the largest magnitude, with its sign; of equals the first. */
static inline float extreme(const float *x, uint32_t n)
{
    float largest = 0.0f;

    for (uint32_t i = 0; i < n; i++) {
        largest = fabsf(x[i]) > fabsf(largest) ? x[i] : largest;
    }
    return largest;
}

/* The smallest and the largest of n >= 1 values; of equals (the two zeros) the first. */
static inline void range(const float *x, uint32_t n, float *ret_low, float *ret_high)
{
    float low = x[0];
    float high = x[0];

    for (uint32_t i = 1; i < n; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    *ret_low = low;
    *ret_high = high;
}

/* extreme and range of 32 values. */
#if LANES > 0
#define extreme_32(x) wide_extreme(x)
#define range_32(x, ret_low, ret_high) wide_range(x, ret_low, ret_high)
#else
#define extreme_32(x) extreme(x, 32)
#define range_32(x, ret_low, ret_high) range(x, 32, ret_low, ret_high)
#endif

/* Sum of the squares of n values. */
static inline float sum_of_squares(const float *x, uint32_t n)
{
    float sum = 0.0f;

    for (uint32_t i = 0; i < n; i++) {
        sum += x[i] * x[i];
    }
    return sum;
}

/* How much the error of each of n weights counts with importance, where the square of a typical
 * weight is `spread`. Gives the sum. */
static inline float importance_weights(const float *x, const float *importance, uint32_t n,
                                       float spread, float *weights)
{
    float sum = 0.0f;

    for (uint32_t i = 0; i < n; i++) {
        weights[i] = importance[i] * sqrtf(spread + x[i] * x[i]);
    }
    for (uint32_t i = 0; i < n; i++) {
        sum += weights[i];
    }
    return sum;
}

/* The scale of a symmetric group: x[i] ~ scale * (codes[i] - half), codes in [0, 2 * half - 1].
 * The extreme weight gets code 0, so a positive one gives a negative scale. weights says how much
 * each error matters; NULL: the square of x. n <= SEARCH_MAX. Gives 0 and codes 0 when all are
 * (nearly) zero. */
float search_symmetric(const float *x, uint32_t n, int32_t half, const float *weights,
                       uint8_t *codes);

/* The scale of a symmetric group as above, without a row of candidates: the codes of the one that
 * reaches the extreme are refined one by one, errors counting x^2. */
float search_refined(const float *x, uint32_t n, int32_t half, uint8_t *codes);

struct affine_search {
    int32_t top; /* the largest code */
    float first; /* candidates reach from top + first in steps of step */
    float step;
    int32_t steps; /* the last candidate */
    int absolute;  /* 1: candidates are judged by the sizes of errors; 0: by their squares */
};

/* The candidates of blocks with importance. */
static inline struct affine_search affine_search_importance(int32_t top)
{
    struct affine_search search = { top, -0.9f, 0.05f, 36 };

    return search;
}

/* What is found for an affine group: x[i] ~ scale * code - min, and how its codes were made. */
struct affine_found {
    float scale;
    float min;
    float inverse; /* a code is the integer nearest to inverse * (x - from), held in [0, top] */
    float from;
};

/* Searches scale and min of an affine group. n <= SEARCH_MAX; weights is never NULL. */
struct affine_found search_affine(const struct affine_search *search, const float *x, uint32_t n,
                                  const float *weights);

/* The codes of a group for which `found` was found. */
static inline void affine_codes(const struct affine_found *found, const float *x, uint32_t n,
                                int32_t top, uint8_t *codes)
{
    for (uint32_t i = 0; i < n; i++) {
        int32_t level = round_even(found->inverse * (x[i] - found->from));
        codes[i] = (uint8_t)clamp_int(level, 0, top);
    }
}

/* The scale of n non-negative values: x[i] ~ scale * codes[i], codes in [0, top]; refines the codes
 * one by one. Used for the scales of sub-blocks when there is importance. */
float search_positive(const float *x, uint32_t n, int32_t top, const float *weights,
                      uint8_t *codes);

#endif
