/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A GGUF's tokenizer as the files of a Hugging Face folder: tokenizer.json and
 * tokenizer_config.json, and tokenizer.model when it was SentencePiece's. A GGUF has only the name
 * of the way in which text is cut; what the name means comes from pretokenizers.table.
 */
#include "tokenizer/tokenizer_unload_private.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "model/metadata.h"
#include "tokenizer/tokenizer_structure.h"
#include "tokenizer/tokenizer_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct pare_value *find_array(const struct model *gguf, const char *key, uint32_t type,
                                           uint64_t n)
{
    const struct pare_value *value = meta_find(gguf, key);
    return value && value->is_array && value->type == type && (!n || value->count == n) ? value
                                                                                        : NULL;
}

static int begin(struct unload *u, struct error *err)
{
    const struct pare_value *tokens = find_array(u->gguf, "tokenizer.ggml.tokens", PARE_STRING, 0);
    if (!tokens || !tokens->count || tokens->count > TOKENIZER_MAX_TOKENS)
        return error_set(err, PARE_ENOTSUP,
                         "the GGUF has no list of tokens (tokenizer.ggml.tokens)"
                         " of up to %u",
                         TOKENIZER_MAX_TOKENS);
    u->n = tokens->count;
    u->tokens = tokens->data;
    const struct pare_value *types = find_array(u->gguf, "tokenizer.ggml.token_type", PARE_I32,
                                                u->n);
    if (!types) /* as mlx-lm writes them: small numbers, the same in either type */
        types = find_array(u->gguf, "tokenizer.ggml.token_type", PARE_U32, u->n);
    const struct pare_value *scores = find_array(u->gguf, "tokenizer.ggml.scores", PARE_F32, u->n);
    u->types = types ? types->data : NULL;
    u->scores = scores ? scores->data : NULL;
    for (uint64_t i = 0; i < u->n; i++) {
        int r = strmap_add(&u->ids, u->tokens[i].data, u->tokens[i].len, i, err);
        if (r < 0)
            return r;
        if (r)
            return error_set(err, PARE_ENOTSUP, "the token of id %llu stands twice",
                             (unsigned long long)i);
    }
    u->tokenizer = json_pack("{s:s, s:n, s:n, s:[], s:n, s:n, s:n, s:n, s:{}}", "version", "1.0",
                             "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
                             "post_processor", "decoder", "model");
    u->config = json_object();
    return u->tokenizer && u->config ? 0 : error_oom(err);
}

int32_t unload_type(const struct unload *u, uint64_t id)
{
    return u->types ? u->types[id] : TOKEN_NORMAL;
}

int unload_is_padding(const struct unload *u, uint64_t id)
{
    char name[32];
    (void)snprintf(name, sizeof name, "[PAD%llu]", (unsigned long long)id);
    return unload_type(u, id) == TOKEN_UNUSED && text_is(u->tokens[id], name);
}

int unload_text(struct pare_str text, json_t **ret_text, struct error *err)
{
    *ret_text = json_stringn(text.data, text.len);
    return *ret_text ? 0 : error_set(err, PARE_ENOTSUP, "a token is not UTF-8");
}

/* ---- tokenizer_config.json ---- */

static const struct {
    const char *key, *config;
} id_keys[] = {
    { "tokenizer.ggml.bos_token_id", "bos_token" },
    { "tokenizer.ggml.eos_token_id", "eos_token" },
    { "tokenizer.ggml.unknown_token_id", "unk_token" },
    { "tokenizer.ggml.seperator_token_id", "sep_token" },
    { "tokenizer.ggml.padding_token_id", "pad_token" },
    { "tokenizer.ggml.cls_token_id", "cls_token" },
    { "tokenizer.ggml.mask_token_id", "mask_token" },
}, flag_keys[] = {
    { "tokenizer.ggml.add_bos_token", "add_bos_token" },
    { "tokenizer.ggml.add_eos_token", "add_eos_token" },
    { "tokenizer.ggml.add_sep_token", "add_sep_token" },
    { "tokenizer.ggml.add_space_prefix", "add_prefix_space" },
};

int unload_flag(const struct unload *u, const char *key, int fallback)
{
    const struct pare_value *value = meta_find(u->gguf, key);
    return value && !value->is_array && value->type == PARE_BOOL ? *(const uint8_t *)value->data
                                                                 : fallback;
}

