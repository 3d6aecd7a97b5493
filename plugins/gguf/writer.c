/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The writer: GGUF version 3, little-endian, one file or several. It checks first that GGUF can
 * hold what it is given, then divides the tensors among files (division.c) and lays out each of
 * them (emit.c). GGUF files beside the source's weights are laid beside these.
 */
#include "gguf/writer.h"

#include "common/cursor.h"
#include "gguf/digests.h"
#include "gguf/division.h"
#include "gguf/emit.h"
#include "gguf/types.h"

#include <stdio.h>
#include <string.h>

#define GGUF_FILE_NAME 256 /* bytes, with the NUL: the limit of file systems */

/* Reads the keys that shape the file. */
static int keys_check(struct gguf_target *target)
{
    static const struct pare_str ALIGNMENT = { "general.alignment", 17 };
    static const struct pare_str ARCHITECTURE = { "general.architecture", 20 };
    const struct pare_host *host = target->host;
    struct pare_value value = { .struct_size = sizeof(value) };
    struct pare_str key;
    target->alignment = GGUF_DEFAULT_ALIGNMENT;
    if (host->meta_get(target->job, ALIGNMENT, &value) == 1) {
        uint32_t alignment = 0;
        if (value.type == PARE_U32 && !value.is_array)
            memcpy(&alignment, value.data, sizeof(alignment));
        if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > GGUF_MAX_ALIGNMENT)
            return host->fail(target->job, PARE_EDATA,
                              "metadata key `general.alignment` must be a u32, a power of two up "
                              "to %u",
                              GGUF_MAX_ALIGNMENT);
        target->alignment = alignment;
    }
    target->is_model = host->meta_get(target->job, ARCHITECTURE, &value) == 1;
    if (target->is_model && (value.type != PARE_STRING || value.is_array))
        return host->fail(target->job, PARE_EDATA,
                          "metadata key `general.architecture` must be a string");
    target->n_keys = target->is_model ? 0 : 1;
    for (uint64_t i = 0; host->meta_at(target->job, i, &key, &value) == 1; i++)
        if (gguf_target_keeps(target, key)) {
            target->n_keys++;
            if (value.type == PARE_DIGEST)
                target->n_digests += value.is_array ? value.count : 1;
        }
    return 0;
}

static int tensor_check(const struct gguf_target *target, const struct pare_tensor *tensor)
{
    const struct pare_host *host = target->host;
    char name[CURSOR_QUOTED];
    cursor_quote(tensor->name.data, tensor->name.len, name);
    if (tensor->name.len >= GGUF_NAME_SIZE)
        return host->fail(target->job, PARE_ENOTSUP,
                          "tensor `%s`: its name has %zu bytes, GGUF has room for %d: shorten it "
                          "in the source, or choose another target format",
                          name, tensor->name.len, GGUF_NAME_SIZE - 1);
    if (gguf_shown_dims(tensor) > GGUF_MAX_DIMS)
        return host->fail(target->job, PARE_ENOTSUP,
                          "tensor `%s` has %u dimensions, GGUF has room for %d: choose another "
                          "target format",
                          name, tensor->n_dims, GGUF_MAX_DIMS);
    for (uint32_t i = 0; i < tensor->n_dims; i++)
        if (tensor->dims[i] == 0)
            return host->fail(target->job, PARE_ENOTSUP,
                              "tensor `%s` has no elements, which GGUF cannot hold", name);
    if (gguf_type_id(tensor->encoding) < 0)
        return host->fail(target->job, PARE_ENOTSUP,
                          "tensor `%s`: GGUF has no type for encoding %s", name, tensor->encoding);
    return 0;
}

static int tensors_check(const struct gguf_target *target)
{
    uint64_t n = target->host->tensor_count(target->job);
    for (uint64_t i = 0; i < n; i++) {
        struct pare_tensor tensor;
        int r = gguf_target_tensor(target, i, &tensor);
        if (r == 0)
            r = tensor_check(target, &tensor);
        if (r < 0)
            return r;
    }
    return 0;
}

/* A file beside the model that programs which run GGUF files want there: a projector. *ret_name
 * stays for any other. */
