/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The value of a recipe's expression for a model and one of its tensors. Evaluation neither
 * allocates nor loops without bound: a step budget ends what definitions of definitions could blow
 * up, and the texts that functions make share a small buffer.
 */
#ifndef LANG_EXPR_TYPED_H
#define LANG_EXPR_TYPED_H

#include "lang/expr.h"

#define EXPR_MAX_STEPS 100000
#define EXPR_MAX_MADE 512 /* bytes of all texts that one evaluation makes */

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

/* The value of an expression that is a number or a truth (0 or 1). PARE_EDATA: division by zero,
 * overflow, too many steps, a text that is too long, or an encoding that nobody provides. */
int expr_typed_number(const struct expr *expr, const struct expr_env *env, int64_t *ret_value,
                      struct error *err) __attribute__((warn_unused_result));

/* The value of an expression that is a text; errors as with expr_typed_number. It is the
 * expression's, the environment's, or lies in `made`. */
int expr_typed_text(const struct expr *expr, const struct expr_env *env, char made[EXPR_MAX_MADE],
                    struct pare_str *ret_value, struct error *err)
    __attribute__((warn_unused_result));

#endif
