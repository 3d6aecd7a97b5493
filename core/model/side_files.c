/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Files of a folder beside its weights: see side_files.h. Nothing here knows an architecture.
 * config.json is brought to one shape, whatever the age of the folder and the library that wrote
 * it, so that a map has one name for each value.
 */
#include "model/side_files.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_numbers.h"
#include "base/json_whole.h"
#include "base/memory.h"

#include <string.h>

const struct model_file *side_file_find(const struct model *model, const char *name)
{
    for (uint32_t i = 0; i < model->n_files; i++)
        if (!strcmp(model->files[i].name, name))
            return &model->files[i];
    return NULL;
}

int side_file_bytes(const struct model_file *file, void *buffer, size_t n, struct error *err)
{
    if (!file->text) {
        memory_reading_file(file->name, file->fd, 0, n);
        return file_pread(file->fd, buffer, n, 0, err);
    }
    if (n)
        memcpy(buffer, file->text, n);
    return 0;
}

int side_file_text(const struct model *model, const char *name, size_t limit, char **ret_text,
                   size_t *ret_len, struct error *err)
{
    const struct model_file *file = side_file_find(model, name);
    if (!file)
        return 1;
    if (file->size > limit)
        return error_set(err, PARE_ELIMIT, "%s: %llu bytes are more than the %zu that it may have",
                         name, (unsigned long long)file->size, limit);
    memory_reading_file(name, file->fd, 0, file->size);
    _cleanup_free_ char *text = malloc((size_t)file->size + 1);
    if (!text)
        return error_oom(err);
    int r = side_file_bytes(file, text, (size_t)file->size, err);
    if (r)
        return error_prefix(err, "%s", name);
    text[file->size] = 0;
    *ret_len = (size_t)file->size;
    *ret_text = TAKE(text);
    return 0;
}

int side_file_judge(const char *name, const char *text, size_t n, int code, struct error *err)
{
    const char *lacks = code == PARE_EDATA ? json_text_lacks(text, n) : NULL;
    if (!lacks)
        return code;
    return error_set(err, PARE_EINCOMPLETE, "%s: %s: cut short or still arriving", name, lacks);
}

int side_file_json(const struct model *model, const char *name, size_t limit, json_t **ret_object,
                   struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = side_file_text(model, name, limit, &text, &len, err);
    if (r)
        return r;
    r = json_numbers_mark(&text, &len, err);
    if (!r)
        r = json_parse_object(text, len, ret_object, err);
    return r ? side_file_judge(name, text, len, error_prefix(err, "%s", name), err) : 0;
}

/* Copies all that is not null. */
static int merge(json_t *into, const json_t *from, struct error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)from, key, value)
        if (!json_is_null(value) && json_object_set(into, key, value) < 0)
            return error_oom(err);
    return 0;
}

/* Sets into[key] to the first of the names that config has, unless it is there. */
static int adopt(json_t *into, const char *key, const json_t *config, const char *const *names,
                 struct error *err)
{
    for (; *names && !json_object_get(into, key); names++) {
        json_t *value = json_object_get(config, *names);
        if (value && !json_is_null(value) && json_object_set(into, key, value) < 0)
            return error_oom(err);
    }
    return 0;
}

static const struct {
    const char *key;
    const char *names[6];
} rope_names[] = {
    { "rope_theta", { "rope_theta", "global_rope_theta", "rope_global_theta", "rotary_emb_base" } },
    { "partial_rotary_factor", { "partial_rotary_factor", "rope_pct", "rope_percent" } },
    { "original_max_position_embeddings", { "original_max_position_embeddings" } },
};

/* The parameters of rotary embeddings in one place, whatever the folder's age. */
static int gather_rope(json_t *config, struct error *err)
{
    static const char *const local_names[] = { "rope_local_base_freq", "local_rope_theta",
                                               "rope_local_theta", "swa_rope_theta", NULL };
    static const char *const type_names[] = { "type", NULL };
    static const char *const given_names[] = { "rope_parameters", "rope_scaling" };
    const json_t *given = NULL;
    for (size_t i = 0; !given && i < sizeof given_names / sizeof *given_names; i++) {
        given = json_object_get(config, given_names[i]);
        if (given && !json_is_object(given))
            return error_set(err, PARE_EDATA, "config.json: `%s' is no object", given_names[i]);
    }
    const json_t *full = json_object_get(given, "full_attention");
    const json_t *sliding = json_object_get(given, "sliding_attention");
    _cleanup_json_ json_t *rope = json_object();
    _cleanup_json_ json_t *local = json_object();
    if (!rope || !local)
        return error_oom(err);
    int r = merge(rope, json_is_object(full) ? full : given, err);
    if (!r)
        r = merge(local, sliding, err);
    for (size_t i = 0; !r && i < sizeof rope_names / sizeof *rope_names; i++)
        r = adopt(rope, rope_names[i].key, config, rope_names[i].names, err);
    if (!r)
        r = adopt(rope, "rope_type", rope, type_names, err);
    if (!r)
        r = adopt(local, "rope_theta", config, local_names, err);
    if (r)
        return r;
    (void)json_object_del(config, "rope_parameters");
    if ((json_object_size(rope) && json_object_set(config, "rope_parameters", rope) < 0) ||
        (json_object_size(local) && json_object_set(config, "rope_local_parameters", local) < 0))
        return error_oom(err);
    return 0;
}

int side_file_config(const struct model *model, json_t **ret_config, struct error *err)
{
    static const char *const parts[] = { "text_config", "language_config", "llm_config",
                                         "lm_config" };
    _cleanup_json_ json_t *given = NULL;
    int r = side_file_json(model, "config.json", SIDE_FILE_MAX_CONFIG, &given, err);
    if (r)
        return r;
    _cleanup_json_ json_t *config = json_object();
    if (!config)
        return error_oom(err);
    r = merge(config, given, err);
    for (size_t i = 0; !r && i < sizeof parts / sizeof *parts; i++)
        r = merge(config, json_object_get(given, parts[i]), err);
    if (!r)
        r = gather_rope(config, err);
    if (!r)
        *ret_config = TAKE(config);
    return r;
}

int side_file_model_type(const struct model *model, char **ret_type, struct error *err)
{
    _cleanup_json_ json_t *config = NULL;
    int r = side_file_json(model, "config.json", SIDE_FILE_MAX_CONFIG, &config, err);
    if (r < 0 && r != PARE_EDATA && r != PARE_ELIMIT && r != PARE_EINCOMPLETE)
        return r;
    const char *type = r == 0 ? json_get_string(config, "model_type", NULL) : NULL;
    char *copy = type ? strdup(type) : NULL;
    if (type && !copy)
        return error_oom(err);
    *ret_type = copy;
    return 0;
}
