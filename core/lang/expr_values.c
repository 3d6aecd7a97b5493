/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Values in expressions: literals, lists, names and calls, and what stands behind a value to reach
 * into it. A name in a recipe is a fact, a parameter, a role or a definition, and an unknown one is
 * a mistake; any name in a map may be one of config.json's. A function is known by its name on
 * both sides, and refused where its language does not have it.
 */
#include "lang/expr_private.h"

#include "base/text.h"

#include <string.h>

/* ---- leaves ---- */

/* A node of the current token, which is taken. */
static int parse_leaf(struct expr_parser *ps, enum expr_op op, int64_t number, struct expr **ret)
{
    struct expr *node = NULL;
    struct pare_str name = ps->lexer.text;
    const char *start = name.data - (ps->lexer.token == TOKEN_TEXT);
    int r = parser_node(ps, op, start, &node);
    if (r)
        return r;
    node->number = number;
    node->real = ps->lexer.real;
    node->name = name;
    r = parser_next(ps);
    return r ? r : parser_finish(ps, node, ret);
}

/* ---- calls ---- */

/* Arguments up to the closing parenthesis, whose opening one is the current token. */
static int parse_arguments(struct expr_parser *ps, struct expr *call)
{
    struct expr *argument = NULL;
    int r = parser_expect(ps, TOKEN_OPEN, "'('");
    while (!r && ps->lexer.token != TOKEN_CLOSE) {
        r = parser_choose(ps, &argument);
        if (!r && call->n == FUNCTION_MAX_ARGS)
            r = error_set(ps->err, PARE_EDATA, "more than %d arguments", FUNCTION_MAX_ARGS);
        if (!r)
            r = parser_adopt(ps, call, argument);
        if (r || ps->lexer.token != TOKEN_COMMA)
            break;
        r = parser_next(ps);
    }
    return r ? r : parser_expect(ps, TOKEN_CLOSE, call->n ? "',' or ')'" : "')'");
}

static int unknown_role(struct expr_parser *ps)
{
    struct nearest nearest;
    nearest_start(&nearest, ps->lexer.text);
    for (uint32_t i = 0; ps->lexer.token == TOKEN_NAME && i < ps->unit->n_roles; i++)
        nearest_offer(&nearest, ps->unit->roles[i]);
    return nearest_suggest(&nearest, ps->err, parser_expected(ps, "the name of a role"));
}

/* "(attn_v, attn_qkv)": the roles become a mask. */
static int parse_roles(struct expr_parser *ps, struct expr *call)
{
    uint32_t role;
    int r = parser_expect(ps, TOKEN_OPEN, "'('");
    while (!r) {
        if (ps->lexer.token != TOKEN_NAME || !expr_unit_find_role(ps->unit, ps->lexer.text, &role))
            return unknown_role(ps);
        call->number = (int64_t)((uint64_t)call->number | UINT64_C(1) << role);
        r = parser_next(ps);
        if (r || ps->lexer.token != TOKEN_COMMA)
            break;
        r = parser_next(ps);
    }
    return r ? r : parser_expect(ps, TOKEN_CLOSE, "')'");
}

/* A call of a function, from its name on. */
static int parse_call(struct expr_parser *ps, enum function function, struct expr **ret)
{
    const struct function_info *f = &function_table[function];
    struct expr *call = NULL;
    int r = parser_node(ps, OP_CALL, ps->lexer.text.data, &call);
    if (r)
        return r;
    call->function = function;
    call->name = ps->lexer.text;
    r = parser_next(ps);
    if (!r && f->first == EXPR_ROLE) {
        r = parse_roles(ps, call);
        return r ? r : parser_finish(ps, call, ret);
    }
    if (!r)
        r = parse_arguments(ps, call);
    if (!r)
        r = parser_check_count(ps, call, f->min_args, f->max_args);
    return r ? r : parser_finish(ps, call, ret);
}

/* A use of a definition, from its name on. */
static int parse_defined(struct expr_parser *ps, const struct expr_define *define,
                         struct expr **ret)
{
    struct expr *call = NULL;
    int r = parser_node(ps, OP_DEFINED, ps->lexer.text.data, &call);
    if (r)
        return r;
    call->define = define;
    call->name = define->name;
    r = parser_next(ps);
    if (!r && define->n_params)
        r = parse_arguments(ps, call);
    if (!r)
        r = parser_check_count(ps, call, define->n_params, define->n_params);
    return r ? r : parser_finish(ps, call, ret);
}

/* ---- names ---- */

