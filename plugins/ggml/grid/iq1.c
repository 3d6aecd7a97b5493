/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Encodes the blocks of iq1.h, with the sums in the order that ggml has (llama.cpp de3ff81). This
 * is the reference; lanes/lanes_iq1.c gives the same bytes.
 */
#include "ggml/grid/iq1.h"

#include <float.h>

#define TOP_CODE 7
#define GROUP_POINTS_MAX (IQ1_GROUP_MAX / 8)

/* Sorts by insertion: stable, as qsort of every released glibc is for so few elements. */
static void order_make(const float *x, uint32_t n, uint8_t *order)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t j = i;
        for (; j > 0 && x[i] < x[order[j - 1]]; j--) {
            order[j] = order[j - 1];
        }
        order[j] = (uint8_t)i;
    }
}

/* The levels of a choice, its scale made positive: mirrored, it fits with the negated scale. */
static void levels_make(const struct iq1_group *group, uint32_t n, struct iq1_split *split,
                        uint8_t *ret_levels)
{
    int mirrored = split->scale < 0.0f;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t level = (uint32_t)(i >= split->low) + (uint32_t)(i >= split->high);
        ret_levels[group->order[i]] = (uint8_t)(mirrored ? 2 - level : level);
    }
    split->scale = mirrored ? -split->scale : split->scale;
    split->down = mirrored ? ~split->down : split->down;
}

/* The number of the point with the levels of 8 weights, or of the cheapest nearby; then sets
 * *ret_off to 1. */
static uint32_t point_choose(const struct grid *grid, const float *x, const float *weights,
                             float scale, const float *values, const uint8_t *levels, int *ret_off)
{
    float costs[8][GRID_LEVELS];
    uint32_t place = grid->places[grid_cell(&grid_of_8, levels)];

    if (!GRID_PLACE_IS_LIST(place)) {
        return GRID_NUMBER(place);
    }
    *ret_off = 1;
    grid_costs(&grid_of_8, x, weights, scale, values, costs);
    return GRID_NUMBER(grid_cheapest(grid, &grid_of_8, place, (const float(*)[GRID_LEVELS])costs));
}

/* Chooses the points of a group, and gives its scale, fitted anew if a point was not where the
 * levels led. */
static float points_choose(const struct iq1_group *group, uint32_t n, const struct iq1_split *split,
                           const uint8_t *levels, uint16_t *ret_points, uint8_t *ret_down)
{
    const struct grid *grid = grid_iq1();
    float xl = 0.0f;
    float ll = 0.0f;
    int off = 0;

    for (uint32_t k = 0; k < n / 8; k++) {
        const float *x = group->x + 8 * k;
        const float *weights = group->weights + 8 * k;
        ret_down[k] = split->down >> k & 1;
        ret_points[k] = (uint16_t)point_choose(grid, x, weights, split->scale,
                                               iq1_values[ret_down[k]], levels + 8 * k, &off);
        iq1_point_fit(x, weights, ret_points[k], ret_down[k], 1.0f, &xl, &ll);
    }
    return off && xl > 0.0f && ll > 0.0f ? xl / ll : split->scale;
}

/* Encodes a group. Gives its scale: 0, and points left alone, where it is zero or nothing fits;
 * else not negative, but a NaN where sums overflow. */
static float group_encode(const struct iq1_kind *kind, const float *x, const float *weights,
                          uint16_t *points, uint8_t *down)
{
    struct iq1_group group = { .x = x, .weights = weights };
    struct iq1_split split = { .score = -FLT_MAX };
    uint8_t levels[IQ1_GROUP_MAX];

    if (largest_magnitude(x, kind->group) < kind->zero) {
        return 0.0f;
    }
    order_make(x, kind->group, group.order);
    kind->search(&group, &split);
    if (split.score < 0.0f) {
        return 0.0f;
    }
    levels_make(&group, kind->group, &split, levels);
    return points_choose(&group, kind->group, &split, levels, points, down);
}

static void weights_make(const float *x, const float *importance, float *weights)
{
    if (importance) {
        float spread = 2.0f * sum_of_squares(x, IQ1_LEN) / (float)IQ1_LEN;
        importance_weights(x, importance, IQ1_LEN, spread, weights);
        return;
    }
    for (uint32_t i = 0; i < IQ1_LEN; i++) {
        weights[i] = x[i] * x[i];
    }
}

static void scales_round(const float *scales, uint32_t groups, struct iq1_block *block)
{
    float inverse = 1.0f / iq1_unit(block->largest);

    for (uint32_t j = 0; j < groups; j++) {
        int32_t code = round_even(0.5f * (inverse * scales[j] - 1.0f));
        block->codes[j] = (uint8_t)clamp_int(code, 0, TOP_CODE);
    }
}

void iq1_block_finish(const struct iq1_kind *kind, const float *scales, struct iq1_block *block)
{
    float largest = 0.0f;
    uint32_t groups = kind->group == IQ1_GROUP_MAX ? IQ1_GROUPS_MAX / 2 : IQ1_GROUPS_MAX;

    for (uint32_t j = 0; j < groups; j++) {
        largest = !(scales[j] <= largest) && largest == largest ? scales[j] : largest;
    }
    block->largest = largest;
    if (largest != 0.0f) {
        scales_round(scales, groups, block);
    } else {
        memset(block->codes, 0, sizeof(block->codes));
        memset(block->down, 0, sizeof(block->down));
    }
}

void iq1_block_encode(const struct iq1_kind *kind, const float *x,
                      const struct block_context *context, struct iq1_block *ret_block)
{
    float scales[IQ1_GROUPS_MAX];
    uint32_t groups = IQ1_LEN / kind->group;

    memset(ret_block, 0, sizeof(*ret_block));
    weights_make(x, context->importance, ret_block->weights);
    for (uint32_t j = 0; j < groups; j++) {
        uint32_t at = j * kind->group;
        scales[j] = group_encode(kind, x + at, ret_block->weights + at, ret_block->points + at / 8,
                                 ret_block->down + at / 8);
    }
    iq1_block_finish(kind, scales, ret_block);
}
