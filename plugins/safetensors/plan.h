/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The plan that the parts of the writer share: where every tensor goes. writer.c makes it and
 * owns its memory, shards.c divides it, and emit.c and config.c only read it.
 */
#ifndef ST_PLAN_H
#define ST_PLAN_H

#include "safetensors/planes/encoding.h"

/* One tensor of a target's file: one of the target's, or a plane of one. Sizes are known and proven
 * to add up. */
struct st_item {
    struct pare_str name;
    uint64_t tensor; /* the host's number */
    uint64_t bytes;
    uint32_t dtype; /* index of st_dtype_at */
    uint32_t shard; /* from 0 */
    uint32_t plane;
    uint32_t encoding; /* of the tensor of which this is a plane; ST_NONE: it is a tensor */
    uint64_t dims[2];  /* of a plane */
    uint32_t n_dims;
};

struct st_plan {
    struct st_item *items;
    uint64_t n_items;
    uint64_t total; /* bytes of all tensors */
    uint32_t n_shards;
    int folder;                    /* the target is a folder, not one file */
    int sharded;                   /* several shards and an index */
    const char *torch;             /* dtype of most floating-point weights, or NULL */
    struct st_encoding *encodings; /* that have planes: ST_MAX_ENCODINGS, or NULL */
    uint32_t n_encodings;
};

#endif
