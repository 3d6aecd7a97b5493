/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Parser of conditions: recursive descent, loosest first: "?:", or, and, not, comparison, sum,
 * product, minus, value (expr_value.c). Chains are limited by the depth of the tree that they
 * make, nesting by the same limit on the way down; chains of and and or are one node.
 */
#include "lang/expr_private.h"

#include <stdlib.h>
#include <string.h>

typedef int parse_fn(struct expr_parser *ps, struct expr **ret);

static int parse_prefix(struct expr_parser *ps, enum expr_op op, enum expr_type type,
                        parse_fn *parse, struct expr **ret)
{
    struct expr *operand = NULL, *node = NULL;
    int r = parser_enter(ps);
    if (!r)
        r = parser_next(ps);
    if (!r)
        r = parse(ps, &operand);
    ps->depth--;
    if (!r)
        r = parser_need(ps, operand, type, op == OP_NOT ? "not" : "-");
    if (!r)
        r = parser_node(ps, op, type, &node);
    if (r)
        return r;
    *ret = node;
    return parser_adopt(ps, node, operand);
}

static int parse_minus(struct expr_parser *ps, struct expr **ret)
{
    if (ps->lexer.token != TOKEN_MINUS)
        return parser_value(ps, ret);
    return parse_prefix(ps, OP_NEGATE, EXPR_NUMBER, parse_minus, ret);
}

/* Replaces *left by "left op right". */
static int binary(struct expr_parser *ps, enum expr_op op, enum expr_type type, struct expr **left,
                  struct expr *right)
{
    struct expr *node = NULL;
    int r = parser_node(ps, op, type, &node);
    if (!r)
        r = parser_adopt(ps, node, *left);
    if (!r)
        r = parser_adopt(ps, node, right);
    if (!r)
        *left = node;
    return r;
}

