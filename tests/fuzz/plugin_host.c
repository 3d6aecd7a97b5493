/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The test host (see plugin_host.h). Allocations are a doubly linked list, so that what a plugin
 * forgets is freed and what it frees twice is found; metadata is a list in order. A broken rule of
 * the ABI is `demand`ed and aborts. Names are compared by sorting, never pair by pair.
 */
#include "plugin_host.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COMPARED_KEYS 2000u /* of which duplicates are looked for */

struct block {
    struct block *next, *prev;
    uint64_t size;
    uint64_t magic;
};

struct meta {
    struct pare_str key;
    struct pare_value value;
};

struct tensor {
    struct pare_tensor info;
    char encoding[32];
};

struct piece {
    uint64_t offset, length;
    const void *data;
};

struct pare_job {
    const struct plugin_host_file *files;
    size_t n_files;
    struct plugin_host_result *result;
    struct block blocks; /* the list's head */
    uint64_t memory;
    struct meta *meta;
    size_t n_meta, meta_capacity;
    struct tensor *tensors;
    size_t n_tensors, tensors_capacity;
    struct piece *pieces;
    size_t n_pieces, pieces_capacity;
    uint64_t out_size;
};

static uint64_t inject_alloc, inject_read;

static void demand(int condition, const char *rule)
{
    if (condition)
        return;
    fprintf(stderr, "plugin_host: broken rule: %s\n", rule);
    abort();
}

static void *grow(void *array, size_t n, size_t *capacity, size_t size)
{
    if (n < *capacity)
        return array;
    *capacity = *capacity ? *capacity * 2 : 64;
    array = realloc(array, *capacity * size);
    demand(array != NULL, "the test host has memory");
    return array;
}

__attribute__((format(printf, 3, 4))) static int host_fail(struct pare_job *job, int code,
                                                           const char *format, ...)
{
    va_list ap;
    demand(code < 0 && code >= PARE_EINTERNAL, "fail is given an enum pare_status");
    va_start(ap, format);
    vsnprintf(job->result->message, sizeof(job->result->message), format, ap);
    va_end(ap);
    demand(job->result->message[0] != '\0', "a failure has a text");
    for (const char *p = job->result->message; *p; p++)
        demand((unsigned char)*p >= 0x20, "a failure's text has no control characters");
    return code;
}

__attribute__((format(printf, 3, 4))) static void host_log(struct pare_job *job, int level,
                                                           const char *format, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    job->result->n_warnings += level == PARE_LOG_WARNING;
}

static void *host_alloc(struct pare_job *job, uint64_t count, uint64_t size)
{
    uint64_t bytes = 0;
    if (++job->result->n_allocs == inject_alloc || __builtin_mul_overflow(count, size, &bytes) ||
        bytes > (uint64_t)1 << 32) {
        (void)host_fail(job, PARE_ENOMEM, "no memory for %llu x %llu bytes",
                        (unsigned long long)count, (unsigned long long)size);
        return NULL;
    }
    demand(bytes > 0, "an allocation has a size");
    struct block *block = calloc(1, sizeof(*block) + bytes);
    demand(block != NULL, "the test host has memory");
    block->size = bytes;
    block->magic = (uint64_t)(uintptr_t)block ^ 0x50415245;
    block->next = job->blocks.next;
    block->prev = &job->blocks;
    block->next->prev = block;
    job->blocks.next = block;
    job->memory += bytes;
    if (job->memory > job->result->peak_memory)
        job->result->peak_memory = job->memory;
    return block + 1;
}

static void host_release(struct pare_job *job, void *memory)
{
    if (!memory)
        return;
    struct block *block = (struct block *)memory - 1;
    demand(block->magic == ((uint64_t)(uintptr_t)block ^ 0x50415245), "release is given its own");
    block->next->prev = block->prev;
    block->prev->next = block->next;
    block->magic = 0;
    job->memory -= block->size;
    free(block);
}

static int host_cancelled(struct pare_job *job)
{
    (void)job;
    return 0;
}

static const char *host_option(struct pare_job *job, const char *key)
{
    (void)job;
    (void)key;
    return NULL;
}

static uint32_t host_file_count(struct pare_job *job)
{
    return (uint32_t)job->n_files;
}

