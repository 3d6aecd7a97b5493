/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The cache of the Hugging Face libraries: models--ORG--NAME/ has the files in blobs/, in
 * snapshots/REVISION/ links to them under their names, and in refs/main which revision is the last.
 */
#ifndef SOURCE_HUB_CACHE_H
#define SOURCE_HUB_CACHE_H

#include "base/error.h"

#include <limits.h>

#define HUB_CACHE_BELOW (NAME_MAX + 16) /* bytes of "snapshots/REVISION" */

/* 1 when the directory is DIR/snapshots/REVISION of a cache. */
int hub_cache_is_snapshot(int dirfd);

/* 1 when `name` is a link that leads right into the directory `blobs` (relative to dirfd, as
 * name). */
int hub_cache_is_link(int dirfd, const char *name, const char *blobs);

/* Opens what the link `name` ("x", or "FOLDER/x") of a snapshot leads to, a blob of the same model.
 * 1: it is no such link. */
int hub_cache_open(int snapshot, const char *name, int *ret_fd, struct error *err)
    __attribute__((warn_unused_result));

/* The snapshot of a model's folder: that of refs/main, or the only one. 1: it is no such folder. An
 * error says which to give. */
int hub_cache_resolve(int dirfd, char ret_below[HUB_CACHE_BELOW], struct error *err)
    __attribute__((warn_unused_result));

/* 1 when the directory holds whole models of a cache; err says which to give. */
int hub_cache_is_hub(int dirfd, struct error *err);

/* 1 when a file of a snapshot's model is being downloaded, which `reason` (160 bytes) names; not
 * what an earlier download has left. */
int hub_cache_is_downloading(int snapshot, char reason[160]);

#endif
