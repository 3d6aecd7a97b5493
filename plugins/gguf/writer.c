/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The writer: one GGUF file, version 3, little-endian. The header is composed twice by the same
 * code, first into a sink that only counts, then into memory of that size. Keys and tensors keep
 * the order in which the host has them. Dimensions of 1 at the outer end are left out and there is
 * at least one dimension, as in every file that ggml writes; so for the same keys and tensors the
 * file is the same, byte for byte.
 */
#include "gguf.h"

#include <inttypes.h>
#include <string.h>

static const char CONTAINER[] = "tensor-container";

struct sink {
    uint8_t *data; /* NULL: only count */
    uint64_t length;
};

struct target {
    const struct pare_host *host;
    struct pare_job *job;
    uint32_t alignment;
    bool is_model; /* has general.architecture */
    uint64_t n_keys;
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
        gguf_copy_elements(sink->data + sink->length, elements, count, size);
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

static void put_entry(struct sink *sink, struct pare_str key, const struct pare_value *value)
{
    uint64_t count = value->is_array ? value->count : 1;
    put_string(sink, key);
    if (value->is_array) {
        put_u32(sink, GGUF_ARRAY);
        put_u32(sink, value->type);
        put_u64(sink, count);
    } else {
        put_u32(sink, value->type);
    }
    if (value->type != PARE_STRING) {
        put_elements(sink, value->data, count, gguf_element_size(value->type));
        return;
    }
    const struct pare_str *strings = value->data;
    for (uint64_t i = 0; i < count; i++)
        put_string(sink, strings[i]);
}

/* Whether an entry belongs into the file: not what describes another container. */
static bool is_kept(const struct target *target, struct pare_str key)
{
    if (key.len == 0 || gguf_key_is_split(key))
        return false;
    return target->is_model || !gguf_key_is(key, "format");
}

/* How many dimensions the file will show. */
static uint32_t shown_dims(const struct pare_tensor *tensor)
{
    uint32_t n = tensor->n_dims;
    while (n > 1 && tensor->dims[tensor->n_dims - n] == 1)
        n--;
    return n > 0 ? n : 1;
}

static void put_tensor(struct sink *sink, const struct pare_tensor *tensor, uint64_t offset)
{
    uint32_t n = shown_dims(tensor);
    put_string(sink, tensor->name);
    put_u32(sink, n);
    for (uint32_t i = 0; i < n; i++)
        put_u64(sink, tensor->n_dims > 0 ? tensor->dims[tensor->n_dims - 1 - i] : 1);
    put_u32(sink, (uint32_t)gguf_type_id(tensor->encoding));
    put_u64(sink, offset);
}

static int tensor_at(const struct target *target, uint64_t i, struct pare_tensor *ret_tensor)
{
    *ret_tensor = (struct pare_tensor){.struct_size = sizeof(*ret_tensor)};
    return target->host->tensor_at(target->job, i, ret_tensor);
}

/* Where the data of the tensor after this one begins. */
static int next_offset(const struct target *target, const struct pare_tensor *tensor,
                       uint64_t *offset)
{
    uint64_t end = 0;
    if (__builtin_add_overflow(*offset, tensor->planes[0].length, &end) ||
        gguf_align(end, target->alignment, &end) < 0)
        return target->host->fail(target->job, PARE_ELIMIT, "the target exceeds 2^63 bytes");
    *offset = end;
    return 0;
}

static int put_header(const struct target *target, struct sink *sink)
{
    const struct pare_host *host = target->host;
    uint64_t n_tensors = host->tensor_count(target->job);
    struct pare_value value = {.struct_size = sizeof(value)};
    struct pare_str key;
    put(sink, "GGUF", 4);
    put_u32(sink, 3);
    put_u64(sink, n_tensors);
    put_u64(sink, target->n_keys);
    if (!target->is_model) {
        put_string(sink, (struct pare_str){"general.architecture", 20});
        put_u32(sink, PARE_STRING);
        put_string(sink, (struct pare_str){CONTAINER, sizeof(CONTAINER) - 1});
    }
    for (uint64_t i = 0; host->meta_at(target->job, i, &key, &value) == 1; i++)
        if (is_kept(target, key))
            put_entry(sink, key, &value);
    uint64_t offset = 0;
    for (uint64_t i = 0; i < n_tensors; i++) {
        struct pare_tensor tensor;
        int r = tensor_at(target, i, &tensor);
        if (r < 0)
            return r;
        put_tensor(sink, &tensor, offset);
        r = next_offset(target, &tensor, &offset);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Reads the keys that shape the file. */
static int keys_check(struct target *target)
{
    static const struct pare_str ALIGNMENT = {"general.alignment", 17};
    static const struct pare_str ARCHITECTURE = {"general.architecture", 20};
    const struct pare_host *host = target->host;
    struct pare_value value = {.struct_size = sizeof(value)};
    struct pare_str key;
    target->alignment = GGUF_DEFAULT_ALIGNMENT;
    if (host->meta_get(target->job, ALIGNMENT, &value) == 1) {
        uint32_t alignment = 0;
        if (value.type == PARE_U32 && !value.is_array)
            memcpy(&alignment, value.data, sizeof(alignment));
        if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > GGUF_MAX_ALIGNMENT)
            return host->fail(target->job, PARE_EDATA,
                              "metadata key `general.alignment` must be a u32, a power of two up "
                              "to %u", GGUF_MAX_ALIGNMENT);
        target->alignment = alignment;
    }
    target->is_model = host->meta_get(target->job, ARCHITECTURE, &value) == 1;
    if (target->is_model && (value.type != PARE_STRING || value.is_array))
        return host->fail(target->job, PARE_EDATA,
                          "metadata key `general.architecture` must be a string");
    target->n_keys = target->is_model ? 0 : 1;
    for (uint64_t i = 0; host->meta_at(target->job, i, &key, &value) == 1; i++)
        target->n_keys += is_kept(target, key);
    return 0;
}

static int tensor_check(const struct target *target, const struct pare_tensor *tensor)
{
    const struct pare_host *host = target->host;
    char name[GGUF_QUOTED];
    gguf_quote(tensor->name.data, tensor->name.len, name);
    if (tensor->name.len >= GGUF_NAME_SIZE)
        return host->fail(target->job, PARE_ENOTSUP,
                          "tensor `%s`: its name has %zu bytes, GGUF has room for %d: shorten it "
                          "in the source, or choose another target format",
                          name, tensor->name.len, GGUF_NAME_SIZE - 1);
    if (shown_dims(tensor) > GGUF_MAX_DIMS)
        return host->fail(target->job, PARE_ENOTSUP,
                          "tensor `%s` has %u dimensions, GGUF has room for %d: choose another "
                          "target format", name, tensor->n_dims, GGUF_MAX_DIMS);
    for (uint32_t i = 0; i < tensor->n_dims; i++)
        if (tensor->dims[i] == 0)
            return host->fail(target->job, PARE_ENOTSUP,
                              "tensor `%s` has no elements, which GGUF cannot hold", name);
    if (gguf_type_id(tensor->encoding) < 0)
        return host->fail(target->job, PARE_ENOTSUP,
                          "tensor `%s`: GGUF has no type for encoding %s", name, tensor->encoding);
    return 0;
}

static int tensors_check(const struct target *target)
{
    uint64_t n = target->host->tensor_count(target->job);
    for (uint64_t i = 0; i < n; i++) {
        struct pare_tensor tensor;
        int r = tensor_at(target, i, &tensor);
        if (r == 0)
            r = tensor_check(target, &tensor);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Writes the header, padded, and sets *ret_data to where the data begins. */
static int lay_header(const struct target *target, uint32_t file, uint64_t *ret_data)
{
    struct sink sink = {.data = NULL};
    uint64_t data = 0;
    int r = put_header(target, &sink);
    if (r < 0)
        return r;
    if (gguf_align(sink.length, target->alignment, &data) < 0)
        return target->host->fail(target->job, PARE_ELIMIT, "the header exceeds 2^63 bytes");
    sink.data = target->host->alloc(target->job, 1, data);
    if (!sink.data)
        return PARE_ENOMEM;
    sink.length = 0;
    r = put_header(target, &sink);
    if (r == 0)
        r = target->host->out_literal(target->job, file, 0, sink.data, data);
    target->host->release(target->job, sink.data);
    if (r == 0)
        *ret_data = data;
    return r;
}

static int lay_tensors(const struct target *target, uint32_t file, uint64_t data)
{
    const struct pare_host *host = target->host;
    uint64_t n = host->tensor_count(target->job);
    uint64_t offset = 0;
    for (uint64_t i = 0; i < n; i++) {
        struct pare_tensor tensor;
        int r = tensor_at(target, i, &tensor);
        if (r == 0)
            r = host->out_tensor(target->job, i, 0, file, data + offset);
        if (r == 0)
            r = next_offset(target, &tensor, &offset);
        if (r < 0)
            return r;
    }
    return host->out_size(target->job, file, data + offset);
}

static int layout(const struct pare_host *host, struct pare_job *job)
{
    struct target target = {.host = host, .job = job};
    uint32_t file = 0;
    uint64_t data = 0;
    int r = keys_check(&target);
    if (r == 0)
        r = tensors_check(&target);
    if (r < 0)
        return r;
    if (!target.is_model)
        host->log(job, PARE_LOG_WARNING,
                  "this GGUF is a plain tensor container: it has no general.architecture, so "
                  "llama.cpp will not run it");
    r = host->out_file(job, "", &file);
    if (r == 0)
        r = lay_header(&target, file, &data);
    if (r == 0)
        r = lay_tensors(&target, file, data);
    return r;
}

static const char *const ENCODINGS[] = {
    "f32",  "f16",  "bf16", "f64",  "i8",      "i16",    "i32",     "i64",   "q4_0",
    "q4_1", "q5_0", "q5_1", "q8_0", "q2_k",    "q3_k",   "q4_k",    "q5_k",  "q6_k",
    "iq1_s", "iq1_m", "iq2_xxs", "iq2_xs", "iq2_s", "iq3_xxs", "iq3_s", "iq4_nl", "iq4_xs",
    "tq1_0", "tq2_0", "mxfp4", "nvfp4", "q1_0", "q2_0", NULL,
};

const struct pare_writer gguf_writer = {
    .struct_size = sizeof(gguf_writer),
    .name = "gguf",
    .summary = "GGUF version 3, one file",
    .suffix = ".gguf",
    .encodings = ENCODINGS,
    .layout = layout,
};
