/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Values in conditions: literals, what the language knows by name, roles, parameters and calls of
 * definitions. Every node gets its type, its depth and whether it looks at a tensor as soon as it
 * is made; what does not fit is refused there.
 */
#include "lang/expr_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum expr_type type;
} variables[EXPR_N_VARS] = {
    [EXPR_ARCH] = { "arch", EXPR_TEXT },
    [EXPR_FORMAT] = { "format", EXPR_TEXT },
    [EXPR_SOURCE_FORMAT] = { "source_format", EXPR_TEXT },
    [EXPR_DEFAULT] = { "default", EXPR_TEXT },
    [EXPR_LAYERS] = { "layers", EXPR_NUMBER },
    [EXPR_HEADS] = { "heads", EXPR_NUMBER },
    [EXPR_HEADS_KV] = { "heads_kv", EXPR_NUMBER },
    [EXPR_GQA] = { "gqa", EXPR_NUMBER },
    [EXPR_EXPERTS] = { "experts", EXPR_NUMBER },
    [EXPR_FILE_TYPE] = { "file_type", EXPR_NUMBER },
    [EXPR_IMPORTANCE] = { "importance", EXPR_TRUTH },
    [EXPR_IMPORTANCE_FILE] = { "importance_file", EXPR_TEXT },
    [EXPR_IMPORTANCE_DATASET] = { "importance_dataset", EXPR_TEXT },
    [EXPR_IMPORTANCE_ENTRIES] = { "importance_entries", EXPR_NUMBER },
    [EXPR_IMPORTANCE_CHUNKS] = { "importance_chunks", EXPR_NUMBER },
    [EXPR_NAME] = { "name", EXPR_TEXT },
    [EXPR_SOURCE] = { "source", EXPR_TEXT },
    [EXPR_ROLE_OF] = { "role", EXPR_ROLE },
    [EXPR_LAYER] = { "layer", EXPR_NUMBER },
    [EXPR_RANK] = { "rank", EXPR_NUMBER },
    [EXPR_COLS] = { "cols", EXPR_NUMBER },
    [EXPR_ROWS] = { "rows", EXPR_NUMBER },
    [EXPR_ELEMENTS] = { "elements", EXPR_NUMBER },
    [EXPR_PURPOSE] = { "purpose", EXPR_TEXT },
    [EXPR_OP] = { "op", EXPR_TEXT },
    [EXPR_CHANNEL] = { "channel", EXPR_NUMBER },
};

static const struct {
    const char *name;
    enum expr_op op;
    enum expr_type type, argument;
    int and_number; /* after the argument */
    int per_tensor;
} functions[] = {
    { "dim", OP_DIM, EXPR_NUMBER, EXPR_NUMBER, 0, 1 },
    { "block", OP_BLOCK, EXPR_NUMBER, EXPR_TEXT, 0, 0 },
    { "index", OP_INDEX, EXPR_NUMBER, EXPR_ROLE, 0, 1 },
    { "count", OP_COUNT, EXPR_NUMBER, EXPR_ROLE, 0, 0 },
    { "cut", OP_CUT, EXPR_TEXT, EXPR_TEXT, 1, 0 },
};

#define N_FUNCTIONS (sizeof functions / sizeof *functions)

static const char *const type_names[] = {
    [EXPR_NUMBER] = "a number",
    [EXPR_TRUTH] = "a condition",
    [EXPR_TEXT] = "a text",
    [EXPR_ROLE] = "a role",
};

static int is_word(struct pare_str s, const char *word)
{
    return s.len == strlen(word) && !memcmp(s.data, word, s.len);
}

int parser_next(struct expr_parser *ps)
{
    return lexer_take(&ps->lexer, ps->err);
}

int parser_expected(struct expr_parser *ps, const char *what)
{
    struct pare_str got = ps->lexer.text;
    const char *quote = ps->lexer.token == TOKEN_END ? "" : "'";
    int len = got.len > 60 ? 60 : (int)got.len;
    return error_set(ps->err, PARE_EDATA, "expected %s, not %s%.*s%s", what, quote, len, got.data,
                     quote);
}

int parser_expect(struct expr_parser *ps, enum token token, const char *what)
{
    return ps->lexer.token == token ? parser_next(ps) : parser_expected(ps, what);
}

int parser_enter(struct expr_parser *ps)
{
    if (++ps->depth > EXPR_MAX_DEPTH)
        return error_set(ps->err, PARE_EDATA, "nested deeper than %d levels", EXPR_MAX_DEPTH);
    return 0;
}

