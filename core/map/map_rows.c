/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One tensor of the GGUF, made of tensors of the checkpoint: a rule's transforms say which rows it
 * takes from which of them, in what order (plugin/view.h). When the rows of a vector are picked,
 * permuted or merged, those are its elements. Nothing is read here.
 */
#include "map/map_private.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>

#define MAX_HEADS 65536
#define MAX_RUNS (1u << 21)

struct rows {
    struct map_work *work;
    const struct map_tensor *rule;
    const char *name;
    struct view_rows *runs;
    uint64_t n, capacity;
    int by_element;    /* rows are single elements */
    uint64_t matrices; /* of a source */
    uint64_t height;   /* rows of each of its matrices */
    uint64_t picked;   /* rows of each that are taken */
    uint64_t first;
};

static int bad(const struct rows *rows, const char *what)
{
    return error_set(rows->work->err, PARE_EDATA, "`%s': %s", rows->name, what);
}

static int add_run(struct rows *rows, struct view_rows run)
{
    if (rows->n == MAX_RUNS)
        return error_set(rows->work->err, PARE_ELIMIT, "`%s' is made of more than %u pieces",
                         rows->name, MAX_RUNS);
    if (rows->n == rows->capacity) {
        uint64_t capacity = rows->capacity ? rows->capacity * 2 : 64;
        struct view_rows *bigger = reallocarray(rows->runs, capacity, sizeof *bigger);
        if (!bigger)
            return error_oom(rows->work->err);
        rows->runs = bigger;
        rows->capacity = capacity;
    }
    rows->runs[rows->n++] = run;
    return 0;
}

/* Finds out how many rows a source has, and which of them the rule takes. */
static int measure(struct rows *rows, const struct model_tensor *t)
{
    const struct map_tensor *rule = rows->rule;
    rows->by_element = rule->columns ||
                       (t->n_dims == 1 && (rule->pick || rule->heads || rows->rule->n_sources > 1));
    uint32_t axis = t->n_dims < 2 || rule->columns ? t->n_dims - 1 : t->n_dims - 2;
    if (!t->n_dims || !t->elements)
        return bad(rows, "a tensor without dimensions, or without elements, cannot be part of it");
    rows->height = rows->by_element || t->n_dims > 1 ? t->dims[axis] : 1;
    rows->matrices = (rows->by_element ? t->elements : t->rows) / rows->height;
    rows->picked = rows->height;
    rows->first = 0;
    if (rule->pick == MAP_EVEN || rule->pick == MAP_ODD) {
        if (rows->height % 2)
            return bad(rows, "every second row is to be taken, and their number is odd");
        rows->picked = rows->height / 2;
    } else if (rule->pick == MAP_SPAN) {
        struct map_work *work = rows->work;
        int r = expr_json_count(rule->first, &work->env, rows->height, "rows", &rows->first,
                                work->err);
        if (!r)
            r = expr_json_count(rule->count, &work->env, rows->height - rows->first, "rows",
                                &rows->picked, work->err);
        return r || rows->picked ? r : bad(rows, "no rows are to be taken");
    }
    return 0;
}

/* Adds rows of heads so that the two halves of each head alternate. */
static int add_permuted(struct rows *rows, uint64_t tensor)
{
    struct map_work *work = rows->work;
    uint64_t heads = 0;
    int r = expr_json_count(rows->rule->heads, &work->env, MAX_HEADS, "permute", &heads, work->err);
    if (r)
        return r;
    if (!heads || rows->picked % heads || rows->picked / heads % 2)
        return error_set(work->err, PARE_EDATA,
                         "`%s': %llu rows are not %llu heads of an even "
                         "number of rows",
                         rows->name, (unsigned long long)rows->picked, (unsigned long long)heads);
    uint64_t rows_of = rows->picked / heads;
    for (uint64_t m = 0; !r && m < rows->matrices; m++)
        for (uint64_t h = 0; !r && h < heads; h++)
            r = add_run(rows,
                        (struct view_rows){ .tensor = tensor,
                                            .first = m * rows->height + rows->first + h * rows_of,
                                            .count = rows_of,
                                            .step = 1,
                                            .inner = 2,
                                            .inner_step = rows_of / 2 });
    return r;
}

static int add_source(struct rows *rows, uint64_t tensor)
{
    enum map_pick pick = rows->rule->pick;
    if (rows->rule->heads)
        return add_permuted(rows, tensor);
    if (pick != MAP_SPAN)
        return add_run(rows, (struct view_rows){ .tensor = tensor,
                                                 .first = pick == MAP_ODD,
                                                 .count = rows->matrices * rows->picked,
                                                 .step = pick ? 2 : 1,
                                                 .inner = 1 });
    int r = 0;
    for (uint64_t m = 0; !r && m < rows->matrices; m++)
        r = add_run(rows, (struct view_rows){ .tensor = tensor,
                                              .first = m * rows->height + rows->first,
                                              .count = rows->picked,
                                              .step = 1,
                                              .inner = 1 });
    return r;
}

static int same_shape(const struct model_tensor *a, const struct model_tensor *b, uint32_t from)
{
    if (a->n_dims != b->n_dims || strcmp(a->encoding_name, b->encoding_name) != 0)
        return 0;
    for (uint32_t i = from; i < a->n_dims; i++)
        if (a->dims[i] != b->dims[i])
            return 0;
    return 1;
}

