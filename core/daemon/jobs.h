/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The queue and what runs of it. The catalog holds the queue itself; here are only the jobs that
 * run now, and the rules: how many, which next, what follows an end.
 */
#ifndef DAEMON_JOBS_H
#define DAEMON_JOBS_H

#include "base/loop.h"
#include "base/timing.h"
#include "catalog/catalog.h"
#include "config/config.h"
#include "daemon/places.h"
#include "intake/intake.h"

struct jobs;

struct jobs_tallies {               /* since the start or the last reset */
    struct tally queued, converted; /* jobs that came in, jobs that ended well */
};

struct jobs_callbacks {
    /* A job's state (progress 0) or progress (1) changed. */
    void (*changed)(void *context, int64_t id, int progress);
    /* How a format's files end, or NULL; borrowed. */
    const char *(*suffix)(void *context, const char *format);
    void *context;
};

/* The arguments stay the caller's and outlive the jobs; nursery may be NULL; config may change
 * between callbacks. */
int jobs_new(struct loop *loop, const struct config *config, const struct folders *folders,
             struct catalog *catalog, struct places *places, struct nursery *nursery,
             const struct jobs_callbacks *callbacks, struct jobs **ret_jobs, struct error *err)
    __attribute__((warn_unused_result));
/* Stops what runs, which is queued again. */
void jobs_free(struct jobs *jobs);

/* After a start, before anything runs: makes catalog, claims and staging agree. */
int jobs_restore(struct jobs *jobs, struct error *err) __attribute__((warn_unused_result));

/* The first part of it: enters every claim into the catalog. */
int jobs_restore_claims(struct jobs *jobs, struct error *err) __attribute__((warn_unused_result));

/* Starts as many jobs as may run, soon. */
void jobs_kick(struct jobs *jobs);
/* Lasts until it is taken back, also over restarts; < 0: only until the next one. */
int jobs_pause(struct jobs *jobs, int paused, struct error *err)
    __attribute__((warn_unused_result));
int jobs_paused(const struct jobs *jobs);
size_t jobs_running(const struct jobs *jobs);

/* Claimed sources, whose tickets are now this module's; the broken ones fail at once. */
void jobs_accept(struct jobs *jobs, struct intake_taken *list, size_t n);
/* Queues a model that stays where it is. */
int jobs_submit(struct jobs *jobs, const struct ticket *ticket, int64_t *ret_id, struct error *err)
    __attribute__((warn_unused_result));
/* PARE_EUSAGE when the job is in no state for it. retry also CATALOG_NOT_FOUND: its source is not
 * in the failed directory any more. */
int jobs_cancel(struct jobs *jobs, int64_t id, struct error *err)
    __attribute__((warn_unused_result));
int jobs_retry(struct jobs *jobs, int64_t id, struct error *err)
    __attribute__((warn_unused_result));

const struct jobs_tallies *jobs_tallies(const struct jobs *jobs);
void jobs_tallies_reset(struct jobs *jobs);

/* Puts stage, done, total and rate of a running job into its JSON (docs/control.md). */
void jobs_overlay(const struct jobs *jobs, json_t *job);

#endif
