/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Metadata of a plan: the source's, without what is dropped; then what the recipe sets, what
 * overrides set, and what the recipe records of the conversion. What overrides set is decided
 * first, by facts of the source as it is: all other conditions see these entries, too.
 */
#include "recipe/plan_private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "model/metadata.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int planner_warn(struct planner *p, const char *format, ...)
{
    _cleanup_free_ char *text = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    if (n < 0) {
        text = NULL;
        return error_oom(p->err);
    }
    if (json_array_append_new(p->warnings, json_text(text, (size_t)n)) < 0)
        return error_oom(p->err);
    return 0;
}

/* Evaluates a "set" or "record" and puts its entry into a model. */
static int put(struct planner *p, const struct recipe_rule *action, struct model *model)
{
    struct recipe_value value;
    int r = recipe_value(action, &p->env, &value, p->err);
    if (r)
        return error_prefix(p->err, "%s", action->place);
    return meta_put(model, text_of(action->argument), &value.value, p->err);
}

/* Whether a "drop" of the recipe removes the key. */
static int is_dropped(struct planner *p, struct pare_str key, int64_t *ret_dropped)
{
    *ret_dropped = 0;
    for (const struct recipe_rule *a = p->recipe->actions; a && !*ret_dropped; a = a->next) {
        if (a->verb != RECIPE_DROP || !text_equals(text_of(a->argument), key))
            continue;
        int r = planner_holds(p, a, ret_dropped);
        if (r)
            return r;
    }
    return 0;
}

/* The override that sets or drops a key, or NULL. */
static const struct recipe_rule *find_override(const struct planner *p, struct pare_str key)
{
    for (size_t i = 0; i < p->n_overrides; i++)
        if (text_equals(text_of(p->overrides[i]->argument), key))
            return p->overrides[i];
    return NULL;
}

/* Collects the overrides about metadata, the first for each key. */
static int collect_overrides(struct planner *p)
{
    size_t n = 0;
    for (const struct recipe_rule *a = p->recipe->override_actions; a; a = a->next)
        n++;
    p->overrides = calloc(n + 1, sizeof *p->overrides);
    if (!p->overrides)
        return error_oom(p->err);
    for (const struct recipe_rule *a = p->recipe->override_actions; a; a = a->next) {
        int64_t holds = 0;
        if ((a->verb != RECIPE_SET && a->verb != RECIPE_DROP) ||
            find_override(p, text_of(a->argument)))
            continue;
        int r = planner_holds(p, a, &holds);
        if (r)
            return r;
        if (holds)
            p->overrides[p->n_overrides++] = a;
    }
    return 0;
}

/* The source's metadata with the overrides' changes, in a model of their own. */
static int make_known(struct planner *p)
{
    int r = model_new(&p->known, p->err);
    if (r)
        return r;
    p->known->memory.limit = p->source->memory.limit;
    for (uint64_t i = 0; !r && i < p->source->n_meta; i++)
        if (!find_override(p, p->source->meta[i].key))
            r = meta_share(p->known, &p->source->meta[i], p->err);
    for (size_t i = 0; !r && i < p->n_overrides; i++)
        if (p->overrides[i]->verb == RECIPE_SET)
            r = put(p, p->overrides[i], p->known);
    return r;
}

int planner_apply_overrides(struct planner *p)
{
    int r = collect_overrides(p);
    return r || !p->n_overrides ? r : make_known(p);
}

static int copy_source(struct planner *p, struct model *target)
{
    for (uint64_t i = 0; i < p->source->n_meta; i++) {
        const struct model_meta *meta = &p->source->meta[i];
        const struct recipe_rule *override = find_override(p, meta->key);
        int64_t dropped = override && override->verb == RECIPE_DROP;
        int r = dropped ? 0 : is_dropped(p, meta->key, &dropped);
        if (!r && !dropped)
            r = meta_share(target, meta, p->err);
        if (r)
            return r;
    }
    return 0;
}

/* Carries out one action of the recipe, or the warning of an override. */
static int run_action(struct planner *p, const struct recipe_rule *a, struct model *target,
                      int64_t *ret_sorted)
{
    int64_t holds = 0;
    int r = planner_holds(p, a, &holds);
    if (r || !holds)
        return r;
    if (a->verb == RECIPE_WARN)
        return planner_warn(p, "%s", a->argument);
    if (a->verb == RECIPE_ORDER)
        *ret_sorted = 1;
    else if (a->verb == RECIPE_RECORD ||
             (a->verb == RECIPE_SET && !find_override(p, text_of(a->argument))))
        return put(p, a, target);
    return 0;
}

static int run_actions(struct planner *p, const struct recipe_rule *first, int records,
                       struct model *target, int64_t *ret_sorted)
{
    int r = 0;
    for (const struct recipe_rule *a = first; a && !r; a = a->next)
        if ((a->verb == RECIPE_RECORD) == records && a->verb != RECIPE_DROP)
            r = run_action(p, a, target, ret_sorted);
    return r;
}

/* Their values were computed before the facts changed, so they are copied. */
static int set_overrides(struct planner *p, struct model *target)
{
    int r = 0;
    for (size_t i = 0; !r && i < p->n_overrides; i++)
        if (p->overrides[i]->verb == RECIPE_SET)
            r = meta_put(target, text_of(p->overrides[i]->argument),
                         meta_find(p->known, p->overrides[i]->argument), p->err);
    return r;
}

/* The warnings of overrides. Their entries were set before. */
static int warn_overrides(struct planner *p, struct model *target)
{
    int r = 0;
    for (const struct recipe_rule *a = p->recipe->override_actions; a && !r; a = a->next)
        if (a->verb == RECIPE_WARN)
            r = run_action(p, a, target, NULL);
    return r;
}

int planner_metadata(struct planner *p, struct model *target, int64_t *ret_sorted)
{
    int r = copy_source(p, target);
    if (!r)
        r = run_actions(p, p->recipe->actions, 0, target, ret_sorted);
    if (!r)
        r = set_overrides(p, target);
    if (!r)
        r = warn_overrides(p, target);
    return r ? r : run_actions(p, p->recipe->actions, 1, target, ret_sorted);
}

static int find_first(struct planner *p, const struct recipe_rule *first, enum recipe_verb verb,
                      const struct recipe_rule **ret_rule)
{
    for (const struct recipe_rule *a = first; a && !*ret_rule; a = a->next) {
        int64_t holds = 0;
        int r = a->verb == verb ? planner_holds(p, a, &holds) : 0;
        if (r)
            return r;
        if (holds)
            *ret_rule = a;
    }
    return 0;
}

int planner_first(struct planner *p, enum recipe_verb verb, const struct recipe_rule **ret_rule)
{
    const struct recipe_rule *rule = NULL;
    int r = find_first(p, p->recipe->override_actions, verb, &rule);
    if (!r)
        r = find_first(p, p->recipe->actions, verb, &rule);
    if (!r)
        *ret_rule = rule;
    return r;
}
