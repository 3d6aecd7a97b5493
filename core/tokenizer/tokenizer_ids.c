/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The ids of special tokens, as llama.cpp's converter finds them (gguf-py/gguf/vocab.py,
 * SpecialVocab): by their texts in tokenizer_config.json, looked up among the added tokens of
 * tokenizer.json; then by the ids in config.json. What is found first wins. Where the converter
 * finds none (a tokenizer.model alone, and a config.json without ids), the texts are looked up in
 * the vocabulary, too: the ids that llama.cpp assumes then need not be the model's.
 */
#include "tokenizer/tokenizer_ids.h"

#include "base/json_numbers.h"
#include "base/text.h"
#include "model/metadata.h"

#include <stdio.h>

const char *const special_names[SPECIAL_N] = { "bos", "eos",  "unk", "sep", "pad",
                                               "cls", "mask", "eot", "eom" };

/* "add_", "bos", "_token" and so on. */
static void make_key(char key[static 32], const char *before, int which, const char *behind)
{
    snprintf(key, 32, "%s%s%s", before, special_names[which], behind);
}

void special_begin(const struct tokenizer *t, struct special_tokens *special)
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

void special_add(struct special_tokens *special, int which, int add)
{
    if (special->add[which] < 0)
        special->add_order[special->n_adds++] = which;
    special->add[which] = add;
}

static int set_id(const struct tokenizer *t, struct special_tokens *special, int which, int64_t id,
                  struct error *err)
{
    if (id == INT64_MIN || id == -1) /* none; some say -1 for that */
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
static int64_t find_added(const struct tokenizer *t, struct pare_str content)
{
    for (size_t i = 0; i < t->files.added.n; i++)
        if (t->files.added.list[i].content.data &&
            text_equals(t->files.added.list[i].content, content))
            return t->files.added.list[i].id;
    return INT64_MIN;
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
        int r = json_is_string(content)
                    ? set_id(t, special, i, find_added(t, tokenizer_json_str(content)), err)
                    : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

/* Of several ends, a list, none is the one; all else that is no number is a mistake. */
static void warn_of_id(const struct tokenizer *t, const char *key, const json_t *value)
{
    const char *literal = json_number_literal(value);
    if (value && !json_is_null(value) && !json_is_array(value))
        tokenizer_warn(t, "config.json: `%s' is %.40s, and is ignored", key,
                       literal ? literal : "no whole number");
}

static int read_model_config(const struct tokenizer *t, struct special_tokens *special,
                             struct error *err)
{
    for (int i = 0; i < special->n_types; i++) {
        char key[32];
        make_key(key, "", i, "_token_id");
        int64_t id = INT64_MIN;
        const json_t *value = json_object_get(t->request->config, key);
        if (!tokenizer_json_int(value, &id))
            warn_of_id(t, key, value);
        int r = set_id(t, special, i, id, err);
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
        int r = set_id(t, special, i, (int64_t)id, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int special_find(const struct tokenizer *t, struct special_tokens *special, struct error *err)
{
    int r = special->has_config ? read_config(t, special, err) : 0;
    if (!r)
        r = read_model_config(t, special, err);
    return r ? r : read_names(t, special, err);
}
