/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What follows the end of a job. The catalog gets the final state first, then the source leaves its
 * claim: after a crash in between, the state says where the source belongs, and the rest is done
 * at the next start. A transient fault puts the job back into the queue, later each time; a full
 * disk, and whatever else keeps outputs from being written, does so for as long as it lasts.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "daemon/jobs_private.h"

#include <stdio.h>
#include <string.h>

#define SPACE_SECONDS 30.0  /* between looks at a full disk */
#define MOST_GROWTH 64      /* bytes of an output for one of the source: from one bit to a double */
#define ENDING_SECONDS 0.05 /* in which ends of claims come together, */
#define ENDINGS_AT_ONCE 32  /* unless there are so many */

static int end_claim(struct jobs *jobs, const char *uid, int end, const char *reason,
                     struct error *err)
{
    _cleanup_free_ char *path = NULL;
    int r = claim_finish(jobs->folders, uid, end, reason, &path, err);
    if (r == 0 && path)
        log_debug("%s: the source is now %s", uid, path);
    return r;
}

static int end_when_done(const struct jobs *jobs)
{
    return strcmp(jobs->config->after, "delete") ? CLAIM_ARCHIVE : CLAIM_DELETE;
}

static void ending_free(struct ending *ending)
{
    free(ending->uid);
    free(ending->name);
    free(ending->reason);
}

/* Sources leave their claims together, a moment after the catalog has got the state (jobs_release).
 * If we die before, that is done at the next start. */
static void end_later(const struct job *job, int end, const char *reason)
{
    struct jobs *jobs = job->jobs;
    if (!job->dropped)
        return;
    struct ending *endings = reallocarray(jobs->endings, jobs->n_endings + 1, sizeof *endings);
    if (endings)
        jobs->endings = endings;
    struct ending ending = { job->id, strdup(job->uid), strdup(job->name), end,
                             reason ? strdup(reason) : NULL };
    if (!endings || !ending.uid || !ending.name || (reason && !ending.reason)) {
        ending_free(&ending);
        jobs->unsettled = 1;
        return;
    }
    endings[jobs->n_endings++] = ending;
    loop_timer_sooner(jobs->loop, &jobs->ending_timer,
                      end != CLAIM_FAIL && jobs->n_endings < ENDINGS_AT_ONCE ? ENDING_SECONDS : 0);
}

void settle_forget_endings(struct jobs *jobs, size_t from)
{
    while (jobs->n_endings > from)
        ending_free(&jobs->endings[--jobs->n_endings]);
}

static void tell_ending(struct jobs *jobs, const struct ending *ending,
                        const struct claim_ending *end)
{
    if (end->result == 0) {
        if (end->path)
            log_debug("%s: the source is now %s", ending->name, end->path);
        return;
    }
    jobs->unsettled = 1;
    log_error("%s: the source could not be moved away, which will be tried again: %s", ending->name,
              end->err.text);
    jobs_event(jobs, ending->id, LOG_LEVEL_ERROR, "source", end->err.text);
}

void settle_endings(struct jobs *jobs)
{
    size_t n = jobs->n_endings;
    _cleanup_free_ struct claim_ending *list = calloc(n + 1, sizeof *list);
    for (size_t i = 0; list && i < n; i++)
        list[i] = (struct claim_ending){ .uid = jobs->endings[i].uid,
                                         .end = jobs->endings[i].end,
                                         .reason = jobs->endings[i].reason };
    if (list)
        claim_finish_all(jobs->folders, list, n);
    for (size_t i = 0; list && i < n; i++) {
        tell_ending(jobs, &jobs->endings[i], &list[i]);
        free(list[i].path);
    }
    if (!list)
        jobs->unsettled = 1;
    settle_forget_endings(jobs, 0);
    if (jobs->unsettled)
        jobs_kick(jobs);
}

/* The catalog did not take this end of the job: it is told again later. Meanwhile the source stays
 * claimed, and nothing runs again. What was kept for the next attempt is given up: it may be what
 * fills the disk. */
