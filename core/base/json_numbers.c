/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Numbers that cannot be held: see json_numbers.h. */
#include "base/json_numbers.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MARK '\x01'
#define MARK_TEXT "\\u0001" /* as JSON has it */

static const char NUMBER[] = "+-.0123456789eE";

/* Bytes of NaN, Infinity or -Infinity that the text begins with, or 0. */
static size_t nonfinite_length(const char *text)
{
    static const char *const words[] = { "NaN", "Infinity", "-Infinity" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strncmp(text, words[i], strlen(words[i])))
            return strlen(words[i]);
    return 0;
}

/* 1 when n bytes of a text are what can be marked, and nothing that a file could have made up. */
static int is_literal(const char *text, size_t n)
{
    return n && (nonfinite_length(text) == n || strspn(text, NUMBER) >= n);
}

/* 1 when a digit before the exponent is not 0. */
static int has_value(const char *literal, size_t n)
{
    for (size_t i = 0; i < n && literal[i] != 'e' && literal[i] != 'E'; i++)
        if (literal[i] >= '1' && literal[i] <= '9')
            return 1;
    return 0;
}

/* Whether a literal of n bytes, which a byte follows that is none of NUMBER, can be held. */
static int can_be_held(const char *literal, size_t n)
{
    char *end;
    errno = 0;
    if (strcspn(literal, ".eE") >= n) {
        (void)strtoll(literal, &end, 10);
        return errno != ERANGE;
    }
    double value = strtod(literal, &end);
    return isfinite(value) && (value != 0 || !has_value(literal, n));
}

/* Bytes of what has to be marked at the beginning of the text; 0: nothing. *ret_skip is how far to
 * go on then. */
static size_t length_to_mark(const char *text, size_t *ret_skip)
{
    size_t n = strchr("NI-", *text) ? nonfinite_length(text) : 0;
    *ret_skip = 1;
    if (n || (*text != '-' && (*text < '0' || *text > '9')))
        return n;
    n = strspn(text, NUMBER);
    *ret_skip = n;
    return n > 15 || memchr(text, 'e', n) || memchr(text, 'E', n) ? can_be_held(text, n) ? 0 : n
                                                                  : 0;
}

/* The end of the string that begins with the quotation mark at p. */
static const char *after_string(const char *p)
{
    for (p++; *p && *p != '"'; p++)
        if (*p == '\\' && p[1])
            p++;
    return *p ? p + 1 : p;
}

int json_numbers_mark(char **text, size_t *len, struct error *err)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    const char *done = *text, *end = *text + *len;
    size_t skip;
    for (const char *p = done; p < end && *p; p += skip) {
        if (*p == '"') {
            skip = (size_t)(after_string(p) - p);
            continue;
        }
        size_t n = length_to_mark(p, &skip);
        if (!n)
            continue;
        strbuf_add(&sb, done, (size_t)(p - done));
        strbuf_printf(&sb, "\"" MARK_TEXT "%.*s\"", (int)n, p);
        skip = n;
        done = p + n;
    }
    if (done == *text)
        return 0;
    strbuf_add(&sb, done, (size_t)(end - done));
    size_t marked = sb.len;
    char *made = strbuf_finish(&sb);
    if (!made)
        return error_oom(err);
    free(*text);
    *text = made;
    *len = marked;
    return 0;
}

void json_numbers_unmark(char *text)
{
    static const char start[] = "\"" MARK_TEXT;
    char *to = text;
    for (const char *p = text; *p;) {
        size_t n = (size_t)((*p == '"' ? after_string(p) : p + 1) - p);
        size_t skip = sizeof start - 1;
        int marked = n > skip + 1 && !strncmp(p, start, skip) && is_literal(p + skip, n - skip - 1);
        skip = marked ? skip : 0;
        memmove(to, p + skip, n - skip - (size_t)marked);
        to += n - skip - (size_t)marked;
        p += n;
    }
    *to = 0;
}

const char *json_number_literal(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && *text == MARK && is_literal(text + 1, strlen(text + 1)) ? text + 1 : NULL;
}

int json_number_to_float(double number, float *ret)
{
    float value = (float)number;
    if (!isfinite(value) || (value == 0 && number != 0))
        return 1;
    *ret = value;
    return 0;
}
