/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* search_positive of search.c in lanes: see lanes_search.h. */
#include "lanes_search.h"

/* round_even(value) modulo 256, as a float. */
LANES_INLINE lanes byte_level(lanes value)
{
    ilanes low = ilanes_and(lanes_rounded_bits(value), ilanes_all(0xff));

    return lanes_of_bits(ilanes_or(low, ilanes_all(0x4b400000))) - lanes_all(LANES_ROUNDER);
}

/* round_even(value), at most top. */
LANES_INLINE lanes capped_level(lanes value, int32_t top)
{
    return lanes_level(value, -0x400000, top);
}

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
        levels[i] = byte_level(inverse * x[i]);
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

/* One sweep over the levels; gives 1 when some lane changed. A lane without a change in a sweep
 * has none in the next one either, so that lanes need not stop one by one. */
LANES_INLINE int refine_sweep(const lanes *x, uint32_t n, int32_t top, const lanes *weights,
                              lanes *levels, lanes *xl, lanes *ll)
{
    const lanes zero = lanes_all(0.0f);
    int changed = 0;

    for (uint32_t i = 0; i < n; i++) {
        lanes wx = weights[i] * x[i];
        lanes old = levels[i];
        lanes other_xl = *xl - wx * old;
        lanes other_ll = *ll - weights[i] * old * old;
        mlanes usable = lanes_and(lanes_less(zero, other_xl), lanes_less(zero, other_ll));
        lanes level = capped_level(x[i] * other_ll / other_xl, top);
        other_xl = other_xl + wx * level;
        other_ll = other_ll + weights[i] * level * level;
        mlanes better = lanes_less(*xl * *xl * other_ll, other_xl * other_xl * *ll);
        better = lanes_and(better, lanes_and(usable, lanes_less(zero, other_ll)));
        better = lanes_without(better, lanes_equal(level, old));
        levels[i] = lanes_choose(better, byte_level(level), old);
        *xl = lanes_choose(better, other_xl, *xl);
        *ll = lanes_choose(better, other_ll, *ll);
        changed |= lanes_any(better);
    }
    return changed;
}

lanes lanes_positive(const lanes *x, uint32_t n, int32_t top, const lanes *weights,
                     lanes *ret_levels)
{
    const lanes zero = lanes_all(0.0f);
    lanes max = zero;
    lanes xl = zero;
    lanes ll = zero;

    for (uint32_t i = 0; i < n; i++) {
        max = lanes_greater(max, x[i]);
    }
    const mlanes is_zero = lanes_less(max, lanes_all(SEARCH_ALL_ZERO));
    lanes inverse = best_inverse(x, n, top, weights, max);
    for (uint32_t i = 0; i < n; i++) {
        lanes level = capped_level(inverse * x[i], top);
        ret_levels[i] = byte_level(level);
        xl = xl + weights[i] * x[i] * level;
        ll = ll + weights[i] * level * level;
    }
    for (int sweep = 0; sweep < 5; sweep++) {
        if (!refine_sweep(x, n, top, weights, ret_levels, &xl, &ll)) {
            break;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        ret_levels[i] = lanes_choose(is_zero, zero, ret_levels[i]);
    }
    lanes scale = lanes_choose(lanes_less(zero, ll), xl / ll, zero);
    return lanes_choose(is_zero, zero, scale);
}
