/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Importance data for each tensor: whether there are any, whether they fit, and whether the tensor
 * can do without them. A recipe says where they are needed ("require importance") and where an
 * entry of another size is passed over ("lenient importance"). Some encodings always need them.
 */
#include "recipe/plan_private.h"

#include <stdio.h>
#include <string.h>

static int names_encoding(const struct recipe_rule *rule, const char *encoding)
{
    for (uint32_t i = 0; i < rule->n_encodings; i++)
        if (!strcmp(rule->encodings[i], encoding))
            return 1;
    return 0;
}

/* Whether a rule of that verb holds for the environment's tensor. */
static int find_rule(struct planner *p, enum recipe_verb verb, const char *encoding,
                     int64_t *ret_found)
{
    *ret_found = 0;
    for (const struct recipe_rule *w = p->recipe->weighing; w && !*ret_found; w = w->next) {
        if (w->verb != verb || (verb == RECIPE_REQUIRE && !names_encoding(w, encoding)))
            continue;
        int r = planner_holds(p, w, ret_found);
        if (r)
            return r;
    }
    return 0;
}

static int refuse_size(struct planner *p, const struct model_tensor *t,
                       const struct importance_entry *entry, const char *name)
{
    uint64_t matrices = t->n_dims > 2 ? t->dims[t->n_dims - 3] : 1;
    return error_set(p->err, PARE_EDATA,
                     "%s has %llu values for tensor %s, which has %llu matrices with rows of %llu: "
                     "it is an importance matrix of another model",
                     importance_name(p->options->importance),
                     (unsigned long long)(entry->row_len * entry->matrices), name,
                     (unsigned long long)matrices, (unsigned long long)t->row_len);
}

/* The entry to use, or NULL. One of a wrong size is an error, or a warning where the recipe is
 * lenient. */
static int find_entry(struct planner *p, const struct model_tensor *t, const char *name,
                      const struct importance_entry **ret_entry)
{
    const struct importance_entry *entry = NULL;
    int64_t lenient = 0;
    if (!p->options->importance || !importance_find(p->options->importance, t->name, &entry))
        return 0;
    p->n_entries++;
    if (importance_fits(entry, t)) {
        *ret_entry = entry;
        return 0;
    }
    int r = find_rule(p, RECIPE_LENIENT, "", &lenient);
    if (!r && !lenient)
        r = refuse_size(p, t, entry, name);
    if (!r)
        r = planner_warn(p,
                         "tensor %s is encoded without importance data: the entry in %s has "
                         "%llu values",
                         name, importance_name(p->options->importance),
                         (unsigned long long)(entry->row_len * entry->matrices));
    return r;
}

static int refuse_missing(struct planner *p, const struct encoding *to, const char *name)
{
    const struct importance *importance = p->options->importance;
    if (p->options->draft) {
        if (!p->n_missing++)
            (void)snprintf(p->first_missing, sizeof p->first_missing, "%s (%s)", name, to->name);
        return 0;
    }
    if (!importance)
        return error_set(p->err, PARE_EUSAGE,
                         "tensor %s would become %s, which is useless without importance data: "
                         "give an importance matrix of the model",
                         name, to->name);
    return error_set(p->err, PARE_EUSAGE,
                     "tensor %s would become %s, which is useless without importance data, and %s "
                     "has none for it: give one that has, or choose another encoding",
                     name, to->name, importance_name(importance));
}

int planner_weigh(struct planner *p, uint64_t tensor, const struct encoding *to, const char *name)
{
    struct planner_tensor *choice = &p->tensors[tensor];
    int64_t required = (to->flags & PARE_ENCODING_NEEDS_IMPORTANCE) != 0;
    int r = 0;
    if (to->flags & (PARE_ENCODING_IMPORTANCE | PARE_ENCODING_NEEDS_IMPORTANCE)) {
        p->n_weighable++;
        r = find_entry(p, &p->source->tensors[tensor], name, &choice->importance);
    }
    if (!r && !required)
        r = find_rule(p, RECIPE_REQUIRE, to->name, &required);
    return r || !required || choice->importance ? r : refuse_missing(p, to, name);
}

/* 1 when there is an entry for any tensor, whether or not its encoding uses it. */
static int knows_model(const struct planner *p)
{
    const struct importance_entry *entry = NULL;
    for (uint64_t i = 0; i < p->source->n_tensors; i++)
        if (importance_find(p->options->importance, p->source->tensors[i].name, &entry))
            return 1;
    return 0;
}

int planner_note_importance(struct planner *p)
{
    int r = 0;
    if (p->n_missing)
        r = planner_warn(p,
                         "%llu tensors cannot be encoded without importance data: the first is "
                         "%s; give an importance matrix of the model",
                         (unsigned long long)p->n_missing, p->first_missing);
    if (!r && p->options->importance && p->n_weighable && !p->n_entries && !knows_model(p))
        r = planner_warn(p,
                         "%s has no entry for any tensor of the model: is it an importance "
                         "matrix of another one?",
                         importance_name(p->options->importance));
    return r;
}
