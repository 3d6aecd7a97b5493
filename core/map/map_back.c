/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * From a GGUF to a Hugging Face folder, with a proof. The folder that map_reverse.c makes is mapped
 * forwards again, like any folder: the GGUF that comes out must have the same tensors and the same
 * vocabulary, or the folder is not made. Other metadata that get lost are named in a warning.
 */
#include "map/map_private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/metadata.h"
#include "model/side_files.h"
#include "plugin/source.h"
#include "tokenizer/tokenizer_unload.h"

#include <string.h>

#define MAX_LISTED 20
#define MAX_TOLD (1u << 20) /* bytes of a tensor whose values are in config.json */

/* The folder, which exists in memory only, and the GGUF that it would become. */
struct trial {
    const struct map_work *work; /* of the way back */
    struct view *folder, *again;
    struct source *folder_source, *again_source;
    struct map_rules *rules;
    json_t *options;
    char *config;
};

static void trial_deinit(struct trial *t)
{
    if (t->again_source)
        source_close(t->again_source);
    view_free(t->again);
    if (t->folder_source)
        source_close(t->folder_source);
    view_free(t->folder);
    map_rules_free(t->rules);
    json_decref(t->options);
    free(t->config);
}

/* ---- the folder ---- */

static int add_files(struct trial *t, const json_t *files)
{
    struct model *model = view_model(t->folder);
    const char *name;
    json_t *file;
    int r = 0;
    json_object_foreach((json_t *)files, name, file) {
        const char *text = json_string_value(file);
        size_t len = json_string_length(file);
        if (json_is_object(file)) { /* config.json */
            text = t->config = json_to_pretty(file);
            len = text ? strlen(text) : 0;
        }
        if (!r)
            r = text ? model_add_text(model, name, text, len, t->work->err)
                     : error_oom(t->work->err);
    }
    return r;
}

static int make_folder(struct trial *t, struct source *source, const json_t *files)
{
    const struct model *model = t->work->target;
    int r = view_new(source, &t->folder, t->work->err);
    for (uint64_t i = 0; !r && i < model->n_tensors; i++) {
        const struct model_tensor *from = &model->tensors[i];
        struct view_tensor tensor = { .name = from->name, .n_dims = from->n_dims };
        memcpy(tensor.dims, from->dims, sizeof from->dims);
        r = view_add_same(t->folder, &tensor, i, t->work->err);
    }
    if (r)
        return r;
    view_model(t->folder)->n_files = 0; /* the GGUF is not one of them */
    r = add_files(t, files);
    return r ? r : view_source(t->folder, &t->folder_source, t->work->err);
}

static int map_again(struct trial *t, const json_t *files)
{
    struct map_request request = *t->work->request;
    request.to = "gguf";
    request.warn = NULL;
    t->options = json_object_get(files, "tokenizer.json") ? json_object()
                                                          : json_pack("{s:s}", "tokenizer", "none");
    if (!t->options)
        return error_oom(t->work->err);
    request.options = t->options;
    int r = view_new(t->folder_source, &t->again, t->work->err);
    if (r)
        return r;
    struct map_work again = { .request = &request,
                              .base = t->folder_source,
                              .model = view_model(t->folder),
                              .view = t->again,
                              .target = view_model(t->again),
                              .f32 = t->work->f32,
                              .err = t->work->err };
    r = map_forward(&again, &t->rules);
    map_work_end(&again);
    if (!r && strcmp(t->rules->name, t->work->rules->name) != 0)
        return error_set(t->work->err, PARE_ENOTSUP, "its config.json would not lead to the map %s",
                         t->work->rules->name);
    return r ? r : view_source(t->again, &t->again_source, t->work->err);
}

/* ---- tensors ---- */

/* Leading dimensions of 1 do not count. */
static int same_shape(const struct model_tensor *a, const struct model_tensor *b)
{
    const uint64_t *x = a->dims, *y = b->dims, *x_end = x + a->n_dims, *y_end = y + b->n_dims;
    while (x < x_end && *x == 1)
        x++;
    while (y < y_end && *y == 1)
        y++;
    return x_end - x == y_end - y && !memcmp(x, y, (size_t)(x_end - x) * sizeof *x);
}

