/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * search_refined of search.c in lanes: no candidates, only the refinement of lanes_refine.h.
 */
#include "ggml/lanes/lanes_refined.h"
#include "ggml/lanes/lanes_refine.h"

#define AT_ONCE 4
#define LEN 16

/* Of finite values: squares, and the levels of the scale that reaches the extreme, and their
 * sums. */
LANES_INLINE void group_begin(struct refinement_lanes *group, lanes *squares, int32_t half,
                              lanes largest)
{
    lanes inverse = lanes_all((float)-half) / largest;

    group->weights = squares;
    group->xl = lanes_all(0.0f);
    group->ll = lanes_all(0.0f);
    for (uint32_t i = 0; i < LEN; i++) {
        lanes x = group->x[i];
        lanes level = lanes_held(inverse * x, -half, half - 1, HOLD_ABOVE);
        squares[i] = x * x;
        group->levels[i] = level;
        group->xl = group->xl + squares[i] * x * level;
        group->ll = group->ll + squares[i] * level * level;
    }
}

void lanes_refined(const lanes *x, int32_t half, lanes *ret_scales, lanes *ret_levels)
{
    struct refinement_lanes groups[AT_ONCE];
    lanes squares[AT_ONCE][LEN];
    mlanes is_zero[AT_ONCE];

    for (uint32_t k = 0; k < AT_ONCE; k++) {
        lanes largest = lanes_extreme(x + k * LEN, LEN);
        is_zero[k] = lanes_less(lanes_magnitude(largest), lanes_all(SEARCH_ALL_ZERO));
        groups[k].x = x + k * LEN;
        groups[k].levels = ret_levels + k * LEN;
        group_begin(&groups[k], squares[k], half, largest);
    }
    refine_groups(groups, AT_ONCE, LEN, half, half - 1);
    for (uint32_t k = 0; k < AT_ONCE; k++) {
        ret_scales[k] = lanes_choose(is_zero[k], lanes_all(0.0f), refined_scale(&groups[k]));
        for (uint32_t i = k * LEN; i < (k + 1) * LEN; i++) {
            ret_levels[i] = lanes_choose(is_zero[k], lanes_all((float)-half), ret_levels[i]);
        }
    }
}
