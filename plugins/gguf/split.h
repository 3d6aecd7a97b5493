/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The headers of files: of a whole model, or of the shards of a split.
 */
#ifndef GGUF_SPLIT_H
#define GGUF_SPLIT_H

#include "gguf/rules.h"

/* A file of the model whose header is checked. */
struct gguf_shard {
    uint32_t file;
    const char *name; /* the host's */
    uint32_t alignment;
    uint64_t n_keys;
    uint64_t n_tensors;
    uint64_t infos;           /* where the tensor table begins */
    uint64_t data;            /* where the data begins */
    uint64_t elements, bytes; /* of its tensors */
    uint64_t halves;          /* elements that are f16 */
    uint64_t end, size;       /* where the last one's data ends, and the file does */
    uint64_t tensors;         /* a hash of their names and shapes, in any order */
    struct gguf_facts facts;
};

/* Scans one file of the job; key_buffer as for gguf_entry_next. */
int gguf_shard_scan(struct cursor *cursor, uint32_t file, char *key_buffer,
                    struct gguf_shard *ret_shard) GGUF_CHECKED;

/* How many shards the split has, or 1 for a whole model. */
uint64_t gguf_shard_count(const struct gguf_shard *shard);

/* Puts n > 0 shards into the order of their split, and checks that they are all of it. */
int gguf_shards_order(const struct cursor *cursor, struct gguf_shard *shards,
                      uint32_t n) GGUF_CHECKED;

#endif
