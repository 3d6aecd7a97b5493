/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The small side files one level below a model's folder ("1_Pooling/config.json"). */
#ifndef SOURCE_BELOW_H
#define SOURCE_BELOW_H

#include "base/error.h"

#include <stddef.h>

#define SOURCE_BELOW_MAX_FILES 256        /* of all subfolders together */
#define SOURCE_BELOW_MAX_FOLDERS 256      /* with more, no subfolder is looked at */
#define SOURCE_BELOW_MAX_ENTRIES 4096     /* a subfolder with more is passed over */
#define SOURCE_BELOW_MAX_BYTES (1u << 20) /* of a file */

/* Lists JSON files and chat templates (.json, .jinja; not indexes of shards) in the subfolders of
 * dirfd, relative to it and sorted (release with strlist_clear). Weights, larger files,
 * hidden and unfinished ones, special files, subfolders that cannot be opened, and links are passed
 * over; when `cached`, links into the blobs of a Hugging Face cache are not. */
int source_below_list(int dirfd, int cached, char ***ret_names, size_t *ret_n, struct error *err)
    __attribute__((warn_unused_result));

#endif
