/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Layouts: what a writer says through host->out_*, and the check that nothing overlaps, nothing
 * sticks out and nothing is missing, before a byte is written.
 */
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "plugin/calibration.h"
#include "plugin/cpu.h"
#include "plugin/host_private.h"
#include "plugin/options.h"

#include <string.h>

#define MAX_FILES 4096u /* as many as a model may have that is opened: outputs are read again */

static int check_out(struct pare_job *job, uint32_t file, uint64_t offset, uint64_t n)
{
    uint64_t end;
    if (!job->layout)
        return error_set(job->err, PARE_EPLUGIN, "out_* was called outside layout");
    if (file >= job->layout->n_files)
        return error_set(job->err, PARE_EPLUGIN, "the writer fills file %u of %u", file,
                         job->layout->n_files);
    if (checked_add(offset, n, &end) || end > INT64_MAX)
        return error_set(job->err, PARE_EPLUGIN, "the writer's offset %llu overflows",
                         (unsigned long long)offset);
    return 0;
}

static int add_piece(struct pare_job *job, const struct layout_piece *piece)
{
    struct layout *layout = job->layout;
    if (layout->n_pieces == layout->capacity) {
        uint64_t capacity = layout->capacity ? layout->capacity * 2 : 64;
        struct layout_piece *pieces = reallocarray(layout->pieces, capacity, sizeof *pieces);
        if (!pieces)
            return error_oom(job->err);
        layout->pieces = pieces;
        layout->capacity = capacity;
    }
    layout->pieces[layout->n_pieces++] = *piece;
    return 0;
}

int layout_out_file(struct pare_job *job, const char *name, uint32_t *ret_file)
{
    struct layout *layout = job->layout;
    if (!layout || !name)
        return error_set(job->err, PARE_EPLUGIN, "out_file outside layout, or without a name");
    if (*name && (!file_name_is_inside(name) || strlen(name) > 255))
        return error_set(job->err, PARE_EPLUGIN, "the writer names a file `%s`", name);
    if (layout->n_files && (!*name || !*layout->files[0].name))
        return error_set(job->err, PARE_EPLUGIN, "the writer's only file must be its only file");
    if (layout->n_files >= MAX_FILES)
        return error_set(job->err, PARE_ELIMIT, "over %u output files", MAX_FILES);
    struct layout_file *files = reallocarray(layout->files, layout->n_files + 1u, sizeof *files);
    if (!files)
        return error_oom(job->err);
    layout->files = files;
    files[layout->n_files] = (struct layout_file){ .name = strdup(name) };
    if (!files[layout->n_files].name)
        return error_oom(job->err);
    *ret_file = layout->n_files++;
    return 0;
}

int layout_out_literal(struct pare_job *job, uint32_t file, uint64_t offset, const void *data,
                       uint64_t n)
{
    int r = check_out(job, file, offset, n);
    if (r < 0 || !n)
        return r;
    if (!data)
        return error_set(job->err, PARE_EPLUGIN, "out_literal without data");
    struct layout_piece piece = { LAYOUT_LITERAL, file, offset, n, .data = malloc(n) };
    if (!piece.data)
        return error_oom(job->err);
    memcpy(piece.data, data, n);
    r = add_piece(job, &piece);
    if (r < 0)
        free(piece.data);
    return r;
}

int layout_out_tensor(struct pare_job *job, uint64_t tensor, uint32_t plane, uint32_t file,
                      uint64_t offset)
{
    if (tensor >= job->model->n_tensors || plane >= job->model->tensors[tensor].n_planes)
        return error_set(job->err, PARE_EPLUGIN, "the writer places tensor %llu, plane %u",
                         (unsigned long long)tensor, plane);
    struct layout_piece piece = {
        LAYOUT_TENSOR,    file,          offset, job->model->tensors[tensor].planes[plane].length,
        .tensor = tensor, .plane = plane
    };
    int r = check_out(job, file, offset, piece.length);
    return r < 0 ? r : add_piece(job, &piece);
}

int layout_out_copy(struct pare_job *job, uint32_t file, uint64_t offset, uint32_t source_file,
                    uint64_t source_offset, uint64_t n)
{
    uint64_t end;
    if (source_file >= job->model->n_files)
        return error_set(job->err, PARE_EPLUGIN, "the writer carries source file %u", source_file);
    if (checked_add(source_offset, n, &end) || end > job->model->files[source_file].size)
        return error_set(job->err, PARE_EPLUGIN,
                         "the writer copies bytes beyond the end of source file %u", source_file);
    struct layout_piece piece = {
        LAYOUT_COPY, file, offset, n, .source_file = source_file, .source_offset = source_offset
    };
    int r = check_out(job, file, offset, n);
    return r < 0 || !n ? r : add_piece(job, &piece);
}

