/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A recipe after parsing; for recipe*.c, plan*.c and their tests. Everything belongs to the
 * recipe's arena or to its expression unit.
 */
#ifndef RECIPE_RECIPE_RULES_H
#define RECIPE_RECIPE_RULES_H

#include "base/arena.h"
#include "base/hash.h"
#include "lang/expr_typed.h"

#define RECIPE_MAX_FILE (256 * 1024)
#define RECIPE_MAX_DEPTH 4 /* files that include files */
#define RECIPE_MAX_FILES 16
#define RECIPE_MAX_LINES 20000 /* statements, over all files */
#define RECIPE_MAX_WORDS 8     /* formats, and encodings of a fallback */
#define RECIPE_MAX_PLACE 240   /* bytes of "FILE:LINE", or of an option */

enum recipe_verb {
    RECIPE_KEEP,
    RECIPE_ENCODE,
    RECIPE_FAIL,      /* rules: about a tensor */
    RECIPE_OVERRIDES, /* where overrides are tried */
    RECIPE_LENIENT,
    RECIPE_REQUIRE, /* about importance data */
    RECIPE_SET,
    RECIPE_DROP,
    RECIPE_ORDER,
    RECIPE_WARN,    /* actions: about the model */
    RECIPE_RECORD,  /* as RECIPE_SET, but last of all */
    RECIPE_SEARCH,  /* how hard encodings search */
    RECIPE_FALLBACK /* what becomes of rows that do not fit */
};

struct recipe_rule {
    struct recipe_rule *next;
    enum recipe_verb verb;
    const char *argument;         /* encoding, message or metadata key */
    const struct expr *condition; /* NULL: always */
    uint32_t type;                /* RECIPE_SET and RECIPE_RECORD: the value's */
    const struct expr *expr;      /* the value, unless it is a float: */
    double real;
    const char *encodings[RECIPE_MAX_WORDS]; /* RECIPE_REQUIRE */
    uint32_t n_encodings;
    uint32_t number;   /* of an override, from 1; those of one place share it. 0: of the recipe */
    const char *place; /* "q4_k_m.recipe:12" */
    const char *text;  /* "q4_k_m.recipe:12: q6_k if is_output" */
};

/* The value of a RECIPE_SET or RECIPE_RECORD. It points into the other members, or to a text that
 * lives as long as the recipe or the environment; so it must not be copied. */
struct recipe_value {
    struct pare_value value;
    union {
        struct pare_str text;
        uint8_t bytes[8];
    } data;
    char made[EXPR_MAX_MADE];
};

struct recipe_option { /* of the writer */
    struct recipe_option *next;
    const char *name, *value;
    int is_override;
};

struct recipe_repack { /* one encoding can become another without loss */
    struct recipe_repack *next;
    const char *from, *to;
};

struct recipe_role {
    struct recipe_role *next;
    uint32_t role;
    struct pare_str pattern;
};

/* Where encodings[0] does not fit, the first of the others that fits is taken. */
struct recipe_fallback {
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
    const char *formats_place;
    struct recipe_rule *rules, **rules_end;         /* keep, ENCODING, fail, overrides */
    struct recipe_rule *weighing, **weighing_end;   /* require, lenient */
    struct recipe_rule *actions, **actions_end;     /* set, record, drop, order, search,
                                                     * fallback refuse, warn */
    struct recipe_rule *standard;                   /* the "default" statement */
    struct recipe_rule *overrides, **overrides_end; /* rules that were added to the recipe's own */
    uint32_t n_overrides;                           /* the highest of their numbers */
    const char *last_override;                      /* the place of the last one, or NULL */
    struct recipe_rule *override_actions, **override_actions_end;
    struct recipe_option *options, **options_end;
    struct recipe_repack *repacks;
    int has_overrides; /* there is an "overrides" statement */
    int pure;          /* an override: no mixture */
    unsigned n_lines;  /* statements so far */
    struct recipe_role *roles, **roles_end;
    struct recipe_fallback *fallbacks, **fallbacks_end;
    struct recipe_file *files;
    struct expr_unit unit;
    struct arena memory;
};

#endif
