/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The types of values in a tokenizer's JSON files. One of another type is an error that names it:
 * passing it over could give a tokenizer that cuts texts differently, and nobody would notice. Keys
 * that are missing or null are fine.
 */
#include "tokenizer/tokenizer_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LIST = 1, OBJECT = 2, TEXT = 4, TRUTH = 8, NUMBER = 16 };

struct rule {
    const char *outer, *key; /* outer NULL: at the top */
    unsigned types;
};

static const struct rule tokenizer_rules[] = {
    { NULL, "added_tokens", LIST },
    { NULL, "decoder", OBJECT },
    { NULL, "model", OBJECT },
    { NULL, "normalizer", OBJECT },
    { NULL, "post_processor", OBJECT },
    { NULL, "pre_tokenizer", OBJECT },
    { "decoder", "decoders", LIST },
    { "decoder", "type", TEXT },
    { "model", "byte_fallback", TRUTH },
    { "model", "continuing_subword_prefix", TEXT },
    { "model", "end_of_word_suffix", TEXT },
    { "model", "ignore_merges", TRUTH },
    { "model", "merges", LIST },
    { "model", "type", TEXT },
    { "model", "vocab", LIST | OBJECT },
    { "normalizer", "normalizers", LIST },
    { "normalizer", "type", TEXT },
    { "post_processor", "pair", LIST | TEXT },
    { "post_processor", "processors", LIST },
    { "post_processor", "single", LIST | TEXT },
    { "post_processor", "type", TEXT },
    { "pre_tokenizer", "pretokenizers", LIST },
    { "pre_tokenizer", "type", TEXT },
};

static const struct rule config_rules[] = {
    { NULL, "add_bos_token", TRUTH },
    { NULL, "add_eos_token", TRUTH },
    { NULL, "add_prefix_space", TRUTH },
    { NULL, "added_tokens_decoder", OBJECT },
    { NULL, "additional_special_tokens", LIST },
    { NULL, "bos_token", TEXT | OBJECT },
    { NULL, "clean_up_tokenization_spaces", TRUTH },
    { NULL, "cls_token", TEXT | OBJECT },
    { NULL, "do_lower_case", TRUTH },
    { NULL, "eos_token", TEXT | OBJECT },
    { NULL, "mask_token", TEXT | OBJECT },
    { NULL, "pad_token", TEXT | OBJECT },
    { NULL, "sep_token", TEXT | OBJECT },
    { NULL, "tokenizer_class", TEXT },
    { NULL, "unk_token", TEXT | OBJECT },
};

static unsigned type_of(const json_t *value, const char **ret_name)
{
    static const struct {
        unsigned type;
        const char *name;
    } types[] = {
        [JSON_OBJECT] = { OBJECT, "an object" }, [JSON_ARRAY] = { LIST, "a list" },
        [JSON_STRING] = { TEXT, "a text" },      [JSON_INTEGER] = { NUMBER, "a number" },
        [JSON_REAL] = { NUMBER, "a number" },    [JSON_TRUE] = { TRUTH, "a truth" },
        [JSON_FALSE] = { TRUTH, "a truth" },     [JSON_NULL] = { 0, "null" },
    };
    *ret_name = types[json_typeof(value)].name;
    return types[json_typeof(value)].type;
}

static const char *wanted_name(unsigned types)
{
    switch (types) {
    case LIST:
        return "a list";
    case OBJECT:
        return "an object";
    case TEXT:
        return "a text";
    case TRUTH:
        return "true or false";
    case TEXT | OBJECT:
        return "a text or an object";
    case TEXT | LIST:
        return "a list";
    default:
        return "an object or a list";
    }
}

static int check(const json_t *json, const char *file, const struct rule *rules, size_t n,
                 struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct rule *rule = &rules[i];
        const json_t *outer = rule->outer ? json_object_get(json, rule->outer) : json;
        const json_t *value = json_object_get(outer, rule->key);
        const char *name = "";
        if (!value || json_is_null(value) || type_of(value, &name) & rule->types)
            continue;
        return error_set(err, PARE_EDATA, "%s: `%s%s%s` is %s, where %s is needed", file,
                         rule->outer ? rule->outer : "", rule->outer ? "." : "", rule->key, name,
                         wanted_name(rule->types));
    }
    return 0;
}

int tokenizer_check_json(const struct tokenizer *t, struct error *err)
{
    int r = check(t->json, "tokenizer.json", tokenizer_rules,
                  sizeof tokenizer_rules / sizeof *tokenizer_rules, err);
    return r ? r
             : check(t->config, "tokenizer_config.json", config_rules,
                     sizeof config_rules / sizeof *config_rules, err);
}

int tokenizer_check_token(struct pare_str token, const char *where, struct error *err)
{
    if (token.len <= TOKENIZER_MAX_TOKEN)
        return 0;
    return error_set(err, PARE_ELIMIT,
                     "%s: the token `%.40s`... has %zu bytes; the limit (TOKENIZER_MAX_TOKEN) "
                     "is %u",
                     where, token.data, token.len, TOKENIZER_MAX_TOKEN);
}

size_t tokenizer_utf8_length(const uint8_t *p, size_t n)
{
    size_t len = *p < 0x80                  ? 1
                 : *p >= 0xc2 && *p <= 0xdf ? 2
                 : *p >= 0xe0 && *p <= 0xef ? 3
                 : *p >= 0xf0 && *p <= 0xf4 ? 4
                                            : 0;
    if (!len || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
        (*p == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

int tokenizer_is_utf8(struct pare_str text)
{
    size_t n = 1;
    for (size_t i = 0; i < text.len && n; i += n)
        n = tokenizer_utf8_length((const uint8_t *)text.data + i, text.len - i);
    return n != 0;
}

int tokenizer_check_piece(struct pare_str text, float score, uint64_t id, struct error *err)
{
    if (!text.len)
        return error_set(err, PARE_EDATA, "piece %llu is empty", (unsigned long long)id);
    if (!tokenizer_is_utf8(text))
        return error_set(err, PARE_EDATA, "piece %llu is not UTF-8", (unsigned long long)id);
    if (!isfinite(score))
        return error_set(err, PARE_EDATA, "the score of piece %llu is %f", (unsigned long long)id,
                         (double)score);
    return tokenizer_check_token(text, "a piece", err);
}
