/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A plan while it is made; private to plan*.c. plan_facts.c collects the facts that conditions ask
 * for, plan_choose.c decides each tensor, plan_importance.c finds its importance data,
 * plan_lattice.c looks for lattices, plan_meta.c makes the metadata, plan_uses.c says what became
 * of overrides and of rows that did not fit, and plan.c puts the result together.
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

/* What became of a rule: how many tensors it decided, and how many of them got another encoding
 * than it says. */
struct planner_use {
    uint64_t n, n_fallbacks;
    uint64_t first;                   /* the first tensor with a fallback, */
    const struct encoding *from, *to; /* what was wanted for it, and what it got */
};

struct planner {
    const struct recipe *recipe;
    const struct registry *registry;
    const struct model *source;
    const struct pare_writer *writer;
    const struct plan_options *options;
    struct error *err;

    struct expr_env env;
    char *arch;                           /* "" when there is none */
    json_t *warnings;                     /* the plan's */
    const struct recipe_rule **overrides; /* "set" and "drop" of overrides, one per key */
    size_t n_overrides;
    struct model *known;            /* the source's metadata as overrides change it, or NULL */
    struct planner_tensor *tensors; /* by the source's index */
    uint64_t *order;                /* the source's indices by layer, then name */

    const struct recipe_rule *refusal; /* "fallback refuse" that holds, or NULL */
    struct planner_use use;            /* of all rules together */
    struct planner_use *uses;          /* of each override, by its number */
    struct planner_hint hints[8];      /* lattices that would have held tensors */
    size_t n_hints;
    const struct encoding *lattices[64]; /* the format's encodings that have any */
    size_t n_lattices;
    int lattices_known;
    struct lattice_row row; /* room for a row that is compared with a lattice */
    uint64_t n_weighable;   /* tensors that could use importance data */
    uint64_t n_entries;     /* those of them that have an entry */
    uint64_t n_missing;     /* tensors that need importance and have none */
    char first_missing[200];
};

/* Finds facts of the model, roles, layers and order. */
int planner_facts(struct planner *p) __attribute__((warn_unused_result));

/* Decides what overrides set and drop, by the facts so far: p->overrides and p->known. */
int planner_apply_overrides(struct planner *p) __attribute__((warn_unused_result));

/* Fills the target's metadata, and says whether tensors are to be sorted. */
int planner_metadata(struct planner *p, struct model *target, int64_t *ret_sorted)
    __attribute__((warn_unused_result));

/* The first statement of this kind that holds, an override's before the recipe's own; *ret_rule is
 * NULL when there is none. Its condition may not look at a tensor. */
int planner_first(struct planner *p, enum recipe_verb verb, const struct recipe_rule **ret_rule)
    __attribute__((warn_unused_result));

/* Adds to the plan's warnings. */
int planner_warn(struct planner *p, const char *format, ...)
    __attribute__((warn_unused_result, format(printf, 2, 3)));

/* Finds the importance data with which the tensor of the environment is encoded as `to`; an error
 * when it cannot do without. name: for messages. */
int planner_weigh(struct planner *p, uint64_t tensor, const struct encoding *to, const char *name)
    __attribute__((warn_unused_result));

/* Finds out whether the tensor lies on the lattice of `to`, and notes that in p->tensors. */
int planner_find_lattice(struct planner *p, uint64_t tensor, const struct encoding *to)
    __attribute__((warn_unused_result));

/* Warnings about tensors that lie on the lattice of another encoding, of the same size or less. */
int planner_note_lattices(struct planner *p) __attribute__((warn_unused_result));

/* Warnings about importance data as a whole. */
int planner_note_importance(struct planner *p) __attribute__((warn_unused_result));

/* Sets the facts of the environment that belong to a tensor. */
void planner_look_at(struct planner *p, uint64_t tensor);

/* Evaluates a rule's condition (1 when there is none); the error names the rule's place. */
int planner_holds(struct planner *p, const struct recipe_rule *rule, int64_t *ret_truth)
    __attribute__((warn_unused_result));

/* Appends to an error about an encoding that no plugin provides which one may be meant. Returns the
 * code. */
int planner_suggest_encoding(const struct planner *p, const char *name, struct error *err, int code)
    __attribute__((warn_unused_result));

/* Notes that a rule decided a tensor: `from` is what it says, `to` what the tensor got. */
void planner_note_use(struct planner *p, const struct recipe_rule *rule, uint64_t tensor,
                      const struct encoding *from, const struct encoding *to);

/* Warnings about rows that did not fit, and about overrides that did not do what they say. */
int planner_note_fallbacks(struct planner *p) __attribute__((warn_unused_result));
int planner_note_overrides(struct planner *p) __attribute__((warn_unused_result));

/* Decides all tensors, in the planner's order. */
int planner_choose(struct planner *p) __attribute__((warn_unused_result));

#endif