static int config_tokens(struct unload *u, struct error *err)
{
    for (size_t i = 0; i < sizeof id_keys / sizeof *id_keys; i++) {
        int64_t id = meta_int(u->gguf, id_keys[i].key, -1);
        json_t *text;
        if (id < 0 || (uint64_t)id >= u->n)
            continue;
        int r = unload_text(u->tokens[id], &text, err);
        if (r < 0)
            return r;
        if (json_object_set_new(u->config, id_keys[i].config, text) < 0)
            return error_oom(err);
    }
    for (size_t i = 0; i < sizeof flag_keys / sizeof *flag_keys; i++) {
        int value = unload_flag(u, flag_keys[i].key, -1);
        if (value >= 0 &&
            json_object_set_new(u->config, flag_keys[i].config, json_boolean(value)) < 0)
            return error_oom(err);
    }
    return 0;
}

/* One template as a text, several as a list of names and texts. */
static int config_templates(struct unload *u, struct error *err)
{
    static const char prefix[] = "tokenizer.chat_template";
    _cleanup_json_ json_t *list = json_array();
    size_t named = 0;
    for (uint64_t i = 0; i < u->gguf->n_meta; i++) {
        const struct model_meta *meta = &u->gguf->meta[i];
        size_t n = strlen(prefix);
        if (meta->key.len < n || memcmp(meta->key.data, prefix, n) != 0 ||
            meta->value.type != PARE_STRING || meta->value.is_array ||
            (meta->key.len > n && meta->key.data[n] != '.'))
            continue;
        const struct pare_str *text = meta->value.data;
        int is_default = meta->key.len == n;
        json_t *entry = json_pack("{s:s%, s:s%}", "name",
                                  is_default ? "default" : meta->key.data + n + 1,
                                  is_default ? strlen("default") : meta->key.len - n - 1,
                                  "template", text->data, text->len);
        named += !is_default;
        if (!entry)
            return error_set(err, PARE_ENOTSUP, "a chat template is not UTF-8");
        if (json_array_append_new(list, entry) < 0)
            return error_oom(err);
    }
    if (!json_array_size(list))
        return 0;
    json_t *value = named ? list : json_object_get(json_array_get(list, 0), "template");
    return json_object_set(u->config, "chat_template", value) < 0 ? error_oom(err) : 0;
}

/* ---- byte-level BPE and WordPiece ---- */