static int side_name(const struct gguf_target *target, uint32_t file, const char **ret_name)
{
    struct pare_file info = { .struct_size = sizeof(info) };
    char head[4];
    int r = target->host->file_info(target->job, file, &info);
    if (r < 0 || info.role != PARE_FILE_SIDE || info.size < sizeof(head))
        return r;
    r = target->host->read(target->job, file, 0, head, sizeof(head));
    if (r == 0 && memcmp(head, "GGUF", sizeof(head)) == 0)
        *ret_name = info.name;
    return r;
}

/* Lays out side files, or only counts them. A source that is one file is the model itself. */
static int sides_emit(const struct gguf_target *target, int only_count, uint32_t *ret_count)
{
    const struct pare_host *host = target->host;
    uint32_t n = host->file_count(target->job), file = 0, count = 0;
    int r = 0;
    for (uint32_t i = 0; n > 1 && i < n && r == 0; i++) {
        const char *name = NULL;
        r = side_name(target, i, &name);
        if (r < 0 || !name)
            continue;
        count++;
        if (!only_count)
            r = host->out_file(target->job, name, &file);
        if (!only_count && r == 0)
            r = host->out_side(target->job, i, file);
    }
    *ret_count = count;
    return r;
}

/* "" for a target of one file. */
static int shard_name(const struct gguf_target *target, uint32_t shard, uint32_t n_sides,
                      char *ret_name, size_t size)
{
    const char *name = target->host->option(target->job, "name");
    int n;
    ret_name[0] = '\0';
    if (target->n_shards == 1 && n_sides == 0)
        return 0;
    if (target->n_shards == 1)
        n = snprintf(ret_name, size, "%s.gguf", name ? name : "model");
    else
        n = snprintf(ret_name, size, "%s-%05u-of-%05u.gguf", name ? name : "model", shard + 1,
                     target->n_shards);
    if (n < 0 || (size_t)n >= size)
        return target->host->fail(target->job, PARE_ELIMIT,
                                  "the names of its files would have %d bytes, more than the limit "
                                  "of %zu: give the source a shorter name",
                                  n, size - 1);
    return 0;
}

static int shards_emit(const struct gguf_target *target)
{
    char name[GGUF_FILE_NAME];
    uint32_t n_sides = 0;
    int r = sides_emit(target, 1, &n_sides);
    for (uint32_t i = 0; i < target->n_shards && r == 0; i++) {
        r = shard_name(target, i, n_sides, name, sizeof(name));
        if (r == 0)
            r = gguf_emit(target, i, name);
    }
    return r == 0 && n_sides > 0 ? sides_emit(target, 0, &n_sides) : r;
}

static int asks_for_container(const struct gguf_target *target)
{
    const char *text = target->host->option(target->job, "as_container");
    return text && (!strcmp(text, "yes") || !strcmp(text, "true") || !strcmp(text, "on") ||
                    !strcmp(text, "1"));
}

static int layout(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    struct gguf_target target = { .host = host, .job = job };
    int r = keys_check(&target);
    if (r == 0)
        r = tensors_check(&target);
    if (r < 0)
        return r;
    if (!target.is_model && !asks_for_container(&target))
        host->log(job, PARE_LOG_WARNING,
                  "this GGUF is a plain tensor container: it has no general.architecture, so "
                  "llama.cpp will not run it");
    r = gguf_digests_new(&target);
    if (r == 0)
        r = gguf_divide(&target);
    if (r == 0)
        r = shards_emit(&target);
    if (target.order)
        host->release(job, target.order);
    if (target.first)
        host->release(job, target.first);
    if (r == 0)
        *ret_state = target.state;
    else
        gguf_digests_close(target.state);
    return r;
}

const struct pare_writer gguf_writer = {
    .struct_size = sizeof(gguf_writer),
    .name = "gguf",
    .summary = "GGUF version 3, one file or a split",
    .suffix = ".gguf",
    .holds = gguf_holds,
    .layout = layout,
    .finish = gguf_digests_finish,
    .close = gguf_digests_close,
};
