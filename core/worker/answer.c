/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What is said of targets and their tensors: see answer.h. */
#include "worker/answer.h"

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/encoding.h"
#include "results/rows_file.h"
#include "settings/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The name that the source's files have for what a tensor is made from, where it is another one
 * than the tensor's; else nothing. */
static struct pare_str made_of(const struct model_tensor *from)
{
    return text_equals(from->made_of, from->name) ? (struct pare_str){ NULL, 0 } : from->made_of;
}

static json_t *text_or_null(struct pare_str text)
{
    return text.data ? json_text(text.data, text.len) : json_null();
}

static json_t *describe_choice(const struct target *target, uint64_t i)
{
    const struct model_tensor *to = &target->plan->target->tensors[i];
    const struct plan_choice *choice = &target->plan->choices[i];
    const struct model_tensor *from = &target->route->model->tensors[choice->source];
    return json_pack("{s:o, s:o, s:s, s:s, s:I, s:I, s:I, s:b, s:o, s:s?, s:s?}", "name",
                     json_text(to->name.data, to->name.len), "shape", tensor_shape(to), "from",
                     from->encoding_name, "to", to->encoding_name, "elements",
                     (json_int_t)to->elements, "bytes_in", (json_int_t)from->bytes, "bytes",
                     (json_int_t)to->bytes, "importance", choice->importance != NULL, "source",
                     text_or_null(made_of(from)), "origin", from->origin, "lattice",
                     lattice_name(choice->lattice));
}

static const char *search_name(const struct target *target)
{
    return target->plan->search == PARE_SEARCH_BEST ? "best" : "reference";
}

void answer_plan(const struct job_context *job, const struct target *target, uint64_t memory)
{
    json_t *tensors = json_array();
    for (uint64_t i = 0; i < target->plan->target->n_tensors; i++) {
        json_t *line = describe_choice(target, i);
        (void)json_object_set_new(line, "rule", json_string(target->plan->choices[i].rule));
        (void)json_array_append_new(tensors, line);
    }
    job_emit(job, "plan",
             json_pack("{s:i, s:s, s:s, s:o, s:o, s:I, s:f, s:I, s:I, s:I, s:O, s:s, s:s}",
                       "target", (int)target->index, "format", target->writer->name, "recipe",
                       recipe_name(target->recipe), "tensors", tensors, "census",
                       model_census(target->plan->target), "bytes",
                       (json_int_t)target_bytes(target), "bits_per_weight",
                       target_bits_per_weight(target), "memory", (json_int_t)memory, "disk",
                       (json_int_t)target_bytes(target), "fallbacks",
                       (json_int_t)target->plan->n_fallbacks, "warnings", target->warnings, "map",
                       route_map(target->route), "search", search_name(target)));
}

/* With nonfinite = keep: warns of the weights that were not finite and went into the output. */
static void note_nonfinite(const struct target *target, const struct model_tensor *t,
                           const struct measure *m)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    if (!m->nonfinite && !m->overflowed)
        return;
    strbuf_printf(&sb,
                  "tensor `%s`: %llu weights of the source are NaN or infinite, and %llu more of "
                  "the output",
                  text_show(t->name).text, (unsigned long long)m->nonfinite,
                  (unsigned long long)m->overflowed);
    if (sb.data && json_array_size(target->warnings) < 1000)
        (void)json_array_append_new(target->warnings, json_text(sb.data, sb.len));
}

/* Whether the request wants error figures. */
static int has_figures(const struct job_context *job)
{
    return strcmp(settings_text(job->request, "measure"), "none") != 0;
}

static void take_figures(const struct measure *m, double figures[ROW_FIGURES])
{
    figures[ROW_RMSE] = measure_rmse(m);
    figures[ROW_SQNR_DB] = measure_sqnr_db(m);
    figures[ROW_RELATIVE_ERROR] = measure_relative_error(m);
    figures[ROW_MAX_ABS] = m->max_abs;
    figures[ROW_COSINE] = measure_cosine(m);
    if (m->weighted_n) {
        figures[ROW_WEIGHTED_RELATIVE_ERROR] = measure_weighted_relative_error(m);
        figures[ROW_WEIGHTED_SQNR_DB] = measure_weighted_sqnr_db(m);
    }
}

