/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * `pare compare`: the errors of one model's weights against another's, tensor by tensor, whatever
 * their formats. A checkpoint that was quantized by others is seen as the weights it stands for;
 * one under other names than the other's is seen under these, where a map knows how.
 */
#include "worker/compare.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/timing.h"
#include "target/route.h"
#include "map/map.h"
#include "plugin/source.h"
#include "weights/measure_tensors.h"

#include <string.h>

static json_t *missing_names(const struct model *a, const struct model *b)
{
    json_t *names = json_array();
    uint64_t other;
    for (uint64_t i = 0; i < a->n_tensors; i++)
        if (!model_find_tensor(b, a->tensors[i].name, &other))
            (void)json_array_append_new(names,
                                        json_text(a->tensors[i].name.data, a->tensors[i].name.len));
    return names;
}

struct side {
    struct source *opened;
    struct routes routes;
    struct source *source; /* these are measured */
    const struct model *model;
    const char *map;
};

struct comparison {
    const struct job_context *job;
    struct side a, b;
    struct importance *importance; /* or NULL */
};

static void side_deinit(struct side *side)
{
    routes_deinit(&side->routes);
    source_close(side->opened);
}

static void comparison_deinit(struct comparison *c)
{
    side_deinit(&c->a);
    side_deinit(&c->b);
    importance_free(c->importance);
}

static int open_side(const struct job_context *job, struct model *model, struct side *side,
                     struct error *err)
{
    int r = job_open(job, model, NULL, &side->opened, err);
    routes_init(&side->routes, job, side->opened, model, 1);
    side->source = side->opened;
    side->model = model;
    side->map = "";
    return r;
}

static int have_a_name_in_common(const struct model *a, const struct model *b)
{
    for (uint64_t i = 0; i < a->n_tensors; i++)
        if (model_find_tensor(b, a->tensors[i].name, NULL))
            return 1;
    return 0;
}

/* Chooses how to see a side: unpacked, and under the other side's names where a map leads to
 * them. If that fails, a warning says why, and the side is compared as it is. */
static int choose_route(struct side *side, const struct side *other, int is_foreign,
                        struct error *err)
{
    const char *format = side->routes.model->format, *leads_to = map_leads_to(format);
    int maps = is_foreign && leads_to && !strcmp(leads_to, other->routes.model->format);
    struct route_request request = { maps ? leads_to : format, "", NULL, 0 };
    struct route *route = NULL;
    int r = routes_find(&side->routes, &request, &route, err);
    if (r == PARE_ENOTSUP || r == PARE_EDATA || r == PARE_EINCOMPLETE) {
        job_emit(side->routes.job, "warning",
                 json_pack("{s:o}", "text", json_text(err->text, strlen(err->text))));
        return 0;
    }
    if (r < 0)
        return r;
    side->source = route->source;
    side->model = route->model;
    side->map = route_map(route);
    return 0;
}

/* One line of the comparison; *all grows by its sums. */
static int compare_one(const struct comparison *c, uint64_t ia, uint64_t ib, struct measure *all,
                       json_t **ret_line, struct error *err)
{
    const struct model_tensor *ta = &c->a.model->tensors[ia], *tb = &c->b.model->tensors[ib];
    json_t *line = json_pack("{s:o, s:o, s:s, s:s, s:I, s:I, s:I}", "name",
                             json_text(ta->name.data, ta->name.len), "shape", tensor_shape(ta), "a",
                             ta->encoding_name, "b", tb->encoding_name, "elements",
                             (json_int_t)ta->elements, "bytes_a", (json_int_t)ta->bytes, "bytes_b",
                             (json_int_t)tb->bytes);
    *ret_line = line;
    if (!tensor_shapes_agree(ta, tb) || !ta->encoding || !tb->encoding) {
        const char *why = tensor_shapes_agree(ta, tb) ? "no plugin decodes it"
                                                      : "the shapes differ";
        (void)json_object_set_new(line, "problem", json_string(why));
        return 0;
    }
    struct measure m = MEASURE_INIT;
    int r = measure_tensors(&(struct measure_pair){ c->a.source, c->b.source, ta, tb, ia, ib },
                            c->importance, &m, err);
    if (r < 0)
        return r;
    measure_to_json(&m, line);
    if (c->importance)
        measure_weighted_to_json(&m, line);
    (void)json_object_set_new(line, "nonfinite",
                              json_integer((json_int_t)(m.nonfinite + m.overflowed)));
    measure_merge(all, &m);
    return 0;
}

