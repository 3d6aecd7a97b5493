/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The sixteen uneven levels of iq4_nl and iq4_xs, and the search for the scale of a group of 32:
 * x = scale * level[code]. The levels are denser around zero, where most weights are; no level is
 * zero itself.
 *
 * The order of operations is that of ggml's reference quantizers (llama.cpp de3ff81): sums are
 * single floats in the order of the weights.
 */
#ifndef PARE_PLUGINS_GGML_LEVELS_H
#define PARE_PLUGINS_GGML_LEVELS_H

#include "ggml/blocks.h"

#define LEVELS_GROUP 32 /* weights */
#define LEVELS_TRIES 7  /* candidate scales on each side of the one that fits the extreme */

/* What each code stands for; in ascending order. */
extern const float level_values[16];

/* The middles between neighbouring levels: from there on the upper one is the nearer. One more than
 * there are, so that vectors of 16 can be read. */
extern const float level_middles[16];

/* How much the error of each weight of a group counts: the square of x; with importance, that
 * times sqrt(spread + x^2), where spread is twice the mean square of the block. */
void levels_weights(const float *x, const float *importance, float spread, float *weights);

/* Twice the mean square of the n weights of a block. */
float levels_spread(const float *x, uint32_t n);

/* The scale of a group. 0 when all are (nearly) zero or no weight counts. */
float levels_search(const float *x, const float *weights);

/* The code of the level nearest to each inverse * x[i]; half way the higher one, and the highest of
 * all for a NaN. */
void levels_encode(const float *x, float inverse, uint8_t *codes);

/* 32 weights from their scale and the 16 bytes that nibbles_pack made of their codes. */
void levels_decode(const uint8_t *bytes, float scale, float *x);

#endif
