/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The loops of measure_sums.h, compiled once for each level of instructions (LEVEL). */
#include "convert/measure_sums.h"

#include <math.h>

#define JOIN_(name, level) name##_##level
#define JOIN(name, level) JOIN_(name, level)
#define LEVEL_NAME(name) JOIN(name, LEVEL)

static inline void add_one(struct measure_sums *sums, size_t j, float x, float y)
{
    double a = x, b = y, d = a - b;
    float e = fabsf((float)d);
    sums->sse[j] += d * d;
    sums->sxx[j] += a * a;
    sums->syy[j] += b * b;
    sums->sxy[j] += a * b;
    sums->largest[j] = e > sums->largest[j] ? e : sums->largest[j];
}

void LEVEL_NAME(measure_sums)(const float *x, const float *y, size_t n, struct measure_sums *ret)
{
    struct measure_sums sums = *ret;
    size_t i = 0;
    for (; i + MEASURE_LANES <= n; i += MEASURE_LANES)
        for (size_t j = 0; j < MEASURE_LANES; j++)
            add_one(&sums, j, x[i + j], y[i + j]);
    for (size_t j = 0; i < n; i++, j++)
        add_one(&sums, j, x[i], y[i]);
    *ret = sums;
}

static inline void add_weighted(struct measure_weighted *sums, size_t j, float x, float y, float h)
{
    double a = x, d = a - (double)y, w = h;
    sums->sse[j] += w * (d * d);
    sums->sxx[j] += w * (a * a);
}

void LEVEL_NAME(measure_weighted)(const float *x, const float *y, const float *h, size_t n,
                                  struct measure_weighted *ret)
{
    struct measure_weighted sums = *ret;
    size_t i = 0;
    for (; i + MEASURE_LANES <= n; i += MEASURE_LANES)
        for (size_t j = 0; j < MEASURE_LANES; j++)
            add_weighted(&sums, j, x[i + j], y[i + j], h[i + j]);
    for (size_t j = 0; i < n; i++, j++)
        add_weighted(&sums, j, x[i], y[i], h[i]);
    *ret = sums;
}
