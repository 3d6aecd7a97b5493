/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The words of an expression, one at a time. Private to expr_parse.c and its tests.
 */
#ifndef CONVERT_EXPR_LEX_H
#define CONVERT_EXPR_LEX_H

#include "convert/expr.h"

enum expr_token {
    TOKEN_END, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_NAME, TOKEN_AND, TOKEN_OR, TOKEN_NOT, TOKEN_IN,
    TOKEN_TRUE, TOKEN_FALSE, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COMMA, TOKEN_QUESTION, TOKEN_COLON,
    TOKEN_ASSIGN, TOKEN_EQ, TOKEN_NE, TOKEN_LT, TOKEN_LE, TOKEN_GT, TOKEN_GE, TOKEN_TILDE,
    TOKEN_SEARCH, TOKEN_PLUS, TOKEN_MINUS, TOKEN_STAR, TOKEN_SLASH, TOKEN_PERCENT
};

struct expr_lexer {
    const char *p, *end;
    enum expr_token token;
    struct pare_str text; /* the token as written; a text without its quotation marks */
    int64_t number;
};

/* Takes the next token into the lexer. PARE_EDATA: an unknown character, a number that is too
 * large, or a text without its end. */
int expr_lex(struct expr_lexer *lexer, struct error *err) __attribute__((warn_unused_result));

/* 1 for a word that the language itself uses ("and"). */
int expr_is_keyword(struct pare_str word);

#endif
