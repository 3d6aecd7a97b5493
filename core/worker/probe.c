/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Has a model arrived? What its reader says is certain. Of a folder, side files come in any order
 * and some models have not all of them: where one promises another that is not there, or a target
 * could not be made of what there is, that is a doubt, for which the daemon waits a while.
 */
#include "worker/probe.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "target/target.h"
#include "model/arrived.h"
#include "model/side_files.h"
#include "settings/settings.h"

#include <string.h>

DEFINE_CLEANUP(struct source *, source_close);
DEFINE_CLEANUP(struct importance *, importance_free);

static void tell_doubt(const struct job_context *job, const char *text, const char *kind,
                       double age)
{
    job_emit(job, "doubt",
             json_pack("{s:o, s:s, s:f}", "text", json_text(text, strlen(text)), "kind", kind,
                       "age", age));
}

/* Plans one target. Only what waiting does not cure is passed on. */
static int try_target(const struct job_context *job, struct routes *routes,
                      const struct importance *importance, size_t i, struct error *ret_doubt,
                      struct error *err)
{
    const json_t *wanted = json_object_get(job->request, "targets");
    struct target target;
    struct target_setup setup = {
        .routes = routes,
        .overrides = json_object_get(job->request, "overrides"),
        .plan = { .allow_requantize = settings_flag(job->request, "allow_requantize"),
                  .draft = 1,
                  .importance = importance },
    };
    struct error said = ERROR_INIT;
    int r = target_prepare(&target, i, json_array_get(wanted, i), &setup, &said);
    target_deinit(&target);
    if (r < 0 && error_is_transient(r)) {
        *err = said;
        return r;
    }
    if (r < 0)
        *ret_doubt = said;
    return 0;
}

/* 1: a target cannot be made of what there is. */
static int try_targets(const struct job_context *job, struct source *source, struct model *model,
                       const struct importance *importance, struct error *ret_doubt,
                       struct error *err)
{
    CLEANUP(routes_deinit) struct routes routes = { 0 };
    size_t n = json_array_size(json_object_get(job->request, "targets"));
    int r = 0;
    routes_init(&routes, job, source, model, 0);
    for (size_t i = 0; r == 0 && !ret_doubt->code && i < n; i++)
        r = try_target(job, &routes, importance, i, ret_doubt, err);
    return r < 0 ? r : ret_doubt->code != 0;
}

/* What may be wrong with a folder for no other reason than that it is not all there. */
static int find_doubts(const struct job_context *job, struct source *source, struct model *model,
                       const struct importance *importance, struct error *err)
{
    struct arrived_promise promise;
    struct error doubt = ERROR_INIT;
    int r = arrived_find_promise(model, &promise, err);
    if (r > 0)
        tell_doubt(job, promise.text, "promise", promise.age);
    if (r != 0)
        return r < 0 ? r : 0;
    r = try_targets(job, source, model, importance, &doubt, err);
    int is_file_missing = doubt.code == PARE_EINCOMPLETE || !side_file_find(model, "config.json");
    if (r > 0)
        tell_doubt(job, doubt.text, is_file_missing ? "missing" : "refused", 0);
    return r < 0 ? r : 0;
}

int job_probe(const struct job_context *job, struct model *model, struct error *err)
{
    CLEANUP(source_close_cleanup) struct source *source = NULL;
    CLEANUP(importance_free_cleanup) struct importance *importance = NULL;
    int is_folder = json_get_bool(json_object_get(job->request, "source"), "folder", 0);
    int r = is_folder ? arrived_check_side_files(model, err) : 0;
    if (r == 0)
        r = job_open_model(job, model, NULL, &source, err);
    if (r == 0)
        r = job_open_importance(job, 0, &importance, err);
    if (r == 0)
        r = job_tell_source(job, model, err);
    return r == 0 && is_folder ? find_doubts(job, source, model, importance, err) : r;
}
