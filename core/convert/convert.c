/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Converting: open, prepare all targets, run the pipeline once for each route (route.h), sync, and
 * tell what came of it (answer.h). Planning is the same without the pipeline.
 */
#include "convert/convert.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/timing.h"
#include "convert/answer.h"
#include "model/side_files.h"
#include "provenance/provenance.h"

#include <string.h>

void job_emit(const struct job_context *job, const char *event, json_t *fields)
{
    json_t *line = json_pack("{s:s}", "event", event);
    (void)json_object_update(line, fields);
    json_decref(fields);
    job->emit(job->emit_context, line);
}

/* Tells a reader's warning, which belongs to all targets; a second look at a model, to verify or to
 * see whether it is complete, does not repeat it. */
static void warn(void *context, int level, const char *text)
{
    const struct job_context *job = context;
    const char *kind = json_get_string(job->request, "kind", "");
    if (level != PARE_LOG_WARNING || !strcmp(kind, "verify") || !strcmp(kind, "probe"))
        return;
    if (job->warnings && json_array_size(job->warnings) < 1000)
        (void)json_array_append_new(job->warnings, json_text(text, strlen(text)));
    job_emit(job, "warning", json_pack("{s:o}", "text", json_text(text, strlen(text))));
}

static void tell_warnings(const struct job_context *job, const struct target *target)
{
    for (size_t i = 0; i < json_array_size(target->warnings); i++)
        job_emit(job, "warning",
                 json_pack("{s:O, s:i}", "text", json_array_get(target->warnings, i), "target",
                           (int)target->index));
}

static json_t *text_or_null(char *text)
{
    json_t *json = text ? json_text(text, strlen(text)) : json_null();
    free(text);
    return json;
}

/* "model_type" of a Hugging Face folder's config.json, or NULL (free it). What is no JSON has none;
 * what cannot be read is an error. */
static int config_model_type(const struct model *model, char **ret_type, struct error *err)
{
    _cleanup_json_ json_t *config = NULL;
    int r = map_read_json(model, "config.json", MAP_MAX_CONFIG, &config, err);
    if (r < 0 && r != PARE_EDATA && r != PARE_ELIMIT)
        return r;
    const char *type = r == 0 ? json_get_string(config, "model_type", NULL) : NULL;
    *ret_type = type ? strdup(type) : NULL;
    return type && !*ret_type ? error_oom(err) : 0;
}

int job_identify(const struct model *model, json_t **ret_architecture, json_t **ret_license,
                 struct error *err)
{
    char *architecture = model_architecture(model);
    char *license = meta_string(model, "general.license");
    int r = architecture ? 0 : config_model_type(model, &architecture, err);
    if (r == 0 && !license)
        r = provenance_license(model, &license, err);
    if (r < 0) {
        free(architecture);
        free(license);
        return r;
    }
    *ret_architecture = text_or_null(architecture);
    *ret_license = text_or_null(license);
    return 0;
}

int job_tell_source(const struct job_context *job, const struct model *model, struct error *err)
{
    const json_t *source = json_object_get(job->request, "source");
    json_t *architecture = NULL, *license = NULL;
    int r = job_identify(model, &architecture, &license, err);
    if (r < 0)
        return r;
    job_emit(job, "source",
             json_pack("{s:s, s:o, s:s, s:I, s:I, s:I, s:o, s:o, s:I}", "format", model->format,
                       "architecture", architecture, "name",
                       json_get_string(source, "name", ""), "parameters",
                       (json_int_t)model_parameters(model), "tensors",
                       (json_int_t)model->n_tensors, "bytes", (json_int_t)model_bytes(model),
                       "census", model_census(model), "license", license, "metadata",
                       (json_int_t)model->n_meta));
    return 0;
}

int job_open(const struct job_context *job, struct model *model, const char *format,
             struct source **ret_source, struct error *err)
{
    struct host_hooks hooks = { .log = warn, .context = (void *)job };
    return source_open(job->registry, model, format, &hooks, ret_source, err);
}

int model_is_importance(const struct model *model)
{
    _cleanup_free_ char *type = meta_string(model, "general.type");
    return !strcmp(model->format, "imatrix") || (type && !strcmp(type, "imatrix"));
}

