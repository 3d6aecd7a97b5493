/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The job that tries out a plugin (docs/protocol.md). */
#ifndef WORKER_CHECK_JOB_H
#define WORKER_CHECK_JOB_H

#include "target/job.h"

/* Loads the request's library into the registry, and nothing else; says so beforehand. */
int check_job_load(const struct job_context *job, struct registry *registry, struct error *err)
    __attribute__((warn_unused_result));

/* kind check: what the plugin ABI promises of kernels and descriptions, for the only plugin of the
 * registry. Broken promises are lines of the answer, and the job does not fail for them. */
int job_check(const struct job_context *job, struct error *err) __attribute__((warn_unused_result));

#endif
