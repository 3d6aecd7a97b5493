/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Checking JSON: see json_check.h. What is open is kept as one byte for each level (object or
 * list), so that nesting costs no stack.
 */
#include "base/json_check.h"

#include "base/visible.h"

#include <string.h>

struct check {
    const char *start, *p, *end;
    uint8_t objects[JSON_CHECK_DEPTH]; /* 1: that level is an object */
    uint32_t depth;
    int is_key;
    int code;
    const char *what;
};

static int fault(struct check *check, const char *what)
{
    check->code = PARE_EDATA;
    check->what = check->p == check->end ? "the text ends too early" : what;
    return 0;
}

static void skip_space(struct check *check)
{
    while (check->p < check->end &&
           (*check->p == ' ' || *check->p == '\n' || *check->p == '\r' || *check->p == '\t'))
        check->p++;
}

static int at(const struct check *check, char c)
{
    return check->p < check->end && *check->p == c;
}

static int at_digit(const struct check *check)
{
    return check->p < check->end && *check->p >= '0' && *check->p <= '9';
}

/* Four hex digits; *ret_unit is their value. */
static int check_hex(struct check *check, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++, check->p++) {
        const char c = check->p < check->end ? *check->p : 0;
        if (c >= '0' && c <= '9')
            unit = unit * 16 + (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            unit = unit * 16 + (uint32_t)((c | 32) - 'a') + 10;
        else
            return fault(check, "\\u needs four hexadecimal digits");
    }
    *ret_unit = unit;
    return 1;
}

/* What follows a backslash. */
static int check_escape(struct check *check)
{
    if (check->p == check->end || !*check->p || !strchr("\"\\/bfnrtu", *check->p))
        return fault(check, "an unknown escape in a string");
    if (*check->p++ != 'u')
        return 1;
    uint32_t unit, low;
    if (!check_hex(check, &unit))
        return 0;
    if (!unit && check->is_key)
        return fault(check, "a NUL character in a key");
    if (unit < 0xD800 || unit > 0xDFFF)
        return 1;
    if (unit <= 0xDBFF && check->end - check->p >= 2 && check->p[0] == '\\' && check->p[1] == 'u') {
        check->p += 2;
        if (!check_hex(check, &low))
            return 0;
        if (low >= 0xDC00 && low <= 0xDFFF)
            return 1;
    }
    return fault(check, "a lone surrogate in a string");
}

static int check_character(struct check *check)
{
    uint32_t character;
    size_t n = visible_decode((const unsigned char *)check->p, (size_t)(check->end - check->p),
                              &character);
    if (!n)
        return fault(check, "a byte that is not UTF-8");
    check->p += n;
    return 1;
}

static int check_string(struct check *check)
{
    check->p++;
    while (check->p < check->end) {
        const unsigned char c = (unsigned char)*check->p;
        if (c >= 0x80) {
            if (!check_character(check))
                return 0;
            continue;
        }
        if (c < 0x20)
            return fault(check, "a control character in a string");
        check->p++;
        if (c == '"')
            return 1;
        if (c == '\\' && !check_escape(check))
            return 0;
    }
    return fault(check, "");
}

static int check_word(struct check *check, const char *word)
{
    const size_t n = strlen(word);
    if ((size_t)(check->end - check->p) < n || memcmp(check->p, word, n) != 0)
        return fault(check, "a value is missing or misspelt");
    check->p += n;
    return 1;
}

static int check_digits(struct check *check)
{
    if (!at_digit(check))
        return fault(check, "a digit is missing in a number");
    while (at_digit(check))
        check->p++;
    return 1;
}

static int check_number(struct check *check)
{
    if (at(check, '-'))
        check->p++;
    if (at(check, '0'))
        check->p++;
    else if (!check_digits(check))
        return 0;
    if (at(check, '.')) {
        check->p++;
        if (!check_digits(check))
            return 0;
    }
    if (!at(check, 'e') && !at(check, 'E'))
        return 1;
    check->p++;
    if (at(check, '+') || at(check, '-'))
        check->p++;
    return check_digits(check);
}

static int check_scalar(struct check *check)
{
    if (at(check, '"'))
        return check_string(check);
    if (at(check, '-') || at_digit(check))
        return check_number(check);
    return check_word(check, at(check, 't') ? "true" : at(check, 'f') ? "false" : "null");
}

static int check_key(struct check *check)
{
    skip_space(check);
    if (!at(check, '"'))
        return fault(check, "a key in quotes is missing");
    check->is_key = 1;
    int good = check_string(check);
    check->is_key = 0;
    if (!good)
        return 0;
    skip_space(check);
    if (!at(check, ':'))
        return fault(check, "`:` is missing after a key");
    check->p++;
    return 1;
}

/* At { or [. *ret_more: a value follows (of an object: its key is read). */
static int check_open(struct check *check, int *ret_more)
{
    const int object = *check->p == '{';
    if (check->depth == JSON_CHECK_DEPTH) {
        check->code = PARE_ELIMIT;
        check->what = "nested deeper than the limit of 512 levels (JSON_CHECK_DEPTH)";
        return 0;
    }
    check->objects[check->depth++] = (uint8_t)object;
    check->p++;
    skip_space(check);
    *ret_more = !at(check, object ? '}' : ']');
    return !*ret_more || !object || check_key(check);
}

/* After a value: closes what ends here. *ret_more: another value follows. */
static int check_close(struct check *check, int *ret_more)
{
    while (check->depth) {
        const int object = check->objects[check->depth - 1];
        skip_space(check);
        if (at(check, ',')) {
            check->p++;
            *ret_more = 1;
            return !object || check_key(check);
        }
        if (!at(check, object ? '}' : ']'))
            return fault(check, object ? "`,` or `}` is missing" : "`,` or `]` is missing");
        check->p++;
        check->depth--;
    }
    *ret_more = 0;
    return 1;
}

static int check_value(struct check *check)
{
    for (int more = 1; more;) {
        skip_space(check);
        if (at(check, '{') || at(check, '[')) {
            if (!check_open(check, &more))
                return 0;
            if (more)
                continue;
        } else if (!check_scalar(check)) {
            return 0;
        }
        if (!check_close(check, &more))
            return 0;
    }
    skip_space(check);
    return check->p == check->end || fault(check, "there is more behind the end");
}

/* Columns are bytes, from 1 on. */
static int tell(const struct check *check, struct error *err)
{
    size_t line = 1;
    const char *begin = check->start, *next;
    while ((next = memchr(begin, '\n', (size_t)(check->p - begin)))) {
        begin = next + 1;
        line++;
    }
    return error_set(err, check->code, "not JSON: %s (line %zu, column %zu)", check->what, line,
                     (size_t)(check->p - begin) + 1);
}

int json_check(const char *text, size_t n, struct error *err)
{
    struct check check = { .start = text, .p = text, .end = text + n };
    return check_value(&check) ? 0 : tell(&check, err);
}
