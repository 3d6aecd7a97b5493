/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What a conversion needs, said beforehand. */
#ifndef WORKER_NEEDS_H
#define WORKER_NEEDS_H

#include "target/target.h"

/* Bytes of memory that making these targets of a model takes at most: buffers of the pipeline, the
 * model's description, and what encodings may take for what they learn of tensors. */
int needs_memory(const struct model *model, struct target *const *targets, size_t n_targets,
                 unsigned threads, uint64_t *ret_bytes, struct error *err)
    __attribute__((warn_unused_result));

#endif
