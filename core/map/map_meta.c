/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The metadata of a mapped model, in the order in which llama.cpp's converter writes it:
 * architecture, where it comes from, the map's `set` statements, the file type, the tokenizer.
 */
#include "map/map_private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/json_numbers.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/metadata.h"
#include "provenance/provenance.h"
#include "tokenizer/tokenizer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ELEMENTS JSON_MAX_LIST

char *map_meta_key(const struct map_rules *rules, const char *key)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    const char *at = strstr(key, "{arch}");
    if (!at)
        return strdup(key);
    strbuf_add(&sb, key, (size_t)(at - key));
    strbuf_printf(&sb, "%s%s", rules->architecture, at + strlen("{arch}"));
    return strbuf_finish(&sb);
}

json_t *map_meta_float(float value)
{
    char text[40];
    for (int digits = 6; digits <= 9; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    return json_number(strtod(text, NULL));
}

json_t *map_meta_json(const struct model *model, const char *key)
{
    const struct pare_value *value = meta_find(model, key);
    float f32;
    double f64;
    uint64_t u64;
    if (!value || value->is_array)
        return NULL;
    switch (value->type) {
    case PARE_STRING: {
        const struct pare_str *s = value->data;
        return json_text(s->data, s->len);
    }
    case PARE_BOOL:
        return json_boolean(*(const uint8_t *)value->data);
    case PARE_F32:
        memcpy(&f32, value->data, sizeof f32);
        return map_meta_float(f32);
    case PARE_F64:
        memcpy(&f64, value->data, sizeof f64);
        return json_number(f64);
    case PARE_U64:
        memcpy(&u64, value->data, sizeof u64);
        return u64 > INT64_MAX ? json_real((double)u64) : json_integer((json_int_t)u64);
    default:
        return json_integer((json_int_t)meta_int(model, key, 0));
    }
}

int map_meta_ask(const struct map_work *work, const char *key, json_t **ret)
{
    _cleanup_free_ char *whole = map_meta_key(work->rules, key);
    const struct model *gguf = work->reverse ? work->model : work->target;
    json_t *value = whole ? map_meta_json(gguf, whole) : NULL;
    *ret = value ? value : json_null();
    return whole ? 0 : error_oom(work->err);
}

/* The ranges of types of whole numbers. Jansson's are signed, so half of u64 is out of reach. */
static const struct {
    int64_t min, max;
    size_t size;
} ranges[] = {
    [PARE_U8] = { 0, UINT8_MAX, 1 },
    [PARE_I8] = { INT8_MIN, INT8_MAX, 1 },
    [PARE_U16] = { 0, UINT16_MAX, 2 },
    [PARE_I16] = { INT16_MIN, INT16_MAX, 2 },
    [PARE_U32] = { 0, UINT32_MAX, 4 },
    [PARE_I32] = { INT32_MIN, INT32_MAX, 4 },
    [PARE_F32] = { 0, 0, 4 },
    [PARE_BOOL] = { 0, 1, 1 },
    [PARE_STRING] = { 0, 0, sizeof(struct pare_str) },
    [PARE_U64] = { 0, INT64_MAX, 8 },
    [PARE_I64] = { INT64_MIN, INT64_MAX, 8 },
    [PARE_F64] = { 0, 0, 8 },
};

static int put_whole(uint32_t type, const json_t *value, void *ret)
{
    double real = json_number_value(value);
    int64_t whole = json_is_integer(value) ? (int64_t)json_integer_value(value) : 0;
    if (json_is_real(value)) {
        if (!(fabs(real) < 9e15) || real != floor(real))
            return -1;
        whole = (int64_t)real;
    } else if (!json_is_integer(value)) {
        return -1;
    }
    if (whole < ranges[type].min || whole > ranges[type].max)
        return -1;
    memcpy(ret, &whole, ranges[type].size); /* the hosts are little-endian */
    return 0;
}

/* Writes one element: 0, or -1 when the value is not of the type. */
static int put_element(uint32_t type, const json_t *value, void *ret)
{
    float f32 = 0;
    double f64 = json_number_value(value);
    switch (type) {
    case PARE_BOOL:
        *(uint8_t *)ret = json_is_true(value);
        return json_is_boolean(value) ? 0 : -1;
    case PARE_STRING:
        *(struct pare_str *)ret = (struct pare_str){ json_string_value(value),
                                                     json_string_length(value) };
        return json_is_string(value) ? 0 : -1;
    case PARE_F32:
        if (!json_is_number(value) || json_number_to_float(f64, &f32))
            return -1;
        memcpy(ret, &f32, sizeof f32);
        return 0;
    case PARE_F64:
        memcpy(ret, &f64, sizeof f64);
        return json_is_number(value) ? 0 : -1;
    default:
        return put_whole(type, value, ret);
    }
}

static int wrong_value(const struct map_work *work, const struct map_set *set, const char *key,
                       const json_t *value)
{
    _cleanup_free_ char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (text)
        json_numbers_unmark(text);
    struct pare_str of = set->value->text;
    return error_set(work->err, PARE_EDATA,
                     "config.json's `%.*s' is %.100s, which %s cannot be: "
                     "it has another type or range",
                     (int)(of.len < 200 ? of.len : 200), of.data, text ? text : "something", key);
}

static int store(struct map_work *work, const struct map_set *set, const char *key,
                 const json_t *value)
{
    size_t n = set->is_array ? json_array_size(value) : 1, size = ranges[set->type].size;
    if (set->is_array && !json_is_array(value))
        return wrong_value(work, set, key, value);
    if (!n || n > MAX_ELEMENTS)
        return n ? wrong_value(work, set, key, value) : 0; /* empty lists are not written */
    _cleanup_free_ uint8_t *data = calloc(n, size);
    if (!data)
        return error_oom(work->err);
    for (size_t i = 0; i < n; i++)
        if (put_element(set->type, set->is_array ? json_array_get(value, i) : value,
                        data + i * size) < 0)
            return wrong_value(work, set, key, value);
    struct pare_value meta = { .struct_size = sizeof meta,
                               .type = set->type,
                               .is_array = (uint32_t)set->is_array,
                               .count = n,
                               .data = data };
    return meta_put(work->target, text_of(key), &meta, work->err);
}

static int apply_set(struct map_work *work, const struct map_set *set)
{
    _cleanup_free_ char *key = map_meta_key(work->rules, set->key);
    _cleanup_json_ json_t *value = NULL;
    int truth = 0, r = key ? 0 : error_oom(work->err);
    if (!r)
        r = expr_json_truth(set->condition, &work->env, &truth, work->err);
    if (!r && truth)
        r = expr_json_value(set->value, &work->env, &value, work->err);
    if (!r && truth && !json_is_null(value))
        r = store(work, set, key, value);
    if (r && r != PARE_ENOMEM)
        (void)error_prefix(work->err, "%s", set->place);
    return r;
}

/* The `set` statements about the tokenizer, or the others. */
static int apply_sets(struct map_work *work, int tokenizer)
{
    int r = 0;
    for (const struct map_set *set = work->rules->sets; !r && set; set = set->next)
        if ((strncmp(set->key, "tokenizer.", 10) == 0) == tokenizer)
            r = apply_set(work, set);
    return r;
}

static int put_u32(struct map_work *work, const char *key, uint32_t number)
{
    struct pare_value value = {
        .struct_size = sizeof value, .type = PARE_U32, .count = 1, .data = &number
    };
    return meta_put(work->target, text_of(key), &value, work->err);
}

static int put_text(struct map_work *work, const char *key, const char *text)
{
    struct pare_str str = { text, strlen(text) };
    struct pare_value value = {
        .struct_size = sizeof value, .type = PARE_STRING, .count = 1, .data = &str
    };
    return meta_put(work->target, text_of(key), &value, work->err);
}

/* llama.cpp's number for the type of most weights, which is that of the first matrix. */
static uint32_t guess_file_type(const struct model *model)
{
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        if (model->tensors[i].n_dims < 2)
            continue;
        if (!strcmp(model->tensors[i].encoding_name, "bf16"))
            return 32;
        if (!strcmp(model->tensors[i].encoding_name, "f16"))
            return 1;
    }
    return 0;
}

