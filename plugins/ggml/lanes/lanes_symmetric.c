/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * search_symmetric of search.c in lanes.
 *
 * The sums of all candidates come first, a few candidates side by side, because none depends on
 * another; then the best is chosen in the reference's order.
 */
#include "ggml/lanes/lanes_symmetric.h"

#include <float.h>

#define CANDIDATES 19 /* the first, and the steps -9 to 9 but 0 */
#define AT_ONCE 3

/* What is found: codes are those of the levels nearest to inverse * x. */
struct scaled_lanes {
    lanes scale;
    lanes inverse;
};

struct group_lanes {
    const lanes *x;
    const lanes *weights;
    uint32_t n;
    int32_t half;
    lanes products[SEARCH_MAX]; /* weights * x */
    lanes inverse[CANDIDATES];
    lanes xl[CANDIDATES];
    lanes ll[CANDIDATES];
};

/* The sums of candidates [first, first + n), n <= AT_ONCE. */
LANES_INLINE void try_some(struct group_lanes *group, uint32_t first, uint32_t n, enum hold hold)
{
    lanes xl[AT_ONCE];
    lanes ll[AT_ONCE];

    for (uint32_t k = 0; k < n; k++) {
        xl[k] = lanes_all(0.0f);
        ll[k] = lanes_all(0.0f);
    }
    for (uint32_t i = 0; i < group->n; i++) {
        for (uint32_t k = 0; k < n; k++) {
            lanes scaled = group->inverse[first + k] * group->x[i];
            lanes level = lanes_held(scaled, -group->half, group->half - 1, hold);
            xl[k] = xl[k] + group->products[i] * level;
            ll[k] = ll[k] + group->weights[i] * level * level;
        }
    }
    for (uint32_t k = 0; k < n; k++) {
        group->xl[first + k] = xl[k];
        group->ll[first + k] = ll[k];
    }
}

/* Candidates of finite values: 0 and 10 to 13 have the steps 0 to 4, 1 to 9 the negative ones. The
 * scaled extreme is the candidate's own -(half + step / 10), except for rounding, and no other is
 * farther from 0: below step 5 none rounds to less than -half, nor below step -5 to half. */
LANES_INLINE void try_finite(struct group_lanes *group)
{
    try_some(group, 0, 2, HOLD_ABOVE);
    try_some(group, 2, 3, HOLD_NONE);
    for (uint32_t i = 5; i < 14; i += 3) {
        try_some(group, i, 3, HOLD_ABOVE);
    }
    try_some(group, 14, 2, HOLD_BOTH);
    try_some(group, 16, 3, HOLD_BOTH);
}

/* Prepares a group. Gives the extreme values, and whether all are finite. */
LANES_INLINE int group_begin(struct group_lanes *group, lanes *ret_extreme)
{
    lanes largest = lanes_extreme(group->x, group->n);
    mlanes finite = lanes_every();

    for (uint32_t i = 0; i < group->n; i++) {
        lanes magnitude = lanes_magnitude(group->x[i]);
        finite = lanes_and(finite, lanes_at_most(magnitude, lanes_all(FLT_MAX)));
        group->products[i] = group->weights[i] * group->x[i];
    }
    *ret_extreme = largest;
    group->inverse[0] = lanes_all((float)-group->half) / largest;
    for (int32_t step = 1; step <= 9; step++) {
        float less = -((float)group->half + 0.1f * (float)-step);
        float more = -((float)group->half + 0.1f * (float)step);
        group->inverse[10 - step] = lanes_all(less) / largest;
        group->inverse[9 + step] = lanes_all(more) / largest;
    }
    return !lanes_any(lanes_without(lanes_every(), finite));
}

/* The best candidate, of equals the first. */
LANES_INLINE struct scaled_lanes choose_best(const struct group_lanes *group)
{
    const lanes zero = lanes_all(0.0f);
    struct scaled_lanes found = { group->xl[0] / group->ll[0], group->inverse[0] };

    found.scale = lanes_choose(lanes_equal(group->ll[0], zero), zero, found.scale);
    lanes best = found.scale * group->xl[0];
    for (uint32_t k = 1; k < CANDIDATES; k++) {
        lanes xl = group->xl[k];
        lanes ll = group->ll[k];
        lanes scale = xl / ll;
        mlanes better = lanes_and(lanes_less(zero, ll), lanes_less(best * ll, xl * xl));
        best = lanes_choose(better, scale * xl, best);
        found.scale = lanes_choose(better, scale, found.scale);
        found.inverse = lanes_choose(better, group->inverse[k], found.inverse);
    }
    return found;
}

lanes lanes_symmetric(const lanes *x, uint32_t n, int32_t half, const lanes *weights,
                      lanes *ret_levels)
{
    const lanes zero = lanes_all(0.0f);
    struct group_lanes group;
    lanes squares[SEARCH_MAX];
    lanes largest;

    for (uint32_t i = 0; !weights && i < n; i++) {
        squares[i] = x[i] * x[i];
    }
    group.x = x;
    group.weights = weights ? weights : squares;
    group.n = n;
    group.half = half;
    int finite = group_begin(&group, &largest);
    mlanes is_zero = lanes_less(lanes_magnitude(largest), lanes_all(SEARCH_ALL_ZERO));
    if (finite) {
        try_finite(&group);
    } else {
        for (uint32_t i = 0; i < CANDIDATES; i++) {
            try_some(&group, i, 1, HOLD_ANY);
        }
    }
    struct scaled_lanes found = choose_best(&group);
    for (uint32_t i = 0; ret_levels && i < n; i++) {
        lanes level = lanes_level(found.inverse * x[i], -half, half - 1);
        ret_levels[i] = lanes_choose(is_zero, lanes_all((float)-half), level);
    }
    return lanes_choose(is_zero, zero, found.scale);
}
