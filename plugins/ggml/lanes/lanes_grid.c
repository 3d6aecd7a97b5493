/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The search of gridblock.c in lanes: one block in each, its groups one after the other. What a
 * cell has, a point or a list of neighbours, comes from a table for all lanes at once; the
 * neighbours of a list are then tried side by side, one lane's list after the other
 * (lanes_points.h).
 */
#include "ggml/lanes/lanes_grid.h"
#include "ggml/lanes/lanes_points.h"
#include "ggml/lanes/lanes_positive.h"

#define GROUP_MAX 32
#define GROUP_POINTS_MAX 8
#define ALL_POINTS 0xff

static const float odd[GRID_LEVELS] = { 1.0f, 3.0f, 5.0f, 7.0f, 9.0f, 11.0f, 13.0f, 15.0f };

/* The groups of all lanes while they are searched. */
struct group_lanes {
    const struct grid_kind *kind;
    const struct grid *grid;
    uint32_t n;         /* lanes that count */
    lanes x[GROUP_MAX]; /* as in struct group of gridblock.c */
    lanes weight[GROUP_MAX];
    lanes root[GROUP_MAX];
    lanes wx[GROUP_MAX];                          /* weight * x */
    LANES_ALIGNED float lane_x[LANES][GROUP_MAX]; /* the same by lane */
    LANES_ALIGNED float lane_root[LANES][GROUP_MAX];
};

/* Points, and their fit. */
struct choice_lanes {
    ilanes points[GROUP_POINTS_MAX]; /* as grid.h's */
    mlanes off[GROUP_POINTS_MAX];    /* where a point is not where rounding led */
    lanes xl;
    lanes ll;
};

/* The places of the cells that the weights from row `first` on are rounded to. */
LANES_INLINE ilanes places_of(const struct group_lanes *group, const struct grid_shape *shape,
                              uint32_t first, lanes inverse)
{
    lanes cell = lanes_all(0.0f);

    for (uint32_t i = shape->len; i-- > 0;) {
        lanes value = lanes_all(0.5f) * (inverse * group->x[first + i] - lanes_all(1.0f));
        lanes level = lanes_level(value, 0, (int32_t)shape->levels - 1);
        cell = cell * lanes_all((float)shape->levels) + level;
    }
    return lanes_lookup(group->grid->places, lanes_integers(cell));
}

/* The cheapest of the points near a place for the weights of a lane from row `first` on. For
 * rows see point_cheapest. */
LANES_INLINE uint32_t lane_cheapest(const struct group_lanes *group, const struct grid_shape *shape,
                                    uint32_t lane, uint32_t first, uint32_t place, float scale,
                                    uint32_t rows)
{
    const float *x = group->lane_x[lane] + first;
    const float *root = group->lane_root[lane] + first;

#if LANES >= 8
    lanes values = lanes_all(scale) * point_values(shape, odd);
    return point_cheapest(group->grid, shape, place, x, root, values, rows);
#else
    (void)rows;
    float costs[8][GRID_LEVELS];
    grid_costs(shape, x, root, scale, odd, costs);
    return grid_cheapest(group->grid, shape, place, (const float(*)[GRID_LEVELS])costs);
#endif
}

/* Replaces the places in `missing` by points, for the weights from row `first` on. */
LANES_INLINE void places_fill(const struct group_lanes *group, const struct grid_shape *shape,
                              uint32_t first, uint32_t missing, const float *scales, uint32_t rows,
                              uint32_t *places)
{
    for (; missing != 0; missing &= missing - 1) {
        uint32_t lane = (uint32_t)__builtin_ctz(missing);
        places[lane] = lane_cheapest(group, shape, lane, first, places[lane], scales[lane], rows);
    }
}

/* The same for the places with lists of at most 8 neighbours, two at a time, where lanes and shape
 * allow it. Gives the places that are left. */
LANES_INLINE uint32_t pairs_fill(const struct group_lanes *group, const struct grid_shape *shape,
                                 uint32_t first, uint32_t missing, ilanes place,
                                 const float *scales, uint32_t *places)
{
#if LANES == 16
    uint32_t longer = missing & lanes_set(points_longer(place, 8));
    uint32_t rest = shape->len == 4 ? missing & ~longer : 0;
    uint32_t left = missing & ~rest;

    while (rest != 0) {
        uint32_t a = (uint32_t)__builtin_ctz(rest);
        rest &= rest - 1;
        uint32_t b = rest != 0 ? (uint32_t)__builtin_ctz(rest) : a;
        rest &= rest - 1;
        struct point_pair pair = {
            { group->lane_x[a] + first, group->lane_x[b] + first },
            { group->lane_root[a] + first, group->lane_root[b] + first },
            { scales[a], scales[b] },
            { places[a], places[b] },
        };
        pair_cheapest(group->grid, &pair, odd, &places[a], &places[b]);
    }
    return left;
#else
    (void)group;
    (void)shape;
    (void)first;
    (void)place;
    (void)scales;
    (void)places;
    return missing;
#endif
}

