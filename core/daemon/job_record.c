/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What is said of jobs, and where it goes: into the log, into the catalog as far as people want
 * it there, and to those who watch the daemon. When the catalog fails, that is logged; a job
 * remembers it when one of its published targets could not be recorded.
 */
#include "base/json.h"
#include "base/log.h"
#include "daemon/jobs_private.h"

#include <stdio.h>
#include <string.h>

#define SLICE_SECONDS 0.004 /* of the loop, for rows of tensors */
#define REPORT_SECONDS 0.5  /* between two reports of a job's progress */
#define LOGGED_WARNINGS 100

void jobs_log_unrecorded(const char *what, const struct error *err)
{
    log_error("%s: cannot be recorded in the catalog: %s", what, err->text);
}

void jobs_event(struct jobs *jobs, int64_t id, int level, const char *kind, const char *text)
{
    struct error err = ERROR_INIT;
    const char *name = level <= LOG_LEVEL_ERROR     ? "error"
                       : level == LOG_LEVEL_WARNING ? "warning"
                                                    : "info";
    if (catalog_event(jobs->catalog, id, name, kind, text, &err) < 0)
        jobs_log_unrecorded(text, &err);
}

void jobs_changed(struct jobs *jobs, int64_t id, int progress)
{
    jobs->callbacks.changed(jobs->callbacks.context, id, progress);
}

static void note_progress(struct job *job, const json_t *line)
{
    const char *stage = json_get_string(line, "stage", "convert");
    if (strcmp(stage, job->stage) != 0) {
        (void)snprintf(job->stage, sizeof job->stage, "%s", stage);
        job->stage_start = timing_now();
    }
    job->done = json_get_int(line, "done", 0);
    job->total = json_get_int(line, "total", 0);
    if (timing_since(job->last_report) < REPORT_SECONDS)
        return;
    job->last_report = timing_now();
    jobs_changed(job->jobs, job->id, 1);
}

/* The report has them all; the log has enough to see what is wrong. */
static void note_warning(struct job *job, const char *text)
{
    if (job->warnings++ < LOGGED_WARNINGS)
        log_warning("%s: %s", job->name, text);
    else if (job->warnings == LOGGED_WARNINGS + 1)
        log_warning("%s: more warnings than %d, see its report", job->name, LOGGED_WARNINGS);
}

void job_record_facts(struct job *job)
{
    struct error err = ERROR_INIT;
    struct catalog *catalog = job->jobs->catalog;
    int r = job->start ? catalog_job_start(catalog, job->id, job->start, &err) : 0;
    if (r >= 0 && job->described)
        r = catalog_job_source(catalog, job->id, job->described, &err);
    if (r < 0)
        jobs_log_unrecorded(job->uid, &err);
    json_decref(job->start);
    json_decref(job->described);
    job->start = job->described = NULL;
}

void job_record_line(void *context, const char *event, const json_t *line)
{
    struct job *job = context;
    if (!strcmp(event, "progress")) {
        note_progress(job, line);
    } else if (!strcmp(event, "start") && !job->started_known) {
        job->started_known = 1;
        job->start = json_incref((json_t *)line);
    } else if (!strcmp(event, "source") && !job->source_known) {
        job->source_known = 1;
        job->described = json_incref((json_t *)line);
    } else if (!strcmp(event, "resumed")) {
        log_info("%s: goes on from checkpoint %lld", job->name,
                 (long long)json_get_int(line, "checkpoint", 0));
        jobs_event(job->jobs, job->id, LOG_LEVEL_INFO, "resume", "goes on from a checkpoint");
    } else if (!strcmp(event, "restart")) {
        log_warning("%s: starts over: %s", job->name, json_get_string(line, "text", ""));
        jobs_event(job->jobs, job->id, LOG_LEVEL_WARNING, "restart",
                   json_get_string(line, "text", ""));
    } else if (!strcmp(event, "space")) {
        settle_note_needs(job->jobs, job->id, (uint64_t)json_get_int(line, "needs", 0));
    } else if (!strcmp(event, "warning")) {
        note_warning(job, json_get_string(line, "text", ""));
    }
}

static int begin_recording(struct job *job, size_t target, const json_t *head, struct error *err)
{
    const json_t *output = json_object_get(head, "output");
    const char *name = json_get_string(output, "name", "");
    log_info("%s: %s is ready (%lld bytes)", job->name, name,
             (long long)json_get_int(output, "bytes", 0));
    job_record_facts(job);
    if (!places_has_output(job->jobs->places, name))
        return error_set(err, PARE_EPLACE, "%s is not at its path: %s was moved while it was made",
                         name, job->jobs->folders->out_path);
    return catalog_recording_new(job->jobs->catalog, job->id, target, head,
                                 job->jobs->folders->out_path, &job->recording, err);
}

int job_record_published(void *context, size_t target, const json_t *head, struct tensor_rows *rows)
{
    struct job *job = context;
    struct error err = ERROR_INIT;
    int r = job->recording ? 0 : begin_recording(job, target, head, &err);
    loop_doing(job->jobs->loop, "job: catalog");
    if (r == 0)
        r = catalog_recording_step(job->recording, rows, SLICE_SECONDS, &err);
    if (r == 0)
        return 1;
    catalog_recording_free(job->recording);
    job->recording = NULL;
    if (r > 0 && target < job->n_targets)
        job->targets[target].done = 1;
    else if (!job->record_error.code)
        job->record_error = err;
    jobs_changed(job->jobs, job->id, 0);
    return 0;
}

void job_record_failed(void *context, size_t target, const struct error *why)
{
    struct job *job = context;
    struct error err = ERROR_INIT;
    const struct job_target *t = &job->targets[target];
    log_error("%s: %s:%s: %s", job->name, t->format, t->recipe, why->text);
    if (catalog_conversion_failed(job->jobs->catalog, job->id, target, why, &err) < 0)
        jobs_log_unrecorded(job->uid, &err);
    jobs_changed(job->jobs, job->id, 0);
}
