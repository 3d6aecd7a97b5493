/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* search_affine of search.c in lanes: see lanes_search.h. */
#include "lanes_search.h"

/* What stays the same while groups are searched. */
struct group_lanes {
    const lanes *x;
    const lanes *weights;
    uint32_t n;
    int32_t top;
    int absolute;
    lanes sum_w;
    lanes sum_wx;
};

/* The sums of a fit. */
struct fit_lanes {
    lanes l;
    lanes ll;
    lanes lx;
};

/* The levels that `inverse` and `from` give, and their sums. */
LANES_INLINE struct fit_lanes try_levels(const struct group_lanes *group, lanes inverse,
                                         lanes from, lanes *levels)
{
    struct fit_lanes fit = {lanes_all(0.0f), lanes_all(0.0f), lanes_all(0.0f)};

    for (uint32_t i = 0; i < group->n; i++) {
        lanes level = lanes_level(inverse * (group->x[i] - from), 0, group->top);
        lanes wl = group->weights[i] * level;
        levels[i] = level;
        fit.l = fit.l + wl;
        fit.ll = fit.ll + wl * level;
        fit.lx = fit.lx + wl * group->x[i];
    }
    return fit;
}

LANES_INLINE lanes error_of(const struct group_lanes *group, lanes scale, lanes min,
                            const lanes *levels)
{
    lanes sum = lanes_all(0.0f);

    for (uint32_t i = 0; i < group->n; i++) {
        lanes difference = scale * levels[i] + min - group->x[i];
        lanes error = difference * difference;
        if (group->absolute) {
            error = lanes_magnitude(difference);
        }
        sum = sum + group->weights[i] * error;
    }
    return sum;
}

/* Fits scale and min <= 0 in *found. Gives the lanes whose codes are not all the same. */
LANES_INLINE mlanes fit_affine(const struct group_lanes *group, const struct fit_lanes *fit,
                               struct lanes_found *found)
{
    const lanes zero = lanes_all(0.0f);
    lanes determinant = group->sum_w * fit->ll - fit->l * fit->l;
    lanes min = (fit->ll * group->sum_wx - fit->l * fit->lx) / determinant;
    lanes scale = (group->sum_w * fit->lx - group->sum_wx * fit->l) / determinant;
    mlanes positive = lanes_less(zero, min);

    found->min = lanes_choose(positive, zero, min);
    found->scale = scale;
    if (lanes_any(positive)) {
        found->scale = lanes_choose(positive, fit->lx / fit->ll, scale);
    }
    return lanes_less(zero, determinant);
}

/* Takes over in `best` what `tried` has in the lanes of the mask. */
LANES_INLINE void found_choose(mlanes mask, const struct lanes_found *tried,
                               struct lanes_found *best)
{
    best->scale = lanes_choose(mask, tried->scale, best->scale);
    best->min = lanes_choose(mask, tried->min, best->min);
    best->inverse = lanes_choose(mask, tried->inverse, best->inverse);
    best->from = lanes_choose(mask, tried->from, best->from);
}

/* The smallest weight of each group, at most 0, and the largest; and the group's own sums. */
LANES_INLINE void group_begin(struct group_lanes *group, lanes *ret_low, lanes *ret_high)
{
    const lanes zero = lanes_all(0.0f);
    lanes low = group->x[0];
    lanes high = group->x[0];

    group->sum_w = group->weights[0];
    group->sum_wx = group->weights[0] * group->x[0];
    for (uint32_t i = 1; i < group->n; i++) {
        low = lanes_lesser(group->x[i], low);
        high = lanes_greater(group->x[i], high);
        group->sum_w = group->sum_w + group->weights[i];
        group->sum_wx = group->sum_wx + group->weights[i] * group->x[i];
    }
    *ret_low = lanes_choose(lanes_less(zero, low), zero, low);
    *ret_high = high;
}

LANES_INLINE struct lanes_found search_groups(const struct affine_search *search,
                                              struct group_lanes group)
{
    lanes levels[SEARCH_MAX];
    lanes min;
    lanes max;

    group_begin(&group, &min, &max);
    const struct lanes_found flat = {lanes_all(0.0f), min, lanes_all(0.0f), min};
    const mlanes is_flat = lanes_at_most(max, min);
    struct lanes_found best = {.min = min, .from = min};
    best.inverse = lanes_all((float)group.top) / (max - min);
    best.scale = lanes_all(1.0f) / best.inverse;
    (void)try_levels(&group, best.inverse, min, levels);
    lanes least = error_of(&group, best.scale, min, levels);
    for (int32_t step = 0; step <= search->steps; step++) {
        float reach = search->first + search->step * (float)step + (float)group.top;
        struct lanes_found tried = {.from = best.min};
        tried.inverse = lanes_all(reach) / (max - best.min);
        struct fit_lanes fit = try_levels(&group, tried.inverse, tried.from, levels);
        mlanes fits = fit_affine(&group, &fit, &tried);
        lanes error = error_of(&group, tried.scale, tried.min, levels);
        mlanes better = lanes_and(fits, lanes_less(error, least));
        least = lanes_choose(better, error, least);
        found_choose(better, &tried, &best);
    }
    found_choose(is_flat, &flat, &best);
    best.min = -best.min;
    return best;
}

/* One copy of the search for each length and way to judge: their loops unroll. */
struct lanes_found lanes_affine(const struct affine_search *search, const lanes *x,
                                const lanes *weights, uint32_t n)
{
    struct group_lanes group = {.x = x, .weights = weights, .top = search->top};

    if (n == 32) {
        group.n = 32;
        return search_groups(search, group);
    }
    group.n = 16;
    group.absolute = search->absolute;
    return search_groups(search, group);
}
