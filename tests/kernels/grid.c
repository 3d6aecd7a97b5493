/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The grids of the plugin `ggml` (plugins/ggml/grid/grid.h), made once more in the plainest way:
 * every cell is a point or has the list that sorting all points by distance and number gives.
 */
#include "ggml/grid/grid.h"

#include <stdio.h>
#include <stdlib.h>

#define POINTS_MAX 2048

struct candidate {
    uint32_t distance;
    uint32_t number;
};

static int candidates_compare(const void *left, const void *right)
{
    const struct candidate *a = left;
    const struct candidate *b = right;

    if (a->distance != b->distance) {
        return a->distance < b->distance ? -1 : 1;
    }
    return a->number < b->number ? -1 : 1;
}

static uint32_t distance_of(const struct grid *grid, const uint8_t *levels, uint32_t code)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < grid->shape->len; i++) {
        int difference = levels[i] - (int)grid_level(grid->shape, code, i);
        sum += (uint32_t)(difference * difference);
    }
    return sum;
}

/* Levels of a cell, counted up like the digits of a clock. Gives 0 after the last. */
static int levels_next(const struct grid *grid, uint8_t *levels)
{
    for (uint32_t i = 0; i < grid->shape->len; i++) {
        if (++levels[i] < grid->shape->levels) {
            return 1;
        }
        levels[i] = 0;
    }
    return 0;
}

/* 1 if the cell's point or list is as it should be. Counts the entries of lists. */
static int cell_right(const struct grid *grid, uint32_t cell, const uint8_t *levels,
                      uint32_t *entries)
{
    struct candidate all[POINTS_MAX];
    uint32_t place = grid->places[cell];
    uint32_t different = 1;
    uint32_t n = 1;

    for (uint32_t j = 0; j < grid->points; j++) {
        all[j] = (struct candidate){ distance_of(grid, levels, grid->codes[j]), j };
    }
    qsort(all, grid->points, sizeof(all[0]), candidates_compare);
    if (all[0].distance == 0) {
        return place == GRID_POINT(all[0].number, grid->codes[all[0].number]);
    }
    for (; n < grid->points; n++) {
        different += all[n].distance != all[n - 1].distance;
        if (different > grid->distances) {
            break;
        }
    }
    const uint32_t *list = grid->neighbours + GRID_PLACE_FIRST(place);
    for (uint32_t j = 0; j < n && n == GRID_PLACE_COUNT(place); j++) {
        if (list[j] != GRID_POINT(all[j].number, grid->codes[all[j].number])) {
            return 0;
        }
    }
    if (place != GRID_PLACE_LIST(*entries, n)) {
        return 0;
    }
    *entries += n;
    return 1;
}

static int grid_right(const char *name, const struct grid *grid)
{
    uint8_t levels[8] = { 0 };
    uint32_t cell = 0;
    uint32_t entries = 0;

    do {
        if (grid_cell(grid->shape, levels) != cell) {
            printf("not ok %s: the number of cell %u\n", name, cell);
            return 0;
        }
        if (!cell_right(grid, cell, levels, &entries)) {
            printf("not ok %s: cell %u\n", name, cell);
            return 0;
        }
        cell++;
    } while (levels_next(grid, levels));
    if (entries != grid->entries) {
        printf("not ok %s: %u entries, not %u\n", name, entries, grid->entries);
        return 0;
    }
    printf("ok %s: %u cells\n", name, cell);
    return 1;
}

int main(void)
{
    int right = grid_right("iq2_xxs", grid_iq2_xxs());

    right &= grid_right("iq2_xs", grid_iq2_xs());
    right &= grid_right("iq2_s", grid_iq2_s());
    right &= grid_right("iq1", grid_iq1());
    right &= grid_right("iq3_xxs", grid_iq3_xxs());
    right &= grid_right("iq3_s", grid_iq3_s());
    return right ? 0 : 1;
}