/* Control and user-defined tokens are added tokens, too. */
static int add_tokens(struct unload *u, struct error *err)
{
    for (uint64_t i = 0; i < u->n; i++) {
        int32_t type = unload_type(u, i);
        int added = type == TOKEN_CONTROL || type == TOKEN_USER_DEFINED;
        int r = added ? unload_add_token(u, i, u->tokens[i], type == TOKEN_CONTROL, err) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

/* "a b" as the pair that newer tokenizer.json files have. */
static int put_merges(const struct unload *u, struct strbuf *sb, struct error *err)
{
    const struct pare_value *value = find_array(u->gguf, "tokenizer.ggml.merges", PARE_STRING, 0);
    for (uint64_t i = 0; value && i < value->count; i++) {
        struct pare_str text = ((const struct pare_str *)value->data)[i];
        const char *space = text.len > 1 ? memchr(text.data + 1, ' ', text.len - 1) : NULL;
        if (!space)
            return error_set(err, PARE_ENOTSUP, "merge %llu is not two texts",
                             (unsigned long long)i);
        size_t a = (size_t)(space - text.data);
        strbuf_puts(sb, i ? "," : "");
        int r = unload_put_pair(sb, (struct pare_str){ text.data, a },
                                (struct pare_str){ space + 1, text.len - a - 1 }, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_around(struct unload *u, int adds_bos, struct error *err)
{
    struct unload_around around = { -1, -1, 0 };
    if (unload_flag(u, "tokenizer.ggml.add_bos_token", adds_bos))
        around.first = unload_token(u, "tokenizer.ggml.bos_token_id");
    if (unload_flag(u, "tokenizer.ggml.add_eos_token", 0))
        around.last = unload_token(u, "tokenizer.ggml.eos_token_id");
    return unload_post(u, &around, err);
}

/* What all tokenizers of this kind have in common. */
static int put_bpe(struct unload *u, struct error *err)
{
    json_t *model = json_object_get(u->tokenizer, "model");
    _cleanup_json_ json_t *fields = json_pack("{s:s, s:n, s:n, s:s, s:s, s:b, s:b, s:b}", "type",
                                              "BPE", "dropout", "unk_token",
                                              "continuing_subword_prefix", "", "end_of_word_suffix",
                                              "", "fuse_unk", 0, "byte_fallback", 0,
                                              "ignore_merges", 0);
    json_t *bytes = json_pack("{s:s, s:b, s:b, s:b}", "type", "ByteLevel", "add_prefix_space", 0,
                              "trim_offsets", 0, "use_regex", 0);
    if (!fields || json_object_update(model, fields) < 0 ||
        json_object_set(u->tokenizer, "decoder", bytes) < 0 ||
        json_object_set_new(u->tokenizer, "post_processor", bytes) < 0)
        return error_oom(err);
    return 0;
}

/* What the table says of the way in which text is cut. */
static int put_entry(struct unload *u, const struct tokenizer_entry *entry, struct error *err)
{
    int r = tokenizer_from_structure(entry->lines, u->tokenizer, err);
    if (r)
        return r;
    if ((!entry->clean &&
         json_object_set_new(u->config, "clean_up_tokenization_spaces", json_false()) < 0) ||
        json_object_set_new(u->config, "tokenizer_class", json_string("PreTrainedTokenizerFast")) <
            0)
        return error_oom(err);
    return add_around(u, entry->adds_bos, err);
}

static int unload_bpe(struct unload *u, struct error *err)
{
    _cleanup_free_ char *pre = meta_string(u->gguf, "tokenizer.ggml.pre");
    CLEANUP(tokenizer_entry_deinit) struct tokenizer_entry entry = { 0 };
    int r = pre ? tokenizer_table_by_name(u->dirs, pre, &entry, err) : 1;
    if (r == 1)
        return error_set(err, PARE_ENOTSUP,
                         "no structure is known for the pre-tokenizer `%.40s`: "
                         "pretokenizers.table has no lines for it",
                         pre ? pre : "");
    if (!r)
        r = put_bpe(u, err);
    if (!r)
        r = put_entry(u, &entry, err);
    if (!r)
        r = add_tokens(u, err);
    u->put_merges = put_merges;
    return r ? r : unload_put_lists(u, 1, err);
}

/* U+2581 and "x" becomes "x", "x" becomes "##x". */
static int restore_beginnings(struct unload *u, struct vocab *texts, struct error *err)
{
    size_t mark = strlen(TOKENIZER_SPACE);
    struct pare_str *tokens = texts->tokens;
    for (uint64_t i = 0; i < u->n; i++) {
        struct pare_str token = u->tokens[i];
        tokens[i] = token;
        if (unload_type(u, i) == TOKEN_CONTROL)
            continue;
        if (token.len >= mark && !memcmp(token.data, TOKENIZER_SPACE, mark)) {
            tokens[i] = (struct pare_str){ token.data + mark, token.len - mark };
            continue;
        }
        int r = vocab_join(texts, text_of("##"), token, &tokens[i], err);
        if (r < 0)
            return r;
    }
    u->tokens = tokens;
    strmap_deinit(&u->ids);
    for (uint64_t i = 0; i < u->n; i++) {
        int r = strmap_add(&u->ids, tokens[i].data, tokens[i].len, i, err);
        if (r > 0)
            return error_set(err, PARE_ENOTSUP, "two tokens are `%.*s` in a vocabulary of words",
                             text_clip(tokens[i]), tokens[i].data);
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_classes(struct unload *u, struct error *err)
{
    struct unload_around around = { unload_token(u, "tokenizer.ggml.cls_token_id"),
                                    unload_token(u, "tokenizer.ggml.seperator_token_id"), 1 };
    if (around.first < 0)
        around.first = unload_token(u, "tokenizer.ggml.bos_token_id");
    if (around.first < 0 || around.last < 0)
        return 0;
    json_t *text;
    int r = unload_text(u->tokens[around.first], &text, err);
    if (r < 0)
        return r;
    return json_object_set_new(u->config, "cls_token", text) < 0 ? error_oom(err)
                                                                 : unload_post(u, &around, err);
}

static int unload_wordpiece(struct unload *u, struct error *err)
{
    int r = vocab_init(&u->texts, u->n, err);
    if (!r)
        r = restore_beginnings(u, &u->texts, err);
    if (!r)
        r = add_tokens(u, err);
    if (!r)
        r = unload_put_lists(u, 0, err);
    if (r)
        return r;
    int lowercase = unload_flag(u, "tokenizer.ggml.normalizer.lowercase", 1);
    int accents = unload_flag(u, "tokenizer.ggml.normalizer.strip_accents", -1);
    json_t *model = json_pack("{s:s, s:s, s:s, s:i}", "type", "WordPiece", "unk_token", "[UNK]",
                              "continuing_subword_prefix", "##", "max_input_chars_per_word", 100);
    json_t *normalizer = json_pack("{s:s, s:b, s:b, s:o, s:b}", "type", "BertNormalizer",
                                   "clean_text", 1, "handle_chinese_chars", 1, "strip_accents",
                                   accents < 0 ? json_null() : json_boolean(accents), "lowercase",
                                   lowercase);
    int failed = !model || json_object_update(json_object_get(u->tokenizer, "model"), model) < 0;
    json_decref(model);
    failed |= json_object_set_new(u->tokenizer, "normalizer", normalizer) < 0;
    failed |= json_object_set_new(u->tokenizer, "pre_tokenizer",
                                  json_pack("{s:s}", "type", "BertPreTokenizer")) < 0;
    failed |= json_object_set_new(u->tokenizer, "decoder",
                                  json_pack("{s:s, s:s, s:b}", "type", "WordPiece", "prefix", "##",
                                            "cleanup", 1)) < 0;
    failed |= json_object_set_new(u->config, "tokenizer_class", json_string("BertTokenizer")) < 0;
    failed |= json_object_set_new(u->config, "do_lower_case", json_boolean(lowercase)) < 0;
    failed |= accents >= 0 &&
              json_object_set_new(u->config, "strip_accents", json_boolean(accents)) < 0;
    return failed ? error_oom(err) : add_classes(u, err);
}

/* ---- all of it ---- */

static int add_file(json_t *files, const char *name, const json_t *json, size_t flags,
                    struct error *err)
{
    _cleanup_free_ char *text = json_dumps(json, flags);
    return !text || json_object_set_new(files, name, json_string(text)) < 0 ? error_oom(err) : 0;
}

static int unload_kind(struct unload *u, const char *model, struct error *err)
{
    if (!strcmp(model, "gpt2"))
        return unload_bpe(u, err);
    if (!strcmp(model, "bert"))
        return unload_wordpiece(u, err);
    if (!strcmp(model, "llama"))
        return unload_spm(u, err);
    return error_set(err, PARE_ENOTSUP,
                     "a tokenizer of the kind `%.40s` cannot be written as a "
                     "Hugging Face tokenizer",
                     model);
}

static int unload_all(struct unload *u, const char *model, struct error *err)
{
    int r = begin(u, err);
    if (!r)
        r = config_tokens(u, err);
    if (!r)
        r = config_templates(u, err);
    if (!r)
        r = unload_kind(u, model, err);
    if (!r)
        r = unload_write(u, err);
    return r ? r : add_file(u->files, "tokenizer_config.json", u->config, JSON_INDENT(2), err);
}

int tokenizer_unload(const struct model *gguf, const char *dirs, json_t **ret_files,
                     struct error *err)
{
    _cleanup_free_ char *model = meta_string(gguf, "tokenizer.ggml.model");
    _cleanup_json_ json_t *files = json_object();
    struct unload u = { .gguf = gguf,
                        .dirs = dirs,
                        .files = files,
                        .ids = STRMAP_INIT,
                        .put_vocab = unload_put_vocab };
    if (!files)
        return error_oom(err);
    if (!model || !strcmp(model, "none") || !strcmp(model, "no_vocab")) {
        *ret_files = TAKE(files);
        return 0;
    }
    int r = unload_all(&u, model, err);
    strmap_deinit(&u.ids);
    vocab_deinit(&u.texts);
    strbuf_deinit(&u.added);
    free(u.merges);
    json_decref(u.tokenizer);
    json_decref(u.config);
    if (!r)
        *ret_files = TAKE(files);
    return r;
}
