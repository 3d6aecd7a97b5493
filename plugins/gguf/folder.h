/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The GGUF files of a job, and which of them are the model.
 */
#ifndef GGUF_FOLDER_H
#define GGUF_FOLDER_H

#include "gguf/split.h"

/* Scans all GGUF files of the job, chooses the model among them, sets the roles of all, and warns
 * of what is left out or carried along. *ret_shards is an array from host->alloc that begins with
 * the model's n shards, in the order of the split; key_buffer as for gguf_entry_next. */
int gguf_folder_scan(struct cursor *cursor, char *key_buffer, struct gguf_shard **ret_shards,
                     uint32_t *ret_n_shards) GGUF_CHECKED;

#endif