/* Chooses all points of all lanes. Those with as long a list come together, so that the CPU need
 * not guess how long the next one is. */
LANES_INLINE void points_choose(const struct group_lanes *group, const struct grid_shape *shape,
                                lanes inverse, lanes scale, struct choice_lanes *choice)
{
    LANES_ALIGNED uint32_t places[LANES];
    LANES_ALIGNED float scales[LANES];

    lanes_store(scales, scale);
    for (uint32_t k = 0; k < group->kind->group / shape->len; k++) {
        const uint32_t at = k * shape->len;
        ilanes place = places_of(group, shape, at, inverse);
        choice->off[k] = points_missing(place);
        uint32_t missing = lanes_set(choice->off[k]) & ((1u << group->n) - 1);
        uint32_t over_1 = missing & lanes_set(points_longer(place, LANES));
        uint32_t over_2 = missing & lanes_set(points_longer(place, 2 * LANES));
        uint32_t over_4 = missing & lanes_set(points_longer(place, 4 * LANES));
        ilanes_store(places, place);
        uint32_t up_to_1 = pairs_fill(group, shape, at, missing & ~over_1, place, scales, places);
        places_fill(group, shape, at, up_to_1, scales, 1, places);
        places_fill(group, shape, at, over_1 & ~over_2, scales, 2, places);
        places_fill(group, shape, at, over_2 & ~over_4, scales, 4, places);
        places_fill(group, shape, at, over_4, scales, 0, places);
        choice->points[k] = ilanes_load(places);
    }
}

LANES_INLINE void choice_fit(const struct group_lanes *group, const struct grid_shape *shape,
                             struct choice_lanes *choice)
{
    const lanes values = point_values(shape, odd);

    choice->xl = lanes_all(0.0f);
    choice->ll = lanes_all(0.0f);
    for (uint32_t k = 0; k < group->kind->group / shape->len; k++) {
        for (uint32_t i = 0; i < shape->len; i++) {
            uint32_t at = k * shape->len + i;
            ilanes code = ilanes_right(choice->points[k], shape->bits * i);
            lanes value = point_pick(shape, values, code);
            choice->xl = choice->xl + group->wx[at] * value;
            choice->ll = choice->ll + group->weight[at] * value * value;
        }
    }
}

/* Takes over the points that are in their masks. */
LANES_INLINE void choice_take(uint32_t points, const mlanes *masks,
                              const struct choice_lanes *tried, struct choice_lanes *best)
{
    for (uint32_t k = 0; k < points; k++) {
        best->points[k] = ilanes_choose(masks[k], tried->points[k], best->points[k]);
    }
}

/* The candidates: fills `best`, and gives the scales; `scale` where none fits. */
LANES_INLINE lanes candidates_try(const struct group_lanes *group, const struct grid_shape *shape,
                                  lanes extent, lanes scale, struct choice_lanes *best)
{
    const struct grid_kind *kind = group->kind;
    const uint32_t points = kind->group / shape->len;
    const float top = (float)(int32_t)(2 * shape->levels - 1);
    lanes best_score = lanes_all(0.0f);
    struct choice_lanes tried;

    for (int32_t i = -kind->steps; i <= kind->steps; i++) {
        mlanes masks[GROUP_POINTS_MAX];
        lanes inverse = lanes_all(top + (float)i * kind->step) / extent;
        points_choose(group, shape, inverse, lanes_all(1.0f) / inverse, &tried);
        choice_fit(group, shape, &tried);
        mlanes better = lanes_less(best_score * tried.ll, tried.xl * tried.xl);
        better = lanes_and(better, lanes_less(lanes_all(0.0f), tried.ll));
        for (uint32_t k = 0; k < points; k++) {
            masks[k] = better;
            best->off[k] = lanes_or(lanes_without(best->off[k], better),
                                    lanes_and(tried.off[k], better));
        }
        choice_take(points, masks, &tried, best);
        scale = lanes_choose(better, tried.xl / tried.ll, scale);
        best_score = lanes_choose(better, scale * tried.xl, best_score);
    }
    return scale;
}

