/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Reads {"metadata": {"total_size": n}, "weight_map": {tensor: file}}, the index as Hugging Face
 * writes it. Other keys do not concern the weights and are ignored. File names are plain names
 * within the folder; they are never opened as paths, only looked up among the source's files.
 */
#include "safetensors/index.h"

#include "safetensors/json-check.h"
#include "safetensors/sort.h"
#include "safetensors/text.h"

#include <string.h>

#define SEEN (UINT32_C(1) << 31) /* in a tensor's value: a shard has it */

struct parse {
    const struct st_context *context;
    struct st_index *index;
    struct st_names names; /* of shards, each with its place in index->shards */
    struct st_json weight_map;
    uint64_t max_shards;
};

#define FAULT(parse, code, format, ...)                                                  \
    ST_FAIL((parse)->context, code, "`%s`: " format, st_show((parse)->index->name).text, \
            ##__VA_ARGS__)

/* Reads the text and proves that it is one JSON object. */
static int read_text(const struct parse *parse, uint32_t file, uint64_t size)
{
    struct st_index *index = parse->index;
    const struct st_context *context = parse->context;
    struct st_json_fault fault;
    uint64_t at;
    if (size > ST_MAX_INDEX)
        return FAULT(parse, PARE_ELIMIT,
                     "%llu bytes are more than the limit of %u for an "
                     "index",
                     (unsigned long long)size, ST_MAX_INDEX);
    index->text = context->host->alloc(context->job, size + 1, 1);
    if (!index->text)
        return PARE_ENOMEM;
    index->text_len = size;
    const int r = context->host->read(context->job, file, 0, index->text, size);
    if (r < 0)
        return r;
    const struct pare_str text = { index->text, size };
    if (!st_utf8_valid(text, &at))
        return FAULT(parse, PARE_EDATA, "the index is not UTF-8 at byte %llu",
                     (unsigned long long)at);
    if (!st_json_check(text, 0, &at, &fault))
        return FAULT(parse, fault.code, "the index is not JSON: %s, at byte %llu", fault.what,
                     (unsigned long long)fault.at);
    struct st_json json = { index->text, index->text + size };
    if (st_json_peek(&json) != '{')
        return FAULT(parse, PARE_EDATA, "the index must be a JSON object");
    json.p = index->text + at;
    if (st_json_peek(&json) != 0 || json.p != json.end)
        return FAULT(parse, PARE_EDATA, "there is text after the index's JSON");
    return 0;
}

/* total_size is for information only: what is not a number counts as absent. */
static void read_metadata(struct parse *parse, struct st_json json)
{
    if (st_json_peek(&json) != '{')
        return;
    st_json_enter(&json);
    while (st_json_more(&json)) {
        const struct pare_str key = st_json_raw_key(&json); /* our caller walks here again */
        if (st_is(key, "total_size") && st_json_u64(&json, &parse->index->total_size)) {
            parse->index->has_total = 1;
            return;
        }
        st_json_skip(&json);
    }
}

/* Finds the members that matter. */
static int read_members(struct parse *parse)
{
    struct st_json json = { parse->index->text, parse->index->text + parse->index->text_len };
    st_json_enter(&json);
    while (st_json_more(&json)) {
        const struct pare_str key = st_json_key(&json);
        const int map = st_is(key, "weight_map");
        if (map && parse->weight_map.p)
            return FAULT(parse, PARE_EDATA, "`weight_map` is there twice");
        if (map && st_json_peek(&json) == '{')
            parse->weight_map = json;
        if (st_is(key, "metadata"))
            read_metadata(parse, json);
        st_json_skip(&json);
    }
    if (!parse->weight_map.p)
        return FAULT(parse, PARE_EDATA, "the index has no object `weight_map`");
    return 0;
}

/* A shard's name must be that of a safetensors file right in the folder. */
static int check_shard_name(const struct parse *parse, struct pare_str name)
{
    if (memchr(name.data, '/', name.len) || st_has_nul(name) || st_starts(name, ".."))
        return FAULT(parse, PARE_EDATA,
                     "the shard `%s` must be a plain file name in the same "
                     "folder",
                     st_show(name).text);
    if (!st_ends(name, ST_SUFFIX))
        return FAULT(parse, PARE_EDATA, "the shard `%s` is not named like a safetensors file",
                     st_show(name).text);
    return 0;
}

/* The number of the shard called `name`, which becomes the next one when it is new. */
static int shard_number(struct parse *parse, struct pare_str name, uint32_t *ret_number)
{
    struct st_index *index = parse->index;
    const struct st_name *known = st_names_find(&parse->names, name);
    if (known) {
        *ret_number = known->value;
        return 0;
    }
    const int r = check_shard_name(parse, name);
    if (r < 0)
        return r;
    if (index->n_shards == parse->max_shards)
        return FAULT(parse, PARE_ELIMIT, "the index names more shards than the limit of %u",
                     ST_MAX_SHARDS);
    *ret_number = index->n_shards;
    st_names_add(&parse->names, name, index->n_shards);
    index->shards[index->n_shards++] = name;
    return 0;
}

static int read_pair(struct parse *parse, struct st_json *json)
{
    struct st_index *index = parse->index;
    uint32_t number = 0;
    const struct pare_str tensor = st_json_key(json);
    if (st_json_peek(json) != '"')
        return FAULT(parse, PARE_EDATA, "the shard of tensor `%s` must be a string",
                     st_show(tensor).text);
    const int r = shard_number(parse, st_json_string(json), &number);
    if (r < 0)
        return r;
    if (st_names_add(&index->tensors, tensor, number))
        return FAULT(parse, PARE_EDATA, "tensor `%s` is there twice", st_show(tensor).text);
    return 0;
}

static int read_map(struct parse *parse)
{
    struct st_index *index = parse->index;
    const struct st_context *context = parse->context;
    struct st_json json = parse->weight_map;
    index->n_tensors = st_json_count(&json);
    if (index->n_tensors > ST_MAX_TENSORS)
        return FAULT(parse, PARE_ELIMIT, "%llu tensors are more than the limit of %u",
                     (unsigned long long)index->n_tensors, ST_MAX_TENSORS);
    if (index->n_tensors == 0)
        return FAULT(parse, PARE_EDATA, "the index names no tensors");
    parse->max_shards = index->n_tensors < ST_MAX_SHARDS ? index->n_tensors : ST_MAX_SHARDS;
    index->shards = context->host->alloc(context->job, parse->max_shards, sizeof index->shards[0]);
    if (!index->shards)
        return PARE_ENOMEM;
    int r = st_names_init(context, &parse->names, parse->max_shards);
    if (r == 0)
        r = st_names_init(context, &index->tensors, index->n_tensors);
    if (r < 0)
        return r;
    st_json_enter(&json);
    while (r == 0 && st_json_more(&json))
        r = read_pair(parse, &json);
    return r;
}

static int by_name(const void *a, const void *b)
{
    return st_compare(*(const struct pare_str *)a, *(const struct pare_str *)b);
}

/* Sorts the shards by name and gives the tensors the new numbers. */
static int sort_shards(struct parse *parse)
{
    struct st_index *index = parse->index;
    const struct st_context *context = parse->context;
    uint32_t *place = context->host->alloc(context->job, index->n_shards, sizeof *place);
    if (!place)
        return PARE_ENOMEM;
    st_sort(index->shards, index->n_shards, sizeof index->shards[0], by_name);
    for (uint32_t i = 0; i < index->n_shards; i++)
        place[st_names_find(&parse->names, index->shards[i])->value] = i;
    for (uint64_t i = 0; i <= index->tensors.mask; i++)
        if (index->tensors.slots[i].data)
            index->tensors.slots[i].value = place[index->tensors.slots[i].value];
    context->host->release(context->job, place);
    return 0;
}

int st_index_open(const struct st_context *context, uint32_t file, struct st_index *ret_index)
{
    struct st_index index = { .name = { "", 0 } };
    struct parse parse = { .context = context, .index = &index };
    struct pare_file info = { .struct_size = sizeof info };
    int r = context->host->file_info(context->job, file, &info);
    if (r < 0)
        return r;
    index.name = st_str(info.name);
    r = read_text(&parse, file, info.size);
    if (r == 0)
        r = read_members(&parse);
    if (r == 0)
        r = read_map(&parse);
    if (r == 0)
        r = sort_shards(&parse);
    st_names_deinit(context, &parse.names);
    if (r == 0)
        *ret_index = index;
    else
        st_index_close(context, &index);
    return r;
}

void st_index_close(const struct st_context *context, struct st_index *index)
{
    st_names_deinit(context, &index->tensors);
    if (index->shards)
        context->host->release(context->job, index->shards);
    if (index->text)
        context->host->release(context->job, index->text);
    index->shards = NULL;
    index->text = NULL;
}

int st_index_match(const struct st_context *context, struct st_index *index,
                   const struct st_header *header, uint32_t shard)
{
    for (uint64_t i = 0; i < header->n_tensors; i++) {
        const struct pare_str name = st_header_tensor_name(header, i);
        struct st_name *listed = st_names_find(&index->tensors, name);
        if (!listed)
            return ST_FAIL(context, PARE_EDATA, "`%s`: tensor `%s` of `%s` is not listed",
                           st_show(index->name).text, st_show(name).text,
                           st_show(header->name).text);
        if ((listed->value & ~SEEN) != shard)
            return ST_FAIL(context, PARE_EDATA,
                           "`%s`: tensor `%s` is said to be in `%s`, and is "
                           "in `%s`",
                           st_show(index->name).text, st_show(name).text,
                           st_show(index->shards[listed->value & ~SEEN]).text,
                           st_show(header->name).text);
        listed->value |= SEEN;
        index->n_seen++;
    }
    return 0;
}

int st_index_finish(const struct st_context *context, const struct st_index *index,
                    uint64_t total_size)
{
    const struct st_name *missing = NULL; /* the first one in the text */
    for (uint64_t i = 0; i <= index->tensors.mask; i++) {
        const struct st_name *slot = &index->tensors.slots[i];
        if (slot->data && !(slot->value & SEEN) && (!missing || slot->data < missing->data))
            missing = slot;
    }
    if (missing)
        return ST_FAIL(context, PARE_EDATA,
                       "`%s`: %llu tensors are listed that no shard "
                       "has: `%s` is not in `%s`",
                       st_show(index->name).text,
                       (unsigned long long)(index->n_tensors - index->n_seen),
                       st_show((struct pare_str){ missing->data, missing->len }).text,
                       st_show(index->shards[missing->value]).text);
    if (index->has_total && index->total_size != total_size)
        ST_LOG(context, PARE_LOG_WARNING,
               "`%s`: total_size is %llu, and the tensors have "
               "%llu bytes",
               st_show(index->name).text, (unsigned long long)index->total_size,
               (unsigned long long)total_size);
    return 0;
}
