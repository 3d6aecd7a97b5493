/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Applying architecture maps: see map.h. A map is chosen by what config.json says (or by a GGUF's
 * architecture, for the way back), worked through once, and all that remains is a view.
 */
#include "map/map.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "map/map_config.h"
#include "map/map_work.h"
#include "map/tokenizer.h"

#include <string.h>

struct map {
    struct map_rules *rules;
    struct view *view;
    struct source *source;
    json_t *files;
};

DEFINE_CLEANUP(struct map *, map_close);

void map_close(struct map *map)
{
    if (!map)
        return;
    if (map->source)
        source_close(map->source);
    view_free(map->view);
    map_rules_free(map->rules);
    json_decref(map->files);
    free(map);
}

struct source *map_source(struct map *map)
{
    return map->source;
}

struct model *map_model(struct map *map)
{
    return view_model(map->view);
}

const json_t *map_files(const struct map *map)
{
    return map ? map->files : NULL;
}

const char *map_name(const struct map *map)
{
    return map ? map->rules->name : "";
}

/* From a folder of Hugging Face's to GGUF's names. 1: there is no config.json, so that nothing is
 * known but tensors. */
static int open_forward(struct map *map, struct map_work *work)
{
    json_t *config = NULL;
    int r = map_read_config(work->model, &config, work->err);
    if (r < 0)
        return r;
    if (!config)
        return 1;
    int chosen = map_rules_choose(work->request->dirs, config, NULL, &map->rules, work->err);
    if (chosen) {
        r = chosen < 0 ? chosen : map_unknown_architecture(work->model, config, work->err);
        json_decref(config);
        return r;
    }
    work->rules = map->rules;
    r = map_work_begin(work, config);
    if (!r)
        r = map_tensors_add(work);
    if (!r)
        r = map_shapes_check(work);
    return r ? r : map_meta_add(work);
}

/* From GGUF's names to a folder of Hugging Face's. */
static int open_back(struct map *map, struct map_work *work)
{
    json_t *config = NULL;
    work->rules = map->rules;
    work->reverse = 1;
    map_work_env(work);
    int r = map_reverse_config(work, &config);
    json_t *values = r ? NULL : json_deep_copy(config);
    if (!r)
        r = values ? map_work_begin(work, values) : error_oom(work->err);
    if (!r)
        r = map_reverse_tensors(work);
    if (!r)
        r = map_reverse_files(work, config, &map->files);
    if (!r && !work->request->tensors_only) {
        _cleanup_json_ json_t *tokenizer = NULL;
        r = tokenizer_unload(work->model, work->request->dirs, &tokenizer, work->err);
        if (!r && json_object_update(map->files, tokenizer) < 0)
            r = error_oom(work->err);
    }
    json_decref(config);
    return r;
}

/* Whether there is a way back: 0, or 1 when no map is for the GGUF's architecture. */
static int choose_back(const struct map_request *request, const struct model *model,
                       struct map *map, struct error *err)
{
    _cleanup_free_ char *architecture = model_architecture(model);
    _cleanup_free_ char *type = meta_string(model, "general.type");
    if (!architecture || (type && strcmp(type, "model") != 0))
        return 1;
    return map_rules_choose(request->dirs, NULL, architecture, &map->rules, err);
}

static int is_yes(const json_t *options, const char *name)
{
    const char *text = json_get_string(options, name, "");
    return !strcmp(text, "yes") || !strcmp(text, "true") || !strcmp(text, "1");
}

int map_open(const struct map_request *request, struct source *base, struct model *model,
             struct map **ret, struct error *err)
{
    int forward = !strcmp(request->to, "gguf") && !strcmp(model->format, "safetensors");
    int back = !strcmp(request->to, "safetensors") && !strcmp(model->format, "gguf") &&
               is_yes(request->options, "huggingface");
    if ((!forward && !back) || is_yes(request->options, "as_container"))
        return 1;
    CLEANUP(map_close_cleanup) struct map *map = calloc(1, sizeof *map);
    if (!map)
        return error_oom(err);
    int r = back ? choose_back(request, model, map, err) : 0;
    if (!r)
        r = view_new(base, &map->view, err);
    if (r)
        return r;
    struct map_work work = {
        .request = request, .base = base, .model = model, .view = map->view,
        .target = view_model(map->view), .f32 = registry_encoding(request->registry, "f32"),
        .err = err
    };
    work.target->format = forward ? "gguf" : "safetensors";
    if (!work.f32)
        return error_set(err, PARE_EPLUGIN, "no plugin provides the encoding f32");
    r = forward ? open_forward(map, &work) : open_back(map, &work);
    map_work_end(&work);
    if (!r)
        r = view_source(map->view, &map->source, err);
    if (!r)
        *ret = TAKE(map);
    return r;
}
