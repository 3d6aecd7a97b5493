/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The services that plugins call. Each checks its arguments, for a plugin may be wrong, and
 * reports through the job's error, or that of the call where several threads are in the plugin.
 * They run on the thread that called the plugin.
 */
#include "base/checked.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "model/metadata.h"
#include "plugin/host_private.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define READ_AHEAD (1u << 16)  /* bytes from which on memory is taken for what is to be read */
#define PIECE_HEAD 64          /* of an arena's piece */
#define READ_WINDOW (1u << 20) /* bytes that readers may have seen already */

/* What a reader's `read` may call on several threads, and what they share. */
static pthread_mutex_t shared = PTHREAD_MUTEX_INITIALIZER;

static _Thread_local struct {
    const struct pare_job *job;
    struct error *err;
} call;

void host_errors_to(const struct pare_job *job, struct error *err)
{
    call.job = job;
    call.err = err;
}

static struct error *host_err(const struct pare_job *job)
{
    return call.err && call.job == job ? call.err : job->err;
}

/* The model is complete once its tensors are read. */
static int check_not_reading(const struct pare_job *job, const char *service)
{
    if (!call.err || call.job != job)
        return 0;
    return error_set(call.err, PARE_EPLUGIN, "%s was called in read", service);
}

static int __attribute__((format(printf, 3, 4)))
host_fail(struct pare_job *job, int code, const char *format, ...)
{
    if (!error_is_of_plugins(code))
        code = PARE_EPLUGIN;
    va_list ap;
    va_start(ap, format);
    code = error_setv(host_err(job), code, format, ap);
    va_end(ap);
    return code;
}

static void __attribute__((format(printf, 3, 4)))
host_log(struct pare_job *job, int level, const char *format, ...)
{
    char text[1000];
    if (!job->hooks || !job->hooks->log)
        return;
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    (void)pthread_mutex_lock(&shared);
    job->hooks->log(job->hooks->context, level, text);
    (void)pthread_mutex_unlock(&shared);
}

/* A header's length is known before its bytes are: memory for as many as the files have yet to
 * give is not refused while they are read. */
static uint64_t bytes_ahead(const struct model *model, uint64_t wanted)
{
    uint64_t bytes = READ_WINDOW, known = memory_reading_bytes();
    for (uint32_t i = 0; i < model->n_files && bytes < known + wanted; i++)
        bytes += model->files[i].size;
    return bytes >= known + wanted ? wanted : 0;
}

static void *host_alloc(struct pare_job *job, uint64_t count, uint64_t size)
{
    void *memory = NULL;
    uint64_t bytes;
    (void)pthread_mutex_lock(&shared);
    if (!checked_mul(count, size, &bytes) && bytes >= READ_AHEAD && bytes <= INT64_MAX / 2)
        memory_reading_ahead(bytes_ahead(job->model, bytes + PIECE_HEAD));
    int r = model_alloc(job->model, count, size, &memory, host_err(job));
    memory_reading_ahead(0);
    (void)pthread_mutex_unlock(&shared);
    return r < 0 ? NULL : memory;
}

static void host_release(struct pare_job *job, void *memory)
{
    (void)pthread_mutex_lock(&shared);
    arena_release(&job->model->memory, memory);
    (void)pthread_mutex_unlock(&shared);
}

static int host_cancelled(struct pare_job *job)
{
    return job->hooks && job->hooks->cancelled && job->hooks->cancelled(job->hooks->context);
}

static const char *host_option(struct pare_job *job, const char *key)
{
    if (job->asked && json_object_set_new(job->asked, key, json_null()) < 0)
        memory_note_failure();
    return json_get_string(job->options, key, NULL);
}

static uint32_t host_file_count(struct pare_job *job)
{
    return job->model->n_files;
}

static int check_file(struct pare_job *job, uint32_t file)
{
    if (file < job->model->n_files)
        return 0;
    return error_set(host_err(job), PARE_EPLUGIN, "the plugin asks for file %u of %u", file,
                     job->model->n_files);
}