static int host_file_info(struct pare_job *job, uint32_t file, struct pare_file *ret_file)
{
    demand(file < job->n_files, "file_info is given a file");
    *ret_file = (struct pare_file){ .struct_size = sizeof(*ret_file),
                                    .name = job->files[file].name,
                                    .size = job->files[file].size };
    return 0;
}

static int host_file_role(struct pare_job *job, uint32_t file, uint32_t role)
{
    demand(file < job->n_files && role <= PARE_FILE_IGNORED, "file_role is given file and role");
    return 0;
}

static int host_read(struct pare_job *job, uint32_t file, uint64_t offset, void *buffer, size_t n)
{
    demand(file < job->n_files, "read is given a file");
    if (++job->result->n_reads == inject_read)
        return host_fail(job, PARE_EIO, "injected: the read failed");
    size_t size = job->files[file].size;
    if (offset > size || n > size - offset)
        return host_fail(job, PARE_EINCOMPLETE, "%s: read beyond the end", job->files[file].name);
    if (n > 0)
        memcpy(buffer, (const char *)job->files[file].data + offset, n);
    return 0;
}

static uint64_t element_size(uint32_t type)
{
    static const uint8_t sizes[] = { 1, 1, 2, 2, 4, 4, 4, 1, sizeof(struct pare_str), 0, 8, 8, 8 };
    demand(type < sizeof(sizes) && sizes[type] > 0, "a value has a type");
    return sizes[type];
}

/* Copies a value with its strings into one block. */
static void *value_copy(struct pare_job *job, struct pare_str key, const struct pare_value *value)
{
    uint64_t bytes = value->count * element_size(value->type);
    uint64_t text = key.len;
    const struct pare_str *from = value->data;
    for (uint64_t i = 0; value->type == PARE_STRING && i < value->count; i++)
        text += from[i].len;
    char *memory = host_alloc(job, 1, bytes + text);
    if (!memory)
        return NULL;
    if (bytes > 0)
        memcpy(memory, value->data, bytes);
    char *at = memory + bytes;
    for (uint64_t i = 0; value->type == PARE_STRING && i < value->count; i++) {
        if (from[i].len > 0)
            memcpy(at, from[i].data, from[i].len);
        ((struct pare_str *)(void *)memory)[i].data = at;
        at += from[i].len;
    }
    memcpy(at, key.data, key.len);
    return memory;
}

static int host_meta_set(struct pare_job *job, struct pare_str key, const struct pare_value *value)
{
    demand(key.len > 0 && key.len <= PARE_MAX_NAME, "a key has a length");
    demand(value->struct_size >= sizeof(*value), "a value has its struct's size");
    demand(value->is_array || value->count == 1, "a single value has a count of 1");
    for (size_t i = 0; i < job->n_meta && i < MAX_COMPARED_KEYS; i++)
        if (job->meta[i].key.len == key.len &&
            memcmp(job->meta[i].key.data, key.data, key.len) == 0)
            return host_fail(job, PARE_EDATA, "there are two metadata entries");
    char *copy = value_copy(job, key, value);
    if (!copy)
        return PARE_ENOMEM;
    struct block *block = (struct block *)(void *)copy - 1;
    job->meta = grow(job->meta, job->n_meta, &job->meta_capacity, sizeof(*job->meta));
    struct meta *meta = &job->meta[job->n_meta++];
    meta->value = *value;
    meta->value.data = copy;
    meta->key = (struct pare_str){ copy + block->size - key.len, key.len };
    return 0;
}

static int host_meta_get(struct pare_job *job, struct pare_str key, struct pare_value *ret_value)
{
    for (size_t i = 0; i < job->n_meta; i++)
        if (job->meta[i].key.len == key.len &&
            memcmp(job->meta[i].key.data, key.data, key.len) == 0) {
            *ret_value = job->meta[i].value;
            return 1;
        }
    return 0;
}

static int host_meta_at(struct pare_job *job, uint64_t i, struct pare_str *ret_key,
                        struct pare_value *ret_value)
{
    if (i >= job->n_meta)
        return 0;
    *ret_key = job->meta[i].key;
    *ret_value = job->meta[i].value;
    return 1;
}

