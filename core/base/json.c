/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* JSON conveniences: see json.h. Jansson refuses text that is not UTF-8, so such bytes are escaped
 * before they come to it. */
#include "base/json.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/visible.h"
#include "base/visible.h"

#include <math.h>
#include <string.h>

const char *json_get_string(const json_t *object, const char *key, const char *fallback)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : fallback;
}

int64_t json_get_int(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : fallback;
}

double json_get_real(const json_t *object, const char *key, double fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

int json_get_bool(const json_t *object, const char *key, int fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

json_t *json_text(const char *data, size_t len)
{
    json_t *text = len && memchr(data, 0, len) ? NULL : json_stringn(len ? data : "", len);
    if (text)
        return text;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c < 0x20 || c >= 0x7f)
            strbuf_printf(&sb, "\\x%02x", c);
        else
            strbuf_add(&sb, &data[i], 1);
    }
    return json_string(sb.data ? sb.data : "");
}

json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

int json_parse_object(const char *data, size_t n, json_t **ret_object, struct error *err)
{
    json_error_t problem;
    json_t *json = memory_parse_json(data, n, JSON_REJECT_DUPLICATES, &problem);
    if (!json && (json_error_code(&problem) == json_error_out_of_memory || memory_failed()))
        return error_oom(err);
    if (!json)
        return error_set(err, PARE_EDATA, "not JSON: %s (line %d, column %d)", problem.text,
                         problem.line, problem.column);
    if (!json_is_object(json)) {
        json_decref(json);
        return error_set(err, PARE_EDATA, "the JSON is not an object");
    }
    *ret_object = json;
    return 0;
}

/* The letter that stands for a character behind a backslash, or 0. */
static char escape_of(unsigned char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *found = c ? strchr(from, c) : NULL;
    return found ? to[found - from] : 0;
}

int json_put_string(struct strbuf *sb, const char *data, size_t len)
{
    strbuf_add(sb, "\"", 1);
    for (size_t i = 0, n; i < len; i += n) {
        const unsigned char c = (unsigned char)data[i];
        uint32_t character;
        for (n = 0; i + n < len && (unsigned char)data[i + n] - 0x20u < 0x60u &&
                    data[i + n] != '"' && data[i + n] != '\\';)
            n++; /* what stands for itself */
        if (!n && c >= 0x80)
            n = visible_decode((const unsigned char *)data + i, len - i, &character);
        if (n) {
            strbuf_add(sb, data + i, n);
            continue;
        }
        if (c >= 0x80)
            return -1;
        if (escape_of(c))
            strbuf_add(sb, (char[]){ '\\', escape_of(c) }, 2);
        else
            strbuf_printf(sb, "\\u%04X", c);
        n = 1;
    }
    strbuf_add(sb, "\"", 1);
    return 0;
}

#define AS_LINE (JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(12))

char *json_to_text(const json_t *json)
{
    return json_dumps(json, AS_LINE);
}

size_t json_to_buffer(const json_t *json, char *buffer, size_t size)
{
    return json_dumpb(json, buffer, size, AS_LINE);
}

char *json_to_pretty(const json_t *json)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(12));
    if (!text)
        return NULL;
    strbuf_puts(&sb, text);
    strbuf_puts(&sb, "\n");
    free(text);
    return strbuf_finish(&sb);
}

char *json_to_visible(const json_t *json, int pretty)
{
    _cleanup_free_ char *text = pretty ? json_to_pretty(json) : json_to_text(json);
    return text ? visible_json(text) : NULL;
}
