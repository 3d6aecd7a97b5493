/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * From a target's staging directory to final names that nobody has yet, in steps of which each can
 * be done again after a crash (job_run.h tells the order).
 */
#ifndef SUPERVISE_PUBLISH_H
#define SUPERVISE_PUBLISH_H

#include "base/error.h"

#include <jansson.h>

#define PUBLISH_MANIFEST ".pare.json"
#define PUBLISH_REPORT ".pare.md"

/* Publishes `data` in dirfd as STEM SUFFIX, or STEM-2 SUFFIX and so on when the output, a manifest
 * or a report has that name. The manifest's output gets the name. */
int publish_target(int out_dirfd, int dirfd, const char *stem, const char *suffix, json_t *manifest,
                   struct error *err) __attribute__((warn_unused_result));

/* Finishes what a crash interrupted. 1: published, *ret_manifest is its manifest (new reference);
 * 0: nothing is published. */
int publish_complete(int out_dirfd, int dirfd, json_t **ret_manifest, struct error *err)
    __attribute__((warn_unused_result));

/* 1 when the output has its final name but its manifest may not: the staging directory is still
 * needed, for publish_complete. */
int publish_is_unfinished(int dirfd);

#endif
