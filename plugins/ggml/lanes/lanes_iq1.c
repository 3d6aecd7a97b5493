/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What grid/iq1.c does, in lanes: one block in each, its groups one after the other. Sorting by
 * swaps would take each lane another way; instead each weight counts how many come before it, which
 * all lanes do alike.
 */
#include "ggml/lanes/lanes_iq1.h"

#include "ggml/lanes/lanes_search.h"

/* What is found for the groups of all lanes. */
struct found_lanes {
    lanes scale;
    mlanes found;                        /* the others are zero, or nothing fits */
    ilanes points[IQ1_GROUP_POINTS_MAX]; /* as grid.h's */
    mlanes down[IQ1_GROUP_POINTS_MAX];
};

/* The places of weights in order: how many come before each. */
LANES_INLINE void ranks_make(struct iq1_group_lanes *group, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        lanes before = lanes_all((float)(len - 1 - i)); /* as if all later ones were less */
        for (uint32_t j = 0; j < i; j++) {
            mlanes earlier = lanes_at_most(group->x[j], group->x[i]);
            lanes one = lanes_choose(earlier, lanes_all(1.0f), lanes_all(0.0f));
            before = before + one;
            group->rank[j] = group->rank[j] - one;
        }
        group->rank[i] = before;
    }
}

/* Brings weights, and their products with x, in order. */
static void group_sort(struct iq1_group_lanes *group)
{
    LANES_ALIGNED float rank[LANES];
    LANES_ALIGNED float w[LANES];
    LANES_ALIGNED float wx[LANES];
    float *sorted_w = (float *)(void *)group->sorted_w;
    float *sorted_wx = (float *)(void *)group->sorted_wx;

    for (uint32_t i = 0; i < group->len; i++) {
        lanes_store(rank, group->rank[i]);
        lanes_store(w, group->weights[i]);
        lanes_store(wx, group->weights[i] * group->x[i]);
        for (uint32_t lane = 0; lane < LANES; lane++) {
            uint32_t at = (uint32_t)(int32_t)rank[lane] * LANES + lane;
            sorted_w[at] = w[lane];
            sorted_wx[at] = wx[lane];
        }
    }
}

/* Makes the scale of a choice positive: mirrored, it fits with the negated scale. */
LANES_INLINE mlanes split_mirror(struct iq1_split_lanes *split, uint32_t points)
{
    mlanes mirrored = lanes_less(split->scale, lanes_all(0.0f));

    split->scale = lanes_choose(mirrored, -split->scale, split->scale);
    for (uint32_t k = 0; k < points; k++) {
        split->down[k] = lanes_or(lanes_without(mirrored, split->down[k]),
                                  lanes_without(split->down[k], mirrored));
    }
    return mirrored;
}

/* The places of the levels of the eight weights number k. */
LANES_INLINE ilanes places_of(const struct iq1_group_lanes *group,
                              const struct iq1_split_lanes *split, mlanes mirrored, uint32_t k)
{
    const lanes zero = lanes_all(0.0f);
    const lanes one = lanes_all(1.0f);
    lanes cell = zero;

    for (uint32_t i = 8; i-- > 0;) {
        lanes rank = group->rank[8 * k + i];
        lanes level = lanes_choose(lanes_at_most(split->low, rank), one, zero) +
                      lanes_choose(lanes_at_most(split->high, rank), one, zero);
        level = lanes_choose(mirrored, lanes_all(2.0f) - level, level);
        cell = cell * lanes_all(3.0f) + level;
    }
    return lanes_lookup(grid_iq1()->places, lanes_integers(cell));
}

/* The cheapest of the points near a place for eight weights of a lane. */
LANES_INLINE uint32_t lane_cheapest(uint32_t place, const float *x, const float *weights,
                                    float scale, uint32_t down)
{
#if LANES >= 8
    lanes values = lanes_all(scale) * point_values(&grid_of_8, iq1_values[down]);
    return point_cheapest(grid_iq1(), &grid_of_8, place, x, weights, values, 0);
#else
    float costs[8][GRID_LEVELS];
    grid_costs(&grid_of_8, x, weights, scale, iq1_values[down], costs);
    return grid_cheapest(grid_iq1(), &grid_of_8, place, (const float(*)[GRID_LEVELS])costs);
#endif
}