/* 1 unless the tensor is made from values of config.json, and those do not give the same bytes. */
static int same_values(const struct trial *t, uint64_t i, uint64_t k)
{
    const struct model_tensor *a = &t->work->model->tensors[i];
    const struct model_tensor *b = &view_model(t->again)->tensors[k];
    int is_made = 0;
    for (const struct map_values *v = t->rules->values; v; v = v->next)
        is_made |= text_is(a->name, v->name);
    if (!is_made)
        return 1;
    if (a->encoding != b->encoding || a->bytes != b->bytes || a->bytes > MAX_TOLD)
        return 0;
    _cleanup_free_ char *x = malloc(a->bytes + 1), *y = malloc(a->bytes + 1);
    int r = x && y ? source_read(t->work->base, i, 0, 0, x, a->bytes, t->work->err)
                   : error_oom(t->work->err);
    if (!r)
        r = source_read(t->again_source, k, 0, 0, y, a->bytes, t->work->err);
    return r ? r : !memcmp(x, y, a->bytes);
}

static int compare_tensors(const struct trial *t)
{
    const struct model *model = t->work->model, *again = view_model(t->again);
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        const struct model_tensor *tensor = &model->tensors[i];
        uint64_t k;
        int same = model_find_tensor(again, tensor->name, &k) &&
                           same_shape(tensor, &again->tensors[k])
                       ? same_values(t, i, k)
                       : 0;
        if (same < 0)
            return same;
        if (!same)
            return error_set(t->work->err, PARE_ENOTSUP,
                             "of the tensor `%.*s' a folder would make another",
                             (int)tensor->name.len, tensor->name.data);
    }
    return again->n_tensors == model->n_tensors
               ? 0
               : error_set(t->work->err, PARE_ENOTSUP,
                           "a folder would have %llu tensors, and there are %llu",
                           (unsigned long long)again->n_tensors,
                           (unsigned long long)model->n_tensors);
}

/* ---- metadata ---- */

static int same_bytes(const struct pare_value *a, const struct pare_value *b)
{
    static const size_t sizes[] = { [PARE_U8] = 1,  [PARE_I8] = 1,  [PARE_U16] = 2, [PARE_I16] = 2,
                                    [PARE_U32] = 4, [PARE_I32] = 4, [PARE_F32] = 4, [PARE_BOOL] = 1,
                                    [PARE_U64] = 8, [PARE_I64] = 8, [PARE_F64] = 8 };
    return a->type < sizeof sizes / sizeof *sizes && sizes[a->type] &&
           !memcmp(a->data, b->data, a->count * sizes[a->type]);
}

static int same_texts(const struct pare_value *a, const struct pare_value *b)
{
    const struct pare_str *x = a->data, *y = b->data;
    for (uint64_t i = 0; i < a->count; i++)
        if (!text_equals(x[i], y[i]))
            return 0;
    return 1;
}

static int is_whole(const struct pare_value *value)
{
    return !value->is_array && value->type != PARE_F32 && value->type != PARE_F64 &&
           value->type != PARE_STRING;
}

static int same_value(const struct trial *t, const char *key, const struct pare_value *a,
                      const struct pare_value *b)
{
    if (is_whole(a) && is_whole(b))
        return meta_int(t->work->model, key, 0) == meta_int(view_model(t->again), key, 0) &&
               (a->type == PARE_BOOL) == (b->type == PARE_BOOL) &&
               (a->type != PARE_BOOL || same_bytes(a, b));
    int same_width = a->type == PARE_U32 && b->type == PARE_I32; /* of small numbers */
    if ((a->type != b->type && !same_width) || a->is_array != b->is_array || a->count != b->count)
        return 0;
    return a->type == PARE_STRING ? same_texts(a, b) : same_bytes(a, b);
}

/* Keys that a folder has other places for, or that say only how this file was made. */
static int is_passed_over(struct pare_str key)
{
    return text_begins(key, "general.") || text_begins(key, "pare.") ||
           text_begins(key, "quantize.") || text_begins(key, "split.");
}

/* Keys without which texts become other tokens. */
static int is_vocabulary(const char *key)
{
    static const char *const keys[] = { "tokenizer.ggml.model", "tokenizer.ggml.pre",
                                        "tokenizer.ggml.tokens", "tokenizer.ggml.merges" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(key, keys[i]))
            return 1;
    return 0;
}

/* 1 for an id of a special token that means "none". */
static int is_no_id(const struct trial *t, const char *key)
{
    size_t n = strlen(key);
    return n > 9 && !strcmp(key + n - 9, "_token_id") &&
           meta_int(t->work->model, key, 0) == UINT32_MAX;
}

