/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The text of a tokenizer.json. What grows with the vocabulary is written straight into it; as a
 * tree it would take dozens of times its size.
 */
#include "tokenizer/tokenizer_unload_private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define BESIDE_TOKEN 16 /* letters that stand beside a token in a list */

int unload_put_lists(struct unload *u, int with_merges, struct error *err)
{
    json_t *model = json_object_get(u->tokenizer, "model");
    return json_object_set_new(model, "vocab", json_object()) < 0 ||
                   (with_merges && json_object_set_new(model, "merges", json_array()) < 0)
               ? error_oom(err)
               : 0;
}

int unload_add_token(struct unload *u, uint64_t id, struct pare_str text, int special,
                     struct error *err)
{
    strbuf_printf(&u->added, "%s{\"id\":%llu,\"content\":", u->added.len ? "," : "",
                  (unsigned long long)id);
    if (json_put_string(&u->added, text.data, text.len) < 0)
        return error_set(err, PARE_ENOTSUP, "a token is not UTF-8");
    strbuf_printf(&u->added,
                  ",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
                  "\"normalized\":false,\"special\":%s}",
                  special ? "true" : "false");
    return u->added.failed ? error_oom(err) : 0;
}

int unload_put_pair(struct strbuf *sb, struct pare_str a, struct pare_str b, struct error *err)
{
    strbuf_add(sb, "[", 1);
    int bad = json_put_string(sb, a.data, a.len);
    strbuf_add(sb, ",", 1);
    bad |= json_put_string(sb, b.data, b.len);
    strbuf_add(sb, "]", 1);
    return bad ? error_set(err, PARE_ENOTSUP, "a token is not UTF-8") : 0;
}

int unload_put_vocab(const struct unload *u, struct strbuf *sb, struct error *err)
{
    const char *before = "";
    for (uint64_t i = 0; i < u->n; i++) {
        if (unload_is_padding(u, i))
            continue;
        strbuf_puts(sb, before);
        if (json_put_string(sb, u->tokens[i].data, u->tokens[i].len) < 0)
            return error_set(err, PARE_ENOTSUP, "the token of id %llu is not UTF-8",
                             (unsigned long long)i);
        strbuf_printf(sb, ":%llu", (unsigned long long)i);
        before = ",";
    }
    return 0;
}

/* ---- the text ---- */

static int put_value(struct strbuf *sb, const json_t *value, struct error *err)
{
    _cleanup_free_ char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        return error_oom(err);
    strbuf_puts(sb, text);
    return 0;
}

static int put_model(const struct unload *u, struct strbuf *sb, const json_t *model,
                     struct error *err)
{
    const char *key, *before = "{";
    json_t *value;
    int r = 0;
    json_object_foreach((json_t *)model, key, value) {
        int vocab = !strcmp(key, "vocab"), merges = !strcmp(key, "merges");
        strbuf_printf(sb, "%s\"%s\":%s", before, key, vocab ? "{" : merges ? "[" : "");
        if (vocab)
            r = u->put_vocab(u, sb, err);
        else if (merges)
            r = u->put_merges(u, sb, err);
        else
            r = put_value(sb, value, err);
        if (r < 0)
            return r;
        strbuf_puts(sb, vocab ? "}" : merges ? "]" : "");
        before = ",";
    }
    strbuf_puts(sb, json_object_size(model) ? "}" : "{}");
    return 0;
}

/* What the lists will take, more or less. */
static uint64_t estimate(const struct unload *u)
{
    uint64_t bytes = u->added.len + u->n_merges * BESIDE_TOKEN;
    for (uint64_t i = 0; i < u->n; i++)
        bytes += u->tokens[i].len + BESIDE_TOKEN;
    for (size_t i = 0; i < u->n_merges; i++)
        bytes += u->tokens[u->merges[i].id].len;
    return bytes;
}

/* A file that is made counts as one that is read, before and after: a proof reads it. */
int unload_write(struct unload *u, struct error *err)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    const char *key, *before = "{";
    json_t *value;
    int r = 0;
    memory_reading_allow(2 * estimate(u));
    json_object_foreach(u->tokenizer, key, value) {
        strbuf_printf(&sb, "%s\"%s\":", before, key);
        if (!strcmp(key, "model"))
            r = put_model(u, &sb, value, err);
        else if (!strcmp(key, "added_tokens"))
            strbuf_printf(&sb, "[%s]", u->added.data ? u->added.data : "");
        else
            r = put_value(&sb, value, err);
        if (r < 0)
            return r;
        before = ",";
    }
    strbuf_puts(&sb, "}");
    if (sb.failed)
        return error_oom(err);
    memory_reading_allow(2 * sb.len);
    return json_object_set_new(u->files, "tokenizer.json", json_stringn_nocheck(sb.data, sb.len)) <
                   0
               ? error_oom(err)
               : 0;
}
