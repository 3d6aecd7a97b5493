/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The state machine of a job: see job_run.h. Targets that an earlier life published take no part:
 * the workers count the others ("positions"), callers all ("indices").
 *
 *   CONVERT --> ADOPT(0) --> ADOPT(1) ... --> VERIFY(0) --> PUBLISH(0) --> RECORD(0) --> VERIFY(1)
 *   ... --> END
 *
 * When the caller says that nothing may be published now, the job WAITs with what is verified.
 * A target that fails does not stop the others (job_failed.c); the job fails at its end with the
 * first such error. Anything else ends the job at once; so does a source file that
 * was changed since it was opened, which is asked after each worker, before what it made is used,
 * and which is then the reason of whatever the worker stumbled on.
 */
#include "supervise/job_run_private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "supervise/job_target.h"
#include "supervise/publish.h"
#include "supervise/staged.h"
#include "supervise/staging.h"

#include <string.h>

/* ---- lines ---- */

static void replace(json_t **slot, const json_t *line)
{
    json_decref(*slot);
    *slot = json_incref((json_t *)line);
}

void job_run_pass_on(struct job_run *run, const char *event, const json_t *line, size_t position)
{
    if (!run->callbacks.event)
        return;
    _cleanup_json_ json_t *copy = json_copy((json_t *)line);
    if (position < run->n_targets)
        (void)json_object_set_new(copy, "target",
                                  json_integer((json_int_t)run->targets[position].index));
    if (copy)
        run->callbacks.event(run->callbacks.context, event, copy);
}

static void take_plan(struct job_run *run, const json_t *line)
{
    struct error why = ERROR_INIT;
    why.code = allowance_take_plan(&run->allowance, line, worker_process_pid(run->process), &why);
    if (why.code < 0)
        worker_process_break_off(run->process, &why);
}

static void on_convert_line(void *context, const char *event, const json_t *line)
{
    struct job_run *run = context;
    int64_t said = json_get_int(line, "target", -1);
    size_t position = said < 0 ? SIZE_MAX : (size_t)said;
    struct run_target *target = position < run->n_targets ? &run->targets[position] : NULL;
    if (!strcmp(event, "start"))
        replace(&run->start, line);
    else if (!strcmp(event, "writers"))
        replace(&run->writers, line);
    else if (!strcmp(event, "layout"))
        take_plan(run, line);
    else if (!strcmp(event, "source"))
        replace(&run->described, line);
    else if (!strcmp(event, "done"))
        replace(&run->done, line);
    else if (!strcmp(event, "failed") && target)
        job_run_take_failed(target, line);
    else if (!strcmp(event, "target") && target)
        replace(&target->line, line);
    else if (!strcmp(event, "checkpoint"))
        run->checkpoints++;
    else if (!strcmp(event, "misfit") && !run->misfit)
        run->misfit = strdup(json_get_string(line, "text", ""));
    if (strcmp(event, "failed") != 0)
        job_run_pass_on(run, event, line, position);
}

static void on_verify_line(void *context, const char *event, const json_t *line)
{
    struct job_run *run = context;
    if (!strcmp(event, "verified"))
        replace(&run->targets[run->current].verified, line);
    job_run_pass_on(run, event, line, run->current);
}

int job_run_fd(const struct job_run *run)
{
    if (run->stage == STAGE_PUBLISH)
        return publisher_fd(run->targets[run->current].publisher);
    return run->process ? worker_process_fd(run->process) : -1;
}

int job_run_is_busy(const struct job_run *run)
{
    return run->stage == STAGE_ADOPT || run->stage == STAGE_RECORD;
}

void job_run_cancel(struct job_run *run)
{
    run->cancelled = 1;
    if (run->process)
        worker_process_stop(run->process);
}

void job_run_suspend(struct job_run *run)
{
    run->cancelled = 1;
    if (run->process && run->stage == STAGE_CONVERT)
        worker_process_suspend(run->process);
    else if (run->process)
        worker_process_stop(run->process);
}

int job_may_go_on(int code)
{
    return code == PARE_ECRASH || code == PARE_ETIMEOUT || code == PARE_ENOMEM;
}

/* ---- from convert to verify ---- */

/* How the target's file has to end: what the caller knows, or what the worker said before it read
 * the model. NULL: neither. */
static const char *wanted_suffix(const struct job_run *run, const struct run_target *t)
{
    size_t i;
    json_t *writer;
    if (t->suffix)
        return t->suffix;
    json_array_foreach(json_object_get(run->writers, "writers"), i, writer)
        if (!strcmp(json_get_string(writer, "name", ""), t->format))
            return json_get_string(writer, "suffix", "");
    return NULL;
}