int layout_out_side(struct pare_job *job, uint32_t source_file, uint32_t file)
{
    uint64_t size = source_file < job->model->n_files ? job->model->files[source_file].size : 0;
    int r = layout_out_copy(job, file, 0, source_file, 0, size);
    if (r == 0 && job->layout->files[file].size < size)
        job->layout->files[file].size = size;
    return r;
}

int layout_out_size(struct pare_job *job, uint32_t file, uint64_t size)
{
    int r = check_out(job, file, size, 0);
    if (r == 0)
        job->layout->files[file].size = size;
    return r;
}

void layout_deinit(struct layout *layout)
{
    for (uint64_t i = 0; i < layout->n_pieces; i++)
        free(layout->pieces[i].data);
    for (uint32_t i = 0; i < layout->n_files; i++)
        free(layout->files[i].name);
    free(layout->pieces);
    free(layout->files);
    if (layout->state && layout->close)
        layout->close(layout->state);
    free(layout->call);
    *layout = (struct layout){ 0 };
}

static int compare_pieces(const void *a, const void *b)
{
    const struct layout_piece *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return (x->length > y->length) - (x->length < y->length);
}

static int check_places(struct layout *layout, struct error *err)
{
    if (layout->n_pieces)
        qsort(layout->pieces, layout->n_pieces, sizeof *layout->pieces, compare_pieces);
    for (uint64_t i = 0; i < layout->n_pieces; i++) {
        const struct layout_piece *p = &layout->pieces[i];
        if (p->offset + p->length > layout->files[p->file].size)
            return error_set(err, PARE_EPLUGIN, "the writer places bytes beyond the file's %llu",
                             (unsigned long long)layout->files[p->file].size);
        if (i && p[-1].file == p->file && p[-1].offset + p[-1].length > p->offset)
            return error_set(err, PARE_EPLUGIN, "the writer's pieces overlap at byte %llu",
                             (unsigned long long)p->offset);
    }
    return 0;
}

static int check_names(const struct layout *layout, struct error *err)
{
    _cleanup_strmap_ struct strmap names = STRMAP_INIT;
    if (!layout->n_files)
        return error_set(err, PARE_EPLUGIN, "the writer made no file");
    for (uint32_t i = 0; i < layout->n_files; i++) {
        const char *name = layout->files[i].name;
        int r = strmap_add(&names, name, strlen(name), i, err);
        if (r > 0)
            return error_set(err, PARE_EPLUGIN, "the writer names two files `%s`", name);
        if (r < 0)
            return r;
    }
    return 0;
}

static int check_all_there(const struct layout *layout, const struct model *target,
                           struct error *err)
{
    _cleanup_free_ uint8_t *seen = calloc(target->n_tensors + 1, 1);
    if (!seen)
        return error_oom(err);
    for (uint64_t i = 0; i < layout->n_pieces; i++) {
        const struct layout_piece *p = &layout->pieces[i];
        if (p->kind != LAYOUT_TENSOR)
            continue;
        if (seen[p->tensor] & 1u << p->plane)
            return error_set(err, PARE_EPLUGIN, "the writer places tensor %llu twice",
                             (unsigned long long)p->tensor);
        seen[p->tensor] = (uint8_t)(seen[p->tensor] | 1u << p->plane);
    }
    for (uint64_t i = 0; i < target->n_tensors; i++)
        if (seen[i] != (1u << target->tensors[i].n_planes) - 1)
            return error_set(err, PARE_EPLUGIN, "the writer leaves out tensor %llu",
                             (unsigned long long)i);
    return 0;
}

struct writer_call {
    struct pare_host host;
    struct pare_job job;
    struct error said;
};

/* Gets a job ready for one callback of the writer. */
static void begin_call(struct writer_call *call, const struct layout_request *request,
                       struct layout *layout)
{
    call->said = (struct error)ERROR_INIT;
    call->job = (struct pare_job){ .model = request->target,
                                   .layout = layout,
                                   .options = request->options,
                                   .hooks = request->hooks,
                                   .err = &call->said,
                                   .registry = request->registry,
                                   .request = request };
}

/* Between callbacks the job only holds memory: what was lent for the call is gone. */
static void end_call(struct writer_call *call)
{
    call->job = (struct pare_job){ .model = call->job.model,
                                   .err = &call->said,
                                   .registry = call->job.registry };
}

/* 1: encodings may ask for options too, but only when they begin (layout.h). */
static int options_are_open(const struct model *target)
{
    for (uint64_t i = 0; i < target->n_tensors; i++)
        if (target->tensors[i].encoding && calibration_is_needed(target->tensors[i].encoding))
            return 1;
    return 0;
}

