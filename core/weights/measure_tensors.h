/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The errors of a tensor's weights against another's, both read from disk. */
#ifndef WEIGHTS_MEASURE_TENSORS_H
#define WEIGHTS_MEASURE_TENSORS_H

#include "weights/importance.h"
#include "weights/measure.h"

/* Two tensors of equal element counts, both decodable, each of a source. */
struct measure_pair {
    struct source *a, *b;
    const struct model_tensor *ta, *tb;
    uint64_t ia, ib; /* which they are of the sources */
};

/* Measures all weights, slab by slab. importance (or NULL): weighted figures, too, for the columns
 * of ta. */
int measure_tensors(const struct measure_pair *pair, const struct importance *importance,
                    struct measure *ret_measure, struct error *err)
    __attribute__((warn_unused_result));
/* Measures one slab, `count` elements from `first`, that some cut for both encodings gives: in one
 * sum, whatever else that cut was made for. */
int measure_slab(const struct measure_pair *pair, uint64_t first, uint64_t count,
                 struct measure *ret_measure, struct error *err)
    __attribute__((warn_unused_result));

#endif
