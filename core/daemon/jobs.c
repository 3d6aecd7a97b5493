/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The queue: see jobs.h. */
#include "daemon/jobs.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/jobs_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CATALOG_RETRY_SECONDS 10.0
#define CLEAR_SECONDS 0.01
#define LAST_CLEAR_SECONDS 0.5 /* when the daemon ends; the next one goes on */
#define SWEEP_SECONDS 60.0
#define SUSPEND_SECONDS 4.0 /* for checkpoints, when the daemon stops */

void jobs_remove(struct jobs *jobs, const struct job *job)
{
    for (size_t i = 0; i < jobs->n_running; i++)
        if (jobs->running[i] == job)
            jobs->running[i] = jobs->running[--jobs->n_running];
}

static int make_room(struct jobs *jobs, struct error *err)
{
    struct job **running = reallocarray(jobs->running, jobs->n_running + 1, sizeof *running);
    if (!running)
        return error_oom(err);
    jobs->running = running;
    return 0;
}

/* Starts a job, or ends or delays it when that cannot be. < 0: the catalog or memory fails, and
 * trying the next one at once makes no sense. */
static int begin(struct jobs *jobs, int64_t id, struct error *err)
{
    struct job *job = NULL;
    struct error why = ERROR_INIT;
    int r = make_room(jobs, err);
    if (r == 0)
        r = job_load(jobs, id, &job, err);
    if (r != 0)
        return r;
    r = job_restore(job, &why);
    if (r == 1)
        r = jobs_commit(jobs, &why);
    if (r == 0 && job_all_done(job)) {
        settle_done(job);
        r = jobs_commit(jobs, &why);
        if (r == 0)
            r = job_forget(jobs->folders->out_fd, job->uid, &why);
        job_free(job, JOB_STAGING_REMOVE);
        jobs_changed(jobs, id, 0);
        return r < 0 ? error_set(err, r, "%s", why.text) : 0;
    }
    if (r == 0)
        r = job_start(job, &why);
    if (r == 0) {
        jobs->running[jobs->n_running++] = job;
    } else {
        settle_error(job, &why);
        if (!job->requeued && job_forget(jobs->folders->out_fd, job->uid, &why) < 0)
            log_error("%s: %s", job->name, why.text);
        job_free(job, JOB_STAGING_KEEP);
    }
    jobs_changed(jobs, id, 0);
    return 0;
}

static int is_running(const struct jobs *jobs, int64_t id)
{
    for (size_t i = 0; i < jobs->n_running; i++)
        if (jobs->running[i]->id == id)
            return 1;
    return 0;
}

void jobs_hold(struct jobs *jobs)
{
    catalog_hold(jobs->catalog);
    jobs->held_endings = jobs->n_endings;
    jobs->hold_failed = 0;
}

int jobs_release(struct jobs *jobs, struct error *err)
{
    int r = catalog_release(jobs->catalog, err);
    if (r == 0 && jobs->hold_failed)
        r = error_set(err, PARE_EIO, "the catalog did not take a part of the changes");
    if (r < 0)
        settle_forget_endings(jobs, jobs->held_endings);
    return r;
}

int jobs_commit(struct jobs *jobs, struct error *err)
{
    int r = jobs_release(jobs, err);
    jobs_hold(jobs);
    jobs->hold_failed = r < 0;
    return r;
}

void jobs_start(struct jobs *jobs)
{
    struct error err = ERROR_INIT;
    int64_t last = 0;
    while (!jobs->paused && jobs->n_running < jobs->config->jobs && !places_look(jobs->places)) {
        int64_t id = 0;
        double wait = -1;
        int r = catalog_job_next(jobs->catalog, &id, &wait, &err);
        if (r == CATALOG_NOT_FOUND) {
            if (wait >= 0)
                loop_timer_sooner(jobs->loop, &jobs->kick_timer, wait + 0.01);
            break;
        }
        /* the same job twice: its change of state did not reach the catalog */
        if (r == 0 && (id == last || is_running(jobs, id)))
            r = error_set(&err, PARE_EIO, "job %lld does not leave the queue", (long long)id);
        if (r == 0)
            r = begin(jobs, id, &err);
        if (r < 0) {
            jobs_log_unrecorded("queue", &err);
            loop_timer_sooner(jobs->loop, &jobs->kick_timer, CATALOG_RETRY_SECONDS);
            break;
        }
        last = id;
    }
}

