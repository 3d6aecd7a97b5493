/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Special tokens, as llama.cpp's converter finds them (gguf-py/gguf/vocab.py, SpecialVocab): by
 * their texts in tokenizer_config.json, looked up among the added tokens of tokenizer.json; then by
 * the ids in config.json. What is found first wins, and is written in the order of finding. Where
 * it finds none (a tokenizer.model alone, and a config.json without ids), the texts are looked up
 * in the vocabulary: what llama.cpp assumes else need not be true.
 */
#include "tokenizer/tokenizer_private.h"

#include "base/cleanup.h"
#include "model/metadata.h"

#include <stdio.h>
#include <string.h>

const char *const special_names[SPECIAL_N] = { "bos", "eos",  "unk", "sep", "pad",
                                               "cls", "mask", "eot", "eom" };

/* Keys of ids; the converter has none for cls. */
static const char *const id_keys[SPECIAL_N] = {
    "tokenizer.ggml.bos_token_id",     "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.unknown_token_id", "tokenizer.ggml.seperator_token_id",
    "tokenizer.ggml.padding_token_id", NULL,
    "tokenizer.ggml.mask_token_id",    "tokenizer.ggml.eot_token_id",
    "tokenizer.ggml.eom_token_id"
};

static const char *const add_keys[SPECIAL_N] = {
    [SPECIAL_BOS] = "tokenizer.ggml.add_bos_token",
    [SPECIAL_EOS] = "tokenizer.ggml.add_eos_token",
    [SPECIAL_SEP] = "tokenizer.ggml.add_sep_token",
};

void special_add(struct special_tokens *special, int which, int add)
{
    if (special->add[which] < 0)
        special->add_order[special->n_adds++] = which;
    special->add[which] = add;
}

/* "add_", "bos", "_token" and so on. */
static void make_key(char key[static 32], const char *before, int which, const char *behind)
{
    snprintf(key, 32, "%s%s%s", before, special_names[which], behind);
}

static void read_normalizer(struct special_tokens *special, const json_t *normalizer, int depth)
{
    const char *type = json_string_value(json_object_get(normalizer, "type"));
    if (!type || depth > 8)
        return;
    const json_t *lowercase = json_object_get(normalizer, "lowercase");
    const json_t *accents = json_object_get(normalizer, "strip_accents");
    size_t i;
    json_t *inner;
    if (!strcmp(type, "Lowercase"))
        special->lowercase = 1;
    else if (!strcmp(type, "StripAccents"))
        special->strip_accents = 1;
    else if (!strcmp(type, "BertNormalizer")) {
        if (lowercase)
            special->lowercase = json_is_null(lowercase) ? -1 : tokenizer_json_true(lowercase);
        if (accents)
            special->strip_accents = json_is_null(accents) ? -1 : tokenizer_json_true(accents);
    } else if (!strcmp(type, "Sequence")) {
        json_array_foreach(json_object_get(normalizer, "normalizers"), i, inner)
            read_normalizer(special, inner, depth + 1);
    }
}

static void begin(const struct tokenizer *t, struct special_tokens *special)
{
    *special = (struct special_tokens){ .n_types = SPECIAL_EOT,
                                        .lowercase = -1,
                                        .strip_accents = -1,
                                        .has_config = tokenizer_json_true(t->config) };
    for (int i = 0; i < SPECIAL_N; i++) {
        char key[32];
        make_key(key, "", i, "_token");
        special->token[i] = i < SPECIAL_EOT ? json_object_get(t->config, key) : NULL;
        special->id[i] = special->add[i] = -1;
    }
}

static void read_tokenizer(const struct tokenizer *t, struct special_tokens *special)
{
    const json_t **token = special->token;
    read_normalizer(special, json_object_get(t->json, "normalizer"), 0);
    if (!tokenizer_json_true(token[SPECIAL_BOS]) && tokenizer_json_true(token[SPECIAL_CLS]))
        token[SPECIAL_BOS] = token[SPECIAL_CLS];
    if (!tokenizer_json_true(token[SPECIAL_EOS]) && tokenizer_json_true(token[SPECIAL_SEP]))
        token[SPECIAL_EOS] = token[SPECIAL_SEP];
    special_post_process(special, json_object_get(t->json, "post_processor"));
}

