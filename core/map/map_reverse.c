/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The way back: a GGUF's tensors under a checkpoint's names, from the same map. Transforms are
 * undone where that loses nothing; else the model is refused.
 */
#include "map/map_private.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "lang/expr_json.h"

#include <stdio.h>
#include <string.h>

#define MAX_RUNS 65536

static int refuse(const struct map_work *work, const char *name, const char *why)
{
    return error_set(work->err, PARE_ENOTSUP,
                     "`%.100s' cannot be given back as a checkpoint has "
                     "it: %s",
                     name, why);
}

/* Works before map_work_begin, too: the names need no renaming on this way. */
static int has(const struct map_work *work, const char *name)
{
    return model_find_tensor(work->model, text_of(name), NULL);
}

int map_reverse_has(const struct map_work *work, const char *name)
{
    struct name_match match;
    struct pare_str text = { name, strlen(name) };
    for (const struct map_tensor *t = work->rules->tensors; t; t = t->next)
        for (unsigned s = 0; s < t->n_sources; s++) {
            _cleanup_free_ char *target = NULL;
            struct error ignored = ERROR_INIT;
            if (name_pattern_matches(&t->sources[s], s ? &t->sources[0] : NULL, text, &match) &&
                !name_pattern_expand(&t->target, &t->sources[0], &match, &target, &ignored) &&
                has(work, target))
                return 1;
        }
    return 0;
}

/* Undoes `permute`: the two halves of each head lie apart again. */
static int add_unpermuted(struct map_work *work, const struct map_tensor *rule, uint64_t base,
                          struct view_tensor *tensor)
{
    const struct model_tensor *t = &work->model->tensors[base];
    uint64_t heads = 0, rows = t->dims[0];
    int r = expr_json_count(rule->heads, &work->env, MAX_RUNS, "permute", &heads, work->err);
    if (!r && (t->n_dims > 2 || !heads || rows % heads || rows / heads % 2))
        r = refuse(work, work->names[base], "its rows are not so many heads");
    if (r)
        return r;
    _cleanup_free_ struct view_rows *runs = calloc(heads, sizeof *runs);
    if (!runs)
        return error_oom(work->err);
    for (uint64_t h = 0; h < heads; h++)
        runs[h] = (struct view_rows){ .tensor = base,
                                      .first = h * (rows / heads),
                                      .count = rows / heads,
                                      .step = 1,
                                      .inner = rows / heads / 2,
                                      .inner_step = 2 };
    return view_add_rows(work->view, tensor, t->n_dims == 1, runs, heads, work->err);
}

/* The name in a checkpoint, by the rule's pattern and every `restore`. */
static int name_of(struct map_work *work, const struct map_tensor *rule,
                   const struct name_match *match, char **ret_name)
{
    int r = name_pattern_expand(&rule->sources[0], NULL, match, ret_name, work->err);
    for (const struct map_rename *s = work->rules->restores; !r && s; s = s->next) {
        int truth = 0;
        r = expr_json_truth(s->condition, &work->env, &truth, work->err);
        if (!r && truth && map_names_rename(s, ret_name) < 0)
            r = error_oom(work->err);
    }
    return r;
}

/* Matrix e of a stack; of a tensor that is not a stack, all of it. */
static int add_one(struct map_work *work, const struct map_tensor *rule, uint64_t base,
                   const struct name_match *match, uint64_t e)
{
    _cleanup_free_ char *name = NULL;
    const struct model_tensor *t = &work->model->tensors[base];
    int r = name_of(work, rule, match, &name);
    if (r)
        return r;
    struct view_tensor tensor = { .name = { name, strlen(name) },
                                  .n_dims = t->n_dims,
                                  .add = (float)-rule->add };
    memcpy(tensor.dims, t->dims, sizeof t->dims);
    tensor.f32 = rule->add != 0 ? work->f32 : NULL;
    if (rule->row && t->n_dims == 1) {
        tensor.dims[tensor.n_dims++] = t->dims[0];
        tensor.dims[0] = 1;
    }
    if (rule->heads)
        return add_unpermuted(work, rule, base, &tensor);
    if (rule->stack.len) {
        uint64_t rows = t->rows / t->dims[0];
        struct view_rows run = {
            .tensor = base, .first = e * rows, .count = rows, .step = 1, .inner = 1
        };
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
    return view_add_transposed(work->view, &tensor, base, NULL, work->err);
}

static int add_back(struct map_work *work, const struct map_tensor *rule, uint64_t base,
                    struct name_match *match)
{
    const struct model_tensor *t = &work->model->tensors[base];
    if (rule->n_sources > 1 || rule->pick)
        return refuse(work, work->names[base], "it was merged or split");
    if (!rule->stack.len)
        return add_one(work, rule, base, match, 0);
    uint64_t count = 0;
    int r = map_names_count(work, rule->stack, &count);
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
            return 0; /* they are in config.json */
    for (const struct map_tensor *t = work->rules->tensors; t; t = t->next) {
        struct name_match match = { .n_numbers = 0 };
        if (active[t->number] &&
            name_pattern_matches(&t->target, &t->sources[0], text_of(name), &match))
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
        r = expr_json_truth(t->condition, &work->env, &truth, work->err);
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
