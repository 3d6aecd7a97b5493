/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One file of the target: its header, and where its tensors lie. The header is composed twice by
 * the same code, first into a sink that only counts, then into memory of that size. Keys and
 * tensors keep the order in which they are given. Dimensions of 1 at the outer end are left out
 * and there is at least one dimension, as in every file that ggml writes; so for the same keys and
 * tensors the file is the same, byte for byte.
 */
#include "gguf/emit.h"

#include "common/cursor.h"
#include "gguf/types.h"

#include <string.h>

static const char CONTAINER[] = "tensor-container";

struct sink {
    uint8_t *data; /* NULL: only count */
    uint64_t length;
    struct gguf_state *state; /* where digests are to be noted; or NULL */
};

static void put(struct sink *sink, const void *bytes, uint64_t n)
{
    if (sink->data && n > 0)
        memcpy(sink->data + sink->length, bytes, (size_t)n);
    sink->length += n;
}

static void put_elements(struct sink *sink, const void *elements, uint64_t count, uint32_t size)
{
    if (sink->data)
        cursor_copy(sink->data + sink->length, elements, count, size);
    sink->length += count * size;
}

static void put_u32(struct sink *sink, uint32_t value)
{
    put_elements(sink, &value, 1, sizeof(value));
}

static void put_u64(struct sink *sink, uint64_t value)
{
    put_elements(sink, &value, 1, sizeof(value));
}

static void put_string(struct sink *sink, struct pare_str text)
{
    put_u64(sink, text.len);
    put(sink, text.data, text.len);
}

/* Zeros in place of a digest; where they stand is noted when the header is composed. */
static void put_digest(struct sink *sink, uint32_t source)
{
    char zeros[PARE_DIGEST_SIZE - 1];
    memset(zeros, '0', sizeof(zeros));
    put_u64(sink, sizeof(zeros));
    if (sink->data && sink->state)
        sink->state->digests[sink->state->n_digests++] = (struct gguf_digest){ sink->length,
                                                                               source };
    put(sink, zeros, sizeof(zeros));
}

static void put_entry(struct sink *sink, struct pare_str key, const struct pare_value *value)
{
    uint64_t count = value->is_array ? value->count : 1;
    uint32_t type = value->type == PARE_DIGEST ? PARE_STRING : value->type;
    put_string(sink, key);
    if (value->is_array) {
        put_u32(sink, GGUF_ARRAY);
        put_u32(sink, type);
        put_u64(sink, count);
    } else {
        put_u32(sink, type);
    }
    for (uint64_t i = 0; value->type == PARE_DIGEST && i < count; i++)
        put_digest(sink, ((const uint32_t *)value->data)[i]);
    if (type != PARE_STRING) {
        put_elements(sink, value->data, count, gguf_element_size(value->type));
        return;
    }
    const struct pare_str *strings = value->data;
    for (uint64_t i = 0; value->type == PARE_STRING && i < count; i++)
        put_string(sink, strings[i]);
}

static void put_tensor(struct sink *sink, const struct pare_tensor *tensor, uint64_t offset)
{
    uint32_t n = gguf_shown_dims(tensor);
    put_string(sink, tensor->name);
    put_u32(sink, n);
    for (uint32_t i = 0; i < n; i++)
        put_u64(sink, tensor->n_dims > 0 ? tensor->dims[tensor->n_dims - 1 - i] : 1);
    put_u32(sink, (uint32_t)gguf_type_id(tensor->encoding));
    put_u64(sink, offset);
}

static void put_number(struct sink *sink, const char *key, uint32_t type, uint32_t number)
{
    uint16_t narrow = (uint16_t)number;
    struct pare_value value = { .type = type, .count = 1, .data = &number };
    if (type == PARE_U16)
        value.data = &narrow;
    put_entry(sink, (struct pare_str){ key, strlen(key) }, &value);
}

/* Which shard of how many this is. llama-quantize --keep-split and llama-gguf-split write these
 * keys in different orders; each of our ways to split follows one of them. */
static void put_split(struct sink *sink, const struct gguf_target *target, uint32_t shard)
{
    uint32_t n_tensors = (uint32_t)target->host->tensor_count(target->job);
    put_number(sink, "split.no", PARE_U16, shard);
    if (target->keeps)
        put_number(sink, "split.count", PARE_U16, target->n_shards);
    put_number(sink, "split.tensors.count", PARE_I32, n_tensors);
    if (!target->keeps)
        put_number(sink, "split.count", PARE_U16, target->n_shards);
}

