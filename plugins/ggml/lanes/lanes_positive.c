/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * search_positive of search.c in lanes: nine candidates, then the refinement of lanes_refine.h.
 */
#include "ggml/lanes/lanes_positive.h"
#include "ggml/lanes/lanes_refine.h"

LANES_INLINE lanes error_of(const lanes *x, uint32_t n, const lanes *weights, const lanes *levels,
                            lanes inverse)
{
    lanes scale = lanes_all(1.0f) / inverse;
    lanes sum = lanes_all(0.0f);

    for (uint32_t i = 0; i < n; i++) {
        lanes difference = x[i] - scale * levels[i];
        sum = sum + weights[i] * difference * difference;
    }
    return sum;
}

/* The best of nine inverse scales about top / max. */
LANES_INLINE lanes best_inverse(const lanes *x, uint32_t n, int32_t top, const lanes *weights,
                                lanes max)
{
    lanes levels[SEARCH_MAX];
    lanes inverse = lanes_all((float)top) / max;

    for (uint32_t i = 0; i < n; i++) {
        levels[i] = lanes_byte_level(inverse * x[i]);
    }
    lanes best = error_of(x, n, weights, levels, inverse);
    for (int32_t step = -4; step <= 4; step++) {
        if (step == 0) {
            continue;
        }
        lanes candidate = lanes_all(0.1f * (float)step + (float)top) / max;
        for (uint32_t i = 0; i < n; i++) {
            levels[i] = capped_level(candidate * x[i], top);
        }
        lanes error = error_of(x, n, weights, levels, candidate);
        mlanes better = lanes_less(error, best);
        best = lanes_choose(better, error, best);
        inverse = lanes_choose(better, candidate, inverse);
    }
    return inverse;
}

lanes lanes_positive(const lanes *x, uint32_t n, int32_t top, const lanes *weights,
                     lanes *ret_levels)
{
    const lanes zero = lanes_all(0.0f);
    lanes max = zero;
    struct refinement_lanes group = {
        .x = x, .weights = weights, .levels = ret_levels, .xl = zero, .ll = zero
    };

    for (uint32_t i = 0; i < n; i++) {
        max = lanes_greater(max, x[i]);
    }
    const mlanes is_zero = lanes_less(max, lanes_all(SEARCH_ALL_ZERO));
    lanes inverse = best_inverse(x, n, top, weights, max);
    for (uint32_t i = 0; i < n; i++) {
        lanes level = capped_level(inverse * x[i], top);
        ret_levels[i] = lanes_byte_level(level);
        group.xl = group.xl + weights[i] * x[i] * level;
        group.ll = group.ll + weights[i] * level * level;
    }
    refine_groups(&group, 1, n, 0, top);
    lanes scale = refined_scale(&group);
    for (uint32_t i = 0; i < n; i++) {
        ret_levels[i] = lanes_choose(is_zero, zero, ret_levels[i]);
    }
    return lanes_choose(is_zero, zero, scale);
}
