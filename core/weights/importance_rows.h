/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The importance of a tensor's columns, slab by slab: each matrix of the tensor (each expert) has
 * its own, so that a slab that spans several is treated in pieces. One thread's buffer, which keeps
 * what was asked for last.
 */
#ifndef WEIGHTS_IMPORTANCE_ROWS_H
#define WEIGHTS_IMPORTANCE_ROWS_H

#include "weights/importance.h"
#include "weights/measure.h"
#include "weights/slab.h"

struct importance_rows {
    const struct importance *importance;  /* NULL: none */
    float *values;                        /* of n columns from `first` of the entry */
    const struct importance_entry *entry; /* NULL: none yet */
    uint64_t first;
    size_t n;
};

/* capacity: the most columns of a slab. */
int importance_rows_init(struct importance_rows *rows, const struct importance *importance,
                         uint64_t capacity, struct error *err) __attribute__((warn_unused_result));
void importance_rows_deinit(struct importance_rows *rows);

/* How many of `count` elements from `first` of the tensor lie in the matrix of the first. */
uint64_t importance_rows_piece(const struct model_tensor *tensor, uint64_t first, uint64_t count);

/* Makes rows->values those of n columns of the tensor from its element `first`; the entry is one
 * that fits the tensor. */
int importance_rows_load(struct importance_rows *rows, const struct importance_entry *entry,
                         const struct model_tensor *tensor, uint64_t first, uint64_t n,
                         struct error *err) __attribute__((warn_unused_result));

/* Adds a slab, elements x and y from `first` of the tensor, to the weighted sums, if there is an
 * entry that fits the tensor. */
int importance_rows_weigh(struct importance_rows *rows, const struct model_tensor *tensor,
                          const struct slab_cut *cut, uint64_t first, uint64_t count,
                          const float *x, const float *y, struct measure *m, struct error *err)
    __attribute__((warn_unused_result));

#endif
