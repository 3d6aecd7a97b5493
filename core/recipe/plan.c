/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Plans: see plan.h. The target is a model of its own, with copies of names and metadata, so that
 * writers see nothing of the source but its files. Planes have lengths; places come with the
 * layout.
 */
#include "recipe/plan_private.h"

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
    model_free(p->known);
    free(p->overrides);
    free(p->arch);
    free(p->tensors);
    free(p->uses);
    free(p->order);
    free(p->row.x);
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

static int add_tensor(struct planner *p, struct model *target, uint64_t index)
{
    const struct model_tensor *from = &p->source->tensors[index];
    const struct encoding *to = p->tensors[index].encoding;
    struct pare_tensor tensor = { .struct_size = sizeof tensor,
                                  .name = from->name,
                                  .encoding = to ? to->name : from->encoding_name,
                                  .n_dims = from->n_dims,
                                  .n_planes = to ? to->n_planes : from->n_planes,
                                  .channel = from->channel,
                                  .role = from->role,
                                  .op = from->op };
    memcpy(tensor.dims, from->dims, sizeof tensor.dims);
    tensor.planes[0].file = from->planes[0].file; /* for writers that keep the source's split */
    for (uint32_t i = 0; i < tensor.n_planes; i++) {
        if (!to) {
            tensor.planes[i].length = from->planes[i].length;
            continue;
        }
        int r = encoding_plane_bytes(to, i, from->rows, from->row_len, &tensor.planes[i].length,
                                     p->err);
        if (r)
            return error_prefix(p->err, "tensor %s", text_show(from->name).text);
    }
    return model_add_tensor(target, &tensor, to, p->err);
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
                                                 p->tensors[index].importance,
                                                 p->tensors[index].lattice };
        int r = add_tensor(p, plan->target, index);
        if (r)
            return r;
    }
    return 0;
}

/* How hard encodings are to search, and whether rows must fit. */
static int take_manners(struct planner *p, struct plan *plan)
{
    const struct recipe_rule *search = NULL, *fallback = NULL;
    int r = planner_first(p, RECIPE_SEARCH, &search);
    if (!r)
        r = planner_first(p, RECIPE_FALLBACK, &fallback);
    if (r)
        return r;
    plan->search = search && !strcmp(search->argument, "best") ? PARE_SEARCH_BEST
                                                               : PARE_SEARCH_REFERENCE;
    if (fallback && !strcmp(fallback->argument, "refuse"))
        p->refusal = fallback;
    return 0;
}

static int fill(struct planner *p, struct plan *plan)
{
    int64_t sorted = 0;
    int r = model_new(&plan->target, p->err);
    if (r)
        return r;
    plan->target->format = p->writer->name;
    plan->target->memory.limit = p->source->memory.limit;
    plan->n_fallbacks = p->use.n_fallbacks;
    r = copy_files(p, plan->target);
    if (!r)
        r = planner_metadata(p, plan->target, &sorted);
    if (!r)
        r = add_tensors(p, plan, sorted != 0);
    if (!r)
        r = planner_note_fallbacks(p);
    if (!r)
        r = planner_note_overrides(p);
    if (!r)
        r = planner_note_lattices(p);
    return r ? r : planner_note_importance(p);
}

/* Of a format whose plugin is not there nothing is known; a name that is nearly a known one is a
 * mistake. */
static int check_formats(const struct planner *p)
{
    const struct recipe *recipe = p->recipe;
    for (uint32_t i = 0; i < recipe->n_formats; i++) {
        const struct pare_writer *writer;
        struct nearest nearest;
        int known = 0;
        nearest_start(&nearest, text_of(recipe->formats[i]));
        for (size_t k = 0; (writer = registry_writer_at(p->registry, k)); k++) {
            known |= !strcmp(writer->name, recipe->formats[i]);
            nearest_offer_name(&nearest, writer->name);
        }
        if (!known && nearest.word.data)
            return nearest_suggest(&nearest, p->err,
                                   error_set(p->err, PARE_EDATA,
                                             "%s: no plugin writes the format %s",
                                             recipe->formats_place, recipe->formats[i]));
    }
    return 0;
}

int plan_make(const struct recipe *recipe, const struct registry *registry,
              const struct model *source, const struct pare_writer *writer,
              const struct plan_options *options, struct plan **ret_plan, struct error *err)
{
    CLEANUP(planner_deinit)
    struct planner p = { .recipe = recipe,
                         .registry = registry,
                         .source = source,
                         .writer = writer,
                         .options = options,
                         .err = err };
    CLEANUP(plan_free_cleanup) struct plan *plan = calloc(1, sizeof *plan);
    if (plan)
        p.warnings = plan->warnings = json_array();
    if (!plan || !plan->warnings)
        return error_oom(err);
    int r = check_formats(&p);
    if (!r)
        r = planner_facts(&p);
    if (!r)
        r = take_manners(&p, plan);
    if (!r)
        r = planner_choose(&p);
    if (!r)
        r = fill(&p, plan);
    if (!r)
        *ret_plan = TAKE(plan);
    return r;
}
