/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The search of levels.c in lanes: one group in each. Two candidates at a time, because the sums of
 * one are a chain of additions.
 */
#include "ggml/lanes/lanes_levels.h"
#include "ggml/lanes/lanes_nearest.h"

void lanes_levels_weights(const struct block_lanes *blocks, uint32_t first, const lanes *x,
                          lanes spread, lanes *weights)
{
    const float *rows[LANES];

    if (!blocks->has_importance) {
        for (uint32_t i = 0; i < LEVELS_GROUP; i++) {
            weights[i] = x[i] * x[i];
        }
        return;
    }
    for (uint32_t lane = 0; lane < LANES; lane++) {
        rows[lane] = blocks->context[lane].importance;
    }
    lanes_gather(rows, first, LEVELS_GROUP, weights);
    for (uint32_t i = 0; i < LEVELS_GROUP; i++) {
        weights[i] = weights[i] * lanes_root(spread + x[i] * x[i]);
    }
}

struct sums_lanes {
    lanes xl; /* sums of w l x */
    lanes ll; /* sums of w l l */
};

LANES_INLINE void sums_add(lanes x, lanes weight, lanes inverse, struct sums_lanes *sums)
{
    lanes level = wide_pick(level_values, nearest(inverse * x));
    lanes wl = weight * level;

    sums->xl = sums->xl + wl * x;
    sums->ll = sums->ll + wl * level;
}

/* The sums of the fits with two inverse scales. */
LANES_INLINE void try_two(const lanes *x, const lanes *weights, const lanes *inverse,
                          struct sums_lanes *ret_sums)
{
    const struct sums_lanes none = { lanes_all(0.0f), lanes_all(0.0f) };
    struct sums_lanes a = none;
    struct sums_lanes b = none;

    for (uint32_t i = 0; i < LEVELS_GROUP; i++) {
        sums_add(x[i], weights[i], inverse[0], &a);
        sums_add(x[i], weights[i], inverse[1], &b);
    }
    ret_sums[0] = a;
    ret_sums[1] = b;
}

/* Takes over the fit in the lanes where it is better. */
LANES_INLINE void take_better(const struct sums_lanes *fit, lanes *scale, lanes *best)
{
    mlanes better = lanes_less(*best * fit->ll, fit->xl * fit->xl);

    better = lanes_and(better, lanes_less(lanes_all(0.0f), fit->ll));
    *scale = lanes_choose(better, fit->xl / fit->ll, *scale);
    *best = lanes_choose(better, *scale * fit->xl, *best);
}

lanes lanes_levels_search(const lanes *x, const lanes *weights)
{
    const lanes zero = lanes_all(0.0f);
    const lanes lowest = lanes_all(level_values[0]);
    lanes max = zero;
    struct sums_lanes fits[2];

    for (uint32_t i = 0; i < LEVELS_GROUP; i++) {
        mlanes larger = lanes_less(lanes_magnitude(max), lanes_magnitude(x[i]));
        max = lanes_choose(larger, x[i], max);
    }
    lanes inverse[2] = { lanes_all(1.0f) / (-max / lowest),
                         (lanes_all((float)-LEVELS_TRIES) + lowest) / max };
    try_two(x, weights, inverse, fits);
    lanes scale = lanes_choose(lanes_less(zero, fits[0].ll), fits[0].xl / fits[0].ll, zero);
    lanes best = scale * fits[0].xl;
    take_better(&fits[1], &scale, &best);
    for (int32_t step = 1 - LEVELS_TRIES; step <= LEVELS_TRIES; step += 2) {
        inverse[0] = (lanes_all((float)step) + lowest) / max;
        inverse[1] = (lanes_all((float)(step + 1)) + lowest) / max;
        try_two(x, weights, inverse, fits);
        take_better(&fits[0], &scale, &best);
        take_better(&fits[1], &scale, &best);
    }
    mlanes is_zero = lanes_less(lanes_magnitude(max), lanes_all(SEARCH_ALL_ZERO));
    return lanes_choose(is_zero, zero, scale);
}

void lanes_levels_encode(const lanes *x, lanes inverse, uint32_t n, uint8_t *const *bytes)
{
    const uint32_t half = LEVELS_GROUP / 2;
    ilanes words[LEVELS_GROUP / 8]; /* of four bytes each */

    for (uint32_t i = 0; i < half; i++) {
        ilanes high = wide_left(nearest(inverse * x[i + half]), 4);
        ilanes pair = ilanes_or(nearest(inverse * x[i]), high);
        ilanes word = i % 4 == 0 ? ilanes_all(0) : words[i / 4];
        words[i / 4] = ilanes_or(word, wide_left(pair, i % 4 * 8));
    }
    for (uint32_t k = 0; k < LEVELS_GROUP / 8; k++) {
        LANES_ALIGNED int32_t row[LANES];
        memcpy(row, &words[k], sizeof(row));
        for (uint32_t lane = 0; lane < n; lane++) {
            memcpy(bytes[lane] + 4 * k, &row[lane], 4);
        }
    }
}
