/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The codes that fit a scale as it is stored. Every block with searched scales makes its codes anew
 * with it: the ones of the search fit the scale before it was rounded.
 */
#ifndef PARE_PLUGINS_GGML_RECODE_H
#define PARE_PLUGINS_GGML_RECODE_H

#include "ggml/search/search.h"
#include "ggml/wide.h"

/* codes[i] = the integer nearest to (x[i] + shift) / scale, held in [low, high], less low. n is a
 * multiple of 16. */
static inline void recode(const float *x, uint32_t n, float shift, float scale, int32_t low,
                          int32_t high, uint8_t *codes)
{
#if LANES > 0
    for (uint32_t i = 0; i < n; i += LANES) {
        lanes level = lanes_level((wide_load(x + i) + lanes_all(shift)) / lanes_all(scale), low,
                                  high);
        wide_bytes_store(codes + i, wide_cut(level - lanes_all((float)low)));
    }
#else
    for (uint32_t i = 0; i < n; i++) {
        codes[i] = (uint8_t)(clamp_int(round_even((x[i] + shift) / scale), low, high) - low);
    }
#endif
}

#endif