static void put_keys(struct sink *sink, const struct gguf_target *target)
{
    struct pare_value value = { .struct_size = sizeof(value) };
    struct pare_str key;
    if (!target->is_model) {
        put_string(sink, (struct pare_str){ "general.architecture", 20 });
        put_u32(sink, PARE_STRING);
        put_string(sink, (struct pare_str){ CONTAINER, sizeof(CONTAINER) - 1 });
    }
    for (uint64_t i = 0; target->host->meta_at(target->job, i, &key, &value) == 1; i++)
        if (gguf_target_keeps(target, key))
            put_entry(sink, key, &value);
}

/* Moves the offset from this tensor's data to where the next one's begins. */
static int next_offset(const struct gguf_target *target, uint32_t shard,
                       const struct pare_tensor *tensor, uint64_t *offset)
{
    uint64_t end = 0;
    if (__builtin_add_overflow(*offset, tensor->planes[0].length, &end) ||
        gguf_align(end, gguf_shard_alignment(target, shard), &end) < 0)
        return target->host->fail(target->job, PARE_ELIMIT, "the target exceeds 2^63 bytes");
    *offset = end;
    return 0;
}

static int put_header(struct sink *sink, const struct gguf_target *target, uint32_t shard)
{
    uint32_t n_split_keys = target->n_shards > 1 ? 3 : 0;
    uint64_t offset = 0;
    put(sink, "GGUF", 4);
    put_u32(sink, 3);
    put_u64(sink, target->first[shard + 1] - target->first[shard]);
    put_u64(sink, (shard == 0 ? target->n_keys : 0) + n_split_keys);
    if (shard == 0)
        put_keys(sink, target);
    if (n_split_keys > 0)
        put_split(sink, target, shard);
    for (uint64_t i = target->first[shard]; i < target->first[shard + 1]; i++) {
        struct pare_tensor tensor;
        int r = gguf_target_tensor(target, target->order[i], &tensor);
        if (r < 0)
            return r;
        put_tensor(sink, &tensor, offset);
        r = next_offset(target, shard, &tensor, &offset);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Writes the header, padded, and sets *ret_data to where the data begins. */
static int lay_header(const struct gguf_target *target, uint32_t shard, uint32_t file,
                      uint64_t *ret_data)
{
    struct sink sink = { .state = target->state };
    uint64_t data = 0;
    int r = put_header(&sink, target, shard);
    if (r < 0)
        return r;
    if (gguf_align(sink.length, gguf_shard_alignment(target, shard), &data) < 0)
        return target->host->fail(target->job, PARE_ELIMIT, "the header exceeds 2^63 bytes");
    sink.data = target->host->alloc(target->job, 1, data);
    if (!sink.data)
        return PARE_ENOMEM;
    sink.length = 0;
    r = put_header(&sink, target, shard);
    if (r == 0)
        r = target->host->out_literal(target->job, file, 0, sink.data, data);
    target->host->release(target->job, sink.data);
    if (r == 0)
        *ret_data = data;
    return r;
}

static int lay_tensors(const struct gguf_target *target, uint32_t shard, uint32_t file,
                       uint64_t data)
{
    const struct pare_host *host = target->host;
    uint64_t offset = 0;
    for (uint64_t i = target->first[shard]; i < target->first[shard + 1]; i++) {
        struct pare_tensor tensor;
        int r = gguf_target_tensor(target, target->order[i], &tensor);
        if (r == 0)
            r = host->out_tensor(target->job, target->order[i], 0, file, data + offset);
        if (r == 0)
            r = next_offset(target, shard, &tensor, &offset);
        if (r < 0)
            return r;
    }
    return host->out_size(target->job, file, data + offset);
}

int gguf_emit(const struct gguf_target *target, uint32_t shard, const char *name)
{
    uint32_t file = 0;
    uint64_t data = 0;
    int r = target->host->out_file(target->job, name, &file);
    if (r == 0)
        r = lay_header(target, shard, file, &data);
    if (r == 0)
        r = lay_tensors(target, shard, file, data);
    return r;
}