static void remember_lost(struct job *job, enum lost_end end, double delay, const struct error *why,
                          const struct error *err)
{
    struct jobs *jobs = job->jobs;
    struct error ignored = ERROR_INIT;
    jobs_log_unrecorded(job->uid, err);
    if (end == LOST_QUEUED && !job->record_error.code &&
        job_forget(jobs->folders->out_fd, job->uid, &ignored) < 0)
        log_error("%s: %s", job->name, ignored.text);
    struct lost *lost = reallocarray(jobs->lost, jobs->n_lost + 1, sizeof *lost);
    if (!lost)
        return; /* the next start finds the job running, and queues it */
    jobs->lost = lost;
    lost[jobs->n_lost++] = (struct lost){ job->id, end, delay,
                                          why ? *why : (struct error)ERROR_INIT };
}

static void requeue(struct job *job, double delay, const struct error *why);

static void settle_again(struct job *job, const struct lost *lost)
{
    switch (lost->end) {
    case LOST_DONE:
        settle_done(job);
        break;
    case LOST_FAILED:
        settle_failed(job, &lost->why);
        break;
    case LOST_CANCELLED:
        settle_cancelled(job);
        break;
    case LOST_QUEUED:
        requeue(job, lost->delay, &lost->why);
        break;
    }
}

int settle_lost(struct jobs *jobs)
{
    for (size_t n = jobs->n_lost; n > 0 && n == jobs->n_lost; n--) {
        struct error err = ERROR_INIT;
        struct job *job = NULL;
        struct lost lost = jobs->lost[n - 1];
        int r = job_load(jobs, lost.id, &job, &err);
        if (r < 0) {
            jobs_log_unrecorded("queue", &err);
            break;
        }
        jobs->n_lost--;
        if (r == 0)
            settle_again(job, &lost);
        job_free(job, JOB_STAGING_KEEP);
        jobs_changed(jobs, lost.id, 0);
    }
    return jobs->n_lost > 0;
}

void settle_done(struct job *job)
{
    struct error err = ERROR_INIT;
    settle_forget_faults(job->jobs, job->id);
    if (catalog_job_done(job->jobs->catalog, job->id, &err) < 0) {
        remember_lost(job, LOST_DONE, 0, NULL, &err);
        return;
    }
    tally_add(&job->jobs->tallies.converted);
    end_later(job, end_when_done(job->jobs), NULL);
    log_info("%s: done", job->name);
}

void settle_failed(struct job *job, const struct error *why)
{
    struct error err = ERROR_INIT;
    char reason[ERROR_TEXT_MAX + 64];
    settle_forget_faults(job->jobs, job->id);
    if (catalog_job_failed(job->jobs->catalog, job->id, why, &err) < 0) {
        remember_lost(job, LOST_FAILED, 0, why, &err);
        return;
    }
    (void)snprintf(reason, sizeof reason, "%s (%s)", why->text, error_name(why->code));
    end_later(job, CLAIM_FAIL, reason);
    log_error("%s: failed: %s", job->name, reason);
}

void settle_cancelled(struct job *job)
{
    struct error err = ERROR_INIT;
    settle_forget_faults(job->jobs, job->id);
    if (catalog_job_cancelled(job->jobs->catalog, job->id, &err) < 0) {
        remember_lost(job, LOST_CANCELLED, 0, NULL, &err);
        return;
    }
    end_later(job, CLAIM_FAIL, "cancelled");
    log_info("%s: cancelled", job->name);
}

/* The job's entry, made if need be; NULL when that fails. */
static struct fault *fault_of(struct jobs *jobs, int64_t id)
{
    for (size_t i = 0; i < jobs->n_faults; i++)
        if (jobs->faults[i].id == id)
            return &jobs->faults[i];
    struct fault *faults = reallocarray(jobs->faults, jobs->n_faults + 1, sizeof *faults);
    if (!faults)
        return NULL;
    jobs->faults = faults;
    faults[jobs->n_faults] = (struct fault){ .id = id };
    return &faults[jobs->n_faults++];
}

/* Counts one more fault of the job and returns how many there are now. */
static unsigned count_fault(struct jobs *jobs, int64_t id)
{
    struct fault *fault = fault_of(jobs, id);
    return fault ? ++fault->count : 1;
}

