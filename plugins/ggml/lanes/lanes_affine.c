/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * search_affine of search.c in lanes. Two groups are searched side by side
 * where there are two, because the sums of one are chains of additions.
 */
#include "ggml/lanes/lanes_affine.h"

#define PAIR 2

/* What stays the same while groups are searched. */
struct group_lanes {
    const lanes *x;
    const lanes *weights;
    lanes sum_w;
    lanes sum_wx;
    lanes low; /* the smallest weight */
    lanes min; /* the same, at most 0 */
    lanes max; /* the largest weight */
};

/* How all of them are searched; constants, so that loops unroll. */
struct affine_shape {
    uint32_t groups;
    uint32_t n;
    int32_t top;
    int absolute;
};

/* The sums of a fit. */
struct fit_lanes {
    lanes l;
    lanes ll;
    lanes lx;
};

/* How the levels that `tried` gives must be held in range. Rounding keeps order, so that the levels
 * of the smallest and the largest weight decide. Either of them may be the upper one: a fit's
 * `from` may lie beyond all weights. */
LANES_INLINE enum hold hold_of(const struct affine_shape *shape, const struct group_lanes *group,
                               const struct lanes_found *tried)
{
    const lanes limit = lanes_all(4194304.0f);
    mlanes small = lanes_every();
    mlanes below = lanes_every();
    mlanes above = lanes_every();

    for (uint32_t g = 0; g < shape->groups; g++) {
        lanes one = tried[g].inverse * (group[g].low - tried[g].from);
        lanes other = tried[g].inverse * (group[g].max - tried[g].from);
        lanes low = lanes_lesser(one, other);
        lanes high = lanes_greater(one, other);
        small = lanes_and(small, lanes_less(lanes_magnitude(one), limit));
        small = lanes_and(small, lanes_less(lanes_magnitude(other), limit));
        below = lanes_and(below, lanes_at_most(lanes_all(-0.5f), low));
        above = lanes_and(above, lanes_less(high, lanes_all((float)shape->top + 0.5f)));
    }
    if (lanes_any(lanes_without(lanes_every(), small))) {
        return HOLD_ANY;
    }
    if (lanes_any(lanes_without(lanes_every(), above))) {
        return HOLD_BOTH;
    }
    return lanes_any(lanes_without(lanes_every(), below)) ? HOLD_BELOW : HOLD_NONE;
}

/* The levels that the `inverse` and `from` of each group give, and their sums. */
LANES_INLINE void sum_levels(const struct affine_shape *shape, const struct group_lanes *group,
                             const struct lanes_found *tried, enum hold hold,
                             lanes levels[][SEARCH_MAX], struct fit_lanes *ret_fit)
{
    const lanes zero = lanes_all(0.0f);
    struct fit_lanes fit[PAIR] = { { zero, zero, zero }, { zero, zero, zero } };

    for (uint32_t i = 0; i < shape->n; i++) {
        for (uint32_t g = 0; g < shape->groups; g++) {
            lanes x = group[g].x[i];
            lanes level = lanes_held(tried[g].inverse * (x - tried[g].from), 0, shape->top, hold);
            lanes wl = group[g].weights[i] * level;
            levels[g][i] = level;
            fit[g].l = fit[g].l + wl;
            fit[g].ll = fit[g].ll + wl * level;
            fit[g].lx = fit[g].lx + wl * x;
        }
    }
    for (uint32_t g = 0; g < shape->groups; g++) {
        ret_fit[g] = fit[g];
    }
}

/* The same; each way to hold levels has a loop of its own. */
LANES_INLINE void try_levels(const struct affine_shape *shape, const struct group_lanes *group,
                             const struct lanes_found *tried, lanes levels[][SEARCH_MAX],
                             struct fit_lanes *ret_fit)
{
    enum hold hold = hold_of(shape, group, tried);

    if (hold == HOLD_NONE) {
        sum_levels(shape, group, tried, HOLD_NONE, levels, ret_fit);
    } else if (hold == HOLD_BELOW) {
        sum_levels(shape, group, tried, HOLD_BELOW, levels, ret_fit);
    } else if (hold == HOLD_BOTH) {
        sum_levels(shape, group, tried, HOLD_BOTH, levels, ret_fit);
    } else {
        sum_levels(shape, group, tried, HOLD_ANY, levels, ret_fit);
    }
}

