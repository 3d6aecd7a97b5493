/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Metadata: typed values under keys, in order. Values are copied into the model. The key map holds
 * indices, so removing an entry (meta_put) rebuilds it.
 */
#include "model/metadata.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "base/text.h"

#include <string.h>

static const uint8_t type_sizes[] = {
    [PARE_U8] = 1,    [PARE_I8] = 1,   [PARE_U16] = 2,
    [PARE_I16] = 2,   [PARE_U32] = 4,  [PARE_I32] = 4,
    [PARE_F32] = 4,   [PARE_BOOL] = 1, [PARE_STRING] = sizeof(struct pare_str),
    [PARE_U64] = 8,   [PARE_I64] = 8,  [PARE_F64] = 8,
    [PARE_DIGEST] = 4
};

static int copy_strings(struct model *model, const struct pare_str *from, uint64_t count,
                        struct pare_str *to, struct error *err)
{
    uint64_t total = 0;
    for (uint64_t i = 0; i < count; i++)
        if (from[i].len && !from[i].data)
            return error_set(err, PARE_EPLUGIN, "a string of %zu bytes without data", from[i].len);
        else if (checked_add(total, from[i].len, &total) || checked_add(total, 1, &total))
            return error_set(err, PARE_ELIMIT, "strings of a metadata value overflow");
    void *memory = NULL;
    int r = model_alloc(model, total ? total : 1, 1, &memory, err);
    if (r < 0)
        return r;
    char *p = memory;
    for (uint64_t i = 0; i < count; i++) {
        if (from[i].len)
            memcpy(p, from[i].data, from[i].len);
        to[i] = (struct pare_str){ p, from[i].len };
        p += from[i].len + 1;
    }
    return 0;
}

/* Digests are numbers of files; the host asks for them later. */
static int check_digests(const struct model *model, const struct pare_value *value, uint64_t count,
                         struct error *err)
{
    for (uint64_t i = 0; i < count; i++) {
        uint32_t file;
        memcpy(&file, (const char *)value->data + i * sizeof file, sizeof file);
        if (file >= model->n_files)
            return error_set(err, PARE_EPLUGIN, "metadata names the digest of file %u of %u", file,
                             model->n_files);
    }
    return 0;
}

static int copy_value(struct model *model, const struct pare_value *from, struct pare_value *ret_to,
                      struct error *err)
{
    uint64_t size = from->type < sizeof type_sizes ? type_sizes[from->type] : 0;
    uint64_t count = from->is_array ? from->count : 1;
    if (!size)
        return error_set(err, PARE_EPLUGIN, "metadata of unknown type %u", from->type);
    if (count && !from->data)
        return error_set(err, PARE_EPLUGIN, "metadata of %llu elements without data",
                         (unsigned long long)count);
    void *data = NULL;
    int r = from->type == PARE_DIGEST ? check_digests(model, from, count, err) : 0;
    if (r == 0)
        r = model_alloc(model, count ? count : 1, size, &data, err);
    if (r < 0)
        return r;
    if (from->type == PARE_STRING)
        r = copy_strings(model, from->data, count, data, err);
    else if (count)
        memcpy(data, from->data, count * size);
    if (r < 0)
        return r;
    *ret_to = (struct pare_value){ .struct_size = sizeof *ret_to,
                                   .type = from->type,
                                   .is_array = from->is_array != 0,
                                   .count = count,
                                   .data = data };
    return 0;
}

static int reserve_meta(struct model *model, struct error *err)
{
    if (model->n_meta < model->meta_capacity)
        return 0;
    uint64_t capacity = model->meta_capacity ? model->meta_capacity * 2 : 32;
    struct model_meta *meta = reallocarray(model->meta, capacity, sizeof *meta);
    if (!meta)
        return error_oom(err);
    model->meta = meta;
    model->meta_capacity = capacity;
    return 0;
}