static json_t *describe_side(const struct side *side)
{
    const struct model *model = side->model;
    uint64_t n = model_parameters(model), bytes = model_bytes(model);
    return json_pack("{s:s, s:I, s:I, s:I, s:f, s:o, s:s}", "format", side->routes.model->format,
                     "tensors", (json_int_t)model->n_tensors, "parameters", (json_int_t)n, "bytes",
                     (json_int_t)bytes, "bits_per_weight", n ? 8.0 * (double)bytes / (double)n : 0,
                     "census", model_census(model), "map", side->map);
}

/* A comparison of nothing shows no difference, which must not look like agreement. */
static void warn_of_nothing(const struct comparison *c)
{
    job_emit(c->job, "warning",
             json_pack("{s:s}", "text",
                       "no tensor has the same name in both models: nothing was compared"));
}

static int compare_all(const struct comparison *c, json_t *lines, struct measure *all,
                       struct error *err)
{
    uint64_t told = timing_now(), ib;
    for (uint64_t ia = 0; ia < c->a.model->n_tensors; ia++) {
        if (!model_find_tensor(c->b.model, c->a.model->tensors[ia].name, &ib))
            continue;
        json_t *line = NULL;
        int r = compare_one(c, ia, ib, all, &line, err);
        (void)json_array_append_new(lines, line);
        if (r < 0)
            return r;
        if (timing_since(told) < 0.2)
            continue;
        told = timing_now();
        job_emit(c->job, "progress",
                 json_pack("{s:I, s:I, s:s}", "done", (json_int_t)ia, "total",
                           (json_int_t)c->a.model->n_tensors, "stage", "compare"));
    }
    if (!json_array_size(lines))
        warn_of_nothing(c);
    return 0;
}

int job_compare(const struct job_context *job, struct model *model, struct model *other,
                struct error *err)
{
    CLEANUP(comparison_deinit) struct comparison c = { .job = job };
    _cleanup_json_ json_t *lines = json_array();
    struct measure all = MEASURE_INIT;
    int r = open_side(job, model, &c.a, err);
    if (r == 0)
        r = open_side(job, other, &c.b, err);
    int is_foreign = r == 0 && !have_a_name_in_common(model, other);
    if (r == 0)
        r = choose_route(&c.a, &c.b, is_foreign, err);
    if (r == 0)
        r = choose_route(&c.b, &c.a, is_foreign, err);
    if (r == 0)
        r = job_open_importance(job, 1, &c.importance, err);
    if (r == 0)
        r = compare_all(&c, lines, &all, err);
    if (r < 0)
        return r;
    json_t *total = json_pack("{s:I}", "elements", (json_int_t)all.n);
    measure_to_json(&all, total);
    if (c.importance)
        measure_weighted_to_json(&all, total);
    json_t *fields = json_pack("{s:o, s:o, s:O, s:o, s:o, s:o}", "a", describe_side(&c.a), "b",
                               describe_side(&c.b), "tensors", lines, "only_a",
                               missing_names(c.a.model, c.b.model), "only_b",
                               missing_names(c.b.model, c.a.model), "total", total);
    if (c.importance)
        (void)json_object_set_new(fields, "importance", importance_json(c.importance));
    job_emit(job, "comparison", fields);
    return 0;
}
