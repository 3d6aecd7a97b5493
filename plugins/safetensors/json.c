/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Walks JSON text that st_json_check has found right. Every function expects the cursor where its
 * comment in json.h says; a caller that does not know the type of a value asks st_json_peek first.
 */
#include "safetensors/json.h"

#include <string.h>

static void skip_space(struct st_json *json)
{
    while (json->p < json->end &&
           (*json->p == ' ' || *json->p == '\n' || *json->p == '\r' || *json->p == '\t'))
        json->p++;
}

char st_json_peek(struct st_json *json)
{
    skip_space(json);
    return json->p < json->end ? *json->p : 0;
}

void st_json_enter(struct st_json *json)
{
    skip_space(json);
    json->p++;
}

int st_json_more(struct st_json *json)
{
    const char c = st_json_peek(json);
    if (c == ',')
        json->p++;
    if (c != '}' && c != ']' && c != 0)
        return 1;
    json->p += c != 0;
    return 0;
}

/* p is after an opening quote; gives the closing one. */
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
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xC0 | c >> 6);
        *out++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *out++ = (char)(0xE0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 63));
        *out++ = (char)(0x80 | (c & 63));
    } else {
        *out++ = (char)(0xF0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 63));
        *out++ = (char)(0x80 | (c >> 6 & 63));
        *out++ = (char)(0x80 | (c & 63));
    }
    return out;
}

/* *p is after a backslash and is moved behind the escape; gives the end of what was written. */
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

struct pare_str st_json_string(struct st_json *json)
{
    skip_space(json);
    char *start = ++json->p, *out = start;
    while (*json->p != '"') {
        if (*json->p == '\\') {
            json->p++;
            out = decode_escape(&json->p, out);
        } else {
            *out++ = *json->p++;
        }
    }
    json->p++;
    return (struct pare_str){ start, (size_t)(out - start) };
}

static void skip_colon(struct st_json *json)
{
    skip_space(json);
    json->p++;
}

struct pare_str st_json_key(struct st_json *json)
{
    const struct pare_str key = st_json_string(json);
    skip_colon(json);
    return key;
}

struct pare_str st_json_raw_key(struct st_json *json)
{
    skip_space(json);
    char *start = json->p + 1, *close = string_end(start);
    json->p = close + 1;
    skip_colon(json);
    return (struct pare_str){ start, (size_t)(close - start) };
}

int st_json_u64(struct st_json *json, uint64_t *ret_value)
{
    skip_space(json);
    uint64_t value = 0;
    char *p = json->p;
    for (; p < json->end && *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
            return 0;
    if (p == json->p || (p < json->end && (*p == '.' || *p == 'e' || *p == 'E')))
        return 0;
    json->p = p;
    *ret_value = value;
    return 1;
}

struct pare_str st_json_skip(struct st_json *json)
{
    skip_space(json);
    char *start = json->p;
    uint64_t depth = 0;
    do {
        const char c = *json->p++;
        if (c == '"')
            json->p = string_end(json->p) + 1;
        else if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        else if (depth == 0)
            while (json->p < json->end && *json->p != '\0' && !strchr(" \n\r\t,]}", *json->p))
                json->p++;
    } while (depth > 0);
    return (struct pare_str){ start, (size_t)(json->p - start) };
}

uint64_t st_json_count(const struct st_json *json)
{
    struct st_json walk = *json;
    const int object = st_json_peek(&walk) == '{';
    uint64_t n = 0;
    st_json_enter(&walk);
    while (st_json_more(&walk)) {
        if (object)
            st_json_raw_key(&walk);
        st_json_skip(&walk);
        n++;
    }
    return n;
}