int parser_node(struct expr_parser *ps, enum expr_op op, enum expr_type type, struct expr **ret)
{
    if (ps->unit->n_nodes >= EXPR_MAX_NODES)
        return error_set(ps->err, PARE_EDATA, "more than %d operations in one recipe",
                         EXPR_MAX_NODES);
    struct expr *node = calloc(1, sizeof *node);
    if (!node)
        return error_oom(ps->err);
    node->op = op;
    node->type = type;
    node->depth = 1;
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
    parent->per_tensor |= operand->per_tensor;
    if (operand->depth + 1 > parent->depth)
        parent->depth = operand->depth + 1;
    if (parent->depth > EXPR_MAX_DEPTH)
        return error_set(ps->err, PARE_EDATA, "nested deeper than %d levels", EXPR_MAX_DEPTH);
    return 0;
}

int parser_need(struct expr_parser *ps, const struct expr *e, enum expr_type type, const char *who)
{
    if (e->type == type)
        return 0;
    return error_set(ps->err, PARE_EDATA, "'%s' expects %s, not %s", who, type_names[type],
                     type_names[e->type]);
}

const char *parser_type_name(enum expr_type type)
{
    return type_names[type];
}

static int find_role(const struct expr_unit *unit, struct pare_str name, uint32_t *ret_role)
{
    for (uint32_t i = 0; i < unit->n_roles; i++)
        if (expr_same(unit->roles[i], name)) {
            *ret_role = i;
            return 1;
        }
    return 0;
}

static const struct expr_define *find_define(const struct expr_unit *unit, struct pare_str name)
{
    for (const struct expr_define *d = unit->defines; d; d = d->older)
        if (expr_same(d->name, name))
            return d;
    return NULL;
}

static int find_param(const struct expr_define *define, struct pare_str name, uint32_t *ret_param)
{
    for (uint32_t i = 0; define && i < define->n_params; i++)
        if (expr_same(define->params[i], name)) {
            *ret_param = i;
            return 1;
        }
    return 0;
}

int parser_is_taken(const struct expr_unit *unit, struct pare_str name)
{
    uint32_t role;
    for (int i = 0; i < EXPR_N_VARS; i++)
        if (is_word(name, variables[i].name))
            return 1;
    for (size_t i = 0; i < N_FUNCTIONS; i++)
        if (is_word(name, functions[i].name))
            return 1;
    return lexer_is_keyword(name) || find_define(unit, name) || find_role(unit, name, &role);
}

/* "index(attn_v, attn_qkv)": the roles become a mask. */
static int parse_role_set(struct expr_parser *ps, struct expr *node)
{
    for (;;) {
        uint32_t role;
        if (ps->lexer.token != TOKEN_NAME || !find_role(ps->unit, ps->lexer.text, &role))
            return parser_expected(ps, "the name of a role");
        node->number = (int64_t)((uint64_t)node->number | UINT64_C(1) << role);
        int r = parser_next(ps);
        if (r || ps->lexer.token != TOKEN_COMMA)
            return r;
        r = parser_next(ps);
        if (r)
            return r;
    }
}

static int parse_operand(struct expr_parser *ps, size_t f, enum expr_type type, struct expr *node)
{
    struct expr *operand = NULL;
    int r = parser_choose(ps, &operand);
    if (!r)
        r = parser_need(ps, operand, type, functions[f].name);
    return r ? r : parser_adopt(ps, node, operand);
}

static int parse_function(struct expr_parser *ps, size_t f, struct expr **ret)
{
    struct expr *node = NULL;
    int r = parser_node(ps, functions[f].op, functions[f].type, &node);
    if (!r)
        r = parser_next(ps);
    if (!r)
        r = parser_expect(ps, TOKEN_OPEN, "'('");
    if (r)
        return r;
    if (functions[f].argument == EXPR_ROLE)
        r = parse_role_set(ps, node);
    else
        r = parse_operand(ps, f, functions[f].argument, node);
    if (!r && functions[f].and_number)
        r = parser_expect(ps, TOKEN_COMMA, "','");
    if (!r && functions[f].and_number)
        r = parse_operand(ps, f, EXPR_NUMBER, node);
    node->per_tensor |= functions[f].per_tensor;
    *ret = node;
    return r ? r : parser_expect(ps, TOKEN_CLOSE, "')'");
}

