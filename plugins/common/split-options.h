/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The options of writers that say how a target is split over files; for every plugin that has such
 * a writer. Their names and values are those of pare-recipe(5) and of `pare convert`.
 */
#ifndef SPLIT_OPTIONS_H
#define SPLIT_OPTIONS_H

#include <pare/plugin.h>

struct split_options {
    uint64_t max_size;    /* bytes of tensor data in a file; UINT64_MAX: no limit */
    uint64_t max_tensors; /* in a file; UINT64_MAX: no limit */
    int keep;             /* the same tensors in the same files as in the source */
};

/* Reads split_max_size (or else the option called `alias`, unless that is NULL), split_max_tensors
 * and keep_split. PARE_EUSAGE, reported, for values that make no sense, alone or together. */
int split_options_read(const struct pare_host *host, struct pare_job *job, const char *alias,
                       struct split_options *ret_options) __attribute__((warn_unused_result));

#endif
