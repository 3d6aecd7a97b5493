/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Converting: open, prepare all targets, run the pipeline once for each route (route.h), sync, and
 * tell what came of it (answer.h). Planning is the same without the pipeline.
 */
#include "worker/convert.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/timing.h"
#include "plugin/source.h"
#include "settings/settings.h"
#include "worker/answer.h"
#include "worker/needs.h"
#include "worker/resume.h"

#include <string.h>

static void tell_warnings(const struct job_context *job, const struct target *target)
{
    for (size_t i = 0; i < json_array_size(target->warnings); i++)
        job_emit(job, "warning",
                 json_pack("{s:O, s:i}", "text", json_array_get(target->warnings, i), "target",
                           (int)target->index));
}

struct group { /* targets that are made from the same */
    struct route *route;
    struct target **targets;
    size_t n;
    struct pipeline_result result;
};

struct conversion {         /* freed in this order when the job ends */
    struct target *targets; /* those that can be made */
    size_t n, wanted;
    size_t culprit; /* index of the only target that a failure concerns, or SIZE_MAX */
    struct group *groups;
    size_t n_groups;
    struct importance *importance;
    struct routes routes;
    struct source *source;
    struct resume resume;
};

static void conversion_deinit(struct conversion *c)
{
    resume_deinit(&c->resume);
    for (size_t i = 0; c->groups && i <= c->routes.n; i++) {
        pipeline_result_deinit(&c->groups[i].result);
        free(c->groups[i].targets);
    }
    for (size_t i = 0; i < c->n; i++)
        target_deinit(&c->targets[i]);
    free(c->groups);
    free(c->targets);
    importance_free(c->importance);
    routes_deinit(&c->routes);
    source_close(c->source);
}

/* A target that fails for a reason of its own, when there are others. */
static void tell_failed(const struct job_context *job, size_t target, const struct error *why)
{
    const json_t *wanted = json_array_get(json_object_get(job->request, "targets"), target);
    const char *text = why->text, *format = json_get_string(wanted, "format", "");
    const char *recipe = json_get_string(wanted, "recipe", "");
    size_t n = strlen(format), m = strlen(recipe);
    if (!strncmp(text, format, n) && text[n] == ':' && !strncmp(text + n + 1, recipe, m) &&
        !strncmp(text + n + 1 + m, ": ", 2))
        text += n + m + 3; /* the line says of which target it is */
    job_emit(job, "failed",
             json_pack("{s:i, s:s, s:o}", "target", (int)target, "code", error_name(why->code),
                       "text", json_text(text, strlen(text))));
}

/* Prepares the next target. 1: it cannot be made, which others may; err says why. */
static int prepare_target(const struct job_context *job, struct conversion *c, size_t index,
                          const json_t *wanted, const struct target_setup *setup, struct error *err)
{
    struct target *target = &c->targets[c->n++];
    int r = target_prepare(target, index, wanted, setup, err);
    if (r < 0 && (c->wanted == 1 || !error_is_lasting(r)))
        return r;
    if (r < 0) {
        target_deinit(target);
        *target = (struct target){ 0 };
        c->n--;
        tell_failed(job, index, err);
        return 1;
    }
    tell_warnings(job, target);
    (void)json_array_extend(target->warnings, job->warnings);
    return 0;
}

