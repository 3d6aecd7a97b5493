/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Reading a tensor's weights as floats, a slab at a time, on the caller's thread. */
#ifndef WEIGHTS_FLOATS_H
#define WEIGHTS_FLOATS_H

#include "weights/slab.h"

/* Reads and decodes elements of tensor number `index` into x: a slab of the cut, or a part of one
 * that is whole rows. */
int floats_load(struct source *source, const struct model_tensor *tensor, uint64_t index,
                const struct slab_cut *cut, uint64_t first, uint64_t count, float *x,
                struct error *err) __attribute__((warn_unused_result));

#endif
