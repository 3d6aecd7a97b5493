/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * From a target's staging directory to final names that nobody has yet, in steps of which each can
 * be done again after a crash (job_run.h tells the order).
 */
#ifndef SUPERVISE_PUBLISH_H
#define SUPERVISE_PUBLISH_H

#include "results/manifest_file.h"

#include <limits.h>

#define PUBLISH_MANIFEST ".pare.json"
#define PUBLISH_REPORT ".pare.md"

struct publication { /* of `data` in dirfd, as STEM SUFFIX or STEM-2 SUFFIX and so on */
    int out_dirfd, dirfd;
    const char *stem, *suffix;
    json_t *head;            /* of the manifest; its output gets the name */
    unsigned tries;          /* names that are or were taken */
    char name[NAME_MAX + 1]; /* of the output, once chosen */
};

/* Chooses the next name for which there is no output, manifest or report, and puts it into the
 * head. */
int publish_choose_name(struct publication *p, struct error *err)
    __attribute__((warn_unused_result));
/* Writes manifest, report and publish.json into the staging directory, durably. count: of the
 * rows. It may take long when there are many. */
int publish_write(const struct publication *p, struct tensor_rows *rows, uint64_t count,
                  struct error *err) __attribute__((warn_unused_result));
/* Renames all of it. 1: somebody took the name meanwhile: choose another and write again. */
int publish_move(const struct publication *p, struct error *err)
    __attribute__((warn_unused_result));

/* Finishes what a crash interrupted. 1: published, *ret_manifest is its manifest; 0: nothing is
 * published. */
int publish_complete(int out_dirfd, int dirfd, struct manifest_file **ret_manifest,
                     struct error *err) __attribute__((warn_unused_result));

/* 1 when the output has its final name but its manifest may not: the staging directory is still
 * needed, for publish_complete. */
int publish_is_unfinished(int dirfd);

#endif