int job_open_model(const struct job_context *job, struct model *model, const char *format,
                   struct source **ret_source, struct error *err)
{
    int r = job_open(job, model, format, ret_source, err);
    if (r < 0 || !model_is_importance(model))
        return r;
    source_close(*ret_source);
    *ret_source = NULL;
    return error_set(err, PARE_EDATA,
                     "%s: an importance matrix, not a model: name it MODEL.imatrix.gguf (or "
                     ".imatrix.dat) and put it beside its MODEL, or give it to `pare convert "
                     "--importance'", model->files[0].name);
}

struct heartbeat {
    const struct job_context *job;
    uint64_t told;
};

static void tell_checking(void *context)
{
    struct heartbeat *heart = context;
    if (timing_since(heart->told) < 0.2)
        return;
    heart->told = timing_now();
    job_emit(heart->job, "progress",
             json_pack("{s:i, s:i, s:s}", "done", 0, "total", 1, "stage", "importance"));
}

DEFINE_CLEANUP(struct importance *, importance_free);

int job_open_importance(const struct job_context *job, int check,
                        struct importance **ret_importance, struct error *err)
{
    const json_t *wanted = json_object_get(job->request, "importance");
    CLEANUP(importance_free_cleanup) struct importance *importance = NULL;
    struct host_hooks hooks = { .log = warn, .context = (void *)job };
    struct heartbeat heart = { job, timing_now() };
    *ret_importance = NULL;
    if (!wanted)
        return 0;
    int r = importance_open(job->registry, job->importance, json_get_string(wanted, "name", ""),
                            &hooks, &importance, err);
    if (r == 0 && (json_object_get(wanted, "include") || json_object_get(wanted, "exclude")))
        r = importance_restrict(importance, json_object_get(wanted, "include"),
                                json_object_get(wanted, "exclude"), err);
    if (r == 0 && check)
        r = importance_check(importance, tell_checking, &heart, err);
    if (r < 0)
        return r;
    *ret_importance = TAKE(importance);
    return 0;
}

static void tell_looking(void *context)
{
    struct heartbeat *heart = context;
    if (timing_since(heart->told) < 0.2)
        return;
    heart->told = timing_now();
    job_emit(heart->job, "progress",
             json_pack("{s:i, s:i, s:s}", "done", 0, "total", 1, "stage", "lattice"));
}

struct group { /* targets that are made from the same */
    struct route *route;
    struct target **targets;
    size_t n;
    struct pipeline_result result;
};

struct conversion { /* in this order all goes when the job ends */
    struct target *targets;
    size_t n;
    struct group *groups;
    size_t n_groups;
    struct importance *importance;
    struct routes routes;
    struct source *source;
};

