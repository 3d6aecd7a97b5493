/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What the writer's parts share: writer.c checks what is to be written, division.c decides which
 * tensors go into which file, emit.c lays out one file. All run in the job's one thread.
 */
#ifndef GGUF_WRITER_H
#define GGUF_WRITER_H

#include "gguf/gguf.h"

/* Files of a target: as many as Pare opens as one model, to read it again. */
#define GGUF_MAX_SHARDS 4096u

struct gguf_target {
    const struct pare_host *host;
    struct pare_job *job;
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

/* Whether a metadata entry belongs into the first file: not what describes another container. */
int gguf_target_keeps(const struct gguf_target *target, struct pare_str key);

/* How many dimensions the file will show of the tensor. */
uint32_t gguf_shown_dims(const struct pare_tensor *tensor);

/* The alignment of a shard's data: only the first has metadata that could say another. */
uint32_t gguf_shard_alignment(const struct gguf_target *target, uint32_t shard);

/* Puts each tensor into a shard, as the options of the target say. Memory is the host's.
 * PARE_EUSAGE for options that make no sense, PARE_ELIMIT for more than GGUF_MAX_SHARDS. */
int gguf_divide(struct gguf_target *target) GGUF_CHECKED;

/* Makes the file of this name with the shard's header and places its tensors. */
int gguf_emit(const struct gguf_target *target, uint32_t shard, const char *name) GGUF_CHECKED;

#endif