static int is_call(const struct expr_parser *ps)
{
    struct lexer ahead = ps->lexer;
    return !lexer_take(&ahead, NULL) && ahead.token == TOKEN_OPEN;
}

/* Says that there is no such function, and which one may be meant; or which language has it. */
static int unknown_function(struct expr_parser *ps, enum function function)
{
    struct pare_str name = ps->lexer.text;
    struct nearest nearest;
    int is_map = ps->unit->side == EXPR_MAP;
    if (function < N_FUNCTIONS)
        return error_set(ps->err, PARE_EDATA, "%.*s() is known in %s", (int)name.len, name.data,
                         is_map ? "recipes only, not in architecture maps"
                                : "architecture maps only, not in recipes");
    nearest_start(&nearest, name);
    function_offer(&nearest, is_map ? IN_MAPS : IN_RECIPES);
    for (const struct expr_define *d = ps->unit->defines; d; d = d->older)
        nearest_offer(&nearest, d->name);
    return nearest_suggest(&nearest, ps->err,
                           error_set(ps->err, PARE_EDATA, "there is no function %.*s()",
                                     text_clip(name), name.data));
}

static int unknown_name(struct expr_parser *ps)
{
    const struct expr_unit *unit = ps->unit;
    struct pare_str name = ps->lexer.text;
    struct nearest nearest;
    nearest_start(&nearest, name);
    fact_offer(&nearest);
    for (uint32_t i = 0; ps->define && i < ps->define->n_params; i++)
        nearest_offer(&nearest, ps->define->params[i]);
    for (uint32_t i = 0; i < unit->n_roles; i++)
        nearest_offer(&nearest, unit->roles[i]);
    for (const struct expr_define *d = unit->defines; d; d = d->older)
        nearest_offer(&nearest, d->name);
    return nearest_suggest(&nearest, ps->err,
                           error_set(ps->err, PARE_EDATA, "unknown name '%.*s'", text_clip(name),
                                     name.data));
}

static int find_param(const struct expr_define *define, struct pare_str name, uint32_t *ret_param)
{
    for (uint32_t i = 0; define && i < define->n_params; i++)
        if (text_equals(define->params[i], name)) {
            *ret_param = i;
            return 1;
        }
    return 0;
}

/* What a recipe names itself goes before a function that both languages know. */
static int parse_recipe_name(struct expr_parser *ps, struct expr **ret)
{
    struct pare_str name = ps->lexer.text;
    uint32_t number;
    if (find_param(ps->define, name, &number))
        return parse_leaf(ps, OP_PARAM, number, ret);
    enum expr_var fact = fact_find(name);
    if (fact < EXPR_N_VARS)
        return parse_leaf(ps, OP_FACT, fact, ret);
    if (expr_unit_find_role(ps->unit, name, &number))
        return parse_leaf(ps, OP_ROLE, number, ret);
    const struct expr_define *define = expr_unit_find_define(ps->unit, name);
    if (define)
        return parse_defined(ps, define, ret);
    enum function function = function_find(name);
    if (function < N_FUNCTIONS && function_table[function].where & IN_RECIPES)
        return parse_call(ps, function, ret);
    return is_call(ps) ? unknown_function(ps, function) : unknown_name(ps);
}

static int parse_name(struct expr_parser *ps, struct expr **ret)
{
    if (ps->unit->side == EXPR_RECIPE)
        return parse_recipe_name(ps, ret);
    if (!is_call(ps))
        return parse_leaf(ps, OP_NAME, 0, ret);
    enum function function = function_find(ps->lexer.text);
    if (function < N_FUNCTIONS && function_table[function].where & IN_MAPS)
        return parse_call(ps, function, ret);
    return unknown_function(ps, function);
}

/* ---- lists ---- */

/* "for y in list" or "for y in list if z", from "for" on. */
static int parse_for(struct expr_parser *ps, struct expr *list)
{
    struct expr *part = NULL;
    list->op = OP_FOR;
    int r = parser_next(ps);
    list->name = ps->lexer.text;
    if (!r)
        r = parser_expect(ps, TOKEN_NAME, "a name after 'for'");
    if (!r)
        r = parser_expect(ps, TOKEN_IN, "'in'");
    if (!r)
        r = parser_choose(ps, &part);
    if (!r)
        r = parser_adopt(ps, list, part);
    if (r || !parser_is_if(ps))
        return r;
    r = parser_next(ps);
    if (!r)
        r = parser_choose(ps, &part);
    return r ? r : parser_adopt(ps, list, part);
}