static int adopt(struct job_run *run, size_t position, struct error *err)
{
    struct run_target *t = &run->targets[position];
    if (!t->line)
        return error_set(err, PARE_ECRASH, "the worker said nothing of target %zu", position);
    int r = staging_make_target(run->dirfd, t->index, &t->dirfd, err);
    if (r == 0)
        r = staged_adopt(&(struct staged_place){ run->work, position, t->dirfd },
                         &(struct staged_name){ t->stem, wanted_suffix(run, t), run->source },
                         t->line, &t->staged, err);
    return r;
}

static int after_convert(struct job_run *run, struct error *err)
{
    struct error why = ERROR_INIT;
    int killed = worker_process_was_killed(run->process);
    int r = job_end_result(run, &why, err);
    if (r > 0 && job_run_is_misled(run, &why, killed))
        return job_run_start_over(run, run->misfit ? run->misfit : why.text, err);
    if (r > 0 && !job_run_failed_in_part(run, &why))
        r = error_set(err, why.code, "%s", why.text);
    if (r < 0)
        return r;
    size_t left = job_run_fail_said(run);
    if (r > 0)
        return job_run_start_over(run, "once more, without targets that cannot be made", err);
    if (!left || !run->described || !run->done)
        return error_set(err, PARE_ECRASH, "the worker did not describe what it made");
    run->stage = STAGE_ADOPT;
    run->current = 0;
    return 0;
}

/* One target in a step, since each of them costs some calls that wait for the disk. */
static int adopt_next(struct job_run *run, struct error *err)
{
    while (run->current < run->n_targets && run->targets[run->current].failed)
        run->current++;
    if (run->current < run->n_targets)
        return adopt(run, run->current++, err);
    run->current = 0;
    return job_end_begin(run, err);
}

/* Ends a worker that is silent or takes more than it may. */
static void check_worker(struct job_run *run)
{
    struct error why = ERROR_INIT;
    int work = run->stage == STAGE_CONVERT ? run->work : -1;
    why.code = allowance_check(&run->allowance, worker_process_pid(run->process), work, &why);
    if (why.code < 0)
        worker_process_break_off(run->process, &why);
    else if (run->silence > 0 && worker_process_silence(run->process) > run->silence)
        worker_process_time_out(run->process, run->silence);
}

int job_run_step(struct job_run *run, struct error *err)
{
    if (run->stage == STAGE_END)
        return run->problem.code ? error_set(err, run->problem.code, "%s", run->problem.text) : 1;
    if (run->stage == STAGE_WAIT || run->stage == STAGE_PUBLISH || run->stage == STAGE_RECORD)
        return job_end_step(run, err);
    if (run->stage == STAGE_ADOPT)
        return run->cancelled ? error_set(err, PARE_ECANCELLED, "cancelled") : adopt_next(run, err);
    if (!run->process)
        return error_set(err, PARE_EINTERNAL, "the job has failed already");
    int converting = run->stage == STAGE_CONVERT;
    int r = worker_process_read(run->process, converting ? on_convert_line : on_verify_line, run,
                                err);
    if (r < 0)
        return r;
    if (r == 0) {
        check_worker(run);
        return 0;
    }
    if (run->cancelled) {
        worker_process_free(TAKE(run->process));
        return error_set(err, PARE_ECANCELLED, "cancelled");
    }
    return converting ? after_convert(run, err) : job_end_verified(run, err);
}

int job_complete_target(int out_dirfd, const char *uid, size_t target,
                        struct manifest_file **ret_manifest, struct error *err)
{
    _cleanup_close_ int dirfd = -1;
    int r = staging_open_target(out_dirfd, uid, target, &dirfd, err);
    if (r != 0)
        return r < 0 ? r : 0;
    r = publish_complete(out_dirfd, dirfd, ret_manifest, err);
    if (r == 0) {
        (void)staged_give_back(dirfd); /* the next worker has nothing left to do */
        r = staging_remove_target(out_dirfd, uid, target, err);
    }
    return r;
}

int job_forget(int out_dirfd, const char *uid, struct error *err)
{
    return staging_remove(out_dirfd, uid, err);
}

int job_clear(int out_dirfd, double seconds, struct error *err)
{
    return staging_clear(out_dirfd, seconds, err);
}

int job_sweep(int out_dirfd, const char *done, struct error *err)
{
    return staging_sweep(out_dirfd, done, err);
}