/* group_search of gridblock.c. */
LANES_INLINE lanes group_search(const struct group_lanes *group, const struct grid_shape *shape,
                                lanes extent, lanes scale, ilanes *ret_points)
{
    const struct grid_kind *kind = group->kind;
    const uint32_t points = kind->group / shape->len;
    const mlanes every = lanes_every();
    const mlanes none = lanes_without(every, every);
    struct choice_lanes best;
    struct choice_lanes again;
    mlanes any = kind->refit == GRID_REFIT_ALWAYS ? every : none;

    for (uint32_t k = 0; k < points; k++) {
        best.points[k] = ilanes_all(0);
        best.off[k] = kind->refit == GRID_REFIT_OFF ? none : every;
    }
    scale = candidates_try(group, shape, extent, scale, &best);
    for (uint32_t k = 0; k < points; k++) {
        any = lanes_or(any, best.off[k]);
    }
    any = lanes_and(any, lanes_less(lanes_all(0.0f), scale));
    for (uint32_t k = 0; k < points; k++) {
        best.off[k] = kind->refit == GRID_REFIT_OFF ? lanes_and(any, best.off[k]) : any;
    }
    points_choose(group, shape, lanes_all(1.0f) / scale, scale, &again);
    choice_take(points, best.off, &again, &best);
    choice_fit(group, shape, &best);
    any = lanes_and(any, lanes_less(lanes_all(0.0f), best.ll));
    memcpy(ret_points, best.points, points * sizeof(ret_points[0]));
    return lanes_choose(any, best.xl / best.ll, scale);
}

/* One copy of the search for each shape: the loops over the weights of a point unroll. */
static lanes group_search_8(const struct group_lanes *group, lanes extent, lanes scale,
                            ilanes *ret_points)
{
    return group_search(group, &grid_of_8, extent, scale, ret_points);
}

static lanes group_search_4(const struct group_lanes *group, lanes extent, lanes scale,
                            ilanes *ret_points)
{
    return group_search(group, &grid_of_4, extent, scale, ret_points);
}

/* Negates the magnitudes of eight that matter least, in the lanes of the mask. Gives their bits. */
LANES_INLINE ilanes least_negate(mlanes mask, const lanes *weight, lanes *x)
{
    lanes least = lanes_all(0.0f);
    lanes smallest = weight[0] * x[0] * x[0];
    ilanes bits = ilanes_all(0);

    for (uint32_t i = 1; i < 8; i++) {
        lanes matters = weight[i] * x[i] * x[i];
        mlanes less = lanes_less(matters, smallest);
        smallest = lanes_choose(less, matters, smallest);
        least = lanes_choose(less, lanes_all((float)i), least);
    }
    for (uint32_t i = 0; i < 8; i++) {
        mlanes it = lanes_and(mask, lanes_equal(least, lanes_all((float)i)));
        x[i] = lanes_choose(it, -x[i], x[i]);
        bits = ilanes_choose(it, ilanes_all(1 << i), bits);
    }
    return bits;
}

/* Splits weights into magnitudes and signs. */
LANES_INLINE void signs_take(struct group_lanes *group, const lanes *x, ilanes *ret_signs)
{
    for (uint32_t i = 0; i < group->kind->group; i += 8) {
        mlanes odd_number = lanes_without(lanes_every(), lanes_every());
        ilanes signs = ilanes_all(0);
        for (uint32_t j = 0; j < 8; j++) {
            mlanes minus = lanes_less(x[i + j], lanes_all(0.0f));
            group->x[i + j] = lanes_choose(minus, -x[i + j], x[i + j]);
            signs = ilanes_choose(minus, ilanes_or(signs, ilanes_all(1 << j)), signs);
            odd_number = lanes_or(lanes_without(odd_number, minus),
                                  lanes_without(minus, odd_number));
        }
        ret_signs[i / 8] = signs;
        if (group->kind->even) {
            ilanes bit = least_negate(odd_number, group->weight + i, group->x + i);
            ret_signs[i / 8] = ilanes_differ(signs, bit);
        }
    }
}

/* `importance` is NULL without. */
LANES_INLINE void weights_make(struct group_lanes *group, const lanes *x, const lanes *importance,
                               lanes spread)
{
    const struct grid_kind *kind = group->kind;
    lanes floor = lanes_all(0.0f);

    if (kind->plain != 0.0f) {
        floor = lanes_all(kind->plain) * spread;
    }
    for (uint32_t i = 0; i < kind->group; i++) {
        group->weight[i] = floor + x[i] * x[i];
        if (importance) {
            group->weight[i] = importance[i] * lanes_root(spread + x[i] * x[i]);
        }
        group->root[i] = lanes_root(group->weight[i]);
    }
}

/* Ends what depends on the magnitudes, and copies it by lane. */
LANES_INLINE void group_spread(struct group_lanes *group)
{
    LANES_ALIGNED float x[LANES];
    LANES_ALIGNED float root[LANES];

    for (uint32_t i = 0; i < group->kind->group; i++) {
        group->wx[i] = group->weight[i] * group->x[i];
        lanes_store(x, group->x[i]);
        lanes_store(root, group->root[i]);
        for (uint32_t lane = 0; lane < LANES; lane++) {
            group->lane_x[lane][i] = x[lane];
            group->lane_root[lane][i] = root[lane];
        }
    }
}

