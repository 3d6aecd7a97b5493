/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Targets as people write them, names of outputs, and uids of jobs. */
#ifndef SUPERVISE_JOB_TARGET_H
#define SUPERVISE_JOB_TARGET_H

#include "base/error.h"

#include <jansson.h>

struct job_target {
    char *format, *recipe;
    json_t *options; /* object of strings, or NULL */
    char *suffix;    /* of its output's name if it is a file; NULL: as the worker says beforehand */
    int done;        /* published by an earlier run of this job: skip */
};

/* Default output stem: "NAME-Q4_K_M". New string. */
char *job_output_stem(const char *name, const char *recipe);
/* Parses "FORMAT:RECIPE" (or "FORMAT-RECIPE" as a folder name when sep is '-'). PARE_EUSAGE. */
int job_target_parse(const char *text, char sep, struct job_target *ret_target, struct error *err)
    __attribute__((warn_unused_result));
/* PARE_EUSAGE when a target is among those of a list already, or when they are too many: each of
 * them costs the daemon some steps. */
#define JOB_TARGETS_MAX 64
int job_target_check(const struct job_target *next, const struct job_target *list, size_t n,
                     struct error *err) __attribute__((warn_unused_result));
void job_target_deinit(struct job_target *target);
/* A fresh uid: UTC time and random letters, sorts by age. */
void job_uid(char ret_uid[40]);

#endif
