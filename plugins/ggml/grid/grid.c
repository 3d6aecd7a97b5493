/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Makes the tables of grid.h.
 *
 * The distance of a cell to a point is the sum of two: of the first half of the weights and of the
 * second. A half has at most 81 combinations of levels, so a small table has all distances of
 * halves. Distances here are squared, which keeps their order; the largest is 4 * 49.
 */
#include "ggml/grid/grid.h"

#include <pthread.h>
#include <string.h>

#define POINTS_MAX 2048
#define HALVES_MAX 81
#define CELLS_OF_8 6561
#define CELLS_OF_4 4096

/* The tables of a grid while they are made. */
struct tables {
    uint32_t *places;
    uint32_t *neighbours;
};

struct halves {
    uint32_t count; /* combinations of levels of half a point */
    uint8_t distance[HALVES_MAX][HALVES_MAX];
    uint8_t low[POINTS_MAX]; /* by point: the first half of its cell */
    uint8_t high[POINTS_MAX];
};

static uint8_t half_distance(const struct grid_shape *shape, uint32_t a, uint32_t b)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < shape->len / 2; i++) {
        int32_t difference = (int32_t)(a % shape->levels) - (int32_t)(b % shape->levels);
        sum += (uint32_t)(difference * difference);
        a /= shape->levels;
        b /= shape->levels;
    }
    return (uint8_t)sum;
}

static void halves_init(struct halves *halves, const struct grid *grid)
{
    halves->count = 1;
    for (uint32_t i = 0; i < grid->shape->len / 2; i++) {
        halves->count *= grid->shape->levels;
    }
    for (uint32_t a = 0; a < halves->count; a++) {
        for (uint32_t b = 0; b < halves->count; b++) {
            halves->distance[a][b] = half_distance(grid->shape, a, b);
        }
    }
}

/* Enters the points into the map of cells. */
static void points_enter(struct halves *halves, const struct grid *grid, uint32_t *ret_places)
{
    for (uint32_t cell = 0; cell < halves->count * halves->count; cell++) {
        ret_places[cell] = GRID_PLACE_LIST(0, 0);
    }
    for (uint32_t j = 0; j < grid->points; j++) {
        uint8_t levels[8];
        for (uint32_t i = 0; i < grid->shape->len; i++) {
            levels[i] = (uint8_t)grid_level(grid->shape, grid->codes[j], i);
        }
        uint32_t cell = grid_cell(grid->shape, levels);
        ret_places[cell] = GRID_POINT(j, grid->codes[j]);
        halves->low[j] = (uint8_t)(cell % halves->count);
        halves->high[j] = (uint8_t)(cell / halves->count);
    }
}

/* The smallest of n distances that is >= bound; 255 if there is none. */
static uint8_t smallest_from(const uint8_t *distance, uint32_t n, uint8_t bound)
{
    uint8_t smallest = 255;

    for (uint32_t j = 0; j < n; j++) {
        uint8_t candidate = distance[j] >= bound ? distance[j] : 255;
        smallest = candidate < smallest ? candidate : smallest;
    }
    return smallest;
}

/* Writes the list of a cell that is not a point. Gives its length. */
static uint32_t list_make(const struct halves *halves, const struct grid *grid, uint32_t cell,
                          uint32_t *ret_list)
{
    const uint8_t *low = halves->distance[cell % halves->count];
    const uint8_t *high = halves->distance[cell / halves->count];
    uint8_t distance[POINTS_MAX];
    uint8_t next = 0;
    uint32_t n = 0;

    for (uint32_t j = 0; j < grid->points; j++) {
        distance[j] = (uint8_t)(low[halves->low[j]] + high[halves->high[j]]);
    }
    for (uint32_t i = 0; i < grid->distances; i++) {
        next = smallest_from(distance, grid->points, next);
        for (uint32_t j = 0; j < grid->points; j++) {
            if (distance[j] == next) {
                ret_list[n++] = GRID_POINT(j, grid->codes[j]);
            }
        }
        next++;
    }
    return n;
}

static void grid_make(const struct grid *grid, const struct tables *tables)
{
    struct halves halves;
    uint32_t n = 0;

    halves_init(&halves, grid);
    points_enter(&halves, grid, tables->places);
    uint32_t cells = halves.count * halves.count;
    for (uint32_t cell = 0; cell < cells; cell++) {
        if (GRID_PLACE_IS_LIST(tables->places[cell])) {
            uint32_t len = list_make(&halves, grid, cell, tables->neighbours + n);
            tables->places[cell] = GRID_PLACE_LIST(n, len);
            n += len;
        }
    }
}

/* A grid, its memory and grid_NAME(). list_entries is the length of all its lists, a fact of its
 * points; tests/kernels/grid.c makes sure of it. */
#define GRID(name, shape_, cells, points_, distances_, list_entries) \
    static uint32_t places_##name[cells];                            \
    static uint32_t neighbours_##name[(list_entries) + GRID_SPARE];  \
    static const struct grid the_##name = {                          \
        .shape = &(shape_),                                          \
        .points = points_,                                           \
        .distances = distances_,                                     \
        .entries = list_entries,                                     \
        .codes = grid_codes_##name,                                  \
        .places = places_##name,                                     \
        .neighbours = neighbours_##name,                             \
    };                                                               \
    static void make_##name(void)                                    \
    {                                                                \
        struct tables tables = { places_##name, neighbours_##name }; \
        grid_make(&the_##name, &tables);                             \
    }                                                                \
    const struct grid *grid_##name(void)                             \
    {                                                                \
        static pthread_once_t once = PTHREAD_ONCE_INIT;              \
        pthread_once(&once, make_##name);                            \
        return &the_##name;                                          \
    }

GRID(iq2_xxs, grid_of_8, CELLS_OF_8, 256, 2, 113157)
GRID(iq2_xs, grid_of_8, CELLS_OF_8, 512, 2, 181721)
GRID(iq2_s, grid_of_8, CELLS_OF_8, 1024, 1, 44716)
GRID(iq1, grid_of_8, CELLS_OF_8, 2048, 3, 327721)
GRID(iq3_xxs, grid_of_4, CELLS_OF_4, 256, 2, 18985)
GRID(iq3_s, grid_of_4, CELLS_OF_4, 512, 3, 24733)
