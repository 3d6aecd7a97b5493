/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The refinement of search.c in lanes: levels that are moved one by one. The reference skips a
 * level that would not move; here every level is worked out and a mask keeps the old one, except in
 * later sweeps, where mostly no lane moves any.
 */
#ifndef PARE_PLUGINS_GGML_LANES_REFINE_H
#define PARE_PLUGINS_GGML_LANES_REFINE_H

#include "ggml/lanes/lanes_search.h"

#if LANES > 0

/* struct refinement of search.c and its fit, of LANES groups. */
struct refinement_lanes {
    const lanes *x;
    const lanes *weights;
    lanes *levels;
    lanes xl;
    lanes ll;
    mlanes moved; /* lanes with a change in this sweep */
    int moves;    /* 0: there was none in the last sweep */
};

/* round_even(value), at most top. */
LANES_INLINE lanes capped_level(lanes value, int32_t top)
{
    return lanes_level(value, -0x400000, top);
}

/* Moves level i where that makes the fit better. With `sparse` no lane is expected to. */
LANES_INLINE void refine_level(struct refinement_lanes *group, uint32_t i, int32_t half,
                               int32_t top, int sparse)
{
    const lanes zero = lanes_all(0.0f);
    lanes x = group->x[i];
    lanes weight = group->weights[i];
    lanes old = group->levels[i];
    lanes wx = weight * x;
    lanes xl = group->xl - wx * old;
    lanes ll = group->ll - weight * old * old;
    mlanes better = lanes_less(zero, xl);

    if (half == 0) {
        better = lanes_and(better, lanes_less(zero, ll));
    }
    lanes level = x * ll / xl;
    level = half == 0 ? capped_level(level, top) : lanes_level(level, -half, top);
    better = lanes_without(better, lanes_equal(level, old));
    if (sparse && !lanes_any(better)) {
        return;
    }
    xl = xl + wx * level;
    ll = ll + weight * level * level;
    better = lanes_and(better, lanes_less(group->xl * group->xl * ll, xl * xl * group->ll));
    better = lanes_and(better, lanes_less(zero, ll));
    group->levels[i] = lanes_choose(better, half == 0 ? lanes_byte_level(level) : level, old);
    group->xl = lanes_choose(better, xl, group->xl);
    group->ll = lanes_choose(better, ll, group->ll);
    group->moved = lanes_or(group->moved, better);
}

/* Refines the levels of several groups of n, side by side, in up to five sweeps. A lane without a
 * change in a sweep has none in the next one either, so that lanes need not stop one by one. */
LANES_INLINE void refine_groups(struct refinement_lanes *groups, uint32_t count, uint32_t n,
                                int32_t half, int32_t top)
{
    for (uint32_t k = 0; k < count; k++) {
        groups[k].moves = 1;
    }
    for (int sweep = 0; sweep < 5; sweep++) {
        int moves = 0;
        for (uint32_t k = 0; k < count; k++) {
            groups[k].moved = lanes_none();
        }
        for (uint32_t i = 0; i < n; i++) {
            for (uint32_t k = 0; k < count; k++) {
                if (groups[k].moves) {
                    refine_level(&groups[k], i, half, top, sweep > 0);
                }
            }
        }
        for (uint32_t k = 0; k < count; k++) {
            groups[k].moves = lanes_any(groups[k].moved);
            moves |= groups[k].moves;
        }
        if (!moves) {
            break;
        }
    }
}

/* The scale of a refined group. */
LANES_INLINE lanes refined_scale(const struct refinement_lanes *group)
{
    const lanes zero = lanes_all(0.0f);

    return lanes_choose(lanes_less(zero, group->ll), group->xl / group->ll, zero);
}

#endif
#endif
