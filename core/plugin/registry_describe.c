/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What is loaded, as JSON: for `pare plugins` and for manifests. Evaluators and matrix services are
 * told only where there are some.
 */
#include "base/json.h"
#include "plugin/cpu.h"
#include "plugin/registry_private.h"
#include "plugin/validate.h"

#include <string.h>

/* Plugins may say things that are not UTF-8. */
static json_t *text(const char *s)
{
    return json_text(s, strlen(s));
}

static json_t *describe_plane(const struct pare_plane *plane)
{
    static const char *const per[] = { "block", "row", "column", "tile", "tensor" };
    json_t *object = json_pack("{s:s, s:s, s:i}", "name", plane->name, "per", per[plane->per],
                               "bits", (int)plane->bits);
    if (plane->row_bytes)
        (void)json_object_set_new(object, "row_bytes", json_integer(plane->row_bytes));
    if (plane->per == PARE_PER_TILE)
        (void)json_object_set_new(object, "tile",
                                  json_pack("[i, i]", (int)plane->tile_rows,
                                            (int)plane->tile_columns));
    return object;
}

static json_t *describe_encoding(const struct encoding *e)
{
    json_t *planes = json_array(), *kernels = json_array();
    for (uint32_t i = 0; i < e->n_planes; i++)
        (void)json_array_append_new(planes, describe_plane(&e->planes[i]));
    for (size_t i = 0; e->kernels[i]; i++) {
        struct pare_kernel k;
        char needs[64];
        if (validate_kernel(e->kernels[i], &k, NULL) < 0)
            continue;
        cpu_describe(k.cpu, needs, sizeof needs);
        (void)json_array_append_new(kernels, json_pack("{s:s, s:s, s:b, s:b, s:b}", "name", k.name,
                                                       "needs", needs, "encode", k.encode != NULL,
                                                       "decode", k.decode != NULL, "used",
                                                       !strcmp(k.name, e->kernel.name)));
    }
    double bits = 0; /* of a block; of tiles their share; what rows have besides does not count */
    for (uint32_t i = 0; i < e->n_planes; i++) {
        const struct pare_plane *p = &e->planes[i];
        if (p->per == PARE_PER_BLOCK)
            bits += p->bits;
        else if (p->per == PARE_PER_TILE)
            bits += (double)p->bits * e->block_len / ((double)p->tile_rows * p->tile_columns);
    }
    const char *kind = e->flags & PARE_ENCODING_FLOAT     ? "float"
                       : e->flags & PARE_ENCODING_INTEGER ? "integer"
                                                          : "quantized";
    return json_pack("{s:s, s:o, s:s, s:i, s:f, s:b, s:b, s:b, s:b, s:o, s:o}", "name", e->name,
                     "summary", text(e->summary), "kind", kind, "block_len", (int)e->block_len,
                     "bits_per_weight", bits / e->block_len, "whole_rows",
                     (e->flags & PARE_ENCODING_WHOLE_ROWS) != 0, "importance",
                     (e->flags & PARE_ENCODING_IMPORTANCE) != 0, "needs_importance",
                     (e->flags & PARE_ENCODING_NEEDS_IMPORTANCE) != 0, "best",
                     (e->flags & PARE_ENCODING_BEST) != 0, "planes", planes, "kernels", kernels);
}

/* Natively: what any writer of planes holds besides is not listed. */
static json_t *describe_writer(const struct registry *registry, const struct pare_writer *writer)
{
    json_t *encodings = json_array();
    const struct encoding *e;
    for (size_t i = 0; (e = registry_encoding_at(registry, i)); i++)
        if (writer_holds(writer, e) == PARE_HOLDS)
            (void)json_array_append_new(encodings, text(e->name));
    return json_pack("{s:s, s:o, s:o, s:o}", "name", writer->name, "summary", text(writer->summary),
                     "suffix", text(writer->suffix), "encodings", encodings);
}

static json_t *describe_evaluator(const struct pare_evaluator *evaluator)
{
    json_t *formats = json_array();
    for (size_t i = 0; evaluator->formats[i]; i++)
        (void)json_array_append_new(formats, text(evaluator->formats[i]));
    return json_pack("{s:s, s:o, s:o}", "name", evaluator->name, "summary",
                     text(evaluator->summary), "formats", formats);
}

static json_t *describe_matrix(const struct registry *registry, const struct pare_matrix *matrix)
{
    char needs[64];
    cpu_describe(matrix->cpu, needs, sizeof needs);
    return json_pack("{s:s, s:o, s:I, s:s, s:b}", "name", matrix->name, "summary",
                     text(matrix->summary), "rank", (json_int_t)matrix->rank, "needs", needs,
                     "used", matrix == registry_matrix(registry));
}

/* Evaluators and matrix services, into a plugin's object. */
static void describe_services(const struct registry *registry, const struct loaded *l,
                              json_t *object)
{
    json_t *evaluators = json_array(), *matrices = json_array();
    for (size_t i = 0; i < l->n_evaluators; i++)
        (void)json_array_append_new(evaluators, describe_evaluator(&l->evaluators[i]));
    for (size_t i = 0; i < l->n_matrices; i++)
        (void)json_array_append_new(matrices, describe_matrix(registry, &l->matrices[i]));
    if (l->n_evaluators)
        (void)json_object_set(object, "evaluators", evaluators);
    if (l->n_matrices)
        (void)json_object_set(object, "matrices", matrices);
    json_decref(evaluators);
    json_decref(matrices);
}

static json_t *describe_plugin(const struct registry *registry, const struct loaded *l)
{
    json_t *readers = json_array(), *writers = json_array(), *encodings = json_array();
    for (size_t i = 0; i < l->n_readers; i++)
        (void)json_array_append_new(readers, json_pack("{s:s, s:o}", "name", l->readers[i].name,
                                                       "summary", text(l->readers[i].summary)));
    for (size_t i = 0; i < l->n_writers; i++)
        (void)json_array_append_new(writers, describe_writer(registry, &l->writers[i]));
    for (size_t i = 0; i < l->n_encodings; i++)
        (void)json_array_append_new(encodings, describe_encoding(l->encodings[i]));
    json_t *object = json_pack("{s:s, s:o, s:o, s:o, s:s, s:i, s:o, s:o, s:o}", "name",
                               l->plugin.name, "version", text(l->plugin.version), "summary",
                               text(l->plugin.summary), "file", text(l->path), "sha256", l->sha256,
                               "abi", 1, "readers", readers, "writers", writers, "encodings",
                               encodings);
    describe_services(registry, l, object);
    return object;
}

json_t *registry_describe(const struct registry *registry)
{
    json_t *plugins = json_array();
    for (size_t i = 0; i < registry->n_plugins; i++)
        (void)json_array_append_new(plugins, describe_plugin(registry, registry->plugins[i]));
    return json_pack("{s:o, s:O}", "plugins", plugins, "refused", registry->refused);
}

json_t *registry_versions(const struct registry *registry)
{
    json_t *versions = json_array();
    for (size_t i = 0; i < registry->n_plugins; i++) {
        const struct loaded *l = registry->plugins[i];
        (void)json_array_append_new(versions,
                                    json_pack("{s:s, s:o, s:s}", "name", l->plugin.name, "version",
                                              text(l->plugin.version), "sha256", l->sha256));
    }
    return versions;
}
