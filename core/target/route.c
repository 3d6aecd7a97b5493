/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Choosing what targets are made from: see route.h. Unpacking is tried when the first target asks
 * for it, so that a plain copy of a checkpoint needs no plugin or scheme that knows its insides.
 */
#include "target/route.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/memory.h"
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
    arranged_free(route->arranged);
    map_close(route->map);
    json_decref(route->files);
    json_decref(route->warnings);
    free(route->key);
    free(route);
}

DEFINE_CLEANUP(struct route *, route_free);

void routes_deinit(struct routes *routes)
{
    for (size_t i = routes->n; i-- > 0;) /* views before what they are made of */
        route_free(routes->list[i]);
    free(routes->list);
    unpack_close(routes->unpack);
}

/* 1: a copy in the same format has the source's bytes, whatever they stand for. */
static int is_plain(const struct routes *routes, const struct route_request *request,
                    struct error *err)
{
    int flag = 0;
    int r = job_flag(request->options, "as_container", &flag, err);
    if (r < 0)
        return r;
    return flag ||
           (!strcmp(request->recipe, "copy") && !strcmp(request->to, routes->model->format));
}

/* Sees once whether the source's weights were quantized by others. */
static int try_unpack(struct routes *routes, struct error *err)
{
    _cleanup_json_ json_t *config = NULL;
    if (routes->unpack_tried)
        return 0;
    int r = side_file_config(routes->model, &config, err);
    if (r == PARE_EDATA || r == PARE_ELIMIT || r == PARE_EINCOMPLETE)
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
        (void)json_object_set_new(key, "without_map", json_boolean(request->without_map));
    }
    return json_dumps(key, JSON_SORT_KEYS | JSON_COMPACT);
}

static void take_warning(void *context, const char *text)
{
    struct route *route = context;
    if (json_array_size(route->warnings) < MAX_WARNINGS)
        (void)json_array_append_new(route->warnings, json_text(text, strlen(text)));
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
    r = request->without_map ? 1 : map_open(&map, route->source, route->model, &route->map, err);
    if (r < 0)
        return r;
    if (r > 0)
        return routes->unpack ? unpack_files(routes->unpack, &route->files, err) : 0;
    route->source = map_source(route->map);
    route->model = map_model(route->map);
    route->files = json_incref((json_t *)map_files(route->map));
    return 0;
}

static int reserve_route(struct routes *routes, struct error *err)
{
    struct route **list = reallocarray(routes->list, routes->n + 1, sizeof *list);
    if (!list)
        return error_oom(err);
    routes->list = list;
    return 0;
}

int routes_find(struct routes *routes, const struct route_request *request,
                struct route **ret_route, struct error *err)
{
    CLEANUP(route_free_cleanup) struct route *route = calloc(1, sizeof *route);
    int plain = is_plain(routes, request, err);
    if (plain < 0)
        return plain;
    if (!route || !(route->key = make_key(request, plain)) || !(route->warnings = json_array()))
        return error_oom(err);
    for (size_t i = 0; i < routes->n; i++)
        if (!strcmp(routes->list[i]->key, route->key)) {
            *ret_route = routes->list[i];
            return 0;
        }
    int r = reserve_route(routes, err);
    memory_reading_begin();
    if (r == 0)
        r = open_route(routes, request, plain, route, err);
    memory_reading_end();
    if (r < 0)
        return r;
    *ret_route = routes->list[routes->n++] = TAKE(route);
    return 0;
}

int routes_origins(const struct routes *routes, const struct route *route, uint64_t **ret_origins,
                   struct error *err)
{
    const struct model *model = route->model;
    uint64_t *origins = malloc((model->n_tensors + 1) * sizeof *origins);
    if (!origins)
        return error_oom(err);
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        const struct model_tensor *t = &model->tensors[i];
        origins[i] = model == routes->model ? i : UINT64_MAX;
        if (t->made_of.data && !t->made_of_several)
            (void)model_find_tensor(routes->model, t->made_of, &origins[i]);
    }
    *ret_origins = origins;
    return 0;
}

/* A route that is a view of another one; targets do not share it. */
static int add_arranged(struct routes *routes, struct route *base, struct arranged *arranged,
                        struct route **ret_route, struct error *err)
{
    CLEANUP(route_free_cleanup) struct route *route = calloc(1, sizeof *route);
    if (!route) {
        arranged_free(arranged);
        return error_oom(err);
    }
    *route = (struct route){ .source = arranged_source(arranged),
                             .model = arranged_model(arranged),
                             .base = base,
                             .arranged = arranged,
                             .files = json_incref(base->files),
                             .warnings = json_incref(base->warnings),
                             .key = strdup("arranged") };
    int r = route->key ? reserve_route(routes, err) : error_oom(err);
    if (r == 0)
        *ret_route = routes->list[routes->n++] = TAKE(route);
    return r;
}

int routes_arrange(struct routes *routes, const struct layout_request *wanted, struct route **route,
                   struct error *err)
{
    struct arranged *arranged = NULL;
    struct layout_request request = *wanted;
    _cleanup_free_ uint64_t *origins = NULL;
    if (!request.writer->arrange)
        return 0;
    int r = routes_origins(routes, *route, &origins, err);
    request.registry = routes->job->registry;
    request.target = (*route)->model;
    request.source = routes->model;
    request.origins = origins;
    if (r == 0)
        r = arranged_make(&request, (*route)->source, &arranged, err);
    if (r != 0)
        return r < 0 ? r : 0;
    return add_arranged(routes, *route, arranged, route, err);
}

const char *route_map(const struct route *route)
{
    if (route->base)
        return route_map(route->base);
    return route->map ? map_name(route->map) : "";
}

const char *route_origin(const struct route *route)
{
    for (uint64_t i = 0; i < route->model->n_tensors; i++)
        if (route->model->tensors[i].origin)
            return route->model->tensors[i].origin;
    return NULL;
}
