/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The way back: a GGUF's tensors under a checkpoint's names, and its config.json, from the same
 * map. Transforms are undone where that loses nothing; where it would, the model is refused.
 */
#include "map/map_work.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "map/map_tree.h"

#include <stdio.h>
#include <string.h>

#define MAX_RUNS 65536

static int refuse(const struct map_work *work, const char *name, const char *why)
{
    return error_set(work->err, PARE_ENOTSUP, "`%.100s' cannot be given back as a checkpoint has "
                     "it: %s", name, why);
}

/* ---- config.json ---- */

/* The shortest number that is the float. */
static json_t *float_json(float value)
{
    char text[40];
    for (int digits = 6; digits <= 9; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    return json_number(strtod(text, NULL));
}

static json_t *value_json(const struct model *model, const char *key)
{
    const struct pare_value *value = meta_find(model, key);
    float f32;
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
        return float_json(f32);
    case PARE_F64:
        return NULL;
    default:
        return json_integer((json_int_t)meta_int(model, key, 0));
    }
}

/* The name that a `set` takes its value from: of first(a, b), a. */
static int source_name(const struct map_expr *e, struct pare_str *ret_name)
{
    if (e->op == MAP_CALL && !e->function)
        e = e->first;
    return map_expr_is_name(e, ret_name);
}

static int adopt_sets(struct map_work *work, json_t *config)
{
    int r = 0;
    for (const struct map_set *set = work->rules->sets; !r && set; set = set->next) {
        struct pare_str name;
        if (!strncmp(set->key, "tokenizer.", 10) || !source_name(set->value, &name) ||
            map_lookup(config, name))
            continue;
        _cleanup_free_ char *key = map_meta_key(work->rules, set->key);
        if (!key)
            return error_oom(work->err);
        json_t *value = value_json(work->model, key);
        if (value)
            r = map_store(config, name, value, work->err);
    }
    return r;
}

static int store_text(struct map_work *work, json_t *config, const char *name, json_t *value)
{
    return map_store(config, (struct pare_str){ name, strlen(name) }, value, work->err);
}

/* What every config.json has, whatever the architecture. */
static int adopt_basics(struct map_work *work, json_t *config)
{
    const struct map_rules *rules = work->rules;
    const struct strmap *names = &work->model->tensor_names;
    uint64_t i;
    int r = 0;
    if (rules->architectures)
        r = store_text(work, config, "architectures",
                       json_pack("[s]", rules->architectures->text));
    if (!r && rules->model_types)
        r = store_text(work, config, "model_type", json_string(rules->model_types->text));
    if (!r && strmap_find(names, "token_embd.weight", 17, &i))
        r = store_text(work, config, "vocab_size",
                       json_integer((json_int_t)work->model->tensors[i].rows));
    if (!r)
        r = store_text(work, config, "tie_word_embeddings",
                       json_boolean(!strmap_find(names, "output.weight", 13, NULL)));
    return r;
}

/* rope_parameters as folders of all ages understand them: rope_theta and rope_scaling. */
static int spread_rope(struct map_work *work, json_t *config)
{
    json_t *rope = json_object_get(config, "rope_parameters");
    json_t *theta = json_object_get(rope, "rope_theta");
    int r = 0;
    if (theta)
        r = store_text(work, config, "rope_theta", json_incref(theta));
    if (theta)
        (void)json_object_del(rope, "rope_theta");
    if (!r && json_object_size(rope))
        r = store_text(work, config, "rope_scaling", json_incref(rope));
    (void)json_object_del(config, "rope_parameters");
    return r;
}

int map_reverse_config(struct map_work *work, json_t **ret_config)
{
    _cleanup_json_ json_t *config = json_object();
    int r = config ? adopt_basics(work, config) : error_oom(work->err);
    if (!r)
        r = adopt_sets(work, config);
    work->env.values = config;
    for (const struct map_set *set = work->rules->configs; !r && set; set = set->next) {
        json_t *value = NULL;
        int truth = 0;
        r = map_expr_eval_truth(set->condition, &work->env, &truth, work->err);
        if (!r && truth)
            r = map_expr_eval(set->value, &work->env, &value, work->err);
        if (!r && truth && !json_is_null(value))
            r = store_text(work, config, set->key, value);
    }
    if (!r)
        *ret_config = TAKE(config);
    return r;
}

int map_reverse_files(struct map_work *work, json_t *config, json_t **ret_files)
{
    _cleanup_json_ json_t *files = json_object();
    int r = files ? spread_rope(work, config) : error_oom(work->err);
    if (!r && json_object_set(files, "config.json", config) < 0)
        r = error_oom(work->err);
    if (!r)
        *ret_files = TAKE(files);
    return r;
}

int map_reverse_meta(const struct map_work *work, const char *key, json_t **ret)
{
    _cleanup_free_ char *whole = map_meta_key(work->rules, key);
    json_t *value = whole ? value_json(work->model, whole) : NULL;
    *ret = value ? value : json_null();
    return whole ? 0 : error_oom(work->err);
}

/* ---- tensors ---- */

int map_reverse_has(const struct map_work *work, const char *name)
{
    struct pattern_match match;
    struct pare_str text = { name, strlen(name) };
    for (const struct map_tensor *t = work->rules->tensors; t; t = t->next)
        for (unsigned s = 0; s < t->n_sources; s++) {
            _cleanup_free_ char *target = NULL;
            struct error ignored = ERROR_INIT;
            if (pattern_matches(&t->sources[s], s ? &t->sources[0] : NULL, text, &match) &&
                !pattern_expand(&t->target, &t->sources[0], &match, &target, &ignored) &&
                map_work_find(work, target, NULL))
                return 1;
        }
    return 0;
}