/* What is found for the groups of all lanes. */
struct found_lanes {
    lanes scale; /* may be negative */
    mlanes zero;
    ilanes signs[GROUP_MAX / 8];
    ilanes points[GROUP_POINTS_MAX];
};

static void group_encode(struct group_lanes *group, const lanes *x, const lanes *importance,
                         lanes spread, struct found_lanes *ret_found)
{
    const struct grid_kind *kind = group->kind;
    lanes codes[GROUP_MAX];

    weights_make(group, x, importance, spread);
    signs_take(group, x, ret_found->signs);
    group_spread(group);
    lanes extent = group->x[0];
    for (uint32_t i = 1; i < kind->group; i++) {
        extent = lanes_greater(group->x[i], extent);
    }
    ret_found->zero = lanes_less(extent, lanes_all(kind->zero));
    lanes scale = extent / lanes_all((float)(int32_t)(2 * kind->shape->levels - 1));
    if (kind->presearch) {
        scale = lanes_positive(group->x, kind->group, (int32_t)kind->shape->levels + 1,
                               group->weight, codes);
        extent = scale * lanes_all((float)(int32_t)kind->shape->levels);
        ret_found->zero = lanes_or(ret_found->zero, lanes_at_most(extent, lanes_all(0.0f)));
    }
    ret_found->scale = kind->shape->len == 8
                           ? group_search_8(group, extent, scale, ret_found->points)
                           : group_search_4(group, extent, scale, ret_found->points);
}

/* Gives each block its lane of what was found for group j. */
static void found_take(const struct grid_kind *kind, const struct found_lanes *found, uint32_t j,
                       uint32_t n, float scales[][GRID_GROUPS_MAX], struct grid_block *blocks)
{
    const uint32_t points = kind->group / kind->shape->len;
    const uint32_t zero = lanes_set(found->zero);
    LANES_ALIGNED float scale[LANES];
    LANES_ALIGNED uint32_t row[LANES];

    lanes_store(scale, found->scale);
    for (uint32_t lane = 0; lane < n; lane++) {
        blocks[lane].zero[j] = zero >> lane & 1;
        scales[lane][j] = zero >> lane & 1 ? 0.0f : fabsf(scale[lane]);
    }
    for (uint32_t k = 0; k < points; k++) {
        ilanes_store(row, found->points[k]);
        for (uint32_t lane = 0; lane < n; lane++) {
            blocks[lane].points[j * points + k] = zero >> lane & 1
                                                      ? 0
                                                      : (uint16_t)GRID_NUMBER(row[lane]);
        }
    }
    for (uint32_t k = 0; k < kind->group / 8; k++) {
        ilanes_store(row, found->signs[k]);
        for (uint32_t lane = 0; lane < n; lane++) {
            uint8_t signs = (uint8_t)(scale[lane] < 0.0f ? ~row[lane] : row[lane]);
            blocks[lane].signs[j * (kind->group / 8) + k] = zero >> lane & 1 ? 0 : signs;
        }
    }
}

void grid_block_encode_lanes(const struct grid_kind *kind, const struct block_lanes *blocks,
                             struct grid_block *ret_blocks)
{
    struct group_lanes group = { .kind = kind, .grid = kind->grid(), .n = blocks->n };
    const float *rows[LANES];
    float scales[LANES][GRID_GROUPS_MAX];
    lanes x[GRID_BLOCK_LEN];
    lanes importance[GROUP_MAX];
    struct found_lanes found;

    for (uint32_t lane = 0; lane < LANES; lane++) {
        rows[lane] = blocks->context[lane].importance;
    }
    memset(ret_blocks, 0, blocks->n * sizeof(ret_blocks[0]));
    lanes_gather(blocks->x, 0, GRID_BLOCK_LEN, x);
    lanes spread = lanes_all(kind->spread) * lanes_sum_of_squares(x, GRID_BLOCK_LEN) /
                   lanes_all((float)GRID_BLOCK_LEN);
    for (uint32_t j = 0; j < GRID_BLOCK_LEN / kind->group; j++) {
        if (blocks->has_importance) {
            lanes_gather(rows, j * kind->group, kind->group, importance);
        }
        group_encode(&group, x + j * kind->group, blocks->has_importance ? importance : NULL,
                     spread, &found);
        found_take(kind, &found, j, blocks->n, scales, ret_blocks);
    }
    for (uint32_t lane = 0; lane < blocks->n; lane++) {
        grid_block_finish(kind, scales[lane], &ret_blocks[lane]);
    }
}
