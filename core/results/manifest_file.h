/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A manifest on disk (docs/manifest.md), read without holding it: its *head*, which is all of it
 * but the list of tensors, as JSON, and the tensors one by one. A manifest may come from anywhere:
 * the head and each tensor are bounded, the number of tensors is not.
 */
#ifndef RESULTS_MANIFEST_FILE_H
#define RESULTS_MANIFEST_FILE_H

#include "results/tensor_row.h"

struct manifest_file;

/* Opens a regular file, not through a link, and reads the head. PARE_EDATA: it is not JSON, or has
 * no list of tensors; PARE_ELIMIT: its head is too long. */
int manifest_file_open(int dirfd, const char *name, struct manifest_file **ret_file,
                       struct error *err) __attribute__((warn_unused_result));
/* Takes NULL. */
void manifest_file_close(struct manifest_file *file);

/* The manifest without `tensors`; the file's own. */
json_t *manifest_file_head(const struct manifest_file *file);
/* Its tensors, from the first one at each call. */
struct tensor_rows *manifest_file_rows(struct manifest_file *file);

/* Writes a manifest into an open empty file: the head, then its tensors, each on a line. Every row
 * goes to `seen`, too (may be NULL). Not synced. */
typedef void manifest_row_fn(void *context, const struct tensor_row *row);
int manifest_file_write(int fd, const json_t *head, struct tensor_rows *rows, manifest_row_fn *seen,
                        void *context, struct error *err) __attribute__((warn_unused_result));

#endif
