/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Jobs that convert, or say what converting would do (docs/protocol.md). */
#ifndef WORKER_CONVERT_H
#define WORKER_CONVERT_H

#include "target/job.h"

/* kind convert: emits source, progress, tensor and target lines; ret_done gets the fields of the
 * `done` line but peak_rss and plugins. */
int job_convert(const struct job_context *job, struct model *model, int staging, json_t **ret_done,
                struct error *err) __attribute__((warn_unused_result));
/* kind plan. */
int job_plan(const struct job_context *job, struct model *model, struct error *err)
    __attribute__((warn_unused_result));

#endif
