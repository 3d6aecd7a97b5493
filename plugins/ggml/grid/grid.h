/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Grids: the points that iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq3_xxs and iq3_s may choose for 8
 * or 4 weights at once.
 *
 * A weight has a level: 0 to 2 where a point has 8 weights, 0 to 7 where it has 4. What a level
 * stands for is up to the encoding: the levels 0, 1, 2 are -1, 0, 1 in iq1 and 8, 25, 43 (in units
 * of an eighth) in iq2. A point is written in two ways:
 *
 *   code  levels packed from the lowest bits up, 2 bits each of 8 weights or 3 bits of 4. The
 *         tables grid_codes_… map the number of a point, which is what a block stores, to its
 *         code. They are constants: a decoder needs nothing else, and calls no function here
 *         besides grid_level.
 *   cell  levels as the digits of a number in base 3 or 8, the first weight's the lowest. Every
 *         combination of levels has a cell, whether it is a point or not: 6561 or 4096 cells.
 *
 * An encoder rounds 8 or 4 weights to levels, and asks what the cell is: a point, with its number;
 * or not, with the list of the points nearest to it. The list has the points at the smallest, the
 * second, up to the n-th smallest distance that occurs (n is the grid's own), ordered by distance,
 * and at the same distance by number. Distances are Euclidean, of levels. The order decides which
 * of equally good points a search takes, so it is part of the encodings.
 *
 * These tables are made when an encoder asks for its grid for the first time, by whichever thread
 * comes first, in static memory that costs nothing until then. Measured with gcc 12 on a busy
 * virtual core of an AMD EPYC:
 *
 *   grid     points  distances   cells   list entries    time     memory
 *   iq2_xxs     256          2    6561        113,157    7 ms    468 KiB
 *   iq2_xs      512          2    6561        181,721   15 ms    735 KiB
 *   iq2_s      1024          1    6561         44,716   10 ms    200 KiB
 *   iq1        2048          3    6561        327,721   55 ms  1,306 KiB
 *   iq3_xxs     256          2    4096         18,985    4 ms     90 KiB
 *   iq3_s       512          3    4096         24,733   10 ms    113 KiB
 */
#ifndef PARE_PLUGINS_GGML_GRID_H
#define PARE_PLUGINS_GGML_GRID_H

#include <float.h>
#include <stdint.h>

#define GRID_LEVELS 8 /* the most that a grid has */

/* A point: its number, and its code in the low 16 bits. */
#define GRID_POINT(number, code) ((uint32_t)(number) << 16 | (code))
#define GRID_NUMBER(point) ((point) >> 16)

/* A place is what a cell has: its point, or a list of neighbours with its first entry and its
 * length, which are below 2^19 and 2^12. */
#define GRID_PLACE_LIST(first, n) (1u << 31 | (uint32_t)(n) << 19 | (first))
#define GRID_PLACE_IS_LIST(place) ((place) >> 31)
#define GRID_PLACE_FIRST(place) ((place)&0x7ffffu)
#define GRID_PLACE_COUNT(place) ((place) >> 19 & 0xfffu)
#define GRID_SPARE 8 /* entries behind the last list that may be read */

/* The two shapes of grids. Pass one of the constants, not a variable: the loops then unroll. */
struct grid_shape {
    uint32_t len;  /* weights of a point */
    uint32_t bits; /* of a level in a code */
    uint32_t levels;
};

static const struct grid_shape grid_of_8 = { 8, 2, 3 };
static const struct grid_shape grid_of_4 = { 4, 3, 8 };

extern const uint16_t grid_codes_iq2_xxs[256];
extern const uint16_t grid_codes_iq2_xs[512];
extern const uint16_t grid_codes_iq2_s[1024];
extern const uint16_t grid_codes_iq1[2048];
extern const uint16_t grid_codes_iq3_xxs[256];
extern const uint16_t grid_codes_iq3_s[512];

/* A grid as encoders see it. All is constant once a function below has given it. */
struct grid {
    const struct grid_shape *shape;
    uint32_t points;
    uint32_t distances;         /* how many different ones a list has, if the grid has them */
    uint32_t entries;           /* of all lists */
    const uint16_t *codes;      /* by point */
    const uint32_t *places;     /* by cell */
    const uint32_t *neighbours; /* points: all lists one after the other */
};

/* The grids, made when first asked for. Any thread; never NULL; the program owns them. */
const struct grid *grid_iq2_xxs(void); /* of 8 */
const struct grid *grid_iq2_xs(void);  /* of 8 */
const struct grid *grid_iq2_s(void);   /* of 8 */
const struct grid *grid_iq1(void);     /* of 8: iq1_s and iq1_m */
const struct grid *grid_iq3_xxs(void); /* of 4 */
const struct grid *grid_iq3_s(void);   /* of 4 */

/* The level of weight i in a code. */
static inline uint32_t grid_level(const struct grid_shape *shape, uint32_t code, uint32_t i)
{
    return code >> shape->bits * i & ((1u << shape->bits) - 1);
}

/* The cell of shape->len levels, each below shape->levels. */
static inline uint32_t grid_cell(const struct grid_shape *shape, const uint8_t *levels)
{
    uint32_t cell = 0;

    for (uint32_t i = shape->len; i-- > 0;) {
        cell = cell * shape->levels + levels[i];
    }
    return cell;
}

/* What the best point for some weights is measured with: weights[i] * (scale * value - x[i])^2,
 * by weight i and level, where value is values[level]. Multiplies from the left. */
static inline void grid_costs(const struct grid_shape *shape, const float *x, const float *weights,
                              float scale, const float *values, float costs[][GRID_LEVELS])
{
    for (uint32_t i = 0; i < shape->len; i++) {
        for (uint32_t level = 0; level < shape->levels; level++) {
            float difference = scale * values[level] - x[i];
            costs[i][level] = weights[i] * difference * difference;
        }
    }
}

/* Of the points in the list of a place, that whose costs have the smallest sum, added in the order
 * of the weights; of equals the first in the list. Where no sum is below FLT_MAX (huge weights;
 * ggml aborts) it is the first of the list. */
static inline uint32_t grid_cheapest(const struct grid *grid, const struct grid_shape *shape,
                                     uint32_t place, const float costs[][GRID_LEVELS])
{
    const uint32_t *list = grid->neighbours + GRID_PLACE_FIRST(place);
    uint32_t best = list[0];
    float least = FLT_MAX;

    for (uint32_t j = 0; j < GRID_PLACE_COUNT(place); j++) {
        float sum = costs[0][grid_level(shape, list[j], 0)];
        for (uint32_t i = 1; i < shape->len; i++) {
            sum += costs[i][grid_level(shape, list[j], i)];
        }
        if (sum < least) {
            least = sum;
            best = list[j];
        }
    }
    return best;
}

#endif
