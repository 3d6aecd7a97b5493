/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The tokens of an expression: see lexer.h. */
#include "lang/lexer.h"

#include "base/text.h"
#include "base/values.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    enum token token;
} keywords[] = {
    { "and", TOKEN_AND },   { "or", TOKEN_OR },       { "not", TOKEN_NOT },   { "in", TOKEN_IN },
    { "true", TOKEN_TRUE }, { "false", TOKEN_FALSE }, { "null", TOKEN_NULL }, { "for", TOKEN_FOR },
};

/* Two-character operators come before those that they begin with. */
static const struct {
    const char *text;
    enum token token;
} operators[] = {
    { "==", TOKEN_EQ },        { "!=", TOKEN_NE },     { "<=", TOKEN_LE },
    { ">=", TOKEN_GE },        { "=~", TOKEN_SEARCH }, { "<", TOKEN_LT },
    { ">", TOKEN_GT },         { "=", TOKEN_ASSIGN },  { "~", TOKEN_TILDE },
    { "(", TOKEN_OPEN },       { ")", TOKEN_CLOSE },   { ",", TOKEN_COMMA },
    { "?", TOKEN_QUESTION },   { ":", TOKEN_COLON },   { "+", TOKEN_PLUS },
    { "-", TOKEN_MINUS },      { "*", TOKEN_STAR },    { "/", TOKEN_SLASH },
    { "%", TOKEN_PERCENT },    { ".", TOKEN_DOT },     { "[", TOKEN_OPEN_LIST },
    { "]", TOKEN_CLOSE_LIST },
};

static int is_word(char c)
{
    return text_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static enum token keyword(struct pare_str word)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (word.len == strlen(keywords[i].word) && !memcmp(word.data, keywords[i].word, word.len))
            return keywords[i].token;
    return TOKEN_NAME;
}

int lexer_is_keyword(struct pare_str word)
{
    return keyword(word) != TOKEN_NAME;
}

/* Takes a number such as 0.5 or 1e-6: 1, or 0 for a whole number in plain digits or none at all. */
static int lex_real(struct lexer *lexer)
{
    char text[64];
    size_t n = 0, left = (size_t)(lexer->end - lexer->p);
    while (n < left && n + 1 < sizeof text &&
           (text_is_digit(lexer->p[n]) || strchr(".eE", lexer->p[n]) ||
            (n && strchr("+-", lexer->p[n]) && strchr("eE", lexer->p[n - 1]))))
        n++;
    memcpy(text, lexer->p, n);
    text[n] = 0;
    char *end;
    double real = strtod(text, &end);
    n = (size_t)(end - text);
    text[n] = 0;
    if (strcspn(text, ".eE") >= n || value_real(text, &real) || (n < left && is_word(lexer->p[n])))
        return 0;
    lexer->token = TOKEN_REAL;
    lexer->real = real;
    lexer->text = (struct pare_str){ lexer->p, n };
    lexer->p += n;
    return 1;
}

static int lex_word(struct lexer *lexer, struct error *err)
{
    const char *start = lexer->p;
    if (text_is_digit(*start) && lex_real(lexer))
        return 0;
    while (lexer->p < lexer->end && is_word(*lexer->p))
        lexer->p++;
    lexer->text = (struct pare_str){ start, (size_t)(lexer->p - start) };
    if (!text_is_digit(*start)) {
        lexer->token = keyword(lexer->text);
        return 0;
    }
    int64_t number = 0;
    for (const char *p = start; p < lexer->p; p++) {
        if (!text_is_digit(*p))
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

static int lex_text(struct lexer *lexer, struct error *err)
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

static int lex_operator(struct lexer *lexer, struct error *err)
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

int lexer_take(struct lexer *lexer, struct error *err)
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
