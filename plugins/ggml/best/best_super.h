/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The longer search for blocks of sub-blocks (subblocks.h), x = d * scale * level - dmin * min.
 *
 * Scale and min of each sub-block are searched on their own and rounded to units of d and dmin.
 * Then, in turns: each sub-block tries the codes of scale and min around its own; d and dmin are
 * fitted to all weights at once by least squares, and rounded to halves.
 */
#ifndef PARE_PLUGINS_GGML_BEST_SUPER_H
#define PARE_PLUGINS_GGML_BEST_SUPER_H

#include "ggml/best/best_affine.h"
#include "ggml/search/subblocks.h"

#define BEST_SUPER_TURNS 3

struct best_super {
    uint32_t subs;
    float top_scale;           /* the largest code of a scale or min */
    struct best_ranges ranges; /* of a sub-block */
};

/* What blocks have found: halves d and dmin, and codes as floats. */
struct best_units {
    lanes d;
    lanes dmin;
    lanes scale[SUPER_SUBS_MAX];
    lanes min[SUPER_SUBS_MAX];
    lanes error;
};

/* The unit that puts the largest of the values at `top`, as a half. */
LANES_INLINE lanes best_unit(const lanes *values, uint32_t n, float top)
{
    lanes largest = lanes_all(0.0f);

    for (uint32_t j = 0; j < n; j++) {
        largest = lanes_greater(values[j], largest);
    }
    return best_half(largest / lanes_all(top));
}

/* Each sub-block on its own, rounded. */
LANES_INLINE void best_super_begin(const struct best_super *super, const struct best_group *subs,
                                   struct best_units *units)
{
    for (uint32_t j = 0; j < super->subs; j++) {
        struct best_span span = best_span_of(&subs[j]);
        struct best_plane fit = best_plane_search(&super->ranges, &subs[j], &span);
        units->scale[j] = fit.d;
        units->min[j] = -fit.low;
    }
    units->d = best_unit(units->scale, super->subs, super->top_scale);
    units->dmin = best_unit(units->min, super->subs, super->top_scale);
    for (uint32_t j = 0; j < super->subs; j++) {
        units->scale[j] = lanes_held_level(units->scale[j] * best_inverse(units->d), 0.0f,
                                           super->top_scale);
        units->min[j] = lanes_held_level(units->min[j] * best_inverse(units->dmin), 0.0f,
                                         super->top_scale);
    }
}

/* Tries the codes within `reach` of a sub-block's. Gives the least error. */
LANES_INLINE lanes best_super_try(const struct best_super *super, const struct best_group *sub,
                                  struct best_units *units, uint32_t j, int reach)
{
    const lanes old_scale = units->scale[j];
    const lanes old_min = units->min[j];
    lanes least = lanes_all(INFINITY);

    for (int a = -reach; a <= reach; a++) {
        lanes scale = lanes_held_level(old_scale + lanes_all((float)a), 0.0f, super->top_scale);
        for (int b = -reach; b <= reach; b++) {
            lanes min = lanes_held_level(old_min + lanes_all((float)b), 0.0f, super->top_scale);
            lanes error = best_plane_error(&super->ranges, sub, units->d * scale,
                                           -(units->dmin * min));
            mlanes better = lanes_less(error, least);
            least = lanes_choose(better, error, least);
            units->scale[j] = lanes_choose(better, scale, units->scale[j]);
            units->min[j] = lanes_choose(better, min, units->min[j]);
        }
    }
    return least;
}

/* The sums of the fit of d and dmin: of w p p, w p q, w q q, w p x and w q x, where a weight is
 * d * p - dmin * q. */
struct best_pair {
    lanes pp;
    lanes pq;
    lanes qq;
    lanes px;
    lanes qx;
};

LANES_INLINE void best_pair_add(const struct best_super *super, const struct best_group *sub,
                                const struct best_units *units, uint32_t j, struct best_pair *pair)
{
    lanes q = units->min[j];
    lanes low = -(units->dmin * q);
    lanes inverse = best_inverse(units->d * units->scale[j]);

    for (uint32_t i = 0; i < sub->n; i++) {
        lanes above = sub->x[i] - low;
        lanes level = lanes_held_level(above * inverse, 0.0f, super->ranges.top);
        lanes p = units->scale[j] * level;
        lanes wp = sub->weights[i] * p;
        lanes wq = sub->weights[i] * q;
        pair->pp = pair->pp + wp * p;
        pair->pq = pair->pq + wp * q;
        pair->qq = pair->qq + wq * q;
        pair->px = pair->px + wp * sub->x[i];
        pair->qx = pair->qx + wq * sub->x[i];
    }
}

