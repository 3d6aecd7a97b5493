/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Parser of expressions: recursive descent, loosest first: "?:", or, and, not, comparison, sum,
 * product, minus, value (expr_values.c). Chains are limited by the depth of the tree that they
 * make, nesting by the same limit on the way down; chains of and and or are one node.
 */
#include "lang/expr_private.h"

#include "base/text.h"
#include "lang/glob.h"
#include "lang/regexp.h"

#include <stdlib.h>

typedef int parse_fn(struct expr_parser *ps, struct expr **ret);

static int parse_prefix(struct expr_parser *ps, enum expr_op op, parse_fn *parse, struct expr **ret)
{
    struct expr *operand = NULL, *node = NULL;
    const char *start = ps->lexer.text.data;
    int r = parser_enter(ps);
    if (!r)
        r = parser_next(ps);
    if (!r)
        r = parse(ps, &operand);
    ps->depth--;
    if (!r)
        r = parser_node(ps, op, start, &node);
    if (!r)
        r = parser_adopt(ps, node, operand);
    return r ? r : parser_finish(ps, node, ret);
}

static int parse_minus(struct expr_parser *ps, struct expr **ret)
{
    if (ps->lexer.token != TOKEN_MINUS)
        return parser_value(ps, ret);
    return parse_prefix(ps, OP_NEGATE, parse_minus, ret);
}

/* Replaces *left by "left op right". */
static int binary(struct expr_parser *ps, enum expr_op op, struct expr **left, struct expr *right)
{
    struct expr *node = NULL;
    int r = parser_node(ps, op, (*left)->text.data, &node);
    if (!r)
        r = parser_adopt(ps, node, *left);
    if (!r)
        r = parser_adopt(ps, node, right);
    return r ? r : parser_finish(ps, node, left);
}

/* A chain of operators first .. last (tokens) over what parse gives, from the left. */
static int parse_chain(struct expr_parser *ps, enum token first, enum token last,
                       enum expr_op first_op, parse_fn *parse, struct expr **ret)
{
    int r = parse(ps, ret);
    while (!r && ps->lexer.token >= first && ps->lexer.token <= last) {
        enum expr_op op = first_op + (ps->lexer.token - first);
        struct expr *right = NULL;
        r = parser_next(ps);
        if (!r)
            r = parse(ps, &right);
        if (!r)
            r = binary(ps, op, ret, right);
    }
    return r;
}

static int parse_product(struct expr_parser *ps, struct expr **ret)
{
    return parse_chain(ps, TOKEN_STAR, TOKEN_PERCENT, OP_MUL, parse_minus, ret);
}

static int parse_sum(struct expr_parser *ps, struct expr **ret)
{
    return parse_chain(ps, TOKEN_PLUS, TOKEN_MINUS, OP_ADD, parse_product, ret);
}

/* "TEXT ~ PATTERN" or "TEXT =~ REGEX", from the operator on. The pattern is a literal, so that a
 * wrong one is refused now. */
static int parse_match(struct expr_parser *ps, struct expr **ret)
{
    struct expr *node = NULL;
    enum expr_op op = ps->lexer.token == TOKEN_SEARCH ? OP_SEARCH : OP_MATCH;
    int r = parser_node(ps, op, (*ret)->text.data, &node);
    if (!r)
        r = parser_adopt(ps, node, *ret);
    if (!r)
        r = parser_next(ps);
    if (r)
        return r;
    if (ps->lexer.token != TOKEN_TEXT)
        return parser_expected(ps, op == OP_SEARCH ? "a regular expression in quotation marks"
                                                   : "a pattern in quotation marks");
    node->name = ps->lexer.text;
    r = op == OP_SEARCH ? regex_new(node->name, &node->regex, ps->err)
                        : glob_check(node->name, ps->err);
    if (!r)
        r = parser_next(ps);
    return r ? r : parser_finish(ps, node, ret);
}

/* The values of a set, from its opening bracket on. */
static int parse_set(struct expr_parser *ps, struct expr *node, enum token close)
{
    struct expr *item = NULL;
    int r;
    node->is_set = 1;
    do {
        r = parser_next(ps);
        if (!r)
            r = parser_choose(ps, &item);
        if (!r)
            r = parser_adopt(ps, node, item);
    } while (!r && ps->lexer.token == TOKEN_COMMA);
    return r ? r : parser_expect(ps, close, close == TOKEN_CLOSE ? "')'" : "']'");
}

