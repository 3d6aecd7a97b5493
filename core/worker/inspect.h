/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The job that shows what a model holds (docs/protocol.md). */
#ifndef WORKER_INSPECT_H
#define WORKER_INSPECT_H

#include "target/job.h"

/* kind inspect. */
int job_inspect(const struct job_context *job, struct model *model, struct error *err)
    __attribute__((warn_unused_result));

#endif
