/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Lanes at the level `c`: one float. A search that is written in these operations once, and not in
 * vector types of its own, runs at every level and gives the same bits.
 */
#ifndef PARE_PLUGINS_GGML_LANES_ONE_H
#define PARE_PLUGINS_GGML_LANES_ONE_H

#define LANES_INLINE static inline __attribute__((always_inline))
#define LANES_ALIGNED

typedef float lanes;
typedef int32_t ilanes;
typedef int mlanes; /* 1 or 0 */

LANES_INLINE lanes lanes_all(float value)
{
    return value;
}

LANES_INLINE lanes lanes_load(const float *from)
{
    return *from;
}

LANES_INLINE void lanes_store(float *to, lanes values)
{
    *to = values;
}

LANES_INLINE mlanes lanes_less(lanes a, lanes b)
{
    return a < b;
}

LANES_INLINE lanes lanes_choose(mlanes mask, lanes a, lanes b)
{
    return mask ? a : b;
}

LANES_INLINE lanes lanes_lesser(lanes a, lanes b)
{
    return a < b ? a : b;
}

LANES_INLINE lanes lanes_greater(lanes a, lanes b)
{
    return a > b ? a : b;
}

LANES_INLINE lanes lanes_magnitude(lanes a)
{
    return fabsf(a);
}

#endif
