/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Reading the JSON files of a tokenizer: see tokenizer_files.h. */
#include "tokenizer/tokenizer_files.h"

#include "base/cleanup.h"
#include "base/json_numbers.h"
#include "base/text.h"
#include "model/side_files.h"
#include "tokenizer/tokenizer_vocab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE (256u << 20)

int tokenizer_files_walk(const struct model *source, const char *name, char **ret_text,
                         struct json_walk *ret_walk, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = side_file_text(source, name, MAX_FILE, &text, &len, err);
    if (!r && len <= SIDE_FILE_MAX_CONFIG) /* a vocabulary's file has ids only, and is large */
        r = json_numbers_mark(&text, &len, err);
    if (r)
        return r;
    r = json_walk_begin(text, len, ret_walk, err);
    if (r < 0)
        return side_file_judge(name, text, len, error_prefix(err, "%s", name), err);
    *ret_text = TAKE(text);
    return 0;
}

/* ---- added tokens ---- */

struct entry { /* which of its members were there */
    struct tokenizer_added *token;
    int content, id, special, normalized;
};

static int read_entry_member(struct json_walk *walk, struct entry *entry, struct error *err)
{
    const struct pare_str key = json_walk_key(walk);
    int *seen = text_is(key, "content")      ? &entry->content
                : text_is(key, "id")         ? &entry->id
                : text_is(key, "special")    ? &entry->special
                : text_is(key, "normalized") ? &entry->normalized
                                             : NULL;
    if (seen && *seen)
        return error_set(err, PARE_EDATA, "`%.*s` stands twice in an added token", text_clip(key),
                         key.data);
    if (!seen || (seen == &entry->content && json_walk_peek(walk) != '"'))
        (void)json_walk_skip(walk);
    else if (seen == &entry->content)
        entry->token->content = json_walk_string(walk);
    else if (seen == &entry->id)
        (void)json_walk_int(walk, &entry->token->id);
    else if (json_walk_true(walk))
        entry->token->flags |= seen == &entry->special ? TOKEN_SPECIAL : TOKEN_NORMALIZED;
    if (seen)
        *seen = 1;
    return 0;
}

/* A token that says nothing of it is looked for in normalized text, unless it is special. */
static int read_entry(struct json_walk *walk, struct tokenizer_added *token, struct error *err)
{
    struct entry entry = { .token = token };
    token->flags = TOKEN_ADDED;
    if (json_walk_peek(walk) != '{') {
        (void)json_walk_skip(walk);
        return 0;
    }
    json_walk_enter(walk);
    while (json_walk_more(walk)) {
        int r = read_entry_member(walk, &entry, err);
        if (r < 0)
            return r;
    }
    if (!entry.normalized && !(token->flags & TOKEN_SPECIAL))
        token->flags |= TOKEN_NORMALIZED;
    return 0;
}

static int append(struct tokenizer_added_list *added, const struct tokenizer_added *token,
                  struct error *err)
{
    if (added->n == added->capacity) {
        size_t capacity = added->capacity ? added->capacity * 2 : 64;
        struct tokenizer_added *list = reallocarray(added->list, capacity, sizeof *list);
        if (!list)
            return error_oom(err);
        added->list = list;
        added->capacity = capacity;
    }
    added->list[added->n++] = *token;
    return 0;
}

static int read_id(struct json_walk *walk, int64_t *ret_id, struct error *err)
{
    const struct pare_str key = json_walk_key(walk);
    char number[32] = "", *end = number;
    if (key.len < sizeof number)
        memcpy(number, key.data, key.len);
    int64_t id = strtoll(number, &end, 10);
    if (*end || end == number || id < 0)
        return error_set(err, PARE_EDATA, "added_tokens_decoder: `%.*s` is no id", text_clip(key),
                         key.data);
    *ret_id = id;
    return 0;
}