/* Replaces the places in `missing` by points, for eight weights from row `first` on. */
static ilanes places_fill(const struct iq1_group_lanes *group, uint32_t first, ilanes place,
                          uint32_t missing, lanes scale, uint32_t down)
{
    LANES_ALIGNED uint32_t places[LANES];
    LANES_ALIGNED float scales[LANES];
    const float *rows_x = (const float *)(const void *)(group->x + first);
    const float *rows_w = (const float *)(const void *)(group->weights + first);

    ilanes_store(places, place);
    lanes_store(scales, scale);
    for (; missing != 0; missing &= missing - 1) {
        uint32_t lane = (uint32_t)__builtin_ctz(missing);
        LANES_ALIGNED float x[8];
        LANES_ALIGNED float w[8];
        for (uint32_t i = 0; i < 8; i++) {
            x[i] = rows_x[i * LANES + lane];
            w[i] = rows_w[i * LANES + lane];
        }
        places[lane] = lane_cheapest(places[lane], x, w, scales[lane], down >> lane & 1);
    }
    return ilanes_load(places);
}

/* iq1_point_fit with the scale 1, for eight weights from row `first` on. */
LANES_INLINE void point_fit(const struct iq1_group_lanes *group, uint32_t first, ilanes point,
                            mlanes down, lanes *xl, lanes *ll)
{
    const lanes values = point_values(&grid_of_8, iq1_values[0]);
    const lanes move = lanes_choose(down, lanes_all(-0.25f), lanes_all(0.0f));

    for (uint32_t i = 0; i < 8; i++) {
        lanes value = point_pick(&grid_of_8, values, ilanes_right(point, 2 * i)) + move;
        *xl = *xl + group->weights[first + i] * value * group->x[first + i];
        *ll = *ll + group->weights[first + i] * value * value;
    }
}

/* points_choose of iq1.c; the first n lanes count. */
static void points_choose(const struct iq1_group_lanes *group, struct iq1_split_lanes *split,
                          uint32_t n, struct found_lanes *found)
{
    const lanes zero = lanes_all(0.0f);
    lanes xl = zero;
    lanes ll = zero;
    mlanes off = lanes_without(found->found, found->found);
    mlanes mirrored = split_mirror(split, group->len / 8);

    for (uint32_t k = 0; k < group->len / 8; k++) {
        ilanes place = places_of(group, split, mirrored, k);
        mlanes missing = lanes_and(points_missing(place), found->found);
        uint32_t which = lanes_set(missing) & ((1u << n) - 1);
        found->down[k] = split->down[k];
        found->points[k] = places_fill(group, 8 * k, place, which, split->scale,
                                       lanes_set(split->down[k]));
        off = lanes_or(off, missing);
        point_fit(group, 8 * k, found->points[k], split->down[k], &xl, &ll);
    }
    off = lanes_and(off, lanes_and(lanes_less(zero, xl), lanes_less(zero, ll)));
    found->scale = lanes_choose(off, xl / ll, split->scale);
}

/* Encodes the groups whose rows are there. */
static void group_encode(const struct iq1_kind *kind, struct iq1_group_lanes *group, uint32_t n,
                         struct found_lanes *ret_found)
{
    const lanes zero = lanes_all(0.0f);
    const mlanes none = lanes_without(lanes_every(), lanes_every());
    struct iq1_split_lanes split = {
        .low = zero, .high = zero, .scale = zero, .score = lanes_all(-FLT_MAX)
    };
    lanes largest = zero;

