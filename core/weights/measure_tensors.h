/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The errors of a tensor's weights against another's, both read from disk. */
#ifndef WEIGHTS_MEASURE_TENSORS_H
#define WEIGHTS_MEASURE_TENSORS_H

#include "weights/importance.h"
#include "weights/measure.h"

/* Measures elements of two tensors of equal element counts, both decodable, slab by slab.
 * Only `count` elements from `first`, which must be such a slab or the whole tensor. importance
 * (or NULL): weighted figures, too, for the columns of ta. */
int measure_tensors(struct source *a, const struct model_tensor *ta, uint64_t ia, struct source *b,
                    const struct model_tensor *tb, uint64_t ib, const struct importance *importance,
                    uint64_t first, uint64_t count, struct measure *ret_measure, struct error *err)
    __attribute__((warn_unused_result));

#endif