/* What was left undone is tried again, and jobs start. */
static void start_jobs(void *context)
{
    struct jobs *jobs = context;
    struct error err = ERROR_INIT;
    int lost = settle_lost(jobs);
    loop_timer_sooner(jobs->loop, &jobs->clear_timer, 0);
    if (jobs->unsettled) {
        jobs->unsettled = 0;
        if (jobs_restore_claims(jobs, &err) < 0)
            jobs->unsettled = 1;
    }
    jobs_hold(jobs);
    if (!lost)
        jobs_start(jobs);
    if (jobs_release(jobs, &err) < 0) {
        jobs_log_unrecorded("queue", &err);
        loop_timer_sooner(jobs->loop, &jobs->kick_timer, CATALOG_RETRY_SECONDS);
    }
    if (jobs->n_lost)
        loop_timer_sooner(jobs->loop, &jobs->kick_timer, CATALOG_RETRY_SECONDS);
    else if (jobs->unsettled)
        loop_timer_sooner(jobs->loop, &jobs->kick_timer, SWEEP_SECONDS);
}

static void end_claims(void *context)
{
    settle_endings(context);
}

static char *pause_mark(const struct config *config)
{
    char *path = NULL;
    return asprintf(&path, "%s.paused", config->catalog) < 0 ? NULL : path;
}

/* What ended jobs leave in staging may be much: between its pieces the loop turns. */
static void clear_staging(void *context)
{
    struct jobs *jobs = context;
    struct error err = ERROR_INIT;
    int r = job_clear(jobs->folders->out_fd, CLEAR_SECONDS, &err);
    if (r < 0)
        log_error("what is left of jobs cannot be removed: %s", err.text);
    if (r != 0)
        loop_timer_set(jobs->loop, &jobs->clear_timer, r > 0 ? 0 : SWEEP_SECONDS);
}

int jobs_new(struct loop *loop, const struct config *config, const struct folders *folders,
             struct catalog *catalog, struct places *places, struct nursery *nursery,
             const struct jobs_callbacks *callbacks, struct jobs **ret_jobs, struct error *err)
{
    struct jobs *jobs = calloc(1, sizeof *jobs);
    if (!jobs)
        return error_oom(err);
    jobs->loop = loop;
    jobs->config = config;
    jobs->folders = folders;
    jobs->catalog = catalog;
    jobs->places = places;
    jobs->nursery = nursery;
    jobs->callbacks = *callbacks;
    jobs->pause_mark = pause_mark(config);
    if (!jobs->pause_mark) {
        free(jobs);
        return error_oom(err);
    }
    jobs->paused = access(jobs->pause_mark, F_OK) == 0;
    if (jobs->paused)
        log_warning("paused, as before the start: `pare resume' goes on");
    jobs->kick_timer =
        (struct loop_timer){ .name = "queue", .callback = start_jobs, .context = jobs };
    jobs->clear_timer =
        (struct loop_timer){ .name = "staging", .callback = clear_staging, .context = jobs };
    jobs->ending_timer =
        (struct loop_timer){ .name = "endings", .callback = end_claims, .context = jobs };
    *ret_jobs = jobs;
    return 0;
}

/* Lets those that run take a checkpoint, and waits for their ends, but not for long. */
static void suspend_all(struct jobs *jobs)
{
    size_t left = jobs->n_running;
    uint64_t start = timing_now();
    for (size_t i = 0; i < jobs->n_running; i++)
        job_run_suspend(jobs->running[i]->run);
    while (left && timing_since(start) < SUSPEND_SECONDS) {
        struct timespec moment = { .tv_nsec = 20 * 1000 * 1000 };
        (void)nanosleep(&moment, NULL);
        left = 0;
        for (size_t i = 0; i < jobs->n_running; i++) {
            struct error ignored = ERROR_INIT;
            left += job_run_fd(jobs->running[i]->run) >= 0 &&
                    job_run_step(jobs->running[i]->run, &ignored) == 0;
        }
    }
}

void jobs_free(struct jobs *jobs)
{
    if (!jobs)
        return;
    loop_timer_clear(jobs->loop, &jobs->kick_timer);
    suspend_all(jobs);
    while (jobs->n_running) {
        struct job *job = jobs->running[--jobs->n_running];
        struct error err = ERROR_INIT;
        int64_t id = job->id;
        int unrecorded = job->record_error.code < 0;
        log_info("%s: stopped, and queued for the next start", job->name);
        job_free(job, unrecorded ? JOB_STAGING_KEEP : JOB_STAGING_GO_ON);
        if (catalog_job_requeue(jobs->catalog, id, 0, NULL, &err) < 0)
            jobs_log_unrecorded("stop", &err);
    }
    settle_endings(jobs);
    struct error ignored = ERROR_INIT;
    if (job_clear(jobs->folders->out_fd, LAST_CLEAR_SECONDS, &ignored) < 0)
        log_error("what is left of jobs cannot be removed: %s", ignored.text);
    loop_timer_clear(jobs->loop, &jobs->kick_timer);
    loop_timer_clear(jobs->loop, &jobs->ending_timer);
    loop_timer_clear(jobs->loop, &jobs->clear_timer);
    free(jobs->endings);
    free(jobs->pause_mark);
    free(jobs->running);
    free(jobs->faults);
    free(jobs->lost);
    free(jobs);
}

