/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The conditions of recipes: small, typed expression trees over facts of a model and of one of its
 * tensors. They are checked when they are parsed (types, names, depth, and whether they look at a
 * tensor), so that evaluation can only fail on arithmetic. Evaluation neither allocates nor loops
 * without bound: a step budget ends what definitions of definitions could blow up.
 *
 * All trees of a recipe belong to its struct expr_unit, with the roles and definitions that they
 * name. Texts in a tree point into the recipe's text, which must live as long as the unit.
 */
#ifndef LANG_EXPR_H
#define LANG_EXPR_H

#include "lang/pattern.h"

#include <stdint.h>

#define EXPR_MAX_ROLES 64
#define EXPR_MAX_DEPTH 64
#define EXPR_MAX_NODES 65536
#define EXPR_MAX_PARAMS 8
#define EXPR_MAX_STEPS 100000

enum expr_type { EXPR_NUMBER, EXPR_TRUTH, EXPR_TEXT, EXPR_ROLE };

/* What an expression can ask for; those from EXPR_NAME on belong to a tensor. */
/* clang-format off */
enum expr_var {
    EXPR_ARCH, EXPR_FORMAT, EXPR_SOURCE_FORMAT, EXPR_DEFAULT, EXPR_LAYERS, EXPR_HEADS,
    EXPR_HEADS_KV, EXPR_GQA, EXPR_EXPERTS, EXPR_FILE_TYPE, EXPR_IMPORTANCE, EXPR_IMPORTANCE_FILE,
    EXPR_IMPORTANCE_DATASET, EXPR_IMPORTANCE_ENTRIES, EXPR_IMPORTANCE_CHUNKS,
    EXPR_NAME, EXPR_SOURCE, EXPR_ROLE_OF, EXPR_LAYER, EXPR_RANK, EXPR_COLS, EXPR_ROWS,
    EXPR_ELEMENTS, EXPR_PURPOSE, EXPR_OP, EXPR_CHANNEL, EXPR_N_VARS
};
/* clang-format on */

/* clang-format off */
enum expr_op {
    OP_NUMBER, OP_TEXT, OP_ROLE, OP_VAR, OP_PARAM, OP_CALL, OP_DIM, OP_BLOCK, OP_INDEX, OP_COUNT,
    OP_CUT, OP_NOT, OP_NEGATE, OP_AND, OP_OR, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_ADD,
    OP_SUB, OP_MUL, OP_DIV, OP_MOD, OP_MATCH, OP_SEARCH, OP_IN, OP_CHOOSE
};
/* clang-format on */

struct expr {
    enum expr_op op;
    enum expr_type type;
    int per_tensor; /* 1: it depends on the tensor, not only on the model */
    unsigned depth;
    int64_t number; /* literal, or number of a variable, role or parameter, or mask of roles */
    struct pare_str text; /* literal or pattern */
    struct regex *regex;  /* OP_SEARCH; the node's own */
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
    struct expr *nodes;
    uint32_t n_nodes;
    struct expr_define *defines;
    struct pare_str roles[EXPR_MAX_ROLES];
    uint32_t n_roles;
};

/* Facts for evaluation. Roles are numbers: index into the unit's roles, -1 for none. */
struct expr_env {
    int64_t numbers[EXPR_N_VARS];
    struct pare_str texts[EXPR_N_VARS];
    const uint64_t *dims; /* of the tensor, the row last */
    uint32_t n_dims;
    uint64_t total[EXPR_MAX_ROLES];  /* tensors of each role */
    uint64_t before[EXPR_MAX_ROLES]; /* those before this tensor that were not kept */
    /* Block length of an encoding. */
    int (*block_len)(void *context, struct pare_str encoding, int64_t *ret_len, struct error *err);
    void *context;
};

void expr_unit_deinit(struct expr_unit *unit);

/* The role of that name, made if it is new; PARE_EDATA when the name is taken or there are too
 * many. The name is not copied. */
int expr_unit_role(struct expr_unit *unit, struct pare_str name, uint32_t *ret_role,
                   struct error *err) __attribute__((warn_unused_result));

/* Parses a condition. Errors are PARE_EDATA with what was expected, without a place. */
int expr_parse(struct expr_unit *unit, struct pare_str text, struct expr **ret_expr,
               struct error *err) __attribute__((warn_unused_result));

/* Parses a value of that type up to the word "if", the rest of the text from there on, or its end.
 * Errors as with expr_parse. */
int expr_parse_value(struct expr_unit *unit, struct pare_str text, enum expr_type type,
                     struct expr **ret_expr, struct pare_str *ret_rest, struct error *err)
    __attribute__((warn_unused_result));

/* Parses "NAME = EXPRESSION" or "NAME(A, B) = EXPRESSION" and adds it to the unit. */
int expr_parse_define(struct expr_unit *unit, struct pare_str text, struct error *err)
    __attribute__((warn_unused_result));

/* The value of an expression that is a number or a truth (0 or 1). PARE_EDATA: division by zero,
 * overflow, too many steps, or an encoding that nobody provides. */
int expr_eval(const struct expr *expr, const struct expr_env *env, int64_t *ret_value,
              struct error *err) __attribute__((warn_unused_result));

/* The value of an expression that is a text; errors as with expr_eval. It is as the expression's or
 * the environment's. */
int expr_eval_text(const struct expr *expr, const struct expr_env *env, struct pare_str *ret_value,
                   struct error *err) __attribute__((warn_unused_result));

/* 1 for the same bytes. */
int expr_same(struct pare_str a, struct pare_str b);

#endif
