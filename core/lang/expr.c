/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Evaluation of conditions: see expr.h. Types were checked by the parser, so that each operation
 * may take its operands' values as they are. Numbers are 64 bits wide and may not overflow;
 * division truncates toward zero, as in C.
 */
#include "lang/expr.h"

#include <stdlib.h>
#include <string.h>

struct value {
    int64_t number;
    struct pare_str text;
};

struct evaluation {
    const struct expr_env *env;
    const int64_t *params; /* of the definition that is being evaluated */
    uint32_t steps;
    struct error *err;
};

static int eval(struct evaluation *ev, const struct expr *e, struct value *ret);

void expr_unit_deinit(struct expr_unit *unit)
{
    while (unit->nodes) {
        struct expr *node = unit->nodes;
        unit->nodes = node->older;
        regex_free(node->regex);
        free(node);
    }
    while (unit->defines) {
        struct expr_define *define = unit->defines;
        unit->defines = define->older;
        free(define);
    }
}

int expr_same(struct pare_str a, struct pare_str b)
{
    return a.len == b.len && !memcmp(a.data, b.data, a.len);
}

static int eval_number(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    struct value value = { 0, { NULL, 0 } };
    int r = eval(ev, e, &value);
    if (!r)
        *ret = value.number;
    return r;
}

static int eval_call(struct evaluation *ev, const struct expr *e, struct value *ret)
{
    int64_t params[EXPR_MAX_PARAMS];
    uint32_t n = 0;
    for (const struct expr *arg = e->first; arg; arg = arg->next) {
        int r = eval_number(ev, arg, &params[n++]);
        if (r)
            return r;
    }
    const int64_t *outer = ev->params;
    ev->params = params;
    int r = eval(ev, e->define->body, ret);
    ev->params = outer;
    return r;
}

static int eval_dim(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    int64_t k;
    int r = eval_number(ev, e->first, &k);
    if (r)
        return r;
    const struct expr_env *env = ev->env;
    uint64_t dim = k >= 0 && k < env->n_dims ? env->dims[env->n_dims - 1 - k] : 1;
    *ret = dim > INT64_MAX ? INT64_MAX : (int64_t)dim;
    return 0;
}

static int eval_block(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    struct value encoding = { 0, { NULL, 0 } };
    int r = eval(ev, e->first, &encoding);
    return r ? r : ev->env->block_len(ev->env->context, encoding.text, ret, ev->err);
}

static int64_t sum_roles(int64_t mask, const uint64_t *counts)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < EXPR_MAX_ROLES; i++)
        if ((uint64_t)mask >> i & 1)
            sum += counts[i];
    return (int64_t)sum;
}

static int eval_logic(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    int64_t decisive = e->op == OP_OR, truth = !decisive;
    for (const struct expr *arg = e->first; arg && truth != decisive; arg = arg->next) {
        int r = eval_number(ev, arg, &truth);
        if (r)
            return r;
    }
    *ret = truth;
    return 0;
}

static int same_value(const struct expr *e, const struct value *a, const struct value *b)
{
    return e->type == EXPR_TEXT ? expr_same(a->text, b->text) : a->number == b->number;
}

static int eval_in(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    struct value left = { 0, { NULL, 0 } }, right = left;
    int r = eval(ev, e->first, &left), found = 0;
    for (const struct expr *arg = e->first->next; !r && arg && !found; arg = arg->next) {
        r = eval(ev, arg, &right);
        if (!r)
            found = same_value(e->first, &left, &right);
    }
    if (!r)
        *ret = found;
    return r;
}

static int eval_compare(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    struct value a = { 0, { NULL, 0 } }, b = a;
    int r = eval(ev, e->first, &a);
    if (!r)
        r = eval(ev, e->first->next, &b);
    if (r)
        return r;
    switch (e->op) {
    case OP_EQ:
        *ret = same_value(e->first, &a, &b);
        break;
    case OP_NE:
        *ret = !same_value(e->first, &a, &b);
        break;
    case OP_LT:
        *ret = a.number < b.number;
        break;
    case OP_LE:
        *ret = a.number <= b.number;
        break;
    case OP_GT:
        *ret = a.number > b.number;
        break;
    default:
        *ret = a.number >= b.number;
        break;
    }
    return 0;
}

static int eval_division(struct evaluation *ev, enum expr_op op, int64_t a, int64_t b, int64_t *ret)
{
    if (b == 0)
        return error_set(ev->err, PARE_EDATA, "division by zero");
    if (b == -1) {
        if (op == OP_DIV && a == INT64_MIN)
            return error_set(ev->err, PARE_EDATA, "a number is too large");
        *ret = op == OP_DIV ? -a : 0;
        return 0;
    }
    *ret = op == OP_DIV ? a / b : a % b;
    return 0;
}

