/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A run of a job is made from its specification, freed, and, when what an earlier life left turns
 * out to be of no use, begun again: see job_run.h.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "settings/settings.h"
#include "supervise/job_run_private.h"
#include "supervise/job_target.h"
#include "supervise/staging.h"

#include <string.h>

DEFINE_CLEANUP(struct manifest_file *, manifest_file_close);

static json_t *make_settings(const struct job_settings *s)
{
    _cleanup_json_ json_t *members = json_pack("{s:s, s:s, s:s}", "plugins",
                                               s->plugins ? s->plugins : "", "recipes",
                                               s->recipes ? s->recipes : "", "architectures",
                                               s->architectures ? s->architectures : "");
    return members && settings_put(s->values, members) == 0 ? TAKE(members) : NULL;
}

static int copy_target(struct run_target *to, size_t index, const struct job_target *from,
                       const struct source_set *source)
{
    to->index = index;
    to->dirfd = -1;
    to->format = strdup(from->format);
    to->recipe = strdup(from->recipe);
    to->stem = job_output_stem(source->name, from->recipe);
    to->suffix = from->suffix ? strdup(from->suffix) : NULL;
    to->options = json_incref(from->options);
    return to->format && to->recipe && to->stem && !from->suffix == !to->suffix ? 0 : -1;
}

/* The members that only a `convert` request has. NULL when out of memory. */
static json_t *make_converting(const struct job_spec *spec)
{
    _cleanup_json_ json_t *members = json_object();
    if (spec->importance &&
        json_object_set_new(members, "importance",
                            source_set_importance_json(spec->importance, spec->importance_name,
                                                       spec->importance_parts)) < 0)
        return NULL;
    if (spec->space &&
        json_object_set_new(members, "space", json_integer((json_int_t)spec->space)) < 0)
        return NULL;
    if (spec->overrides &&
        json_object_set_new(members, "overrides", json_deep_copy(spec->overrides)) < 0)
        return NULL;
    return TAKE(members);
}

static int copy_spec(struct job_run *run, const struct job_spec *spec)
{
    run->uid = strdup(spec->uid);
    run->origin = strdup(spec->origin);
    run->submitted = spec->submitted ? strdup(spec->submitted) : NULL;
    run->worker_path = strdup(spec->settings.worker);
    run->source = spec->source;
    run->importance = spec->importance;
    run->settings = make_settings(&spec->settings);
    run->converting = make_converting(spec);
    run->nursery = spec->settings.nursery;
    run->silence = spec->settings.silence;
    run->out_dirfd = spec->out_dirfd;
    return run->uid && run->origin && run->worker_path && run->settings && run->converting ? 0 : -1;
}

/* Finishes a publication that an earlier run of the job was interrupted in. 1: target `index` is
 * published. */
static int complete_target(struct job_run *run, const struct job_spec *spec, size_t index,
                           struct error *err)
{
    CLEANUP(manifest_file_close_cleanup) struct manifest_file *manifest = NULL;
    int r = job_complete_target(spec->out_dirfd, spec->uid, index, &manifest, err);
    if (r != 1 || !run->callbacks.published)
        return r;
    struct tensor_rows *rows = manifest_file_rows(manifest);
    while (run->callbacks.published(run->callbacks.context, index, manifest_file_head(manifest),
                                    rows) > 0)
        ;
    return 1;
}

static int copy_targets(struct job_run *run, const struct job_spec *spec, struct error *err)
{
    run->targets = calloc(spec->n_targets + 1, sizeof *run->targets);
    if (!run->targets)
        return error_oom(err);
    for (size_t i = 0; i < spec->n_targets; i++) {
        int r = spec->targets[i].done ? 1 : complete_target(run, spec, i, err);
        if (r < 0)
            return r;
        if (r == 0 &&
            copy_target(&run->targets[run->n_targets++], i, &spec->targets[i], spec->source) < 0)
            return error_oom(err);
    }
    return 0;
}

static json_t *targets_json(const struct job_run *run)
{
    _cleanup_json_ json_t *targets = json_array();
    for (size_t i = 0; i < run->n_targets; i++) {
        const struct run_target *t = &run->targets[i];
        json_t *target = json_pack("{s:s, s:s, s:s, s:O*}", "format", t->format, "recipe",
                                   t->recipe, "stem", t->stem, "options", t->options);
        if (json_array_append_new(targets, target) < 0)
            return NULL;
    }
    return TAKE(targets);
}

int job_run_start_worker(struct job_run *run, const struct source_set *source, json_t *request,
                         const int *more, size_t n_more, struct error *err)
{
    _cleanup_json_ json_t *owned = request;
    size_t n = source->n;
    _cleanup_free_ int *fds = calloc(n + n_more + 1, sizeof *fds);
    if (!fds || !owned || json_object_update(owned, run->settings) < 0)
        return error_oom(err);
    memcpy(fds, source->fds, n * sizeof *fds);
    memcpy(fds + n, more, n_more * sizeof *fds);
    int r = worker_process_start_by(run->nursery, run->worker_path, owned, fds, n + n_more,
                                    &run->process, err);
    allowance_init(&run->allowance, source->bytes, run->n_targets,
                   settings_count(run->settings, "threads"), run->stage == STAGE_CONVERT);
    if (r == 0)
        allowance_impose(&run->allowance, worker_process_pid(run->process));
    return r;
}