static int set_id(const struct tokenizer *t, struct special_tokens *special, int which,
                  const json_t *value, struct error *err)
{
    int64_t id;
    if (!tokenizer_json_int(value, &id) || id == -1) /* some say -1 for none */
        return 0;
    if (id < 0)
        return error_set(err, PARE_EDATA, "the special token %s has the id %lld",
                         special_names[which], (long long)id);
    if ((uint64_t)id >= t->vocab.n) {
        tokenizer_warn(t, "the special token %s, id %lld, is ignored: there are %llu tokens",
                       special_names[which], (long long)id, (unsigned long long)t->vocab.n);
        return 0;
    }
    if (special->id[which] < 0) {
        special->id_order[special->n_ids++] = which;
        special->id[which] = id;
    }
    return 0;
}

/* The id of the first added token of this text. */
static const json_t *find_added(const struct tokenizer *t, const json_t *content)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(t->json, "added_tokens"), i, entry) {
        const json_t *own = json_object_get(entry, "content");
        if (json_is_string(own) && json_equal(own, content))
            return json_object_get(entry, "id");
    }
    return NULL;
}

static int read_config(const struct tokenizer *t, struct special_tokens *special, struct error *err)
{
    for (int i = 0; i < special->n_types; i++) {
        char key[32];
        make_key(key, "add_", i, "_token");
        const json_t *add = json_object_get(t->config, key);
        if (json_is_boolean(add))
            special_add(special, i, json_is_true(add));
        const json_t *content = special->token[i];
        if (json_is_object(content))
            content = json_object_get(content, "content");
        int r = json_is_string(content) ? set_id(t, special, i, find_added(t, content), err) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_model_config(const struct tokenizer *t, struct special_tokens *special,
                             struct error *err)
{
    for (int i = 0; i < special->n_types; i++) {
        char key[32];
        make_key(key, "", i, "_token_id");
        int r = set_id(t, special, i, json_object_get(t->request->config, key), err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* 1 when llama.cpp assumes the id where a GGUF has none: in SentencePiece's vocabularies. */
static int is_assumed(const struct tokenizer *t, int which, uint64_t id)
{
    static const uint64_t assumed[] = { [SPECIAL_BOS] = 1, [SPECIAL_EOS] = 2, [SPECIAL_UNK] = 0 };
    return which <= SPECIAL_UNK && id == assumed[which] &&
           meta_find(t->target, "tokenizer.ggml.scores");
}

static int read_names(const struct tokenizer *t, struct special_tokens *special, struct error *err)
{
    for (int i = 0; i < special->n_types; i++) {
        const json_t *content = special->token[i];
        if (json_is_object(content))
            content = json_object_get(content, "content");
        struct pare_str text = tokenizer_json_str(content);
        uint64_t id;
        if (special->id[i] >= 0 || !text.data ||
            !strmap_find(&t->vocab.ids, text.data, text.len, &id) || is_assumed(t, i, id))
            continue;
        _cleanup_json_ json_t *value = json_integer((json_int_t)id);
        int r = value ? set_id(t, special, i, value, err) : error_oom(err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int put_all(const struct tokenizer *t, const struct special_tokens *special,
                   struct error *err)
{
    int r = 0;
    for (int i = 0; !r && i < special->n_ids; i++) {
        int which = special->id_order[i];
        if (id_keys[which])
            r = tokenizer_put_u32(t->target, id_keys[which], (uint32_t)special->id[which], err);
    }
    for (int i = 0; !r && i < special->n_adds; i++) {
        int which = special->add_order[i];
        if (add_keys[which])
            r = tokenizer_put_bool(t->target, add_keys[which], special->add[which], err);
    }
    return r;
}

static int put_normalizer(const struct tokenizer *t, const struct special_tokens *special,
                          struct error *err)
{
    int lowercase = special->lowercase;
    const json_t *lower = json_object_get(t->config, "do_lower_case");
    if (!t->json && json_is_false(lower)) /* vocab.txt alone: llama.cpp lowers unless told not to */
        lowercase = 0;
    int r = lowercase < 0 ? 0
                          : tokenizer_put_bool(t->target, "tokenizer.ggml.normalizer.lowercase",
                                               lowercase, err);
    if (!r && special->strip_accents >= 0)
        r = tokenizer_put_bool(t->target, "tokenizer.ggml.normalizer.strip_accents",
                               special->strip_accents, err);
    return r;
}

int tokenizer_emit_special(struct tokenizer *t, struct error *err)
{
    struct special_tokens special;
    begin(t, &special);
    if (t->json)
        read_tokenizer(t, &special);
    int r = special.has_config ? read_config(t, &special, err) : 0;
    if (!r)
        r = read_model_config(t, &special, err);
    if (!r)
        r = read_names(t, &special, err);
    if (!r)
        r = put_all(t, &special, err);
    if (!r && special.has_config)
        r = tokenizer_emit_chat(t, err);
    return r ? r : put_normalizer(t, &special, err);
}
