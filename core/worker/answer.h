/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The lines that answer a request to convert or to plan, and the rows of tensors
 * (docs/protocol.md). */
#ifndef WORKER_ANSWER_H
#define WORKER_ANSWER_H

#include "target/job.h"
#include "convert/pipeline.h"

/* Emits a target's `plan` line. memory: bytes that the job is going to take. */
void answer_plan(const struct job_context *job, const struct target *target, uint64_t memory);

/* Writes the rows of a target that is written into `INDEX.rows` in staging, and emits its `target`
 * line. result: of the run that made it. */
int answer_target(const struct job_context *job, const struct target *target,
                  const struct pipeline_result *result, int staging, struct error *err)
    __attribute__((warn_unused_result));

/* At most so many bytes that file will have. */
uint64_t answer_rows_bytes(const struct target *target);

/* The fields of the `done` line but peak_rss and plugins; result: of the run that took the files'
 * digests, with the seconds of all. model: as read. */
int answer_done(const struct job_context *job, const struct model *model,
                const struct pipeline_result *result, double sync, double total, json_t **ret_done,
                struct error *err) __attribute__((warn_unused_result));

#endif
