/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Encodes the blocks of gridblock.h, with the sums in the order that ggml has (llama.cpp de3ff81).
 *
 * The levels of a group stand for the values 1, 3, 5 ... of its scale while it is searched. Each
 * candidate scale rounds the magnitudes to levels; where these are not a point of the grid, the
 * cheapest of the points nearby takes their place. The candidate wins whose points fit best by
 * least squares. The costs of points count the square root of what errors count in the fit.
 */
#include "ggml/grid/gridblock.h"

#include "ggml/search/search.h"

#define GROUP_MAX 32
#define GROUP_POINTS_MAX 8
#define ALL_POINTS 0xffu
#define TOP_SCALE 31 /* 2 * 15 + 1 */

static const float odd[GRID_LEVELS] = { 1.0f, 3.0f, 5.0f, 7.0f, 9.0f, 11.0f, 13.0f, 15.0f };

/* A group while it is searched. */
struct group {
    const struct grid_kind *kind;
    const struct grid *grid;
    float x[GROUP_MAX];      /* magnitudes; the negated one of eight signs is negative */
    float weight[GROUP_MAX]; /* of errors */
    float root[GROUP_MAX];   /* of the weights */
};

/* Points for the magnitudes of a group, and their fit. */
struct choice {
    uint16_t points[GROUP_POINTS_MAX];
    uint32_t off; /* bit k: point k is not where rounding led */
    float xl;     /* sum of w x l */
    float ll;     /* sum of w l l */
};

/* The point for the magnitudes from x on, whose scale is about `scale` = 1 / inverse. */
static inline uint32_t point_choose(const struct group *group, const struct grid_shape *shape,
                                    uint32_t first, float inverse, float scale, uint32_t *ret_off)
{
    const float *x = group->x + first;
    float costs[8][GRID_LEVELS];
    uint8_t levels[8];

    for (uint32_t i = 0; i < shape->len; i++) {
        int32_t level = round_even(0.5f * (inverse * x[i] - 1.0f));
        levels[i] = (uint8_t)clamp_int(level, 0, (int32_t)shape->levels - 1);
    }
    uint32_t place = group->grid->places[grid_cell(shape, levels)];
    *ret_off = GRID_PLACE_IS_LIST(place);
    if (!*ret_off) {
        return GRID_NUMBER(place);
    }
    grid_costs(shape, x, group->root + first, scale, odd, costs);
    return GRID_NUMBER(
        grid_cheapest(group->grid, shape, place, (const float(*)[GRID_LEVELS])costs));
}

/* Chooses the points whose bits are in `which`. */
static inline void points_choose(const struct group *group, const struct grid_shape *shape,
                                 uint32_t which, float inverse, float scale, struct choice *choice)
{
    choice->off = 0;
    for (uint32_t k = 0; k < group->kind->group / shape->len; k++) {
        uint32_t off;
        if (which >> k & 1) {
            choice->points[k] = (uint16_t)point_choose(group, shape, k * shape->len, inverse, scale,
                                                       &off);
            choice->off |= off << k;
        }
    }
}

static inline void choice_fit(const struct group *group, const struct grid_shape *shape,
                              struct choice *choice)
{
    float xl[GROUP_MAX];
    float ll[GROUP_MAX];

    for (uint32_t k = 0; k < group->kind->group / shape->len; k++) {
        uint32_t code = group->grid->codes[choice->points[k]];
        for (uint32_t i = 0; i < shape->len; i++) {
            uint32_t at = k * shape->len + i;
            float value = (float)(int32_t)(2 * grid_level(shape, code, i) + 1);
            xl[at] = group->weight[at] * group->x[at] * value;
            ll[at] = group->weight[at] * value * value;
        }
    }
    choice->xl = 0.0f;
    choice->ll = 0.0f;
    for (uint32_t i = 0; i < group->kind->group; i++) {
        choice->xl += xl[i];
        choice->ll += ll[i];
    }
}

/* The scale of a group, and its points. `extent` is about the largest magnitude, `scale` what a
 * group has that no candidate fits. */
static inline float group_search(const struct group *group, const struct grid_shape *shape,
                                 float extent, float scale, uint16_t *ret_points)
{
    const struct grid_kind *kind = group->kind;
    float top = (float)(int32_t)(2 * shape->levels - 1);
    struct choice tried;
    struct choice best = { { 0 }, kind->refit == GRID_REFIT_OFF ? 0 : ALL_POINTS, 0.0f, 0.0f };
    float best_score = 0.0f;

    for (int32_t i = -kind->steps; i <= kind->steps; i++) {
        float inverse = (top + (float)i * kind->step) / extent;
        points_choose(group, shape, ALL_POINTS, inverse, 1.0f / inverse, &tried);
        choice_fit(group, shape, &tried);
        if (tried.ll > 0.0f && tried.xl * tried.xl > best_score * tried.ll) {
            best = tried;
            scale = tried.xl / tried.ll;
            best_score = scale * tried.xl;
        }
    }
    uint32_t which = kind->refit == GRID_REFIT_OFF ? best.off : ALL_POINTS;
    if ((kind->refit == GRID_REFIT_ALWAYS || best.off != 0) && scale > 0.0f) {
        points_choose(group, shape, which, 1.0f / scale, scale, &best);
        choice_fit(group, shape, &best);
        scale = best.ll > 0.0f ? best.xl / best.ll : scale;
    }
    memcpy(ret_points, best.points, kind->group / shape->len * sizeof(ret_points[0]));
    return scale;
}

