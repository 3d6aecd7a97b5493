/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The header of one file: `__metadata__`, then the tensors in the order of their data. The text
 * is measured first and then written into memory of that size. Metadata values that are not
 * strings are printed so that they read back as the same value.
 */
#include "safetensors/emit.h"

#include "safetensors/dtype.h"
#include "safetensors/text.h"
#include "safetensors/planes/whole.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 8 /* of the data part, in bytes */

struct shard { /* what one file has */
    const struct st_context *context;
    const struct st_plan *plan;
    const struct st_item *items;
    uint64_t n;
    struct pare_str tensors; /* the text that says which of them are planes; or empty */
};

/* The shortest decimal text that reads back as the same number. */
static void print_float(double value, int single, char *ret_text, size_t size)
{
    const int most = single ? 9 : 17;
    for (int digits = 1; digits <= most; digits++) {
        snprintf(ret_text, size, "%.*g", digits, value);
        if (single ? strtof(ret_text, NULL) == (float)value : strtod(ret_text, NULL) == value)
            break;
    }
    char *comma = strchr(ret_text, ','); /* whatever the locale */
    if (comma)
        *comma = '.';
}

static void print_integer(uint32_t type, const void *data, char *ret_text, size_t size)
{
    uint64_t raw = 0; /* elements are in host byte order */
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    switch (type) {
    case PARE_U8:
    case PARE_I8:
    case PARE_BOOL:
        memcpy(&u8, data, sizeof u8);
        raw = type == PARE_I8 ? (uint64_t)(int64_t)(int8_t)u8 : u8;
        break;
    case PARE_U16:
    case PARE_I16:
        memcpy(&u16, data, sizeof u16);
        raw = type == PARE_I16 ? (uint64_t)(int64_t)(int16_t)u16 : u16;
        break;
    case PARE_U32:
    case PARE_I32:
        memcpy(&u32, data, sizeof u32);
        raw = type == PARE_I32 ? (uint64_t)(int64_t)(int32_t)u32 : u32;
        break;
    default:
        memcpy(&raw, data, sizeof raw);
    }
    if (type == PARE_BOOL)
        snprintf(ret_text, size, "%s", raw != 0 ? "true" : "false");
    else if (type == PARE_U8 || type == PARE_U16 || type == PARE_U32 || type == PARE_U64)
        snprintf(ret_text, size, "%llu", (unsigned long long)raw);
    else
        snprintf(ret_text, size, "%lld", (long long)raw);
}

/* The text of a scalar, borrowed from the value or in the buffer. */
static struct pare_str value_text(const struct pare_value *value, char *buffer, size_t size)
{
    float single;
    double number;
    if (value->type == PARE_STRING)
        return *(const struct pare_str *)value->data;
    if (value->type == PARE_F32) {
        memcpy(&single, value->data, sizeof single);
        print_float((double)single, 1, buffer, size);
    } else if (value->type == PARE_F64) {
        memcpy(&number, value->data, sizeof number);
        print_float(number, 0, buffer, size);
    } else {
        print_integer(value->type, value->data, buffer, size);
    }
    return st_str(buffer);
}

/* JSON strings can hold the entry: it is UTF-8, not an array, and known before all is written. */
static int can_hold(struct pare_str key, const struct pare_value *value)
{
    uint64_t at;
    if (value->is_array || value->type == PARE_DIGEST || !st_utf8_valid(key, &at) ||
        st_has_nul(key))
        return 0;
    return value->type != PARE_STRING || st_utf8_valid(*(const struct pare_str *)value->data, &at);
}

int st_metadata_check(const struct st_context *context)
{
    struct pare_str key, first = { "", 0 };
    uint64_t n = 0;
    int found = 1;
    for (uint64_t i = 0; found == 1; i++) {
        struct pare_value value = { .struct_size = sizeof value };
        found = context->host->meta_at(context->job, i, &key, &value);
        if (found == 1 && !can_hold(key, &value) && n++ == 0)
            first = key;
    }
    if (n > 0)
        ST_LOG(context, PARE_LOG_WARNING,
               "%llu metadata entries were left out, for "
               "safetensors holds only text: `%s`",
               (unsigned long long)n, st_show(first).text);
    return found < 0 ? found : 0;
}

/* The entry is written anew, or has a meaning in the source only. */
static int is_ours(struct pare_str key)
{
    return st_is(key, "format") || st_is(key, ST_TENSORS_KEY) || st_starts(key, ST_ENCODING_KEY);
}

