/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The tokens around a text. A GGUF has flags for them; in a tokenizer.json they are in the template
 * of the post-processor, which is where the libraries look.
 */
#include "tokenizer/tokenizer_unload_private.h"

#include "base/cleanup.h"
#include "model/metadata.h"

static int add_special(const struct unload *u, json_t *list, json_t *known, int64_t id, int type)
{
    json_t *token = json_stringn(u->tokens[id].data, u->tokens[id].len);
    json_t *entry = json_pack("{s:O, s:[I], s:[O]}", "id", token, "ids", (json_int_t)id, "tokens",
                              token);
    int failed = !entry || json_object_set(known, json_string_value(token), entry) < 0 ||
                 json_array_append_new(list, json_pack("{s:{s:O, s:i}}", "SpecialToken", "id",
                                                       token, "type_id", type)) < 0;
    json_decref(entry);
    json_decref(token);
    return failed;
}

static int add_text(json_t *list, const char *name, int type)
{
    return json_array_append_new(list, json_pack("{s:{s:s, s:i}}", "Sequence", "id", name,
                                                 "type_id", type)) < 0;
}

static int make(const struct unload *u, const struct unload_around *around, json_t *single,
                json_t *pair, json_t *known)
{
    int second = around->separated, failed = 0;
    if (around->first >= 0) {
        failed |= add_special(u, single, known, around->first, 0);
        failed |= add_special(u, pair, known, around->first, 0);
    }
    failed |= add_text(single, "A", 0) | add_text(pair, "A", 0);
    if (around->last >= 0)
        failed |= add_special(u, single, known, around->last, 0);
    if (around->last >= 0 && second)
        failed |= add_special(u, pair, known, around->last, 0);
    failed |= add_text(pair, "B", second);
    if (around->last >= 0)
        failed |= add_special(u, pair, known, around->last, second);
    return failed;
}

int unload_post(struct unload *u, const struct unload_around *around, struct error *err)
{
    _cleanup_json_ json_t *single = json_array();
    _cleanup_json_ json_t *pair = json_array();
    _cleanup_json_ json_t *known = json_object();
    json_t *before = json_object_get(u->tokenizer, "post_processor");
    if (around->first < 0 && around->last < 0)
        return 0;
    if (!single || !pair || !known || make(u, around, single, pair, known))
        return error_set(err, PARE_ENOTSUP, "a special token is not UTF-8");
    json_t *post = json_pack("{s:s, s:O, s:O, s:O}", "type", "TemplateProcessing", "single", single,
                             "pair", pair, "special_tokens", known);
    if (!json_is_null(before))
        post = json_pack("{s:s, s:[O, o]}", "type", "Sequence", "processors", before, post);
    return json_object_set_new(u->tokenizer, "post_processor", post) < 0 ? error_oom(err) : 0;
}

int64_t unload_token(const struct unload *u, const char *key)
{
    int64_t id = meta_int(u->gguf, key, -1);
    return id >= 0 && (uint64_t)id < u->n ? id : -1;
}
