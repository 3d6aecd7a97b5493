/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The job that measures the speed of kernels (docs/protocol.md). */
#ifndef WORKER_BENCH_JOB_H
#define WORKER_BENCH_JOB_H

#include "target/job.h"

/* kind bench: throughput of kernels beside a memory copy. */
int job_bench(const struct job_context *job, struct error *err) __attribute__((warn_unused_result));

#endif
