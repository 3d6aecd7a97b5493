/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Choosing what targets are made from: see route.h. Unpacking is tried when the first target asks
 * for it, so that a plain copy of a checkpoint needs no plugin or scheme that knows its insides.
 */
#include "convert/route.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "map/map.h"
#include "model/side_files.h"
#include "plugin/source.h"
#include "unpack/unpack.h"

#include <string.h>

#define MAX_WARNINGS 1000

void routes_init(struct routes *routes, const struct job_context *job, struct source *source,
                 struct model *model, int tensors_only)
{
    *routes = (struct routes){
        .job = job, .source = source, .model = model, .tensors_only = tensors_only
    };
}

static void route_free(struct route *route)
{
    if (!route)
        return;
    map_close(route->map);
    json_decref(route->files);
    json_decref(route->warnings);
    free(route->key);
    free(route);
}

DEFINE_CLEANUP(struct route *, route_free);

void routes_deinit(struct routes *routes)
{
    for (size_t i = 0; i < routes->n; i++)
        route_free(routes->list[i]);
    free(routes->list);
    unpack_close(routes->unpack);
}

static int is_yes(const json_t *options, const char *key)
{
    const char *text = json_get_string(options, key, "no");
    return strcmp(text, "no") != 0 && strcmp(text, "false") != 0 && strcmp(text, "0") != 0;
}

/* A copy in the same format has the source's bytes, whatever they stand for. */
static int is_plain(const struct routes *routes, const struct route_request *request)
{
    return is_yes(request->options, "as_container") ||
           (!strcmp(request->recipe, "copy") && !strcmp(request->to, routes->model->format));
}

/* Sees once whether the source's weights were quantized by others. GGUF has encodings for all of
 * its own. */
static int try_unpack(struct routes *routes, struct error *err)
{
    _cleanup_json_ json_t *config = NULL;
    if (routes->unpack_tried || !strcmp(routes->model->format, "gguf"))
        return 0;
    int r = side_file_config(routes->model, &config, err);
    if (r == PARE_EDATA || r == PARE_ELIMIT)
        r = 1; /* who needs it says so */
    if (r == 0)
        r = unpack_open(routes->job->registry, routes->source, routes->model, config,
                        &routes->unpack, err);
    routes->unpack_tried = r >= 0;
    return r < 0 ? r : 0;
}

/* Options that are about how the output is divided and called choose no route. */
static int is_of_writer(const char *key)
{
    return !strcmp(key, "name") || !strcmp(key, "keep_split") || !strcmp(key, "shard_size") ||
           !strncmp(key, "split_", 6);
}

static char *make_key(const struct route_request *request, int plain)
{
    _cleanup_json_ json_t *key = json_pack("{s:b}", "plain", plain);
    _cleanup_json_ json_t *options = json_object();
    const char *name;
    json_t *value;
    if (!plain) {
        json_object_foreach((json_t *)request->options, name, value)
            if (!is_of_writer(name))
                (void)json_object_set(options, name, value);
        (void)json_object_set_new(key, "to", json_string(request->to));
        (void)json_object_set(key, "options", options);
    }
    return json_dumps(key, JSON_SORT_KEYS | JSON_COMPACT);
}

static void take_warning(void *context, const char *text)
{
    struct route *route = context;
    if (json_array_size(route->warnings) < MAX_WARNINGS)
        (void)json_array_append_new(route->warnings, json_text(text, strlen(text)));
}

/* The files of a folder that is unpacked: its config.json says that it is quantized no more. */
static int describe_unpacked(struct routes *routes, struct route *route, struct error *err)
{
    static const char *const names[] = { "quantization_config", "quantization",
                                         "compression_config" };
    _cleanup_json_ json_t *config = NULL;
    int r = side_file_json(routes->model, "config.json", SIDE_FILE_MAX_CONFIG, &config, err);
    if (r)
        return r < 0 ? r : 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)json_object_del(config, names[i]);
    route->files = json_pack("{s:O}", "config.json", config);
    return route->files ? 0 : error_oom(err);
}

static int open_route(struct routes *routes, const struct route_request *request, int plain,
                      struct route *route, struct error *err)
{
    route->source = routes->source;
    route->model = routes->model;
    if (plain)
        return 0;
    int r = try_unpack(routes, err);
    if (r < 0)
        return r;
    if (routes->unpack) {
        route->source = unpack_source(routes->unpack);
        route->model = unpack_model(routes->unpack);
    }
    const json_t *source = json_object_get(routes->job->request, "source");
    struct map_request map = { .registry = routes->job->registry,
                               .dirs = routes->job->architectures,
                               .to = request->to,
                               .name = json_get_string(source, "name", ""),
                               .options = request->options,
                               .tensors_only = routes->tensors_only,
                               .warn = take_warning,
                               .context = route };
    r = map_open(&map, route->source, route->model, &route->map, err);
    if (r < 0)
        return r;
    if (r > 0)
        return routes->unpack ? describe_unpacked(routes, route, err) : 0;
    route->source = map_source(route->map);
    route->model = map_model(route->map);
    route->files = json_incref((json_t *)map_files(route->map));
    return 0;
}

int routes_find(struct routes *routes, const struct route_request *request,
                struct route **ret_route, struct error *err)
{
    CLEANUP(route_free_cleanup) struct route *route = calloc(1, sizeof *route);
    int plain = is_plain(routes, request);
    if (!route || !(route->key = make_key(request, plain)) || !(route->warnings = json_array()))
        return error_oom(err);
    for (size_t i = 0; i < routes->n; i++)
        if (!strcmp(routes->list[i]->key, route->key)) {
            *ret_route = routes->list[i];
            return 0;
        }
    struct route **list = reallocarray(routes->list, routes->n + 1, sizeof *list);
    if (!list)
        return error_oom(err);
    routes->list = list;
    int r = open_route(routes, request, plain, route, err);
    if (r < 0)
        return r;
    *ret_route = routes->list[routes->n++] = TAKE(route);
    return 0;
}

const char *route_map(const struct route *route)
{
    return route->map ? map_name(route->map) : "";
}

const char *route_origin(const struct route *route)
{
    for (uint64_t i = 0; i < route->model->n_tensors; i++)
        if (route->model->tensors[i].origin)
            return route->model->tensors[i].origin;
    return NULL;
}
