/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What the files of the parser share: expr.c has the unit and its nodes, expr_values.c makes values
 * (literals, names, calls, lists), expr_parse.c what operators do with them, and expr_types.c gives
 * types to the nodes of recipes. Functions return 0 or a failure that is in parser->err already.
 */
#ifndef LANG_EXPR_PRIVATE_H
#define LANG_EXPR_PRIVATE_H

#include "lang/expr.h"
#include "lang/lexer.h"

struct expr_parser {
    struct expr_unit *unit;
    struct lexer lexer;
    const char *last;                 /* the end of the token before */
    const struct expr_define *define; /* whose parameters may be named, or NULL */
    unsigned depth;
    struct error *err;
};

/* Takes the next token. */
int parser_next(struct expr_parser *ps) __attribute__((warn_unused_result));

/* Fails with "expected WHAT, not 'x'", the text of most mistakes. */
int parser_expected(struct expr_parser *ps, const char *what) __attribute__((warn_unused_result));

/* Takes the next token if the current one is `token`, else fails. */
int parser_expect(struct expr_parser *ps, enum token token, const char *what)
    __attribute__((warn_unused_result));

/* Fails in a recipe with "WHAT is known in architecture maps only". */
int parser_only_in_maps(struct expr_parser *ps, const char *what)
    __attribute__((warn_unused_result));

/* Goes one level deeper; the caller decrements ps->depth afterwards, also on failure. */
int parser_enter(struct expr_parser *ps) __attribute__((warn_unused_result));

/* A new node without operands whose text begins at `start`; the unit owns it. */
int parser_node(struct expr_parser *ps, enum expr_op op, const char *start, struct expr **ret)
    __attribute__((warn_unused_result));

/* Makes an operand the parent's last. */
int parser_adopt(struct expr_parser *ps, struct expr *parent, struct expr *operand)
    __attribute__((warn_unused_result));

/* Ends a node that has all its operands at the token before, and checks its types in a recipe. */
int parser_finish(struct expr_parser *ps, struct expr *node, struct expr **ret)
    __attribute__((warn_unused_result));

/* Gives the node of a recipe its type, from those of its operands (expr_types.c). */
int parser_check_types(struct expr_parser *ps, struct expr *node)
    __attribute__((warn_unused_result));

/* "a number", "a text", for messages. */
const char *parser_type_name(enum expr_type type);

/* Fails when a call of that name has not as many arguments as it takes. */
int parser_check_count(struct expr_parser *ps, const struct expr *call, unsigned min, unsigned max)
    __attribute__((warn_unused_result));

/* The role or definition of that name: 1 and its number, or the definition; else 0 or NULL. */
int expr_unit_find_role(const struct expr_unit *unit, struct pare_str name, uint32_t *ret_role);
const struct expr_define *expr_unit_find_define(const struct expr_unit *unit, struct pare_str name);

/* 1 when a definition or a role cannot have the name. A function that both languages know can be
 * hidden by a recipe's own. */
int expr_unit_is_taken(const struct expr_unit *unit, struct pare_str name);

/* Parses a literal, a name, a call, a list or something in parentheses, with what follows it:
 * fields and elements. */
int parser_value(struct expr_parser *ps, struct expr **ret) __attribute__((warn_unused_result));

/* Parses a whole expression. */
int parser_choose(struct expr_parser *ps, struct expr **ret) __attribute__((warn_unused_result));

/* 1 at the word "if", which ends a value. */
int parser_is_if(const struct expr_parser *ps);

#endif
