/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Models: memory, files and tensors. Names, dims and lengths of tensors come from untrusted files:
 * they are checked here, once for all formats, so that nobody above has to.
 */
#include "model/model.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "base/text.h"

#include <string.h>

#define MOST_EXTENTS (2 * PARE_MAX_PLANES * sizeof(struct pare_extent))
#define TENSOR_MEMORY 512 /* for a tensor's description, besides the header's bytes */

int model_new(struct model **ret_model, struct error *err)
{
    struct model *model = calloc(1, sizeof *model);
    if (!model)
        return error_oom(err);
    *ret_model = model;
    return 0;
}

void model_free(struct model *model)
{
    if (!model)
        return;
    arena_deinit(&model->memory);
    strmap_deinit(&model->tensor_names);
    strmap_deinit(&model->meta_keys);
    free(model->files);
    free(model->tensors);
    free(model->meta);
    free(model);
}

static int refuse_memory(const struct model *model, struct error *err)
{
    return error_set(err, PARE_ELIMIT, "the model's description needs over %llu bytes of memory",
                     (unsigned long long)model->memory.limit);
}

int model_alloc(struct model *model, uint64_t count, uint64_t size, void **ret_memory,
                struct error *err)
{
    uint64_t bytes;
    if (checked_mul(count, size, &bytes) || bytes > ARENA_MAX_PIECE)
        return error_set(err, PARE_ELIMIT, "%llu x %llu bytes of memory asked for",
                         (unsigned long long)count, (unsigned long long)size);
    if (!arena_has_room(&model->memory, bytes))
        return refuse_memory(model, err);
    void *memory = arena_alloc(&model->memory, bytes);
    if (!memory)
        return error_oom(err);
    *ret_memory = memory;
    return 0;
}

static int copy_bytes(struct model *model, const char *data, size_t n, char **ret_copy,
                      struct error *err)
{
    if (!arena_has_room(&model->memory, n + 1))
        return refuse_memory(model, err);
    char *copy = arena_copy(&model->memory, (struct pare_str){ data, n });
    if (!copy)
        return error_oom(err);
    *ret_copy = copy;
    return 0;
}

/* The name of an encoding is most often that of the tensor before. */
static int copy_encoding(struct model *model, const char *name, char **ret_copy, struct error *err)
{
    char *before = model->n_tensors ? model->tensors[model->n_tensors - 1].encoding_name : NULL;
    if (!before || strcmp(before, name) != 0)
        return copy_bytes(model, name, strlen(name), ret_copy, err);
    *ret_copy = before;
    return 0;
}

int model_add_file(struct model *model, const char *name, int fd, uint64_t size, struct error *err)
{
    struct model_file *files = reallocarray(model->files, model->n_files + 1u, sizeof *files);
    if (!files)
        return error_oom(err);
    model->files = files;
    struct model_file file = { .fd = fd, .size = size };
    int r = copy_bytes(model, name, strlen(name), &file.name, err);
    if (r < 0)
        return r;
    model->files[model->n_files++] = file;
    return 0;
}

int model_add_text(struct model *model, const char *name, const char *text, uint64_t size,
                   struct error *err)
{
    int r = model_add_file(model, name, -1, size, err);
    if (r == 0)
        model->files[model->n_files - 1].text = text;
    return r;
}

static int check_name(const struct model *model, const struct pare_str *name, struct error *err)
{
    if (!name->len)
        return error_set(err, PARE_EDATA, "tensor %llu has an empty name",
                         (unsigned long long)model->n_tensors);
    if (name->len > PARE_MAX_NAME)
        return error_set(err, PARE_ELIMIT, "tensor %llu: its name has %zu bytes, the limit is %d",
                         (unsigned long long)model->n_tensors, name->len, PARE_MAX_NAME);
    if (memchr(name->data, 0, name->len))
        return error_set(err, PARE_EDATA, "tensor %llu: its name holds a NUL byte",
                         (unsigned long long)model->n_tensors);
    return 0;
}

static int set_dims(struct model_tensor *t, const struct pare_tensor *said, struct error *err)
{
    if (said->n_dims > PARE_MAX_DIMS)
        return error_set(err, PARE_EDATA, "tensor `%s` has %u dimensions, the limit is %d",
                         text_show(t->name).text, said->n_dims, PARE_MAX_DIMS);
    t->n_dims = said->n_dims;
    t->elements = 1;
    for (uint32_t i = 0; i < said->n_dims; i++) {
        t->dims[i] = said->dims[i];
        if (checked_mul(t->elements, said->dims[i], &t->elements) || t->elements > INT64_MAX)
            return error_set(err, PARE_EDATA,
                             "tensor `%s`: the product of its dimensions overflows",
                             text_show(t->name).text);
    }
    t->row_len = t->n_dims ? t->dims[t->n_dims - 1] : 1;
    t->rows = t->row_len ? t->elements / t->row_len : 0;
    return 0;
}