/* A chain of operators first .. last (tokens) over what parse gives, from the left. */
static int parse_chain(struct expr_parser *ps, enum token first, enum token last,
                       enum expr_op first_op, parse_fn *parse, struct expr **ret)
{
    int r = parse(ps, ret);
    while (!r && ps->lexer.token >= first && ps->lexer.token <= last) {
        enum expr_op op = first_op + (ps->lexer.token - first);
        char who[2] = { *ps->lexer.text.data, 0 };
        struct expr *right = NULL;
        r = parser_need(ps, *ret, EXPR_NUMBER, who);
        if (!r)
            r = parser_next(ps);
        if (!r)
            r = parse(ps, &right);
        if (!r)
            r = parser_need(ps, right, EXPR_NUMBER, who);
        if (!r)
            r = binary(ps, op, EXPR_NUMBER, ret, right);
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

static int check_comparable(struct expr_parser *ps, enum expr_op op, const struct expr *left,
                            const struct expr *right)
{
    if (left->type != right->type)
        return error_set(ps->err, PARE_EDATA, "%s cannot be compared with %s",
                         parser_type_name(left->type), parser_type_name(right->type));
    if (op >= OP_LT && op <= OP_GE && left->type != EXPR_NUMBER)
        return error_set(ps->err, PARE_EDATA, "%s has no order: only == and != compare it",
                         parser_type_name(left->type));
    return 0;
}

static int prepare_pattern(struct expr_parser *ps, struct expr *node)
{
    if (node->op == OP_SEARCH)
        return regex_new(node->text, &node->regex, ps->err);
    return glob_check(node->text, ps->err);
}

/* "TEXT ~ PATTERN" or "TEXT =~ REGEX", from the operator on. */
static int parse_match(struct expr_parser *ps, struct expr **ret)
{
    struct expr *left = *ret, *node = NULL;
    enum expr_op op = ps->lexer.token == TOKEN_SEARCH ? OP_SEARCH : OP_MATCH;
    int r = parser_need(ps, left, EXPR_TEXT, op == OP_SEARCH ? "=~" : "~");
    if (!r)
        r = parser_next(ps);
    if (r)
        return r;
    if (ps->lexer.token != TOKEN_TEXT)
        return parser_expected(ps, op == OP_SEARCH ? "a regular expression in quotation marks"
                                                   : "a pattern in quotation marks");
    r = parser_node(ps, op, EXPR_TRUTH, &node);
    if (r)
        return r;
    node->text = ps->lexer.text;
    *ret = node;
    r = prepare_pattern(ps, node);
    if (!r)
        r = parser_adopt(ps, node, left);
    return r ? r : parser_next(ps);
}

static int parse_in(struct expr_parser *ps, struct expr **ret)
{
    struct expr *left = *ret, *node = NULL, *item = NULL;
    int r = parser_node(ps, OP_IN, EXPR_TRUTH, &node);
    if (!r)
        r = parser_adopt(ps, node, left);
    if (!r)
        r = parser_next(ps);
    if (!r && ps->lexer.token != TOKEN_OPEN)
        return parser_expected(ps, "'(' after 'in'");
    do {
        if (!r)
            r = parser_next(ps);
        if (!r)
            r = parse_sum(ps, &item);
        if (!r)
            r = check_comparable(ps, OP_EQ, left, item);
        if (!r)
            r = parser_adopt(ps, node, item);
    } while (!r && ps->lexer.token == TOKEN_COMMA);
    *ret = node;
    return r ? r : parser_expect(ps, TOKEN_CLOSE, "')'");
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
    if (!r)
        r = check_comparable(ps, op, *ret, right);
    return r ? r : binary(ps, op, EXPR_TRUTH, ret, right);
}

static int parse_not(struct expr_parser *ps, struct expr **ret)
{
    if (ps->lexer.token != TOKEN_NOT)
        return parse_comparison(ps, ret);
    return parse_prefix(ps, OP_NOT, EXPR_TRUTH, parse_not, ret);
}

/* All operands of one chain of and (or of or) become operands of one node. */
static int parse_logic(struct expr_parser *ps, enum token token, enum expr_op op, parse_fn *parse,
                       struct expr **ret)
{
    const char *who = op == OP_AND ? "and" : "or";
    struct expr *node = NULL, *operand = NULL;
    int r = parse(ps, ret);
    if (r || ps->lexer.token != token)
        return r;
    r = parser_need(ps, *ret, EXPR_TRUTH, who);
    if (!r)
        r = parser_node(ps, op, EXPR_TRUTH, &node);
    if (!r)
        r = parser_adopt(ps, node, *ret);
    while (!r && ps->lexer.token == token) {
        r = parser_next(ps);
        if (!r)
            r = parse(ps, &operand);
        if (!r)
            r = parser_need(ps, operand, EXPR_TRUTH, who);
        if (!r)
            r = parser_adopt(ps, node, operand);
    }
    if (!r)
        *ret = node;
    return r;
}

static int parse_and(struct expr_parser *ps, struct expr **ret)
{
    return parse_logic(ps, TOKEN_AND, OP_AND, parse_not, ret);
}

static int parse_or(struct expr_parser *ps, struct expr **ret)
{
    return parse_logic(ps, TOKEN_OR, OP_OR, parse_and, ret);
}

static int parse_branches(struct expr_parser *ps, struct expr *condition, struct expr **ret)
{
    struct expr *yes = NULL, *no = NULL, *node = NULL;
    int r = parser_need(ps, condition, EXPR_TRUTH, "?");
    if (!r)
        r = parser_next(ps);
    if (!r)
        r = parser_choose(ps, &yes);
    if (!r)
        r = parser_expect(ps, TOKEN_COLON, "':'");
    if (!r)
        r = parser_choose(ps, &no);
    if (!r)
        r = parser_need(ps, no, yes->type, ":");
    if (!r)
        r = parser_node(ps, OP_CHOOSE, yes->type, &node);
    if (!r)
        r = parser_adopt(ps, node, condition);
    if (!r)
        r = parser_adopt(ps, node, yes);
    if (!r)
        r = parser_adopt(ps, node, no);
    if (!r)
        *ret = node;
    return r;
}

int parser_choose(struct expr_parser *ps, struct expr **ret)
{
    int r = parser_enter(ps);
    if (!r)
        r = parse_or(ps, ret);
    if (!r && ps->lexer.token == TOKEN_QUESTION)
        r = parse_branches(ps, *ret, ret);
    ps->depth--;
    return r;
}

static struct expr_parser parser_of(struct expr_unit *unit, struct pare_str text, struct error *err)
{
    return (struct expr_parser){ .unit = unit,
                                 .lexer = { .p = text.data, .end = text.data + text.len },
                                 .err = err };
}

int expr_parse(struct expr_unit *unit, struct pare_str text, struct expr **ret_expr,
               struct error *err)
{
    struct expr_parser ps = parser_of(unit, text, err);
    struct expr *e = NULL;
    int r = parser_next(&ps);
    if (!r)
        r = parser_choose(&ps, &e);
    if (!r && ps.lexer.token != TOKEN_END)
        r = parser_expected(&ps, "an operator or the end of the line");
    if (!r && e->type != EXPR_TRUTH)
        r = error_set(err, PARE_EDATA, "expected a condition, not %s", parser_type_name(e->type));
    if (!r)
        *ret_expr = e;
    return r;
}

static int is_if(const struct lexer *lexer)
{
    return lexer->token == TOKEN_NAME && lexer->text.len == 2 && !memcmp(lexer->text.data, "if", 2);
}

int expr_parse_value(struct expr_unit *unit, struct pare_str text, enum expr_type type,
                     struct expr **ret_expr, struct pare_str *ret_rest, struct error *err)
{
    struct expr_parser ps = parser_of(unit, text, err);
    struct expr *e = NULL;
    int r = parser_next(&ps);
    if (!r)
        r = parser_choose(&ps, &e);
    if (!r && ps.lexer.token != TOKEN_END && !is_if(&ps.lexer))
        r = parser_expected(&ps, "an operator, 'if' or the end of the line");
    if (!r && e->type != type)
        r = error_set(err, PARE_EDATA, "expected %s, not %s", parser_type_name(type),
                      parser_type_name(e->type));
    if (r)
        return r;
    *ret_expr = e;
    *ret_rest = (struct pare_str){ ps.lexer.p, 0 };
    if (ps.lexer.token != TOKEN_END)
        *ret_rest = (struct pare_str){ ps.lexer.text.data,
                                       (size_t)(ps.lexer.end - ps.lexer.text.data) };
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
    if (parser_is_taken(ps->unit, define->name))
        return error_set(ps->err, PARE_EDATA, "the name '%.*s' is taken",
                         define->name.len > 60 ? 60 : (int)define->name.len, define->name.data);
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
    if (!r)
        r = parser_choose(ps, &define->body);
    if (!r && ps->lexer.token != TOKEN_END)
        r = parser_expected(ps, "an operator or the end of the line");
    return r;
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
