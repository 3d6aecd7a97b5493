/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The values that the rules of a map work with, and what expressions ask the checkpoint. */
#include "map/map_private.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/side_files.h"

#include <string.h>

#define MAX_SIDE_JSON (1u << 20)

static int ask_dims(const struct map_work *work, int columns, const char *name, json_t **ret)
{
    uint64_t i;
    *ret = json_null();
    if (map_names_find(work, name, &i)) {
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
    int r = side_file_text(work->model, name, MAX_SIDE_JSON, &text, &len, work->err);
    if (r < 0)
        return r;
    *ret = r ? json_null() : memory_parse_json(text, len, 0, NULL);
    if (*ret)
        return 0;
    return side_file_judge(name, text, len, error_set(work->err, PARE_EDATA, "%s: not JSON", name),
                           work->err);
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
                                          : map_names_find(work, argument, NULL));
        return 0;
    case FUNCTION_HAS_FILE:
        *ret = json_boolean(side_file_find(work->model, argument) != NULL);
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
        return map_meta_ask(work, argument, ret);
    case FUNCTION_WEIGHTS:
        return work->reverse ? map_reverse_weights(work, argument, ret) : 1;
    default:
        return 1;
    }
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

void map_work_env(struct map_work *work)
{
    work->env = (struct json_env){ .ask = ask, .context = work };
}

int map_work_begin(struct map_work *work, json_t *config)
{
    map_work_env(work);
    work->values = config;
    work->env.values = config;
    int r = map_names_add(work);
    for (const struct map_action *a = work->rules->actions; !r && a; a = a->next) {
        r = run_action(work, a);
        if (r && r != PARE_ENOMEM)
            (void)error_prefix(work->err, "%s", a->place);
    }
    return r ? r : map_names_count_all(work);
}

void map_work_end(struct map_work *work)
{
    map_names_free(work);
    json_decref(work->values);
}