static uint64_t host_tensor_count(struct pare_job *job)
{
    return job->n_tensors;
}

static int host_tensor_at(struct pare_job *job, uint64_t i, struct pare_tensor *ret_tensor)
{
    demand(i < job->n_tensors, "tensor_at is given a tensor");
    *ret_tensor = job->tensors[i].info;
    ret_tensor->encoding = job->tensors[i].encoding;
    return 0;
}

static int host_out_file(struct pare_job *job, const char *name, uint32_t *ret_file)
{
    demand(name[0] == '\0' && job->out_size == 0, "the target is one file");
    *ret_file = 0;
    return 0;
}

static void piece_add(struct pare_job *job, uint64_t offset, uint64_t length, const void *data)
{
    job->pieces = grow(job->pieces, job->n_pieces, &job->pieces_capacity, sizeof(*job->pieces));
    job->pieces[job->n_pieces++] = (struct piece){ offset, length, data };
}

static int host_out_literal(struct pare_job *job, uint32_t file, uint64_t offset, const void *data,
                            uint64_t n)
{
    demand(file == 0, "out_literal is given a file");
    void *copy = host_alloc(job, 1, n > 0 ? n : 1);
    if (!copy)
        return PARE_ENOMEM;
    memcpy(copy, data, n);
    piece_add(job, offset, n, copy);
    return 0;
}

static int host_out_tensor(struct pare_job *job, uint64_t tensor, uint32_t plane, uint32_t file,
                           uint64_t offset)
{
    demand(file == 0 && tensor < job->n_tensors, "out_tensor is given file and tensor");
    demand(plane < job->tensors[tensor].info.n_planes, "out_tensor is given a plane");
    const struct pare_extent *from = &job->tensors[tensor].info.planes[plane];
    piece_add(job, offset, from->length, (const char *)job->files[from->file].data + from->offset);
    return 0;
}

static int host_out_side(struct pare_job *job, uint32_t source_file, uint32_t file)
{
    demand(source_file < job->n_files && file == 0, "out_side is given files");
    return 0;
}

static int host_out_size(struct pare_job *job, uint32_t file, uint64_t size)
{
    demand(file == 0, "out_size is given a file");
    job->out_size = size;
    return 0;
}

static const struct pare_host HOST = {
    .struct_size = sizeof(HOST),
    .abi_version = PARE_ABI_VERSION,
    .fail = host_fail,
    .log = host_log,
    .alloc = host_alloc,
    .release = host_release,
    .cancelled = host_cancelled,
    .option = host_option,
    .file_count = host_file_count,
    .file_info = host_file_info,
    .file_role = host_file_role,
    .read = host_read,
    .meta_set = host_meta_set,
    .meta_get = host_meta_get,
    .meta_at = host_meta_at,
    .tensor_count = host_tensor_count,
    .tensor_at = host_tensor_at,
    .out_file = host_out_file,
    .out_literal = host_out_literal,
    .out_tensor = host_out_tensor,
    .out_side = host_out_side,
    .out_size = host_out_size,
};

static void tensor_check_rules(const struct pare_job *job, const struct pare_tensor *tensor)
{
    demand(tensor->name.len <= PARE_MAX_NAME, "a tensor's name has a length");
    demand(tensor->encoding && strlen(tensor->encoding) < 32, "a tensor has an encoding");
    demand(tensor->n_dims <= PARE_MAX_DIMS, "a tensor has up to 8 dimensions");
    demand(tensor->n_planes >= 1 && tensor->n_planes <= PARE_MAX_PLANES, "a tensor has planes");
    for (uint32_t p = 0; p < tensor->n_planes; p++)
        demand(tensor->planes[p].file < job->n_files, "an extent is in a file");
}

/* What the core does for all formats: nothing beyond the end of a file. */
static int extents_check(struct pare_job *job, const struct pare_tensor *tensor)
{
    if (tensor->name.len == 0 || memchr(tensor->name.data, 0, tensor->name.len))
        return host_fail(job, PARE_EDATA, "a tensor's name is empty or has a NUL");
    for (uint32_t p = 0; p < tensor->n_planes; p++) {
        const struct pare_extent *extent = &tensor->planes[p];
        uint64_t end = 0;
        if (__builtin_add_overflow(extent->offset, extent->length, &end) ||
            end > job->files[extent->file].size)
            return host_fail(job, PARE_EINCOMPLETE,
                             "a tensor ends beyond, but the file has only %zu bytes",
                             job->files[extent->file].size);
    }
    return 0;
}

