/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The files of a model: one, or the shards of a split.
 */
#ifndef GGUF_SPLIT_H
#define GGUF_SPLIT_H

#include "gguf/rules.h"

/* A file of the model whose header is checked. */
struct gguf_shard {
    uint32_t file;
    uint32_t alignment;
    uint64_t n_keys;
    uint64_t n_tensors;
    uint64_t infos; /* where the tensor table begins */
    uint64_t data;  /* where the data begins */
    struct gguf_facts facts;
};

/* Scans all GGUF files of the job and sets their roles. *ret_shards is an array from host->alloc,
 * in the order of the split; key_buffer as for gguf_entry_next. */
int gguf_shards_scan(struct cursor *cursor, char *key_buffer, struct gguf_shard **ret_shards,
                     uint32_t *ret_n_shards) GGUF_CHECKED;

#endif
