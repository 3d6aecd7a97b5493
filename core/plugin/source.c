/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Opening a model: all readers look at the first bytes of its files, the surest parses it, and
 * what it says becomes the model's tensors. A reader is called by one thread at a time, but for
 * `read` of one that says that it may run on several.
 */
#include "plugin/source.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "plugin/cpu.h"
#include "plugin/host_private.h"
#include "plugin/validate.h"

#include <pthread.h>
#include <string.h>

#define HEAD_SIZE 4096
#define MAX_TENSORS 10000000u

struct reader_source {
    struct source source;
    const struct pare_reader *reader;
    struct pare_host host;
    struct pare_job job;
    struct host_hooks hooks;
    struct error err;
    void *state;
    pthread_mutex_t lock;
};

static int is_lfs_pointer(const uint8_t *head, size_t n, uint64_t file_size)
{
    static const char start[] = "version https://git-lfs.github.com/spec/";
    return file_size < 1024 && n > sizeof start && !memcmp(head, start, sizeof start - 1);
}

static int read_head(const struct model_file *file, uint8_t *head, size_t *ret_len,
                     struct error *err)
{
    size_t n = file->size < HEAD_SIZE ? (size_t)file->size : HEAD_SIZE;
    int r = file_pread(file->fd, head, n, 0, err);
    if (r < 0)
        return error_prefix(err, "%s", file->name);
    *ret_len = n;
    return 0;
}

/* Asks all readers about a file; each claim keeps the best score. */
static int probe_file(const struct model *model, uint32_t i, struct source_claim *claims, size_t n,
                      struct error *err)
{
    uint8_t head[HEAD_SIZE];
    struct pare_probe probe = { .struct_size = sizeof probe,
                                .name = model->files[i].name,
                                .head = head,
                                .file_size = model->files[i].size,
                                .in_folder = model->n_files > 1 };
    int r = read_head(&model->files[i], head, &probe.head_len, err);
    if (r < 0)
        return r;
    if (is_lfs_pointer(head, probe.head_len, probe.file_size))
        return error_set(err, PARE_EINCOMPLETE,
                         "%s: is a Git LFS pointer, not the file itself: fetch it with `git lfs "
                         "pull`",
                         model->files[i].name);
    for (size_t j = 0; j < n; j++) {
        int score = claims[j].reader->probe(&probe);
        if (score > claims[j].score && score <= 100)
            claims[j].score = score;
    }
    return 0;
}

static int nothing_reads_it(const struct registry *registry, const struct model *model,
                            struct error *err)
{
    _cleanup_strbuf_ struct strbuf names = STRBUF_INIT;
    const struct pare_reader *reader;
    for (size_t i = 0; (reader = registry_reader_at(registry, i)); i++)
        strbuf_printf(&names, "%s%s", i ? ", " : "", reader->name);
    const char *formats = names.data ? names.data : "none";
    if (model->n_files == 1 && !model->files[0].size)
        return error_set(err, PARE_EINCOMPLETE, "%s: the file is empty", model->files[0].name);
    if (model->n_files == 1)
        return error_set(err, PARE_ENOTSUP,
                         "%s: no plugin knows this format (there are readers "
                         "for: %s)",
                         model->files[0].name, formats);
    return error_set(err, PARE_EINCOMPLETE,
                     "none of its %u files is a model that a plugin reads (there are readers for: "
                     "%s)",
                     model->n_files, formats);
}

/* The surest first; of two that are as sure, the one that is registered first. */
static int by_score(const void *a, const void *b)
{
    const struct source_claim *x = a, *y = b;
    return x->score != y->score ? y->score - x->score : (int)x->rank - (int)y->rank;
}

int source_claims(const struct registry *registry, const struct model *model,
                  struct source_claim *ret_claims, size_t room, size_t *ret_n, struct error *err)
{
    const struct pare_reader *reader;
    size_t n = 0, kept = 0;
    while (n < room && (reader = registry_reader_at(registry, n)))
        ret_claims[n] = (struct source_claim){ .reader = reader, .rank = n }, n++;
    for (uint32_t i = 0; i < model->n_files; i++) {
        int r = probe_file(model, i, ret_claims, n, err);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < n; i++)
        if (ret_claims[i].score > 0)
            ret_claims[kept++] = ret_claims[i];
    qsort(ret_claims, kept, sizeof *ret_claims, by_score);
    *ret_n = kept;
    return 0;
}

static int choose_reader(const struct registry *registry, const struct model *model,
                         const char *format, const struct pare_reader **ret_reader,
                         struct error *err)
{
    struct source_claim claims[SOURCE_MAX_CLAIMS];
    size_t n = 0;
    if (format) {
        *ret_reader = registry_reader(registry, format);
        return *ret_reader ? 0 : error_set(err, PARE_EUSAGE, "no plugin reads `%s`", format);
    }
    int r = source_claims(registry, model, claims, SOURCE_MAX_CLAIMS, &n, err);
    if (r < 0)
        return r;
    if (!n)
        return nothing_reads_it(registry, model, err);
    *ret_reader = claims[0].reader;
    return 0;
}