/* "VALUE in (a, b)" in both languages; "in [a, b]", which in maps is a list as any other. */
static int parse_in(struct expr_parser *ps, struct expr **ret)
{
    struct expr *node = NULL, *list = NULL;
    int is_map = ps->unit->side == EXPR_MAP;
    int r = parser_node(ps, OP_IN, (*ret)->text.data, &node);
    if (!r)
        r = parser_adopt(ps, node, *ret);
    if (!r)
        r = parser_next(ps);
    if (r)
        return r;
    if (ps->lexer.token == TOKEN_OPEN) {
        r = parse_set(ps, node, TOKEN_CLOSE);
    } else if (is_map) {
        r = parse_sum(ps, &list);
        if (!r)
            r = parser_adopt(ps, node, list);
    } else if (ps->lexer.token == TOKEN_OPEN_LIST) {
        r = parse_set(ps, node, TOKEN_CLOSE_LIST);
    } else {
        return parser_expected(ps, "'(' after 'in'");
    }
    return r ? r : parser_finish(ps, node, ret);
}

static int parse_comparison(struct expr_parser *ps, struct expr **ret)
{
    int r = parse_sum(ps, ret);
    if (r)
        return r;
    if (ps->lexer.token == TOKEN_TILDE || ps->lexer.token == TOKEN_SEARCH)
        return parse_match(ps, ret);
    if (ps->lexer.token == TOKEN_IN)
        return parse_in(ps, ret);
    if (ps->lexer.token < TOKEN_EQ || ps->lexer.token > TOKEN_GE)
        return 0;
    enum expr_op op = OP_EQ + (ps->lexer.token - TOKEN_EQ);
    struct expr *right = NULL;
    r = parser_next(ps);
    if (!r)
        r = parse_sum(ps, &right);
    return r ? r : binary(ps, op, ret, right);
}

static int parse_not(struct expr_parser *ps, struct expr **ret)
{
    if (ps->lexer.token != TOKEN_NOT)
        return parse_comparison(ps, ret);
    return parse_prefix(ps, OP_NOT, parse_not, ret);
}

/* All operands of one chain of and (or of or) become operands of one node. */
static int parse_logic(struct expr_parser *ps, enum token token, enum expr_op op, parse_fn *parse,
                       struct expr **ret)
{
    struct expr *node = NULL, *operand = NULL;
    int r = parse(ps, ret);
    if (r || ps->lexer.token != token)
        return r;
    r = parser_node(ps, op, (*ret)->text.data, &node);
    if (!r)
        r = parser_adopt(ps, node, *ret);
    while (!r && ps->lexer.token == token) {
        r = parser_next(ps);
        if (!r)
            r = parse(ps, &operand);
        if (!r)
            r = parser_adopt(ps, node, operand);
    }
    return r ? r : parser_finish(ps, node, ret);
}

static int parse_and(struct expr_parser *ps, struct expr **ret)
{
    return parse_logic(ps, TOKEN_AND, OP_AND, parse_not, ret);
}

static int parse_or(struct expr_parser *ps, struct expr **ret)
{
    return parse_logic(ps, TOKEN_OR, OP_OR, parse_and, ret);
}

/* "CONDITION ? YES : NO", from the question mark on. */
static int parse_branches(struct expr_parser *ps, struct expr **ret)
{
    struct expr *branch = NULL, *node = NULL;
    int r = parser_node(ps, OP_CHOOSE, (*ret)->text.data, &node);
    if (!r)
        r = parser_adopt(ps, node, *ret);
    if (!r)
        r = parser_next(ps);
    if (!r)
        r = parser_choose(ps, &branch);
    if (!r)
        r = parser_adopt(ps, node, branch);
    if (!r)
        r = parser_expect(ps, TOKEN_COLON, "':'");
    if (!r)
        r = parser_choose(ps, &branch);
    if (!r)
        r = parser_adopt(ps, node, branch);
    return r ? r : parser_finish(ps, node, ret);
}

int parser_choose(struct expr_parser *ps, struct expr **ret)
{
    struct expr *e = NULL;
    int r = parser_enter(ps);
    if (!r)
        r = parse_or(ps, &e);
    if (!r && ps->lexer.token == TOKEN_QUESTION)
        r = parse_branches(ps, &e);
    ps->depth--;
    if (!r)
        *ret = e;
    return r;
}

