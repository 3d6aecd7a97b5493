/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A job's context (job.h): what it says of itself and of the models that it opens.
 */
#include "target/job.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/timing.h"
#include "base/values.h"
#include "model/arrived.h"
#include "model/metadata.h"
#include "model/side_files.h"
#include "plugin/rivals.h"
#include "provenance/provenance.h"
#include "settings/settings.h"

#include <string.h>

#define MAX_WARNINGS 1000
#define BEAT_SECONDS 0.2

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
    if (level != PARE_LOG_WARNING || !strcmp(kind, "verify") || !strcmp(kind, "probe") ||
        json_array_size(job->warnings) >= MAX_WARNINGS)
        return;
    (void)json_array_append_new(job->warnings, json_text(text, strlen(text)));
    job_emit(job, "warning", json_pack("{s:o}", "text", json_text(text, strlen(text))));
}

void job_warn(const struct job_context *job, const char *text)
{
    warn((void *)job, PARE_LOG_WARNING, text);
}

static json_t *text_or_null(char *text)
{
    json_t *json = text ? json_text(text, strlen(text)) : json_null();
    free(text);
    return json;
}

int job_identify(const struct model *model, json_t **ret_architecture, json_t **ret_license,
                 struct error *err)
{
    char *architecture = model_architecture(model);
    char *license = meta_string(model, "general.license");
    memory_reading_begin();
    int r = architecture ? 0 : side_file_model_type(model, &architecture, err);
    if (r == 0 && !license)
        r = provenance_license(model, &license, err);
    memory_reading_end();
    if (r < 0) {
        free(architecture);
        free(license);
        return r;
    }
    *ret_architecture = text_or_null(architecture);
    *ret_license = text_or_null(license);
    return 0;
}

/* A text of which the parent takes only so much (docs/protocol.md), cut between characters. */
static json_t *shortened(json_t *text, size_t limit)
{
    size_t n = json_string_length(text);
    const char *data = json_string_value(text);
    if (n <= limit)
        return text;
    for (n = limit; n && ((unsigned char)data[n] & 0xc0) == 0x80;)
        n--;
    json_t *start = json_stringn(data, n);
    json_decref(text);
    return start;
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
                       "architecture", shortened(architecture, 4096), "name",
                       json_get_string(source, "name", ""), "parameters",
                       (json_int_t)model_parameters(model), "tensors", (json_int_t)model->n_tensors,
                       "bytes", (json_int_t)model_bytes(model), "census", model_census(model),
                       "license", shortened(license, 1 << 16), "metadata",
                       (json_int_t)model->n_meta));
    return 0;
}

int job_open(const struct job_context *job, struct model *model, const char *format,
             struct source **ret_source, struct error *err)
{
    struct host_hooks hooks = { .log = warn, .context = (void *)job };
    int r = arrived_check_pointers(model, err);
    if (r < 0)
        return r;
    memory_reading_begin();
    r = rivals_open(job->registry, model, format, &hooks, ret_source, err);
    memory_reading_end();
    return r;
}

int model_is_importance(const struct model *model)
{
    _cleanup_free_ char *type = meta_string(model, "general.type");
    return !strcmp(model->format, "imatrix") || (type && !strcmp(type, "imatrix"));
}

/* A file that is promised and not there is told, since a conversion without it may lack tokens or
 * the chat template. */
static int warn_of_promise(const struct job_context *job, const struct model *model,
                           struct error *err)
{
    struct arrived_promise promise;
    const char *kind = json_get_string(job->request, "kind", "");
    if (strcmp(kind, "convert") != 0 && strcmp(kind, "plan") != 0)
        return 0;
    int r = arrived_find_promise(model, &promise, err);
    if (r > 0)
        job_warn(job, promise.text);
    return r < 0 ? r : 0;
}

int job_open_model(const struct job_context *job, struct model *model, const char *format,
                   struct source **ret_source, struct error *err)
{
    int r = warn_of_promise(job, model, err);
    if (r == 0)
        r = job_open(job, model, format, ret_source, err);
    if (r < 0 || !model_is_importance(model))
        return r;
    source_close(*ret_source);
    *ret_source = NULL;
    return error_set(err, PARE_EDATA,
                     "%s: an importance matrix, not a model: name it MODEL.imatrix.gguf (or "
                     ".imatrix.dat) and put it beside its MODEL, or give it to `pare convert "
                     "--importance'",
                     model->files[0].name);
}

void job_beat(void *context)
{
    struct job_heart *heart = context;
    heart->steps++;
    if (heart->told && timing_since(heart->told) < BEAT_SECONDS)
        return;
    heart->told = timing_now();
    job_emit(heart->job, "progress",
             json_pack("{s:i, s:i, s:s, s:I}", "done", 0, "total", 0, "stage", heart->stage, "step",
                       (json_int_t)heart->steps));
}

DEFINE_CLEANUP(struct importance *, importance_free);

int job_open_importance(const struct job_context *job, int check,
                        struct importance **ret_importance, struct error *err)
{
    const json_t *wanted = json_object_get(job->request, "importance");
    CLEANUP(importance_free_cleanup) struct importance *importance = NULL;
    struct host_hooks hooks = { .log = warn, .context = (void *)job };
    struct job_heart heart = { .job = job, .stage = "importance" };
    *ret_importance = NULL;
    if (!wanted)
        return 0;
    memory_reading_begin();
    int r = importance_open(job->registry, job->importance, json_get_string(wanted, "name", ""),
                            &hooks, &importance, err);
    memory_reading_end();
    if (r == 0 && (json_object_get(wanted, "include") || json_object_get(wanted, "exclude")))
        r = importance_restrict(importance, json_object_get(wanted, "include"),
                                json_object_get(wanted, "exclude"), err);
    if (r == 0 && check)
        r = importance_check(importance, job_beat, &heart, err);
    if (r < 0)
        return r;
    *ret_importance = TAKE(importance);
    return 0;
}

int job_flag(const json_t *options, const char *key, int *ret_flag, struct error *err)
{
    const char *text = json_get_string(options, key, "no");
    if (value_flag(text, ret_flag) == 0)
        return 0;
    return error_set(err, PARE_EUSAGE, "%s must be true or false, and it is `%s`", key,
                     text_show(text_of(text)).text);
}

int job_without_digests(const struct job_context *job)
{
    return !strcmp(settings_text(job->request, "digest"), "none");
}
