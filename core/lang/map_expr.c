/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The parser of the expressions in architecture maps (map_expr.h): a descent by precedence, whose
 * depth is limited. From loose to tight: ? :, or, and, not, comparison, + -, * / %, -, [ ] and dot.
 */
#include "lang/map_tree.h"

#include "base/cleanup.h"

#include <string.h>

struct parser {
    struct lexer lexer;
    struct arena *memory;
    const char *last; /* the end of the token before */
    unsigned depth;
    struct error *err;
};

static int parse_choice(struct parser *ps, struct map_expr **ret);
static int parse_unary(struct parser *ps, struct map_expr **ret);

static int next(struct parser *ps)
{
    ps->last = ps->lexer.p;
    return lexer_take(&ps->lexer, ps->err);
}

static int expected(struct parser *ps, const char *what)
{
    struct pare_str got = ps->lexer.text;
    const char *quote = ps->lexer.token == TOKEN_END ? "" : "'";
    return error_set(ps->err, PARE_EDATA, "expected %s, not %s%.*s%s", what, quote,
                     (int)(got.len > 60 ? 60 : got.len), got.data, quote);
}

static int expect(struct parser *ps, enum token token, const char *what)
{
    return ps->lexer.token == token ? next(ps) : expected(ps, what);
}

static int is_if(const struct parser *ps)
{
    return ps->lexer.token == TOKEN_NAME && ps->lexer.text.len == 2 &&
           !memcmp(ps->lexer.text.data, "if", 2);
}

static int node(struct parser *ps, enum map_op op, const char *start, struct map_expr **ret)
{
    struct map_expr *e = arena_alloc(ps->memory, sizeof *e);
    if (!e)
        return error_oom(ps->err);
    e->op = op;
    e->text = (struct pare_str){ start, (size_t)(ps->last - start) };
    *ret = e;
    return 0;
}

/* Appends an operand. */
static void adopt(struct map_expr *parent, struct map_expr *child)
{
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->n++;
}

static int deeper(struct parser *ps)
{
    if (++ps->depth <= MAP_MAX_DEPTH)
        return 0;
    return error_set(ps->err, PARE_EDATA, "the expression is nested deeper than %d", MAP_MAX_DEPTH);
}

/* A node of what is there already and its operands; the span ends at the last token. */
static int combine(struct parser *ps, enum map_op op, struct map_expr *a, struct map_expr *b,
                   struct map_expr *c, struct map_expr **ret)
{
    struct map_expr *e = NULL;
    int r = node(ps, op, a->text.data, &e);
    if (r)
        return r;
    adopt(e, a);
    if (b)
        adopt(e, b);
    if (c)
        adopt(e, c);
    *ret = e;
    return 0;
}

/* Behind the opening bracket: "[]", "[a, b]", "[x for y in list]" or "[x for y in list if z]". */
static int parse_list(struct parser *ps, const char *start, struct map_expr **ret)
{
    struct map_expr *e = NULL, *item = NULL;
    int r = node(ps, MAP_LIST, start, &e);
    while (!r && ps->lexer.token != TOKEN_CLOSE_LIST) {
        r = parse_choice(ps, &item);
        if (r)
            return r;
        adopt(e, item);
        if (e->n == 1 && ps->lexer.token == TOKEN_FOR) {
            e->op = MAP_FOR;
            r = next(ps);
            e->name = ps->lexer.text;
            if (!r)
                r = expect(ps, TOKEN_NAME, "a name after 'for'");
            if (!r)
                r = expect(ps, TOKEN_IN, "'in'");
            if (!r)
                r = parse_choice(ps, &item);
            if (!r)
                adopt(e, item);
            if (!r && is_if(ps)) {
                r = next(ps);
                if (!r)
                    r = parse_choice(ps, &item);
                if (!r)
                    adopt(e, item);
            }
            break;
        }
        if (ps->lexer.token != TOKEN_COMMA)
            break;
        r = next(ps);
    }
    if (!r)
        r = expect(ps, TOKEN_CLOSE_LIST, "']'");
    if (r)
        return r;
    e->text.len = (size_t)(ps->last - start);
    *ret = e;
    return 0;
}

static unsigned find_function(struct pare_str name)
{
    unsigned i = 0;
    while (i < map_n_functions && (strlen(map_functions[i].name) != name.len ||
                                   memcmp(map_functions[i].name, name.data, name.len) != 0))
        i++;
    return i;
}

