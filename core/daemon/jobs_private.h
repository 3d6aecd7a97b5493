/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What jobs.c (the queue), job.c (one that runs), job_record.c (what is said of it), settle.c (its
 * end) and restore.c (the start) share. */
#ifndef DAEMON_JOBS_PRIVATE_H
#define DAEMON_JOBS_PRIVATE_H

#include "daemon/jobs.h"
#include "intake/claim.h"
#include "source/sidecar.h"

struct fault { /* of a queued job that has failed for a transient reason */
    int64_t id;
    unsigned count; /* how often */
    uint64_t needs; /* bytes of its outputs, as its plan has them; 0: not known */
};

enum lost_end { LOST_DONE, LOST_FAILED, LOST_CANCELLED, LOST_QUEUED };

struct lost { /* how a job has ended, which the catalog did not take (disk full) */
    int64_t id;
    enum lost_end end;
    double delay; /* of LOST_QUEUED */
    struct error why;
};

struct ending { /* a claim that is to end, now that the catalog has its job's state */
    int64_t id;
    char *uid, *name;
    int end;      /* enum claim_end */
    char *reason; /* or NULL */
};

struct jobs {
    struct loop *loop;
    const struct config *config;
    const struct folders *folders;
    struct catalog *catalog;
    struct places *places;
    struct nursery *nursery;
    struct jobs_callbacks callbacks;
    struct loop_timer kick_timer, clear_timer;
    struct job **running;
    size_t n_running;
    struct fault *faults;
    size_t n_faults;
    int paused;
    char *pause_mark; /* path of a file that is there while paused */
    struct jobs_tallies tallies;
    struct ending *endings;
    size_t n_endings, held_endings; /* held_endings: that were there when the catalog was held */
    int hold_failed;                /* a part of what is held did not reach the catalog */
    struct loop_timer ending_timer;
    struct lost *lost; /* told to the catalog again and again; no other job starts before */
    size_t n_lost;
    int unsettled; /* some claim could not be ended or recorded: tried again now and then */
};

struct job {
    struct jobs *jobs;
    int64_t id;
    char uid[40];
    char *name, *origin;
    char submitted[TIMING_STAMP_SIZE];
    int waited_for;       /* code of the error for which it was queued again, or 0 */
    int dropped;          /* its source is claimed, not in place */
    struct ticket ticket; /* when dropped */
    struct job_target *targets;
    size_t n_targets;
    struct source_set source;
    struct sidecars sidecars;
    struct job_run *run;
    struct catalog_recording *recording; /* of the target that was published last, or NULL */
    struct loop_source *io;
    struct loop_timer tick;
    struct error record_error; /* a published target could not be recorded */
    json_t *start, *described; /* the worker's lines that are not in the catalog yet */
    int started_known, source_known, cancelled;
    int run_ended;     /* its worker ran, and staging is free again */
    int requeued;      /* its end was that it is tried again */
    unsigned warnings; /* so far */
    char stage[16];
    int64_t attempts; /* when it was loaded */
    int64_t done, total;
    uint64_t stage_start, last_report;
};

/* job_record.c */

/* Logs what the catalog did not take. */
void jobs_log_unrecorded(const char *what, const struct error *err);
/* Puts an event into the catalog. */
void jobs_event(struct jobs *jobs, int64_t id, int level, const char *kind, const char *text);
/* Tells those who watch that a job's state (progress 0) or progress (1) changed. */
void jobs_changed(struct jobs *jobs, int64_t id, int progress);
/* The callbacks of a job's run (supervise/job_run.h); the context is the job. */
/* Puts into the catalog what the worker has said of itself and of the source. */
void job_record_facts(struct job *job);
void job_record_line(void *context, const char *event, const json_t *line);
int job_record_published(void *context, size_t target, const json_t *head,
                         struct tensor_rows *rows);
void job_record_failed(void *context, size_t target, const struct error *why);

/* job.c */

/* Makes the object from the catalog's row. Targets that are done are marked. */
int job_load(struct jobs *jobs, int64_t id, struct job **ret_job, struct error *err)
    __attribute__((warn_unused_result));
void job_free(struct job *job, enum job_staging staging);
/* Opens the source and starts the worker. */
int job_start(struct job *job, struct error *err) __attribute__((warn_unused_result));
/* Records targets that were published before a crash, but of which the catalog may not know. 1:
 * there may be some; it must be committed before their staging is touched. */
int job_restore(struct job *job, struct error *err) __attribute__((warn_unused_result));
int job_all_done(const struct job *job);

/* settle.c: what follows an end. The job is not freed. */

#define SETTLE_LONGEST_DELAY 3600.0 /* seconds until a job is tried again */

void settle_done(struct job *job);
void settle_failed(struct job *job, const struct error *why);
void settle_cancelled(struct job *job);
/* Queues the job again or fails it, by the kind of error and the number of attempts. */
void settle_error(struct job *job, const struct error *why);
/* Ends the claim of a job by its state in the catalog; 1 when it is not in a final state. */
int settle_claim(struct jobs *jobs, const char *uid, const json_t *row, struct error *err)
    __attribute__((warn_unused_result));
/* Ends the claims of jobs that have ended. */
void settle_endings(struct jobs *jobs);
/* Forgets those from the given one on. */
void settle_forget_endings(struct jobs *jobs, size_t from);
/* Tells the catalog again how jobs have ended, of which it did not take the end. 1: it still does
 * not. */
int settle_lost(struct jobs *jobs);
/* Seconds until a job is tried again that has failed so often. */
double settle_delay(const struct config *config, unsigned faults);
/* Bytes that a queued job's outputs need; 0: not known yet. */
uint64_t settle_needs(const struct jobs *jobs, int64_t id);
void settle_note_needs(struct jobs *jobs, int64_t id, uint64_t bytes);
void settle_forget_faults(struct jobs *jobs, int64_t id);

/* jobs.c */

/* All changes of the catalog between the two are one transaction. When the release fails, none of
 * them is there, and no claim ends because of them. */
void jobs_hold(struct jobs *jobs);
int jobs_release(struct jobs *jobs, struct error *err) __attribute__((warn_unused_result));
/* What was held so far is on disk when it returns 0; the hold goes on. */
int jobs_commit(struct jobs *jobs, struct error *err) __attribute__((warn_unused_result));
/* Starts jobs until as many run as may; the catalog is held. */
void jobs_start(struct jobs *jobs);

/* Adds a ticket to the catalog, once. */
int jobs_enqueue(struct jobs *jobs, const struct ticket *ticket, int64_t *ret_id, struct error *err)
    __attribute__((warn_unused_result));
/* Takes a job out of the running ones; the caller frees it. */
void jobs_remove(struct jobs *jobs, const struct job *job);

#endif
