/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The unit that owns trees, and what all parts of the parser do with tokens and nodes. */
#include "lang/expr_private.h"

#include "base/text.h"
#include "lang/regexp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- units ---- */

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

int expr_unit_find_role(const struct expr_unit *unit, struct pare_str name, uint32_t *ret_role)
{
    for (uint32_t i = 0; i < unit->n_roles; i++)
        if (text_equals(unit->roles[i], name)) {
            *ret_role = i;
            return 1;
        }
    return 0;
}

const struct expr_define *expr_unit_find_define(const struct expr_unit *unit, struct pare_str name)
{
    for (const struct expr_define *d = unit->defines; d; d = d->older)
        if (text_equals(d->name, name))
            return d;
    return NULL;
}

int expr_unit_is_taken(const struct expr_unit *unit, struct pare_str name)
{
    uint32_t role;
    enum function function = function_find(name);
    return lexer_is_keyword(name) || fact_find(name) < EXPR_N_VARS ||
           (function < N_FUNCTIONS && function_table[function].where == IN_RECIPES) ||
           expr_unit_find_define(unit, name) || expr_unit_find_role(unit, name, &role);
}

int expr_unit_role(struct expr_unit *unit, struct pare_str name, uint32_t *ret_role,
                   struct error *err)
{
    if (expr_unit_find_role(unit, name, ret_role))
        return 0;
    if (expr_unit_is_taken(unit, name))
        return error_set(err, PARE_EDATA, "the name '%.*s' is taken", text_clip(name), name.data);
    if (unit->n_roles == EXPR_MAX_ROLES)
        return error_set(err, PARE_EDATA, "more than %d roles", EXPR_MAX_ROLES);
    unit->roles[unit->n_roles] = name;
    *ret_role = unit->n_roles++;
    return 0;
}

int expr_is_name(const struct expr *expr, struct pare_str *ret_name)
{
    const struct expr *e = expr;
    while (e->op == OP_FIELD)
        e = e->first;
    if (e->op != OP_NAME)
        return 0;
    *ret_name = expr->text;
    return 1;
}

/* ---- tokens ---- */

int parser_next(struct expr_parser *ps)
{
    ps->last = ps->lexer.p;
    return lexer_take(&ps->lexer, ps->err);
}

int parser_expected(struct expr_parser *ps, const char *what)
{
    struct pare_str got = ps->lexer.text;
    const char *quote = ps->lexer.token == TOKEN_END ? "" : "'";
    return error_set(ps->err, PARE_EDATA, "expected %s, not %s%.*s%s", what, quote, text_clip(got),
                     got.data, quote);
}

int parser_expect(struct expr_parser *ps, enum token token, const char *what)
{
    return ps->lexer.token == token ? parser_next(ps) : parser_expected(ps, what);
}

int parser_is_if(const struct expr_parser *ps)
{
    return ps->lexer.token == TOKEN_NAME && text_is(ps->lexer.text, "if");
}

int parser_only_in_maps(struct expr_parser *ps, const char *what)
{
    if (ps->unit->side == EXPR_MAP)
        return 0;
    return error_set(ps->err, PARE_EDATA, "%s is known in architecture maps only, not in recipes",
                     what);
}

/* ---- nodes ---- */

static int too_deep(struct expr_parser *ps)
{
    return error_set(ps->err, PARE_EDATA, "nested deeper than %d levels", EXPR_MAX_DEPTH);
}

int parser_enter(struct expr_parser *ps)
{
    return ++ps->depth > EXPR_MAX_DEPTH ? too_deep(ps) : 0;
}

int parser_node(struct expr_parser *ps, enum expr_op op, const char *start, struct expr **ret)
{
    if (ps->unit->n_nodes >= EXPR_MAX_NODES)
        return error_set(ps->err, PARE_EDATA, "more than %d operations in one %s", EXPR_MAX_NODES,
                         ps->unit->side == EXPR_MAP ? "map" : "recipe");
    struct expr *node = calloc(1, sizeof *node);
    if (!node)
        return error_oom(ps->err);
    node->op = op;
    node->type = EXPR_ANY;
    node->depth = 1;
    node->text.data = start;
    node->older = ps->unit->nodes;
    ps->unit->nodes = node;
    ps->unit->n_nodes++;
    *ret = node;
    return 0;
}

int parser_adopt(struct expr_parser *ps, struct expr *parent, struct expr *operand)
{
    *(parent->last ? &parent->last->next : &parent->first) = operand;
    parent->last = operand;
    parent->n++;
    parent->per_tensor |= operand->per_tensor;
    if (operand->depth + 1 > parent->depth)
        parent->depth = operand->depth + 1;
    return parent->depth > EXPR_MAX_DEPTH ? too_deep(ps) : 0;
}

int parser_finish(struct expr_parser *ps, struct expr *node, struct expr **ret)
{
    node->text.len = (size_t)(ps->last - node->text.data);
    int r = ps->unit->side == EXPR_RECIPE ? parser_check_types(ps, node) : 0;
    if (!r)
        *ret = node;
    return r;
}

int parser_check_count(struct expr_parser *ps, const struct expr *call, unsigned min, unsigned max)
{
    char limits[40];
    if (call->n >= min && call->n <= max)
        return 0;
    if (min == max)
        (void)snprintf(limits, sizeof limits, "%u argument%s", min, min == 1 ? "" : "s");
    else
        (void)snprintf(limits, sizeof limits, "%u to %u arguments", min, max);
    return error_set(ps->err, PARE_EDATA, "%.*s() takes %s, not %u", text_clip(call->name),
                     call->name.data, limits, call->n);
}