/* Fills a plugin's struct as far as it says that it reaches. A plugin that has not set its size
 * is one that knows the first version only. */
static void copy_out(void *ret, const void *full, size_t size, size_t size_1)
{
    size_t theirs;
    memcpy(&theirs, ret, sizeof theirs);
    if (theirs < size_1 || theirs > 65536)
        theirs = size_1;
    size_t n = theirs < size ? theirs : size;
    memcpy((char *)ret + sizeof n, (const char *)full + sizeof n, n - sizeof n);
    memcpy(ret, &n, sizeof n);
}

static int host_file_info(struct pare_job *job, uint32_t file, struct pare_file *ret_file)
{
    int r = check_file(job, file);
    if (r < 0)
        return r;
    const struct model_file *f = &job->model->files[file];
    struct pare_file full = { sizeof full, f->name, f->size, f->role, 0 };
    copy_out(ret_file, &full, sizeof full, PARE_FILE_SIZE_1);
    return 0;
}

/* While a writer arranges, the model belongs to other targets, too. */
static int check_changes(struct pare_job *job)
{
    if (!job->views)
        return 0;
    return error_set(job->err, PARE_EPLUGIN, "a writer's arrange changes nothing but views");
}

static int host_file_role(struct pare_job *job, uint32_t file, uint32_t role)
{
    int r = check_not_reading(job, "file_role");
    if (r == 0)
        r = check_changes(job);
    if (r == 0)
        r = check_file(job, file);
    if (r == 0 && role > PARE_FILE_IGNORED)
        r = error_set(host_err(job), PARE_EPLUGIN, "the plugin gives a file the unknown role %u",
                      role);
    if (r == 0)
        job->model->files[file].role = role;
    return r;
}

static int host_read(struct pare_job *job, uint32_t file, uint64_t offset, void *buffer, size_t n)
{
    uint64_t end;
    int r = check_file(job, file);
    if (r < 0)
        return r;
    const struct model_file *f = &job->model->files[file];
    if (checked_add(offset, n, &end) || end > f->size)
        return error_set(host_err(job), PARE_EINCOMPLETE,
                         "%s: it ends at byte %llu, within what should be read there (%zu bytes at "
                         "%llu)",
                         f->name, (unsigned long long)f->size, n, (unsigned long long)offset);
    if (f->text) {
        memcpy(buffer, f->text + offset, n);
        return 0;
    }
    if (!call.err || call.job != job)
        memory_reading_file(f->name, f->fd, offset, n);
    r = file_pread(f->fd, buffer, n, offset, host_err(job));
    return r < 0 ? error_prefix(host_err(job), "%s", f->name) : 0;
}

static int host_meta_set(struct pare_job *job, struct pare_str key, const struct pare_value *value)
{
    int r = check_not_reading(job, "meta_set");
    if (r == 0)
        r = check_changes(job);
    return r < 0 ? r : meta_set(job->model, key, value, host_err(job));
}

static int host_meta_get(struct pare_job *job, struct pare_str key, struct pare_value *ret_value)
{
    uint64_t at;
    if (!strmap_find(&job->model->meta_keys, key.data, key.len, &at))
        return 0;
    copy_out(ret_value, &job->model->meta[at].value, sizeof *ret_value, PARE_VALUE_SIZE_1);
    return 1;
}

static int host_meta_at(struct pare_job *job, uint64_t i, struct pare_str *ret_key,
                        struct pare_value *ret_value)
{
    if (i >= job->model->n_meta)
        return 0;
    *ret_key = job->model->meta[i].key;
    copy_out(ret_value, &job->model->meta[i].value, sizeof *ret_value, PARE_VALUE_SIZE_1);
    return 1;
}

static uint64_t host_tensor_count(struct pare_job *job)
{
    return job->model->n_tensors;
}