int meta_share(struct model *model, const struct model_meta *entry, struct error *err)
{
    int r = reserve_meta(model, err);
    if (r == 0)
        r = strmap_add(&model->meta_keys, entry->key.data, entry->key.len, model->n_meta, err);
    if (r > 0)
        return error_set(err, PARE_EDATA, "there are two metadata entries `%s`",
                         text_show(entry->key).text);
    if (r < 0)
        return r;
    model->meta[model->n_meta++] = *entry;
    return 0;
}

int meta_set(struct model *model, struct pare_str key, const struct pare_value *value,
             struct error *err)
{
    if (!key.len || key.len > PARE_MAX_NAME)
        return error_set(err, PARE_EDATA, "metadata entry %llu has a key of %zu bytes",
                         (unsigned long long)model->n_meta, key.len);
    struct model_meta entry = { { NULL, 0 }, { 0 } };
    int r = copy_strings(model, &key, 1, &entry.key, err);
    if (r == 0)
        r = copy_value(model, value, &entry.value, err);
    return r < 0 ? r : meta_share(model, &entry, err);
}

static int remove_key(struct model *model, struct pare_str key, struct error *err)
{
    uint64_t at;
    if (!strmap_find(&model->meta_keys, key.data, key.len, &at))
        return 0;
    memmove(&model->meta[at], &model->meta[at + 1], (model->n_meta - at - 1) * sizeof *model->meta);
    model->n_meta--;
    strmap_deinit(&model->meta_keys);
    for (uint64_t i = 0; i < model->n_meta; i++) {
        int r = strmap_add(&model->meta_keys, model->meta[i].key.data, model->meta[i].key.len, i,
                           err);
        if (r < 0)
            return r;
    }
    return 0;
}

int meta_put(struct model *model, struct pare_str key, const struct pare_value *value,
             struct error *err)
{
    int r = remove_key(model, key, err);
    return r < 0 ? r : meta_set(model, key, value, err);
}

const struct pare_value *meta_find(const struct model *model, const char *key)
{
    uint64_t at;
    if (!strmap_find(&model->meta_keys, key, strlen(key), &at))
        return NULL;
    return &model->meta[at].value;
}

#define LOAD(type)                                     \
    __extension__({                                    \
        type loaded_;                                  \
        memcpy(&loaded_, value->data, sizeof loaded_); \
        (int64_t) loaded_;                             \
    })

static int64_t first_int(const struct pare_value *value, int64_t fallback)
{
    if (!value || !value->count)
        return fallback;
    switch (value->type) {
    case PARE_U8:
    case PARE_BOOL:
        return LOAD(uint8_t);
    case PARE_I8:
        return LOAD(int8_t);
    case PARE_U16:
        return LOAD(uint16_t);
    case PARE_I16:
        return LOAD(int16_t);
    case PARE_U32:
        return LOAD(uint32_t);
    case PARE_I32:
        return LOAD(int32_t);
    case PARE_U64: { /* what an int64_t cannot be is no number that anything here could mean */
        int64_t number = LOAD(uint64_t);
        return number < 0 ? fallback : number;
    }
    case PARE_I64:
        return LOAD(int64_t);
    default:
        return fallback;
    }
}

int64_t meta_first_int(const struct model *model, const char *key, int64_t fallback)
{
    return first_int(meta_find(model, key), fallback);
}

int64_t meta_int(const struct model *model, const char *key, int64_t fallback)
{
    const struct pare_value *value = meta_find(model, key);
    return value && value->is_array ? fallback : first_int(value, fallback);
}

char *meta_string(const struct model *model, const char *key)
{
    const struct pare_value *value = meta_find(model, key);
    if (!value || value->type != PARE_STRING || value->is_array)
        return NULL;
    const struct pare_str *s = value->data;
    char *copy = strndup(s->data, s->len);
    if (!copy)
        memory_note_failure();
    return copy;
}

char *model_architecture(const struct model *model)
{
    return meta_string(model, "general.architecture");
}
