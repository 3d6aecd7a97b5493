/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Small conveniences over Jansson: fields with defaults, and parsing with our errors. Text that
 * is not UTF-8 (a tensor's name) is made so by json_text.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/error.h"
#include "base/strbuf.h"

#include <jansson.h>

/* The field's value, or the default when it is absent or of another type. */
const char *json_get_string(const json_t *object, const char *key, const char *fallback);
int64_t json_get_int(const json_t *object, const char *key, int64_t fallback);
double json_get_real(const json_t *object, const char *key, double fallback);
int json_get_bool(const json_t *object, const char *key, int fallback);

/* A JSON string from bytes; bytes that are not UTF-8 or are NUL become \xNN text. New reference. */
json_t *json_text(const char *data, size_t len);
/* A real, or null for NaN and infinities, which JSON cannot hold. New reference. */
json_t *json_number(double value);

/* Parses n bytes that must be one JSON object; duplicate keys are refused. New reference. */
int json_parse_object(const char *data, size_t n, json_t **ret_object, struct error *err)
    __attribute__((warn_unused_result));
/* Appends bytes as a JSON string in quotes, as Jansson would write it. -1: they are not UTF-8. */
int json_put_string(struct strbuf *sb, const char *data, size_t len)
    __attribute__((warn_unused_result));
/* Compact text (free it); NULL when out of memory. Keys keep their order. */
char *json_to_text(const json_t *json);
/* The same into a buffer, without a final zero. Gives the text's size, which may be more than
 * `size`: then the buffer does not hold it; 0 when out of memory. */
size_t json_to_buffer(const json_t *json, char *buffer, size_t size);
/* Indented text with a final newline (free it). */
char *json_to_pretty(const json_t *json);
/* For people: the same JSON, with what a terminal would act on escaped (visible.h). */
char *json_to_visible(const json_t *json, int pretty);

#endif
