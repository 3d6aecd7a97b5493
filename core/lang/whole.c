/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Arithmetic of whole numbers: see whole.h. */
#include "lang/whole.h"

/* C rounds towards zero. */
static int divide(enum expr_op op, int64_t a, int64_t b, int64_t *ret)
{
    if (!b)
        return -1;
    if (b == -1) { /* the machine's division of the smallest number by -1 is undefined */
        *ret = 0;
        return op == OP_DIV && __builtin_sub_overflow((int64_t)0, a, ret) ? -1 : 0;
    }
    int64_t quotient = a / b, rest = a % b;
    if (rest && (rest < 0) != (b < 0)) {
        quotient--;
        rest += b;
    }
    *ret = op == OP_DIV ? quotient : rest;
    return 0;
}

int whole_arithmetic(enum expr_op op, int64_t a, int64_t b, int64_t *ret)
{
    int64_t result = 0;
    int failed;
    switch (op) {
    case OP_ADD:
        failed = __builtin_add_overflow(a, b, &result);
        break;
    case OP_SUB:
        failed = __builtin_sub_overflow(a, b, &result);
        break;
    case OP_MUL:
        failed = __builtin_mul_overflow(a, b, &result);
        break;
    default:
        failed = divide(op, a, b, &result);
        break;
    }
    if (!failed)
        *ret = result;
    return failed ? -1 : 0;
}
