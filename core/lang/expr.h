/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The expressions of recipes and of architecture maps (pare-language(5)): one grammar, one tree.
 * The parser (expr_parse.c, expr_values.c) makes the same nodes for both. In recipes a node also
 * gets a type (expr_types.c), and what does not fit is refused there, so that evaluation
 * (expr_typed.h) can only fail on arithmetic. In maps a value's type is known only when there is a
 * config.json (expr_json.h). What one of the two lacks is refused when it is parsed.
 *
 * All trees of a recipe or map belong to its struct expr_unit, with the roles and definitions that
 * they name. Texts in a tree point into the file's text, which must live as long as the unit.
 */
#ifndef LANG_EXPR_H
#define LANG_EXPR_H

#include "base/error.h"
#include "lang/vocabulary.h"

#include <stdint.h>

#define EXPR_MAX_ROLES 64
#define EXPR_MAX_DEPTH 64
#define EXPR_MAX_NODES 65536
#define EXPR_MAX_PARAMS FUNCTION_MAX_ARGS

enum expr_side { EXPR_RECIPE, EXPR_MAP };

/* OP_NAME is a name of config.json's or of a "for"; OP_FACT, OP_ROLE, OP_PARAM and OP_DEFINED are
 * what names are in recipes. OP_IN holds the left side, then what it is looked for in. */
/* clang-format off */
enum expr_op {
    OP_NUMBER, OP_REAL, OP_TEXT, OP_TRUTH, OP_NULL, OP_NAME, OP_FACT, OP_ROLE, OP_PARAM,
    OP_DEFINED, OP_CALL, OP_FIELD, OP_ELEMENT, OP_LIST, OP_FOR, OP_NOT, OP_NEGATE, OP_AND, OP_OR,
    OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_MOD,
    OP_MATCH, OP_SEARCH, OP_IN, OP_CHOOSE
};
/* clang-format on */

struct regex;

struct expr {
    enum expr_op op;
    enum expr_type type;    /* EXPR_ANY in maps */
    enum function function; /* OP_CALL */
    int per_tensor;         /* 1: it depends on the tensor, not only on the model */
    int is_set;             /* OP_IN: 1 when what follows are the values themselves */
    unsigned depth, n;      /* of the tree; operands */
    int64_t number;         /* literal, or number of a fact, role or parameter, or mask of roles */
    double real;            /* OP_REAL */
    struct pare_str name;   /* literal text, pattern, name of a value, field or variable */
    struct pare_str text;   /* all of it as written, for messages */
    struct regex *regex;    /* OP_SEARCH; the node's own */
    const struct expr_define *define;
    struct expr *first, *last; /* operands */
    struct expr *next;         /* the parent's next operand */
    struct expr *older;        /* in the unit's list of all nodes */
};

struct expr_define {
    struct pare_str name;
    struct pare_str params[EXPR_MAX_PARAMS]; /* all are numbers */
    uint32_t n_params;
    struct expr *body;
    struct expr_define *older;
};

struct expr_unit {
    enum expr_side side;
    struct expr *nodes;
    uint32_t n_nodes;
    struct expr_define *defines;
    struct pare_str roles[EXPR_MAX_ROLES];
    uint32_t n_roles;
};

/* Frees all trees and definitions. */
void expr_unit_deinit(struct expr_unit *unit);

/* The role of that name, made if it is new; PARE_EDATA when the name is taken or there are too
 * many. The name is not copied. */
int expr_unit_role(struct expr_unit *unit, struct pare_str name, uint32_t *ret_role,
                   struct error *err) __attribute__((warn_unused_result));

/* Parses a condition of a recipe, all of the text. Errors are PARE_EDATA with what was expected,
 * without a place. */
int expr_parse(struct expr_unit *unit, struct pare_str text, struct expr **ret_expr,
               struct error *err) __attribute__((warn_unused_result));

/* Parses a value at the beginning of a text; *ret_rest is the text behind it. In recipes the value
 * has that type, and the word "if" or the end of the text must follow; in maps the type is
 * EXPR_ANY, and the value ends before what cannot belong to it. Errors as with expr_parse. */
int expr_parse_value(struct expr_unit *unit, struct pare_str text, enum expr_type type,
                     struct expr **ret_expr, struct pare_str *ret_rest, struct error *err)
    __attribute__((warn_unused_result));

/* Parses "NAME = EXPRESSION" or "NAME(A, B) = EXPRESSION" of a recipe and adds it to the unit. */
int expr_parse_define(struct expr_unit *unit, struct pare_str text, struct error *err)
    __attribute__((warn_unused_result));

/* The name, when the expression is nothing but one of config.json's ("a" or "a.b"): 1 and the text;
 * else 0. */
int expr_is_name(const struct expr *expr, struct pare_str *ret_name);

#endif