static int prepare_targets(const struct job_context *job, struct conversion *c, struct error *err)
{
    const json_t *wanted = json_object_get(job->request, "targets");
    int draft = !strcmp(json_get_string(job->request, "kind", ""), "plan");
    struct job_heart heart = { .job = job, .stage = "lattice" };
    struct target_setup setup = {
        .routes = &c->routes,
        .recover = settings_flag(job->request, "recover"),
        .overrides = json_object_get(job->request, "overrides"),
        .plan = { .allow_requantize = settings_flag(job->request, "allow_requantize"),
                  .draft = draft,
                  .importance = c->importance,
                  .lattice = { .quick = draft,
                               .threads = job->threads,
                               .beat = job_beat,
                               .context = &heart } },
    };
    c->wanted = json_array_size(wanted);
    if (!c->wanted)
        return error_set(err, PARE_EUSAGE, "no targets were asked for");
    c->targets = calloc(c->wanted, sizeof *c->targets);
    if (!c->targets)
        return error_oom(err);
    struct error first = ERROR_INIT;
    for (size_t i = 0; i < c->wanted; i++) {
        int r = prepare_target(job, c, i, json_array_get(wanted, i), &setup, err);
        if (r < 0)
            return r;
        if (r > 0 && !first.code)
            first = *err;
    }
    return c->n ? 0 : error_set(err, first.code, "%s", first.text);
}

static int group_targets(struct conversion *c, struct error *err)
{
    c->groups = calloc(c->routes.n + 1, sizeof *c->groups);
    if (!c->groups)
        return error_oom(err);
    for (size_t route = 0; route < c->routes.n; route++) {
        struct group *group = &c->groups[c->n_groups];
        if (!group->targets)
            group->targets = calloc(c->n + 1, sizeof(struct target *));
        if (!group->targets)
            return error_oom(err);
        group->route = c->routes.list[route];
        for (size_t i = 0; i < c->n; i++)
            if (c->targets[i].route == group->route) {
                c->targets[i].position = group->n;
                group->targets[group->n++] = &c->targets[i];
            }
        c->n_groups += group->n > 0; /* writers may have arranged a route for all its targets */
    }
    return 0;
}

/* All that comes before the first weight is read. */
static int prepare(const struct job_context *job, struct model *model, int check_importance,
                   struct conversion *c, struct error *err)
{
    int r = job_open_model(job, model, json_get_string(job->request, "format", NULL), &c->source,
                           err);
    routes_init(&c->routes, job, c->source, model, 0);
    if (r == 0)
        r = job_tell_source(job, model, err);
    if (r == 0)
        r = job_open_importance(job, check_importance, &c->importance, err);
    if (r == 0)
        r = prepare_targets(job, c, err);
    return r == 0 ? group_targets(c, err) : r;
}

int job_plan(const struct job_context *job, struct model *model, struct error *err)
{
    CLEANUP(conversion_deinit) struct conversion c = { 0 };
    uint64_t memory = 0;
    int r = prepare(job, model, 0, &c, err);
    for (size_t i = 0; r == 0 && i < c.n_groups; i++) {
        const struct group *group = &c.groups[i];
        uint64_t n = 0;
        r = needs_memory(group->route->model, group->targets, group->n, job->threads, &n, err);
        memory = n > memory ? n : memory;
    }
    for (size_t i = 0; r == 0 && i < c.n; i++)
        answer_plan(job, &c.targets[i], memory);
    return r;
}

struct walk { /* one pipeline run of several */
    const struct job_context *job;
    struct resume *resume;
    size_t number, of;
    uint64_t steps; /* lines so far: of these each is of something new */
};

static void describe(void *context, struct strbuf *block)
{
    const struct walk *walk = context;
    resume_describe(walk->resume, block);
}

static void tell_progress(void *context, uint64_t done, uint64_t total)
{
    struct walk *walk = context;
    job_emit(walk->job, "progress",
             json_pack("{s:I, s:I, s:s, s:I}", "done", (json_int_t)(walk->number * total + done),
                       "total", (json_int_t)(walk->of * total), "stage", "convert", "step",
                       (json_int_t)++walk->steps));
}

/* Passes a result on; a failure is one of this target alone. */
static int blame(struct conversion *c, size_t i, int r)
{
    if (r < 0)
        c->culprit = c->targets[i].index;
    return r;
}

struct sync_heart {
    struct job_heart heart;
    struct resume *resume;
};

