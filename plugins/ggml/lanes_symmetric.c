/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * search_symmetric and search_refined of search.c in lanes: see lanes_search.h. Two candidates at a
 * time, because the sums of one are a chain of additions.
 */
#include "lanes_refine.h"

/* What stays the same while groups are searched. */
struct symmetric_lanes {
    const lanes *x;
    const lanes *weights;
    lanes wx[SEARCH_MAX];
    uint32_t n;
    int32_t half;
    lanes max; /* the extreme weights */
};

LANES_INLINE lanes level_of(const struct symmetric_lanes *group, lanes inverse, uint32_t i)
{
    return lanes_level(inverse * group->x[i], -group->half, group->half - 1);
}

LANES_INLINE void line_add(const struct symmetric_lanes *group, uint32_t i, lanes level,
                           struct line_lanes *fit)
{
    fit->xl = fit->xl + group->wx[i] * level;
    fit->ll = fit->ll + group->weights[i] * level * level;
}

LANES_INLINE struct line_lanes no_line(void)
{
    return (struct line_lanes){lanes_all(0.0f), lanes_all(0.0f)};
}

/* Takes over the fit of a candidate in the lanes where it is better. */
LANES_INLINE void line_choose(const struct line_lanes *fit, lanes inverse, lanes *scale,
                              lanes *best, lanes *best_inverse)
{
    mlanes better = lanes_less(*best * fit->ll, fit->xl * fit->xl);

    better = lanes_and(better, lanes_less(lanes_all(0.0f), fit->ll));
    *scale = lanes_choose(better, fit->xl / fit->ll, *scale);
    *best = lanes_choose(better, *scale * fit->xl, *best);
    *best_inverse = lanes_choose(better, inverse, *best_inverse);
}

LANES_INLINE void try_two(const struct symmetric_lanes *group, int32_t first, int32_t second,
                          lanes *scale, lanes *best, lanes *best_inverse)
{
    const float half = (float)group->half;
    lanes a = lanes_all(-(half + 0.1f * (float)first)) / group->max;
    lanes b = lanes_all(-(half + 0.1f * (float)second)) / group->max;
    struct line_lanes fit_a = no_line();
    struct line_lanes fit_b = no_line();

    for (uint32_t i = 0; i < group->n; i++) {
        line_add(group, i, level_of(group, a, i), &fit_a);
        line_add(group, i, level_of(group, b, i), &fit_b);
    }
    line_choose(&fit_a, a, scale, best, best_inverse);
    line_choose(&fit_b, b, scale, best, best_inverse);
}

/* Candidates -9 to 9 without 0, which comes first. */
LANES_INLINE lanes search_group(struct symmetric_lanes *group, lanes *ret_inverse)
{
    const lanes zero = lanes_all(0.0f);
    struct line_lanes fit = no_line();
    lanes inverse = lanes_all((float)-group->half) / group->max;

    for (uint32_t i = 0; i < group->n; i++) {
        group->wx[i] = group->weights[i] * group->x[i];
        line_add(group, i, level_of(group, inverse, i), &fit);
    }
    lanes scale = lanes_choose(lanes_equal(fit.ll, zero), zero, fit.xl / fit.ll);
    lanes best = scale * fit.xl;
    for (int32_t k = 0; k < 9; k++) {
        int32_t first = k < 5 ? 2 * k - 9 : 2 * k - 8; /* -9 -7 -5 -3 -1 2 4 6 8 */
        int32_t second = k == 4 ? 1 : first + 1;
        try_two(group, first, second, &scale, &best, &inverse);
    }
    *ret_inverse = inverse;
    return scale;
}

/* The extreme of each group, and which have none to speak of. */
LANES_INLINE mlanes find_extremes(struct symmetric_lanes *group)
{
    lanes max = lanes_all(0.0f);

    for (uint32_t i = 0; i < group->n; i++) {
        mlanes larger = lanes_less(lanes_magnitude(max), lanes_magnitude(group->x[i]));
        max = lanes_choose(larger, group->x[i], max);
    }
    group->max = max;
    return lanes_less(lanes_magnitude(max), lanes_all(SEARCH_ALL_ZERO));
}

/* The scales, and where they are wanted the levels; of groups that are zero the level of code 0. */
LANES_INLINE lanes search_levels(struct symmetric_lanes *group, lanes *ret_levels)
{
    const mlanes is_zero = find_extremes(group);
    lanes inverse;
    lanes scale = search_group(group, &inverse);

    for (uint32_t i = 0; ret_levels != NULL && i < group->n; i++) {
        ret_levels[i] = lanes_choose(is_zero, lanes_all((float)-group->half),
                                     level_of(group, inverse, i));
    }
    return lanes_choose(is_zero, lanes_all(0.0f), scale);
}

/* One copy of the search for each length: their loops unroll. */
lanes lanes_symmetric(const lanes *x, uint32_t n, int32_t half, const lanes *weights,
                      lanes *ret_levels)
{
    lanes squares[SEARCH_MAX];
    struct symmetric_lanes group;

    for (uint32_t i = 0; weights == NULL && i < n; i++) {
        squares[i] = x[i] * x[i];
    }
    group.x = x;
    group.half = half;
    group.weights = weights != NULL ? weights : squares;
    if (n == 16) {
        group.n = 16;
        return search_levels(&group, ret_levels);
    }
    group.n = 32;
    return search_levels(&group, ret_levels);
}

lanes lanes_refined(const lanes *x, uint32_t n, int32_t half, lanes *ret_levels)
{
    lanes squares[SEARCH_MAX];
    struct symmetric_lanes group;
    const struct refine_lanes refined = {x, squares, n, half, half - 1};
    struct line_lanes fit = no_line();

    group.x = x;
    group.weights = squares;
    group.n = n;
    group.half = half;
    const mlanes is_zero = find_extremes(&group);
    lanes inverse = lanes_all((float)-half) / group.max;
    for (uint32_t i = 0; i < n; i++) {
        squares[i] = x[i] * x[i];
        group.wx[i] = squares[i] * x[i];
        ret_levels[i] = level_of(&group, inverse, i);
        line_add(&group, i, ret_levels[i], &fit);
    }
    lanes scale = refine_lanes(&refined, fit, ret_levels);
    for (uint32_t i = 0; i < n; i++) {
        ret_levels[i] = lanes_choose(is_zero, lanes_all((float)-half), ret_levels[i]);
    }
    return lanes_choose(is_zero, lanes_all(0.0f), scale);
}
