/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One job from source to published outputs, as a state machine that never blocks: a `convert`
 * worker, then for each target a `verify` worker, manifest and report, publishing. pared drives it
 * from its epoll loop, `pare convert` from a poll loop of its own.
 *
 * What a worker says of tensors comes as a file of rows (results/rows_file.h) and is streamed from
 * there into manifest, report and catalog: nothing here grows with the number of tensors. Where
 * they are many, manifest and report are written by a forked child.
 *
 * In the output directory a job owns `.pare/staging/UID/`; target i is made in `UID/i/`. When a
 * target is verified, its manifest and report are written there and synced; then output, report
 * and manifest are renamed (never replacing) to their final names, the manifest last, and the
 * directory is synced. `UID/i/publish.json` ({"output", "ino", "dev"}) is written before the first
 * of these renames, so that an interrupted publication is finished, not repeated. Each step can be
 * done again after a crash (job_complete_target).
 */
#ifndef SUPERVISE_JOB_RUN_H
#define SUPERVISE_JOB_RUN_H

#include "results/manifest_file.h"
#include "supervise/job_target.h"
#include "source/source_set.h"
#include "supervise/worker_process.h"

struct job_settings {
    const char *worker;                            /* path of pare-worker */
    struct nursery *nursery;                       /* for its workers, or NULL */
    const char *plugins, *recipes, *architectures; /* colon-separated directories, or NULL */
    const json_t *values; /* as settings/settings.h has them; NULL: all have their defaults */
    double silence;       /* seconds without a line before the worker is killed */
};

struct job_spec {
    const char *uid;       /* names the staging folder: letters, digits, '-' */
    const char *origin;    /* path that the user gave or dropped, for the manifest */
    const char *submitted; /* stamp of when it came in, for the manifest, or NULL */
    const struct source_set *source;
    const struct source_set *importance; /* one file, or NULL: none */
    const char *importance_name;         /* what it is called in outputs; NULL: as its file */
    const json_t *importance_parts;      /* "include" and "exclude" of docs/protocol.md, or NULL */
    const json_t *overrides;             /* array of {"name","text"} (docs/protocol.md), or NULL */
    struct job_target *targets;
    size_t n_targets;
    int out_dirfd;
    const char *out_path;
    const char *mark; /* of a one-shot job, which nobody restarts if we die (supervise/staging.h) */
    int go_on;        /* use what an earlier life left, as far as it goes */
    uint64_t space;   /* bytes that the outputs may take; 0: as many as there are */
    int one_shot;     /* nobody restarts this job if we die: see job_sweep */
    struct job_settings settings;
};

struct job_callbacks {
    /* Every line of the workers, as it comes; and of our own `restart`, with
     * `text`: what an earlier life left is of no use, why, and the job starts over. */
    worker_event_fn *event;
    /* A target is published: the head of its manifest (results/manifest_file.h), with the final
     * output name, and its rows, of which there may be many. 0: recorded; 1: not all rows were
     * taken yet: it is called again, soon, with the rows that are left. */
    int (*published)(void *context, size_t target, const json_t *head, struct tensor_rows *rows);
    /* A target has failed for good in this run, while others go on; may be NULL. */
    void (*failed)(void *context, size_t target, const struct error *why);
    /* 0: nothing may be published now, ask again with the next step; may be NULL. */
    int (*may_publish)(void *context);
    void *context;
};

struct job_run;

/* Source and importance must live as long as the run; all else of spec is copied. What an earlier
 * life of the job left half published is finished first: `published` may be called from here. */
int job_run_start(const struct job_spec *spec, const struct job_callbacks *callbacks,
                  struct job_run **ret_run, struct error *err) __attribute__((warn_unused_result));
/* What becomes of the staging folder. */
enum job_staging {
    JOB_STAGING_REMOVE,
    JOB_STAGING_KEEP,
    JOB_STAGING_GO_ON, /* it is kept if there is a journal, to go on from */
};

/* Stops and reaps the worker if one is running. The staging folder stays in any case when a
 * publication is unfinished. */
void job_run_free(struct job_run *run, enum job_staging staging);
/* The descriptor to poll for reading; it changes between steps. */
int job_run_fd(const struct job_run *run);
/* 1: there is more to do at once, without waiting for the descriptor. */
int job_run_is_busy(const struct job_run *run);
/* To be called when the descriptor is readable, when it is busy, and at least once a second. 0:
 * going on; 1: all targets are published; < 0: the job, or only some of its targets, failed (what
 * is published stays so). */
int job_run_step(struct job_run *run, struct error *err) __attribute__((warn_unused_result));
void job_run_cancel(struct job_run *run);
/* As job_run_cancel, but a worker that converts may take a checkpoint before it ends. */
void job_run_suspend(struct job_run *run);

/* 1 for an error after which the staging folder is worth keeping: the worker was lost, and another
 * one goes on. */
int job_may_go_on(int code);

/* Removes what is left of a job's staging folder: when it has ended and no job_run_free did. */
int job_forget(int out_dirfd, const char *uid, struct error *err)
    __attribute__((warn_unused_result));

/* Goes on for about so many seconds with removing what jobs had in staging and was too much to be
 * removed at once. 1: there is more. */
int job_clear(int out_dirfd, double seconds, struct error *err) __attribute__((warn_unused_result));

/* Clears away what one-shot jobs left in an output directory when their process died; outputs that
 * were being published get their manifest. Jobs that are not one-shot are left alone, and so is for
 * a while what may be gone on with; `done` as in staging_sweep. */
int job_sweep(int out_dirfd, const char *done, struct error *err)
    __attribute__((warn_unused_result));

/* After a crash: looks at staging UID/i and the output directory. 1: the target is published (if
 * need be by finishing the renames now), *ret_manifest is its manifest; 0: it must be made again
 * (what was left of it is removed). While the answer is 1 it can be asked again: the folder stays
 * until job_run_start, job_run_free or job_forget, so record the manifest first. */
int job_complete_target(int out_dirfd, const char *uid, size_t target,
                        struct manifest_file **ret_manifest, struct error *err)
    __attribute__((warn_unused_result));

#endif
