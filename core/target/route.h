/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What targets are made from. A source may be read as it is, unpacked (unpack/unpack.h) when its
 * weights were quantized by others, or besides under the names of another world (map/map.h). Each
 * such way is a route: a model with a source. Targets that ask for the same share a route; the
 * pipeline runs once per route.
 */
#ifndef TARGET_ROUTE_H
#define TARGET_ROUTE_H

#include "target/job.h"
#include "plugin/arrange.h"

struct route {
    struct source *source; /* both are the route's, or borrowed */
    struct model *model;
    struct map *map;           /* NULL: under the source's own names */
    struct route *base;        /* of which this is a view that a writer asked for, or NULL */
    struct arranged *arranged; /* the view */
    json_t *files;             /* what a folder has besides (see map_files); NULL: nothing */
    json_t *warnings;          /* array of texts */
    char *key;                 /* targets of the same key share it */
};

struct routes {
    const struct job_context *job;
    struct source *source; /* as the reader gives it; borrowed, with its model */
    struct model *model;
    int tensors_only; /* 1: no metadata, no tokenizers */
    int unpack_tried;
    struct unpack *unpack; /* NULL: nothing is quantized */
    struct route **list;
    size_t n;
};

/* What a route is asked for. */
struct route_request {
    const char *to;        /* the target's format */
    const char *recipe;    /* its name, or "" */
    const json_t *options; /* the target's: object of strings; or NULL */
    int without_map;       /* 1: under the source's own names */
};

/* Does no work yet; source and model must outlive it. */
void routes_init(struct routes *routes, const struct job_context *job, struct source *source,
                 struct model *model, int tensors_only);
void routes_deinit(struct routes *routes);

/* Finds or makes the route of a target; it belongs to routes. Errors are those of map_open and
 * unpack_open. */
int routes_find(struct routes *routes, const struct route_request *request,
                struct route **ret_route, struct error *err) __attribute__((warn_unused_result));

/* Lets a writer arrange what a route gives: *route becomes one of its own, when the writer wishes
 * anything; it belongs to routes, too. Of the request, writer, options, asked and hooks count.
 * Errors are those of arranged_make. */
int routes_arrange(struct routes *routes, const struct layout_request *wanted, struct route **route,
                   struct error *err) __attribute__((warn_unused_result));

/* For each tensor of a route, the only one of the source that it is made of; UINT64_MAX: it is made
 * of several, or of none (free it). */
int routes_origins(const struct routes *routes, const struct route *route, uint64_t **ret_origins,
                   struct error *err) __attribute__((warn_unused_result));

/* The name of the map that a route goes by; "" for none. */
const char *route_map(const struct route *route);
/* How the weights of a route were quantized before: the first tensor's origin; or NULL. */
const char *route_origin(const struct route *route);

#endif