static int tensor_add(struct pare_job *job, const struct pare_tensor *tensor)
{
    tensor_check_rules(job, tensor);
    int r = extents_check(job, tensor);
    if (r < 0)
        return r;
    job->tensors = grow(job->tensors, job->n_tensors, &job->tensors_capacity,
                        sizeof(*job->tensors));
    struct tensor *added = &job->tensors[job->n_tensors++];
    added->info = *tensor;
    strcpy(added->encoding, tensor->encoding);
    char *name = malloc(tensor->name.len);
    demand(name != NULL, "the test host has memory");
    memcpy(name, tensor->name.data, tensor->name.len);
    added->info.name.data = name;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct pare_str *x = &(*(const struct tensor *const *)a)->info.name;
    const struct pare_str *y = &(*(const struct tensor *const *)b)->info.name;
    size_t n = x->len < y->len ? x->len : y->len;
    int r = memcmp(x->data, y->data, n);
    return r ? r : (x->len > y->len) - (x->len < y->len);
}

static int by_place(const void *a, const void *b)
{
    const struct pare_extent *x = *(const struct pare_extent *const *)a;
    const struct pare_extent *y = *(const struct pare_extent *const *)b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static int overlap_check(struct pare_job *job)
{
    const struct pare_extent **sorted = calloc(job->n_tensors * PARE_MAX_PLANES + 1,
                                               sizeof(struct pare_extent *));
    demand(sorted != NULL, "the test host has memory");
    size_t n = 0;
    int r = 0;
    for (size_t i = 0; i < job->n_tensors; i++)
        for (uint32_t p = 0; p < job->tensors[i].info.n_planes; p++)
            if (job->tensors[i].info.planes[p].length > 0)
                sorted[n++] = &job->tensors[i].info.planes[p];
    qsort(sorted, n, sizeof(*sorted), by_place);
    for (size_t i = 1; i < n && r == 0; i++)
        if (sorted[i]->file == sorted[i - 1]->file &&
            sorted[i]->offset < sorted[i - 1]->offset + sorted[i - 1]->length)
            r = host_fail(job, PARE_EDATA, "two tensors overlap");
    free(sorted);
    return r;
}

static int names_check(struct pare_job *job)
{
    struct tensor **sorted = calloc(job->n_tensors + 1, sizeof(struct tensor *));
    demand(sorted != NULL, "the test host has memory");
    int r = 0;
    for (size_t i = 0; i < job->n_tensors; i++)
        sorted[i] = &job->tensors[i];
    qsort(sorted, job->n_tensors, sizeof(*sorted), by_name);
    for (size_t i = 1; i < job->n_tensors && r == 0; i++)
        if (by_name(&sorted[i - 1], &sorted[i]) == 0)
            r = host_fail(job, PARE_EDATA, "there are two tensors named alike");
    free(sorted);
    return r;
}

static int model_read(struct pare_job *job, const struct pare_reader *reader)
{
    void *state = NULL;
    int r = reader->open(&HOST, job, &state);
    demand(r <= 0, "open gives no positive value");
    if (r < 0)
        return r;
    do {
        struct pare_tensor tensor = { .struct_size = sizeof(tensor) };
        r = reader->next(state, &tensor);
        demand(r <= 1, "next gives 1, 0 or a failure");
        if (r == 1) {
            int added = tensor_add(job, &tensor);
            r = added < 0 ? added : 1;
        }
    } while (r == 1);
    reader->close(state);
    if (r == 0)
        r = names_check(job);
    return r < 0 ? r : overlap_check(job);
}

static void probe_all(const struct pare_reader *reader, const struct plugin_host_file *files,
                      size_t n_files)
{
    for (size_t i = 0; i < n_files; i++) {
        size_t n = files[i].size < 4096 ? files[i].size : 4096;
        uint8_t *head = malloc(n + 1); /* a copy, so that reading beyond it is found */
        demand(head != NULL, "the test host has memory");
        head = realloc(head, n > 0 ? n : 1);
        if (n > 0)
            memcpy(head, files[i].data, n);
        struct pare_probe probe = { .struct_size = sizeof(probe),
                                    .name = files[i].name,
                                    .head = head,
                                    .head_len = n,
                                    .file_size = files[i].size,
                                    .in_folder = n_files > 1 };
        int r = reader->probe(&probe);
        demand(r >= 0 && r <= 100, "probe gives 0 to 100");
        free(head);
    }
}

/* Puts the pieces together; bytes that none covers are zero. */
static int output_build(struct pare_job *job)
{
    char *output = calloc(1, job->out_size + 1);
    demand(output != NULL, "the test host has memory");
    for (size_t i = 0; i < job->n_pieces; i++) {
        const struct piece *piece = &job->pieces[i];
        demand(piece->offset <= job->out_size && piece->length <= job->out_size - piece->offset,
               "a piece lies inside the target");
        memcpy(output + piece->offset, piece->data, piece->length);
    }
    job->result->output = output;
    job->result->output_size = job->out_size;
    return 0;
}

static void job_deinit(struct pare_job *job)
{
    while (job->blocks.next != &job->blocks)
        host_release(job, job->blocks.next + 1);
    for (size_t i = 0; i < job->n_tensors; i++)
        free((char *)job->tensors[i].info.name.data);
    free(job->tensors);
    free(job->meta);
    free(job->pieces);
}

static int run(const struct pare_plugin *plugin, const struct plugin_host_file *files,
               size_t n_files, int rewrite, struct plugin_host_result *ret)
{
    struct pare_job job = { .files = files, .n_files = n_files, .result = ret };
    void *state = NULL;
    *ret = (struct plugin_host_result){ .status = 0 };
    job.blocks.next = job.blocks.prev = &job.blocks;
    probe_all(plugin->readers[0], files, n_files);
    ret->status = model_read(&job, plugin->readers[0]);
    if (ret->status == 0 && rewrite)
        ret->status = plugin->writers[0]->layout(&HOST, &job, &state);
    if (ret->status == 0 && rewrite)
        ret->status = output_build(&job);
    if (state)
        plugin->writers[0]->close(state);
    demand(ret->status <= 0, "layout gives no positive value");
    demand((ret->status < 0) == (ret->message[0] != '\0'), "a failure is reported, success is not");
    ret->n_tensors = job.n_tensors;
    ret->n_meta = job.n_meta;
    job_deinit(&job);
    return ret->status;
}

int plugin_host_read_model(const struct pare_plugin *plugin, const struct plugin_host_file *files,
                           size_t n_files, struct plugin_host_result *ret)
{
    return run(plugin, files, n_files, 0, ret);
}

int plugin_host_rewrite(const struct pare_plugin *plugin, const struct plugin_host_file *files,
                        size_t n_files, struct plugin_host_result *ret)
{
    return run(plugin, files, n_files, 1, ret);
}

void plugin_host_inject(uint64_t fail_alloc, uint64_t fail_read)
{
    inject_alloc = fail_alloc;
    inject_read = fail_read;
}

const struct pare_plugin *plugin_host_load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    pare_plugin_entry_fn *entry = NULL;
    if (library)
        *(void **)&entry = dlsym(library, "pare_plugin_entry_1");
    if (!entry) {
        fprintf(stderr, "%s: %s\n", path, dlerror());
        exit(2);
    }
    return entry();
}

void plugin_host_slurp(const char *path, void **ret_data, size_t *ret_size)
{
    FILE *f = fopen(path, "rb");
    long size = -1;
    if (f && fseek(f, 0, SEEK_END) == 0)
        size = ftell(f);
    void *data = malloc(size > 0 ? (size_t)size : 1);
    if (!f || size < 0 || !data || fseek(f, 0, SEEK_SET) != 0 ||
        fread(data, 1, (size_t)size, f) != (size_t)size) {
        perror(path);
        exit(2);
    }
    fclose(f);
    *ret_data = data;
    *ret_size = (size_t)size;
}
