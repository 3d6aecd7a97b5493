/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The index of a sharded model: which tensor is in which shard. It must agree exactly with the
 * shards' headers: a difference means that files of two models were mixed.
 */
#ifndef ST_INDEX_H
#define ST_INDEX_H

#include "safetensors/header.h"
#include "safetensors/names.h"

struct st_index {
    struct pare_str name; /* of the file */
    char *text;
    uint64_t text_len;
    struct pare_str *shards; /* file names, in bytewise order */
    uint32_t n_shards;
    struct st_names tensors; /* each with its shard, and ST_INDEX_SEEN */
    uint64_t n_tensors;
    uint64_t n_seen;
    int has_total;
    uint64_t total_size;
};

/* Reads the index in source file `file`. Gives 0 and *ret_index (to close), or PARE_EDATA,
 * PARE_ELIMIT or what the host gave, reported. */
int st_index_open(const struct st_context *context, uint32_t file, struct st_index *ret_index)
    __attribute__((warn_unused_result));

/* Frees what the index holds; a zeroed or half-built one is fine. */
void st_index_close(const struct st_context *context, struct st_index *index);

/* Every tensor of the header, which is that of shard number `shard`, must be listed there. */
int st_index_match(const struct st_context *context, struct st_index *index,
                   const struct st_header *header, uint32_t shard)
    __attribute__((warn_unused_result));

/* Once all shards are matched: every listed tensor must have been there. total_size is the sum of
 * the tensors' bytes; an index that says otherwise is only worth a warning. */
int st_index_finish(const struct st_context *context, const struct st_index *index,
                    uint64_t total_size) __attribute__((warn_unused_result));

#endif
