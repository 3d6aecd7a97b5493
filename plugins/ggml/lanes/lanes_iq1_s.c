/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The search of encodings/iq1_s.c in lanes, with its sums in the same order. A choice of levels is
 * two places in the order of the weights, so that the sums up to each place are made once for all
 * choices.
 */
#include "ggml/lanes/lanes_iq1_s.h"

#define GROUP 32
#define SPLITS (GROUP + 1)

/* As in iq1_s.c. */
struct sums_lanes {
    lanes x[SPLITS];
    lanes w[SPLITS];
};

struct part_lanes {
    lanes xl[2][SPLITS];
    lanes ll[2][SPLITS];
};

static void parts_make(const struct sums_lanes *sums, struct part_lanes *ret_first,
                       struct part_lanes *ret_last)
{
    for (uint32_t down = 0; down < 2; down++) {
        lanes first = lanes_all(iq1_values[down][0]);
        lanes last = lanes_all(iq1_values[down][2]);
        for (uint32_t i = 0; i < SPLITS; i++) {
            ret_first->xl[down][i] = sums->x[i] * first;
            ret_first->ll[down][i] = sums->w[i] * first * first;
            ret_last->xl[down][i] = (sums->x[GROUP] - sums->x[i]) * last;
            ret_last->ll[down][i] = (sums->w[GROUP] - sums->w[i]) * last * last;
        }
    }
}

/* Offers a choice moved up and moved down. */
static void pair_offer(uint32_t low, uint32_t high, const lanes *xl, const lanes *ll,
                       struct iq1_split_lanes *best)
{
    for (uint32_t down = 0; down < 2; down++) {
        mlanes better = iq1_split_offer_lanes(best, low, high, xl[down], ll[down]);
        iq1_mask_set(better, down, &best->down[0]);
    }
}

/* All places of `high` for one of `low`. */
LANES_INLINE void low_search(const struct sums_lanes *sums, const struct part_lanes *first,
                             const struct part_lanes *last, uint32_t low,
                             struct iq1_split_lanes *best)
{
    for (uint32_t high = low; high < SPLITS; high++) {
        lanes x = sums->x[high] - sums->x[low];
        lanes w = sums->w[high] - sums->w[low];
        lanes xl[2];
        lanes ll[2];
        for (uint32_t down = 0; down < 2; down++) {
            lanes middle = lanes_all(iq1_values[down][1]);
            xl[down] = first->xl[down][low] + x * middle + last->xl[down][high];
            ll[down] = first->ll[down][low] + w * middle * middle + last->ll[down][high];
        }
        mlanes promising = lanes_or(iq1_split_promises(best, xl[0], ll[0]),
                                    iq1_split_promises(best, xl[1], ll[1]));
        if (__builtin_expect(lanes_any(promising), 0)) {
            pair_offer(low, high, xl, ll, best);
        }
    }
}

void iq1_s_search_lanes(const struct iq1_group_lanes *group, struct iq1_split_lanes *best)
{
    struct sums_lanes sums;
    struct part_lanes first;
    struct part_lanes last;
    struct iq1_split_lanes found = *best;

    sums.x[0] = lanes_all(0.0f);
    sums.w[0] = lanes_all(0.0f);
    for (uint32_t i = 0; i < GROUP; i++) {
        sums.x[i + 1] = sums.x[i] + group->sorted_wx[i];
        sums.w[i + 1] = sums.w[i] + group->sorted_w[i];
    }
    parts_make(&sums, &first, &last);
    for (uint32_t low = 0; low < SPLITS; low++) {
        low_search(&sums, &first, &last, low, &found);
    }
    for (uint32_t k = 1; k < IQ1_GROUP_POINTS_MAX; k++) {
        found.down[k] = found.down[0];
    }
    *best = found;
}
