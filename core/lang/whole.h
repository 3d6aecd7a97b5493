/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Arithmetic of whole numbers, the same in recipes and architecture maps. */
#ifndef LANG_WHOLE_H
#define LANG_WHOLE_H

#include "lang/expr.h"

/* a op b, with one of OP_ADD to OP_MOD. A quotient is rounded down, so that a remainder has the
 * divisor's sign. -1: a division by zero, or a result beyond 64 bits. */
int whole_arithmetic(enum expr_op op, int64_t a, int64_t b, int64_t *ret)
    __attribute__((warn_unused_result));

#endif