/* Behind the opening parenthesis of a call. */
static int parse_call(struct parser *ps, struct pare_str name, struct map_expr **ret)
{
    struct map_expr *e = NULL, *argument = NULL;
    int r = node(ps, MAP_CALL, name.data, &e);
    if (r)
        return r;
    e->name = name;
    e->function = find_function(name);
    while (!r && ps->lexer.token != TOKEN_CLOSE) {
        r = parse_choice(ps, &argument);
        if (!r && e->n == MAP_MAX_ARGS)
            r = error_set(ps->err, PARE_EDATA, "more than %d arguments", MAP_MAX_ARGS);
        if (!r)
            adopt(e, argument);
        if (r || ps->lexer.token != TOKEN_COMMA)
            break;
        r = next(ps);
    }
    if (!r)
        r = expect(ps, TOKEN_CLOSE, "')'");
    if (r)
        return r;
    unsigned min = 1, max = 1;
    if (e->function < map_n_functions) {
        min = map_functions[e->function].min_args;
        max = map_functions[e->function].max_args;
    }
    if (e->n < min || e->n > max)
        return error_set(ps->err, PARE_EDATA, "%.*s() takes %u to %u arguments, not %u",
                         (int)name.len, name.data, min, max, e->n);
    e->text.len = (size_t)(ps->last - name.data);
    *ret = e;
    return 0;
}

static int parse_name(struct parser *ps, struct map_expr **ret)
{
    struct pare_str name = ps->lexer.text;
    int r = next(ps);
    if (!r && ps->lexer.token == TOKEN_OPEN) {
        r = next(ps);
        return r ? r : parse_call(ps, name, ret);
    }
    if (!r)
        r = node(ps, MAP_NAME, name.data, ret);
    if (r)
        return r;
    (*ret)->name = name;
    (*ret)->text = name;
    return 0;
}

static int parse_primary(struct parser *ps, struct map_expr **ret)
{
    const char *start = ps->lexer.text.data;
    struct lexer token = ps->lexer;
    enum map_op op = MAP_NULL;
    int r;
    switch (token.token) {
    case TOKEN_NAME:
        return parse_name(ps, ret);
    case TOKEN_OPEN:
        r = next(ps);
        if (!r)
            r = parse_choice(ps, ret);
        return r ? r : expect(ps, TOKEN_CLOSE, "')'");
    case TOKEN_OPEN_LIST:
        r = next(ps);
        return r ? r : parse_list(ps, start, ret);
    case TOKEN_NUMBER:
        op = MAP_NUMBER;
        break;
    case TOKEN_REAL:
        op = MAP_REAL;
        break;
    case TOKEN_TEXT:
        op = MAP_TEXT;
        break;
    case TOKEN_NULL:
        op = MAP_NULL;
        break;
    case TOKEN_TRUE:
    case TOKEN_FALSE:
        op = MAP_TRUTH;
        token.number = token.token == TOKEN_TRUE;
        break;
    default:
        return expected(ps, "a value");
    }
    r = next(ps);
    if (!r)
        r = node(ps, op, start, ret);
    if (r)
        return r;
    (*ret)->number = token.number;
    (*ret)->real = token.real;
    (*ret)->name = token.text;
    return 0;
}

static int parse_postfix(struct parser *ps, struct map_expr **ret)
{
    struct map_expr *e = NULL, *index = NULL;
    int r = parse_primary(ps, &e);
    while (!r && (ps->lexer.token == TOKEN_DOT || ps->lexer.token == TOKEN_OPEN_LIST)) {
        int is_dot = ps->lexer.token == TOKEN_DOT;
        struct map_expr *base = e;
        r = next(ps);
        struct pare_str name = ps->lexer.text;
        if (!r)
            r = is_dot ? expect(ps, TOKEN_NAME, "a name after '.'") : parse_choice(ps, &index);
        if (!r && !is_dot)
            r = expect(ps, TOKEN_CLOSE_LIST, "']'");
        if (!r)
            r = deeper(ps);
        if (!r)
            r = combine(ps, is_dot ? MAP_FIELD : MAP_INDEX, base, is_dot ? NULL : index, NULL, &e);
        if (!r)
            e->name = name;
    }
    if (!r)
        *ret = e;
    return r;
}

static int parse_unary(struct parser *ps, struct map_expr **ret)
{
    struct map_expr *e = NULL;
    const char *start = ps->lexer.text.data;
    if (ps->lexer.token != TOKEN_MINUS)
        return parse_postfix(ps, ret);
    int r = next(ps);
    if (!r)
        r = deeper(ps);
    if (!r)
        r = parse_unary(ps, &e);
    if (!r)
        r = combine(ps, MAP_NEGATE, e, NULL, NULL, ret);
    if (!r)
        (*ret)->text = (struct pare_str){ start, (size_t)(ps->last - start) };
    return r;
}