void jobs_kick(struct jobs *jobs)
{
    loop_timer_sooner(jobs->loop, &jobs->kick_timer, 0);
}

/* A file beside the catalog, since a pause outlives the daemon, and the catalog. */
static int write_mark(const char *path, int paused, struct error *err)
{
    _cleanup_free_ char *folder = strdup(path);
    if (!folder)
        return error_oom(err);
    char *name = strrchr(folder, '/');
    if (name)
        *name++ = 0;
    _cleanup_close_ int dirfd = open(name && *folder ? folder
                                     : name          ? "/"
                                                     : ".",
                                     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!name)
        name = folder;
    if (dirfd < 0)
        return error_errno(err, errno, "%s", path);
    if (paused)
        return file_write_durably(dirfd, name, "", 0, err);
    if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
        return error_place(err, errno, "%s", path);
    return file_sync(dirfd, "the catalog's directory", err);
}

int jobs_pause(struct jobs *jobs, int paused, struct error *err)
{
    jobs->paused = paused;
    if (!paused)
        jobs_kick(jobs);
    return write_mark(jobs->pause_mark, paused, err);
}

int jobs_paused(const struct jobs *jobs)
{
    return jobs->paused;
}

size_t jobs_running(const struct jobs *jobs)
{
    return jobs->n_running;
}

int jobs_enqueue(struct jobs *jobs, const struct ticket *ticket, int64_t *ret_id, struct error *err)
{
    _cleanup_free_ struct catalog_target *targets = calloc(ticket->n_targets, sizeof *targets);
    if (!targets)
        return error_oom(err);
    for (size_t i = 0; i < ticket->n_targets; i++)
        targets[i] = (struct catalog_target){ ticket->targets[i].format, ticket->targets[i].recipe,
                                              ticket->targets[i].options };
    struct catalog_job_spec spec = { .uid = ticket->uid,
                                     .name = ticket->name,
                                     .path = ticket->origin,
                                     .kind = ticket->kind == TICKET_IN_PLACE ? "submit" : "drop",
                                     .priority = (int)ticket->priority,
                                     .submitted = ticket->submitted,
                                     .identity = *ticket->identity ? ticket->identity : NULL,
                                     .targets = targets,
                                     .n_targets = ticket->n_targets };
    return catalog_job_add(jobs->catalog, &spec, ret_id, err);
}

int jobs_submit(struct jobs *jobs, const struct ticket *ticket, int64_t *ret_id, struct error *err)
{
    int r = jobs_enqueue(jobs, ticket, ret_id, err);
    if (r < 0)
        return r;
    tally_add(&jobs->tallies.queued);
    log_info("%s: queued as job %lld", ticket->name, (long long)*ret_id);
    jobs_changed(jobs, *ret_id, 0);
    jobs_kick(jobs);
    return 0;
}

/* A source that cannot be converted: its job is recorded, and has failed. */
static void fail_taken(struct jobs *jobs, int64_t id, const struct intake_taken *taken)
{
    struct error err = ERROR_INIT;
    struct job *job = NULL;
    if (job_load(jobs, id, &job, &err) != 0) {
        jobs_log_unrecorded(taken->ticket.name, &err);
        return;
    }
    settle_failed(job, &taken->verdict);
    job_free(job, JOB_STAGING_KEEP);
}

/* All of them in one transaction. 0: every id is known. */
static int enqueue_all(struct jobs *jobs, const struct intake_taken *list, size_t n, int64_t *ids,
                       struct error *err)
{
    int r = ids ? 0 : error_oom(err);
    struct error released = ERROR_INIT;
    catalog_hold(jobs->catalog);
    for (size_t i = 0; i < n && r == 0; i++)
        r = jobs_enqueue(jobs, &list[i].ticket, &ids[i], err);
    int end = catalog_release(jobs->catalog, &released);
    if (r == 0 && end < 0)
        *err = released;
    return r < 0 ? r : end;
}