    for (uint32_t k = 0; k < IQ1_GROUP_POINTS_MAX; k++) {
        split.down[k] = none;
    }
    for (uint32_t i = 0; i < group->len; i++) {
        largest = lanes_greater(lanes_magnitude(group->x[i]), largest);
    }
    if (group->len == 32) {
        ranks_make(group, 32);
    } else {
        ranks_make(group, 16);
    }
    group_sort(group);
    kind->search_lanes(group, &split);
    ret_found->found = lanes_without(lanes_every(), lanes_less(largest, lanes_all(kind->zero)));
    ret_found->found = lanes_without(ret_found->found, lanes_less(split.score, zero));
    points_choose(group, &split, n, ret_found);
}

/* Gives each block its lane of what was found for group j. */
static void found_take(const struct found_lanes *found, uint32_t points, uint32_t j, uint32_t n,
                       float scales[][IQ1_GROUPS_MAX], struct iq1_block *blocks)
{
    const uint32_t set = lanes_set(found->found);
    LANES_ALIGNED float scale[LANES];
    LANES_ALIGNED uint32_t row[LANES];

    lanes_store(scale, found->scale);
    for (uint32_t lane = 0; lane < n; lane++) {
        scales[lane][j] = set >> lane & 1 ? scale[lane] : 0.0f;
    }
    for (uint32_t k = 0; k < points; k++) {
        uint32_t down = lanes_set(found->down[k]) & set;
        ilanes_store(row, found->points[k]);
        for (uint32_t lane = 0; lane < n; lane++) {
            uint32_t number = set >> lane & 1 ? GRID_NUMBER(row[lane]) : 0;
            blocks[lane].points[j * points + k] = (uint16_t)number;
            blocks[lane].down[j * points + k] = down >> lane & 1;
        }
    }
}

/* The weights of errors, by lane as well. */
static void weights_make(const struct block_lanes *blocks, const lanes *x, lanes *ret_weights,
                         struct iq1_block *ret_blocks)
{
    const float *rows[LANES];
    LANES_ALIGNED float row[LANES];
    lanes spread = lanes_all(2.0f) * lanes_sum_of_squares(x, IQ1_LEN) / lanes_all((float)IQ1_LEN);

    for (uint32_t lane = 0; lane < LANES; lane++) {
        rows[lane] = blocks->context[lane].importance;
    }
    if (blocks->has_importance) {
        lanes_gather(rows, 0, IQ1_LEN, ret_weights);
    }
    for (uint32_t i = 0; i < IQ1_LEN; i++) {
        if (blocks->has_importance) {
            ret_weights[i] = ret_weights[i] * lanes_root(spread + x[i] * x[i]);
        } else {
            ret_weights[i] = x[i] * x[i];
        }
        lanes_store(row, ret_weights[i]);
        for (uint32_t lane = 0; lane < blocks->n; lane++) {
            ret_blocks[lane].weights[i] = row[lane];
        }
    }
}

void iq1_block_encode_lanes(const struct iq1_kind *kind, const struct block_lanes *blocks,
                            struct iq1_block *ret_blocks)
{
    struct iq1_group_lanes group = { .len = kind->group };
    float scales[LANES][IQ1_GROUPS_MAX];
    lanes x[IQ1_LEN];
    lanes weights[IQ1_LEN];
    struct found_lanes found;

    lanes_gather(blocks->x, 0, IQ1_LEN, x);
    weights_make(blocks, x, weights, ret_blocks);
    for (uint32_t j = 0; j < IQ1_LEN / kind->group; j++) {
        memcpy(group.x, x + j * kind->group, kind->group * sizeof(lanes));
        memcpy(group.weights, weights + j * kind->group, kind->group * sizeof(lanes));
        group_encode(kind, &group, blocks->n, &found);
        found_take(&found, kind->group / 8, j, blocks->n, scales, ret_blocks);
    }
    for (uint32_t lane = 0; lane < blocks->n; lane++) {
        iq1_block_finish(kind, scales[lane], &ret_blocks[lane]);
    }
}