LANES_INLINE void errors_of(const struct affine_shape *shape, const struct group_lanes *group,
                            const struct lanes_found *tried, lanes levels[][SEARCH_MAX],
                            lanes *ret_errors)
{
    lanes sum[PAIR] = { lanes_all(0.0f), lanes_all(0.0f) };

    for (uint32_t i = 0; i < shape->n; i++) {
        for (uint32_t g = 0; g < shape->groups; g++) {
            lanes difference = tried[g].scale * levels[g][i] + tried[g].min - group[g].x[i];
            lanes error = difference * difference;
            if (shape->absolute) {
                error = lanes_magnitude(difference);
            }
            sum[g] = sum[g] + group[g].weights[i] * error;
        }
    }
    for (uint32_t g = 0; g < shape->groups; g++) {
        ret_errors[g] = sum[g];
    }
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

/* The smallest weight of a group, the largest, and its own sums. */
LANES_INLINE void group_begin(struct group_lanes *group, uint32_t n)
{
    const lanes zero = lanes_all(0.0f);
    lanes low = group->x[0];
    lanes high = group->x[0];

    group->sum_w = group->weights[0];
    group->sum_wx = group->weights[0] * group->x[0];
    for (uint32_t i = 1; i < n; i++) {
        low = lanes_lesser(group->x[i], low);
        high = lanes_greater(group->x[i], high);
        group->sum_w = group->sum_w + group->weights[i];
        group->sum_wx = group->sum_wx + group->weights[i] * group->x[i];
    }
    group->low = low;
    group->min = lanes_choose(lanes_less(zero, low), zero, low);
    group->max = high;
}

/* One candidate of each group: taken over where it is better. */
LANES_INLINE void try_candidate(const struct affine_shape *shape, const struct group_lanes *group,
                                float reach, struct lanes_found *best, lanes *least)
{
    lanes levels[PAIR][SEARCH_MAX];
    struct lanes_found tried[PAIR];
    struct fit_lanes fit[PAIR];
    lanes errors[PAIR];
    mlanes fits[PAIR];

    for (uint32_t g = 0; g < shape->groups; g++) {
        tried[g].from = best[g].min;
        tried[g].inverse = lanes_all(reach) / (group[g].max - best[g].min);
    }
    try_levels(shape, group, tried, levels, fit);
    for (uint32_t g = 0; g < shape->groups; g++) {
        fits[g] = fit_affine(&group[g], &fit[g], &tried[g]);
    }
    errors_of(shape, group, tried, levels, errors);
    for (uint32_t g = 0; g < shape->groups; g++) {
        mlanes better = lanes_and(fits[g], lanes_less(errors[g], least[g]));
        least[g] = lanes_choose(better, errors[g], least[g]);
        found_choose(better, &tried[g], &best[g]);
    }
}

LANES_INLINE void search_groups(const struct affine_search *search,
                                const struct affine_shape *shape, struct group_lanes *group,
                                struct lanes_found *ret_found)
{
    lanes levels[PAIR][SEARCH_MAX];
    struct lanes_found best[PAIR];
    struct fit_lanes fit[PAIR];
    lanes least[PAIR];

    for (uint32_t g = 0; g < shape->groups; g++) {
        group_begin(&group[g], shape->n);
        best[g].min = best[g].from = group[g].min;
        best[g].inverse = lanes_all((float)shape->top) / (group[g].max - group[g].min);
        best[g].scale = lanes_all(1.0f) / best[g].inverse;
    }
    try_levels(shape, group, best, levels, fit);
    errors_of(shape, group, best, levels, least);
    for (int32_t step = 0; step <= search->steps; step++) {
        float reach = search->first + search->step * (float)step + (float)shape->top;
        try_candidate(shape, group, reach, best, least);
    }
    for (uint32_t g = 0; g < shape->groups; g++) {
        const lanes min = group[g].min;
        const struct lanes_found flat = { lanes_all(0.0f), min, lanes_all(0.0f), min };
        found_choose(lanes_at_most(group[g].max, min), &flat, &best[g]);
        best[g].min = -best[g].min;
        ret_found[g] = best[g];
    }
}

struct lanes_found lanes_affine(const struct affine_search *search, const lanes *x,
                                const lanes *weights)
{
    const struct affine_shape shape = { 1, 32, search->top, 0 };
    struct group_lanes group = { .x = x, .weights = weights };
    struct lanes_found found;

    search_groups(search, &shape, &group, &found);
    return found;
}

void lanes_affine_two(const struct affine_search *search, const lanes *x, const lanes *weights,
                      uint32_t n, struct lanes_found *ret_found)
{
    struct group_lanes group[PAIR] = { { .x = x, .weights = weights },
                                       { .x = x + n, .weights = weights + n } };

    if (n == 32) {
        const struct affine_shape shape = { PAIR, 32, search->top, 0 };
        search_groups(search, &shape, group, ret_found);
    } else {
        const struct affine_shape shape = { PAIR, 16, search->top, search->absolute };
        search_groups(search, &shape, group, ret_found);
    }
}
