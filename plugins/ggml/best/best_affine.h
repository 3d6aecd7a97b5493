/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The longer search for scale and offset of an affine group, x = d * level + low, levels from 0 to
 * `top`: candidates cut the range of the weights at its ends more and more, evenly or at one end.
 */
#ifndef PARE_PLUGINS_GGML_BEST_AFFINE_H
#define PARE_PLUGINS_GGML_BEST_AFFINE_H

#include "ggml/best/best.h"

/* Candidates: the range of the weights is put on first, first + step, ... levels. */
struct best_ranges {
    float top;
    int below; /* 1: low is not to be positive */
    float first;
    float step;
    int32_t steps;
};

/* What stays the same while groups are searched. */
struct best_span {
    lanes smallest;
    lanes range;
    lanes w;  /* sum of w */
    lanes wx; /* sum of w x */
};

/* A fit: the weights are d * level + low, and how much of sum w x^2 that explains. */
struct best_plane {
    lanes d;
    lanes low;
    lanes explained;
};

LANES_INLINE struct best_span best_span_of(const struct best_group *group)
{
    struct best_span span = { group->x[0], group->x[0], lanes_all(0.0f), lanes_all(0.0f) };

    for (uint32_t i = 0; i < group->n; i++) {
        span.smallest = lanes_lesser(group->x[i], span.smallest);
        span.range = lanes_greater(group->x[i], span.range);
        span.w = span.w + group->weights[i];
        span.wx = span.wx + group->weights[i] * group->x[i];
    }
    span.range = span.range - span.smallest;
    return span;
}

/* The sums of a fit of levels. */
struct best_sums {
    lanes l;
    lanes ll;
    lanes lx;
};

LANES_INLINE void best_sums_add(lanes x, lanes weight, lanes level, struct best_sums *sums)
{
    lanes wl = weight * level;

    sums->l = sums->l + wl;
    sums->ll = sums->ll + wl * level;
    sums->lx = sums->lx + wl * x;
}

/* The least-squares fit that sums give. */
LANES_INLINE struct best_plane best_plane_of(const struct best_ranges *ranges,
                                             const struct best_span *span,
                                             const struct best_sums *sums)
{
    const lanes zero = lanes_all(0.0f);
    lanes determinant = span->w * sums->ll - sums->l * sums->l;
    struct best_plane fit;

    fit.d = (span->w * sums->lx - span->wx * sums->l) / determinant;
    fit.low = (sums->ll * span->wx - sums->l * sums->lx) / determinant;
    if (ranges->below) {
        mlanes above = lanes_less(zero, fit.low);
        fit.low = lanes_choose(above, zero, fit.low);
        fit.d = lanes_choose(above, sums->lx / sums->ll, fit.d);
    }
    fit.explained = fit.d * sums->lx + fit.low * span->wx;
    return fit;
}

/* Levels of x: the nearest to (x - from) * inverse. */
LANES_INLINE struct best_plane best_plane_fit(const struct best_ranges *ranges,
                                              const struct best_group *group,
                                              const struct best_span *span, lanes inverse,
                                              lanes from)
{
    struct best_sums sums = { lanes_all(0.0f), lanes_all(0.0f), lanes_all(0.0f) };

    for (uint32_t i = 0; i < group->n; i++) {
        lanes level = lanes_held_level((group->x[i] - from) * inverse, 0.0f, ranges->top);
        best_sums_add(group->x[i], group->weights[i], level, &sums);
    }
    return best_plane_of(ranges, span, &sums);
}

LANES_INLINE void best_plane_take(const struct best_plane *fit, struct best_plane *best)
{
    mlanes better = lanes_less(best->explained, fit->explained);

    best->d = lanes_choose(better, fit->d, best->d);
    best->low = lanes_choose(better, fit->low, best->low);
    best->explained = lanes_choose(better, fit->explained, best->explained);
}

/* The best of the candidates. */
LANES_INLINE struct best_plane best_plane_search(const struct best_ranges *ranges,
                                                 const struct best_group *group,
                                                 const struct best_span *span)
{
    lanes unit = best_inverse(span->range);
    struct best_plane best = { lanes_all(0.0f), span->smallest, lanes_all(-INFINITY) };

    if (ranges->below) {
        best.low = lanes_lesser(best.low, lanes_all(0.0f));
    }
    for (int32_t step = 0; step <= ranges->steps; step++) {
        float levels = ranges->first + ranges->step * (float)step;
        lanes inverse = lanes_all(levels) * unit;
        lanes cut = span->range * lanes_all((levels - ranges->top) / levels);
        for (int place = 0; place < 3; place++) {
            lanes from = span->smallest + cut * lanes_all(0.5f * (float)place);
            struct best_plane fit = best_plane_fit(ranges, group, span, inverse, from);
            best_plane_take(&fit, &best);
        }
    }
    return best;
}

/* Sum of w (x - d l - low)^2 with the nearest levels. */
LANES_INLINE lanes best_plane_error(const struct best_ranges *ranges,
                                    const struct best_group *group, lanes d, lanes low)
{
    lanes inverse = best_inverse(d);
    lanes sum = lanes_all(0.0f);

    for (uint32_t i = 0; i < group->n; i++) {
        lanes above = group->x[i] - low;
        lanes error = above - d * lanes_held_level(above * inverse, 0.0f, ranges->top);
        sum = sum + group->weights[i] * (error * error);
    }
    return sum;
}

/* d for a given low. */
LANES_INLINE lanes best_plane_slope(const struct best_ranges *ranges,
                                    const struct best_group *group, lanes d, lanes low)
{
    lanes inverse = best_inverse(d);
    struct best_sums sums = { lanes_all(0.0f), lanes_all(0.0f), lanes_all(0.0f) };

    for (uint32_t i = 0; i < group->n; i++) {
        lanes above = group->x[i] - low;
        lanes level = lanes_held_level(above * inverse, 0.0f, ranges->top);
        best_sums_add(above, group->weights[i], level, &sums);
    }
    return sums.lx / sums.ll;
}

#define BEST_PLANE_ROUNDS 3

/* Scale and offset of groups, as halves hold them. */
LANES_INLINE struct best_plane best_plane(const struct best_ranges *ranges,
                                          const struct best_group *group)
{
    struct best_span span = best_span_of(group);
    struct best_plane fit = best_plane_search(ranges, group, &span);
    struct best_plane best = { lanes_all(0.0f), lanes_all(0.0f), lanes_all(-INFINITY) };

    for (int round = 0; round < BEST_PLANE_ROUNDS; round++) {
        fit.low = best_half(fit.low);
        fit.d = best_half(best_plane_slope(ranges, group, fit.d, fit.low));
        fit.explained = -best_plane_error(ranges, group, fit.d, fit.low);
        best_plane_take(&fit, &best);
        fit = best_plane_fit(ranges, group, &span, best_inverse(fit.d), fit.low);
    }
    return best;
}

/* Scale, offset and codes of blocks of 32 weights. */
LANES_INLINE void best_affine(const struct best_ranges *ranges, const struct block_lanes *blocks,
                              struct best_found *found)
{
    lanes x[32];
    lanes weights[32];
    const struct best_group group = { x, weights, 32 };

    best_load(blocks, 32, x, weights);
    struct best_plane fit = best_plane(ranges, &group);
    lanes inverse = best_inverse(fit.d);
    lanes_store(found->d, fit.d);
    lanes_store(found->low, fit.low);
    for (uint32_t i = 0; i < 32; i++) {
        weights[i] = lanes_held_level((x[i] - fit.low) * inverse, 0.0f, ranges->top);
    }
    best_codes(weights, 32, 0, found);
}

#endif
