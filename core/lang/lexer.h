/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The tokens of an expression, one at a time, the same for recipes and architecture maps. */
#ifndef LANG_LEXER_H
#define LANG_LEXER_H

#include "base/error.h"

/* clang-format off */
enum token {
    TOKEN_END, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_NAME, TOKEN_AND, TOKEN_OR, TOKEN_NOT, TOKEN_IN,
    TOKEN_TRUE, TOKEN_FALSE, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COMMA, TOKEN_QUESTION, TOKEN_COLON,
    TOKEN_ASSIGN, TOKEN_EQ, TOKEN_NE, TOKEN_LT, TOKEN_LE, TOKEN_GT, TOKEN_GE, TOKEN_TILDE,
    TOKEN_SEARCH, TOKEN_PLUS, TOKEN_MINUS, TOKEN_STAR, TOKEN_SLASH, TOKEN_PERCENT,
    TOKEN_REAL, TOKEN_DOT, TOKEN_OPEN_LIST, TOKEN_CLOSE_LIST, TOKEN_NULL, TOKEN_FOR
};
/* clang-format on */

struct lexer {
    const char *p, *end;
    enum token token;
    struct pare_str text; /* the token as written; a text without its quotation marks */
    int64_t number;
    double real; /* TOKEN_REAL */
};

/* Takes the next token into the lexer. PARE_EDATA: an unknown character, a number that is too
 * large, or a text without its end. */
int lexer_take(struct lexer *lexer, struct error *err) __attribute__((warn_unused_result));

/* 1 for a word that the language uses itself ("and"), which can be no name. */
int lexer_is_keyword(struct pare_str word);

#endif
