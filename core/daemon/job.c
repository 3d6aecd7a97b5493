/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One job that runs: loaded from the catalog, its source opened, its worker followed by job_run
 * until it ends. What the worker says on the way is for job_record.c.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "daemon/jobs_private.h"
#include "settings/settings.h"
#include "source/identity.h"
#include "supervise/job_target.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define TICK_SECONDS 0.25 /* between calls of job_run_step at most */
#define FACTS_SECONDS 0.5 /* after which the catalog knows of the source of a job that runs */

static int load_targets(struct job *job, const json_t *row, struct error *err)
{
    const json_t *targets = json_object_get(row, "targets");
    size_t n = json_array_size(targets);
    job->targets = calloc(n ? n : 1, sizeof *job->targets);
    if (!job->targets)
        return error_oom(err);
    job->n_targets = n;
    for (size_t i = 0; i < n; i++) {
        const json_t *from = json_array_get(targets, i);
        json_t *options = json_object_get(from, "options");
        struct job_target *to = &job->targets[i];
        to->format = strdup(json_get_string(from, "format", ""));
        to->recipe = strdup(json_get_string(from, "recipe", ""));
        to->options = json_is_object(options) ? json_deep_copy(options) : NULL;
        const struct jobs_callbacks *ask = &job->jobs->callbacks;
        const char *suffix = ask->suffix(ask->context, to->format ? to->format : "");
        to->suffix = suffix ? strdup(suffix) : NULL;
        to->done = !strcmp(json_get_string(from, "state", ""), "done");
        if (!to->format || !to->recipe)
            return error_oom(err);
    }
    return 0;
}

static int load_row(struct job *job, const json_t *row, struct error *err)
{
    (void)snprintf(job->uid, sizeof job->uid, "%s", json_get_string(row, "uid", ""));
    job->name = strdup(json_get_string(row, "name", ""));
    job->origin = strdup(json_get_string(row, "path", ""));
    (void)snprintf(job->submitted, sizeof job->submitted, "%s",
                   json_get_string(row, "submitted", ""));
    job->attempts = json_get_int(row, "attempts", 0);
    job->dropped = !strcmp(json_get_string(row, "kind", "drop"), "drop");
    job->waited_for = error_code(json_get_string(json_object_get(row, "error"), "code", "ok"));
    if (!job->name || !job->origin)
        return error_oom(err);
    return load_targets(job, row, err);
}

int job_load(struct jobs *jobs, int64_t id, struct job **ret_job, struct error *err)
{
    _cleanup_json_ json_t *row = NULL;
    int r = catalog_job_get(jobs->catalog, id, &row, err);
    if (r != 0)
        return r;
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return error_oom(err);
    job->jobs = jobs;
    job->id = id;
    r = load_row(job, row, err);
    if (r < 0) {
        job_free(job, JOB_STAGING_KEEP);
        return r;
    }
    *ret_job = job;
    return 0;
}

void job_free(struct job *job, enum job_staging staging)
{
    if (!job)
        return;
    loop_timer_clear(job->jobs->loop, &job->tick);
    loop_remove(job->jobs->loop, job->io);
    catalog_recording_free(job->recording);
    job_run_free(job->run, staging);
    for (size_t i = 0; i < job->n_targets; i++)
        job_target_deinit(&job->targets[i]);
    free(job->targets);
    ticket_deinit(&job->ticket);
    source_set_deinit(&job->source);
    sidecars_deinit(&job->sidecars);
    json_decref(job->start);
    json_decref(job->described);
    free(job->name);
    free(job->origin);
    free(job);
}

int job_all_done(const struct job *job)
{
    for (size_t i = 0; i < job->n_targets; i++)
        if (!job->targets[i].done)
            return 0;
    return 1;
}

