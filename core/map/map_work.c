/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The values, names and counts that the rules of a map work with: see map_private.h. */
#include "map/map_private.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "model/side_files.h"

#include <stdio.h>
#include <string.h>

#define MAX_SIDE_JSON (1u << 20)

int map_work_find(const struct map_work *work, const char *name, uint64_t *ret_tensor)
{
    return strmap_find(&work->by_name, name, strlen(name), ret_tensor);
}

static int ask_dims(const struct map_work *work, int columns, const char *name, json_t **ret)
{
    uint64_t i;
    *ret = json_null();
    if (map_work_find(work, name, &i)) {
        const struct model_tensor *t = &work->model->tensors[i];
        *ret = json_integer((json_int_t)(columns ? t->row_len : t->rows));
    }
    return *ret ? 0 : error_oom(work->err);
}

/* A file of the folder, which may hold any JSON; null when there is none. */
static int ask_json(const struct map_work *work, const char *name, json_t **ret)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = map_read_text(work->model, name, MAX_SIDE_JSON, &text, &len, work->err);
    if (r < 0)
        return r;
    *ret = r ? json_null() : json_loadb(text, len, 0, NULL);
    return *ret ? 0 : error_set(work->err, PARE_EDATA, "%s: not JSON", name);
}

/* The functions of expressions that look at the checkpoint. */
static int ask(void *context, enum function function, const char *argument, json_t **ret,
               struct error *err)
{
    const struct map_work *work = context;
    (void)err; /* it is the work's */
    switch (function) {
    case FUNCTION_HAS_TENSOR:
        *ret = json_boolean(work->reverse ? map_reverse_has(work, argument)
                                          : map_work_find(work, argument, NULL));
        return 0;
    case FUNCTION_HAS_FILE:
        *ret = json_boolean(map_find_file(work->model, argument) != NULL);
        return 0;
    case FUNCTION_ROWS:
    case FUNCTION_COLUMNS:
        return ask_dims(work, function == FUNCTION_COLUMNS, argument, ret);
    case FUNCTION_JSON:
        return ask_json(work, argument, ret);
    case FUNCTION_OPTION: {
        json_t *value = json_object_get(work->request->options, argument);
        *ret = value ? json_incref(value) : json_null();
        return 0;
    }
    case FUNCTION_META:
        return work->reverse ? map_reverse_meta(work, argument, ret) : 1;
    case FUNCTION_WEIGHTS:
        return work->reverse ? map_reverse_weights(work, argument, ret) : 1;
    default:
        return 1;
    }
}

int map_rename_once(const struct map_rename *rename, char **name)
{
    size_t len = strlen(*name), n = rename->from.len;
    const char *at = NULL;
    if (len < n)
        return 0;
    if (rename->at_start)
        at = !memcmp(*name, rename->from.data, n) && (!rename->at_end || len == n) ? *name : NULL;
    else if (rename->at_end)
        at = !memcmp(*name + len - n, rename->from.data, n) ? *name + len - n : NULL;
    else
        at = memmem(*name, len, rename->from.data, n);
    if (!at)
        return 0;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_add(&sb, *name, (size_t)(at - *name));
    strbuf_add(&sb, rename->to.data, rename->to.len);
    strbuf_puts(&sb, at + n);
    char *text = strbuf_finish(&sb);
    if (!text)
        return -1;
    free(*name);
    *name = text;
    return 0;
}

static int add_name(struct map_work *work, uint64_t i)
{
    const struct pare_str given = work->model->tensors[i].name;
    char *name = strndup(given.data, given.len);
    work->names[i] = name;
    const struct map_rename *renames = work->reverse ? NULL : work->rules->renames;
    for (const struct map_rename *r = renames; name && r; r = r->next)
        if (map_rename_once(r, &work->names[i]) < 0)
            return error_oom(work->err);
    name = work->names[i];
    int r = name ? strmap_add(&work->by_name, name, strlen(name), i, work->err)
                 : error_oom(work->err);
    if (r == 1)
        r = error_set(work->err, PARE_EDATA,
                      "two tensors are both called `%.200s' once the map %s "
                      "has renamed them",
                      name, work->rules->name);
    return r;
}

/* default, let, fail and warn, one after another. */
static int run_action(struct map_work *work, const struct map_action *action)
{
    int truth = 0;
    json_t *value = NULL;
    if (action->verb == MAP_DEFAULT && expr_json_lookup(work->values, action->name))
        return 0;
    int r = expr_json_truth(action->condition, &work->env, &truth, work->err);
    if (r || !truth)
        return r;
    switch (action->verb) {
    case MAP_FAIL: /* of what checkpoints have; the way back has no checkpoint yet */
        return work->reverse ? 0
                             : error_set(work->err, PARE_ENOTSUP, "%.*s", (int)action->name.len,
                                         action->name.data);
    case MAP_WARN: {
        _cleanup_free_ char *text = strndup(action->name.data, action->name.len);
        if (text && work->request->warn && !work->request->tensors_only)
            work->request->warn(work->request->context, text);
        return text ? 0 : error_oom(work->err);
    }
    default:
        r = expr_json_value(action->value, &work->env, &value, work->err);
        return r || json_is_null(value)
                   ? r
                   : expr_json_store(work->values, action->name, value, work->err);
    }
}

static int count_index(struct map_work *work, const struct map_index *index)
{
    if (work->n_indexes == MAP_MAX_INDEXES)
        return error_set(work->err, PARE_EDATA, "more than %d kinds of numbers", MAP_MAX_INDEXES);
    char what[60];
    (void)snprintf(what, sizeof what, "{%.*s}", (int)index->name.len, index->name.data);
    int r = expr_json_count(index->count, &work->env, MAP_MAX_INDEX, what,
                            &work->index_counts[work->n_indexes], work->err);
    work->index_names[work->n_indexes++] = index->name;
    return r;
}

int map_work_count(const struct map_work *work, struct pare_str name, uint64_t *ret_count)
{
    for (unsigned i = 0; i < work->n_indexes; i++)
        if (work->index_names[i].len == name.len &&
            !memcmp(work->index_names[i].data, name.data, name.len)) {
            *ret_count = work->index_counts[i];
            return 0;
        }
    return error_set(work->err, PARE_EDATA,
                     "the map %s says nothing about {%.*s}: it needs a line "
                     "such as 'index %.*s = num_hidden_layers'",
                     work->rules->name, (int)name.len, name.data, (int)name.len, name.data);
}

void map_work_env(struct map_work *work)
{
    work->env = (struct json_env){ .ask = ask, .context = work };
}

int map_work_begin(struct map_work *work, json_t *config)
{
    map_work_env(work);
    work->values = config;
    work->env.values = config;
    work->names = calloc(work->model->n_tensors + 1, sizeof *work->names);
    int r = work->names ? 0 : error_oom(work->err);
    for (uint64_t i = 0; !r && i < work->model->n_tensors; i++)
        r = add_name(work, i);
    for (const struct map_action *a = work->rules->actions; !r && a; a = a->next) {
        r = run_action(work, a);
        if (r && r != PARE_ENOMEM)
            (void)error_prefix(work->err, "%s", a->place);
    }
    for (const struct map_index *i = work->rules->indexes; !r && i; i = i->next) {
        r = count_index(work, i);
        if (r && r != PARE_ENOMEM)
            (void)error_prefix(work->err, "%s", i->place);
    }
    return r;
}

void map_work_end(struct map_work *work)
{
    for (uint64_t i = 0; work->names && i < work->model->n_tensors; i++)
        free(work->names[i]);
    free(work->names);
    strmap_deinit(&work->by_name);
    json_decref(work->values);
}