uint64_t settle_needs(const struct jobs *jobs, int64_t id)
{
    for (size_t i = 0; i < jobs->n_faults; i++)
        if (jobs->faults[i].id == id)
            return jobs->faults[i].needs;
    return 0;
}

void settle_note_needs(struct jobs *jobs, int64_t id, uint64_t bytes)
{
    struct fault *fault = fault_of(jobs, id);
    if (fault)
        fault->needs = bytes;
}

void settle_forget_faults(struct jobs *jobs, int64_t id)
{
    for (size_t i = 0; i < jobs->n_faults; i++)
        if (jobs->faults[i].id == id)
            jobs->faults[i] = jobs->faults[--jobs->n_faults];
}

static void requeue(struct job *job, double delay, const struct error *why)
{
    struct error err = ERROR_INIT;
    job->requeued = 1;
    /* what lasts is told once, however often it is looked at */
    int is_old = why->code == job->waited_for &&
                 (why->code == PARE_ENOSPC || why->code == PARE_EPLACE);
    log_line(is_old ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, "%s: will be tried again in %.0f s: %s",
             job->name, delay, why->text);
    if (!is_old)
        jobs_event(job->jobs, job->id, LOG_LEVEL_WARNING, "retry", why->text);
    if (catalog_job_requeue(job->jobs->catalog, job->id, delay, why, &err) < 0)
        remember_lost(job, LOST_QUEUED, delay, why, &err);
}

/* 1 when it is because nothing can be written now: the job waits with all others until that is
 * cured. */
static int is_held(const struct job *job, const struct error *why)
{
    if (why->code != PARE_EPLACE && why->code != PARE_EIO && why->code != PARE_ENOSPC)
        return 0;
    return places_suspect(job->jobs->places);
}

double settle_delay(const struct config *config, unsigned faults)
{
    double delay = config->backoff;
    for (unsigned i = 1; i < faults && delay < SETTLE_LONGEST_DELAY; i++)
        delay *= 2;
    return delay < SETTLE_LONGEST_DELAY ? delay : SETTLE_LONGEST_DELAY;
}

/* 1 when there is more space than any output of the job can take: a worker that says that the disk
 * is full is wrong, or lies. */
static int has_room(const struct job *job)
{
    uint64_t have = folders_free_bytes(job->jobs->folders), need = 0;
    for (size_t i = 0; i < job->n_targets; i++)
        if (__builtin_add_overflow(need, job->source.bytes, &need))
            return 0;
    return have / MOST_GROWTH > need + job->jobs->config->min_free / MOST_GROWTH;
}

void settle_error(struct job *job, const struct error *why)
{
    const struct config *config = job->jobs->config;
    if (is_held(job, why)) {
        requeue(job, 0, why);
        return;
    }
    if (why->code == PARE_ENOSPC && !job->run_ended) {
        requeue(job, config->backoff < SPACE_SECONDS ? config->backoff : SPACE_SECONDS, why);
        return;
    }
    unsigned faults = error_is_transient(why->code) ? count_fault(job->jobs, job->id) : 0;
    int waits = why->code == PARE_EPLACE || (why->code == PARE_ENOSPC && !has_room(job));
    if (!faults || (faults > config->retries && !waits))
        settle_failed(job, why);
    else
        requeue(job, settle_delay(config, faults), why);
}

int settle_claim(struct jobs *jobs, const char *uid, const json_t *row, struct error *err)
{
    const char *state = json_get_string(row, "state", "");
    char reason[ERROR_TEXT_MAX + 64] = "cancelled";
    if (!strcmp(state, "done"))
        return end_claim(jobs, uid, end_when_done(jobs), NULL, err);
    if (!strcmp(state, "failed")) {
        const json_t *why = json_object_get(row, "error");
        (void)snprintf(reason, sizeof reason, "%s (%s)",
                       json_get_string(why, "text", "no reason is known"),
                       json_get_string(why, "code", "internal"));
    } else if (strcmp(state, "cancelled") != 0) {
        return 1;
    }
    return end_claim(jobs, uid, CLAIM_FAIL, reason, err);
}