int job_restore(struct job *job, struct error *err)
{
    const struct folders *folders = job->jobs->folders;
    char staging[sizeof FOLDERS_STAGING + sizeof job->uid + 1];
    (void)snprintf(staging, sizeof staging, FOLDERS_STAGING "/%s", job->uid);
    if (faccessat(folders->out_fd, staging, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    for (size_t i = 0; i < job->n_targets; i++) {
        struct manifest_file *manifest = NULL;
        int r = job_complete_target(folders->out_fd, job->uid, i, &manifest, err);
        if (r == 1 && !job->targets[i].done)
            r = catalog_conversion_done(job->jobs->catalog, job->id, i,
                                        manifest_file_head(manifest), manifest_file_rows(manifest),
                                        folders->out_path, err);
        job->targets[i].done |= r >= 0 && manifest;
        manifest_file_close(manifest);
        if (r < 0)
            return r;
    }
    return 1;
}

/* What becomes of staging when the run ended with r. */
static enum job_staging staging_after(const struct job *job, int r, const struct error *why)
{
    if (job->record_error.code < 0)
        return JOB_STAGING_KEEP;
    return r < 0 && !job->cancelled && job_may_go_on(why->code) ? JOB_STAGING_GO_ON
                                                                : JOB_STAGING_REMOVE;
}

/* Nobody goes on with what was kept for the next attempt. */
static void forget(struct job *job)
{
    struct error err = ERROR_INIT;
    if (job_forget(job->jobs->folders->out_fd, job->uid, &err) < 0)
        log_error("%s: %s", job->name, err.text);
}

/* Records the end of a job that is done, and the start of the next, in one transaction. Only then
 * its staging goes, which holds what the catalog would be told again. 0: else the catalog has taken
 * nothing of it. */
static int end_well(struct job *job, struct error *err)
{
    struct jobs *jobs = job->jobs;
    size_t lost = jobs->n_lost;
    job_record_facts(job);
    settle_done(job);
    jobs_remove(jobs, job);
    if (!jobs->n_lost)
        jobs_start(jobs);
    int r = jobs_release(jobs, err);
    if (r < 0)
        jobs->n_lost = lost;
    return r;
}

/* Staging is freed before the catalog is written: if that disk is full, this may be why. */
static void end_badly(struct job *job, int r, const struct error *why)
{
    enum job_staging staging = staging_after(job, r, why);
    job_run_free(TAKE(job->run), staging);
    job->run_ended = 1;
    job_record_facts(job);
    if (r > 0)
        settle_error(job, &job->record_error);
    else if (job->cancelled)
        settle_cancelled(job);
    else
        settle_error(job, why);
    if (staging == JOB_STAGING_GO_ON && !job->requeued)
        forget(job);
    jobs_remove(job->jobs, job);
}

/* The catalog is held. */
static void end_job(struct job *job, int r, const struct error *why)
{
    struct jobs *jobs = job->jobs;
    int64_t id = job->id;
    int ended = 0;
    loop_remove(jobs->loop, TAKE(job->io));
    if (r > 0 && !job->record_error.code)
        ended = end_well(job, &job->record_error) == 0;
    else if (jobs_release(jobs, &job->record_error) < 0)
        jobs_log_unrecorded(job->uid, &job->record_error);
    if (!ended)
        end_badly(job, r, why);
    job_free(job, ended ? JOB_STAGING_REMOVE : JOB_STAGING_KEEP);
    jobs_changed(jobs, id, 0);
    jobs_kick(jobs);
}

/* A step is done, and the job goes on. */
static void go_on(struct job *job)
{
    struct error err = ERROR_INIT;
    if (timing_since(job->stage_start) > FACTS_SECONDS)
        job_record_facts(job);
    if (jobs_release(job->jobs, &err) < 0) {
        jobs_log_unrecorded(job->uid, &err);
        job->record_error = err;
    }
    loop_timer_set(job->jobs->loop, &job->tick, job_run_is_busy(job->run) ? 0 : TICK_SECONDS);
}

static void advance(void *context);

static void on_readable(void *context, uint32_t events)
{
    (void)events;
    advance(context);
}

/* Does the next step of the run. Its descriptor may be another one then, so it is watched anew. */
static void advance(void *context)
{
    struct job *job = context;
    struct error err = ERROR_INIT;
    loop_remove(job->jobs->loop, job->io);
    job->io = NULL;
    jobs_hold(job->jobs);
    int r = job_run_step(job->run, &err);
    if (r == 0 && job_run_fd(job->run) >= 0)
        r = loop_add(job->jobs->loop, "job", job_run_fd(job->run), EPOLLIN, on_readable, job,
                     &job->io, &err);
    if (r == 0)
        go_on(job);
    else
        end_job(job, r, &err);
}

/* A job must not go on without a sidecar that was dropped with its model. */
static int check_sidecars(const struct job *job, struct error *err)
{
    for (size_t i = 0; i < job->ticket.n_sidecars; i++) {
        int found = 0;
        for (size_t j = 0; j < job->sidecars.n && !found; j++)
            found = !strcmp(job->ticket.sidecars[i], job->sidecars.names[j]);
        if (!found)
            return error_set(err, PARE_EDATA, "%s, which was dropped with it, is no longer there",
                             job->ticket.sidecars[i]);
    }
    return 0;
}

/* A source that is converted in place must be the one that its submitter has shown. */
static int check_identity(const struct job *job, struct error *err)
{
    _cleanup_free_ char *expected = NULL;
    char identity[HASH_HEX_SIZE];
    int r = catalog_job_identity(job->jobs->catalog, job->id, &expected, err);
    if (r == 0 && *expected)
        r = identity_of(&job->source, &job->sidecars, identity, err);
    if (r == 0 && *expected && strcmp(identity, expected) != 0)
        return error_set(err, PARE_EDATA,
                         "%s is no longer what was submitted: files were replaced, added or "
                         "removed; submit it again",
                         job->origin);
    return r < 0 ? r : 0;
}

static int open_sidecars(struct job *job, struct error *err)
{
    int dirfd = job->dropped ? job->jobs->folders->claimed_fd : AT_FDCWD;
    int r = sidecars_open(dirfd, &job->source, SIDECARS_ALL, &job->sidecars, err);
    for (size_t i = 0; i < job->sidecars.n; i++)
        log_info("%s: using %s", job->name, job->sidecars.names[i]);
    if (r == 0 && !job->dropped)
        r = check_identity(job, err);
    return r < 0 ? r : check_sidecars(job, err);
}

static int open_source(struct job *job, struct error *err)
{
    const struct folders *folders = job->jobs->folders;
    if (!job->dropped)
        return source_set_open(AT_FDCWD, job->origin, 1, &job->source, err);
    int r = claim_load(folders, job->uid, &job->ticket, err);
    if (r == 1)
        return error_set(err, PARE_EDATA, "its source is no longer in %s/%s", folders->claimed_path,
                         job->uid);
    _cleanup_free_ char *path = r == 0 ? claim_source(&job->ticket) : NULL;
    if (r == 0 && !path)
        return error_oom(err);
    return r < 0 ? r : source_set_open(folders->claimed_fd, path, 0, &job->source, err);
}

/* What the outputs may take: all that is free but for what is to stay so. What they need is the
 * worker's to say, once it has a plan; from then on it is known. */
static int check_space(const struct job *job, uint64_t *ret_space, struct error *err)
{
    uint64_t have = folders_free_bytes(job->jobs->folders), keep = job->jobs->config->min_free;
    uint64_t needs = settle_needs(job->jobs, job->id);
    if (have > keep && needs <= have - keep) {
        *ret_space = have == UINT64_MAX ? 0 : have - keep;
        return 0;
    }
    return error_set(err, PARE_ENOSPC, "needs %.1f MB in %s, has %.1f MB",
                     (double)needs / 1e6 + (double)keep / 1e6, job->jobs->folders->out_path,
                     (double)have / 1e6);
}

/* The overrides: rules beside the model, then settings that are rules. NULL when out of memory. */
static json_t *make_overrides(const struct job *job)
{
    _cleanup_json_ json_t *all = json_array();
    if (!all || (job->sidecars.rules && json_array_extend(all, job->sidecars.rules) < 0))
        return NULL;
    int r = settings_add_rules(job->jobs->config->settings, "pared.conf", all);
    return r < 0 ? NULL : TAKE(all);
}

static int may_publish(void *context)
{
    const struct job *job = context;
    return !places_look(job->jobs->places);
}

static int start_run(struct job *job, uint64_t space, struct error *err)
{
    const struct config *config = job->jobs->config;
    _cleanup_json_ json_t *overrides = make_overrides(job);
    if (!overrides)
        return error_oom(err);
    struct job_spec spec = { .uid = job->uid,
                             .origin = job->origin,
                             .submitted = *job->submitted ? job->submitted : NULL,
                             .source = &job->source,
                             .importance = job->sidecars.importance.n ? &job->sidecars.importance
                                                                      : NULL,
                             .overrides = json_array_size(overrides) ? overrides : NULL,
                             .targets = job->targets,
                             .n_targets = job->n_targets,
                             .out_dirfd = job->jobs->folders->out_fd,
                             .out_path = job->jobs->folders->out_path,
                             .go_on = 1,
                             .space = space,
                             .settings = { .worker = config->worker,
                                           .nursery = job->jobs->nursery,
                                           .plugins = config->plugins,
                                           .recipes = config->recipes,
                                           .architectures = config->architectures,
                                           .values = config->settings,
                                           .silence = config->heartbeat } };
    struct job_callbacks callbacks = { job_record_line, job_record_published, job_record_failed,
                                       may_publish, job };
    return job_run_start(&spec, &callbacks, &job->run, err);
}

int job_start(struct job *job, struct error *err)
{
    uint64_t space = 0;
    int r = open_source(job, err);
    if (r == 0)
        r = open_sidecars(job, err);
    if (r == 0)
        r = source_set_expect_writers(&job->source, 0, err);
    if (r == 0)
        r = check_space(job, &space, err);
    if (r == 0)
        r = catalog_job_running(job->jobs->catalog, job->id, err);
    if (r == 0)
        r = start_run(job, space, err);
    if (r != 0)
        return r;
    job->tick = (struct loop_timer){ .name = "job", .callback = advance, .context = job };
    (void)snprintf(job->stage, sizeof job->stage, "convert");
    job->stage_start = timing_now();
    job->total = (int64_t)job->source.bytes;
    log_info("%s: started (job %lld, %zu targets, %llu bytes)", job->name, (long long)job->id,
             job->n_targets, (unsigned long long)job->source.bytes);
    loop_timer_set(job->jobs->loop, &job->tick, 0);
    return 0;
}