static int parse_argument(struct expr_parser *ps, const struct expr_define *define, uint32_t i,
                          struct expr *call)
{
    char who[64];
    (void)snprintf(who, sizeof who, "%.*s", (int)define->name.len, define->name.data);
    struct expr *argument = NULL;
    int r = parser_expect(ps, i ? TOKEN_COMMA : TOKEN_OPEN, i ? "','" : "'('");
    if (!r)
        r = parser_choose(ps, &argument);
    if (!r)
        r = parser_need(ps, argument, EXPR_NUMBER, who);
    return r ? r : parser_adopt(ps, call, argument);
}

static int parse_call(struct expr_parser *ps, const struct expr_define *define, struct expr **ret)
{
    struct expr *call = NULL;
    int r = parser_node(ps, OP_CALL, define->body->type, &call);
    if (r)
        return r;
    call->define = define;
    call->per_tensor = define->body->per_tensor;
    call->depth = define->body->depth + 1;
    r = parser_next(ps);
    for (uint32_t i = 0; !r && i < define->n_params; i++)
        r = parse_argument(ps, define, i, call);
    if (!r && call->depth > EXPR_MAX_DEPTH)
        r = error_set(ps->err, PARE_EDATA, "nested deeper than %d levels", EXPR_MAX_DEPTH);
    if (!r && define->n_params)
        r = parser_expect(ps, TOKEN_CLOSE, "')'");
    *ret = call;
    return r;
}

static int parse_leaf(struct expr_parser *ps, enum expr_op op, enum expr_type type, int64_t number,
                      struct expr **ret)
{
    struct expr *node = NULL;
    int r = parser_node(ps, op, type, &node);
    if (r)
        return r;
    node->number = number;
    node->text = ps->lexer.text;
    node->per_tensor = op == OP_VAR && number >= EXPR_NAME;
    *ret = node;
    return parser_next(ps);
}

static int parse_name(struct expr_parser *ps, struct expr **ret)
{
    struct pare_str name = ps->lexer.text;
    uint32_t number;
    if (find_param(ps->define, name, &number))
        return parse_leaf(ps, OP_PARAM, EXPR_NUMBER, number, ret);
    for (int i = 0; i < EXPR_N_VARS; i++)
        if (is_word(name, variables[i].name))
            return parse_leaf(ps, OP_VAR, variables[i].type, i, ret);
    for (size_t i = 0; i < N_FUNCTIONS; i++)
        if (is_word(name, functions[i].name))
            return parse_function(ps, i, ret);
    if (find_role(ps->unit, name, &number))
        return parse_leaf(ps, OP_ROLE, EXPR_ROLE, number, ret);
    const struct expr_define *define = find_define(ps->unit, name);
    if (define)
        return parse_call(ps, define, ret);
    return error_set(ps->err, PARE_EDATA, "unknown name '%.*s'", name.len > 60 ? 60 : (int)name.len,
                     name.data);
}

int parser_value(struct expr_parser *ps, struct expr **ret)
{
    int r;
    switch (ps->lexer.token) {
    case TOKEN_NUMBER:
        return parse_leaf(ps, OP_NUMBER, EXPR_NUMBER, ps->lexer.number, ret);
    case TOKEN_TRUE:
    case TOKEN_FALSE:
        return parse_leaf(ps, OP_NUMBER, EXPR_TRUTH, ps->lexer.token == TOKEN_TRUE, ret);
    case TOKEN_TEXT:
        return parse_leaf(ps, OP_TEXT, EXPR_TEXT, 0, ret);
    case TOKEN_NAME:
        return parse_name(ps, ret);
    case TOKEN_OPEN:
        r = parser_next(ps);
        if (!r)
            r = parser_choose(ps, ret);
        return r ? r : parser_expect(ps, TOKEN_CLOSE, "')'");
    default:
        return parser_expected(ps, "a value");
    }
}

int expr_unit_role(struct expr_unit *unit, struct pare_str name, uint32_t *ret_role,
                   struct error *err)
{
    if (find_role(unit, name, ret_role))
        return 0;
    int len = name.len > 60 ? 60 : (int)name.len;
    if (parser_is_taken(unit, name))
        return error_set(err, PARE_EDATA, "the name '%.*s' is taken", len, name.data);
    if (unit->n_roles == EXPR_MAX_ROLES)
        return error_set(err, PARE_EDATA, "more than %d roles", EXPR_MAX_ROLES);
    unit->roles[unit->n_roles] = name;
    *ret_role = unit->n_roles++;
    return 0;
}
