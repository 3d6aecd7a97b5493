/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Weights from codes of one byte each: the last step of most decoders. n is a multiple of 16.
 */
#ifndef PARE_PLUGINS_GGML_WEIGHTS_H
#define PARE_PLUGINS_GGML_WEIGHTS_H

#include "ggml/wide.h"

/* x[i] = (codes[i] - half) * scale. */
static inline void weights_symmetric(const uint8_t *codes, uint32_t n, int32_t half, float scale,
                                     float *x)
{
#if LANES > 0
    for (uint32_t i = 0; i < n; i += LANES) {
        lanes level = wide_floats(wide_bytes(codes + i)) - lanes_all((float)half);
        wide_store(x + i, level * lanes_all(scale));
    }
#else
    for (uint32_t i = 0; i < n; i++) {
        x[i] = (float)(codes[i] - half) * scale;
    }
#endif
}

/* x[i] = codes[i] * scale, where codes are signed. */
static inline void weights_signed(const uint8_t *codes, uint32_t n, float scale, float *x)
{
#if LANES > 0
    for (uint32_t i = 0; i < n; i += LANES) {
        wide_store(x + i, wide_floats(wide_signed_bytes(codes + i)) * lanes_all(scale));
    }
#else
    for (uint32_t i = 0; i < n; i++) {
        x[i] = (float)(int8_t)codes[i] * scale;
    }
#endif
}

/* x[i] = codes[i] * scale + low. */
static inline void weights_affine(const uint8_t *codes, uint32_t n, float scale, float low,
                                  float *x)
{
#if LANES > 0
    for (uint32_t i = 0; i < n; i += LANES) {
        lanes level = wide_floats(wide_bytes(codes + i));
        wide_store(x + i, level * lanes_all(scale) + lanes_all(low));
    }
#else
    for (uint32_t i = 0; i < n; i++) {
        x[i] = (float)codes[i] * scale + low;
    }
#endif
}

/* x[i] = table[codes[i]] * scale, where codes are below 16. */
static inline void weights_table(const uint8_t *codes, uint32_t n, const float *table, float scale,
                                 float *x)
{
#if LANES > 0
    for (uint32_t i = 0; i < n; i += LANES) {
        wide_store(x + i, wide_pick(table, wide_bytes(codes + i)) * lanes_all(scale));
    }
#else
    for (uint32_t i = 0; i < n; i++) {
        x[i] = table[codes[i]] * scale;
    }
#endif
}

#endif