/* ---- entry points ---- */

static struct expr_parser parser_of(struct expr_unit *unit, struct pare_str text, struct error *err)
{
    return (struct expr_parser){ .unit = unit,
                                 .lexer = { .p = text.data, .end = text.data + text.len },
                                 .last = text.data,
                                 .err = err };
}

/* A whole expression that must end with the text. */
static int parse_to_end(struct expr_parser *ps, struct expr **ret)
{
    int r = parser_choose(ps, ret);
    if (!r && ps->lexer.token != TOKEN_END)
        r = parser_expected(ps, "an operator or the end of the line");
    return r;
}

static int expect_type(struct expr_parser *ps, const struct expr *e, enum expr_type type)
{
    if (e->type == type)
        return 0;
    return error_set(ps->err, PARE_EDATA, "expected %s, not %s", parser_type_name(type),
                     parser_type_name(e->type));
}

int expr_parse(struct expr_unit *unit, struct pare_str text, struct expr **ret_expr,
               struct error *err)
{
    struct expr_parser ps = parser_of(unit, text, err);
    struct expr *e = NULL;
    int r = parser_next(&ps);
    if (!r)
        r = parse_to_end(&ps, &e);
    if (!r)
        r = expect_type(&ps, e, EXPR_TRUTH);
    if (!r)
        *ret_expr = e;
    return r;
}

int expr_parse_value(struct expr_unit *unit, struct pare_str text, enum expr_type type,
                     struct expr **ret_expr, struct pare_str *ret_rest, struct error *err)
{
    struct expr_parser ps = parser_of(unit, text, err);
    struct expr *e = NULL;
    int r = parser_next(&ps);
    if (!r)
        r = parser_choose(&ps, &e);
    if (!r && unit->side == EXPR_RECIPE && ps.lexer.token != TOKEN_END && !parser_is_if(&ps))
        r = parser_expected(&ps, "an operator, 'if' or the end of the line");
    if (!r)
        r = expect_type(&ps, e, type);
    if (r)
        return r;
    const char *rest = ps.lexer.token == TOKEN_END ? ps.lexer.p : ps.lexer.text.data;
    if (ps.lexer.token == TOKEN_TEXT)
        rest--; /* its quotation mark */
    *ret_rest = (struct pare_str){ rest, (size_t)(ps.lexer.end - rest) };
    *ret_expr = e;
    return 0;
}

static int parse_param(struct expr_parser *ps, struct expr_define *define)
{
    int r = parser_next(ps);
    if (r)
        return r;
    if (ps->lexer.token != TOKEN_NAME)
        return parser_expected(ps, "the name of a parameter");
    if (define->n_params == EXPR_MAX_PARAMS)
        return error_set(ps->err, PARE_EDATA, "more than %d parameters", EXPR_MAX_PARAMS);
    define->params[define->n_params++] = ps->lexer.text;
    return parser_next(ps);
}

static int parse_define(struct expr_parser *ps, struct expr_define *define)
{
    int r = parser_next(ps);
    if (r)
        return r;
    if (ps->lexer.token != TOKEN_NAME)
        return parser_expected(ps, "a name after 'define'");
    define->name = ps->lexer.text;
    if (expr_unit_is_taken(ps->unit, define->name))
        return error_set(ps->err, PARE_EDATA, "the name '%.*s' is taken", text_clip(define->name),
                         define->name.data);
    r = parser_next(ps);
    if (!r && ps->lexer.token == TOKEN_OPEN) {
        do
            r = parse_param(ps, define);
        while (!r && ps->lexer.token == TOKEN_COMMA);
        if (!r)
            r = parser_expect(ps, TOKEN_CLOSE, "',' or ')'");
    }
    if (!r)
        r = parser_expect(ps, TOKEN_ASSIGN, "'='");
    return r ? r : parse_to_end(ps, &define->body);
}

int expr_parse_define(struct expr_unit *unit, struct pare_str text, struct error *err)
{
    struct expr_parser ps = parser_of(unit, text, err);
    struct expr_define *define = calloc(1, sizeof *define);
    if (!define)
        return error_oom(err);
    ps.define = define;
    int r = parse_define(&ps, define);
    if (r) {
        free(define);
        return r;
    }
    define->older = unit->defines;
    unit->defines = define;
    return 0;
}