/* "[]", "[a, b]", "[x for y in list]" or "[x for y in list if z]" */
static int parse_list(struct expr_parser *ps, struct expr **ret)
{
    struct expr *list = NULL, *item = NULL;
    int r = parser_only_in_maps(ps, "a list");
    if (!r)
        r = parser_node(ps, OP_LIST, ps->lexer.text.data, &list);
    if (!r)
        r = parser_next(ps);
    while (!r && ps->lexer.token != TOKEN_CLOSE_LIST) {
        r = parser_choose(ps, &item);
        if (!r)
            r = parser_adopt(ps, list, item);
        if (!r && list->n == 1 && ps->lexer.token == TOKEN_FOR) {
            r = parse_for(ps, list);
            break;
        }
        if (r || ps->lexer.token != TOKEN_COMMA)
            break;
        r = parser_next(ps);
    }
    if (!r)
        r = parser_expect(ps, TOKEN_CLOSE_LIST, "']'");
    return r ? r : parser_finish(ps, list, ret);
}

/* ---- values ---- */

/* "(x)": the text of x has the parentheses from here on, unless x is a name. */
static int parse_parentheses(struct expr_parser *ps, struct expr **ret)
{
    const char *start = ps->lexer.text.data;
    struct pare_str name;
    struct expr *e = NULL;
    int r = parser_next(ps);
    if (!r)
        r = parser_choose(ps, &e);
    if (!r)
        r = parser_expect(ps, TOKEN_CLOSE, "')'");
    if (r)
        return r;
    if (!expr_is_name(e, &name))
        e->text = (struct pare_str){ start, (size_t)(ps->last - start) };
    *ret = e;
    return 0;
}

static int parse_primary(struct expr_parser *ps, struct expr **ret)
{
    int r = 0;
    switch (ps->lexer.token) {
    case TOKEN_NUMBER:
        return parse_leaf(ps, OP_NUMBER, ps->lexer.number, ret);
    case TOKEN_REAL:
        r = parser_only_in_maps(ps, "a number that is not whole");
        return r ? r : parse_leaf(ps, OP_REAL, 0, ret);
    case TOKEN_TRUE:
    case TOKEN_FALSE:
        return parse_leaf(ps, OP_TRUTH, ps->lexer.token == TOKEN_TRUE, ret);
    case TOKEN_NULL:
        r = parser_only_in_maps(ps, "'null'");
        return r ? r : parse_leaf(ps, OP_NULL, 0, ret);
    case TOKEN_TEXT:
        return parse_leaf(ps, OP_TEXT, 0, ret);
    case TOKEN_NAME:
        return parse_name(ps, ret);
    case TOKEN_OPEN:
        return parse_parentheses(ps, ret);
    case TOKEN_OPEN_LIST:
        return parse_list(ps, ret);
    default:
        return parser_expected(ps, "a value");
    }
}

/* ".name" behind a value. */
static int parse_field(struct expr_parser *ps, struct expr **ret)
{
    struct expr *node = NULL;
    int r = parser_only_in_maps(ps, "'.', which reaches into an object,");
    if (!r)
        r = parser_node(ps, OP_FIELD, (*ret)->text.data, &node);
    if (!r)
        r = parser_adopt(ps, node, *ret);
    if (!r)
        r = parser_next(ps);
    if (r)
        return r;
    node->name = ps->lexer.text;
    r = parser_expect(ps, TOKEN_NAME, "a name after '.'");
    return r ? r : parser_finish(ps, node, ret);
}

/* "[i]" behind a value. */
static int parse_element(struct expr_parser *ps, struct expr **ret)
{
    struct expr *node = NULL, *i = NULL;
    int r = parser_only_in_maps(ps, "'[', which takes an element of a list,");
    if (!r)
        r = parser_node(ps, OP_ELEMENT, (*ret)->text.data, &node);
    if (!r)
        r = parser_adopt(ps, node, *ret);
    if (!r)
        r = parser_next(ps);
    if (!r)
        r = parser_choose(ps, &i);
    if (!r)
        r = parser_adopt(ps, node, i);
    if (!r)
        r = parser_expect(ps, TOKEN_CLOSE_LIST, "']'");
    return r ? r : parser_finish(ps, node, ret);
}

int parser_value(struct expr_parser *ps, struct expr **ret)
{
    int r = parse_primary(ps, ret);
    while (!r && (ps->lexer.token == TOKEN_DOT || ps->lexer.token == TOKEN_OPEN_LIST))
        r = ps->lexer.token == TOKEN_DOT ? parse_field(ps, ret) : parse_element(ps, ret);
    return r;
}
