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

/* Makes *n one more than the id, where it is less; an id below 0 is none. */
static int count_id(int64_t id, const char *where, uint64_t *n, struct error *err)
{
    if (id < 0)
        return error_set(err, PARE_EDATA, "%s: a token's id is no number from 0 on", where);
    if (id >= TOKENIZER_MAX_TOKENS)
        return error_set(err, PARE_ELIMIT,
                         "%s: a token has the id %lld; the limit (TOKENIZER_MAX_TOKENS) is %u",
                         where, (long long)id, TOKENIZER_MAX_TOKENS);
    if ((uint64_t)id >= *n)
        *n = (uint64_t)id + 1;
    return 0;
}

static int count_ids(const struct tokenizer *t, struct json_walk vocab, const char *where,
                     uint64_t *ret_n, struct error *err)
{
    uint64_t n = 0;
    json_walk_enter(&vocab);
    while (json_walk_more(&vocab)) {
        int64_t id = -1;
        (void)json_walk_raw_key(&vocab); /* it is decoded when the vocabulary is filled */
        (void)json_walk_int(&vocab, &id);
        int r = count_id(id, where, &n, err);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < t->files.added.n; i++) {
        int r = count_id(t->files.added.list[i].id, "tokenizer.json: added_tokens", &n, err);
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

static int fill_model(struct tokenizer *t, struct json_walk vocab, const char *where,
                      struct error *err)
{
    struct origin origin = { .where = where };
    json_walk_enter(&vocab);
    while (json_walk_more(&vocab)) {
        const struct pare_str token = json_walk_key(&vocab);
        int64_t id;
        if (!json_walk_int(&vocab, &id))
            return error_set(err, PARE_EDATA, "%s: the id of `%.*s` is no number", where,
                             text_clip(token), token.data);
        int known = id >= 0 && (uint64_t)id < t->vocab.n && t->vocab.tokens[id].data;
        int r = place(t, token, id, &origin, err);
        if (r == 0 && known)
            return error_set(err, PARE_EDATA, "%s: the token `%.*s` stands twice", where,
                             text_clip(token), token.data);
        if (r < 0)
            return r;
        if (r == 0)
            t->vocab.flags[id] = TOKEN_OWN;
    }
    warn_left_out(t, &origin);
    return 0;
}

static int fill_added(struct tokenizer *t, struct error *err)
{
    struct origin origin = { .where = "tokenizer.json: added_tokens" };
    for (size_t i = 0; i < t->files.added.n; i++) {
        const struct tokenizer_added *token = &t->files.added.list[i];
        if (!token->content.data || token->id == INT64_MIN)
            return error_set(err, PARE_EDATA, "%s: entry %zu has no id or content", origin.where,
                             i);
        int r = place(t, token->content, token->id, &origin, err);
        if (r < 0)
            return r;
        if (!r)
            vocab_set_flags(&t->vocab, (uint64_t)token->id, token->flags);
    }
    warn_left_out(t, &origin);
    return 0;
}

/* tokenizer_config.json's added_tokens_decoder: {"ID": {"content", "special", ...}}. */
static int fill_decoder(struct tokenizer *t, struct error *err)
{
    static const char where[] = "tokenizer_config.json: added_tokens_decoder";
    for (size_t i = 0; i < t->files.decoder.n; i++) {
        const struct tokenizer_added *entry = &t->files.decoder.list[i];
        struct pare_str token = entry->content;
        if (!token.data)
            return error_set(err, PARE_EDATA, "%s: id %lld has no content", where,
                             (long long)entry->id);
        int r = tokenizer_check_token(token, where, err);
        if (r < 0)
            return r;
        if ((uint64_t)entry->id >= t->vocab.n)
            continue;
        struct pare_str old = t->vocab.tokens[entry->id];
        if (old.data && !text_equals(old, token)) {
            tokenizer_warn(t, "%s: id %lld is `%.*s` in tokenizer.json, not `%.*s`", where,
                           (long long)entry->id, text_clip(old), old.data, text_clip(token),
                           token.data);
            continue;
        }
        t->vocab.tokens[entry->id] = token;
        vocab_set_flags(&t->vocab, (uint64_t)entry->id, entry->flags);
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

/* What comes after the model's own tokens. */
static int fill_rest(struct tokenizer *t, const char *where, struct error *err)
{
    int r = fill_added(t, err);
    if (!r)
        r = fill_decoder(t, err);
    if (r)
        return r;
    r = vocab_index(&t->vocab, err);
    return r < 0 ? error_prefix(err, "%s", where) : mark_all_special(t, err);
}

int tokenizer_fill(struct tokenizer *t, struct json_walk vocab, const char *where,
                   struct error *err)
{
    uint64_t n = t->request->vocab_size;
    if (!vocab.p || json_walk_peek(&vocab) != '{')
        return error_set(err, PARE_EDATA, "%s: there is no vocabulary {token: id}", where);
    if (!json_walk_count(&vocab))
        return error_set(err, PARE_EDATA, "%s: the vocabulary has no tokens", where);
    int r = n ? 0 : count_ids(t, vocab, where, &n, err);
    if (!r)
        r = vocab_init(&t->vocab, n, err);
    if (!r)
        r = fill_model(t, vocab, where, err);
    return r ? r : fill_rest(t, where, err);
}

/* ---- one token a line ---- */

/* The next line of a text, without its end; 0: there is none. */
static int next_line(struct pare_str *text, struct pare_str *ret_line)
{
    if (!text->len)
        return 0;
    const char *end = memchr(text->data, '\n', text->len);
    size_t n = end ? (size_t)(end - text->data) : text->len;
    *ret_line = (struct pare_str){ text->data, n && text->data[n - 1] == '\r' ? n - 1 : n };
    text->data += n + (end != NULL);
    text->len -= n + (end != NULL);
    return 1;
}

/* Of tokens that stand twice, only the last one keeps its id. */
static int drop_earlier(struct vocab *vocab, struct error *err)
{
    _cleanup_strmap_ struct strmap known = STRMAP_INIT;
    int r = 0;
    for (uint64_t i = vocab->n; i-- > 0 && r >= 0;) {
        struct pare_str *token = &vocab->tokens[i];
        r = token->data ? strmap_add(&known, token->data, token->len, i, err) : 0;
        if (r > 0)
            *token = (struct pare_str){ NULL, 0 };
    }
    return r < 0 ? r : 0;
}

int tokenizer_fill_lines(struct tokenizer *t, struct pare_str text, const char *where,
                         struct error *err)
{
    struct origin origin = { .where = where };
    struct pare_str rest = text, line;
    uint64_t n = 0;
    while (next_line(&rest, &line))
        n++;
    if (!n)
        return error_set(err, PARE_EDATA, "%s: the vocabulary has no tokens", where);
    int r = vocab_init(&t->vocab, t->request->vocab_size ? t->request->vocab_size : n, err);
    for (uint64_t i = 0; r >= 0 && next_line(&text, &line); i++)
        if (!tokenizer_is_utf8(line) || memchr(line.data, 0, line.len))
            r = error_set(err, PARE_EDATA, "%s: line %llu is not UTF-8", where,
                          (unsigned long long)i + 1);
        else
            r = place(t, line, (int64_t)i, &origin, err);
    if (r < 0)
        return r;
    warn_left_out(t, &origin);
    r = drop_earlier(&t->vocab, err);
    return r ? r : fill_rest(t, where, err);
}