struct losses {
    struct strbuf text;
    unsigned n;
};

static int compare_key(const struct trial *t, const struct model_meta *meta, struct losses *losses)
{
    _cleanup_free_ char *key = strndup(meta->key.data, meta->key.len);
    if (!key)
        return error_oom(t->work->err);
    const struct pare_value *value = meta_find(view_model(t->again), key);
    if ((value && same_value(t, key, &meta->value, value)) || is_no_id(t, key))
        return 0;
    if (is_vocabulary(key) || (value && !text_begins(meta->key, "tokenizer.")))
        return error_set(t->work->err, PARE_ENOTSUP, "%.100s would come back as another value",
                         key);
    if (++losses->n <= MAX_LISTED)
        strbuf_printf(&losses->text, "%s%.80s", losses->n > 1 ? ", " : "", key);
    return 0;
}

static int compare_meta(const struct trial *t)
{
    const struct model *model = t->work->model;
    const struct map_request *request = t->work->request;
    struct losses losses = { STRBUF_INIT, 0 };
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    int r = 0, tokenizer = !json_object_get(t->options, "tokenizer");
    for (uint64_t i = 0; !r && i < model->n_meta; i++)
        if (!is_passed_over(model->meta[i].key) &&
            (tokenizer || !text_begins(model->meta[i].key, "tokenizer.")))
            r = compare_key(t, &model->meta[i], &losses);
    if (!r && losses.n) {
        strbuf_printf(&sb, "metadata that a Hugging Face folder has no place for is left out: %s%s",
                      losses.text.data ? losses.text.data : "",
                      losses.n > MAX_LISTED ? ", ..." : "");
        if (request->warn && sb.data)
            request->warn(request->context, sb.data);
    }
    strbuf_deinit(&losses.text);
    return r;
}

static int prove(const struct map_work *work, struct source *source, const json_t *files)
{
    CLEANUP(trial_deinit) struct trial t = { .work = work };
    int r = make_folder(&t, source, files);
    if (!r)
        r = map_again(&t, files);
    if (!r)
        r = compare_tensors(&t);
    return r ? r : compare_meta(&t);
}

/* ---- all of it ---- */

static int add_tokenizer(const struct map_work *work, json_t *files)
{
    const json_t *options = work->request->options;
    _cleanup_json_ json_t *tokenizer = NULL;
    if (!strcmp(json_get_string(options, "tokenizer", ""), "none"))
        return 0;
    int r = tokenizer_unload(work->model, work->request->dirs, &tokenizer, work->err);
    return r || json_object_update(files, tokenizer) == 0 ? r : error_oom(work->err);
}

static int make(struct map_work *work, struct source **ret_source, json_t **ret_files)
{
    _cleanup_json_ json_t *config = NULL;
    _cleanup_json_ json_t *files = NULL;
    map_work_env(work);
    int r = map_reverse_config(work, &config);
    json_t *values = r ? NULL : json_deep_copy(config);
    if (!r)
        r = values ? map_work_begin(work, values) : error_oom(work->err);
    if (!r)
        r = map_reverse_tensors(work);
    if (!r)
        r = map_reverse_files(work, config, &files);
    if (!r)
        r = view_source(work->view, ret_source, work->err);
    if (r || work->request->tensors_only)
        return r;
    r = add_tokenizer(work, files);
    if (!r)
        r = prove(work, *ret_source, files);
    if (!r)
        *ret_files = TAKE(files);
    return r;
}

int map_back(struct map_work *work, struct map_rules **ret_rules, struct source **ret_source,
             json_t **ret_files)
{
    _cleanup_free_ char *architecture = model_architecture(work->model);
    _cleanup_free_ char *type = meta_string(work->model, "general.type");
    if (!architecture)
        return error_set(work->err, PARE_ENOTSUP, "it has no general.architecture");
    if (type && strcmp(type, "model") != 0)
        return error_set(work->err, PARE_ENOTSUP, "its general.type is `%.40s', not `model'", type);
    int r = map_rules_choose(work->request->dirs, NULL, architecture, ret_rules, work->err);
    if (r == 1)
        return error_set(work->err, PARE_ENOTSUP, "no map knows the architecture `%.60s'",
                         architecture);
    if (r)
        return r;
    work->rules = *ret_rules;
    work->reverse = 1;
    return make(work, ret_source, ret_files);
}
