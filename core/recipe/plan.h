/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The plan of one target: which tensor gets which encoding, in the order of the output, and the
 * output's metadata. It is made by names and shapes; weights are only looked at to see whether they
 * lie on the lattice of the encoding that was chosen.
 */
#ifndef RECIPE_PLAN_H
#define RECIPE_PLAN_H

#include "plugin/registry.h"
#include "recipe/recipe.h"
#include "weights/importance.h"
#include "weights/lattice.h"

struct plan_choice {
    uint64_t source;  /* index into the source's tensors */
    const char *rule; /* the line that decided, "q4_k_m.recipe:12: ..."; the recipe's own */
    const struct importance_entry *importance; /* to encode with; NULL: none */
    int lattice; /* enum lattice_hold: codes are recovered, not made */
};

struct plan {
    struct model *target;        /* tensors with their new encodings, metadata, source's files */
    struct plan_choice *choices; /* one per target tensor */
    uint32_t search;             /* enum pare_search, of all tensors */
    uint64_t n_fallbacks;        /* tensors whose row did not fit the chosen block */
    json_t *warnings;            /* array of texts */
};

struct plan_options {
    int allow_requantize; /* a quantized source tensor may be quantized again */
    int pure;             /* no mixture, as the override "pure": the default wherever it can be */
    int draft;            /* only a plan is wanted: missing importance data are a warning */
    const struct importance *importance; /* or NULL; it must outlive the plan */
    struct lattice_search lattice;       /* how to search for lattices */
    int source_order; /* tensors are decided and written in the source's order, not by layer */
};

/* PARE_EUSAGE when the writer cannot hold what the recipe chose, or when a tensor needs importance
 * data and has none; PARE_EDATA when its importance data have another size; PARE_ENOTSUP when no
 * plugin decodes a tensor that would have to be decoded, or when a quantized tensor would be
 * quantized again and that was not allowed. The errors name the tensor and the encodings. Recipe,
 * registry and source must outlive the plan. */
int plan_make(const struct recipe *recipe, const struct registry *registry,
              const struct model *source, const struct pare_writer *writer,
              const struct plan_options *options, struct plan **ret_plan, struct error *err)
    __attribute__((warn_unused_result));
void plan_free(struct plan *plan);

#endif