static int put_metadata(const struct shard *shard, struct st_text *text)
{
    const struct st_context *context = shard->context;
    struct pare_str key;
    char buffer[48];
    int found = 1;
    st_puts(text, "{\"" ST_METADATA "\":{\"format\":\"pt\"");
    for (uint64_t i = 0; found == 1; i++) {
        struct pare_value value = { .struct_size = sizeof value };
        found = context->host->meta_at(context->job, i, &key, &value);
        if (found != 1 || is_ours(key) || !can_hold(key, &value))
            continue;
        st_puts(text, ",");
        st_put_json(text, key);
        st_puts(text, ":");
        st_put_json(text, value_text(&value, buffer, sizeof buffer));
    }
    st_whole_put(text, shard->plan, shard->items, shard->n, shard->tensors);
    st_puts(text, "}");
    return found;
}

static void put_tensor(struct st_text *text, const struct st_item *item,
                       const struct pare_tensor *tensor, uint64_t offset)
{
    st_puts(text, ",");
    st_put_json(text, item->name);
    st_puts(text, ":{\"dtype\":\"");
    st_puts(text, st_dtype_at(item->dtype)->name);
    const int is_plane = item->encoding != ST_NONE;
    const uint32_t n_dims = is_plane ? item->n_dims : tensor->n_dims;
    st_puts(text, "\",\"shape\":[");
    for (uint32_t i = 0; i < n_dims; i++) {
        if (i > 0)
            st_puts(text, ",");
        st_put_u64(text, is_plane ? item->dims[i] : tensor->dims[i]);
    }
    st_puts(text, "],\"data_offsets\":[");
    st_put_u64(text, offset);
    st_puts(text, ",");
    st_put_u64(text, offset + item->bytes);
    st_puts(text, "]}");
}

/* Writes a header without its length, or measures it. */
static int put_header(const struct shard *shard, struct st_text *text)
{
    const struct st_context *context = shard->context;
    uint64_t offset = 0;
    int r = put_metadata(shard, text);
    for (uint64_t i = 0; r >= 0 && i < shard->n; i++) {
        struct pare_tensor tensor = { .struct_size = sizeof tensor };
        r = context->host->tensor_at(context->job, shard->items[i].tensor, &tensor);
        if (r < 0)
            break;
        put_tensor(text, &shard->items[i], &tensor, offset);
        offset += shard->items[i].bytes;
    }
    if (r < 0)
        return r;
    st_puts(text, "}");
    while (text->len % ALIGNMENT != 0)
        st_puts(text, " ");
    return 0;
}

/* Builds a whole header with its length: memory of the host's in *ret_data. */
static int make_header(const struct shard *shard, char **ret_data, uint64_t *ret_size)
{
    const struct st_context *context = shard->context;
    struct st_text text = { .data = NULL };
    int r = put_header(shard, &text);
    if (r < 0)
        return r;
    if (text.len > ST_MAX_HEADER)
        return ST_FAIL(context, PARE_ELIMIT,
                       "the header would be %llu bytes long, and the "
                       "format's limit is %u: set split_max_size",
                       (unsigned long long)text.len, ST_MAX_HEADER);
    char *data = context->host->alloc(context->job, text.len + 8, 1);
    if (!data)
        return PARE_ENOMEM;
    for (int i = 0; i < 8; i++)
        data[i] = (char)(text.len >> (8 * i));
    text = (struct st_text){ .data = data + 8 };
    r = put_header(shard, &text);
    if (r < 0)
        return r;
    *ret_data = data;
    *ret_size = text.len + 8;
    return 0;
}

int st_shard_emit(const struct st_context *context, const struct st_plan *plan, uint64_t first,
                  uint64_t n, uint32_t file)
{
    const struct st_item *items = plan->items + first;
    struct shard shard = { .context = context, .plan = plan, .items = items, .n = n };
    struct st_text tensors = { .data = NULL };
    char *header = NULL;
    uint64_t offset = 0;
    int r = st_whole_text(context, items, n, plan, &tensors);
    shard.tensors = (struct pare_str){ tensors.data, tensors.len };
    if (r >= 0)
        r = make_header(&shard, &header, &offset);
    if (r >= 0)
        r = context->host->out_literal(context->job, file, 0, header, offset);
    for (uint64_t i = 0; r >= 0 && i < n; i++) {
        r = context->host->out_tensor(context->job, items[i].tensor, items[i].plane, file, offset);
        offset += items[i].bytes;
    }
    if (r >= 0)
        r = context->host->out_size(context->job, file, offset);
    return r < 0 ? r : 0;
}
