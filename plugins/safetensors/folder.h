/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Which of the source's files are the model: one file, the shards that an index names, or a
 * complete series of NAME-0000i-of-0000n.safetensors.
 */
#ifndef ST_FOLDER_H
#define ST_FOLDER_H

#include "safetensors/index.h"

struct st_folder {
    uint32_t n_files;
    uint32_t index_file;   /* or ST_NONE */
    struct st_index index; /* when there is one */
    uint32_t *shards;      /* source files in the order of the model's tensors */
    uint32_t n_shards;
};

/* Chooses the model's files. Gives 0 and *ret_folder (to close); PARE_EINCOMPLETE while a shard is
 * missing; PARE_EDATA when there is no model or more than one; or what the host gave, reported. */
int st_folder_open(const struct st_context *context, struct st_folder *ret_folder)
    __attribute__((warn_unused_result));

/* Frees what the folder holds; a zeroed or half-built one is fine. */
void st_folder_close(const struct st_context *context, struct st_folder *folder);

/* Tells the host what each file is; files of which nothing is known stay PARE_FILE_SIDE. */
int st_folder_set_roles(const struct st_context *context, const struct st_folder *folder)
    __attribute__((warn_unused_result));

#endif
