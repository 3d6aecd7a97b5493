/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The refinement of search.c in lanes: levels that move one by one to where the fit wants them. */
#ifndef PARE_PLUGINS_GGML_LANES_REFINE_H
#define PARE_PLUGINS_GGML_LANES_REFINE_H

#include "lanes_search.h"

#if LANES > 0

/* The two sums of a least-squares fit through zero. */
struct line_lanes {
    lanes xl; /* of w x l */
    lanes ll; /* of w l l */
};

/* Groups whose levels are refined. With half 0 they are of values that are not negative, nothing
 * holds them from below, and what is kept of a level is its lowest byte, as in a code. */
struct refine_lanes {
    const lanes *x;
    const lanes *weights;
    uint32_t n;
    int32_t half;
    int32_t top;
};

/* round_even(value) modulo 256, as a float. */
LANES_INLINE lanes byte_level(lanes value)
{
    ilanes low = ilanes_and(lanes_rounded_bits(value), ilanes_all(0xff));

    return lanes_of_bits(ilanes_or(low, ilanes_all(0x4b400000))) - lanes_all(LANES_ROUNDER);
}

/* One sweep over the levels; gives 1 when some lane changed. A lane without a change in a sweep
 * has none in the next one either, so that lanes need not stop one by one. */
LANES_INLINE int refine_lanes_sweep(const struct refine_lanes *group, lanes *levels,
                                    struct line_lanes *fit)
{
    const lanes zero = lanes_all(0.0f);
    const int32_t low = group->half != 0 ? -group->half : -0x400000;
    int changed = 0;

    for (uint32_t i = 0; i < group->n; i++) {
        lanes x = group->x[i];
        lanes w = group->weights[i];
        lanes wx = w * x;
        lanes old = levels[i];
        lanes xl = fit->xl - wx * old;
        lanes ll = fit->ll - w * old * old;
        mlanes better = lanes_less(zero, xl);
        if (group->half == 0) {
            better = lanes_and(better, lanes_less(zero, ll));
        }
        lanes level = lanes_level(x * ll / xl, low, group->top);
        better = lanes_without(better, lanes_equal(level, old));
        xl = xl + wx * level;
        ll = ll + w * level * level;
        better = lanes_and(better, lanes_less(fit->xl * fit->xl * ll, xl * xl * fit->ll));
        better = lanes_and(better, lanes_less(zero, ll));
        levels[i] = lanes_choose(better, group->half != 0 ? level : byte_level(level), old);
        fit->xl = lanes_choose(better, xl, fit->xl);
        fit->ll = lanes_choose(better, ll, fit->ll);
        changed |= lanes_any(better);
    }
    return changed;
}

/* Refines levels whose sums are `fit`. Gives the scales. */
LANES_INLINE lanes refine_lanes(const struct refine_lanes *group, struct line_lanes fit,
                                lanes *levels)
{
    const lanes zero = lanes_all(0.0f);

    for (int sweep = 0; sweep < 5; sweep++) {
        if (!refine_lanes_sweep(group, levels, &fit)) {
            break;
        }
    }
    return lanes_choose(lanes_less(zero, fit.ll), fit.xl / fit.ll, zero);
}

#endif
#endif
