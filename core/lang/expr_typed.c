/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Evaluation of recipes' expressions: see expr_typed.h. Types were checked by the parser, so that
 * each operation may take its operands' values as they are. Numbers are 64 bits wide and may not
 * overflow.
 */
#include "lang/expr_typed.h"

#include "base/text.h"
#include "lang/glob.h"
#include "lang/regexp.h"
#include "lang/whole.h"

#include <string.h>

struct value {
    int64_t number;
    struct pare_str text;
};

struct evaluation {
    const struct expr_env *env;
    const int64_t *params; /* of the definition that is being evaluated */
    uint32_t steps;
    char *made; /* texts that functions made, EXPR_MAX_MADE bytes */
    size_t n_made;
    struct error *err;
};

static int eval(struct evaluation *ev, const struct expr *e, struct value *ret);

static int eval_number(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    struct value value = { 0, { NULL, 0 } };
    int r = eval(ev, e, &value);
    if (!r)
        *ret = value.number;
    return r;
}

static int eval_text(struct evaluation *ev, const struct expr *e, struct pare_str *ret)
{
    struct value value = { 0, { NULL, 0 } };
    int r = eval(ev, e, &value);
    if (!r)
        *ret = value.text;
    return r;
}

static int eval_defined(struct evaluation *ev, const struct expr *e, struct value *ret)
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
    struct pare_str encoding;
    int r = eval_text(ev, e->first, &encoding);
    return r ? r : ev->env->block_len(ev->env->context, encoding, ret, ev->err);
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
    return e->type == EXPR_TEXT ? text_equals(a->text, b->text) : a->number == b->number;
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

static int eval_arithmetic(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    int64_t a, b;
    int r = eval_number(ev, e->first, &a);
    if (!r)
        r = eval_number(ev, e->last, &b);
    if (r)
        return r;
    if (!b && (e->op == OP_DIV || e->op == OP_MOD))
        return error_set(ev->err, PARE_EDATA, "division by zero");
    if (whole_arithmetic(e->op, a, b, ret) < 0)
        return error_set(ev->err, PARE_EDATA, "a number is too large");
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
    struct pare_str text;
    int r = eval_text(ev, e->first, &text);
    if (!r)
        *ret = glob_matches(e->name, text);
    return r;
}

/* Counts as many steps as there are bytes to look at. */
static int eval_search(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    struct pare_str text;
    int r = eval_text(ev, e->first, &text);
    if (r)
        return r;
    ev->steps += (uint32_t)(text.len < REGEX_MAX_TEXT ? text.len : REGEX_MAX_TEXT);
    return regex_search(e->regex, text, ret, ev->err);
}

/* ---- texts ---- */

/* Room for a text of that length among those that the evaluation makes. */
static int make_text(struct evaluation *ev, size_t len, char **ret)
{
    if (len > EXPR_MAX_MADE - ev->n_made)
        return error_set(ev->err, PARE_EDATA, "the texts that are made have more than %d bytes",
                         EXPR_MAX_MADE);
    *ret = ev->made + ev->n_made;
    ev->n_made += len;
    return 0;
}

