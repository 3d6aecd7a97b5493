/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Plans: see plan.h. The target is a model of its own, with copies of names and metadata, so that
 * writers see nothing of the source but its files. Planes have lengths; places come with the
 * layout.
 */
#include "convert/plan_state.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/strbuf.h"

#include <string.h>

DEFINE_CLEANUP(struct plan *, plan_free);

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    model_free(plan->target);
    free(plan->choices);
    json_decref(plan->warnings);
    free(plan);
}

static void planner_deinit(struct planner *p)
{
    free(p->arch);
    free(p->tensors);
    free(p->order);
}

static int copy_files(struct planner *p, struct model *target)
{
    for (uint32_t i = 0; i < p->source->n_files; i++) {
        const struct model_file *file = &p->source->files[i];
        int r = model_add_file(target, file->name, file->fd, file->size, p->err);
        if (r)
            return r;
        target->files[i].role = file->role;
    }
    return 0;
}

/* Whether a "drop" of the recipe takes the key away. */
static int is_dropped(struct planner *p, struct pare_str key, int64_t *ret_dropped)
{
    *ret_dropped = 0;
    for (const struct recipe_rule *a = p->recipe->actions; a && !*ret_dropped; a = a->next) {
        if (a->verb != RECIPE_DROP || strlen(a->argument) != key.len ||
            memcmp(a->argument, key.data, key.len))
            continue;
        int r = planner_holds(p, a, ret_dropped);
        if (r)
            return r;
    }
    return 0;
}

static int copy_metadata(struct planner *p, struct model *target)
{
    for (uint64_t i = 0; i < p->source->n_meta; i++) {
        const struct model_meta *meta = &p->source->meta[i];
        int64_t dropped = 0;
        int r = is_dropped(p, meta->key, &dropped);
        if (!r && !dropped)
            r = meta_set(target, meta->key, &meta->value, p->err);
        if (r)
            return r;
    }
    return 0;
}

static int warn(struct plan *plan, json_t *text, struct error *err)
{
    return json_array_append_new(plan->warnings, text) < 0 ? error_oom(err) : 0;
}

/* set and warn, in the recipe's order; *ret_sorted: whether it orders by layer. */
static int run_actions(struct planner *p, struct plan *plan, int64_t *ret_sorted)
{
    int r = 0;
    for (const struct recipe_rule *a = p->recipe->actions; a && !r; a = a->next) {
        int64_t holds = 0;
        r = planner_holds(p, a, &holds);
        if (r || !holds)
            continue;
        if (a->verb == RECIPE_SET)
            r = meta_put(plan->target, (struct pare_str){ a->argument, strlen(a->argument) },
                         &a->value, p->err);
        else if (a->verb == RECIPE_WARN)
            r = warn(plan, json_text(a->argument, strlen(a->argument)), p->err);
        else if (a->verb == RECIPE_ORDER)
            *ret_sorted = 1;
    }
    return r;
}

static int add_tensor(struct planner *p, struct model *target, uint64_t index)
{
    const struct model_tensor *from = &p->source->tensors[index];
    const struct encoding *to = p->tensors[index].encoding;
    struct pare_tensor tensor = {
        .struct_size = sizeof tensor, .name = from->name,
        .encoding = to ? to->name : from->encoding_name, .n_dims = from->n_dims,
        .n_planes = to ? to->n_planes : from->n_planes
    };
    memcpy(tensor.dims, from->dims, sizeof tensor.dims);
    tensor.planes[0].file = from->planes[0].file; /* for writers that keep the source's split */
    for (uint32_t i = 0; i < tensor.n_planes; i++) {
        if (!to) {
            tensor.planes[i].length = from->planes[i].length;
            continue;
        }
        char name[160];
        int r = encoding_plane_bytes(to, i, from->rows, from->row_len, &tensor.planes[i].length,
                                     p->err);
        if (r)
            return error_prefix(p->err, "tensor %s", planner_name(from, name));
    }
    return model_add_tensor(target, &tensor, to, p->err);
}

/* What a tensor is encoded with; NULL when it is copied, or its encoding makes no use of it. */
static const struct importance_entry *find_importance(const struct planner *p, uint64_t index)
{
    const struct model_tensor *from = &p->source->tensors[index];
    const struct encoding *to = p->tensors[index].encoding;
    if (!to || !(to->flags & PARE_ENCODING_IMPORTANCE) || !strcmp(to->name, from->encoding_name))
        return NULL;
    return importance_for(p->options->importance, from);
}

static int add_tensors(struct planner *p, struct plan *plan, int sorted)
{
    uint64_t n = p->source->n_tensors;
    plan->choices = calloc(n + 1, sizeof *plan->choices);
    if (!plan->choices)
        return error_oom(p->err);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t index = sorted ? p->order[i] : i;
        plan->choices[i] = (struct plan_choice){ index, p->tensors[index].rule,
                                                 find_importance(p, index) };
        int r = add_tensor(p, plan->target, index);
        if (r)
            return r;
    }
    return 0;
}

static int note_fallbacks(struct planner *p, struct plan *plan)
{
    plan->n_fallbacks = p->n_fallbacks;
    if (!p->n_fallbacks)
        return 0;
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    strbuf_printf(&text, "%llu of %llu tensors have rows that do not divide into the blocks of "
                  "their encoding and get another one: the first is %s",
                  (unsigned long long)p->n_fallbacks, (unsigned long long)p->source->n_tensors,
                  p->first_fallback);
    if (!text.data)
        return error_oom(p->err);
    return warn(plan, json_text(text.data, text.len), p->err);
}

static int fill(struct planner *p, struct plan *plan)
{
    int64_t sorted = 0;
    plan->warnings = json_array();
    if (!plan->warnings)
        return error_oom(p->err);
    int r = model_new(&plan->target, p->err);
    if (r)
        return r;
    plan->target->format = p->writer->name;
    plan->target->memory_limit = p->source->memory_limit;
    r = copy_files(p, plan->target);
    if (!r)
        r = copy_metadata(p, plan->target);
    if (!r)
        r = run_actions(p, plan, &sorted);
    if (!r)
        r = add_tensors(p, plan, sorted != 0);
    return r ? r : note_fallbacks(p, plan);
}

int plan_make(const struct recipe *recipe, const struct registry *registry,
              const struct model *source, const struct pare_writer *writer,
              const struct plan_options *options, struct plan **ret_plan, struct error *err)
{
    CLEANUP(planner_deinit) struct planner p = {
        .recipe = recipe, .registry = registry, .source = source, .writer = writer,
        .options = options, .err = err
    };
    CLEANUP(plan_free_cleanup) struct plan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return error_oom(err);
    int r = planner_facts(&p);
    if (!r)
        r = planner_choose(&p);
    if (!r)
        r = fill(&p, plan);
    if (!r)
        *ret_plan = TAKE(plan);
    return r;
}
