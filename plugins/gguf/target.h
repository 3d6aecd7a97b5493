/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What the writer's parts know about the target: set up by writer.c, divided among files by
 * division.c, laid out by emit.c, completed by digests.c at the end. All run in the job's one
 * thread.
 */
#ifndef GGUF_TARGET_H
#define GGUF_TARGET_H

#include "gguf/gguf.h"

/* Files of a target: as many as Pare opens as one model, so that it can read what it wrote. */
#define GGUF_MAX_SHARDS 4096u

/* Where the first file has the digest of a source's file, once it is known. */
struct gguf_digest {
    uint64_t offset;
    uint32_t source;
};

/* What is left to do when all data is written; one for a target, or none. */
struct gguf_state {
    const struct pare_host *host;
    struct pare_job *job;
    struct gguf_digest *digests;
    uint64_t n_digests;
};

struct gguf_target {
    const struct pare_host *host;
    struct pare_job *job;
    struct gguf_state *state; /* NULL: no digest among the keys */
    uint64_t n_digests;       /* among them */
    uint32_t alignment;
    int is_model;    /* has general.architecture */
    uint64_t n_keys; /* of the model */

    /* Set by gguf_divide: shard i has the tensors order[first[i]] .. order[first[i + 1] - 1], which
     * are the host's numbers. One shard: a plain file. */
    uint64_t *order;
    uint64_t *first; /* n_shards + 1 of them */
    uint32_t n_shards;
    int keeps; /* divided as the source is */
};

/* Gives the host's tensor with this number, with its struct's size set. */
int gguf_target_tensor(const struct gguf_target *target, uint64_t i,
                       struct pare_tensor *ret_tensor) GGUF_CHECKED;

/* Whether a metadata entry goes into the first file; entries that describe the source's container
 * do not. */
int gguf_target_keeps(const struct gguf_target *target, struct pare_str key);

/* How many dimensions the file will show of the tensor. */
uint32_t gguf_shown_dims(const struct pare_tensor *tensor);

/* The alignment of a shard's data: only the first has metadata that can change it. */
uint32_t gguf_shard_alignment(const struct gguf_target *target, uint32_t shard);

#endif