static int eval_lower(struct evaluation *ev, const struct expr *e, struct pare_str *ret)
{
    struct pare_str text;
    char *made = NULL;
    int r = eval_text(ev, e->first, &text);
    if (!r)
        r = make_text(ev, text.len, &made);
    if (r)
        return r;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        made[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    *ret = (struct pare_str){ made, text.len };
    return 0;
}

/* One text behind the other. */
static int eval_join(struct evaluation *ev, const struct expr *e, struct pare_str *ret)
{
    struct pare_str a, b;
    char *made = NULL;
    int r = eval_text(ev, e->first, &a);
    if (!r)
        r = eval_text(ev, e->last, &b);
    if (!r)
        r = make_text(ev, a.len + b.len, &made);
    if (r)
        return r;
    if (a.len)
        memcpy(made, a.data, a.len);
    if (b.len)
        memcpy(made + a.len, b.data, b.len);
    *ret = (struct pare_str){ made, a.len + b.len };
    return 0;
}

/* The first bytes of a text, as many as the second operand says. */
static int eval_cut(struct evaluation *ev, const struct expr *e, struct pare_str *ret)
{
    struct pare_str text;
    int64_t limit;
    int r = eval_text(ev, e->first, &text);
    if (!r)
        r = eval_number(ev, e->last, &limit);
    if (r)
        return r;
    *ret = text;
    if (limit < 0)
        ret->len = 0;
    else if ((uint64_t)limit < ret->len)
        ret->len = (size_t)limit;
    return 0;
}

/* starts_with and ends_with */
static int eval_ends(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    struct pare_str text, part;
    int r = eval_text(ev, e->first, &text);
    if (!r)
        r = eval_text(ev, e->last, &part);
    if (r)
        return r;
    size_t skipped = text.len - part.len;
    *ret = part.len <= text.len &&
           !memcmp(text.data + (e->function == FUNCTION_ENDS_WITH ? skipped : 0), part.data,
                   part.len);
    return 0;
}

static int eval_len(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    struct pare_str text;
    int r = eval_text(ev, e->first, &text);
    if (!r)
        *ret = (int64_t)text.len;
    return r;
}

/* ---- all ---- */

/* min and max */
static int eval_extreme(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
    int64_t best, number;
    int r = eval_number(ev, e->first, &best);
    for (const struct expr *arg = e->first->next; !r && arg; arg = arg->next) {
        r = eval_number(ev, arg, &number);
        if (!r && (e->function == FUNCTION_MIN ? number < best : number > best))
            best = number;
    }
    if (!r)
        *ret = best;
    return r;
}

static int eval_choose(struct evaluation *ev, const struct expr *e, struct value *ret)
{
    int64_t truth;
    int r = eval_number(ev, e->first, &truth);
    const struct expr *yes = e->first->next;
    return r ? r : eval(ev, truth ? yes : yes->next, ret);
}

static int eval_function(struct evaluation *ev, const struct expr *e, struct value *ret)
{
    switch (e->function) {
    case FUNCTION_DIM:
        return eval_dim(ev, e, &ret->number);
    case FUNCTION_BLOCK:
        return eval_block(ev, e, &ret->number);
    case FUNCTION_INDEX:
        ret->number = sum_roles(e->number, ev->env->before);
        return 0;
    case FUNCTION_COUNT:
        ret->number = sum_roles(e->number, ev->env->total);
        return 0;
    case FUNCTION_MIN:
    case FUNCTION_MAX:
        return eval_extreme(ev, e, &ret->number);
    case FUNCTION_INT: /* numbers in recipes are whole */
        return eval_number(ev, e->first, &ret->number);
    case FUNCTION_LEN:
        return eval_len(ev, e, &ret->number);
    case FUNCTION_LOWER:
        return eval_lower(ev, e, &ret->text);
    case FUNCTION_CUT:
        return eval_cut(ev, e, &ret->text);
    default:
        return eval_ends(ev, e, &ret->number);
    }
}

static int eval_operator(struct evaluation *ev, const struct expr *e, int64_t *ret)
{
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
    case OP_TRUTH:
    case OP_ROLE:
        ret->number = e->number;
        return 0;
    case OP_TEXT:
        ret->text = e->name;
        return 0;
    case OP_FACT:
        ret->number = ev->env->numbers[e->number];
        ret->text = ev->env->texts[e->number];
        return 0;
    case OP_PARAM:
        ret->number = ev->params[e->number];
        return 0;
    case OP_DEFINED:
        return eval_defined(ev, e, ret);
    case OP_CALL:
        return eval_function(ev, e, ret);
    case OP_CHOOSE:
        return eval_choose(ev, e, ret);
    default:
        if (e->type == EXPR_TEXT)
            return eval_join(ev, e, &ret->text);
        return eval_operator(ev, e, &ret->number);
    }
}

int expr_typed_number(const struct expr *expr, const struct expr_env *env, int64_t *ret_value,
                      struct error *err)
{
    char made[EXPR_MAX_MADE];
    struct evaluation ev = { .env = env, .made = made, .err = err };
    return eval_number(&ev, expr, ret_value);
}

int expr_typed_text(const struct expr *expr, const struct expr_env *env, char made[EXPR_MAX_MADE],
                    struct pare_str *ret_value, struct error *err)
{
    struct evaluation ev = { .env = env, .made = made, .err = err };
    return eval_text(&ev, expr, ret_value);
}
