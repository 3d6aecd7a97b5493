/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The sums of measure.h. There are eight running ones of each, one for each residue of the index,
 * which are vectors where a CPU has them: all levels of instructions give the same bits.
 */
#ifndef WEIGHTS_MEASURE_SUMS_H
#define WEIGHTS_MEASURE_SUMS_H

#include <stddef.h>

#if defined(__x86_64__)
#define MEASURE_X86
#endif
#define MEASURE_LANES 8

struct measure_sums { /* of one residue of the index each */
    double sse[MEASURE_LANES], sxx[MEASURE_LANES], syy[MEASURE_LANES], sxy[MEASURE_LANES];
    float largest[MEASURE_LANES];
};

struct measure_weighted {
    double sse[MEASURE_LANES], sxx[MEASURE_LANES];
};

/* measure_sums: takes the sums of n elements, of which the first has the residue 0;
 * measure_weighted: adds to sums. What is not finite makes a sum so. */
#define MEASURE_LEVEL(level)                                                                \
    void measure_sums_##level(const float *x, const float *y, size_t n,                     \
                              struct measure_sums *ret_sums);                               \
    void measure_weighted_##level(const float *x, const float *y, const float *h, size_t n, \
                                  struct measure_weighted *sums)
MEASURE_LEVEL(c);
MEASURE_LEVEL(avx2);
MEASURE_LEVEL(avx512);

#endif