/* A list of entries, or an object whose keys are ids. */
static int read_added(struct json_walk *walk, int has_keys, struct tokenizer_added_list *added,
                      struct error *err)
{
    json_walk_enter(walk);
    while (json_walk_more(walk)) {
        struct tokenizer_added token = { .id = INT64_MIN };
        int64_t id = 0;
        int r = has_keys ? read_id(walk, &id, err) : 0;
        if (r == 0)
            r = read_entry(walk, &token, err);
        if (has_keys)
            token.id = id;
        if (r == 0)
            r = append(added, &token, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- objects, of which parts become trees ---- */

struct reading {
    struct tokenizer_files *files;
    struct error *err;
};

/* What becomes of a member: its value as a tree; 1: nobody asks for it, and the cursor is still
 * before the value. */
typedef int read_member(const struct reading *reading, struct json_walk *walk, const char *key,
                        json_t **ret_value);

static int read_object(const struct reading *reading, struct json_walk *walk, read_member *read,
                       json_t **ret_object)
{
    _cleanup_json_ json_t *object = json_object();
    if (!object)
        return error_oom(reading->err);
    json_walk_enter(walk);
    while (json_walk_more(walk)) {
        const struct pare_str text = json_walk_key(walk);
        _cleanup_free_ char *key = strndup(text.data, text.len);
        json_t *value = NULL;
        if (!key)
            return error_oom(reading->err);
        if (json_object_get(object, key))
            return error_set(reading->err, PARE_EDATA, "not JSON: the key `%.60s` stands twice",
                             key);
        int r = read(reading, walk, key, &value);
        if (r < 0) {
            json_decref(value);
            return r;
        }
        if (r > 0)
            (void)json_walk_skip(walk);
        else if (json_object_set_new(object, key, value) < 0)
            return error_oom(reading->err);
    }
    *ret_object = TAKE(object);
    return 0;
}

/* Takes the cursor at a value that is walked later. */
static int defer(struct json_walk *walk, struct json_walk *ret_later, json_t **ret_value)
{
    *ret_later = *walk;
    *ret_value = json_walk_peek(walk) == '{' ? json_object() : json_array();
    (void)json_walk_skip(walk);
    return 0;
}

static int read_model_member(const struct reading *reading, struct json_walk *walk, const char *key,
                             json_t **ret_value)
{
    static const char *const wanted[] = { "type", "byte_fallback", "ignore_merges",
                                          "continuing_subword_prefix", "end_of_word_suffix" };
    const char c = json_walk_peek(walk);
    int is_vocab = !strcmp(key, "vocab"), is_merges = !strcmp(key, "merges");
    if (is_vocab && (c == '{' || c == '['))
        return defer(walk, &reading->files->vocab, ret_value);
    if (is_merges && c == '[')
        return defer(walk, &reading->files->merges, ret_value);
    if (is_vocab || is_merges)
        return json_walk_tree(walk, key, ret_value, reading->err);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!strcmp(key, wanted[i]))
            return json_walk_tree(walk, key, ret_value, reading->err);
    return 1;
}

static int read_tokenizer_member(const struct reading *reading, struct json_walk *walk,
                                 const char *key, json_t **ret_value)
{
    static const char *const wanted[] = { "normalizer", "pre_tokenizer", "post_processor",
                                          "decoder",    "added_tokens",  "model" };
    const char c = json_walk_peek(walk);
    if (!strcmp(key, "model") && c == '{')
        return read_object(reading, walk, read_model_member, ret_value);
    if (!strcmp(key, "added_tokens") && c == '[') {
        *ret_value = json_array();
        return read_added(walk, 0, &reading->files->added, reading->err);
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!strcmp(key, wanted[i]))
            return json_walk_tree(walk, key, ret_value, reading->err);
    return 1;
}

static int read_config_member(const struct reading *reading, struct json_walk *walk,
                              const char *key, json_t **ret_value)
{
    if (strcmp(key, "added_tokens_decoder") != 0 || json_walk_peek(walk) != '{')
        return json_walk_tree(walk, key, ret_value, reading->err);
    *ret_value = json_object();
    return read_added(walk, 1, &reading->files->decoder, reading->err);
}

/* ---- both files ---- */

static int read_file(const struct model *source, const char *name, const struct reading *reading,
                     read_member *read, char **ret_text, json_t **ret_object)
{
    struct json_walk walk;
    int r = tokenizer_files_walk(source, name, ret_text, &walk, reading->err);
    if (r)
        return r < 0 ? r : 0;
    r = read_object(reading, &walk, read, ret_object);
    return r < 0 ? error_prefix(reading->err, "%s", name) : 0;
}

int tokenizer_files_read(const struct model *source, struct tokenizer_files *files,
                         struct error *err)
{
    struct reading reading = { files, err };
    int r = read_file(source, "tokenizer.json", &reading, read_tokenizer_member, &files->json_text,
                      &files->json);
    return r ? r
             : read_file(source, "tokenizer_config.json", &reading, read_config_member,
                         &files->config_text, &files->config);
}

void tokenizer_files_deinit(struct tokenizer_files *files)
{
    json_decref(files->json);
    json_decref(files->config);
    free(files->added.list);
    free(files->decoder.list);
    free(files->json_text);
    free(files->config_text);
    *files = (struct tokenizer_files){ NULL };
}
