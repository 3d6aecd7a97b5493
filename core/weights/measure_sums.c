/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The loops of measure_sums.h, compiled once for each level of instructions: LEVEL, its
 * name, and WIDTH, how many doubles a vector has. */
#include "weights/measure_sums.h"

#include <stdint.h>
#include <string.h>
#if WIDTH == 8
#include <immintrin.h>
#endif

#define JOIN_(name, level) name##_##level
#define JOIN(name, level) JOIN_(name, level)
#define LEVEL_NAME(name) JOIN(name, LEVEL)

#define STEPS (MEASURE_LANES / WIDTH)

/* WIDTH doubles side by side, and the floats that they come from (a GNU extension). */
typedef double doubles __attribute__((vector_size(8 * WIDTH)));
typedef float floats __attribute__((vector_size(4 * WIDTH)));
typedef int64_t integers __attribute__((vector_size(8 * WIDTH)));

#define INLINE static inline __attribute__((always_inline))

INLINE doubles widen(const float *from)
{
#if WIDTH == 8
    return (doubles)_mm512_cvtps_pd(_mm256_loadu_ps(from)); /* gcc 12 makes two halves of it */
#else
    floats v;
    memcpy(&v, from, sizeof v);
    return __builtin_convertvector(v, doubles);
#endif
}

/* The running sums of WIDTH residues. */
struct sums {
    doubles sse, sxx, syy, sxy, largest;
};

INLINE void add(struct sums *sums, const float *x, const float *y)
{
    doubles a = widen(x), b = widen(y), d = a - b;
    doubles e = (doubles)((integers)d & 0x7fffffffffffffff);
    integers larger = e > sums->largest;
    sums->sse += d * d;
    sums->sxx += a * a;
    sums->syy += b * b;
    sums->sxy += a * b;
    sums->largest = (doubles)((larger & (integers)e) | (~larger & (integers)sums->largest));
}

INLINE void put(double *to, doubles v)
{
    memcpy(to, &v, sizeof v);
}

/* The last elements with zeros after them, which change no sum. */
INLINE void pad(float to[MEASURE_LANES], const float *from, size_t n)
{
    memset(to, 0, MEASURE_LANES * sizeof *to);
    memcpy(to, from, n * sizeof *to);
}

void LEVEL_NAME(measure_sums)(const float *x, const float *y, size_t n, struct measure_sums *ret)
{
    struct sums sums[STEPS] = { 0 };
    float last_x[MEASURE_LANES], last_y[MEASURE_LANES];
    size_t whole = n / MEASURE_LANES * MEASURE_LANES;
    for (size_t i = 0; i < whole; i += MEASURE_LANES)
        for (size_t j = 0; j < STEPS; j++)
            add(&sums[j], x + i + j * WIDTH, y + i + j * WIDTH);
    pad(last_x, x + whole, n - whole);
    pad(last_y, y + whole, n - whole);
    for (size_t j = 0; j < STEPS; j++) {
        add(&sums[j], last_x + j * WIDTH, last_y + j * WIDTH);
        put(ret->sse + j * WIDTH, sums[j].sse);
        put(ret->sxx + j * WIDTH, sums[j].sxx);
        put(ret->syy + j * WIDTH, sums[j].syy);
        put(ret->sxy + j * WIDTH, sums[j].sxy);
        for (size_t k = 0; k < WIDTH; k++)
            ret->largest[j * WIDTH + k] = (float)sums[j].largest[k];
    }
}

struct weighted {
    doubles sse, sxx;
};

INLINE void add_weighted(struct weighted *sums, const float *x, const float *y, const float *h)
{
    doubles a = widen(x), d = a - widen(y), w = widen(h);
    sums->sse += w * (d * d);
    sums->sxx += w * (a * a);
}

void LEVEL_NAME(measure_weighted)(const float *x, const float *y, const float *h, size_t n,
                                  struct measure_weighted *ret)
{
    struct weighted sums[STEPS];
    float last[3][MEASURE_LANES];
    size_t whole = n / MEASURE_LANES * MEASURE_LANES;
    for (size_t j = 0; j < STEPS; j++) {
        memcpy(&sums[j].sse, &ret->sse[j * WIDTH], sizeof sums[j].sse);
        memcpy(&sums[j].sxx, &ret->sxx[j * WIDTH], sizeof sums[j].sxx);
    }
    for (size_t i = 0; i < whole; i += MEASURE_LANES)
        for (size_t j = 0, k = i; j < STEPS; j++, k += WIDTH)
            add_weighted(&sums[j], x + k, y + k, h + k);
    pad(last[0], x + whole, n - whole);
    pad(last[1], y + whole, n - whole);
    pad(last[2], h + whole, n - whole);
    for (size_t j = 0, k = 0; j < STEPS; j++, k += WIDTH) {
        add_weighted(&sums[j], last[0] + k, last[1] + k, last[2] + k);
        put(ret->sse + k, sums[j].sse);
        put(ret->sxx + k, sums[j].sxx);
    }
}
