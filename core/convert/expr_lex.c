/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The words of an expression: see expr_lex.h. */
#include "convert/expr_lex.h"

#include <string.h>

static const struct {
    const char *word;
    enum expr_token token;
} keywords[] = {
    { "and", TOKEN_AND }, { "or", TOKEN_OR },     { "not", TOKEN_NOT },
    { "in", TOKEN_IN },   { "true", TOKEN_TRUE }, { "false", TOKEN_FALSE },
};

/* Two-character operators come before those that they begin with. */
static const struct {
    const char *text;
    enum expr_token token;
} operators[] = {
    { "==", TOKEN_EQ },    { "!=", TOKEN_NE },       { "<=", TOKEN_LE },    { ">=", TOKEN_GE },
    { "=~", TOKEN_SEARCH },
    { "<", TOKEN_LT },     { ">", TOKEN_GT },        { "=", TOKEN_ASSIGN }, { "~", TOKEN_TILDE },
    { "(", TOKEN_OPEN },   { ")", TOKEN_CLOSE },     { ",", TOKEN_COMMA },  { "?", TOKEN_QUESTION },
    { ":", TOKEN_COLON },  { "+", TOKEN_PLUS },      { "-", TOKEN_MINUS },  { "*", TOKEN_STAR },
    { "/", TOKEN_SLASH },  { "%", TOKEN_PERCENT },
};

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static enum expr_token keyword(struct pare_str word)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (word.len == strlen(keywords[i].word) && !memcmp(word.data, keywords[i].word, word.len))
            return keywords[i].token;
    return TOKEN_NAME;
}

int expr_is_keyword(struct pare_str word)
{
    return keyword(word) != TOKEN_NAME;
}

static int lex_word(struct expr_lexer *lexer, struct error *err)
{
    const char *start = lexer->p;
    while (lexer->p < lexer->end && is_word(*lexer->p))
        lexer->p++;
    lexer->text = (struct pare_str){ start, (size_t)(lexer->p - start) };
    if (!is_digit(*start)) {
        lexer->token = keyword(lexer->text);
        return 0;
    }
    int64_t number = 0;
    for (const char *p = start; p < lexer->p; p++) {
        if (!is_digit(*p))
            return error_set(err, PARE_EDATA, "'%.*s' is neither a number nor a name",
                             (int)(lexer->p - start), start);
        if (__builtin_mul_overflow(number, (int64_t)10, &number) ||
            __builtin_add_overflow(number, (int64_t)(*p - '0'), &number))
            return error_set(err, PARE_EDATA, "the number %.*s is too large",
                             (int)(lexer->p - start), start);
    }
    lexer->token = TOKEN_NUMBER;
    lexer->number = number;
    return 0;
}

static int lex_text(struct expr_lexer *lexer, struct error *err)
{
    const char *start = ++lexer->p;
    const char *close = memchr(start, '"', (size_t)(lexer->end - start));
    if (!close)
        return error_set(err, PARE_EDATA, "a text lacks its closing quotation mark");
    lexer->token = TOKEN_TEXT;
    lexer->text = (struct pare_str){ start, (size_t)(close - start) };
    lexer->p = close + 1;
    return 0;
}

static int lex_operator(struct expr_lexer *lexer, struct error *err)
{
    size_t left = (size_t)(lexer->end - lexer->p);
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t n = strlen(operators[i].text);
        if (n <= left && !memcmp(lexer->p, operators[i].text, n)) {
            lexer->token = operators[i].token;
            lexer->text = (struct pare_str){ lexer->p, n };
            lexer->p += n;
            return 0;
        }
    }
    return error_set(err, PARE_EDATA, "'%c' has no meaning here", *lexer->p);
}

int expr_lex(struct expr_lexer *lexer, struct error *err)
{
    while (lexer->p < lexer->end && (*lexer->p == ' ' || *lexer->p == '\t'))
        lexer->p++;
    if (lexer->p == lexer->end) {
        lexer->token = TOKEN_END;
        lexer->text = (struct pare_str){ "the end of the line", 19 };
        return 0;
    }
    if (is_word(*lexer->p))
        return lex_word(lexer, err);
    return *lexer->p == '"' ? lex_text(lexer, err) : lex_operator(lexer, err);
}