static struct tensor_row make_row(const struct target *target, uint64_t i,
                                  const struct pipeline_figure *f, int with_figures)
{
    const struct model_tensor *to = &target->plan->target->tensors[i];
    const struct plan_choice *choice = &target->plan->choices[i];
    const struct model_tensor *from = &target->route->model->tensors[choice->source];
    struct tensor_row row = {
        .name = to->name,
        .source = made_of(from),
        .origin = text_of(from->origin),
        .from = text_of(from->encoding_name),
        .to = text_of(to->encoding_name),
        .n_dims = to->n_dims,
        .elements = to->elements,
        .bytes_in = from->bytes,
        .bytes = to->bytes,
        .nonfinite = f->all.nonfinite + f->all.overflowed,
        .importance = choice->importance != NULL,
        .lattice = choice->lattice == LATTICE_EXACT     ? ROW_LATTICE_EXACT
                   : choice->lattice == LATTICE_ROUNDED ? ROW_LATTICE_ROUNDED
                                                        : ROW_NO_LATTICE,
        .probe_first = f->probe_first,
        .probe_count = f->probe_count,
    };
    memcpy(row.dims, to->dims, to->n_dims * sizeof *row.dims);
    for (size_t k = 0; k < ROW_FIGURES; k++)
        row.figures[k] = NAN;
    if (with_figures)
        take_figures(&f->all, row.figures);
    for (size_t k = 0; k < ROW_FIGURES; k++) /* of weights that are not finite */
        row.figures[k] = isfinite(row.figures[k]) ? row.figures[k] : NAN;
    row.figures[ROW_SECONDS] = f->all.seconds;
    row.figures[ROW_PROBE_SSE] = f->probe_sse;
    return row;
}

uint64_t answer_rows_bytes(const struct target *target)
{
    static const struct pipeline_figure figure = { .all = MEASURE_INIT };
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < target->plan->target->n_tensors; i++) {
        const struct tensor_row row = make_row(target, i, &figure, 0);
        bytes += rows_writer_most(&row);
    }
    return bytes;
}

/* Writes a target's tensors in output order and adds them up. */
static int write_tensors(const struct job_context *job, const struct target *target,
                         const struct pipeline_result *result, struct rows_writer *writer,
                         struct measure *all, struct error *err)
{
    int r = 0, with_figures = has_figures(job);
    for (uint64_t i = 0; r == 0 && i < target->plan->target->n_tensors; i++) {
        uint64_t source = target->plan->choices[i].source;
        const struct pipeline_figure *f =
            &result->figures[target->position * result->n_tensors + source];
        const struct tensor_row row = make_row(target, i, f, with_figures);
        r = rows_writer_add(writer, &row, err);
        note_nonfinite(target, &target->plan->target->tensors[i], &f->all);
        measure_merge(all, &f->all);
    }
    return r;
}

DEFINE_CLEANUP(struct rows_writer *, rows_writer_free);

/* The file of the target's rows, beside its directory in staging. */
static int write_rows(const struct job_context *job, const struct target *target,
                      const struct pipeline_result *result, int staging, struct measure *all,
                      struct error *err)
{
    char name[32];
    (void)snprintf(name, sizeof name, "%zu.rows", target->index);
    _cleanup_close_ int fd = openat(staging, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return error_errno(err, errno, "cannot create the file of tensor rows");
    CLEANUP(rows_writer_free_cleanup) struct rows_writer *writer = NULL;
    int r = rows_writer_new(fd, &writer, err);
    if (r == 0)
        r = write_tensors(job, target, result, writer, all, err);
    return r == 0 ? rows_writer_finish(writer, err) : r;
}

/* How many tensors lie on the lattice of their encoding. */
static json_t *count_lattices(const struct target *target)
{
    int64_t exact = 0, rounded = 0;
    for (uint64_t i = 0; i < target->plan->target->n_tensors; i++) {
        exact += target->plan->choices[i].lattice == LATTICE_EXACT;
        rounded += target->plan->choices[i].lattice == LATTICE_ROUNDED;
    }
    return json_pack("{s:I, s:I}", "exact", (json_int_t)exact, "rounded", (json_int_t)rounded);
}

/* The error figures of the whole target, unless the request wanted none. */
static json_t *accuracy_json(const struct job_context *job, const struct measure *all)
{
    json_t *accuracy = json_object();
    if (has_figures(job)) {
        measure_to_json(all, accuracy);
        measure_weighted_to_json(all, accuracy);
    }
    return accuracy;
}

int answer_target(const struct job_context *job, const struct target *target,
                  const struct pipeline_result *result, int staging, struct error *err)
{
    struct measure all = MEASURE_INIT;
    int r = write_rows(job, target, result, staging, &all, err);
    if (r < 0)
        return r;
    _cleanup_free_ char *output = target_output_name(target);
    job_emit(job, "target",
             json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:b, s:o, s:I, s:o, s:f, s:o, s:o, s:O, "
                       "s:s, s:O, s:s}",
                       "target", (int)target->index, "format", target->writer->name, "recipe",
                       recipe_name(target->recipe), "recipe_sha256", recipe_digest(target->recipe),
                       "stem", target->stem, "output", output ? output : "", "folder",
                       target_is_folder(target), "files", target_files(target), "bytes",
                       (json_int_t)target_bytes(target), "census",
                       model_census(target->plan->target), "bits_per_weight",
                       target_bits_per_weight(target), "lattice", count_lattices(target),
                       "accuracy", accuracy_json(job, &all), "warnings", target->warnings, "map",
                       route_map(target->route), "options", target->options, "search",
                       search_name(target)));
    return 0;
}

