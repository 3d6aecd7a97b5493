/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A target of several files: which tensor goes into which, and the index that says so.
 */
#ifndef ST_SHARDS_H
#define ST_SHARDS_H

#include "common/split-options.h"
#include "safetensors/plan.h"

/* Puts every item (in the target's order) into a shard within the options' limits. PARE_ELIMIT,
 * reported, when that takes too many. */
int st_shards_assign(const struct st_context *context, struct st_plan *plan,
                     const struct split_options *options) __attribute__((warn_unused_result));

/* The file name of a shard of a folder. */
void st_shard_name(const struct st_plan *plan, uint32_t shard, char *ret_name, size_t size);

/* Lays out model.safetensors.index.json. The items are sorted by name for it. */
int st_index_emit(const struct st_context *context, struct st_plan *plan)
    __attribute__((warn_unused_result));

#endif
