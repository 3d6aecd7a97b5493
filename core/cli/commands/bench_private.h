/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare bench` has two halves: kernels by themselves, and whole conversions. */
#ifndef CLI_COMMANDS_BENCH_PRIVATE_H
#define CLI_COMMANDS_BENCH_PRIVATE_H

#include "cli/commands/convert_private.h"

#define BENCH_MAX_RUNS 1000

struct bench_options {
    json_t *levels;                 /* texts; NULL: all that this CPU can run */
    json_t *thread_counts;          /* integers; NULL: one, and one for each CPU */
    double seconds;                 /* of each figure; 0: not given */
    const char *model;              /* whole conversions of this file, or NULL: kernels */
    const char *directory;          /* where the outputs go for a while; NULL: beside the model */
    long long runs;                 /* 0: not given */
    struct convert_options convert; /* targets, threads */
};

/* Measures the kernels of n encodings, of all when n is 0; an exit status. */
int bench_kernels(const struct cli *cli, const struct bench_options *options, int n, char **names)
    __attribute__((warn_unused_result));
/* Measures conversions of the model, each beside a copy of it; an exit status. */
int bench_model(const struct cli *cli, struct bench_options *options)
    __attribute__((warn_unused_result));

#endif
