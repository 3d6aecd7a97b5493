/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Jobs that say whether a model has arrived (docs/protocol.md). */
#ifndef WORKER_PROBE_H
#define WORKER_PROBE_H

#include "target/job.h"

/* kind probe: emits source, and `doubt` where a file of a folder may still come. Fails as opening
 * does; PARE_EINCOMPLETE when something is cut or not there. */
int job_probe(const struct job_context *job, struct model *model, struct error *err)
    __attribute__((warn_unused_result));

#endif