void jobs_accept(struct jobs *jobs, struct intake_taken *list, size_t n)
{
    struct error err = ERROR_INIT;
    _cleanup_free_ int64_t *ids = calloc(n + 1, sizeof *ids);
    int r = enqueue_all(jobs, list, n, ids, &err);
    for (size_t i = 0; r == 0 && i < n; i++) {
        tally_add(&jobs->tallies.queued);
        log_info("%s: queued as job %lld", list[i].ticket.name, (long long)ids[i]);
        if (list[i].broken)
            fail_taken(jobs, ids[i], &list[i]);
        jobs_changed(jobs, ids[i], 0);
    }
    if (r == 0) {
        jobs_kick(jobs);
    } else {
        jobs_log_unrecorded("queue", &err);
        jobs->unsettled = 1; /* the claims are on disk and will be entered */
        loop_timer_sooner(jobs->loop, &jobs->kick_timer, CATALOG_RETRY_SECONDS);
    }
    for (size_t i = 0; i < n; i++)
        ticket_deinit(&list[i].ticket);
}

static const char *state_of(struct jobs *jobs, int64_t id, json_t **ret_row, struct error *err)
{
    if (catalog_job_get(jobs->catalog, id, ret_row, err) != 0)
        return NULL;
    return json_get_string(*ret_row, "state", "");
}

int jobs_cancel(struct jobs *jobs, int64_t id, struct error *err)
{
    for (size_t i = 0; i < jobs->n_running; i++)
        if (jobs->running[i]->id == id) {
            jobs->running[i]->cancelled = 1;
            job_run_cancel(jobs->running[i]->run);
            return 0;
        }
    _cleanup_json_ json_t *row = NULL;
    struct job *job = NULL;
    const char *state = state_of(jobs, id, &row, err);
    if (state && strcmp(state, "queued") && strcmp(state, "retry"))
        return error_set(err, PARE_EUSAGE, "job %lld is %s already", (long long)id, state);
    int r = state ? job_load(jobs, id, &job, err) : err->code;
    if (r != 0)
        return r;
    settle_cancelled(job);
    settle_endings(jobs);
    r = job_forget(jobs->folders->out_fd, job->uid, err);
    job_free(job, JOB_STAGING_REMOVE);
    jobs_changed(jobs, id, 0);
    return r;
}

int jobs_retry(struct jobs *jobs, int64_t id, struct error *err)
{
    _cleanup_json_ json_t *row = NULL;
    const char *state = state_of(jobs, id, &row, err);
    if (!state)
        return err->code;
    if (strcmp(state, "failed") && strcmp(state, "cancelled"))
        return error_set(err, PARE_EUSAGE,
                         "job %lld is %s: only a failed or cancelled one can be "
                         "tried again",
                         (long long)id, state);
    int r = 0;
    if (!strcmp(json_get_string(row, "kind", ""), "drop")) {
        struct ticket ticket;
        settle_endings(jobs); /* it may not lie there yet */
        r = claim_retry(jobs->folders, json_get_string(row, "uid", ""), &ticket, err);
        if (r == 1) {
            (void)!error_set(err, PARE_EIO, "its source is no longer in %s",
                             jobs->folders->failed_path);
            return CATALOG_NOT_FOUND;
        }
        if (r == 0)
            ticket_deinit(&ticket);
    }
    if (r == 0)
        r = catalog_job_retry(jobs->catalog, id, err);
    if (r == 0) {
        jobs_changed(jobs, id, 0);
        jobs_kick(jobs);
    }
    return r;
}

const struct jobs_tallies *jobs_tallies(const struct jobs *jobs)
{
    return &jobs->tallies;
}

void jobs_tallies_reset(struct jobs *jobs)
{
    jobs->tallies = (struct jobs_tallies){ 0 };
}

void jobs_overlay(const struct jobs *jobs, json_t *row)
{
    int64_t id = json_get_int(row, "id", 0);
    for (size_t i = 0; i < jobs->n_running; i++) {
        const struct job *job = jobs->running[i];
        if (job->id != id)
            continue;
        double seconds = timing_since(job->stage_start);
        (void)json_object_set_new(row, "stage", json_string(job->stage));
        (void)json_object_set_new(row, "done", json_integer((json_int_t)job->done));
        (void)json_object_set_new(row, "total", json_integer((json_int_t)job->total));
        (void)json_object_set_new(row, "rate",
                                  seconds > 0.05 ? json_real((double)job->done / seconds)
                                                 : json_null());
    }
}
