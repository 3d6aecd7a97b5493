/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The writer's callback, and the plan that its parts share: where every tensor goes.
 */
#ifndef ST_WRITER_H
#define ST_WRITER_H

#include "safetensors/text.h"
#include "common/split-options.h"

/* One tensor of the target. Sizes are known and proven to add up. */
struct st_item {
    struct pare_str name;
    uint64_t tensor; /* the host's number */
    uint64_t bytes;
    uint32_t dtype; /* index of st_dtype_at */
    uint32_t shard; /* from 0 */
};

struct st_plan {
    struct st_item *items;
    uint64_t n_items;
    uint64_t total; /* bytes of all tensors */
    uint32_t n_shards;
    int folder;        /* the target is a folder, not one file */
    int sharded;       /* several shards and an index */
    const char *torch; /* dtype of most floating-point weights, or NULL */
};

/* shards.c */
int st_shards_assign(const struct st_context *context, struct st_plan *plan,
                     const struct split_options *options) __attribute__((warn_unused_result));
void st_shard_name(const struct st_plan *plan, uint32_t shard, char *ret_name, size_t size);
int st_index_emit(const struct st_context *context, struct st_plan *plan)
    __attribute__((warn_unused_result));

/* emit.c */
int st_shard_emit(const struct st_context *context, const struct st_plan *plan, uint64_t first,
                  uint64_t n, uint32_t file) __attribute__((warn_unused_result));
int st_metadata_check(const struct st_context *context) __attribute__((warn_unused_result));

/* config.c */
int st_side_emit(const struct st_context *context, const struct st_plan *plan)
    __attribute__((warn_unused_result));

/* writer.c */
int st_layout(const struct pare_host *host, struct pare_job *job, void **ret_state);

#endif
