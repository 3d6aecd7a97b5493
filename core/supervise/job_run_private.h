/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What job_begin.c (a run is made, and made anew), job_run.c (its steps), job_end.c (verifying,
 * publishing, recording) and job_failed.c (targets that fail by themselves) share. */
#ifndef SUPERVISE_JOB_RUN_PRIVATE_H
#define SUPERVISE_JOB_RUN_PRIVATE_H

#include "supervise/allowance.h"
#include "supervise/job_run.h"
#include "supervise/publisher.h"
#include "supervise/staged.h"

enum stage {
    STAGE_CONVERT,
    STAGE_ADOPT,
    STAGE_VERIFY,
    STAGE_WAIT,
    STAGE_PUBLISH,
    STAGE_RECORD,
    STAGE_END
};

struct run_target {
    size_t index; /* in the job's targets */
    char *format, *recipe, *stem, *suffix;
    json_t *options, *line; /* line: the worker's `target` */
    int dirfd;              /* staging/UID/index */
    struct staged staged;
    json_t *verified; /* line */
    json_t *head;     /* of its manifest */
    struct publisher *publisher;
    int is_published, failed;
    struct error said; /* by the worker: why it alone failed */
};

struct job_run {
    enum stage stage;
    char *uid, *origin, *submitted, *worker_path;
    struct nursery *nursery; /* or NULL */
    const struct source_set *source;
    const struct source_set *importance; /* or NULL */
    json_t *settings;                    /* members of every request */
    json_t *converting; /* members of the convert request only: importance, overrides */
    double silence;
    int out_dirfd, dirfd, work; /* dirfd: staging/UID; work: in it, the worker's */
    struct run_target *targets;
    size_t n_targets, current;                  /* current: being verified */
    json_t *start, *writers, *described, *done; /* lines of the convert worker */
    struct job_callbacks callbacks;
    struct worker_process *process;
    struct allowance allowance; /* of the process */
    uint64_t verify_from;
    int cancelled;
    int goes_on;          /* the worker has what an earlier life left … */
    char *misfit;         /* … and says why it is of no use; or NULL */
    uint64_t checkpoints; /* of the worker that converts */
    int keep_staging;     /* a publication could not be finished */
    struct error problem; /* the first that did not end the job at once */
};

/* job_begin.c */

/* Starts a worker on a request that has all but the common settings and `source`, whose descriptors
 * it gets; takes the reference. */
int job_run_start_worker(struct job_run *run, const struct source_set *source, json_t *request,
                         const int *more, size_t n_more, struct error *err)
    __attribute__((warn_unused_result));
/* Makes all targets that are neither published nor failed again, without what an earlier life left;
 * why: for the caller's `restart`. */
int job_run_start_over(struct job_run *run, const char *why, struct error *err)
    __attribute__((warn_unused_result));
/* 1 when a worker that went on failed for what it went on with: it says so, or it crashed before it
 * came anywhere. killed: by SIGKILL, which says nothing of it. */
int job_run_is_misled(const struct job_run *run, const struct error *why, int killed);

/* job_failed.c */

/* Takes a worker's `failed` line. */
void job_run_take_failed(struct run_target *target, const json_t *line);
/* Notes that a target has failed, and tells the caller. The job's error is the first one, or one
 * that trying again may help against. */
void job_run_fail(struct job_run *run, struct run_target *target, const struct error *why);
/* The worker has failed: 1 when it was for some of the targets alone. */
int job_run_failed_in_part(const struct job_run *run, const struct error *why);
/* Fails the targets that the worker said it could not make, when there are others. Returns how many
 * these are. */
size_t job_run_fail_said(struct job_run *run);

/* job_run.c */

/* Passes a line to the caller, whose index of the target replaces the worker's position (SIZE_MAX:
 * it has none). */
void job_run_pass_on(struct job_run *run, const char *event, const json_t *line, size_t position);

/* job_end.c. Each: 0: going on; 1: all targets are published; < 0: the job failed. */

/* All outputs are adopted: verifies the first target. */
int job_end_begin(struct job_run *run, struct error *err) __attribute__((warn_unused_result));
/* The verifying worker has ended. */
int job_end_verified(struct job_run *run, struct error *err) __attribute__((warn_unused_result));
/* The next step of waiting, publishing or recording. */
int job_end_step(struct job_run *run, struct error *err) __attribute__((warn_unused_result));
/* Takes the end of a worker. ret_why is why it failed, if it did (1); < 0: the job ends. */
int job_end_result(struct job_run *run, struct error *ret_why, struct error *err)
    __attribute__((warn_unused_result));

#endif
