/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What a recipe is after parsing; private to recipe*.c, plan*.c and their tests. Everything here
 * is owned by the recipe: by its arena, or by its expression unit.
 */
#ifndef CONVERT_RECIPE_RULES_H
#define CONVERT_RECIPE_RULES_H

#include "base/hash.h"
#include "convert/expr.h"
#include "convert/recipe.h"

#define RECIPE_MAX_FILE (256 * 1024)
#define RECIPE_MAX_DEPTH 4    /* files that include files */
#define RECIPE_MAX_FILES 16
#define RECIPE_MAX_LINES 20000 /* statements, over all files */
#define RECIPE_MAX_WORDS 8     /* formats, and encodings of a fallback */

enum recipe_verb {
    RECIPE_KEEP, RECIPE_ENCODE, RECIPE_FAIL,              /* rules: about a tensor */
    RECIPE_SET, RECIPE_DROP, RECIPE_ORDER, RECIPE_WARN    /* actions: about the model */
};

struct recipe_rule {
    struct recipe_rule *next;
    enum recipe_verb verb;
    const char *argument;         /* encoding, message or metadata key */
    const struct expr *condition; /* NULL: always */
    struct pare_value value;      /* RECIPE_SET; its data is in the arena */
    const char *place;            /* "q4_k_m.recipe:12" */
    const char *text;             /* "q4_k_m.recipe:12: q6_k if is_output" */
};

struct recipe_role {
    struct recipe_role *next;
    uint32_t role;
    struct pare_str pattern;
};

struct recipe_fallback { /* encodings[0] does not fit: the first of the others that does is it */
    struct recipe_fallback *next;
    const char *encodings[RECIPE_MAX_WORDS];
    uint32_t n_encodings;
    const char *text;
};

struct recipe_file { /* one that was read, for include */
    struct recipe_file *next;
    const char *name;
};

struct recipe {
    const char *name;
    char digest[HASH_HEX_SIZE];
    const char *title, *description; /* "" when absent */
    double bits;                     /* typical bits per weight; 0 when absent */
    const char *formats[RECIPE_MAX_WORDS];
    uint32_t n_formats;
    struct recipe_rule *rules, **rules_end;     /* keep, ENCODING, fail; the default comes last */
    struct recipe_rule *actions, **actions_end; /* set, drop, order, warn */
    struct recipe_rule *standard;               /* the "default" statement */
    struct recipe_role *roles, **roles_end;
    struct recipe_fallback *fallbacks, **fallbacks_end;
    struct recipe_file *files;
    struct expr_unit unit;
    struct recipe_memory *memory;
};

struct recipe_loader {
    struct recipe *recipe;
    const char *dirs;
    struct hash *hash;
    unsigned depth, n_files, n_lines;
    struct error *err;
};

/* Zeroed memory, or a NUL-terminated copy of bytes, that lives as long as the recipe; NULL when
 * there is none left. */
void *recipe_alloc(struct recipe *recipe, size_t size);
char *recipe_copy(struct recipe *recipe, struct pare_str text);

/* Reads and parses one file of the recipe, by its name in the loader's directories. */
int recipe_read(struct recipe_loader *loader, const char *file)
    __attribute__((warn_unused_result));

/* Parses one line, which may be empty or a comment. The text must live as long as the recipe. */
int recipe_parse_line(struct recipe_loader *loader, const char *file, unsigned line,
                      struct pare_str text) __attribute__((warn_unused_result));

/* 1 for letters, digits, '_', '-' and '.', the first not a '.'; at most 100 bytes. */
int recipe_name_is_plain(struct pare_str name);

#endif
