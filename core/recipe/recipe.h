/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Recipes: text files that choose an encoding for every tensor (pare-recipe(5)). A recipe is
 * parsed once into rules whose conditions are small expression trees; it holds no code.
 */
#ifndef RECIPE_RECIPE_H
#define RECIPE_RECIPE_H

#include "model/model.h"

struct recipe;
struct recipe_rule;
struct recipe_value;
struct expr_env;

/* Finds NAME.recipe in the colon-separated directories and parses it, with what it includes.
 * An unknown name is PARE_EUSAGE and lists those that there are; a mistake is PARE_EDATA with
 * file, line and what was expected. */
int recipe_load(const char *dirs, const char *name, struct recipe **ret_recipe, struct error *err)
    __attribute__((warn_unused_result));
void recipe_free(struct recipe *recipe);

/* Adds overrides: statements from a command line or from a file beside the model, in a text of
 * `len` bytes, which is copied. label: what the user calls it, for messages and plans; one that
 * begins with '-' is an option, and messages show no line for it. Of several texts the first added
 * wins. To be called before plan_make. PARE_EDATA with label and line for a mistake, after which
 * the recipe can only be freed. */
int recipe_override(struct recipe *recipe, const char *label, const char *text, size_t len,
                    struct error *err) __attribute__((warn_unused_result));

/* {"NAME": "VALUE"}: the options for the writer, of the recipe and of its overrides. New
 * reference; NULL without memory. */
json_t *recipe_options(const struct recipe *recipe);

const char *recipe_name(const struct recipe *recipe);
/* SHA-256 over the recipe's file and all that it includes, in reading order. With overrides: for
 * each text in turn, over the digest so far in hexadecimal digits, a newline, and the text. */
const char *recipe_digest(const struct recipe *recipe);

/* [{"name","title","description","formats":[...],"file","default","bits"}] of all recipes in the
 * directories, by name; one that does not parse has "error" instead. New reference. */
int recipe_list(const char *dirs, json_t **ret_list, struct error *err)
    __attribute__((warn_unused_result));

/* The value of a RECIPE_SET or RECIPE_RECORD. PARE_EDATA: it does not fit its type, or the
 * expression fails. */
int recipe_value(const struct recipe_rule *rule, const struct expr_env *env,
                 struct recipe_value *ret_value, struct error *err)
    __attribute__((warn_unused_result));

#endif
