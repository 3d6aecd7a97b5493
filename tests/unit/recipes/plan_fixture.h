/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What tests of plans share: models without weights, stand-ins for all encodings (only their blocks
 * matter to a plan), for a GGUF writer and for importance data, and plans made with the recipes
 * that come with Pare, or with those of tests/data/recipes.
 */
#ifndef UNIT_PLAN_FIXTURE_H
#define UNIT_PLAN_FIXTURE_H

#include "recipe/plan.h"

#include <stdint.h>

/* An encoding that no plugin provides for now; or NULL. */
extern const char *plan_hidden;
extern const struct pare_writer plan_gguf;
/* Has an entry for every tensor, but the one that plan_absent names ("": for none), and they all
 * fit, but that for the tensor that plan_misfit names. Both may be NULL. */
extern const struct importance plan_importance;
extern const char *plan_absent, *plan_misfit;

/* The tensor of this name lies on the lattice of this encoding, as plan_lattice_hold says. */
extern const char *plan_lattice_tensor, *plan_lattice_encoding;
extern int plan_lattice_hold;

/* A model with one file and no tensors (model_free). The functions below fail the test. */
struct model *new_model(const char *format);
void add_tensor(struct model *model, const char *name, const char *encoding, uint32_t n_dims,
                const uint64_t *dims);
void add_matrix(struct model *model, const char *name, const char *encoding, uint64_t rows,
                uint64_t cols);
void set_u32(struct model *model, const char *key, uint32_t number);
void set_string(struct model *model, const char *key, const char *text);
/* Metadata that recipes ask for; experts 0: none. */
void describe(struct model *model, const char *arch, uint32_t layers, uint32_t heads,
              uint32_t heads_kv, uint32_t experts);

/* plan_make with a recipe by name; the recipe is the caller's in any case (recipe_free). */
int try_plan(const char *recipe_id, const struct model *source, const struct pare_writer *writer,
             struct plan_options options, struct recipe **ret_recipe, struct plan **ret_plan,
             struct error *err);
/* The same without options; must succeed. */
void expect_plan(const char *recipe_id, const struct model *source,
                 const struct pare_writer *writer, struct recipe **ret_recipe,
                 struct plan **ret_plan);

/* pare_writer.holds for a list of names that ends with NULL. */
int plan_holds(const struct pare_encoding *encoding, const char *const *names);

#endif
