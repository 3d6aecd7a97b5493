/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Side files of the source that go into a target folder: tokenizer, licence and so on, byte for
 * byte. Only config.json changes: the top-level value of `torch_dtype` or `dtype` is replaced in
 * its place by the type that the weights now have; every other byte stays as its author wrote it,
 * because programs we know nothing about read this file.
 */
#include "safetensors/config.h"

#include "safetensors/json.h"
#include "safetensors/json-check.h"
#include "safetensors/text.h"

#include <string.h>

/* What config.json becomes: pieces of its text with `dtype` between them. */
struct rewrite {
    struct pare_str text;
    const char *dtype;
    struct st_text out;
    uint64_t n_replaced;
};

static int is_dtype_key(struct pare_str key)
{
    return st_is(key, "torch_dtype") || st_is(key, "dtype");
}

/* Writes the new text, or measures it; `text` is JSON, an object. */
static void put_config(struct rewrite *rewrite)
{
    char *start = (char *)(uintptr_t)rewrite->text.data; /* the cursor changes nothing here */
    struct st_json json = { start, start + rewrite->text.len };
    const char *done = start;
    rewrite->n_replaced = 0;
    st_json_enter(&json);
    while (st_json_more(&json)) {
        const struct pare_str key = st_json_raw_key(&json);
        const struct pare_str value = st_json_skip(&json);
        if (!is_dtype_key(key) || value.data[0] != '"')
            continue;
        const struct pare_str old = { value.data + 1, value.len - 2 };
        if (st_is(old, rewrite->dtype))
            continue;
        st_put(&rewrite->out, (struct pare_str){ done, (size_t)(old.data - done) });
        st_puts(&rewrite->out, rewrite->dtype);
        done = old.data + old.len;
        rewrite->n_replaced++;
    }
    st_put(&rewrite->out, (struct pare_str){ done, (size_t)(json.end - done) });
}

/* 1: the text is a JSON object that can be rewritten. Python's NaN and Infinity may be in it. */
static int is_object(struct pare_str text)
{
    uint64_t len;
    struct st_json_fault fault;
    size_t at = 0;
    if (!st_utf8_valid(text, &len) || !st_json_check(text, 1, &len, &fault))
        return 0;
    while (strchr(" \n\r\t", text.data[at]))
        at++;
    return text.data[at] == '{';
}

/* Gives 1 and the new text, in memory of the host's, when config.json has to change; else 0. */
static int rewrite_config(const struct st_context *context, uint32_t source, uint64_t size,
                          const char *dtype, struct st_text *ret_text)
{
    if (size > ST_MAX_SIDE_JSON || size == 0) {
        ST_LOG(context, PARE_LOG_WARNING,
               "`config.json` has %llu bytes, which is not "
               "believed: its dtype was left as it is",
               (unsigned long long)size);
        return 0;
    }
    char *text = context->host->alloc(context->job, size + 1, 1);
    if (!text)
        return PARE_ENOMEM;
    const int r = context->host->read(context->job, source, 0, text, size);
    if (r < 0)
        return r;
    struct rewrite rewrite = { .text = { text, size }, .dtype = dtype };
    if (!is_object(rewrite.text)) {
        ST_LOG(context, PARE_LOG_WARNING,
               "`config.json` is not a JSON object: its dtype was left "
               "as it is");
        return 0;
    }
    put_config(&rewrite);
    if (rewrite.n_replaced == 0)
        return 0;
    rewrite.out.data = context->host->alloc(context->job, rewrite.out.len, 1);
    if (!rewrite.out.data)
        return PARE_ENOMEM;
    rewrite.out.len = 0;
    put_config(&rewrite);
    *ret_text = rewrite.out;
    return 1;
}

/* A file or folder can have the name: it is not hidden and harmless to show. */
static int is_clean(struct pare_str name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.data[i] < 0x20 || name.data[i] == 0x7F || name.data[i] == '/')
            return 0;
    return name.len > 0 && name.data[0] != '.';
}

/* The file can keep its name in the target, at the top or in a subfolder, and nobody would take it
 * for a part of the model. */
static int can_carry(struct pare_str name)
{
    const char *slash = memchr(name.data, '/', name.len);
    const size_t folder = slash ? (size_t)(slash - name.data) : 0;
    struct pare_str last = name;
    uint64_t at;
    if (slash)
        last = (struct pare_str){ slash + 1, name.len - folder - 1 };
    return (!slash || is_clean((struct pare_str){ name.data, folder })) && is_clean(last) &&
           name.len <= 255 && st_utf8_valid(name, &at) && !st_ends(name, ST_SUFFIX) &&
           !st_ends(name, ST_INDEX_SUFFIX);
}

static int emit_one(const struct st_context *context, const struct st_plan *plan, uint32_t source,
                    const struct pare_file *info)
{
    struct st_text text = { .data = NULL };
    uint32_t file;
    int rewritten = 0;
    if (plan->torch && strcmp(info->name, "config.json") == 0)
        rewritten = rewrite_config(context, source, info->size, plan->torch, &text);
    if (rewritten < 0)
        return rewritten;
    int r = context->host->out_file(context->job, info->name, &file);
    if (r < 0)
        return r;
    if (rewritten == 0)
        return context->host->out_side(context->job, source, file);
    r = context->host->out_literal(context->job, file, 0, text.data, text.len);
    return r < 0 ? r : context->host->out_size(context->job, file, text.len);
}

int st_side_emit(const struct st_context *context, const struct st_plan *plan)
{
    const uint32_t n = context->host->file_count(context->job);
    uint64_t n_left = 0;
    struct pare_str left = { "", 0 };
    for (uint32_t i = 0; i < n; i++) {
        struct pare_file info = { .struct_size = sizeof info };
        int r = context->host->file_info(context->job, i, &info);
        if (r < 0)
            return r;
        if (info.role != PARE_FILE_SIDE)
            continue;
        const struct pare_str name = st_str(info.name);
        if (!can_carry(name)) {
            left = n_left++ == 0 ? name : left;
            continue;
        }
        r = emit_one(context, plan, i, &info);
        if (r < 0)
            return r;
    }
    if (n_left > 0)
        ST_LOG(context, PARE_LOG_WARNING,
               "%llu side files were left out, for an output "
               "cannot have their names: `%s`",
               (unsigned long long)n_left, st_show(left).text);
    return 0;
}
