/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Applying architecture maps: see map.h. The map is chosen by config.json or, on the way back, by
 * the GGUF's architecture. It is worked through once; what is left of that is a view.
 */
#include "map/map.h"

#include "base/cleanup.h"
#include "map/map_private.h"
#include "model/metadata.h"
#include "plugin/source.h"

#include <stdio.h>
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

/* 1 when the model is the reason and not the machine, so that trying again would not help. */
static int is_refusal(int r)
{
    return r == PARE_ENOTSUP || r == PARE_EDATA || r == PARE_ELIMIT || r == PARE_EINCOMPLETE ||
           r == PARE_EUSAGE;
}

/* 1 for a GGUF that only holds tensors under names of others (docs/formats/gguf.md). */
static int is_container(const struct model *model)
{
    _cleanup_free_ char *architecture = model_architecture(model);
    return architecture && !strcmp(architecture, "tensor-container");
}

/* There is no way back: the GGUF keeps its names, and a warning says why. */
static int give_up(const struct map_request *request, const struct error *why)
{
    char text[ERROR_TEXT_MAX + 200];
    (void)snprintf(text, sizeof text,
                   "the output keeps GGUF's names and is no Hugging Face folder:"
                   " %s (--as-container asks for that)",
                   why->text);
    if (request->warn && !request->tensors_only)
        request->warn(request->context, text);
    return 1;
}

int map_open(const struct map_request *request, struct source *base, struct model *model,
             struct map **ret, struct error *err)
{
    int forward = !strcmp(request->to, "gguf") && !strcmp(model->format, "safetensors");
    int back = !strcmp(request->to, "safetensors") && !strcmp(model->format, "gguf");
    struct error said = ERROR_INIT;
    if ((!forward && !back) || (back && is_container(model)))
        return 1;
    CLEANUP(map_close_cleanup) struct map *map = calloc(1, sizeof *map);
    if (!map)
        return error_oom(err);
    int r = view_new(base, &map->view, err);
    if (r)
        return r;
    struct map_work work = { .request = request,
                             .base = base,
                             .model = model,
                             .view = map->view,
                             .target = view_model(map->view),
                             .f32 = registry_encoding(request->registry, "f32"),
                             .err = &said };
    work.target->format = forward ? "gguf" : "safetensors";
    if (!work.f32)
        return error_set(err, PARE_EPLUGIN, "no plugin provides the encoding f32");
    r = forward ? map_forward(&work, &map->rules)
                : map_back(&work, &map->rules, &map->source, &map->files);
    map_work_end(&work);
    if (!r && forward)
        r = view_source(map->view, &map->source, &said);
    if (back && is_refusal(r))
        return give_up(request, &said);
    if (r < 0 && err)
        *err = said;
    if (!r)
        *ret = TAKE(map);
    return r;
}