static int set_planes(struct model *model, struct model_tensor *t, const struct pare_tensor *said,
                      struct error *err)
{
    if (said->n_planes < 1 || said->n_planes > PARE_MAX_PLANES)
        return error_set(err, PARE_EPLUGIN, "tensor `%s`: the reader gives %u planes",
                         text_show(t->name).text, said->n_planes);
    if (t->encoding && t->encoding->n_planes != said->n_planes)
        return error_set(err, PARE_EPLUGIN, "tensor `%s`: %u planes, but %s has %u",
                         text_show(t->name).text, said->n_planes, t->encoding->name,
                         t->encoding->n_planes);
    t->n_planes = said->n_planes;
    if (!arena_has_room(&model->memory, MOST_EXTENTS))
        return refuse_memory(model, err);
    t->planes = arena_small(&model->memory, t->n_planes * sizeof *t->planes);
    if (!t->planes)
        return error_oom(err);
    for (uint32_t i = 0; i < said->n_planes; i++) {
        const struct pare_extent *extent = &said->planes[i];
        uint64_t want = extent->length, end;
        if (t->encoding) {
            int r = encoding_plane_bytes(t->encoding, i, t->rows, t->row_len, &want, err);
            if (r < 0)
                return error_prefix(err, "tensor `%s`", text_show(t->name).text);
        }
        if (want != extent->length)
            return error_set(err, PARE_EDATA, "tensor `%s`: %llu bytes given, its shape needs %llu",
                             text_show(t->name).text, (unsigned long long)extent->length,
                             (unsigned long long)want);
        if (extent->file >= model->n_files || checked_add(extent->offset, extent->length, &end) ||
            end > INT64_MAX || checked_add(t->bytes, extent->length, &t->bytes))
            return error_set(err, PARE_EDATA, "tensor `%s`: its extent overflows",
                             text_show(t->name).text);
        t->planes[i] = *extent;
    }
    return 0;
}

static int reserve_tensor(struct model *model, struct error *err)
{
    if (model->n_tensors < model->tensors_capacity)
        return 0;
    uint64_t capacity = model->tensors_capacity ? model->tensors_capacity * 2 : 64;
    struct model_tensor *tensors = reallocarray(model->tensors, capacity, sizeof *tensors);
    if (!tensors)
        return error_oom(err);
    model->tensors = tensors;
    model->tensors_capacity = capacity;
    return 0;
}

/* What it is for, as far as the reader tells. */
static int set_facts(struct model *model, struct model_tensor *t, const struct pare_tensor *said,
                     struct error *err)
{
    int r = 0;
    if (said->channel > said->n_dims)
        return error_set(err, PARE_EPLUGIN, "tensor `%s`: channels on axis %u of %u",
                         text_show(t->name).text, said->channel - 1, said->n_dims);
    t->channel = said->channel;
    t->computed = (said->flags & PARE_TENSOR_COMPUTED) != 0;
    t->end_file = t->computed ? UINT32_MAX : 0;
    if (said->role)
        r = copy_bytes(model, said->role, strlen(said->role), &t->role, err);
    if (r == 0 && said->op)
        r = copy_bytes(model, said->op, strlen(said->op), &t->op, err);
    return r;
}

int model_add_tensor(struct model *model, const struct pare_tensor *tensor,
                     const struct encoding *encoding, struct error *err)
{
    struct model_tensor t = { .encoding = encoding, .name = tensor->name };
    int r = check_name(model, &tensor->name, err);
    if (r == 0)
        r = set_dims(&t, tensor, err);
    if (r == 0)
        r = set_planes(model, &t, tensor, err);
    if (r == 0)
        r = reserve_tensor(model, err);
    char *name = NULL;
    if (r == 0)
        r = copy_bytes(model, tensor->name.data, tensor->name.len, &name, err);
    if (r == 0)
        r = copy_encoding(model, tensor->encoding, &t.encoding_name, err);
    if (r == 0)
        r = set_facts(model, &t, tensor, err);
    if (r < 0)
        return r;
    t.name.data = name;
    r = strmap_add(&model->tensor_names, name, t.name.len, model->n_tensors, err);
    if (r < 0)
        return r;
    if (r > 0)
        return error_set(err, PARE_EDATA, "there are two tensors named `%s`",
                         text_show(t.name).text);
    model->tensors[model->n_tensors++] = t;
    memory_reading_allow(TENSOR_MEMORY);
    return 0;
}

int model_find_tensor(const struct model *model, struct pare_str name, uint64_t *ret_index)
{
    return strmap_find(&model->tensor_names, name.data, name.len, ret_index);
}

