/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What the two halves of the parser of conditions share: expr_value.c makes values (literals,
 * names, calls), expr_parse.c what operators do with them. Functions return 0 or a failure that
 * is in parser->err already.
 */
#ifndef LANG_EXPR_PRIVATE_H
#define LANG_EXPR_PRIVATE_H

#include "lang/expr.h"
#include "lang/lexer.h"

struct expr_parser {
    struct expr_unit *unit;
    struct lexer lexer;
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

/* Goes one level deeper; the caller decrements ps->depth afterwards, also on failure. */
int parser_enter(struct expr_parser *ps) __attribute__((warn_unused_result));

/* A new node without operands; the unit owns it. */
int parser_node(struct expr_parser *ps, enum expr_op op, enum expr_type type, struct expr **ret)
    __attribute__((warn_unused_result));

/* Makes an operand the parent's last. */
int parser_adopt(struct expr_parser *ps, struct expr *parent, struct expr *operand)
    __attribute__((warn_unused_result));

/* Fails with "'WHO' expects a number, not a text" unless e has the type. */
int parser_need(struct expr_parser *ps, const struct expr *e, enum expr_type type, const char *who)
    __attribute__((warn_unused_result));

/* "a number", "a text", for messages. */
const char *parser_type_name(enum expr_type type);

/* 1 when the language, a definition or a role has the name. */
int parser_is_taken(const struct expr_unit *unit, struct pare_str name);

/* Parses a literal, a name, a call or something in parentheses. */
int parser_value(struct expr_parser *ps, struct expr **ret) __attribute__((warn_unused_result));

/* Parses a whole expression. */
int parser_choose(struct expr_parser *ps, struct expr **ret) __attribute__((warn_unused_result));

#endif
