/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What iq1_s and iq1_m share: blocks of 256 weights whose values come from points of 8 of the grid
 * iq1 (grid.h). The three levels of a point stand for -1, 0 and 1, all moved up by an eighth or
 * all moved down; groups of weights have a scale of 3 bits. x = d * (2 * scale + 1) * value.
 *
 * A group is searched without the grid first. In an optimal choice of three ascending values, the
 * smallest weights get the first, the largest the last; so with the weights in order there are few
 * choices, and all are tried, each fitted by least squares. Then every eight weights whose levels
 * are not a point get the cheapest of the points nearby.
 *
 * The two differ in how long groups are and in how many points are moved together. Each gives its
 * own search, because the order of its sums is its own as well.
 */
#ifndef PARE_PLUGINS_GGML_IQ1_H
#define PARE_PLUGINS_GGML_IQ1_H

#include "ggml/blocks.h"
#include "ggml/grid/grid.h"
#include "ggml/search/search.h"

#define IQ1_LEN 256
#define IQ1_POINTS (IQ1_LEN / 8)
#define IQ1_GROUP_MAX 32
#define IQ1_GROUPS_MAX 16

/* What the levels stand for in points moved up [0] and down [1]. */
static const float iq1_values[2][4] = { { -0.875f, 0.125f, 1.125f, 0.0f },
                                        { -1.125f, -0.125f, 0.875f, 0.0f } };

/* A group to be searched. */
struct iq1_group {
    const float *x;
    const float *weights;         /* of errors */
    uint8_t order[IQ1_GROUP_MAX]; /* indices by ascending x; of equals the first first */
};

/* A choice of levels, and how well it fits. */
struct iq1_split {
    uint32_t low;  /* how many weights, in order, have level 0 */
    uint32_t high; /* those from here on have level 2 */
    uint32_t down; /* bit k: eight weights number k are moved down, else up */
    float scale;   /* may be negative */
    float score;   /* negative: nothing was found */
};

struct iq1_group_lanes; /* the same in lanes: see lanes_iq1.h */
struct iq1_split_lanes;

/* How an encoding makes its groups. */
struct iq1_kind {
    uint32_t group; /* weights with one scale */
    float zero;     /* groups whose largest magnitude is below this are zero */
    void (*search)(const struct iq1_group *group, struct iq1_split *best);
    void (*search_lanes)(const struct iq1_group_lanes *group, struct iq1_split_lanes *best);
};

/* A block as its encoding stores it. All is 0 for a group that is zero, except its weights; all
 * codes and `down` are 0 when `largest` is. */
struct iq1_block {
    float weights[IQ1_LEN];        /* of errors */
    float largest;                 /* of the scales of groups: the code of this one is 7 */
    uint8_t codes[IQ1_GROUPS_MAX]; /* of scales, 0 to 7, by group */
    uint16_t points[IQ1_POINTS];   /* numbers */
    uint8_t down[IQ1_POINTS];      /* 1: moved down; by point */
};

/* Encodes 256 finite weights. Sums that overflow give a `largest` that is infinite or NaN. */
void iq1_block_encode(const struct iq1_kind *kind, const float *x,
                      const struct block_context *context, struct iq1_block *ret_block);

/* Ends a block whose points are known, with the scales of its groups. */
void iq1_block_finish(const struct iq1_kind *kind, const float *scales, struct iq1_block *block);

/* The unit of the scales before it is fitted or rounded: that of `largest` is 2 * 7 + 1. */
static inline float iq1_unit(float largest)
{
    return largest / 15.0f;
}

/* Takes over a choice with the sums xl = sum of w x value and ll = sum of w value value, if it is
 * better than what there is. */
static inline void iq1_split_offer(struct iq1_split *best, uint32_t low, uint32_t high,
                                   uint32_t down, float xl, float ll)
{
    if (ll > 0.0f && xl * xl > best->score * ll) {
        best->low = low;
        best->high = high;
        best->down = down;
        best->scale = xl / ll;
        best->score = best->scale * xl;
    }
}

/* Adds to the two sums what a point gives for 8 weights with the scale `scale`. */
static inline void iq1_point_fit(const float *x, const float *weights, uint32_t point,
                                 uint32_t down, float scale, float *xl, float *ll)
{
    uint32_t code = grid_codes_iq1[point];

    for (uint32_t i = 0; i < 8; i++) {
        float value = iq1_values[down][grid_level(&grid_of_8, code, i)] * scale;
        *xl += weights[i] * value * x[i];
        *ll += weights[i] * value * value;
    }
}

/* The 8 weights of a point. */
static inline void iq1_point_decode(uint32_t point, uint32_t down, float scale, float *x)
{
    uint32_t code = grid_codes_iq1[point];

#if LANES >= 8
    _mm256_storeu_ps(x, wide_point(code, iq1_values[down]) * _mm256_set1_ps(scale));
#else
    for (uint32_t i = 0; i < 8; i++) {
        x[i] = scale * iq1_values[down][grid_level(&grid_of_8, code, i)];
    }
#endif
}

#endif
