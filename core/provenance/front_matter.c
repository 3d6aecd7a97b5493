/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Front matter: see front_matter.h. Values are built by recursive descent over the events, to a
 * limited depth. Unwanted ones take the same functions, which then build nothing: a card may have
 * megabytes of them.
 */
#include "provenance/front_matter.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/strbuf.h"

#include <string.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    unsigned depth;
    struct error *err;
};

static int next(struct reader *reader)
{
    yaml_parser_t *parser = &reader->parser;
    yaml_event_delete(&reader->event);
    if (yaml_parser_parse(parser, &reader->event))
        return 0;
    memset(&reader->event, 0, sizeof reader->event);
    if (parser->error == YAML_MEMORY_ERROR)
        return error_oom(reader->err);
    size_t line = parser->error == YAML_READER_ERROR ? 0 : parser->problem_mark.line + 2;
    const char *problem = parser->problem ? parser->problem : "it cannot be parsed";
    if (!line)
        return error_set(reader->err, PARE_EDATA, "%s", problem);
    return error_set(reader->err, PARE_EDATA, "line %zu: %s", line, problem);
}

/* NULL without memory. */
static json_t *scalar_text(const yaml_event_t *event)
{
    return json_text((const char *)event->data.scalar.value, event->data.scalar.length);
}

/* 1 for what YAML reads as null, and for empty texts. */
static int is_nothing(const yaml_event_t *event)
{
    static const char *const words[] = { "~", "null", "Null", "NULL" };
    const char *text = (const char *)event->data.scalar.value;
    if (!event->data.scalar.length)
        return 1;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !strcmp(text, words[i]))
            return 1;
    return 0;
}

static int take_value(struct reader *reader, int keep, json_t **ret_value);

/* The events up to the end of a sequence. list: NULL when it is passed over. */
static int take_items(struct reader *reader, json_t *list)
{
    for (;;) {
        _cleanup_json_ json_t *item = NULL;
        int r = next(reader);
        if (r || reader->event.type == YAML_SEQUENCE_END_EVENT)
            return r;
        r = take_value(reader, list != NULL, &item);
        if (r)
            return r;
        if (item && json_array_append(list, item) < 0)
            return error_oom(reader->err);
    }
}

/* Whether a key is wanted; without a list all keys are. */
static int is_wanted(const yaml_event_t *key, const char *const *wanted)
{
    const char *text = (const char *)key->data.scalar.value;
    if (strlen(text) != key->data.scalar.length)
        return 0;
    for (; wanted && *wanted; wanted++)
        if (!strcmp(*wanted, text))
            return 1;
    return !wanted;
}

/* The events up to the end of a mapping. */
static int take_members(struct reader *reader, json_t *object, const char *const *wanted)
{
    for (;;) {
        _cleanup_json_ json_t *value = NULL;
        _cleanup_free_ char *key = NULL;
        int r = next(reader);
        if (r || reader->event.type == YAML_MAPPING_END_EVENT)
            return r;
        if (reader->event.type != YAML_SCALAR_EVENT)
            return error_set(reader->err, PARE_EDATA, "line %zu: a key that is not a text",
                             reader->event.start_mark.line + 2);
        if (object && is_wanted(&reader->event, wanted) &&
            !(key = strdup((const char *)reader->event.data.scalar.value)))
            return error_oom(reader->err);
        r = next(reader);
        if (!r)
            r = take_value(reader, key != NULL, &value);
        if (r)
            return r;
        if (key && !value)
            (void)json_object_del(object, key);
        else if (key && json_object_set(object, key, value) < 0)
            return error_oom(reader->err);
    }
}

static int take_nested(struct reader *reader, int keep, json_t **ret_value)
{
    int is_list = reader->event.type == YAML_SEQUENCE_START_EVENT;
    _cleanup_json_ json_t *value = NULL;
    if (++reader->depth > FRONT_MATTER_MAX_DEPTH)
        return error_set(reader->err, PARE_EDATA, "line %zu: nested over %d deep",
                         reader->event.start_mark.line + 2, FRONT_MATTER_MAX_DEPTH);
    if (keep && !(value = is_list ? json_array() : json_object()))
        return error_oom(reader->err);
    int r = is_list ? take_items(reader, value) : take_members(reader, value, NULL);
    reader->depth--;
    if (!r)
        *ret_value = TAKE(value);
    return r;
}

/* The value that begins with the current event; NULL when it is nothing, or not to be kept. */
static int take_value(struct reader *reader, int keep, json_t **ret_value)
{
    switch (reader->event.type) {
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return take_nested(reader, keep, ret_value);
    case YAML_SCALAR_EVENT:
        if (!keep || is_nothing(&reader->event))
            return 0;
        *ret_value = scalar_text(&reader->event);
        return *ret_value ? 0 : error_oom(reader->err);
    default: /* an alias */
        return 0;
    }
}

/* From the start of the stream to the end of the first mapping. 1: it is not a mapping. */
static int take_document(struct reader *reader, json_t *object, const char *const *wanted)
{
    int r;
    do
        r = next(reader);
    while (!r && (reader->event.type == YAML_STREAM_START_EVENT ||
                  reader->event.type == YAML_DOCUMENT_START_EVENT));
    if (!r && reader->event.type != YAML_MAPPING_START_EVENT)
        return 1;
    return r ? r : take_members(reader, object, wanted);
}

/* The length of the line at `text`, and in *ret_next where the next one begins. */
static size_t line_length(const char *text, size_t len, size_t *ret_next)
{
    const char *end = memchr(text, '\n', len);
    size_t n = end ? (size_t)(end - text) : len;
    *ret_next = end ? n + 1 : len;
    return n && text[n - 1] == '\r' ? n - 1 : n;
}

static int is_fence(const char *text, size_t n)
{
    return n == 3 && !memcmp(text, "---", 3);
}

/* The lines between the two fences, with tabs as spaces, because YAML forbids tabs. 1: there are
 * none. */
static int cut(const char *text, size_t len, struct strbuf *block, struct error *err)
{
    size_t start, end, skip;
    if (!is_fence(text, line_length(text, len, &start)))
        return 1;
    for (end = start; end < len; end += skip)
        if (is_fence(text + end, line_length(text + end, len - end, &skip)))
            break;
    for (size_t i = start; i < end; i++)
        strbuf_add(block, text[i] == '\t' ? "  " : text + i, text[i] == '\t' ? 2 : 1);
    if (block->failed)
        return error_oom(err);
    return block->len ? 0 : 1;
}

int front_matter_parse(const char *text, size_t len, const char *const *wanted, json_t **ret_object,
                       struct error *err)
{
    _cleanup_strbuf_ struct strbuf block = STRBUF_INIT;
    _cleanup_json_ json_t *object = json_object();
    struct reader reader = { .err = err };
    if (!object)
        return error_oom(err);
    int r = cut(text, len, &block, err);
    if (r)
        return r;
    if (block.len > FRONT_MATTER_MAX_BYTES)
        return error_set(err, PARE_EDATA, "it has over %u bytes", FRONT_MATTER_MAX_BYTES);
    if (!yaml_parser_initialize(&reader.parser))
        return error_oom(err);
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)block.data, block.len);
    r = take_document(&reader, object, wanted);
    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    if (!r)
        *ret_object = TAKE(object);
    return r;
}