/* Fits d and dmin anew. */
LANES_INLINE void best_super_fit(const struct best_super *super, const struct best_group *subs,
                                 struct best_units *units)
{
    const lanes zero = lanes_all(0.0f);
    struct best_pair sums = { zero, zero, zero, zero, zero };

    for (uint32_t j = 0; j < super->subs; j++) {
        best_pair_add(super, &subs[j], units, j, &sums);
    }
    lanes determinant = sums.pp * sums.qq - sums.pq * sums.pq;
    mlanes solved = lanes_less(zero, determinant);
    lanes d = (sums.qq * sums.px - sums.pq * sums.qx) / determinant;
    lanes dmin = (sums.pq * sums.px - sums.pp * sums.qx) / determinant;
    units->d = best_half(lanes_choose(solved, d, units->d));
    units->dmin = best_half(lanes_choose(solved, dmin, units->dmin));
}

/* Keeps what has the smaller error. */
LANES_INLINE void best_units_take(const struct best_super *super, const struct best_units *units,
                                  struct best_units *best)
{
    mlanes better = lanes_less(units->error, best->error);

    best->error = lanes_choose(better, units->error, best->error);
    best->d = lanes_choose(better, units->d, best->d);
    best->dmin = lanes_choose(better, units->dmin, best->dmin);
    for (uint32_t j = 0; j < super->subs; j++) {
        best->scale[j] = lanes_choose(better, units->scale[j], best->scale[j]);
        best->min[j] = lanes_choose(better, units->min[j], best->min[j]);
    }
}

/* What is found for blocks, as the reference gives it. */
LANES_INLINE void best_units_give(const struct best_super *super, const struct best_units *units,
                                  struct sub_blocks *ret_subs)
{
    LANES_ALIGNED float d[LANES_ROOM];
    LANES_ALIGNED float dmin[LANES_ROOM];

    lanes_store(d, units->d);
    lanes_store(dmin, units->dmin);
    memset(ret_subs, 0, LANES_ROOM * sizeof(*ret_subs));
    for (uint32_t lane = 0; lane < LANES_ROOM; lane++) {
        ret_subs[lane].d = d[lane];
        ret_subs[lane].dmin = dmin[lane];
    }
    for (uint32_t j = 0; j < super->subs; j++) {
        lanes_store(d, units->scale[j]);
        lanes_store(dmin, units->min[j]);
        for (uint32_t lane = 0; lane < LANES_ROOM; lane++) {
            ret_subs[lane].scale_code[j] = (uint8_t)d[lane];
            ret_subs[lane].min_code[j] = (uint8_t)dmin[lane];
        }
    }
}

/* Searches blocks; ret_subs has room for LANES_ROOM of them. */
LANES_INLINE void best_super_search(const struct best_super *super,
                                    const struct block_lanes *blocks, struct sub_blocks *ret_subs)
{
    lanes x[SUPER_LEN];
    lanes weights[SUPER_LEN];
    struct best_group subs[SUPER_SUBS_MAX];
    struct best_units units;

    best_load(blocks, SUPER_LEN, x, weights);
    for (uint32_t j = 0; j < super->subs; j++) {
        uint32_t first = j * (SUPER_LEN / super->subs);
        subs[j] = (struct best_group){ x + first, weights + first, SUPER_LEN / super->subs };
    }
    best_super_begin(super, subs, &units);
    units.error = lanes_all(INFINITY);
    struct best_units best = units;
    for (int turn = 0; turn < BEST_SUPER_TURNS; turn++) {
        if (turn > 0) {
            best_super_fit(super, subs, &units);
        }
        units.error = lanes_all(0.0f);
        for (uint32_t j = 0; j < super->subs; j++) {
            int reach = turn + 1 < BEST_SUPER_TURNS ? 2 : 1;
            units.error = units.error + best_super_try(super, &subs[j], &units, j, reach);
        }
        best_units_take(super, &units, &best);
    }
    best_units_give(super, &best, ret_subs);
}

#endif
