/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The files of one model, opened safely for a worker: a file, a file with its sibling shards
 * (NAME-00001-of-00003.EXT), or a folder with its regular files and, from its subfolders, the small
 * side files that source_below.h names.
 */
#ifndef SOURCE_SET_H
#define SOURCE_SET_H

#include "source/source_state.h"

#include <jansson.h>
#include <stddef.h>

struct source_set {
    char *name; /* for outputs: the folder's; or the file's without extension, shard number */
    char *path; /* as given */
    int is_folder;
    char **names; /* of the files, sorted: plain, or "SUBFOLDER/NAME" */
    int *fds;
    struct source_state *states; /* of the files when they were opened */
    size_t n;
    uint64_t bytes; /* over all files */
};

#define SOURCE_SET_MAX_FILES 4096

/* dirfd, path: a file or folder. Symbolic links, FIFOs, devices and sockets are refused with
 * PARE_EDATA; links that follow the Hugging Face cache's layout (snapshots/REV/x -> ../../blobs/y)
 * are followed when allow_cache_links, and in a model's folder of such a cache, which stands for
 * its snapshot (hub_cache.h). In a folder hidden files, names of unfinished transfers and
 * sidecars (sidecar.h) are passed over, and so is everything in subfolders but small side files
 * (source_below.h). More than SOURCE_SET_MAX_FILES in the folder itself is PARE_ELIMIT. */
int source_set_open(int dirfd, const char *path, int allow_cache_links, struct source_set *ret_set,
                    struct error *err) __attribute__((warn_unused_result));
void source_set_deinit(struct source_set *set);

/* Other descriptors of the same files, which share no offset with the set's (an array of n: free
 * it and close them); where the files may not be opened anew, they do. */
int source_set_reopen(const struct source_set *set, int **ret_fds, struct error *err)
    __attribute__((warn_unused_result));

/* PARE_ECHANGED when a file may have other bytes than when it was opened: to be asked after the
 * last read, before anything made of it is used. */
int source_set_check(const struct source_set *set, struct error *err)
    __attribute__((warn_unused_result));

/* Before the first read: makes sure that later writes will show. What is stored through a mapping
 * that somebody has had before moves no time until the page was written back: without `wait` it is
 * PARE_ECHANGED when somebody has a file open for writing; with it such files are written back. */
int source_set_expect_writers(struct source_set *set, int wait, struct error *err)
    __attribute__((warn_unused_result));

/* The `source` member of a request. New reference. */
json_t *source_set_json(const struct source_set *set);
/* The `importance` member: `name` is what outputs call it, by default its file's; parts: further
 * members, or NULL. New reference. */
json_t *source_set_importance_json(const struct source_set *set, const char *name,
                                   const json_t *parts);

#endif
