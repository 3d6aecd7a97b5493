/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Walking JSON that json_check has found right: see json_walk.h. */
#include "base/json_walk.h"

#include "base/json_check.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 64 /* letters of a number that is not of digits alone */

static void skip_space(struct json_walk *walk)
{
    while (walk->p < walk->end &&
           (*walk->p == ' ' || *walk->p == '\n' || *walk->p == '\r' || *walk->p == '\t'))
        walk->p++;
}

int json_walk_begin(char *text, size_t n, struct json_walk *ret_walk, struct error *err)
{
    struct json_walk walk = { text, text + n };
    int r = json_check(text, n, err);
    if (r < 0)
        return r;
    if (json_walk_peek(&walk) != '{')
        return error_set(err, PARE_EDATA, "the JSON is not an object");
    *ret_walk = walk;
    return 0;
}

char json_walk_peek(struct json_walk *walk)
{
    skip_space(walk);
    return walk->p < walk->end ? *walk->p : 0;
}

void json_walk_enter(struct json_walk *walk)
{
    skip_space(walk);
    walk->p++;
}

int json_walk_more(struct json_walk *walk)
{
    const char c = json_walk_peek(walk);
    if (c == ',')
        walk->p++;
    if (c != '}' && c != ']' && c != 0)
        return 1;
    walk->p += c != 0;
    return 0;
}

/* ---- strings ---- */

/* p is behind an opening quote; gives the closing one. */
static char *string_end(char *p)
{
    while (*p != '"')
        p += *p == '\\' ? 2 : 1;
    return p;
}

static uint32_t hex4(const char *p)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++)
        unit = unit * 16 + (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 32) - 'a' + 10);
    return unit;
}

static char *put_utf8(char *out, uint32_t c)
{
    static const uint8_t first[] = { 0, 0x00, 0xC0, 0xE0, 0xF0 };
    int n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    *out++ = (char)(first[n] | c >> (6 * (n - 1)));
    while (--n > 0)
        *out++ = (char)(0x80 | (c >> (6 * (n - 1)) & 63));
    return out;
}

/* *p is behind a backslash and moves behind the escape; gives the end of what was written. */
static char *decode_escape(char **p, char *out)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char c = *(*p)++;
    if (c != 'u') {
        const char *found = strchr(from, c);
        *out++ = found ? to[found - from] : c;
        return out;
    }
    uint32_t unit = hex4(*p);
    *p += 4;
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        unit = 0x10000 + ((unit - 0xD800) << 10) + (hex4(*p + 2) - 0xDC00);
        *p += 6;
    }
    return put_utf8(out, unit);
}

struct pare_str json_walk_string(struct json_walk *walk)
{
    skip_space(walk);
    char *start = ++walk->p, *out = start;
    while (*walk->p != '"')
        if (*walk->p == '\\') {
            walk->p++;
            out = decode_escape(&walk->p, out);
        } else {
            *out++ = *walk->p++;
        }
    walk->p++;
    return (struct pare_str){ start, (size_t)(out - start) };
}

static void skip_colon(struct json_walk *walk)
{
    skip_space(walk);
    walk->p++;
}

struct pare_str json_walk_key(struct json_walk *walk)
{
    const struct pare_str key = json_walk_string(walk);
    skip_colon(walk);
    return key;
}

struct pare_str json_walk_raw_key(struct json_walk *walk)
{
    skip_space(walk);
    char *start = walk->p + 1, *close = string_end(start);
    walk->p = close + 1;
    skip_colon(walk);
    return (struct pare_str){ start, (size_t)(close - start) };
}

/* ---- other values ---- */

struct pare_str json_walk_skip(struct json_walk *walk)
{
    skip_space(walk);
    char *start = walk->p;
    uint64_t depth = 0;
    do {
        const char c = *walk->p++;
        if (c == '"')
            walk->p = string_end(walk->p) + 1;
        else if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        else if (!depth)
            while (walk->p < walk->end && *walk->p && !strchr(" \n\r\t,]}", *walk->p))
                walk->p++;
    } while (depth);
    return (struct pare_str){ start, (size_t)(walk->p - start) };
}

/* The value of a number, or NaN for what is none, or has too many letters. */
static double real_of(struct pare_str text)
{
    char number[NUMBER_MAX];
    if (!text.len || text.len >= sizeof number || (*text.data != '-' && *text.data < '0') ||
        *text.data > '9')
        return NAN;
    memcpy(number, text.data, text.len);
    number[text.len] = 0;
    return strtod(number, NULL);
}

int json_walk_int(struct json_walk *walk, int64_t *ret_value)
{
    const struct pare_str text = json_walk_skip(walk);
    int64_t value = 0;
    size_t i = 0;
    while (i < text.len && i < 18 && text.data[i] >= '0' && text.data[i] <= '9')
        value = value * 10 + (text.data[i++] - '0');
    if (i < text.len) {
        double real = real_of(text);
        if (!(fabs(real) <= 9007199254740992.0) || real != floor(real))
            return 0;
        value = (int64_t)real;
    }
    *ret_value = value;
    return 1;
}

int json_walk_true(struct json_walk *walk)
{
    char c = json_walk_peek(walk);
    if (c == '{' || c == '[') {
        int some = json_walk_count(walk) > 0;
        (void)json_walk_skip(walk);
        return some;
    }
    const struct pare_str text = json_walk_skip(walk);
    if (c == '"')
        return text.len > 2;
    if (c == 't' || c == 'f' || c == 'n')
        return c == 't';
    return text.len >= NUMBER_MAX || real_of(text) != 0;
}

uint64_t json_walk_count(const struct json_walk *walk)
{
    struct json_walk inner = *walk;
    const int object = json_walk_peek(&inner) == '{';
    uint64_t n = 0;
    json_walk_enter(&inner);
    while (json_walk_more(&inner)) {
        if (object)
            (void)json_walk_raw_key(&inner);
        (void)json_walk_skip(&inner);
        n++;
    }
    return n;
}

int json_walk_tree(struct json_walk *walk, const char *what, json_t **ret_tree, struct error *err)
{
    json_error_t problem;
    const struct pare_str text = json_walk_skip(walk);
    json_t *tree = memory_parse_json(text.data, text.len,
                                     JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL |
                                         JSON_ALLOW_NUL | JSON_DECODE_ANY,
                                     &problem);
    if (!tree && (json_error_code(&problem) == json_error_out_of_memory || memory_failed()))
        return error_oom(err);
    if (!tree)
        return error_set(err, PARE_EDATA, "not JSON: `%s`: %s", what, problem.text);
    *ret_tree = tree;
    return 0;
}
