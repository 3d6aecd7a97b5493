/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Points of grids (grid.h) for groups in lanes: the cells of all lanes come at once; where a cell
 * is not a point, its neighbours are tried, LANES of them side by side. Each neighbour's costs are
 * added in the order of the weights, and the first of the cheapest wins, as in grid_cheapest.
 *
 * Costs of the weights of a point are a table of 32 floats: 8 weights with room for 4 levels each,
 * or 4 weights with 8. A permutation picks from the table of a weight, by the low 2 or 3 bits of
 * what is left of each neighbour's code.
 */
#ifndef PARE_PLUGINS_GGML_LANES_POINTS_H
#define PARE_PLUGINS_GGML_LANES_POINTS_H

#include "ggml/grid/grid.h"
#include "ggml/lanes/lanes.h"

#if LANES > 0

#define POINT_COSTS 32 /* floats in a table */
#define LIST_ROWS 4    /* of LANES neighbours: lists up to there have searches without a loop */

/* a >> bits, as unsigned numbers. */
LANES_INLINE ilanes ilanes_right(ilanes a, uint32_t bits)
{
#if LANES == 16
    return _mm512_srli_epi32(a, bits);
#elif LANES == 8
    return _mm256_srli_epi32(a, (int)bits);
#else
    typedef uint32_t unsigned_lanes __attribute__((vector_size(4 * LANES)));
    return (ilanes)((unsigned_lanes)a >> bits);
#endif
}

/* The integer in [0, 65535] that each float is. */
LANES_INLINE ilanes lanes_integers(lanes a)
{
    return ilanes_and(lanes_bits(a + lanes_all(LANES_ROUNDER)), ilanes_all(0xffff));
}

/* table[index[lane]] of a table of 32-bit numbers. */
LANES_INLINE ilanes lanes_lookup(const uint32_t *table, ilanes index)
{
#if LANES == 16
    return _mm512_i32gather_epi32(index, table, 4);
#elif LANES == 8
    return _mm256_i32gather_epi32((const int *)(const void *)table, index, 4);
#else
    ilanes values = index;
    for (int i = 0; i < LANES; i++) {
        values[i] = (int32_t)table[index[i]];
    }
    return values;
#endif
}

/* What the levels of a shape stand for, in each of the places that lanes_pick looks at. */
LANES_INLINE lanes point_values(const struct grid_shape *shape, const float *values)
{
    LANES_ALIGNED float row[LANES];

    for (uint32_t i = 0; i < LANES; i++) {
        uint32_t level = i & ((1u << shape->bits) - 1);
        row[i] = level < shape->levels ? values[level] : 0.0f;
    }
    return lanes_load(row);
}

/* The value in a table that point_values made, or in costs, for the level in the low bits. NEON has
 * too few lanes for a table of 8; for it the table is the odd numbers. */
LANES_INLINE lanes point_pick(const struct grid_shape *shape, lanes table, ilanes code)
{
#if LANES == 16
    return shape->bits == 2 ? _mm512_permutevar_ps(table, code)
                            : _mm512_permutexvar_ps(code, table);
#elif LANES == 8
    return shape->bits == 2 ? _mm256_permutevar_ps(table, code)
                            : _mm256_permutevar8x32_ps(table, code);
#else
    ilanes level = ilanes_and(code, ilanes_all((1 << shape->bits) - 1));
    lanes number = lanes_of_bits(ilanes_or(level, ilanes_all(0x4b400000)));
    number = number - lanes_all(LANES_ROUNDER);
    return lanes_all(table[0]) + (lanes_all(table[1]) - lanes_all(table[0])) * number;
#endif
}

/* Which lanes have a place with a list, not a point. */
LANES_INLINE mlanes points_missing(ilanes places)
{
#if LANES == 16
    return _mm512_movepi32_mask(places);
#elif LANES == 8
    return lanes_of_bits(_mm256_srai_epi32(places, 31));
#else
    return places < 0;
#endif
}