/* The dimensions of one of the stacked tensors, its sources merged. */
static int shape(struct rows *rows, const uint64_t *tensors, struct view_tensor *tensor)
{
    const struct model_tensor *t = &rows->work->model->tensors[tensors[0]];
    const struct map_tensor *rule = rows->rule;
    tensor->n_dims = t->n_dims;
    memcpy(tensor->dims, t->dims, sizeof t->dims);
    uint32_t axis = t->n_dims < 2 || rule->columns ? t->n_dims - 1 : t->n_dims - 2;
    if (rows->by_element || t->n_dims > 1)
        tensor->dims[axis] = rows->picked;
    for (unsigned s = 1; s < rule->n_sources; s++) {
        const struct model_tensor *other = &rows->work->model->tensors[tensors[s]];
        if (t->n_dims > 2 || !same_shape(t, other, 1) || rule->pick)
            return bad(rows, "the tensors that are to be merged do not fit each other");
        if (checked_add(tensor->dims[0], other->dims[0], &tensor->dims[0]) < 0)
            return bad(rows, "it is too large");
    }
    return 0;
}

static int put_stack(const struct rows *rows, uint64_t stacked, struct view_tensor *tensor)
{
    if (!rows->rule->stack.len)
        return 0;
    if (tensor->n_dims == PARE_MAX_DIMS)
        return bad(rows, "it has too many dimensions");
    memmove(tensor->dims + 1, tensor->dims, tensor->n_dims * sizeof *tensor->dims);
    tensor->dims[0] = stacked;
    tensor->n_dims++;
    return 0;
}

static int add_all(struct rows *rows, const uint64_t *tensors, uint64_t stacked,
                   struct view_tensor *tensor)
{
    const struct model_tensor *all = rows->work->model->tensors;
    unsigned n = rows->rule->n_sources;
    int r = measure(rows, &all[tensors[0]]);
    if (!r)
        r = shape(rows, tensors, tensor);
    if (!r)
        r = put_stack(rows, stacked, tensor);
    for (uint64_t i = 0; !r && i < stacked * n; i++) {
        if (!same_shape(&all[tensors[i % n]], &all[tensors[i]], 0)) {
            r = bad(rows, "the tensors that are to be stacked do not have one shape and encoding");
        } else {
            r = measure(rows, &all[tensors[i]]);
            if (!r)
                r = add_source(rows, tensors[i]);
        }
    }
    return r;
}

const struct encoding *map_float_for(const struct map_work *work, const struct map_tensor *rule,
                                     const char *name, uint32_t n_dims,
                                     const struct encoding *encoding)
{
    struct name_match match;
    int wanted = n_dims < 2 || (rule && rule->f32);
    for (const struct map_patterns *f = work->rules->floats; f && !wanted; f = f->next)
        wanted = name_pattern_matches(&f->pattern, NULL, text_of(name), &match);
    if (!wanted || !encoding || !(encoding->flags & PARE_ENCODING_FLOAT))
        return NULL;
    return encoding != work->f32 || (rule && rule->add != 0) ? work->f32 : NULL;
}

static int is_plain(const struct map_tensor *rule)
{
    return rule->transpose ||
           (rule->n_sources == 1 && !rule->stack.len && !rule->heads && !rule->pick);
}

static int add_plain(struct rows *rows, uint64_t base, struct view_tensor *tensor)
{
    const struct model_tensor *t = &rows->work->model->tensors[base];
    struct map_work *work = rows->work;
    tensor->n_dims = t->n_dims;
    memcpy(tensor->dims, t->dims, sizeof t->dims);
    tensor->f32 = map_float_for(work, rows->rule, rows->name, t->n_dims, t->encoding);
    if (!rows->rule->transpose)
        return view_add_same(work->view, tensor, base, work->err);
    if (t->n_dims < 2)
        return bad(rows, "it cannot be transposed, as it is no matrix");
    int r = measure(rows, t);
    if (r)
        return r;
    enum map_pick pick = rows->rule->pick;
    struct view_columns columns = { .first = pick == MAP_ODD ? 1 : rows->first,
                                    .count = rows->picked,
                                    .step = pick == MAP_EVEN || pick == MAP_ODD ? 2 : 1 };
    tensor->dims[t->n_dims - 1] = t->dims[t->n_dims - 2];
    tensor->dims[t->n_dims - 2] = pick ? rows->picked : t->dims[t->n_dims - 1];
    return view_add_transposed(work->view, tensor, base, pick ? &columns : NULL, work->err);
}

int map_rows_add(struct map_work *work, const struct map_tensor *rule, const char *name,
                 const uint64_t *tensors, uint64_t stacked)
{
    struct rows rows = { .work = work, .rule = rule, .name = name };
    struct view_tensor tensor = { .name = { name, strlen(name) }, .add = (float)rule->add };
    const struct model_tensor *t = &work->model->tensors[tensors[0]];
    if (t->encoding && (t->encoding->flags & PARE_ENCODING_INTEGER))
        return error_set(work->err, PARE_EDATA,
                         "`%s' would hold whole numbers (%s), and weights "
                         "are none: are they codes, of which config.json says nothing "
                         "(quantization_config)?",
                         name, t->encoding_name);
    if (is_plain(rule))
        return add_plain(&rows, tensors[0], &tensor);
    int r = add_all(&rows, tensors, stacked, &tensor);
    if (!r) {
        tensor.f32 = map_float_for(work, rule, name, tensor.n_dims, t->encoding);
        r = view_add_rows(work->view, &tensor, rows.by_element ? 1 : 0, rows.runs, rows.n,
                          work->err);
    }
    free(rows.runs);
    return r;
}