static int start_convert(struct job_run *run, struct error *err)
{
    json_t *request = json_pack("{s:s, s:o, s:o, s:i}", "kind", "convert", "source",
                                source_set_json(run->source), "targets", targets_json(run),
                                "staging", run->work);
    const struct source_set *importance = run->importance;
    size_t n = importance ? importance->n : 0;
    _cleanup_free_ int *fds = calloc(n + 1, sizeof *fds);
    run->stage = STAGE_CONVERT;
    run->checkpoints = 0;
    if (!fds || json_object_update(request, run->converting) < 0) {
        json_decref(request);
        return error_oom(err);
    }
    fds[0] = run->work;
    if (n)
        memcpy(fds + 1, importance->fds, n * sizeof *fds);
    return job_run_start_worker(run, run->source, request, fds, n + 1, err);
}

int job_run_start(const struct job_spec *spec, const struct job_callbacks *callbacks,
                  struct job_run **ret_run, struct error *err)
{
    struct job_run *run = calloc(1, sizeof *run);
    if (!run)
        return error_oom(err);
    run->dirfd = run->work = -1;
    run->callbacks = *callbacks;
    run->stage = STAGE_END;
    int r = copy_spec(run, spec) < 0 ? error_oom(err) : copy_targets(run, spec, err);
    struct staging_request staging = { spec->uid, spec->mark, spec->go_on };
    if (r == 0)
        r = staging_make(run->out_dirfd, &staging, &run->dirfd, &run->work, err);
    run->goes_on = r > 0;
    if (r >= 0)
        r = run->n_targets ? start_convert(run, err) : 0;
    if (r < 0) {
        job_run_free(run, JOB_STAGING_REMOVE);
        return r;
    }
    *ret_run = run;
    return 0;
}

static void run_target_deinit(struct run_target *t)
{
    free(t->format);
    free(t->recipe);
    free(t->stem);
    free(t->suffix);
    json_decref(t->options);
    json_decref(t->line);
    json_decref(t->head);
    publisher_free(t->publisher);
    json_decref(t->verified);
    cleanup_close(&t->dirfd);
    staged_deinit(&t->staged);
}

static int is_kept(const struct job_run *run, enum job_staging staging)
{
    return run->keep_staging || staging == JOB_STAGING_KEEP ||
           (staging == JOB_STAGING_GO_ON && staging_has_journal(run->dirfd));
}

void job_run_free(struct job_run *run, enum job_staging staging)
{
    if (!run)
        return;
    struct error ignored = ERROR_INIT;
    worker_process_free(run->process);
    for (size_t i = 0; run->targets && i < run->n_targets; i++)
        run_target_deinit(&run->targets[i]);
    if (run->uid && run->dirfd >= 0 && !is_kept(run, staging) &&
        staging_remove(run->out_dirfd, run->uid, &ignored) < 0) {
        /* The folder is hidden, and the job's next run removes it. */
    }
    cleanup_close(&run->dirfd);
    cleanup_close(&run->work);
    json_decref(run->settings);
    json_decref(run->converting);
    json_decref(run->start);
    json_decref(run->writers);
    json_decref(run->described);
    json_decref(run->done);
    free(run->targets);
    free(run->uid);
    free(run->origin);
    free(run->submitted);
    free(run->worker_path);
    free(run->misfit);
    free(run);
}
/* Forgets what came of a target that is not published. */
static int reset_target(const struct job_run *run, struct run_target *t, struct error *err)
{
    t->said = (struct error)ERROR_INIT;
    json_decref(TAKE(t->line));
    json_decref(TAKE(t->verified));
    json_decref(TAKE(t->head));
    publisher_free(TAKE(t->publisher));
    cleanup_close(&t->dirfd);
    t->dirfd = -1;
    staged_deinit(&t->staged);
    return staging_remove_target(run->out_dirfd, run->uid, t->index, err);
}

int job_run_start_over(struct job_run *run, const char *why, struct error *err)
{
    size_t n = 0;
    int r = 0;
    json_t *line = json_pack("{s:o}", "text", json_text(why, strlen(why)));
    job_run_pass_on(run, "restart", line, SIZE_MAX);
    json_decref(line);
    run->goes_on = 0;
    for (size_t i = 0; i < run->n_targets && r == 0; i++) {
        struct run_target *t = &run->targets[i];
        if (!t->is_published && !t->failed) {
            r = reset_target(run, t, err);
            struct run_target other = run->targets[n];
            run->targets[n++] = *t;
            *t = other;
        }
    }
    for (size_t i = n; i < run->n_targets && r == 0; i++)
        run_target_deinit(&run->targets[i]);
    if (r < 0)
        return r;
    run->n_targets = n;
    (void)close(TAKE_FD(run->work));
    r = staging_empty_work(run->dirfd, &run->work, err);
    return r < 0 ? r : start_convert(run, err);
}

int job_run_is_misled(const struct job_run *run, const struct error *why, int killed)
{
    return run->goes_on &&
           (run->misfit || (why->code == PARE_ECRASH && !killed && !run->checkpoints));
}
