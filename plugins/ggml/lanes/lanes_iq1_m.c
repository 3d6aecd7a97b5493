/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The search of encodings/iq1_m.c in lanes, with its sums in the same order. Each half of a group
 * is moved up or down on its own, so that sums are kept for each half; a weight counts as 0 in the
 * sums of the half that it is not in.
 */
#include "ggml/lanes/lanes_iq1_m.h"

#define GROUP 16
#define SPLITS (GROUP + 1)

/* The sums of half a group, and what fits of it consist of; by direction of the move. */
struct half_lanes {
    lanes x[SPLITS];         /* as in struct sums of iq1_m.c */
    lanes all_xl[2];         /* as if all weights had the last level */
    lanes low_ll[2][SPLITS]; /* that, and what those before `low` do not have */
    lanes high_ll[2][SPLITS];
};

/* Row i of a half, 0 in the lanes where that weight is in the other half. */
LANES_INLINE void half_make(const struct iq1_group_lanes *group, const mlanes *inside,
                            struct half_lanes *ret_half)
{
    const lanes zero = lanes_all(0.0f);
    lanes w[SPLITS];

    ret_half->x[0] = zero;
    w[0] = zero;
    for (uint32_t i = 0; i < GROUP; i++) {
        lanes x_next = ret_half->x[i] + group->sorted_wx[i];
        lanes w_next = w[i] + group->sorted_w[i];
        ret_half->x[i + 1] = lanes_choose(inside[i], x_next, ret_half->x[i]);
        w[i + 1] = lanes_choose(inside[i], w_next, w[i]);
    }
    for (uint32_t down = 0; down < 2; down++) {
        const float *v = iq1_values[down];
        lanes first = lanes_all(v[0] * v[0] - v[1] * v[1]);
        lanes middle = lanes_all(v[1] * v[1] - v[2] * v[2]);
        lanes last = lanes_all(v[2]);
        ret_half->all_xl[down] = ret_half->x[GROUP] * last;
        for (uint32_t i = 0; i < SPLITS; i++) {
            ret_half->low_ll[down][i] = w[GROUP] * last * last + w[i] * first;
            ret_half->high_ll[down][i] = w[i] * middle;
        }
    }
}

/* The sums of a fit over half a group. */
LANES_INLINE void half_fit(const struct half_lanes *half, uint32_t low, uint32_t high,
                           lanes *ret_xl, lanes *ret_ll)
{
    lanes before = half->x[low] + half->x[high];

    for (uint32_t down = 0; down < 2; down++) {
        ret_xl[down] = half->all_xl[down] - before;
        ret_ll[down] = half->low_ll[down][low] + half->high_ll[down][high];
    }
}

/* Offers a choice with each half moved up or down; the second half's move changes first. */
static void halves_offer(uint32_t low, uint32_t high, const lanes *xl, const lanes *ll,
                         struct iq1_split_lanes *best)
{
    for (uint32_t k = 0; k < 4; k++) {
        mlanes better = iq1_split_offer_lanes(best, low, high, xl[k], ll[k]);
        iq1_mask_set(better, k >> 1, &best->down[0]);
        iq1_mask_set(better, k & 1, &best->down[1]);
    }
}

LANES_INLINE void pair_search(const struct half_lanes *halves, uint32_t low, uint32_t high,
                              struct iq1_split_lanes *best)
{
    lanes half_xl[2][2];
    lanes half_ll[2][2];
    lanes xl[4];
    lanes ll[4];
    mlanes promising = lanes_without(lanes_every(), lanes_every());

    half_fit(&halves[0], low, high, half_xl[0], half_ll[0]);
    half_fit(&halves[1], low, high, half_xl[1], half_ll[1]);
    for (uint32_t k = 0; k < 4; k++) {
        xl[k] = half_xl[0][k >> 1] + half_xl[1][k & 1];
        ll[k] = half_ll[0][k >> 1] + half_ll[1][k & 1];
        promising = lanes_or(promising, iq1_split_promises(best, xl[k], ll[k]));
    }
    if (__builtin_expect(lanes_any(promising), 0)) {
        halves_offer(low, high, xl, ll, best);
    }
}

/* By place in order, which lanes have a weight of the first and of the second half there. */
static void insides_make(const struct iq1_group_lanes *group, mlanes inside[2][GROUP])
{
    LANES_ALIGNED float half[GROUP][LANES];
    LANES_ALIGNED float rank[LANES];

    for (uint32_t i = 0; i < GROUP; i++) {
        lanes_store(rank, group->rank[i]);
        for (uint32_t lane = 0; lane < LANES; lane++) {
            half[(uint32_t)(int32_t)rank[lane]][lane] = (float)(i / 8);
        }
    }
    for (uint32_t i = 0; i < GROUP; i++) {
        inside[1][i] = lanes_less(lanes_all(0.0f), lanes_load(half[i]));
        inside[0][i] = lanes_without(lanes_every(), inside[1][i]);
    }
}

void iq1_m_search_lanes(const struct iq1_group_lanes *group, struct iq1_split_lanes *best)
{
    mlanes inside[2][GROUP];
    struct half_lanes halves[2];
    struct iq1_split_lanes found = *best;

    insides_make(group, inside);
    half_make(group, inside[0], &halves[0]);
    half_make(group, inside[1], &halves[1]);
    for (uint32_t low = 0; low < SPLITS; low++) {
        for (uint32_t high = low; high < SPLITS; high++) {
            pair_search(halves, low, high, &found);
        }
    }
    *best = found;
}
