/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What the files share that read a recipe: recipe.c, recipe_parse.c, recipe_line.c, recipe_set.c.
 */
#ifndef RECIPE_RECIPE_PRIVATE_H
#define RECIPE_RECIPE_PRIVATE_H

#include "recipe/recipe.h"
#include "recipe/recipe_rules.h"

#define RECIPE_N_HEADINGS 4 /* title, description, bits, formats */

struct recipe_loader {
    struct recipe *recipe;
    const char *dirs;
    struct hash *hash;
    unsigned depth, n_files;
    int is_override;                         /* 1: the statements are overrides */
    const char *headings[RECIPE_N_HEADINGS]; /* the places of the last ones, or NULL */
    struct error *err;
};

/* Reads and parses one file of the recipe, by its name in the loader's directories. */
int recipe_read(struct recipe_loader *loader, const char *file) __attribute__((warn_unused_result));

/* Parses one line, which may be empty or a comment. The text must live as long as the recipe. A
 * file whose name begins with '-' is an option of the command line and has no lines. */
int recipe_parse_line(struct recipe_loader *loader, const char *file, unsigned line,
                      struct pare_str text) __attribute__((warn_unused_result));

#endif
