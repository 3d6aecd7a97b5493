/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The job that checks a written output (docs/protocol.md). */
#ifndef WORKER_VERIFY_H
#define WORKER_VERIFY_H

#include "target/job.h"

/* kind verify: the output is what convert said, and its errors can be measured again. */
int job_verify(const struct job_context *job, struct model *model, struct model *output,
               struct error *err) __attribute__((warn_unused_result));

#endif