static const struct map_tokenizer *choose_tokenizer(struct map_work *work, int *ret_status)
{
    const struct map_tokenizer *t = work->rules->tokenizers;
    for (; t; t = t->next) {
        int truth = 0;
        *ret_status = expr_json_truth(t->condition, &work->env, &truth, work->err);
        if (*ret_status || truth)
            break;
    }
    return t;
}

/* Rows of the embedding, or what config.json says, or 0 for what is not known. */
static int count_tokens(const struct map_work *work, uint64_t *ret_count)
{
    const json_t *said = json_object_get(work->values, "vocab_size");
    const char *literal = json_number_literal(said);
    uint64_t i;
    *ret_count = 0;
    if (strmap_find(&work->target->tensor_names, "token_embd.weight", 17, &i))
        *ret_count = work->target->tensors[i].rows;
    else if (json_is_integer(said) && json_integer_value(said) >= 0)
        *ret_count = (uint64_t)json_integer_value(said);
    else if (said && !json_is_null(said))
        return error_set(work->err, PARE_EDATA, "config.json: vocab_size is %.60s",
                         literal ? literal : "no whole number from 0 on");
    return 0;
}

static int add_tokenizer(struct map_work *work)
{
    static const struct map_tokenizer none = { .kind = "auto",
                                               .space_prefix = -1,
                                               .looks_special = 1 };
    int r = 0;
    const struct map_tokenizer *t = choose_tokenizer(work, &r);
    if (r)
        return r;
    if (!t)
        t = &none;
    uint64_t vocab = 0;
    r = count_tokens(work, &vocab);
    if (r)
        return r;
    const json_t *options = work->request->options;
    struct tokenizer_request request = { .source = work->model,
                                         .config = work->values,
                                         .kind = t->kind,
                                         .pre = t->pre,
                                         .dirs = work->request->dirs,
                                         .vocab_size = vocab,
                                         .add_space_prefix = t->space_prefix,
                                         .looks_special = t->looks_special,
                                         .spm_added_tokens = t->added_tokens,
                                         .warn = work->request->warn,
                                         .context = work->request->context };
    request.pre = json_get_string(options, "pre", request.pre);
    if (!strcmp(json_get_string(options, "tokenizer", ""), "none"))
        request.kind = "none";
    return tokenizer_load(&request, work->target, work->err);
}

int map_meta_add(struct map_work *work)
{
    struct provenance_request provenance = { .source = work->model,
                                             .name = work->request->name,
                                             .tensors = work->target,
                                             .warn = work->request->warn,
                                             .context = work->request->context };
    int r = put_text(work, "general.architecture", work->rules->architecture);
    if (r || work->request->tensors_only)
        return r;
    r = provenance_fill(&provenance, work->target, work->err);
    if (!r)
        r = apply_sets(work, 0);
    if (!r)
        r = put_u32(work, "general.file_type", guess_file_type(work->model));
    if (!r)
        r = put_u32(work, "general.quantization_version", 2);
    if (!r)
        r = add_tokenizer(work);
    return r ? r : apply_sets(work, 1);
}