/* Operands joined by tokens first..last, from left to right. */
static int parse_chain(struct parser *ps, enum token first, enum token last,
                       int (*parse)(struct parser *, struct map_expr **), struct map_expr **ret)
{
    struct map_expr *e = NULL, *right = NULL;
    int r = parse(ps, &e);
    while (!r && ps->lexer.token >= first && ps->lexer.token <= last) {
        enum token token = ps->lexer.token;
        struct map_expr *left = e;
        r = next(ps);
        if (!r)
            r = parse(ps, &right);
        if (!r)
            r = deeper(ps);
        if (!r)
            r = combine(ps,
                        token == TOKEN_AND  ? MAP_AND
                        : token == TOKEN_OR ? MAP_OR
                                            : MAP_BINARY,
                        left, right, NULL, &e);
        if (!r)
            e->token = token;
    }
    if (!r)
        *ret = e;
    return r;
}

static int parse_product(struct parser *ps, struct map_expr **ret)
{
    return parse_chain(ps, TOKEN_STAR, TOKEN_PERCENT, parse_unary, ret);
}

static int parse_sum(struct parser *ps, struct map_expr **ret)
{
    return parse_chain(ps, TOKEN_PLUS, TOKEN_MINUS, parse_product, ret);
}

static int parse_comparison(struct parser *ps, struct map_expr **ret)
{
    if (ps->lexer.token == TOKEN_NOT) {
        struct map_expr *e = NULL;
        int r = next(ps);
        if (!r)
            r = deeper(ps);
        if (!r)
            r = parse_comparison(ps, &e);
        return r ? r : combine(ps, MAP_NOT, e, NULL, NULL, ret);
    }
    struct map_expr *left = NULL, *right = NULL;
    int r = parse_sum(ps, &left);
    enum token token = ps->lexer.token;
    if (r || ((token < TOKEN_EQ || token > TOKEN_GE) && token != TOKEN_IN)) {
        *ret = left;
        return r;
    }
    r = next(ps);
    if (!r)
        r = parse_sum(ps, &right);
    if (!r)
        r = combine(ps, MAP_BINARY, left, right, NULL, ret);
    if (!r)
        (*ret)->token = token;
    return r;
}

static int parse_and(struct parser *ps, struct map_expr **ret)
{
    return parse_chain(ps, TOKEN_AND, TOKEN_AND, parse_comparison, ret);
}

static int parse_or(struct parser *ps, struct map_expr **ret)
{
    return parse_chain(ps, TOKEN_OR, TOKEN_OR, parse_and, ret);
}

static int parse_choice(struct parser *ps, struct map_expr **ret)
{
    struct map_expr *condition = NULL, *yes = NULL, *no = NULL;
    unsigned depth = ps->depth;
    int r = deeper(ps);
    if (!r)
        r = parse_or(ps, &condition);
    if (!r && ps->lexer.token == TOKEN_QUESTION) {
        r = next(ps);
        if (!r)
            r = parse_choice(ps, &yes);
        if (!r)
            r = expect(ps, TOKEN_COLON, "':'");
        if (!r)
            r = parse_choice(ps, &no);
        if (!r)
            r = combine(ps, MAP_CHOOSE, condition, yes, no, &condition);
    }
    if (r)
        return r;
    ps->depth = depth;
    *ret = condition;
    return 0;
}

int map_expr_parse(struct arena *memory, struct pare_str text, struct map_expr **ret_expr,
                   struct pare_str *ret_rest, struct error *err)
{
    struct parser ps = { .lexer = { .p = text.data, .end = text.data + text.len, .wide = 1 },
                         .memory = memory,
                         .last = text.data,
                         .err = err };
    struct map_expr *e = NULL;
    int r = next(&ps);
    if (!r)
        r = parse_choice(&ps, &e);
    if (r)
        return r;
    const char *rest = ps.lexer.token == TOKEN_END ? ps.lexer.p : ps.lexer.text.data;
    if (ps.lexer.token == TOKEN_TEXT)
        rest--; /* its quotation mark */
    *ret_rest = (struct pare_str){ rest, (size_t)(ps.lexer.end - rest) };
    *ret_expr = e;
    return 0;
}

struct pare_str map_expr_text(const struct map_expr *expr)
{
    return expr->text;
}

int map_expr_is_name(const struct map_expr *expr, struct pare_str *ret_name)
{
    const struct map_expr *e = expr;
    while (e->op == MAP_FIELD)
        e = e->first;
    if (e->op != MAP_NAME)
        return 0;
    *ret_name = expr->text;
    return 1;
}