/* Which lanes have a list of more than n neighbours. */
LANES_INLINE mlanes points_longer(ilanes places, uint32_t n)
{
    ilanes counts = ilanes_and(places, ilanes_all(0x7ff80000));
    ilanes limit = ilanes_all((int32_t)(n << 19 | 0x7ffff));

#if LANES == 16
    return lanes_and(points_missing(places), _mm512_cmpgt_epi32_mask(counts, limit));
#elif LANES == 8
    return lanes_and(points_missing(places), lanes_of_bits(_mm256_cmpgt_epi32(counts, limit)));
#else
    return lanes_and(points_missing(places), counts > limit);
#endif
}

/* The lanes of a mask as bits, lane 0 the lowest. */
LANES_INLINE uint32_t lanes_set(mlanes mask)
{
#if LANES == 16
    return mask;
#elif LANES == 8
    return (uint32_t)_mm256_movemask_ps(mask);
#else
    uint32_t set = 0;
    for (uint32_t i = 0; i < LANES; i++) {
        set |= (uint32_t)(mask[i] & 1) << i;
    }
    return set;
#endif
}

LANES_INLINE ilanes ilanes_choose(mlanes mask, ilanes a, ilanes b)
{
    return lanes_bits(lanes_choose(mask, lanes_of_bits(a), lanes_of_bits(b)));
}

LANES_INLINE ilanes ilanes_differ(ilanes a, ilanes b)
{
    return (ilanes)(a ^ b);
}

LANES_INLINE ilanes ilanes_load(const uint32_t *from)
{
    return *(const ilanes *)(const void *)from;
}

LANES_INLINE void ilanes_store(uint32_t *to, ilanes values)
{
    *(ilanes *)(void *)to = values;
}

#if LANES >= 8

#if LANES == 16

LANES_INLINE lanes table_of(const struct grid_shape *shape, const float *costs)
{
    return shape->bits == 2 ? _mm512_broadcast_f32x4(_mm_load_ps(costs))
                            : _mm512_broadcast_f32x8(_mm256_load_ps(costs));
}

/* x of 4 or 2 weights, each in all places of its levels. */
LANES_INLINE lanes spread_of(const struct grid_shape *shape, const float *x)
{
    if (shape->bits == 2) {
        const __m512i four = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
        return _mm512_permutevar_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(x)), four);
    }
    return _mm512_mask_broadcastss_ps(_mm512_set1_ps(x[0]), 0xff00, _mm_load_ss(x + 1));
}

LANES_INLINE mlanes first_lanes(uint32_t n)
{
    return (mlanes)(n >= 16 ? 0xffffu : (1u << n) - 1);
}

LANES_INLINE ilanes list_row(const uint32_t *list, mlanes mask)
{
    return _mm512_maskz_loadu_epi32(mask, list);
}

LANES_INLINE float lanes_least(lanes a)
{
    return _mm512_reduce_min_ps(a);
}

#else

LANES_INLINE lanes table_of(const struct grid_shape *shape, const float *costs)
{
    return shape->bits == 2 ? _mm256_broadcast_ps((const __m128 *)(const void *)costs)
                            : _mm256_load_ps(costs);
}

LANES_INLINE lanes spread_of(const struct grid_shape *shape, const float *x)
{
    if (shape->bits == 2) {
        return _mm256_set_m128(_mm_set1_ps(x[1]), _mm_set1_ps(x[0]));
    }
    return _mm256_set1_ps(x[0]);
}

LANES_INLINE mlanes first_lanes(uint32_t n)
{
    const __m256i lane = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);

    return lanes_of_bits(_mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)n), lane));
}

LANES_INLINE ilanes list_row(const uint32_t *list, mlanes mask)
{
    (void)mask;
    return _mm256_loadu_si256((const __m256i *)(const void *)list);
}

LANES_INLINE float lanes_least(lanes a)
{
    __m128 least = _mm_min_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));

    least = _mm_min_ps(least, _mm_movehl_ps(least, least));
    return _mm_cvtss_f32(_mm_min_ss(least, _mm_movehdup_ps(least)));
}

#endif

