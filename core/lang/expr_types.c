/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The types of a recipe's expressions. Every node gets its type, its depth and whether it looks at
 * a tensor as soon as it has its operands; what does not fit is refused then.
 */
#include "lang/expr_private.h"

#include <stdio.h>

static const char *const type_names[] = {
    [EXPR_NUMBER] = "a number", [EXPR_TRUTH] = "a condition", [EXPR_TEXT] = "a text",
    [EXPR_ROLE] = "a role",     [EXPR_ANY] = "a value",
};

const char *parser_type_name(enum expr_type type)
{
    return type_names[type];
}

static int need(struct expr_parser *ps, const struct expr *e, enum expr_type type, const char *who)
{
    if (e->type == type)
        return 0;
    return error_set(ps->err, PARE_EDATA, "'%s' expects %s, not %s", who, type_names[type],
                     type_names[e->type]);
}

/* All operands have the type, and so does the node. */
static int same_for_all(struct expr_parser *ps, struct expr *node, enum expr_type type,
                        const char *who)
{
    int r = 0;
    for (const struct expr *e = node->first; !r && e; e = e->next)
        r = need(ps, e, type, who);
    node->type = type;
    return r;
}

static int check_arithmetic(struct expr_parser *ps, struct expr *node)
{
    const char *const who[] = { "+", "-", "*", "/", "%" };
    int texts = node->op == OP_ADD && node->first->type == EXPR_TEXT &&
                node->last->type == EXPR_TEXT;
    return same_for_all(ps, node, texts ? EXPR_TEXT : EXPR_NUMBER, who[node->op - OP_ADD]);
}

static int check_comparable(struct expr_parser *ps, struct expr *node)
{
    const struct expr *left = node->first;
    node->type = EXPR_TRUTH;
    for (const struct expr *right = left->next; right; right = right->next)
        if (left->type != right->type)
            return error_set(ps->err, PARE_EDATA, "%s cannot be compared with %s",
                             type_names[left->type], type_names[right->type]);
    if (node->op >= OP_LT && node->op <= OP_GE && left->type != EXPR_NUMBER)
        return error_set(ps->err, PARE_EDATA, "%s has no order: only == and != compare it",
                         type_names[left->type]);
    return 0;
}

static int check_choose(struct expr_parser *ps, struct expr *node)
{
    int r = need(ps, node->first, EXPR_TRUTH, "?");
    node->type = node->last->type;
    return r ? r : need(ps, node->last, node->first->next->type, ":");
}

static int check_call(struct expr_parser *ps, struct expr *node)
{
    const struct function_info *f = &function_table[node->function];
    enum expr_type type = f->first;
    int r = 0;
    for (const struct expr *e = node->first; !r && e; e = e->next) {
        r = need(ps, e, type, f->name);
        type = f->others;
    }
    node->type = f->result;
    node->per_tensor |= f->per_tensor;
    return r;
}

static int check_defined(struct expr_parser *ps, struct expr *node)
{
    char who[64];
    const struct expr *body = node->define->body;
    (void)snprintf(who, sizeof who, "%.*s", (int)node->name.len, node->name.data);
    int r = same_for_all(ps, node, EXPR_NUMBER, who);
    node->type = body->type;
    node->per_tensor |= body->per_tensor;
    if (body->depth + 1 > node->depth)
        node->depth = body->depth + 1;
    if (!r && node->depth > EXPR_MAX_DEPTH)
        r = error_set(ps->err, PARE_EDATA, "nested deeper than %d levels", EXPR_MAX_DEPTH);
    return r;
}

/* Literals and names; the parser refuses what only maps know before it comes here. */
static int check_leaf(struct expr *node)
{
    switch (node->op) {
    case OP_TEXT:
        node->type = EXPR_TEXT;
        break;
    case OP_TRUTH:
        node->type = EXPR_TRUTH;
        break;
    case OP_ROLE:
        node->type = EXPR_ROLE;
        break;
    case OP_FACT:
        node->type = fact_type((enum expr_var)node->number);
        node->per_tensor = node->number >= EXPR_NAME;
        break;
    default:
        node->type = EXPR_NUMBER;
        break;
    }
    return 0;
}

int parser_check_types(struct expr_parser *ps, struct expr *node)
{
    switch (node->op) {
    case OP_DEFINED:
        return check_defined(ps, node);
    case OP_CALL:
        return check_call(ps, node);
    case OP_NOT:
        return same_for_all(ps, node, EXPR_TRUTH, "not");
    case OP_NEGATE:
        return same_for_all(ps, node, EXPR_NUMBER, "-");
    case OP_AND:
    case OP_OR:
        return same_for_all(ps, node, EXPR_TRUTH, node->op == OP_AND ? "and" : "or");
    case OP_MATCH:
    case OP_SEARCH:
        node->type = EXPR_TRUTH;
        return need(ps, node->first, EXPR_TEXT, node->op == OP_SEARCH ? "=~" : "~");
    case OP_CHOOSE:
        return check_choose(ps, node);
    default:
        if (node->op >= OP_EQ && node->op <= OP_GE)
            return check_comparable(ps, node);
        if (node->op >= OP_ADD && node->op <= OP_MOD)
            return check_arithmetic(ps, node);
        return node->op == OP_IN ? check_comparable(ps, node) : check_leaf(node);
    }
}
