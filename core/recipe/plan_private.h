/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A plan in the making; private to plan*.c. plan_facts.c finds out what conditions may ask for,
 * plan_choose.c decides tensor by tensor, plan_importance.c with which importance data, plan_meta.c
 * makes the metadata, plan.c assembles the result.
 */
#ifndef RECIPE_PLAN_PRIVATE_H
#define RECIPE_PLAN_PRIVATE_H

#include "base/text.h"
#include "recipe/plan.h"
#include "recipe/recipe_rules.h"

struct planner_tensor {
    int64_t layer;                   /* N of "blk.N.", -1 for none */
    int64_t role;                    /* -1 for none */
    const struct encoding *encoding; /* what was decided; NULL: keep one that nobody provides */
    const char *rule;
    const struct importance_entry *importance; /* to encode with, or NULL */
    int lattice;                               /* enum lattice_hold */
};

struct planner_hint {
    const struct encoding *encoding;
    uint64_t n_tensors;
    struct text_shown first; /* the first one's name */
};

struct planner {
    const struct recipe *recipe;
    const struct registry *registry;
    const struct model *source;
    const struct pare_writer *writer;
    const struct plan_options *options;
    struct error *err;

    struct expr_env env;
    char *arch;                         /* "" when there is none */
    json_t *warnings;                   /* the plan's */
    const struct recipe_rule **outside; /* "set" and "drop" from outside, one per key */
    size_t n_outside;
    struct model *known;            /* the source's metadata with these, or NULL */
    struct planner_tensor *tensors; /* by the source's index */
    uint64_t *order;                /* the source's indices by layer, then name */

    uint64_t n_fallbacks;
    char first_fallback[300];     /* which tensor, from what, to what */
    struct planner_hint hints[8]; /* lattices that would have held tensors */
    size_t n_hints;
    const struct encoding *lattices[64]; /* the format's encodings that have any */
    size_t n_lattices;
    int lattices_known;
    struct lattice_row row;          /* for lattice searches */
    uint64_t n_weighable, n_entries; /* tensors that could use importance, that have an entry */
    uint64_t n_missing;              /* tensors that need importance and have none */
    char first_missing[200];
};

/* Finds facts of the model, roles, layers and order. */
int planner_facts(struct planner *p) __attribute__((warn_unused_result));

/* Decides what is set and dropped from outside, by the facts so far: p->outside and p->known. */
int planner_apply_outside(struct planner *p) __attribute__((warn_unused_result));

/* Fills the target's metadata, and says whether tensors are to be sorted. */
int planner_metadata(struct planner *p, struct model *target, int64_t *ret_sorted)
    __attribute__((warn_unused_result));

/* How hard encodings are to search (enum pare_search): the first statement that holds decides. */
int planner_search(struct planner *p, uint32_t *ret_search) __attribute__((warn_unused_result));

/* Adds to the plan's warnings. */
int planner_warn(struct planner *p, const char *format, ...)
    __attribute__((warn_unused_result, format(printf, 2, 3)));

/* Finds the importance data with which the tensor of the environment is encoded as `to`; an error
 * when it cannot do without. name: for messages. */
int planner_weigh(struct planner *p, uint64_t tensor, const struct encoding *to, const char *name)
    __attribute__((warn_unused_result));

/* Looks whether the tensor lies on the lattice of `to`, for which it was chosen: p->tensors'. */
int planner_find_lattice(struct planner *p, uint64_t tensor, const struct encoding *to)
    __attribute__((warn_unused_result));

/* Warnings about tensors that lie on the lattice of another encoding, of the same size or less. */
int planner_note_lattices(struct planner *p) __attribute__((warn_unused_result));

/* Warnings about importance data as a whole. */
int planner_note_importance(struct planner *p) __attribute__((warn_unused_result));

/* Makes the environment that of one tensor. */
void planner_look_at(struct planner *p, uint64_t tensor);

/* Evaluates a rule's condition (1 when there is none); the error names the rule's place. */
int planner_holds(struct planner *p, const struct recipe_rule *rule, int64_t *ret_truth)
    __attribute__((warn_unused_result));

/* Decides all tensors, in the planner's order. */
int planner_choose(struct planner *p) __attribute__((warn_unused_result));

#endif
