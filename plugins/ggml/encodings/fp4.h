/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Floats of four bits, E2M1 of the OCP Microscaling formats: a sign, two bits of exponent, one of
 * mantissa: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives. Used by mxfp4 and nvfp4.
 *
 * As in ggml, everything is counted in half units: the values here are twice those, and scales
 * half of what they stand for. Code 8, minus zero, decodes to plus zero and is never written.
 */
#ifndef PARE_PLUGINS_GGML_FP4_H
#define PARE_PLUGINS_GGML_FP4_H

#include <math.h>
#include <stdint.h>

#include "ggml/wide.h"

#define FP4_GROUP 32  /* weights, at most, with one scale */
#define FP4_SIGN 8    /* the bit of a code */
#define FP4_LARGEST 7 /* the code of 6.0 */

/* clang-format off */
static const float fp4_values[16] = {
    0.0f, 1.0f,  2.0f,  3.0f,  4.0f,  6.0f,  8.0f,  12.0f,
    0.0f, -1.0f, -2.0f, -3.0f, -4.0f, -6.0f, -8.0f, -12.0f,
};
/* clang-format on */

/* The codes of n <= FP4_GROUP weights: the values nearest to x / unit, unit >= 0; of equally near
 * ones that of the least magnitude. Differences are rounded to floats before they are compared, so
 * that weights beyond 2^29 units, which all differences leave as they are, are code 0. */
static inline void fp4_search(const float *x, uint32_t n, float unit, uint8_t *codes)
{
    float errors[FP4_GROUP];
    float least[FP4_GROUP]; /* of the errors; those of code 0 to begin with */
    int32_t nearest[FP4_GROUP];

    for (uint32_t i = 0; i < n; i++) {
        least[i] = fabsf(x[i]);
        nearest[i] = 0;
    }
    for (int32_t code = 1; code <= FP4_LARGEST; code++) {
        float value = fp4_values[code] * unit;
        for (uint32_t i = 0; i < n; i++) {
            errors[i] = fabsf(value - fabsf(x[i]));
            nearest[i] = errors[i] < least[i] ? code : nearest[i];
        }
        /* A loop of its own: in one, gcc makes both choices a branch, eight times as slow. */
        for (uint32_t i = 0; i < n; i++) {
            least[i] = errors[i] < least[i] ? errors[i] : least[i];
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        codes[i] = (uint8_t)(nearest[i] | (x[i] < 0.0f && nearest[i] != 0 ? FP4_SIGN : 0));
    }
}

#if LANES > 0

/* The codes of magnitudes, one bit after the other: each time the middle of what is left, which the
 * bits so far lead to. */
LANES_INLINE ilanes fp4_nearest(lanes magnitude, float unit)
{
    static const float second[16] = { 1.5f, 0.0f, 0.0f, 0.0f, 7.0f, 0.0f, 0.0f, 0.0f,
                                      1.5f, 0.0f, 0.0f, 0.0f, 7.0f, 0.0f, 0.0f, 0.0f };
    static const float third[16] = { 0.5f, 0.0f, 2.5f, 0.0f, 5.0f, 0.0f, 10.0f, 0.0f,
                                     0.5f, 0.0f, 2.5f, 0.0f, 5.0f, 0.0f, 10.0f, 0.0f };
    mlanes above = lanes_less(lanes_all(3.5f * unit), magnitude);
    ilanes code = wide_where(above, 4);

    above = lanes_less(wide_pick_8(second, code) * lanes_all(unit), magnitude);
    code = ilanes_or(code, wide_where(above, 2));
    above = lanes_less(wide_pick_8(third, code) * lanes_all(unit), magnitude);
    return ilanes_or(code, wide_where(above, 1));
}

#endif

/* The same, where `largest` is the largest magnitude. As long as it is no more than 2^20 units, all
 * differences that matter are exact, and the middles between neighbouring values decide. */
static inline void fp4_encode(const float *x, uint32_t n, float largest, float unit, uint8_t *codes)
{
#if LANES > 0
    if (largest <= 0x1p20f * unit) {
        for (uint32_t i = 0; i < n; i += LANES) {
            lanes values = wide_load(x + i);
            mlanes minus = lanes_less(values, lanes_all(-0.5f * unit));
            ilanes code = fp4_nearest(lanes_magnitude(values), unit);
            wide_bytes_store(codes + i, ilanes_or(code, wide_where(minus, FP4_SIGN)));
        }
        return;
    }
#endif
    (void)largest;
    fp4_search(x, n, unit, codes);
}

#endif
