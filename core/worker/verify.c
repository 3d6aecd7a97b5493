/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Verification of a written output: it is read anew, compared with what the conversion said of it,
 * and samples of its weights are measured again. One thread, one slab at a time.
 */
#include "worker/verify.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "base/timing.h"
#include "target/route.h"
#include "plugin/source.h"
#include "results/rows_file.h"
#include "weights/measure_tensors.h"

#include <stdio.h>
#include <string.h>

DEFINE_CLEANUP(struct source *, source_close);
DEFINE_CLEANUP(struct rows_file *, rows_file_close);

struct verification {
    const struct job_context *job;
    const struct model *model, *output; /* model: what the output was made from */
    struct source *source, *written;
    uint64_t sampled;
};

static int check_probe(struct verification *v, const struct tensor_row *row, uint64_t from,
                       uint64_t to, struct error *err)
{
    const struct model_tensor *a = &v->model->tensors[from], *b = &v->output->tensors[to];
    const uint64_t first = row->probe_first, count = row->probe_count;
    const double said = row->figures[ROW_PROBE_SSE];
    struct measure m;
    if (!count || !a->encoding || !b->encoding || (a->encoding->flags & PARE_ENCODING_INTEGER))
        return 0;
    if (first > a->elements || count > a->elements - first)
        return error_set(err, PARE_EVERIFY, "the sample lies outside the tensor");
    int r = measure_slab(&(struct measure_pair){ v->source, v->written, a, b, from, to }, first,
                         count, &m, err);
    if (r < 0)
        return r;
    v->sampled += count;
    if (m.sse == said)
        return 0;
    return error_set(err, PARE_EVERIFY,
                     "the squared error of %llu elements from %llu is %.17g in the written file, "
                     "%.17g when it was made",
                     (unsigned long long)count, (unsigned long long)first, m.sse, said);
}

static int check_tensor(struct verification *v, const struct tensor_row *row, struct error *err)
{
    const struct text_shown name = text_show(row->name);
    uint64_t to, from;
    if (!model_find_tensor(v->output, row->name, &to))
        return error_set(err, PARE_EVERIFY, "the written file has no tensor `%s`", name.text);
    const struct model_tensor *t = &v->output->tensors[to];
    if (!text_is(row->to, t->encoding_name))
        return error_set(err, PARE_EVERIFY, "tensor `%s` is in %s, not in %.*s", name.text,
                         t->encoding_name, text_clip(row->to), row->to.data);
    if (!model_find_tensor(v->model, t->name, &from))
        return error_set(err, PARE_EVERIFY, "tensor `%s` is not in the source", name.text);
    if (!tensor_shapes_agree(&v->model->tensors[from], t))
        return error_set(err, PARE_EVERIFY, "tensor `%s` has another shape in the written file",
                         name.text);
    int r = check_probe(v, row, from, to, err);
    return r < 0 ? error_prefix(err, "tensor `%s`", name.text) : 0;
}

/* Every row is of another tensor, and there are as many of both: so each tensor has a row. */
static int check_once(unsigned char *seen, uint64_t index, struct pare_str name, struct error *err)
{
    if (seen[index / 8] & 1u << index % 8)
        return error_set(err, PARE_EVERIFY, "tensor `%s` has two rows", text_show(name).text);
    seen[index / 8] |= (unsigned char)(1u << index % 8);
    return 0;
}

static int check_tensors(struct verification *v, struct rows_file *file, struct error *err)
{
    uint64_t told = timing_now(), n = rows_file_count(file), index;
    struct tensor_row row;
    int r = 0;
    if (n != v->output->n_tensors)
        return error_set(err, PARE_EVERIFY, "the written file has %llu tensors, not %llu",
                         (unsigned long long)v->output->n_tensors, (unsigned long long)n);
    _cleanup_free_ unsigned char *seen = calloc(n / 8 + 1, 1);
    if (!seen)
        return error_oom(err);
    for (uint64_t i = 0; (r = rows_file_rows(file)->next(rows_file_rows(file), &row, err)) > 0;
         i++) {
        r = check_tensor(v, &row, err);
        if (r == 0 && model_find_tensor(v->output, row.name, &index))
            r = check_once(seen, index, row.name, err);
        if (r < 0)
            return r;
        if (timing_since(told) < 0.2)
            continue;
        told = timing_now();
        job_emit(v->job, "progress",
                 json_pack("{s:I, s:I, s:s}", "done", (json_int_t)i, "total", (json_int_t)n,
                           "stage", "verify"));
    }
    return r;
}