static void beat_in_sync(void *context)
{
    struct sync_heart *sync = context;
    job_beat(&sync->heart);
    resume_beat(sync->resume);
}

static int sync_targets(const struct job_context *job, struct conversion *c, double *ret_seconds,
                        struct error *err)
{
    char(*sha256)[HASH_HEX_SIZE] = job_without_digests(job) ? NULL : c->groups[0].result.sha256;
    struct sync_heart heart = { { .job = job, .stage = "sync" }, &c->resume };
    uint64_t start = timing_now();
    int r = 0;
    beat_in_sync(&heart);
    for (size_t i = 0; r == 0 && i < c->n; i++)
        r = blame(c, i, target_seal(&c->targets[i], sha256, err));
    if (r == 0)
        r = resume_flush(&c->resume, err); /* before files are closed */
    for (size_t i = 0; r == 0 && i < c->n; i++) {
        r = blame(c, i, target_finish(&c->targets[i], beat_in_sync, &heart, err));
        c->groups[0].result.seconds.hash += c->targets[i].digest_seconds;
    }
    if (r == 0)
        r = resume_flush(&c->resume, err);
    if (r < 0)
        return r;
    *ret_seconds = timing_since(start);
    return 0;
}

static const struct group *group_of(const struct conversion *c, const struct target *target)
{
    size_t i = 0;
    while (c->groups[i].route != target->route)
        i++;
    return &c->groups[i];
}

/* The first walk digests the files. */
static int run_groups(const struct job_context *job, struct conversion *c, struct error *err)
{
    const char *nonfinite = settings_text(job->request, "nonfinite");
    enum measuring measuring;
    int parsed = measuring_parse(settings_text(job->request, "measure"), &measuring, err);
    if (parsed < 0)
        return parsed;
    for (size_t i = 0; i < c->n_groups; i++) {
        struct group *group = &c->groups[i];
        struct walk walk = { job, &c->resume, i, c->n_groups };
        size_t culprit = SIZE_MAX;
        struct pipeline_request request = {
            .source = group->route->source,
            .model = group->route->model,
            .targets = group->targets,
            .n_targets = group->n,
            .without_digests = i > 0 || job_without_digests(job),
            .importance = c->importance,
            .threads = job->threads,
            .keep_nonfinite = !strcmp(nonfinite, "keep"),
            .measuring = measuring,
            .walk = (uint32_t)i,
            .checkpoints = c->resume.checkpoints,
            .journal = c->resume.journal,
            .misfit = &c->resume.misfit,
            .culprit = &culprit,
            .describe = describe,
            .progress = tell_progress,
            .context = &walk,
        };
        int r = resume_flush(&c->resume, err); /* its thread and the walk both use the journal */
        if (r == 0)
            r = pipeline_run(&request, &group->result, err);
        if (r < 0 && culprit < group->n)
            c->culprit = group->targets[culprit]->index;
        if (r < 0)
            return r;
        if (!i && group->result.zeros)
            job_warn(job, group->result.zeros);
        if (i)
            stage_seconds_add(&c->groups[0].result.seconds, &group->result.seconds);
    }
    return 0;
}

/* Whether the outputs fit into what the request leaves them, before the first byte is written. */
static int check_space(const struct job_context *job, const struct conversion *c, struct error *err)
{
    uint64_t space = (uint64_t)json_get_int(job->request, "space", 0), needs = 0;
    for (size_t i = 0; i < c->n; i++)
        if (!c->targets[i].goes_on &&
            __builtin_add_overflow(needs, target_bytes(&c->targets[i]), &needs))
            needs = INT64_MAX;
    if (!space || needs <= space)
        return 0;
    job_emit(job, "space", json_pack("{s:I}", "needs", (json_int_t)needs));
    return error_set(err, PARE_ENOSPC, "needs %.1f MB for its outputs, has %.1f MB",
                     (double)needs / 1e6, (double)space / 1e6);
}

