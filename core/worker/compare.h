/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The job that measures one model against another (docs/protocol.md). */
#ifndef WORKER_COMPARE_H
#define WORKER_COMPARE_H

#include "target/job.h"

/* kind compare: errors of `other` against the model, per tensor and in all. */
int job_compare(const struct job_context *job, struct model *model, struct model *other,
                struct error *err) __attribute__((warn_unused_result));

#endif
