/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The way back: config.json from a GGUF's metadata. Every `set` whose value is a plain name is read
 * backwards: the key gives the name its value. What that cannot do, `config` statements do.
 */
#include "map/map_private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "lang/expr_json.h"
#include "model/metadata.h"
#include "plugin/source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_VECTOR 4096 /* values of a tensor that become a list: factors of frequencies */

static int is_of_map(const struct map_rules *rules, enum map_verb verb, struct pare_str name)
{
    for (const struct map_action *a = rules->actions; a; a = a->next)
        if (a->verb == verb && text_equals(a->name, name))
            return 1;
    return 0;
}

/* The name of config.json that a `set` takes its value from: of first(a, b), when both are names,
 * the one that the map has a default for, or else a. A name that `let` computes is not in
 * config.json. */
static int source_name(const struct map_rules *rules, const struct expr *e,
                       struct pare_str *ret_name)
{
    struct pare_str name;
    int chosen = 0;
    if (e->op != OP_CALL || e->function != FUNCTION_FIRST)
        return expr_is_name(e, ret_name) && !is_of_map(rules, MAP_LET, *ret_name);
    for (e = e->first; e; e = e->next) {
        if (!expr_is_name(e, &name))
            return 0;
        int is_default = is_of_map(rules, MAP_DEFAULT, name);
        if (!chosen || (chosen == 1 && is_default))
            *ret_name = name;
        chosen = is_default ? 2 : chosen ? chosen : 1;
    }
    return chosen;
}

static int adopt_sets(struct map_work *work, json_t *config)
{
    int r = 0;
    for (const struct map_set *set = work->rules->sets; !r && set; set = set->next) {
        struct pare_str name;
        if (!strncmp(set->key, "tokenizer.", 10) || !source_name(work->rules, set->value, &name) ||
            expr_json_lookup(config, name))
            continue;
        _cleanup_free_ char *key = map_meta_key(work->rules, set->key);
        if (!key)
            return error_oom(work->err);
        json_t *value = map_meta_json(work->model, key);
        if (value)
            r = expr_json_store(config, name, value, work->err);
    }
    return r;
}

static int store_text(struct map_work *work, json_t *config, const char *name, json_t *value)
{
    return expr_json_store(config, text_of(name), value, work->err);
}

/* What every config.json has, whatever the architecture. */
static int adopt_basics(struct map_work *work, json_t *config)
{
    const struct map_rules *rules = work->rules;
    const struct strmap *names = &work->model->tensor_names;
    uint64_t i;
    int r = 0;
    if (rules->architectures)
        r = store_text(work, config, "architectures", json_pack("[s]", rules->architectures->text));
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

/* rope_parameters under the names that libraries of all ages read: rope_theta and rope_scaling, and
 * rope_local_base_freq for sliding layers. */
static int spread_rope(struct map_work *work, json_t *config)
{
    json_t *rope = json_object_get(config, "rope_parameters");
    json_t *theta = json_object_get(rope, "rope_theta");
    json_t *local = json_object_get(json_object_get(config, "rope_local_parameters"), "rope_theta");
    int r = local ? store_text(work, config, "rope_local_base_freq", json_incref(local)) : 0;
    (void)json_object_del(config, "rope_local_parameters");
    if (!r && theta)
        r = store_text(work, config, "rope_theta", json_incref(theta));
    if (theta)
        (void)json_object_del(rope, "rope_theta");
    if (!r && json_object_size(rope))
        r = store_text(work, config, "rope_scaling", json_incref(rope));
    (void)json_object_del(config, "rope_parameters");
    return r;
}

/* Ids of special tokens: tokenizer_load finds those here that tokenizer_config.json lacks. */
static int adopt_ids(struct map_work *work, json_t *config)
{
    static const char *const names[][2] = {
        { "bos_token_id", "bos" },     { "eos_token_id", "eos" },
        { "unk_token_id", "unknown" }, { "sep_token_id", "seperator" },
        { "pad_token_id", "padding" }, { "mask_token_id", "mask" },
        { "eot_token_id", "eot" },     { "eom_token_id", "eom" }
    };
    int r = 0;
    for (size_t i = 0; !r && i < sizeof names / sizeof *names; i++) {
        char key[64];
        (void)snprintf(key, sizeof key, "tokenizer.ggml.%s_token_id", names[i][1]);
        int64_t id = meta_int(work->model, key, -1);
        if (id >= 0 && id < INT32_MAX) /* -1 in 32 bits: none */
            r = store_text(work, config, names[i][0], json_integer((json_int_t)id));
    }
    return r;
}

static int apply_config(struct map_work *work, const struct map_set *set, json_t *config)
{
    struct pare_str name = { set->key, strlen(set->key) };
    json_t *value = NULL;
    int truth = 0, r = expr_json_truth(set->condition, &work->env, &truth, work->err);
    if (!r && truth)
        r = expr_json_value(set->value, &work->env, &value, work->err);
    if (!r && truth && json_is_null(value) && !expr_json_lookup(config, name))
        return 0;
    if (!r && truth)
        r = expr_json_store(config, name, value, work->err);
    if (r && r != PARE_ENOMEM)
        (void)error_prefix(work->err, "%s", set->place);
    return r;
}

int map_reverse_config(struct map_work *work, json_t **ret_config)
{
    _cleanup_json_ json_t *config = json_object();
    int r = config ? adopt_basics(work, config) : error_oom(work->err);
    if (!r)
        r = adopt_sets(work, config);
    if (!r)
        r = adopt_ids(work, config);
    work->env.values = config;
    for (const struct map_set *set = work->rules->configs; !r && set; set = set->next)
        r = apply_config(work, set, config);
    if (!r)
        *ret_config = TAKE(config);
    return r;
}

int map_reverse_files(struct map_work *work, json_t *config, json_t **ret_files)
{
    _cleanup_json_ json_t *files = json_object();
    int r = files ? spread_rope(work, config) : error_oom(work->err);
    if (!r) /* the writer knows the type that the weights get, and fills it in */
        r = store_text(work, config, "torch_dtype", json_string("float32"));
    if (!r && json_object_set(files, "config.json", config) < 0)
        r = error_oom(work->err);
    if (!r)
        r = map_card_add(work, files);
    if (!r)
        *ret_files = TAKE(files);
    return r;
}

int map_reverse_weights(const struct map_work *work, const char *name, json_t **ret)
{
    float values[MAX_VECTOR];
    uint64_t i;
    const struct model_tensor *t = NULL;
    if (model_find_tensor(work->model, text_of(name), &i))
        t = &work->model->tensors[i];
    *ret = t && t->n_dims == 1 && t->elements <= MAX_VECTOR && t->encoding == work->f32
               ? json_array()
               : json_null();
    if (!json_is_array(*ret))
        return 0;
    int r = source_read(work->base, i, 0, 0, values, t->elements * sizeof *values, work->err);
    for (uint64_t k = 0; !r && k < t->elements; k++)
        if (!isfinite(values[k]) || json_array_append_new(*ret, map_meta_float(values[k])) < 0)
            r = error_set(work->err, PARE_EDATA, "`%.60s' has a value that is no number", name);
    if (r) {
        json_decref(*ret);
        *ret = NULL;
    }
    return r;
}