int layout_make(const struct layout_request *request, struct layout *ret_layout, struct error *err)
{
    const struct pare_writer *writer = request->writer;
    struct layout layout = { .close = writer->close,
                             .call = calloc(1, sizeof(struct writer_call)) };
    struct writer_call *call = layout.call;
    if (!call)
        return error_oom(err);
    begin_call(call, request, &layout);
    call->job.asked = request->asked;
    host_init(&call->host, cpu_detect());
    int r = writer->layout(&call->host, &call->job, &layout.state);
    r = host_result(&call->job, r, 0, writer->name, "layout");
    if (r == 0 && layout.state && !layout.close)
        r = error_set(&call->said, PARE_EPLUGIN, "writer %s makes a state, but has no close",
                      writer->name);
    if (r == 0 && !options_are_open(request->target))
        r = options_check(request->options, request->asked, writer->name, &call->said);
    if (r == 0)
        r = check_names(&layout, &call->said);
    if (r == 0)
        r = check_places(&layout, &call->said);
    if (r == 0)
        r = check_all_there(&layout, request->target, &call->said);
    end_call(call);
    if (r < 0) {
        *err = call->said;
        layout_deinit(&layout);
        return r;
    }
    *ret_layout = layout;
    return 0;
}

static int copy_files(const struct layout *from, struct layout *to, struct error *err)
{
    to->files = calloc(from->n_files + 1u, sizeof *to->files);
    if (!to->files)
        return error_oom(err);
    for (uint32_t i = 0; i < from->n_files; i++) {
        to->files[i] = (struct layout_file){ strdup(from->files[i].name), from->files[i].size };
        if (!to->files[i].name)
            return error_oom(err);
        to->n_files++;
    }
    return 0;
}

/* Patches lie within literals, so that no weight changes after it was measured. Both lists are
 * sorted. */
static int check_patches(const struct layout *patches, const struct layout *layout, const char *who,
                         struct error *err)
{
    if (patches->n_files != layout->n_files)
        return error_set(err, PARE_EPLUGIN, "%s: finish makes a file", who);
    for (uint64_t i = 0, j = 0; i < patches->n_pieces; i++) {
        const struct layout_piece *p = &patches->pieces[i], *old;
        if (p->kind != LAYOUT_LITERAL)
            return error_set(err, PARE_EPLUGIN, "%s: finish places more than literals", who);
        while (j + 1 < layout->n_pieces && (layout->pieces[j + 1].file < p->file ||
                                            (layout->pieces[j + 1].file == p->file &&
                                             layout->pieces[j + 1].offset <= p->offset)))
            j++;
        old = &layout->pieces[j];
        if (!layout->n_pieces || old->kind != LAYOUT_LITERAL || old->file != p->file ||
            p->offset < old->offset || p->offset + p->length > old->offset + old->length)
            return error_set(err, PARE_EPLUGIN, "%s: finish patches bytes that are no literal's",
                             who);
    }
    return 0;
}

int layout_source_digest(struct pare_job *job, uint32_t file, char ret_hex[PARE_DIGEST_SIZE])
{
    if (!job->written)
        return error_set(job->err, PARE_EPLUGIN, "source_digest was called outside finish");
    if (file >= job->request->source->n_files)
        return error_set(job->err, PARE_EPLUGIN, "the writer asks for the digest of file %u", file);
    if (!job->request->sha256 || !*job->request->sha256[file])
        return 0;
    memcpy(ret_hex, job->request->sha256[file], PARE_DIGEST_SIZE);
    return 1;
}

int layout_out_digest(struct pare_job *job, uint32_t kind, uint32_t file, uint64_t offset,
                      uint64_t n, char ret_hex[PARE_DIGEST_SIZE])
{
    uint64_t end;
    if (!job->written || !job->request->fds)
        return error_set(job->err, PARE_EPLUGIN, "out_digest was called outside finish");
    if (file >= job->written->n_files || checked_add(offset, n, &end) ||
        end > job->written->files[file].size)
        return error_set(job->err, PARE_EPLUGIN,
                         "the writer asks for a digest of bytes that it has not laid out");
    return hash_of_range(job->request->fds[file], kind, offset, n, ret_hex, job->err);
}

int layout_finish(const struct layout_request *request, const struct layout *layout,
                  struct layout *ret_patches, struct error *err)
{
    const struct pare_writer *writer = request->writer;
    struct layout patches = { 0 };
    struct writer_call *call = layout->call;
    begin_call(call, request, &patches);
    call->job.written = layout;
    int r = copy_files(layout, &patches, &call->said);
    if (r == 0)
        r = host_result(&call->job, writer->finish(&call->host, &call->job, layout->state), 0,
                        writer->name, "finish");
    if (r == 0)
        r = check_places(&patches, &call->said);
    if (r == 0)
        r = check_patches(&patches, layout, writer->name, &call->said);
    end_call(call);
    if (r < 0) {
        *err = call->said;
        layout_deinit(&patches);
        return r;
    }
    *ret_patches = patches;
    return 0;
}