static int list_tensors(const struct registry *registry, struct reader_source *source)
{
    union {
        struct pare_tensor tensor;
        char room[1024]; /* a newer plugin may fill a longer struct */
    } said;
    for (;;) {
        memset(&said, 0, sizeof said);
        said.tensor.struct_size = sizeof said.tensor;
        int r = host_result(&source->job, source->reader->next(source->state, &said.tensor), 1,
                            source->reader->name, "next");
        if (r <= 0)
            return r;
        if (!said.tensor.name.data || !validate_name(said.tensor.encoding))
            return error_set(&source->err, PARE_EPLUGIN,
                             "reader %s gives tensor %llu without a name or a proper encoding",
                             source->reader->name,
                             (unsigned long long)source->job.model->n_tensors);
        if (source->job.model->n_tensors >= MAX_TENSORS)
            return error_set(&source->err, PARE_ELIMIT, "over %u tensors", MAX_TENSORS);
        r = model_add_tensor(source->job.model, &said.tensor,
                             registry_encoding(registry, said.tensor.encoding), &source->err);
        if (r < 0)
            return r;
    }
}

/* Only a reader that has `read` can compute tensors. */
static int check_computed(const struct reader_source *source, struct error *err)
{
    const struct model *model = source->job.model;
    for (uint64_t i = 0; i < model->n_tensors && !source->reader->read; i++)
        if (model->tensors[i].computed)
            return error_set(err, PARE_EPLUGIN, "reader %s computes tensors, but has no read",
                             source->reader->name);
    return 0;
}

/* The message says which file it is about: the only one there is, when it does not yet. */
static int name_the_file(const struct reader_source *source, struct error *err)
{
    const struct model *model = source->job.model;
    *err = source->err;
    if (model->n_files != 1 || strstr(err->text, model->files[0].name))
        return err->code;
    return error_prefix(err, "%s", model->files[0].name);
}

static int open_and_list(const struct registry *registry, struct reader_source *source)
{
    int r = source->reader->open(&source->host, &source->job, &source->state);
    r = host_result(&source->job, r, 0, source->reader->name, "open");
    if (r < 0) {
        source->state = NULL; /* a reader that fails to open has cleaned up itself */
        return r;
    }
    r = list_tensors(registry, source);
    if (r < 0)
        return r;
    r = check_computed(source, &source->err);
    return r < 0 ? r : model_check_extents(source->job.model, &source->err);
}

static void close_reader(struct source *base)
{
    struct reader_source *source = (struct reader_source *)base;
    if (source->state)
        source->reader->close(source->state);
    (void)pthread_mutex_destroy(&source->lock);
    free(source);
}

static int read_by_plugin(struct source *base, uint64_t tensor, uint32_t plane, uint64_t offset,
                          void *buffer, size_t n, struct error *err)
{
    struct reader_source *source = (struct reader_source *)base;
    int parallel = (source->reader->flags & PARE_READER_PARALLEL) != 0;
    struct error said = ERROR_INIT;
    if (!parallel)
        (void)pthread_mutex_lock(&source->lock);
    host_errors_to(&source->job, &said);
    int r = source->reader->read(source->state, tensor, plane, offset, buffer, n);
    r = host_result(&source->job, r, 0, source->reader->name, "read");
    host_errors_to(NULL, NULL);
    if (!parallel)
        (void)pthread_mutex_unlock(&source->lock);
    if (r < 0)
        *err = said;
    return r < 0 ? r : 0;
}

int source_open(const struct registry *registry, struct model *model, const char *format,
                const struct host_hooks *hooks, struct source **ret_source, struct error *err)
{
    const struct pare_reader *reader = NULL;
    if (!model->n_files)
        return error_set(err, PARE_EINCOMPLETE, "there are no files");
    int r = choose_reader(registry, model, format, &reader, err);
    if (r < 0)
        return r;
    struct reader_source *source = calloc(1, sizeof *source);
    if (!source)
        return error_oom(err);
    source->source = (struct source){ model, read_by_plugin, close_reader };
    source->reader = reader;
    source->hooks = hooks ? *hooks : (struct host_hooks){ 0 };
    (void)pthread_mutex_init(&source->lock, NULL);
    host_init(&source->host, cpu_detect());
    source->job = (struct pare_job){
        .model = model, .hooks = &source->hooks, .err = &source->err, .registry = registry
    };
    model->format = reader->name;
    r = open_and_list(registry, source);
    if (r < 0) {
        r = name_the_file(source, err);
        close_reader(&source->source);
        return r;
    }
    *ret_source = &source->source;
    return 0;
}

void source_close(struct source *source)
{
    if (source)
        source->close(source);
}

int source_read(struct source *source, uint64_t tensor, uint32_t plane, uint64_t offset,
                void *buffer, size_t n, struct error *err)
{
    const struct model_tensor *t = &source->model->tensors[tensor];
    uint64_t end;
    if (checked_add(offset, n, &end) || end > t->planes[plane].length)
        return error_set(err, PARE_EINTERNAL, "read of %zu bytes at %llu past plane %u", n,
                         (unsigned long long)offset, plane);
    if (!n)
        return 0;
    if (t->computed)
        return source->read(source, tensor, plane, offset, buffer, n, err);
    const struct model_file *file = &source->model->files[t->planes[plane].file];
    int r = file_pread(file->fd, buffer, n, t->planes[plane].offset + offset, err);
    return r < 0 ? error_prefix(err, "%s", file->name) : 0;
}
