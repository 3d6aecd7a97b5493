/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Recovering codes: weights that came from a block once (decoded, or trained with quantization in
 * the loop) are products of a scale and a few levels. Here scales are searched that give them back.
 *
 * Nothing is fitted: a scale is one of the halves that put the extreme weight on some level, and it
 * is right when every weight is a level times it, rounded to the floats that weights were stored
 * as, to the last bit. A block that fails was, mostly, never on a lattice. Of several right scales
 * the one of the farthest level is taken, and of its neighbours the one nearest to the extreme
 * weight.
 */
#ifndef PARE_PLUGINS_GGML_LATTICE_H
#define PARE_PLUGINS_GGML_LATTICE_H

#include "ggml/blocks.h"

/* The levels that codes 0 .. count - 1 stand for. */
struct lattice {
    int32_t least;       /* the level of code 0; each code more is one more … */
    const float *levels; /* … or, when not NULL, what they are, in ascending order */
    uint32_t count;
};

/* Three quick tests before anything is searched. Each lets all weights pass that some scale gives,
 * and some others, too. */

/* 1 when n floats have more than `most` different values: no lattice of so many levels has them. */
int lattice_has_more_values(const float *x, uint32_t n, uint32_t most);

/* 0 when no scale gives the n weights as whole numbers of it, up to `top` in magnitude. */
int lattice_may_hold(const float *x, uint32_t n, int32_t top, enum pare_grain grain);

/* 1 when two of n different weights are closer to each other than those of codes up to `top` are:
 * `top` times their distance, and a little for rounding, does not reach from end to end. */
int lattice_too_close(const float *x, uint32_t n, int32_t top, enum pare_grain grain);

/* The scale, a half at the block's begin, and the codes of n weights: x = scale * level, in the
 * grain. 1: found. */
int lattice_recover(const struct lattice *lattice, const float *x, uint32_t n,
                    enum pare_grain grain, uint8_t *block, uint8_t *codes);

/* The same for a block of 32 whose codes, packed as nibbles, follow the scale. */
int lattice_recover_nibbles(const struct lattice *lattice, const float *x, enum pare_grain grain,
                            uint8_t *block);

/* Scale and offset, halves at the block's begin, and the codes, up to `top`, of
 * x = scale * code + low. 1: found. Sums that were rounded to a grain leave scale and offset open:
 * only weights that were not are found. */
int lattice_recover_affine(const float *x, uint32_t n, int32_t top, uint8_t *block, uint8_t *codes);

/* n weights as whole numbers, of at most `limit` in magnitude, of the largest unit of which all
 * are multiples. 1: found; not when all are zero. */
int lattice_whole(const float *x, uint32_t n, int64_t limit, double *ret_unit, int32_t *numbers);

/* The greatest number that divides n numbers; 0 when all are 0. */
int64_t lattice_divisor(const int32_t *numbers, uint32_t n);

/* The unit, a power of two, and the codes of fp4.h: x = unit * value. 1: found. */
int lattice_recover_fp4(const float *x, uint32_t n, float *ret_unit, uint8_t *codes);

#endif
