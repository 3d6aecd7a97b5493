/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Whether config.json fits the tensors: `shape` statements say how many rows and columns they must
 * have. Programs that run a model take these numbers from the metadata and refuse a tensor that
 * differs, so a mistake is better found before anything is written.
 */
#include "map/map_private.h"

#include <string.h>

/* The number that a `shape` asks for on one side, evaluated once for all tensors. */
struct side {
    const struct expr *expr;
    const char *name;
    uint64_t count;
};

static int evaluate(struct map_work *work, struct side *side)
{
    return side->expr ? expr_json_count(side->expr, &work->env, INT64_MAX, side->name, &side->count,
                                        work->err)
                      : 0;
}

static int compare(const struct map_work *work, const struct side *side, const char *name,
                   uint64_t is)
{
    if (!side->expr || side->count == is)
        return 0;
    struct pare_str text = side->expr->text;
    return error_set(work->err, PARE_EDATA,
                     "`%.200s' has %llu %s, and config.json says %llu "
                     "(%.*s)",
                     name, (unsigned long long)is, side->name, (unsigned long long)side->count,
                     (int)(text.len < 200 ? text.len : 200), text.data);
}

static int check_tensor(const struct map_work *work, const struct model_tensor *t,
                        const struct side *rows, const struct side *columns)
{
    uint64_t height = t->n_dims > 1 ? t->dims[t->n_dims - 2] : 1;
    int r = compare(work, rows, t->name.data, height);
    return r ? r : compare(work, columns, t->name.data, t->row_len);
}

static int check_shape(struct map_work *work, const struct map_shape *shape)
{
    struct side rows = { shape->rows, "rows", 0 }, columns = { shape->columns, "columns", 0 };
    int truth = 0, known = 0;
    int r = expr_json_truth(shape->condition, &work->env, &truth, work->err);
    for (uint64_t i = 0; !r && truth && i < work->target->n_tensors; i++) {
        const struct model_tensor *t = &work->target->tensors[i];
        struct name_match match;
        if (!name_pattern_matches(&shape->pattern, NULL, t->name, &match))
            continue;
        if (!known) {
            r = evaluate(work, &rows);
            if (!r)
                r = evaluate(work, &columns);
            known = 1;
        }
        if (!r)
            r = check_tensor(work, t, &rows, &columns);
    }
    if (r && r != PARE_ENOMEM)
        (void)error_prefix(work->err, "%s", shape->place);
    return r;
}

int map_shapes_check(struct map_work *work)
{
    int r = 0;
    for (const struct map_shape *s = work->rules->shapes; !r && s; s = s->next)
        r = check_shape(work, s);
    return r;
}
