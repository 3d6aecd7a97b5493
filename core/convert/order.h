/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Which tensors are taken before their turn. A walk follows the source's files, and digests the
 * outputs': a tensor that stands first in an output and last in the source (a model's output, most
 * often) would put off the whole digest to the end. It is read twice instead.
 */
#ifndef CONVERT_ORDER_H
#define CONVERT_ORDER_H

#include "target/target.h"

/* The tensors of the model to begin with, for the first target that is digested as it is written
 * (free it). None where too much would be read twice. */
int order_early(const struct model *model, struct target *const *targets, size_t n_targets,
                uint64_t **ret_early, size_t *ret_n, struct error *err)
    __attribute__((warn_unused_result));

#endif