/* The costs of LANES neighbours. */
LANES_INLINE lanes row_costs(const struct grid_shape *shape, const lanes *tables, ilanes codes)
{
    lanes sum = point_pick(shape, tables[0], codes);

    for (uint32_t i = 1; i < shape->len; i++) {
        sum = sum + point_pick(shape, tables[i], ilanes_right(codes, shape->bits * i));
    }
    return sum;
}

/* The same, FLT_MAX where that is not less, and behind the n neighbours of a list. */
LANES_INLINE lanes list_costs(const struct grid_shape *shape, const lanes *tables,
                              const uint32_t *list, uint32_t n)
{
    const lanes none = lanes_all(FLT_MAX);
    mlanes in = first_lanes(n);
    lanes sum = row_costs(shape, tables, list_row(list, in));

    return lanes_choose(lanes_and(in, lanes_less(sum, none)), sum, none);
}

/* The cheapest of at most rows * LANES neighbours. Where nothing is less than FLT_MAX, all are
 * equal, and the first is taken. */
LANES_INLINE uint32_t rows_cheapest(const struct grid_shape *shape, const lanes *tables,
                                    const uint32_t *list, uint32_t n, uint32_t rows)
{
    lanes sums[LIST_ROWS];
    uint64_t winners = 0;

    sums[0] = list_costs(shape, tables, list, n);
    lanes least = sums[0];
    for (uint32_t r = 1; r < rows; r++) {
        uint32_t rest = n > r * LANES ? n - r * LANES : 0;
        sums[r] = list_costs(shape, tables, list + r * LANES, rest);
        least = lanes_lesser(sums[r], least);
    }
    least = lanes_all(lanes_least(least));
    for (uint32_t r = 0; r < rows; r++) {
        winners |= (uint64_t)lanes_set(lanes_equal(sums[r], least)) << r * LANES;
    }
    return list[__builtin_ctzll(winners)];
}

/* The place in the list of the winner, from what every lane has found: the smallest. */
LANES_INLINE uint32_t winner_place(lanes least, ilanes rows)
{
    LANES_ALIGNED uint32_t place[LANES];
    uint32_t winners = lanes_set(lanes_equal(least, lanes_all(lanes_least(least))));
    uint32_t lane = (uint32_t)__builtin_ctz(winners);

    ilanes_store(place, rows);
    uint32_t first = place[lane] + lane;
    while ((winners &= winners - 1) != 0) {
        lane = (uint32_t)__builtin_ctz(winners);
        first = place[lane] + lane < first ? place[lane] + lane : first;
    }
    return first;
}

/* The cheapest of any number of neighbours. */
LANES_INLINE uint32_t list_cheapest(const struct grid_shape *shape, const lanes *tables,
                                    const uint32_t *list, uint32_t n)
{
    lanes least = list_costs(shape, tables, list, n);
    ilanes rows = ilanes_all(0);

    for (uint32_t j = LANES; j < n; j += LANES) {
        lanes sum = list_costs(shape, tables, list + j, n - j);
        mlanes better = lanes_less(sum, least);
        least = lanes_choose(better, sum, least);
        rows = ilanes_choose(better, ilanes_all((int32_t)j), rows);
    }
    return list[winner_place(least, rows)];
}

/* Makes the compiler load tables from memory. It would otherwise shuffle them out of what it just
 * stored, on the port of the CPU that is the busiest here. */
LANES_INLINE void costs_settle(const float *costs)
{
#if LANES == 16
    __asm__ volatile("" : : "r"(costs) : "memory");
#else
    (void)costs;
#endif
}

/* grid_cheapest for the weights x, where `values` are what levels stand for times the scale. The
 * list has at most rows * LANES neighbours; rows is a constant up to LIST_ROWS, or 0 for any. */
