/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The vocabulary of a tokenizer.json: the model's {token: id}, and the added tokens of
 * tokenizer.json, of tokenizer_config.json (which transformers lets win) and of added_tokens.json.
 * Ids past the model's embedding are left out with a warning, as llama.cpp's converter does.
 */
#include "tokenizer/tokenizer_private.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "tokenizer/tokenizer_ids.h"

#include <stdlib.h>
#include <string.h>

/* Where a token comes from. */
struct origin {
    const char *where;
    uint64_t left_out, first_left_out;
};

/* Makes *n one more than the id, where it is less. */
static int count_id(const json_t *id, const char *where, uint64_t *n, struct error *err)
{
    int64_t value;
    if (!tokenizer_json_int(id, &value) || value < 0)
        return error_set(err, PARE_EDATA, "%s: a token's id is no number from 0 on", where);
    if (value >= TOKENIZER_MAX_TOKENS)
        return error_set(err, PARE_ELIMIT,
                         "%s: a token has the id %lld; the limit (TOKENIZER_MAX_TOKENS) is %u",
                         where, (long long)value, TOKENIZER_MAX_TOKENS);
    if ((uint64_t)value >= *n)
        *n = (uint64_t)value + 1;
    return 0;
}

static int count_ids(const struct tokenizer *t, const json_t *vocab, const char *where,
                     uint64_t *ret_n, struct error *err)
{
    uint64_t n = 0;
    const char *key;
    json_t *value;
    size_t i;
    json_object_foreach((json_t *)vocab, key, value) {
        int r = count_id(value, where, &n, err);
        if (r < 0)
            return r;
    }
    json_array_foreach(json_object_get(t->json, "added_tokens"), i, value) {
        int r = count_id(json_object_get(value, "id"), "tokenizer.json: added_tokens", &n, err);
        if (r < 0)
            return r;
    }
    *ret_n = n;
    return 0;
}

/* Gives the token its id. 1: the id is past the embedding, and the token is left out. */
static int place(struct tokenizer *t, struct pare_str token, int64_t id, struct origin *origin,
                 struct error *err)
{
    int r = tokenizer_check_token(token, origin->where, err);
    if (r < 0)
        return r;
    if (id < 0)
        return error_set(err, PARE_EDATA, "%s: `%.*s` has the id %lld", origin->where,
                         text_clip(token), token.data, (long long)id);
    if ((uint64_t)id >= t->vocab.n) {
        if (!origin->left_out++)
            origin->first_left_out = (uint64_t)id;
        t->left_out++;
        return 1;
    }
    struct pare_str old = t->vocab.tokens[id];
    if (old.data && !text_equals(old, token))
        return error_set(err, PARE_EDATA, "%s: `%.*s` has the id %lld, which is that of `%.*s`",
                         origin->where, text_clip(token), token.data, (long long)id, text_clip(old),
                         old.data);
    t->vocab.tokens[id] = token;
    return 0;
}

static void warn_left_out(const struct tokenizer *t, const struct origin *origin)
{
    if (origin->left_out)
        tokenizer_warn(t, "%s: %llu tokens from id %llu on are ignored: the model has %llu",
                       origin->where, (unsigned long long)origin->left_out,
                       (unsigned long long)origin->first_left_out, (unsigned long long)t->vocab.n);
}

static int fill_model(struct tokenizer *t, const json_t *vocab, const char *where,
                      struct error *err)
{
    struct origin origin = { .where = where };
    const char *key;
    size_t key_len;
    json_t *value;
    json_object_keylen_foreach((json_t *)vocab, key, key_len, value)
    {
        int64_t id;
        if (!tokenizer_json_int(value, &id))
            return error_set(err, PARE_EDATA, "%s: the id of `%.60s` is no number", where, key);
        int r = place(t, (struct pare_str){ key, key_len }, id, &origin, err);
        if (r < 0)
            return r;
    }
    warn_left_out(t, &origin);
    return 0;
}

static uint8_t flags_of(const json_t *entry)
{
    int special = tokenizer_json_true(json_object_get(entry, "special"));
    const json_t *normalized = json_object_get(entry, "normalized");
    int is_normalized = normalized ? tokenizer_json_true(normalized) : !special;
    return (uint8_t)(TOKEN_ADDED | (special ? TOKEN_SPECIAL : 0) |
                     (is_normalized ? TOKEN_NORMALIZED : 0));
}