static int check_size(const struct model_file *f, const json_t *expected, struct error *err)
{
    int64_t want = -1;
    for (size_t j = 0; j < json_array_size(expected); j++)
        if (!strcmp(json_get_string(json_array_get(expected, j), "name", ""), f->name))
            want = json_get_int(json_array_get(expected, j), "bytes", -1);
    if (want >= 0 && f->size == (uint64_t)want)
        return 0;
    return error_set(err, PARE_EVERIFY, "%s has %llu bytes, not %lld", f->name,
                     (unsigned long long)f->size, (long long)want);
}

static int check_files(const struct model *output, const json_t *expected, struct error *err)
{
    if (json_array_size(expected) != output->n_files)
        return error_set(err, PARE_EVERIFY, "there are %u files, not %zu", output->n_files,
                         json_array_size(expected));
    for (uint32_t i = 0; i < output->n_files; i++) {
        int r = check_size(&output->files[i], expected, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Finds the route that the conversion made the output from, by what it reported. */
static int find_made(struct routes *routes, const json_t *expect, struct verification *v,
                     struct error *err)
{
    /* Without a map: the conversion did not use the one that there is. */
    struct route_request request = { json_get_string(expect, "format", ""),
                                     json_get_string(expect, "recipe", ""),
                                     json_object_get(expect, "options"),
                                     !*json_get_string(expect, "map", "") };
    struct route *route = NULL;
    const struct pare_writer *writer = registry_writer(v->job->registry, request.to);
    if (!writer)
        return error_set(err, PARE_EVERIFY, "no plugin writes `%s` any more", request.to);
    int r = routes_find(routes, &request, &route, err);
    struct layout_request wanted = { .writer = writer, .options = request.options };
    if (r == 0)
        r = routes_arrange(routes, &wanted, &route, err);
    if (r < 0)
        return r;
    v->source = route->source;
    v->model = route->model;
    return 0;
}

/* Of a format that nobody reads, only the files' sizes can be checked: the target has a warning. */
static int verify_unread(const struct job_context *job, const struct model *output,
                         const json_t *expect, struct error *err)
{
    int r = check_files(output, json_object_get(expect, "files"), err);
    if (r == 0)
        job_emit(job, "verified",
                 json_pack("{s:i, s:i, s:f}", "tensors", 0, "sampled", 0, "seconds", 0.0));
    return r;
}

int job_verify(const struct job_context *job, struct model *model, struct model *output,
               struct error *err)
{
    CLEANUP(source_close_cleanup) struct source *source = NULL;
    CLEANUP(source_close_cleanup) struct source *written = NULL;
    CLEANUP(routes_deinit) struct routes routes = { 0 };
    CLEANUP(rows_file_close_cleanup) struct rows_file *rows = NULL;
    const json_t *expect = json_object_get(job->request, "expect");
    const char *format = json_get_string(expect, "format", "");
    uint64_t start = timing_now();
    if (registry_writer(job->registry, format) && !registry_reader(job->registry, format))
        return verify_unread(job, output, expect, err);
    int r = job_open(job, model, json_get_string(job->request, "format", NULL), &source, err);
    if (r == 0)
        r = job_open(job, output, *format ? format : NULL, &written, err);
    struct verification v = { job, model, output, source, written, 0 };
    routes_init(&routes, job, source, model, 1);
    if (r == 0)
        r = find_made(&routes, expect, &v, err);
    if (r == 0)
        r = rows_file_open((int)json_get_int(job->request, "rows", -1), &rows, err);
    if (r == 0)
        r = check_tensors(&v, rows, err);
    if (r == 0)
        r = check_files(output, json_object_get(expect, "files"), err);
    if (r < 0)
        return r;
    job_emit(job, "verified",
             json_pack("{s:I, s:I, s:f}", "tensors", (json_int_t)output->n_tensors, "sampled",
                       (json_int_t)v.sampled, "seconds", timing_since(start)));
    return 0;
}
