/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The weights of tq1_0 and tq2_0: 256 levels -1, 0 and 1 with one scale. x = d * (code - 1).
 *
 * They are meant for models that were trained to have just three values per tensor: d is the
 * largest magnitude, and nothing is searched. Importance is not used.
 */
#ifndef PARE_PLUGINS_GGML_TERNARY_H
#define PARE_PLUGINS_GGML_TERNARY_H

#include "ggml/blocks.h"

#define TERNARY_LEN 256

/* Gives d, not rounded to a half yet, and the codes 0, 1 and 2: x / d rounded half away from zero.
 * Where d is 0, or so small that its inverse overflows, all codes are 1: a half of d is 0 then. */
static inline float ternary_encode(const float *x, uint8_t *codes)
{
    float d = largest_magnitude(x, TERNARY_LEN);
    float inverse = d != 0.0f ? 1.0f / d : 0.0f;
    inverse = inverse < INFINITY ? inverse : 0.0f;
#if LANES > 0
    for (int i = 0; i < TERNARY_LEN; i += LANES) {
        lanes value = wide_load(x + i) * lanes_all(inverse);
        ilanes up = wide_where(lanes_at_most(lanes_all(0.5f), value), 1);
        ilanes down = wide_where(lanes_at_most(value, lanes_all(-0.5f)), -1);
        wide_bytes_store(codes + i, wide_add(ilanes_all(1), ilanes_or(up, down)));
    }
#else
    for (int i = 0; i < TERNARY_LEN; i++) {
        float value = x[i] * inverse;
        codes[i] = (uint8_t)(1 + (value >= 0.5f) - (value <= -0.5f));
    }
#endif
    return d;
}

#endif
