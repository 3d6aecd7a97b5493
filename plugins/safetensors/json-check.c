/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Proves that a text is one JSON value. What is open is kept as one bit per level (object or
 * array), so that nesting costs no stack. The caller has checked that the text is UTF-8. Beyond
 * the grammar, an escape that is half a surrogate pair is refused, because it is not a character.
 */
#include "safetensors/json-check.h"

#include <string.h>

struct check {
    const char *p, *end;
    uint64_t objects; /* bit i: level i is an object */
    uint32_t depth;
    int lenient; /* NaN and Infinity, as Python writes them, are numbers */
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
    if (check->p == check->end || *check->p == 0 || !strchr("\"\\/bfnrtu", *check->p))
        return fault(check, "an unknown escape in a string");
    if (*check->p++ != 'u')
        return 1;
    uint32_t unit, low;
    if (!check_hex(check, &unit))
        return 0;
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

static int check_string(struct check *check)
{
    check->p++;
    while (check->p < check->end) {
        const unsigned char c = (unsigned char)*check->p;
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
    if (check->lenient && at(check, 'I'))
        return check_word(check, "Infinity");
    if (at(check, '0'))
        check->p++;
    else if (!check_digits(check))
        return 0;
    if (at(check, '.')) {
        check->p++;
        if (!check_digits(check))
            return 0;
    }
    if (at(check, 'e') || at(check, 'E')) {
        check->p++;
        if (at(check, '+') || at(check, '-'))
            check->p++;
        return check_digits(check);
    }
    return 1;
}

static int check_scalar(struct check *check)
{
    if (at(check, '"'))
        return check_string(check);
    if (at(check, '-') || at_digit(check) || (check->lenient && at(check, 'I')))
        return check_number(check);
    if (at(check, 't'))
        return check_word(check, "true");
    if (at(check, 'f'))
        return check_word(check, "false");
    if (check->lenient && at(check, 'N'))
        return check_word(check, "NaN");
    return check_word(check, "null");
}

static int check_key(struct check *check)
{
    skip_space(check);
    if (!at(check, '"'))
        return fault(check, "a key in quotes is missing");
    if (!check_string(check))
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
    if (check->depth == ST_JSON_DEPTH) {
        check->code = PARE_ELIMIT;
        check->what = "nested deeper than the limit of 64 levels";
        return 0;
    }
    check->objects = check->objects << 1 | object;
    check->depth++;
    check->p++;
    skip_space(check);
    *ret_more = !at(check, object ? '}' : ']');
    return !*ret_more || !object || check_key(check);
}

/* After a value: closes what ends here. *ret_more: another value follows. */
static int check_close(struct check *check, int *ret_more)
{
    while (check->depth > 0) {
        const int object = check->objects & 1;
        skip_space(check);
        if (at(check, ',')) {
            check->p++;
            *ret_more = 1;
            return !object || check_key(check);
        }
        if (!at(check, object ? '}' : ']'))
            return fault(check, object ? "`,` or `}` is missing" : "`,` or `]` is missing");
        check->p++;
        check->objects >>= 1;
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
    return 1;
}

int st_json_check(struct pare_str text, int lenient, uint64_t *ret_len,
                  struct st_json_fault *ret_fault)
{
    struct check check = { .p = text.data, .end = text.data + text.len, .lenient = lenient };
    const int good = check_value(&check);
    if (good)
        *ret_len = (uint64_t)(check.p - text.data);
    else
        *ret_fault = (struct st_json_fault){ check.code, check.what,
                                             (uint64_t)(check.p - text.data) };
    return good;
}