static int eval_arithmetic(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    int64_t a, b, result = 0;
    int r = eval_number(ev, e->first, &a);
    if (!r)
        r = eval_number(ev, e->first->next, &b);
    if (r)
        return r;
    int overflow;
    switch (e->op) {
    case OP_ADD:
        overflow = __builtin_add_overflow(a, b, &result);
        break;
    case OP_SUB:
        overflow = __builtin_sub_overflow(a, b, &result);
        break;
    case OP_MUL:
        overflow = __builtin_mul_overflow(a, b, &result);
        break;
    default:
        return eval_division(ev, e->op, a, b, ret);
    }
    if (overflow)
        return error_set(ev->err, PARE_EDATA, "a number is too large");
    *ret = result;
    return 0;
}

static int eval_unary(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    int64_t operand;
    int r = eval_number(ev, e->first, &operand);
    if (r)
        return r;
    if (e->op == OP_NOT)
        *ret = !operand;
    else if (__builtin_sub_overflow((int64_t)0, operand, ret))
        return error_set(ev->err, PARE_EDATA, "a number is too large");
    return 0;
}

static int eval_match(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    struct value text = { 0, { NULL, 0 } };
    int r = eval(ev, e->first, &text);
    if (!r)
        *ret = glob_matches(e->text, text.text);
    return r;
}

/* Counts as many steps as there are bytes to look at. */
static int eval_search(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    struct value text = { 0, { NULL, 0 } };
    int r = eval(ev, e->first, &text);
    if (r)
        return r;
    ev->steps += (uint32_t)(text.text.len < REGEX_MAX_TEXT ? text.text.len : REGEX_MAX_TEXT);
    return regex_search(e->regex, text.text, ret, ev->err);
}

/* The first bytes of a text, as many as the second operand says. */
static int eval_cut(struct evaluation *ev, const struct expr *e, struct pare_str *ret)
{
    struct value text = { 0, { NULL, 0 } };
    int64_t limit;
    int r = eval(ev, e->first, &text);
    if (!r)
        r = eval_number(ev, e->first->next, &limit);
    if (r)
        return r;
    *ret = text.text;
    if (limit < 0)
        ret->len = 0;
    else if ((uint64_t)limit < ret->len)
        ret->len = (size_t)limit;
    return 0;
}

static int eval_choose(struct evaluation *ev, const struct expr *e, struct value *ret)
{
    int64_t truth;
    int r = eval_number(ev, e->first, &truth);
    const struct expr *yes = e->first->next;
    return r ? r : eval(ev, truth ? yes : yes->next, ret);
}

static int eval_function(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    switch (e->op) {
    case OP_DIM:
        return eval_dim(ev, e, ret);
    case OP_BLOCK:
        return eval_block(ev, e, ret);
    case OP_INDEX:
        *ret = sum_roles(e->number, ev->env->before);
        return 0;
    default:
        *ret = sum_roles(e->number, ev->env->total);
        return 0;
    }
}

static int eval_operator(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    if (e->op <= OP_COUNT)
        return eval_function(ev, e, ret);
    if (e->op <= OP_NEGATE)
        return eval_unary(ev, e, ret);
    if (e->op <= OP_OR)
        return eval_logic(ev, e, ret);
    if (e->op <= OP_GE)
        return eval_compare(ev, e, ret);
    if (e->op <= OP_MOD)
        return eval_arithmetic(ev, e, ret);
    if (e->op == OP_SEARCH)
        return eval_search(ev, e, ret);
    return e->op == OP_MATCH ? eval_match(ev, e, ret) : eval_in(ev, e, ret);
}

static int eval(struct evaluation *ev, const struct expr *e, struct value *ret)
{
    if (++ev->steps > EXPR_MAX_STEPS)
        return error_set(ev->err, PARE_EDATA, "the condition takes more than %d steps",
                         EXPR_MAX_STEPS);
    switch (e->op) {
    case OP_NUMBER:
    case OP_ROLE:
        ret->number = e->number;
        return 0;
    case OP_TEXT:
        ret->text = e->text;
        return 0;
    case OP_VAR:
        ret->number = ev->env->numbers[e->number];
        ret->text = ev->env->texts[e->number];
        return 0;
    case OP_PARAM:
        ret->number = ev->params[e->number];
        return 0;
    case OP_CALL:
        return eval_call(ev, e, ret);
    case OP_CHOOSE:
        return eval_choose(ev, e, ret);
    case OP_CUT:
        return eval_cut(ev, e, &ret->text);
    default:
        return eval_operator(ev, e, &ret->number);
    }
}

int expr_eval(const struct expr *expr, const struct expr_env *env, int64_t *ret_value,
              struct error *err)
{
    struct evaluation ev = { .env = env, .err = err };
    return eval_number(&ev, expr, ret_value);
}

int expr_eval_text(const struct expr *expr, const struct expr_env *env, struct pare_str *ret_value,
                   struct error *err)
{
    struct evaluation ev = { .env = env, .err = err };
    struct value value = { 0, { NULL, 0 } };
    int r = eval(&ev, expr, &value);
    if (!r)
        *ret_value = value.text;
    return r;
}
