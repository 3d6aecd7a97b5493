/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One file of a target: its header and where its tensors lie.
 */
#ifndef ST_EMIT_H
#define ST_EMIT_H

#include "safetensors/plan.h"

/* Lays out one output file with the items first .. first + n - 1 of the plan. */
int st_shard_emit(const struct st_context *context, const struct st_plan *plan, uint64_t first,
                  uint64_t n, uint32_t file) __attribute__((warn_unused_result));

/* Warns, once per target, about metadata that the header cannot hold. */
int st_metadata_check(const struct st_context *context) __attribute__((warn_unused_result));

#endif