static int fill_added(struct tokenizer *t, struct error *err)
{
    struct origin origin = { .where = "tokenizer.json: added_tokens" };
    const json_t *added = json_object_get(t->json, "added_tokens");
    size_t i;
    json_t *entry;
    json_array_foreach(added, i, entry) {
        struct pare_str token = tokenizer_json_str(json_object_get(entry, "content"));
        int64_t id;
        if (!token.data || !tokenizer_json_int(json_object_get(entry, "id"), &id))
            return error_set(err, PARE_EDATA, "%s: entry %zu has no id or content", origin.where,
                             i);
        int r = place(t, token, id, &origin, err);
        if (r < 0)
            return r;
        if (!r)
            t->vocab.flags[id] = flags_of(entry);
    }
    warn_left_out(t, &origin);
    return 0;
}

/* tokenizer_config.json's added_tokens_decoder: {"ID": {"content", "special", ...}}. */
static int fill_decoder(struct tokenizer *t, struct error *err)
{
    static const char where[] = "tokenizer_config.json: added_tokens_decoder";
    const char *key;
    json_t *entry;
    json_object_foreach(json_object_get(t->config, "added_tokens_decoder"), key, entry) {
        struct pare_str token = tokenizer_json_str(json_object_get(entry, "content"));
        char *end;
        long long id = strtoll(key, &end, 10);
        if (!token.data || *end || end == key || id < 0)
            return error_set(err, PARE_EDATA, "%s: `%.60s` is no id with a content", where, key);
        int r = tokenizer_check_token(token, where, err);
        if (r < 0)
            return r;
        if ((uint64_t)id >= t->vocab.n)
            continue;
        struct pare_str old = t->vocab.tokens[id];
        if (old.data && !text_equals(old, token)) {
            tokenizer_warn(t, "%s: id %lld is `%.60s` in tokenizer.json, not `%.60s`", where, id,
                           old.data, token.data);
            continue;
        }
        t->vocab.tokens[id] = token;
        t->vocab.flags[id] = flags_of(entry);
    }
    return 0;
}

/* The tokens that tokenizer_config.json (or, in older folders, special_tokens_map.json) gives a
 * meaning to are special, whatever else is said of them. */
static void mark_named(struct tokenizer *t, const json_t *value)
{
    const json_t *content = json_is_object(value) ? json_object_get(value, "content") : value;
    struct pare_str token = tokenizer_json_str(content);
    uint64_t id;
    if (!token.data || !strmap_find(&t->vocab.ids, token.data, token.len, &id))
        return;
    t->vocab.flags[id] |= TOKEN_ADDED | TOKEN_SPECIAL | TOKEN_NAMED;
}

static void mark_special(struct tokenizer *t, const json_t *names)
{
    static const char *const lists[] = { "additional_special_tokens", "extra_special_tokens" };
    for (int i = SPECIAL_BOS; i <= SPECIAL_MASK; i++) {
        char key[32] = "";
        strcpy(key, special_names[i]);
        strcat(key, "_token");
        mark_named(t, json_object_get(names, key));
    }
    for (size_t l = 0; l < 2; l++) {
        const json_t *list = json_object_get(names, lists[l]);
        size_t i;
        json_t *value;
        const char *key;
        json_array_foreach(list, i, value)
            mark_named(t, value);
        json_object_foreach((json_t *)list, key, value)
            mark_named(t, value);
    }
}

static int mark_all_special(struct tokenizer *t, struct error *err)
{
    _cleanup_json_ json_t *map = NULL;
    mark_special(t, t->config);
    if (json_object_get(t->config, "added_tokens_decoder"))
        return 0;
    int r = tokenizer_json_read(t->request->source, "special_tokens_map.json", &map, err);
    if (r < 0)
        return r;
    mark_special(t, map);
    return 0;
}

int tokenizer_fill(struct tokenizer *t, const json_t *vocab, const char *where, struct error *err)
{
    uint64_t n = t->request->vocab_size;
    if (!json_is_object(vocab))
        return error_set(err, PARE_EDATA, "%s: there is no vocabulary {token: id}", where);
    if (!json_object_size(vocab))
        return error_set(err, PARE_EDATA, "%s: the vocabulary has no tokens", where);
    int r = n ? 0 : count_ids(t, vocab, where, &n, err);
    if (!r)
        r = vocab_init(&t->vocab, n, err);
    if (!r)
        r = fill_model(t, vocab, where, err);
    if (!r)
        r = fill_added(t, err);
    if (!r)
        r = fill_decoder(t, err);
    if (r)
        return r;
    r = vocab_index(&t->vocab, err);
    return r < 0 ? error_prefix(err, "%s", where) : mark_all_special(t, err);
}