struct placed {
    const struct pare_extent *extent;
    const struct model_tensor *tensor;
};

static int compare_placed(const void *a, const void *b)
{
    const struct pare_extent *x = ((const struct placed *)a)->extent;
    const struct pare_extent *y = ((const struct placed *)b)->extent;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return (x->length > y->length) - (x->length < y->length);
}

static int check_inside(const struct model *model, const struct placed *p, struct error *err)
{
    const struct model_file *file = &model->files[p->extent->file];
    uint64_t end = p->extent->offset + p->extent->length;
    if (end <= file->size)
        return 0;
    return error_set(err, PARE_EINCOMPLETE,
                     "%s: tensor `%s` ends at byte %llu, but the file has only %llu bytes",
                     file->name, text_show(p->tensor->name).text, (unsigned long long)end,
                     (unsigned long long)file->size);
}

static int check_placed(const struct model *model, const struct placed *placed, uint64_t n,
                        struct error *err)
{
    for (uint64_t i = 0; i < n; i++) {
        int r = check_inside(model, &placed[i], err);
        if (r < 0)
            return r;
        if (!i || placed[i - 1].extent->file != placed[i].extent->file)
            continue;
        const struct pare_extent *before = placed[i - 1].extent;
        if (before->offset + before->length > placed[i].extent->offset)
            return error_set(err, PARE_EDATA, "%s: the data of tensors `%s` and `%s` overlap",
                             model->files[before->file].name,
                             text_show(placed[i - 1].tensor->name).text,
                             text_show(placed[i].tensor->name).text);
    }
    return 0;
}

int model_check_extents(const struct model *model, struct error *err)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < model->n_tensors; i++)
        n += model->tensors[i].n_planes;
    _cleanup_free_ struct placed *placed = calloc(n + 1, sizeof *placed);
    if (!placed)
        return error_oom(err);
    n = 0;
    for (uint64_t i = 0; i < model->n_tensors; i++)
        for (uint32_t j = 0; j < model->tensors[i].n_planes && !model->tensors[i].computed; j++)
            if (model->tensors[i].planes[j].length)
                placed[n++] = (struct placed){ &model->tensors[i].planes[j], &model->tensors[i] };
    qsort(placed, n, sizeof *placed, compare_placed);
    return check_placed(model, placed, n, err);
}

uint64_t model_parameters(const struct model *model)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < model->n_tensors; i++)
        n += model->tensors[i].elements;
    return n;
}

uint64_t model_bytes(const struct model *model)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < model->n_tensors; i++)
        n += model->tensors[i].bytes;
    return n;
}

struct census_line {
    const char *encoding;
    uint64_t tensors, elements, bytes;
};

static int compare_lines(const void *a, const void *b)
{
    const struct census_line *x = a, *y = b;
    if (x->elements != y->elements)
        return x->elements > y->elements ? -1 : 1;
    return strcmp(x->encoding, y->encoding);
}

static size_t count_lines(const struct model *model, struct census_line *lines, size_t max)
{
    size_t n = 0;
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        const struct model_tensor *t = &model->tensors[i];
        size_t j = 0;
        while (j < n && strcmp(lines[j].encoding, t->encoding_name) != 0)
            j++;
        if (j == n && n == max)
            continue;
        if (j == n)
            lines[n++] = (struct census_line){ .encoding = t->encoding_name };
        lines[j].tensors++;
        lines[j].elements += t->elements;
        lines[j].bytes += t->bytes;
    }
    qsort(lines, n, sizeof *lines, compare_lines);
    return n;
}

json_t *model_census(const struct model *model)
{
    struct census_line lines[128];
    size_t n = count_lines(model, lines, 128);
    json_t *census = json_array();
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(census,
                                    json_pack("{s:s, s:I, s:I, s:I}", "encoding", lines[i].encoding,
                                              "tensors", (json_int_t)lines[i].tensors, "elements",
                                              (json_int_t)lines[i].elements, "bytes",
                                              (json_int_t)lines[i].bytes));
    return census;
}

json_t *tensor_shape(const struct model_tensor *tensor)
{
    json_t *shape = json_array();
    for (uint32_t i = 0; i < tensor->n_dims; i++)
        (void)json_array_append_new(shape, json_integer((json_int_t)tensor->dims[i]));
    return shape;
}

int tensor_shapes_agree(const struct model_tensor *a, const struct model_tensor *b)
{
    uint32_t i = 0, j = 0;
    while (i < a->n_dims && a->dims[i] == 1)
        i++;
    while (j < b->n_dims && b->dims[j] == 1)
        j++;
    if (a->n_dims - i != b->n_dims - j)
        return 0;
    for (; i < a->n_dims; i++, j++)
        if (a->dims[i] != b->dims[j])
            return 0;
    return 1;
}
