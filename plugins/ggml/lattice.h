/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Recovering codes: weights that came from a block once (decoded, or trained with quantization in
 * the loop) are products of a scale and a few levels. Here scales are searched that give them back.
 *
 * Nothing is fitted: a scale is one of the halves that put the extreme weight on some level, and it
 * is right when every weight is a level times it, rounded to the floats that weights were stored
 * as, to the last bit. A block that fails is no failure of the search but, mostly, no lattice. Of
 * several scales that are right the one of the farthest level is taken, and of its neighbours the
 * one nearest to the extreme weight.
 */
#ifndef PARE_PLUGINS_GGML_LATTICE_H
#define PARE_PLUGINS_GGML_LATTICE_H

#include "blocks.h"

/* The levels that codes 0 .. count - 1 stand for. */
struct lattice {
    int32_t least;       /* the level of code 0; each code more is one more … */
    const float *levels; /* … or, when not NULL, what they are, in ascending order */
    uint32_t count;
};

/* The half at *ret_scale and the codes of a block: x = scale * level, in the grain. 1: found. */
int lattice_recover(const struct lattice *lattice, const float *x, uint32_t n,
                    enum pare_grain grain, uint16_t *ret_scale, uint8_t *codes);

/* The halves *ret_scale and *ret_low and the codes, up to `top`, of x = scale * code + low. 1:
 * found; only for weights that are not rounded to any grain. */
int lattice_recover_affine(const float *x, uint32_t n, int32_t top, uint16_t *ret_scale,
                           uint16_t *ret_low, uint8_t *codes);

/* The unit, a power of two, and the codes of fp4.h: x = unit * value. 1: found. */
int lattice_recover_fp4(const float *x, uint32_t n, float *ret_unit, uint8_t *codes);

#endif
