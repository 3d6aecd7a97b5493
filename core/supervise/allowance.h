/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What a worker may use up: space and files in its staging directory, threads, time. Before the
 * worker has told its plan, the source's size bounds it; afterwards the plan does, which cannot be
 * larger. The kernel is told the size of a file and the time of the CPU; the rest is looked at now
 * and then, from outside.
 */
#ifndef SUPERVISE_ALLOWANCE_H
#define SUPERVISE_ALLOWANCE_H

#include "base/error.h"

#include <jansson.h>
#include <sys/types.h>

struct allowance {
    uint64_t bytes; /* in staging; 0: the worker writes no file */
    uint64_t files; /* and folders */
    uint64_t threads;
    double seconds;
    size_t n_targets;
    uint64_t start, looked; /* timing_now */
    double cost;            /* seconds that the last look took */
};

/* For a worker that begins now, of a source of so many bytes. threads: as in a request; writes: it
 * has a staging directory. */
void allowance_init(struct allowance *allowance, uint64_t source_bytes, size_t n_targets,
                    uint64_t threads, int writes);
/* Tells the kernel of the limits that it can hold the process to. */
void allowance_impose(const struct allowance *allowance, pid_t pid);
/* Takes a worker's `layout` line. PARE_ELIMIT when the plan is larger than the source allows. */
int allowance_take_plan(struct allowance *allowance, const json_t *line, pid_t pid,
                        struct error *err) __attribute__((warn_unused_result));
/* To be called often; looks a few times a second. work: the worker's staging directory, or -1.
 * PARE_ELIMIT or PARE_ETIMEOUT when the worker must be ended. */
int allowance_check(struct allowance *allowance, pid_t pid, int work, struct error *err)
    __attribute__((warn_unused_result));

#endif