/* Makes the targets' files, or finds those that an earlier life made. */
static int open_targets(const struct job_context *job, const struct model *model, int staging,
                        struct conversion *c, struct error *err)
{
    int with_digests = !job_without_digests(job);
    int r = resume_open(&c->resume, job, model, c->targets, c->n, staging, err);
    if (r == 0)
        r = check_space(job, c, err);
    for (size_t i = 0; r == 0 && i < c->n; i++) {
        struct target *target = &c->targets[i];
        if (!target->goes_on) {
            r = blame(c, i, target_open(target, staging, with_digests, err));
            continue;
        }
        r = target_reopen(target, staging, with_digests, err);
        c->resume.misfit = r < 0;
    }
    if (r == 0)
        resume_tell(&c->resume);
    return r;
}

/* What the reader has said since, as it computed tensors: it is of all targets, too. */
static int take_late_warnings(const struct job_context *job, size_t known, struct conversion *c,
                              struct error *err)
{
    for (size_t i = 0; i < c->n; i++)
        for (size_t j = known; j < json_array_size(job->warnings); j++)
            if (json_array_append(c->targets[i].warnings, json_array_get(job->warnings, j)) < 0)
                return error_oom(err);
    return 0;
}

/* How outputs of the targets' formats end, before anything of the model is read: afterwards nobody
 * needs to believe it (the parent takes this line once). */
static void tell_writers(const struct job_context *job)
{
    json_t *writers = json_array(), *target;
    size_t i;
    json_array_foreach(json_object_get(job->request, "targets"), i, target) {
        const struct pare_writer *writer = registry_writer(job->registry,
                                                           json_get_string(target, "format", ""));
        if (writer)
            (void)json_array_append_new(writers, json_pack("{s:s, s:s}", "name", writer->name,
                                                           "suffix", writer->suffix));
    }
    job_emit(job, "writers", json_pack("{s:o}", "writers", writers));
}

/* What all outputs and rows will take on the disk, before the first of their files is made. */
static void tell_layout(const struct job_context *job, const struct conversion *c)
{
    uint64_t bytes = 0, files = 0;
    for (size_t i = 0; i < c->n; i++) {
        bytes += target_bytes(&c->targets[i]) + answer_rows_bytes(&c->targets[i]);
        files += c->targets[i].layout.n_files + 1;
    }
    job_emit(job, "layout",
             json_pack("{s:I, s:I}", "bytes", (json_int_t)bytes, "files", (json_int_t)files));
}

int job_convert(const struct job_context *job, struct model *model, int staging, json_t **ret_done,
                struct error *err)
{
    CLEANUP(conversion_deinit) struct conversion c = { .culprit = SIZE_MAX };
    uint64_t start = timing_now();
    double sync = 0;
    tell_writers(job);
    int r = prepare(job, model, 1, &c, err);
    const size_t known = json_array_size(job->warnings);
    if (r == 0)
        tell_layout(job, &c);
    if (r == 0)
        r = open_targets(job, model, staging, &c, err);
    if (r == 0)
        r = run_groups(job, &c, err);
    if (r == 0)
        r = sync_targets(job, &c, &sync, err);
    if (r == 0)
        r = take_late_warnings(job, known, &c, err);
    for (size_t i = 0; r == 0 && i < c.n; i++)
        r = answer_target(job, &c.targets[i], &group_of(&c, &c.targets[i])->result, staging, err);
    if (r == 0)
        r = answer_done(job, model, &c.groups[0].result, sync, timing_since(start), ret_done, err);
    if (r == 0 && c.importance)
        (void)json_object_set_new(*ret_done, "importance", importance_json(c.importance));
    if (r < 0)
        resume_failed(&c.resume, err);
    if (c.culprit != SIZE_MAX && c.wanted > 1 && error_is_lasting(r))
        tell_failed(job, c.culprit, err);
    return r;
}