/* Negates the magnitude of eight that matters least. Gives its bit. */
static uint8_t least_negate(const float *weight, float *x)
{
    uint32_t least = 0;
    float smallest = weight[0] * x[0] * x[0];

    for (uint32_t i = 1; i < 8; i++) {
        float matters = weight[i] * x[i] * x[i];
        if (matters < smallest) {
            smallest = matters;
            least = i;
        }
    }
    x[least] = -x[least];
    return (uint8_t)(1u << least);
}

/* Splits the weights of a group into magnitudes and signs. */
static void signs_take(struct group *group, const float *x, uint8_t *ret_signs)
{
    for (uint32_t i = 0; i < group->kind->group; i += 8) {
        uint8_t signs = 0;
        for (uint32_t j = 0; j < 8; j++) {
            uint32_t minus = !(x[i + j] >= 0.0f);
            group->x[i + j] = minus ? -x[i + j] : x[i + j];
            signs |= (uint8_t)(minus << j);
        }
        if (group->kind->even && grid_even_signs(signs & 127u) != signs) {
            signs ^= least_negate(group->weight + i, group->x + i);
        }
        ret_signs[i / 8] = signs;
    }
}

static void weights_make(struct group *group, const float *x, const float *importance, float spread)
{
    const struct grid_kind *kind = group->kind;

    if (importance) {
        importance_weights(x, importance, kind->group, spread, group->weight);
    } else {
        float floor = kind->plain != 0.0f ? kind->plain * spread : 0.0f;
        for (uint32_t i = 0; i < kind->group; i++) {
            group->weight[i] = floor + x[i] * x[i];
        }
    }
    for (uint32_t i = 0; i < kind->group; i++) {
        group->root[i] = sqrtf(group->weight[i]);
    }
}

/* Encodes a group. Gives its scale, which is not negative but may be NaN; 0 and *ret_zero = 1 for a
 * group that is zero, whose signs and points are left alone. */
static float group_encode(struct group *group, const float *x, const float *importance,
                          float spread, uint8_t *ret_zero, uint8_t *signs, uint16_t *points)
{
    const struct grid_kind *kind = group->kind;
    uint8_t taken[GROUP_MAX / 8];
    uint8_t codes[GROUP_MAX];
    float low;
    float extent;

    weights_make(group, x, importance, spread);
    signs_take(group, x, taken);
    range(group->x, kind->group, &low, &extent);
    *ret_zero = extent < kind->zero;
    float scale = extent / (float)(int32_t)(2 * kind->shape->levels - 1);
    if (kind->presearch && !*ret_zero) {
        scale = search_positive(group->x, kind->group, (int32_t)kind->shape->levels + 1,
                                group->weight, codes);
        extent = scale * (float)(int32_t)kind->shape->levels;
        *ret_zero = extent <= 0.0f;
    }
    if (*ret_zero) {
        return 0.0f;
    }
    scale = kind->shape->len == 8 ? group_search(group, &grid_of_8, extent, scale, points)
                                  : group_search(group, &grid_of_4, extent, scale, points);
    for (uint32_t i = 0; i < kind->group / 8; i++) {
        signs[i] = scale < 0.0f ? (uint8_t)~taken[i] : taken[i];
    }
    return fabsf(scale);
}

/* Rounds the scales of the groups to odd multiples of a unit. */
static void scales_round(const float *scales, uint32_t groups, float largest,
                         struct grid_block *block)
{
    block->d = largest / (float)TOP_SCALE;
    float inverse = 1.0f / block->d;
    for (uint32_t j = 0; j < groups; j++) {
        int32_t code = round_even(0.5f * (inverse * scales[j] - 1.0f));
        block->scales[j] = (uint8_t)clamp_int(code, 0, 15);
    }
}

void grid_block_finish(const struct grid_kind *kind, const float *scales, struct grid_block *block)
{
    float largest = 0.0f;
    uint32_t groups = kind->group == GROUP_MAX ? GRID_GROUPS_MAX / 2 : GRID_GROUPS_MAX;

    for (uint32_t j = 0; j < groups; j++) {
        largest = !(scales[j] <= largest) && largest == largest ? scales[j] : largest;
    }
    if (largest != 0.0f) {
        scales_round(scales, groups, largest, block);
    } else if (kind->even) {
        memset(block, 0, sizeof(*block)); /* the others keep their points and signs */
    }
}

void grid_block_encode(const struct grid_kind *kind, const float *x,
                       const struct block_context *context, struct grid_block *ret_block)
{
    struct group group = { .kind = kind, .grid = kind->grid() };
    float scales[GRID_GROUPS_MAX];
    float spread = kind->spread * sum_of_squares(x, GRID_BLOCK_LEN) / (float)GRID_BLOCK_LEN;
    uint32_t groups = GRID_BLOCK_LEN / kind->group;

    memset(ret_block, 0, sizeof(*ret_block));
    for (uint32_t j = 0; j < groups; j++) {
        uint32_t at = j * kind->group;
        const float *importance = context->importance ? context->importance + at : NULL;
        scales[j] = group_encode(&group, x + at, importance, spread, &ret_block->zero[j],
                                 ret_block->signs + at / 8,
                                 ret_block->points + at / kind->shape->len);
    }
    grid_block_finish(kind, scales, ret_block);
}
