/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The trees of expressions, between their parser (map_expr.c) and evaluation (map_eval.c). Private
 * to these.
 */
#ifndef LANG_MAP_TREE_H
#define LANG_MAP_TREE_H

#include "lang/lexer.h"
#include "lang/map_expr.h"

/* clang-format off */
enum map_op {
    MAP_NUMBER, MAP_REAL, MAP_TEXT, MAP_TRUTH, MAP_NULL, MAP_NAME, MAP_FIELD, MAP_INDEX, MAP_LIST,
    MAP_FOR, MAP_CALL, MAP_NOT, MAP_NEGATE, MAP_AND, MAP_OR, MAP_CHOOSE, MAP_BINARY
};
/* clang-format on */

struct map_expr {
    enum map_op op;
    enum token token;     /* MAP_BINARY: which operator */
    unsigned function;    /* MAP_CALL: number of a built-in function, or map_n_functions */
    struct pare_str name; /* MAP_NAME, MAP_FIELD, MAP_CALL, MAP_FOR: the variable; MAP_TEXT */
    struct pare_str text; /* all of it, as written, for messages */
    int64_t number;       /* MAP_NUMBER, MAP_TRUTH */
    double real;
    struct map_expr *first, *last; /* operands */
    struct map_expr *next;         /* the parent's next operand */
    unsigned n;                    /* operands */
};

/* Variables of the [... for x in ...] that are being evaluated, innermost first. */
struct map_local {
    struct pare_str name;
    json_t *value;
    const struct map_local *outer;
};

/* Built-in functions get their values evaluated. */
struct map_function {
    const char *name;
    unsigned min_args, max_args;
    int (*call)(json_t *const *args, unsigned n, json_t **ret, struct error *err);
};
extern const struct map_function map_functions[];
extern const unsigned map_n_functions;

#define MAP_MAX_ARGS 8

int map_is_true(const json_t *value);
/* For messages: "null", "a text", "a list", ... */
const char *map_type_name(const json_t *value);

#endif