static void conversion_deinit(struct conversion *c)
{
    for (size_t i = 0; i < c->n_groups; i++) {
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

static int prepare_targets(const struct job_context *job, struct conversion *c, struct error *err)
{
    const json_t *wanted = json_object_get(job->request, "targets");
    int draft = !strcmp(json_get_string(job->request, "kind", ""), "plan");
    struct heartbeat heart = { job, timing_now() };
    struct target_setup setup = {
        .routes = &c->routes,
        .recover = json_get_bool(job->request, "recover", 1),
        .overrides = json_object_get(job->request, "overrides"),
        .plan = { .allow_requantize = json_get_bool(job->request, "allow_requantize", 0),
                  .draft = draft,
                  .importance = c->importance,
                  .lattice = { .quick = draft,
                               .threads = job->threads,
                               .beat = tell_looking,
                               .context = &heart } },
    };
    if (!json_array_size(wanted))
        return error_set(err, PARE_EUSAGE, "no targets were asked for");
    c->targets = calloc(json_array_size(wanted), sizeof *c->targets);
    if (!c->targets)
        return error_oom(err);
    for (size_t i = 0; i < json_array_size(wanted); i++) {
        c->n++;
        int r = target_prepare(&c->targets[i], i, json_array_get(wanted, i), &setup, err);
        if (r < 0)
            return r;
        tell_warnings(job, &c->targets[i]);
        (void)json_array_extend(c->targets[i].warnings, job->warnings);
    }
    return 0;
}

static int group_targets(struct conversion *c, struct error *err)
{
    c->groups = calloc(c->routes.n + 1, sizeof *c->groups);
    if (!c->groups)
        return error_oom(err);
    for (; c->n_groups < c->routes.n; c->n_groups++) {
        struct group *group = &c->groups[c->n_groups];
        group->route = c->routes.list[c->n_groups];
        group->targets = calloc(c->n + 1, sizeof(struct target *));
        if (!group->targets)
            return error_oom(err);
        for (size_t i = 0; i < c->n; i++)
            if (c->targets[i].route == group->route) {
                c->targets[i].position = group->n;
                group->targets[group->n++] = &c->targets[i];
            }
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
        _cleanup_free_ struct slab_cut *cuts = NULL;
        const struct group *group = &c.groups[i];
        r = pipeline_cuts(group->route->model, group->targets, group->n, &cuts, err);
        uint64_t n = r < 0 ? 0 : pipeline_memory(group->route->model, cuts, group->n,
                                                 job->threads);
        memory = n > memory ? n : memory;
    }
    for (size_t i = 0; r == 0 && i < c.n; i++)
        answer_plan(job, &c.targets[i], memory);
    return r;
}

struct walk { /* one pipeline run of several */
    const struct job_context *job;
    size_t number, of;
};

static void tell_progress(void *context, uint64_t done, uint64_t total)
{
    const struct walk *walk = context;
    job_emit(walk->job, "progress",
             json_pack("{s:I, s:I, s:s}", "done", (json_int_t)(walk->number * total + done),
                       "total", (json_int_t)(walk->of * total), "stage", "convert"));
}

static void tell_sync(void *context)
{
    job_emit(context, "progress",
             json_pack("{s:i, s:i, s:s}", "done", 1, "total", 1, "stage", "sync"));
}

static int sync_targets(const struct job_context *job, struct conversion *c, double *ret_seconds,
                        struct error *err)
{
    char (*sha256)[HASH_HEX_SIZE] = job_without_digests(job) ? NULL : c->groups[0].result.sha256;
    uint64_t start = timing_now();
    int r = 0;
    tell_sync((void *)job);
    for (size_t i = 0; r == 0 && i < c->n; i++)
        r = target_seal(&c->targets[i], sha256, err);
    for (size_t i = 0; r == 0 && i < c->n; i++) {
        r = target_finish(&c->targets[i], tell_sync, (void *)job, err);
        c->groups[0].result.seconds.hash += c->targets[i].digest_seconds;
    }
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

int job_without_digests(const struct job_context *job)
{
    return !strcmp(json_get_string(job->request, "digest", "sha256"), "none");
}

/* The first walk digests the files. */
static int run_groups(const struct job_context *job, struct conversion *c, struct error *err)
{
    const char *nonfinite = json_get_string(job->request, "nonfinite", "refuse");
    enum measuring measuring;
    int parsed = measuring_parse(json_get_string(job->request, "measure", "full"), &measuring, err);
    if (parsed < 0)
        return parsed;
    for (size_t i = 0; i < c->n_groups; i++) {
        struct group *group = &c->groups[i];
        struct walk walk = { job, i, c->n_groups };
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
            .progress = tell_progress,
            .context = &walk,
        };
        int r = pipeline_run(&request, &group->result, err);
        if (r < 0)
            return r;
        if (i)
            stage_seconds_add(&c->groups[0].result.seconds, &group->result.seconds);
    }
    return 0;
}

int job_convert(const struct job_context *job, struct model *model, int staging, json_t **ret_done,
                struct error *err)
{
    CLEANUP(conversion_deinit) struct conversion c = { 0 };
    uint64_t start = timing_now();
    double sync = 0;
    int r = prepare(job, model, 1, &c, err);
    for (size_t i = 0; r == 0 && i < c.n; i++)
        r = target_open(&c.targets[i], staging, !job_without_digests(job), err);
    if (r == 0)
        r = run_groups(job, &c, err);
    if (r == 0)
        r = sync_targets(job, &c, &sync, err);
    for (size_t i = 0; r == 0 && i < c.n; i++)
        answer_target(job, &c.targets[i], &group_of(&c, &c.targets[i])->result);
    if (r == 0)
        r = answer_done(job, model, &c.groups[0].result, sync, timing_since(start), ret_done, err);
    if (r == 0 && c.importance)
        (void)json_object_set_new(*ret_done, "importance", importance_json(c.importance));
    return r;
}
