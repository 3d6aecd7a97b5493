/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The longer search for the one scale of a symmetric group, x = d * level, where levels are the
 * integers of a range or the uneven ones of levels.h: a row of scales of either sign, since the
 * levels are not as many on both sides of zero.
 */
#ifndef PARE_PLUGINS_GGML_BEST_SYMMETRIC_H
#define PARE_PLUGINS_GGML_BEST_SYMMETRIC_H

#include "ggml/best/best.h"

/* Which levels, and which candidates: the largest magnitude is put at first, first + step, ... */
struct best_scales {
    int uneven; /* 1: the levels of levels.h */
    float low;  /* else the lowest and the highest level */
    float high;
    float first;
    float step;
    int32_t steps;
};

/* The sums of a fit through zero. */
struct best_line {
    lanes xl; /* of w x l */
    lanes ll; /* of w l l */
};

LANES_INLINE lanes best_level(const struct best_scales *scales, lanes scaled)
{
    return scales->uneven ? nearest_values(nearest(scaled))
                          : lanes_held_level(scaled, scales->low, scales->high);
}

/* The code of the nearest uneven level, as a float. */
LANES_INLINE lanes best_code(lanes scaled)
{
#if LANES > 0
    return wide_floats(nearest(scaled));
#else
    return (float)nearest(scaled);
#endif
}

LANES_INLINE void best_line_add(const struct best_scales *scales, lanes x, lanes weight,
                                lanes inverse, struct best_line *fit)
{
    lanes level = best_level(scales, inverse * x);
    lanes wl = weight * level;

    fit->xl = fit->xl + wl * x;
    fit->ll = fit->ll + wl * level;
}

LANES_INLINE struct best_line best_line_fit(const struct best_scales *scales,
                                            const struct best_group *group, lanes inverse)
{
    struct best_line fit = { lanes_all(0.0f), lanes_all(0.0f) };

    for (uint32_t i = 0; i < group->n; i++) {
        best_line_add(scales, group->x[i], group->weights[i], inverse, &fit);
    }
    return fit;
}

/* Takes the fit over where it explains more. */
LANES_INLINE void best_line_take(const struct best_line *fit, lanes inverse, struct best_line *best,
                                 lanes *best_at)
{
    mlanes better = lanes_less(best->xl * best->xl * fit->ll, fit->xl * fit->xl * best->ll);

    best->xl = lanes_choose(better, fit->xl, best->xl);
    best->ll = lanes_choose(better, fit->ll, best->ll);
    *best_at = lanes_choose(better, inverse, *best_at);
}

/* The candidate whose fit is best: d, not rounded. Each is tried with both signs side by side. */
LANES_INLINE lanes best_scale_search(const struct best_scales *scales,
                                     const struct best_group *group)
{
    lanes unit = best_inverse(best_largest(group));
    lanes at = lanes_all(scales->first) * unit;
    struct best_line best = best_line_fit(scales, group, at);

    for (int32_t step = 0; step <= scales->steps; step++) {
        lanes inverse = lanes_all(scales->first + scales->step * (float)step) * unit;
        struct best_line up = { lanes_all(0.0f), lanes_all(0.0f) };
        struct best_line down = up;
        for (uint32_t i = 0; i < group->n; i++) {
            best_line_add(scales, group->x[i], group->weights[i], inverse, &up);
            best_line_add(scales, group->x[i], group->weights[i], -inverse, &down);
        }
        best_line_take(&up, inverse, &best, &at);
        best_line_take(&down, -inverse, &best, &at);
    }
    return best.xl / best.ll;
}

/* Sum of w (x - d l)^2 with the nearest levels. */
LANES_INLINE lanes best_scale_error(const struct best_scales *scales,
                                    const struct best_group *group, lanes d)
{
    lanes inverse = best_inverse(d);
    lanes sum = lanes_all(0.0f);

    for (uint32_t i = 0; i < group->n; i++) {
        lanes error = group->x[i] - d * best_level(scales, inverse * group->x[i]);
        sum = sum + group->weights[i] * (error * error);
    }
    return sum;
}

#define BEST_SCALE_ROUNDS 2

/* The scale of groups, as a half holds it. */
LANES_INLINE lanes best_scale(const struct best_scales *scales, const struct best_group *group)
{
    lanes best = best_half(best_scale_search(scales, group));
    lanes least = best_scale_error(scales, group, best);
    lanes d = best;

    for (int round = 0; round < BEST_SCALE_ROUNDS; round++) {
        struct best_line fit = best_line_fit(scales, group, best_inverse(d));
        d = best_half(fit.xl / fit.ll);
        lanes error = best_scale_error(scales, group, d);
        mlanes better = lanes_less(error, least);
        best = lanes_choose(better, d, best);
        least = lanes_choose(better, error, least);
    }
    return best;
}

/* Scale and codes, each its level less the lowest one, of blocks of 32 evenly levelled weights. */
LANES_INLINE void best_symmetric(const struct best_scales *scales, const struct block_lanes *blocks,
                                 struct best_found *found)
{
    lanes x[32];
    lanes weights[32];
    const struct best_group group = { x, weights, 32 };

    best_load(blocks, 32, x, weights);
    lanes d = best_scale(scales, &group);
    lanes inverse = best_inverse(d);
    lanes_store(found->d, d);
    for (uint32_t i = 0; i < 32; i++) {
        weights[i] = best_level(scales, inverse * x[i]);
    }
    best_codes(weights, 32, -(int32_t)scales->low, found);
}

#endif