static void give_tensor(const struct model_tensor *t, struct pare_tensor *ret_tensor)
{
    struct pare_tensor full = { .struct_size = sizeof full,
                                .name = t->name,
                                .encoding = t->encoding_name,
                                .n_dims = t->n_dims,
                                .n_planes = t->n_planes,
                                .flags = t->computed ? PARE_TENSOR_COMPUTED : 0,
                                .channel = t->channel,
                                .role = t->role,
                                .op = t->op };
    memcpy(full.dims, t->dims, sizeof t->dims);
    memcpy(full.planes, t->planes, t->n_planes * sizeof *t->planes);
    copy_out(ret_tensor, &full, sizeof full, PARE_TENSOR_SIZE_1);
}

static int host_tensor_at(struct pare_job *job, uint64_t i, struct pare_tensor *ret_tensor)
{
    if (i >= job->model->n_tensors)
        return error_set(host_err(job), PARE_EPLUGIN, "the plugin asks for tensor %llu of %llu",
                         (unsigned long long)i, (unsigned long long)job->model->n_tensors);
    give_tensor(&job->model->tensors[i], ret_tensor);
    return 0;
}

static const char *host_source_format(struct pare_job *job)
{
    return job->request ? job->request->source->format : job->model->format;
}

static int host_source_tensor(struct pare_job *job, uint64_t i, struct pare_tensor *ret_tensor)
{
    uint64_t index;
    if (!job->request || i >= job->model->n_tensors)
        return error_set(host_err(job), PARE_EPLUGIN,
                         "source_tensor is for writers, up to tensor %llu",
                         (unsigned long long)job->model->n_tensors);
    index = job->request->origins ? job->request->origins[i] : UINT64_MAX;
    if (index >= job->request->source->n_tensors)
        return 0;
    give_tensor(&job->request->source->tensors[index], ret_tensor);
    return 1;
}

static const struct pare_encoding *host_encoding(struct pare_job *job, const char *name)
{
    const struct encoding *e = name ? registry_encoding(job->registry, name) : NULL;
    return e ? &e->said : NULL;
}

static const struct pare_matrix *host_matrix(struct pare_job *job)
{
    return registry_matrix(job->registry);
}

void host_init(struct pare_host *host, uint32_t cpu)
{
    *host = (struct pare_host){
        .struct_size = sizeof *host,
        .abi_version = PARE_ABI_VERSION,
        .cpu = cpu,
        .fail = host_fail,
        .log = host_log,
        .alloc = host_alloc,
        .release = host_release,
        .cancelled = host_cancelled,
        .option = host_option,
        .matrix = host_matrix,
        .file_count = host_file_count,
        .file_info = host_file_info,
        .file_role = host_file_role,
        .read = host_read,
        .meta_set = host_meta_set,
        .meta_get = host_meta_get,
        .meta_at = host_meta_at,
        .tensor_count = host_tensor_count,
        .tensor_at = host_tensor_at,
        .source_format = host_source_format,
        .source_tensor = host_source_tensor,
        .encoding = host_encoding,
        .view = layout_view,
        .out_file = layout_out_file,
        .out_literal = layout_out_literal,
        .out_tensor = layout_out_tensor,
        .out_copy = layout_out_copy,
        .out_side = layout_out_side,
        .out_size = layout_out_size,
        .source_digest = layout_source_digest,
        .out_digest = layout_out_digest,
    };
}

int host_result(struct pare_job *job, int result, int most, const char *who, const char *callback)
{
    if (result >= 0 && result <= most)
        return result;
    const int said = host_err(job)->code; /* 0: nothing; then it cannot be passing the host's on */
    if (result > most || result < PARE_EVERIFY || (!said && !error_is_of_plugins(result)))
        return error_set(host_err(job), PARE_EPLUGIN, "%s: %s returned %d, which is no status", who,
                         callback, result);
    if (!said)
        return error_set(host_err(job), result, "%s: %s failed without saying why", who, callback);
    return said;
}