LANES_INLINE uint32_t point_cheapest(const struct grid *grid, const struct grid_shape *shape,
                                     uint32_t place, const float *x, const float *weights,
                                     lanes values, uint32_t rows)
{
    LANES_ALIGNED float costs[POINT_COSTS];
    const uint32_t step = LANES >> shape->bits; /* weights in a row */
    const uint32_t *list = grid->neighbours + GRID_PLACE_FIRST(place);
    lanes tables[8];

    for (uint32_t i = 0; i < shape->len; i += step) {
        lanes difference = values - spread_of(shape, x + i);
        lanes_store(costs + (i << shape->bits),
                    spread_of(shape, weights + i) * difference * difference);
    }
    costs_settle(costs);
    for (uint32_t i = 0; i < shape->len; i++) {
        tables[i] = table_of(shape, costs + (i << shape->bits));
    }
    if (rows == 0) {
        return list_cheapest(shape, tables, list, GRID_PLACE_COUNT(place));
    }
    return rows_cheapest(shape, tables, list, GRID_PLACE_COUNT(place), rows);
}

#if LANES == 16

/* Two points of 4 whose lists have at most 8 neighbours. */
struct point_pair {
    const float *x[2];
    const float *weights[2];
    float scale[2];
    uint32_t place[2];
};

/* A number of each of the pair, in 8 lanes each. */
LANES_INLINE lanes pair_spread(const float *first, const float *second)
{
    return _mm512_mask_broadcastss_ps(_mm512_set1_ps(*first), 0xff00, _mm_load_ss(second));
}

/* The smallest of each 8 lanes, in all of them. */
LANES_INLINE lanes pair_least(lanes a)
{
    a = _mm512_min_ps(a, _mm512_shuffle_f32x4(a, a, 0xb1));
    a = _mm512_min_ps(a, _mm512_permute_ps(a, 0x4e));
    return _mm512_min_ps(a, _mm512_permute_ps(a, 0xb1));
}

/* The costs of 8 neighbours of each point. */
LANES_INLINE lanes pair_costs(const struct point_pair *pair, const float *values, ilanes codes)
{
    const ilanes low = ilanes_all(7);
    const ilanes half = _mm512_inserti64x4(_mm512_setzero_si512(), _mm256_set1_epi32(8), 1);
    lanes levels = pair_spread(&pair->scale[0], &pair->scale[1]) * point_values(&grid_of_4, values);
    lanes costs[4];

    for (uint32_t i = 0; i < 4; i++) {
        lanes difference = levels - pair_spread(pair->x[0] + i, pair->x[1] + i);
        lanes table = pair_spread(pair->weights[0] + i, pair->weights[1] + i) * difference *
                      difference;
        ilanes at = ilanes_or(ilanes_and(ilanes_right(codes, 3 * i), low), half);
        costs[i] = _mm512_permutexvar_ps(at, table);
    }
    return costs[0] + costs[1] + costs[2] + costs[3];
}

/* grid_cheapest of both. */
LANES_INLINE void pair_cheapest(const struct grid *grid, const struct point_pair *pair,
                                const float *values, uint32_t *ret_first, uint32_t *ret_second)
{
    const lanes none = lanes_all(FLT_MAX);
    const uint32_t *first = grid->neighbours + GRID_PLACE_FIRST(pair->place[0]);
    const uint32_t *second = grid->neighbours + GRID_PLACE_FIRST(pair->place[1]);
    uint32_t in = (1u << GRID_PLACE_COUNT(pair->place[0])) - 1;
    ilanes codes = _mm512_inserti64x4(_mm512_castsi256_si512(
                                          _mm256_loadu_si256((const __m256i *)(const void *)first)),
                                      _mm256_loadu_si256((const __m256i *)(const void *)second), 1);

    in |= ((1u << GRID_PLACE_COUNT(pair->place[1])) - 1) << 8;
    lanes sum = pair_costs(pair, values, codes);
    sum = lanes_choose(lanes_and((mlanes)in, lanes_less(sum, none)), sum, none);
    uint32_t winners = lanes_set(lanes_equal(sum, pair_least(sum)));
    *ret_first = first[__builtin_ctz(winners)];
    *ret_second = second[__builtin_ctz(winners >> 8)];
}

#endif
#endif

#endif
#endif