/* The digest of a model (docs/protocol.md). */
static int model_digest(const struct model *model, const struct pipeline_result *result,
                        char ret_hex[HASH_HEX_SIZE], struct error *err)
{
    _cleanup_free_ char **lines = calloc(model->n_files + 1u, sizeof *lines);
    _cleanup_strbuf_ struct strbuf all = STRBUF_INIT;
    size_t n = 0;
    int complete = lines != NULL;
    if (model->n_files == 1) {
        memcpy(ret_hex, result->sha256[0], HASH_HEX_SIZE);
        return 0;
    }
    for (uint32_t i = 0; lines && i < model->n_files; i++) {
        const struct model_file *f = &model->files[i];
        if (f->role != PARE_FILE_WEIGHTS && f->role != PARE_FILE_INDEX)
            continue;
        if (asprintf(&lines[n], "%s\t%s\n", f->name, result->sha256[i]) > 0)
            n++;
        else
            complete = 0;
    }
    if (n)
        qsort(lines, n, sizeof *lines, text_compare);
    for (size_t i = 0; i < n; i++) {
        strbuf_puts(&all, lines[i]);
        free(lines[i]);
    }
    if (!complete || all.failed)
        return error_oom(err);
    return hash_of(all.data ? all.data : "", all.len, ret_hex, err);
}

/* A stand-in for the digest of a model whose files were not digested. Files of the same names,
 * sizes and times give the same one. */
static int model_mark(const struct model *model, char **ret_mark, struct error *err)
{
    _cleanup_strbuf_ struct strbuf all = STRBUF_INIT;
    char hex[HASH_HEX_SIZE];
    for (uint32_t i = 0; i < model->n_files; i++) {
        struct stat st;
        if (fstat(model->files[i].fd, &st) < 0)
            return error_errno(err, errno, "%s", model->files[i].name);
        strbuf_printf(&all, "%s\t%llu\t%lld.%09ld\n", model->files[i].name,
                      (unsigned long long)model->files[i].size, (long long)st.st_mtim.tv_sec,
                      st.st_mtim.tv_nsec);
    }
    if (all.failed)
        return error_oom(err);
    int r = hash_of(all.data ? all.data : "", all.len, hex, err);
    if (r == 0 && asprintf(ret_mark, "unread-%s", hex) < 0)
        r = error_oom(err);
    return r;
}

static int model_name_digest(const struct job_context *job, const struct model *model,
                             const struct pipeline_result *result, char **ret_digest,
                             struct error *err)
{
    char hex[HASH_HEX_SIZE];
    if (job_without_digests(job))
        return model_mark(model, ret_digest, err);
    int r = model_digest(model, result, hex, err);
    if (r == 0 && !(*ret_digest = strdup(hex)))
        r = error_oom(err);
    return r;
}

static json_t *source_files(const struct model *model, const struct pipeline_result *result)
{
    json_t *files = json_array();
    for (uint32_t i = 0; i < model->n_files; i++) {
        const struct model_file *f = &model->files[i];
        const char *digest = *result->sha256[i] ? result->sha256[i] : NULL;
        if (f->role != PARE_FILE_IGNORED)
            (void)json_array_append_new(files,
                                        json_pack("{s:o, s:I, s:s?}", "name",
                                                  json_text(f->name, strlen(f->name)), "bytes",
                                                  (json_int_t)f->size, "sha256", digest));
    }
    return files;
}

int answer_done(const struct job_context *job, const struct model *model,
                const struct pipeline_result *result, double sync, double total, json_t **ret_done,
                struct error *err)
{
    _cleanup_free_ char *digest = NULL;
    int r = model_name_digest(job, model, result, &digest, err);
    if (r < 0)
        return r;
    const struct stage_seconds *s = &result->seconds;
    *ret_done = json_pack("{s:o, s:s, s:{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}}", "source_files",
                          source_files(model, result), "digest", digest, "seconds", "hash", s->hash,
                          "read", s->read, "decode", s->decode, "encode", s->encode, "measure",
                          s->measure, "write", s->write, "sync", sync, "total", total);
    return *ret_done ? 0 : error_oom(err);
}
