/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Checks JSON against tables of shapes: see answer/shape.h. */
#include "answer/shape.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

/* What Jansson allocates, with the allocator's share: an object with its first table of buckets, an
 * array with its first eight places, a member's pair, and a value with its place. */
#define OBJECT_BYTES 320
#define ARRAY_BYTES 160
#define MEMBER_BYTES 96
#define VALUE_BYTES 96

static const char mark[] = "unread-";

int shape_is_digest(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static int is_mark(const char *text)
{
    return shape_is_digest(strncmp(text, mark, sizeof mark - 1) ? text : text + sizeof mark - 1);
}

/* The end of the string that begins at `at`, which is a quotation mark. */
static size_t skip_string(const char *text, size_t at, size_t len)
{
    for (at++; at < len && text[at] != '"'; at++)
        at += text[at] == '\\';
    return at;
}

size_t shape_cost(const char *text, size_t len)
{
    size_t cost = len + VALUE_BYTES;
    for (size_t i = 0; i < len; i++)
        switch (text[i]) {
        case '"':
            i = skip_string(text, i, len);
            break;
        case '{':
            cost += OBJECT_BYTES;
            break;
        case '[':
            cost += ARRAY_BYTES;
            break;
        case ':':
            cost += MEMBER_BYTES;
            break;
        case ',':
            cost += VALUE_BYTES;
            break;
        default:
            break;
        }
    return cost;
}

static int wrong(const struct shape *shape, const char *what, struct error *err)
{
    return error_set(err, PARE_ECRASH, "`%s` %s", shape->name, what);
}

static int check_range(const struct shape *shape, const json_t *value, struct error *err)
{
    double n = json_number_value(value);
    if (isfinite(n) && n >= shape->low && n <= shape->high)
        return 0;
    return error_set(err, PARE_ECRASH, "`%s` is %g, not from %g to %g", shape->name, n, shape->low,
                     shape->high);
}

static int check_text(const struct shape *shape, const json_t *value, struct error *err)
{
    const char *text = json_string_value(value);
    if (!text)
        return wrong(shape, "is not a text", err);
    switch (shape->kind) {
    case SHAPE_DIGEST:
        return shape_is_digest(text) ? 0 : wrong(shape, "is not a SHA-256", err);
    case SHAPE_MARK:
        return is_mark(text) ? 0 : wrong(shape, "is not a SHA-256", err);
    default:
        return json_string_length(value) <= shape->limit ? 0 : wrong(shape, "is too long", err);
    }
}

static int check_element(const struct shape *shape, json_t *element, struct error *err)
{
    switch (shape->kind) {
    case SHAPE_LIST:
        if (!json_is_object(element))
            return wrong(shape, "has an element that is not an object", err);
        return shape_check(shape->members, element, err) < 0 ? error_prefix(err, "%s", shape->name)
                                                             : 0;
    case SHAPE_TEXTS:
        return json_is_string(element) && json_string_length(element) <= SHAPE_TEXT_BYTES
                   ? 0
                   : wrong(shape, "has an element that is not a text, or too long", err);
    default:
        return json_is_integer(element) && json_integer_value(element) >= 0
                   ? 0
                   : wrong(shape, "has an element that is not a count", err);
    }
}

static int check_list(const struct shape *shape, const json_t *value, struct error *err)
{
    size_t i;
    json_t *element;
    if (!json_is_array(value))
        return wrong(shape, "is not a list", err);
    if (json_array_size(value) > shape->limit)
        return wrong(shape, "has too many elements", err);
    json_array_foreach((json_t *)value, i, element) {
        int r = check_element(shape, element, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int check_value(const struct shape *shape, json_t *value, struct error *err)
{
    switch (shape->kind) {
    case SHAPE_COUNT:
        return json_is_integer(value) ? check_range(shape, value, err)
                                      : wrong(shape, "is not an integer", err);
    case SHAPE_NUMBER:
        return json_is_number(value) ? check_range(shape, value, err)
                                     : wrong(shape, "is not a number", err);
    case SHAPE_FLAG:
        return json_is_boolean(value) ? 0 : wrong(shape, "is not true or false", err);
    case SHAPE_OBJECT:
        if (!json_is_object(value))
            return wrong(shape, "is not an object", err);
        return shape_check(shape->members, value, err) < 0 ? error_prefix(err, "%s", shape->name)
                                                           : 0;
    case SHAPE_LIST:
    case SHAPE_TEXTS:
    case SHAPE_COUNTS:
        return check_list(shape, value, err);
    case SHAPE_ANY:
        return 0;
    default:
        return check_text(shape, value, err);
    }
}

static void remove_unknown(const struct shape *members, json_t *object)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, key, value)
    {
        const struct shape *shape = members;
        while (shape->name && strcmp(shape->name, key) != 0)
            shape++;
        if (!shape->name)
            (void)json_object_del(object, key);
    }
}

int shape_check(const struct shape *members, json_t *object, struct error *err)
{
    size_t known = 0;
    for (const struct shape *shape = members; shape->name; shape++) {
        json_t *value = json_object_get(object, shape->name);
        known += value != NULL;
        if (!value || json_is_null(value)) {
            if (shape->is_needed)
                return wrong(shape, "is missing", err);
            continue;
        }
        int r = check_value(shape, value, err);
        if (r < 0)
            return r;
    }
    if (known < json_object_size(object))
        remove_unknown(members, object);
    return 0;
}
