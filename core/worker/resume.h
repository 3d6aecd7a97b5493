/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The journal of a convert job (docs/formats/journal.md), seen from the whole job: what it belongs
 * to, whether what an earlier life left can be gone on with, and what its checkpoints say beside
 * the walk. The parent keeps the staging of a job that it may start again; a worker that finds a
 * journal there goes on, or says why not, and the parent then starts over with an empty staging.
 */
#ifndef WORKER_RESUME_H
#define WORKER_RESUME_H

#include "journal/checkpoint.h"
#include "target/target.h"

struct resume {
    const struct job_context *job;
    const struct model *model;
    struct target *targets;
    size_t n;
    size_t known, kept;              /* of the job's warnings: before the work, in checkpoints */
    struct journal *journal;         /* to go on from, or NULL; the checkpoints' */
    struct checkpoints *checkpoints; /* NULL: none are wanted */
    int misfit;                      /* what the journal says cannot be */
    uint64_t digested;               /* bytes of all targets at the last resume_beat with one */
};

/* Looks for a journal in staging, reads what it says of the targets, which are prepared but not
 * open, and makes ready for checkpoints. `resume` is zeroed; deinit it in any case. On failure with
 * `misfit` there is one that cannot be used, and err says why. */
int resume_open(struct resume *resume, const struct job_context *job, const struct model *model,
                struct target *targets, size_t n, int staging, struct error *err)
    __attribute__((warn_unused_result));
/* Before targets are closed. */
void resume_deinit(struct resume *resume);

/* When the targets are open: tells the parent if the work goes on. */
void resume_tell(const struct resume *resume);
/* For pipeline_request.describe; the context is the resume. */
void resume_describe(void *resume, struct strbuf *block);
/* While digests are waited for, after all walks: a checkpoint when one is due. A failure shows in
 * resume_flush. */
void resume_beat(struct resume *resume);
/* Waits for the last checkpoint. < 0: a sync has failed. */
int resume_flush(struct resume *resume, struct error *err) __attribute__((warn_unused_result));
/* After a failure: when it is about the journal, tells the parent to start over. */
void resume_failed(const struct resume *resume, struct error *err);

#endif