/* Heads whose rows were interleaved, with their two halves apart again. */
static int add_unpermuted(struct map_work *work, const struct map_tensor *rule, uint64_t base,
                          struct view_tensor *tensor)
{
    const struct model_tensor *t = &work->model->tensors[base];
    uint64_t heads = 0, rows = t->dims[0];
    int r = map_expr_eval_count(rule->heads, &work->env, MAX_RUNS, "permute", &heads, work->err);
    if (!r && (t->n_dims > 2 || !heads || rows % heads || rows / heads % 2))
        r = refuse(work, work->names[base], "its rows are not so many heads");
    if (r)
        return r;
    _cleanup_free_ struct view_rows *runs = calloc(heads, sizeof *runs);
    if (!runs)
        return error_oom(work->err);
    for (uint64_t h = 0; h < heads; h++)
        runs[h] = (struct view_rows){ .tensor = base, .first = h * (rows / heads),
                                      .count = rows / heads, .step = 1, .inner = rows / heads / 2,
                                      .inner_step = 2 };
    return view_add_rows(work->view, tensor, t->n_dims == 1, runs, heads, work->err);
}

/* One matrix of a stack, number e; or all of a tensor that is none. */
static int add_one(struct map_work *work, const struct map_tensor *rule, uint64_t base,
                   const struct pattern_match *match, uint64_t e)
{
    _cleanup_free_ char *name = NULL;
    const struct model_tensor *t = &work->model->tensors[base];
    int r = pattern_expand(&rule->sources[0], NULL, match, &name, work->err);
    if (r)
        return r;
    struct view_tensor tensor = { .name = { name, strlen(name) }, .n_dims = t->n_dims,
                                  .add = (float)-rule->add };
    memcpy(tensor.dims, t->dims, sizeof t->dims);
    tensor.f32 = rule->add != 0 ? work->f32 : NULL;
    if (rule->heads)
        return add_unpermuted(work, rule, base, &tensor);
    if (rule->stack.len) {
        uint64_t rows = t->rows / t->dims[0];
        struct view_rows run = { .tensor = base, .first = e * rows, .count = rows, .step = 1,
                                 .inner = 1 };
        tensor.n_dims--;
        memmove(tensor.dims, t->dims + 1, tensor.n_dims * sizeof *tensor.dims);
        return view_add_rows(work->view, &tensor, 0, &run, 1, work->err);
    }
    if (!rule->transpose)
        return view_add_same(work->view, &tensor, base, work->err);
    if (t->n_dims < 2)
        return refuse(work, work->names[base], "it is no matrix");
    tensor.dims[t->n_dims - 1] = t->dims[t->n_dims - 2];
    tensor.dims[t->n_dims - 2] = t->dims[t->n_dims - 1];
    return view_add_transposed(work->view, &tensor, base, work->err);
}

static int add_back(struct map_work *work, const struct map_tensor *rule, uint64_t base,
                    struct pattern_match *match)
{
    const struct model_tensor *t = &work->model->tensors[base];
    if (rule->n_sources > 1 || rule->pick)
        return refuse(work, work->names[base], "it was merged or split");
    if (!rule->stack.len)
        return add_one(work, rule, base, match, 0);
    uint64_t count = 0;
    int r = map_work_count(work, rule->stack, &count);
    if (!r && (t->n_dims < 2 || t->dims[0] != count || !t->elements))
        r = refuse(work, work->names[base], "it is not stacked of as many as the metadata say");
    unsigned n = match->n_numbers++;
    match->names[n] = rule->stack;
    for (uint64_t e = 0; !r && e < count; e++) {
        match->numbers[n] = e;
        r = add_one(work, rule, base, match, e);
    }
    return r;
}

/* 1: no rule knows the tensor. */
static int reverse_tensor(struct map_work *work, const unsigned char *active, uint64_t base)
{
    const char *name = work->names[base];
    for (const struct map_values *v = work->rules->values; v; v = v->next)
        if (!strcmp(v->name, name))
            return refuse(work, name, "it stands for values of config.json that are not there");
    for (const struct map_tensor *t = work->rules->tensors; t; t = t->next) {
        struct pattern_match match = { .n_numbers = 0 };
        if (active[t->number] && pattern_matches(&t->target, &t->sources[0],
                                                 (struct pare_str){ name, strlen(name) }, &match))
            return add_back(work, t, base, &match);
    }
    return 1;
}

int map_reverse_tensors(struct map_work *work)
{
    _cleanup_free_ unsigned char *active = calloc(work->rules->n_tensors + 1, 1);
    _cleanup_free_ unsigned char *known = calloc(work->model->n_tensors + 1, 1);
    int r = active && known ? 0 : error_oom(work->err), unknown = 0;
    for (const struct map_tensor *t = work->rules->tensors; !r && t; t = t->next) {
        int truth = 0;
        r = map_expr_eval_truth(t->condition, &work->env, &truth, work->err);
        active[t->number] = (unsigned char)truth;
    }
    for (uint64_t i = 0; r >= 0 && i < work->model->n_tensors; i++) {
        r = reverse_tensor(work, active, i);
        known[i] = r == 0;
        unknown |= r == 1;
    }
    if (r < 0)
        return r;
    return unknown ? map_unknown_tensors(work, known) : 0;
}
