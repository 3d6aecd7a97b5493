/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Converting: open, prepare all targets, run the pipeline once, sync, and tell what came of it.
 * Planning is the same without the pipeline.
 */
#include "convert/convert.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/timing.h"
#include "convert/pipeline.h"

#include <stdio.h>
#include <string.h>

#define CONFIG_BYTES (1u << 20)

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
    for (uint32_t i = 0; i < model->n_files; i++) {
        const struct model_file *f = &model->files[i];
        if (strcmp(f->name, "config.json") != 0 || f->size > CONFIG_BYTES)
            continue;
        _cleanup_free_ char *text = malloc(f->size + 1);
        _cleanup_json_ json_t *config = NULL;
        int r = text ? file_pread(f->fd, text, f->size, 0, err) : error_oom(err);
        if (r == 0)
            r = json_parse_object(text, f->size, &config, err);
        if (r < 0 && r != PARE_EDATA)
            return error_prefix(err, "%s", f->name);
        const char *type = json_get_string(config, "model_type", NULL);
        *ret_type = type ? strdup(type) : NULL;
        return type && !*ret_type ? error_oom(err) : 0;
    }
    return 0;
}

int job_tell_source(const struct job_context *job, const struct model *model, struct error *err)
{
    const json_t *source = json_object_get(job->request, "source");
    char *architecture = model_architecture(model);
    int r = architecture ? 0 : config_model_type(model, &architecture, err);
    if (r < 0)
        return r;
    job_emit(job, "source",
             json_pack("{s:s, s:o, s:s, s:I, s:I, s:I, s:o, s:o, s:I}", "format", model->format,
                       "architecture", text_or_null(architecture), "name",
                       json_get_string(source, "name", ""), "parameters",
                       (json_int_t)model_parameters(model), "tensors",
                       (json_int_t)model->n_tensors, "bytes", (json_int_t)model_bytes(model),
                       "census", model_census(model), "license",
                       text_or_null(meta_string(model, "general.license")), "metadata",
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

struct targets {
    struct target *list;
    size_t n;
};

static void targets_deinit(struct targets *targets)
{
    for (size_t i = 0; i < targets->n; i++)
        target_deinit(&targets->list[i]);
    free(targets->list);
}

static int prepare_targets(const struct job_context *job, const struct model *model,
                           struct source *source, const struct importance *importance,
                           struct targets *targets, struct error *err)
{
    const json_t *wanted = json_object_get(job->request, "targets");
    int draft = !strcmp(json_get_string(job->request, "kind", ""), "plan");
    struct heartbeat heart = { job, timing_now() };
    struct target_setup setup = {
        .registry = job->registry,
        .recipe_dirs = job->recipes,
        .overrides = json_object_get(job->request, "overrides"),
        .plan = { .allow_requantize = json_get_bool(job->request, "allow_requantize", 0),
                  .draft = draft,
                  .importance = importance,
                  .lattice = { .quick = draft,
                               .threads = job->threads,
                               .beat = tell_looking,
                               .context = &heart } },
    };
    if (json_get_bool(job->request, "recover", 1))
        setup.plan.lattice.source = source;
    if (!json_array_size(wanted))
        return error_set(err, PARE_EUSAGE, "no targets were asked for");
    targets->list = calloc(json_array_size(wanted), sizeof *targets->list);
    if (!targets->list)
        return error_oom(err);
    for (size_t i = 0; i < json_array_size(wanted); i++) {
        targets->n++;
        int r = target_prepare(&targets->list[i], i, json_array_get(wanted, i), &setup, model, err);
        if (r < 0)
            return r;
        tell_warnings(job, &targets->list[i]);
        (void)json_array_extend(targets->list[i].warnings, job->warnings);
    }
    return 0;
}

static json_t *describe_choice(const struct model *model, const struct target *target, uint64_t i)
{
    const struct model_tensor *to = &target->plan->target->tensors[i];
    const struct plan_choice *choice = &target->plan->choices[i];
    const struct model_tensor *from = &model->tensors[choice->source];
    return json_pack("{s:o, s:o, s:s, s:s, s:I, s:I, s:I, s:b, s:s?}", "name",
                     json_text(to->name.data, to->name.len), "shape", tensor_shape(to), "from",
                     from->encoding_name, "to", to->encoding_name, "elements",
                     (json_int_t)to->elements, "bytes_in", (json_int_t)from->bytes, "bytes",
                     (json_int_t)to->bytes, "importance", choice->importance != NULL, "lattice",
                     lattice_name(choice->lattice));
}

static void emit_plan(const struct job_context *job, const struct model *model,
                      const struct target *target, uint64_t memory)
{
    json_t *tensors = json_array();
    for (uint64_t i = 0; i < target->plan->target->n_tensors; i++) {
        json_t *line = describe_choice(model, target, i);
        (void)json_object_set_new(line, "rule", json_string(target->plan->choices[i].rule));
        (void)json_array_append_new(tensors, line);
    }
    job_emit(job, "plan",
             json_pack("{s:i, s:s, s:s, s:o, s:o, s:I, s:f, s:I, s:I, s:I, s:O}", "target",
                       (int)target->index, "format", target->writer->name, "recipe",
                       recipe_name(target->recipe), "tensors", tensors, "census",
                       model_census(target->plan->target), "bytes",
                       (json_int_t)target_bytes(target), "bits_per_weight",
                       target_bits_per_weight(target), "memory", (json_int_t)memory, "disk",
                       (json_int_t)target_bytes(target), "fallbacks",
                       (json_int_t)target->plan->n_fallbacks, "warnings", target->warnings));
}

DEFINE_CLEANUP(struct source *, source_close);

int job_plan(const struct job_context *job, struct model *model, struct error *err)
{
    CLEANUP(source_close_cleanup) struct source *source = NULL;
    CLEANUP(importance_free_cleanup) struct importance *importance = NULL;
    CLEANUP(targets_deinit) struct targets targets = { 0 };
    _cleanup_free_ struct slab_cut *cuts = NULL;
    int r = job_open_model(job, model, json_get_string(job->request, "format", NULL), &source, err);
    if (r == 0)
        r = job_tell_source(job, model, err);
    if (r == 0)
        r = job_open_importance(job, 0, &importance, err);
    if (r == 0)
        r = prepare_targets(job, model, source, importance, &targets, err);
    if (r == 0)
        r = pipeline_cuts(model, targets.list, targets.n, &cuts, err);
    if (r < 0)
        return r;
    uint64_t memory = pipeline_memory(model, cuts, targets.n, job->threads);
    for (size_t i = 0; i < targets.n; i++)
        emit_plan(job, model, &targets.list[i], memory);
    return 0;
}

static void tell_progress(void *context, uint64_t done, uint64_t total)
{
    job_emit(context, "progress",
             json_pack("{s:I, s:I, s:s}", "done", (json_int_t)done, "total", (json_int_t)total,
                       "stage", "convert"));
}

/* With nonfinite = keep: what was passed on, and what it cost besides. */
static void note_nonfinite(const struct target *target, const struct model_tensor *t,
                           const struct measure *m)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    if (!m->nonfinite && !m->overflowed)
        return;
    strbuf_puts(&sb, "tensor `");
    strbuf_escape(&sb, t->name.data, t->name.len < 100 ? t->name.len : 100);
    strbuf_printf(&sb,
                  "`: %llu weights of the source are NaN or infinite, and %llu more of the output",
                  (unsigned long long)m->nonfinite, (unsigned long long)m->overflowed);
    if (sb.data && json_array_size(target->warnings) < 1000)
        (void)json_array_append_new(target->warnings, json_text(sb.data, sb.len));
}

/* Emits a target's tensors in output order and adds them up. */
static void emit_tensors(const struct job_context *job, const struct model *model,
                         const struct target *target, const struct pipeline_result *result,
                         struct measure *all)
{
    for (uint64_t i = 0; i < target->plan->target->n_tensors; i++) {
        uint64_t source = target->plan->choices[i].source;
        const struct pipeline_figure *f =
            &result->figures[target->index * result->n_tensors + source];
        json_t *line = describe_choice(model, target, i);
        char sse[40];
        (void)snprintf(sse, sizeof sse, "%a", f->probe_sse);
        (void)json_object_set_new(line, "target", json_integer((json_int_t)target->index));
        measure_to_json(&f->all, line);
        measure_weighted_to_json(&f->all, line);
        (void)json_object_set_new(line, "nonfinite",
                                  json_integer((json_int_t)(f->all.nonfinite + f->all.overflowed)));
        (void)json_object_set_new(line, "seconds", json_number(f->all.seconds));
        (void)json_object_set_new(line, "probe",
                                  json_pack("{s:I, s:I, s:s}", "first",
                                            (json_int_t)f->probe_first, "elements",
                                            (json_int_t)f->probe_count, "sse", sse));
        job_emit(job, "tensor", line);
        note_nonfinite(target, &target->plan->target->tensors[i], &f->all);
        measure_merge(all, &f->all);
    }
}

/* How many tensors lie on the lattice of their encoding. */
static json_t *count_lattices(const struct target *target)
{
    int64_t exact = 0, rounded = 0;
    for (uint64_t i = 0; i < target->plan->target->n_tensors; i++) {
        exact += target->plan->choices[i].lattice == LATTICE_EXACT;
        rounded += target->plan->choices[i].lattice == LATTICE_ROUNDED;
    }
    return json_pack("{s:I, s:I}", "exact", (json_int_t)exact, "rounded", (json_int_t)rounded);
}

static void emit_target(const struct job_context *job, const struct model *model,
                        const struct target *target, const struct pipeline_result *result)
{
    struct measure all = MEASURE_INIT;
    emit_tensors(job, model, target, result, &all);
    json_t *accuracy = json_object();
    measure_to_json(&all, accuracy);
    measure_weighted_to_json(&all, accuracy);
    _cleanup_free_ char *output = target_output_name(target);
    job_emit(job, "target",
             json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:b, s:o, s:I, s:o, s:f, s:o, s:o, s:O}",
                       "target", (int)target->index, "format", target->writer->name, "recipe",
                       recipe_name(target->recipe), "recipe_sha256", recipe_digest(target->recipe),
                       "stem", target->stem, "output", output ? output : "", "folder",
                       target_is_folder(target), "files", target_files(target), "bytes",
                       (json_int_t)target_bytes(target), "census",
                       model_census(target->plan->target), "bits_per_weight",
                       target_bits_per_weight(target), "lattice", count_lattices(target),
                       "accuracy", accuracy, "warnings", target->warnings));
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The digest of a model (docs/protocol.md). */
static int model_digest(const struct model *model, const struct pipeline_result *result,
                        char ret_hex[HASH_HEX_SIZE], struct error *err)
{
    _cleanup_free_ char **lines = calloc(model->n_files + 1u, sizeof *lines);
    _cleanup_strbuf_ struct strbuf all = STRBUF_INIT;
    size_t n = 0;
    int complete = lines != NULL;
    if (model->n_files == 1) {
        memcpy(ret_hex, result->sha256[0], HASH_HEX_SIZE);
        return 0;
    }
    for (uint32_t i = 0; lines && i < model->n_files; i++) {
        const struct model_file *f = &model->files[i];
        if (f->role != PARE_FILE_WEIGHTS && f->role != PARE_FILE_INDEX)
            continue;
        if (asprintf(&lines[n], "%s\t%s\n", f->name, result->sha256[i]) > 0)
            n++;
        else
            complete = 0;
    }
    if (n)
        qsort(lines, n, sizeof *lines, compare_lines);
    for (size_t i = 0; i < n; i++) {
        strbuf_puts(&all, lines[i]);
        free(lines[i]);
    }
    if (!complete || all.failed)
        return error_oom(err);
    return hash_of(all.data ? all.data : "", all.len, ret_hex, err);
}

static int describe_done(const struct model *model, const struct pipeline_result *result,
                         double sync, double total, json_t **ret_done, struct error *err)
{
    char digest[HASH_HEX_SIZE];
    int r = model_digest(model, result, digest, err);
    if (r < 0)
        return r;
    json_t *files = json_array();
    for (uint32_t i = 0; i < model->n_files; i++)
        if (*result->sha256[i])
            (void)json_array_append_new(
                files, json_pack("{s:o, s:I, s:s}", "name",
                                 json_text(model->files[i].name, strlen(model->files[i].name)),
                                 "bytes", (json_int_t)model->files[i].size, "sha256",
                                 result->sha256[i]));
    const struct stage_seconds *s = &result->seconds;
    *ret_done = json_pack("{s:o, s:s, s:{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}}", "source_files",
                          files, "digest", digest, "seconds", "hash", s->hash, "read", s->read,
                          "decode", s->decode, "encode", s->encode, "measure", s->measure, "write",
                          s->write, "sync", sync, "total", total);
    return *ret_done ? 0 : error_oom(err);
}

static void tell_sync(void *context)
{
    job_emit(context, "progress",
             json_pack("{s:i, s:i, s:s}", "done", 1, "total", 1, "stage", "sync"));
}

static int sync_targets(const struct job_context *job, struct targets *targets,
                        double *ret_seconds, struct error *err)
{
    uint64_t start = timing_now();
    tell_sync((void *)job);
    for (size_t i = 0; i < targets->n; i++) {
        int r = target_finish(&targets->list[i], tell_sync, (void *)job, err);
        if (r < 0)
            return r;
    }
    *ret_seconds = timing_since(start);
    return 0;
}

static int run(const struct job_context *job, struct source *source, struct model *model,
               const struct importance *importance, int staging, struct targets *targets,
               struct pipeline_result *result, struct error *err)
{
    for (size_t i = 0; i < targets->n; i++) {
        int r = target_open(&targets->list[i], staging, model, err);
        if (r < 0)
            return r;
    }
    struct pipeline_request request = {
        .source = source,
        .model = model,
        .targets = targets->list,
        .n_targets = targets->n,
        .importance = importance,
        .threads = job->threads,
        .keep_nonfinite = !strcmp(json_get_string(job->request, "nonfinite", "refuse"), "keep"),
        .progress = tell_progress,
        .context = (void *)job,
    };
    return pipeline_run(&request, result, err);
}

int job_convert(const struct job_context *job, struct model *model, int staging, json_t **ret_done,
                struct error *err)
{
    CLEANUP(source_close_cleanup) struct source *source = NULL;
    CLEANUP(importance_free_cleanup) struct importance *importance = NULL;
    CLEANUP(targets_deinit) struct targets targets = { 0 };
    struct pipeline_result result = { 0 };
    uint64_t start = timing_now();
    double sync = 0;
    int r = job_open_model(job, model, json_get_string(job->request, "format", NULL), &source, err);
    if (r == 0)
        r = job_tell_source(job, model, err);
    if (r == 0)
        r = job_open_importance(job, 1, &importance, err);
    if (r == 0)
        r = prepare_targets(job, model, source, importance, &targets, err);
    if (r == 0)
        r = run(job, source, model, importance, staging, &targets, &result, err);
    if (r == 0)
        r = sync_targets(job, &targets, &sync, err);
    for (size_t i = 0; r == 0 && i < targets.n; i++)
        emit_target(job, model, &targets.list[i], &result);
    if (r == 0)
        r = describe_done(model, &result, sync, timing_since(start), ret_done, err);
    if (r == 0 && importance)
        (void)json_object_set_new(*ret_done, "importance", importance_json(importance));
    pipeline_result_deinit(&result);
    return r;
}
