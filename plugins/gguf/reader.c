/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The reader's four callbacks, on the job's one thread. open checks all of every header, so that a
 * model that opens is whole, and sets the first shard's metadata. next reads the tensor tables a
 * second time and hands tensors out one by one, so that memory does not grow with their number.
 */
#include "gguf/reader.h"

#include "gguf/folder.h"
#include "gguf/tensors.h"

#include <string.h>

struct state {
    struct cursor cursor;
    char *key_buffer;
    struct gguf_shard *shards;
    uint32_t n_shards;
    uint32_t shard;  /* where next is */
    uint64_t index;  /* of the tensor in that shard */
    uint64_t offset; /* of its data */
    struct gguf_tensor tensor;
};

static int reader_probe(const struct pare_probe *source)
{
    size_t name_len = strlen(source->name);
    int named = name_len >= 5 && memcmp(source->name + name_len - 5, ".gguf", 5) == 0;
    size_t n = source->head_len < 4 ? source->head_len : 4;
    int magic = n == 0 || memcmp(source->head, "GGUF", n) == 0;
    if (n == 4 && magic)
        return 100;
    if (!named)
        return 0;
    return magic ? 50 : 10; /* cut short, or something else under this name: let open explain it */
}

static void reader_close(void *opened)
{
    struct state *state = opened;
    if (!state)
        return;
    const struct pare_host *host = state->cursor.host;
    struct pare_job *job = state->cursor.job;
    cursor_close(&state->cursor);
    if (state->key_buffer)
        host->release(job, state->key_buffer);
    if (state->shards)
        host->release(job, state->shards);
    host->release(job, state);
}

/* Loads the metadata of the split's first shard. */
static int metadata_load(struct state *state)
{
    struct cursor *cursor = &state->cursor;
    int r = cursor_open(cursor, state->shards[0].file, NULL);
    cursor_seek(cursor, GGUF_HEADER);
    for (uint64_t i = 0; i < state->shards[0].n_keys && r == 0; i++) {
        struct gguf_entry entry;
        if (cursor->host->cancelled(cursor->job))
            return PARE_ECANCELLED;
        r = gguf_entry_next(cursor, i, state->key_buffer, &entry);
        if (r == 0)
            r = gguf_value_scan(cursor, &entry);
        if (r == 0 && !gguf_key_is_split(entry.key))
            r = gguf_value_load(cursor, &entry);
    }
    return r;
}

static int shard_begin(struct state *state)
{
    int r = cursor_open(&state->cursor, state->shards[state->shard].file, NULL);
    cursor_seek(&state->cursor, state->shards[state->shard].infos);
    state->index = 0;
    state->offset = 0;
    return r;
}

static int reader_open(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    struct state *state = host->alloc(job, 1, sizeof(*state));
    if (!state)
        return PARE_ENOMEM;
    state->cursor.host = host;
    state->cursor.job = job;
    state->key_buffer = host->alloc(job, 1, PARE_MAX_NAME);
    int r = state->key_buffer ? 0 : PARE_ENOMEM;
    if (r == 0)
        r = gguf_folder_scan(&state->cursor, state->key_buffer, &state->shards, &state->n_shards);
    if (r == 0)
        r = metadata_load(state);
    if (r == 0)
        r = shard_begin(state);
    if (r < 0) {
        reader_close(state);
        return r;
    }
    *ret_state = state;
    return 0;
}

static void describe(const struct state *state, struct pare_tensor *ret_tensor)
{
    const struct gguf_tensor *tensor = &state->tensor;
    const struct gguf_shard *shard = &state->shards[state->shard];
    *ret_tensor = (struct pare_tensor){
        .struct_size = sizeof(*ret_tensor),
        .name = { tensor->name, tensor->name_len },
        .encoding = tensor->type->name,
        .n_dims = tensor->n_dims,
        .n_planes = 1,
        .planes = { { .file = shard->file,
                      .offset = shard->data + tensor->offset,
                      .length = tensor->bytes } },
    };
    for (uint32_t i = 0; i < tensor->n_dims; i++)
        ret_tensor->dims[i] = tensor->dims[tensor->n_dims - 1 - i];
}

static int reader_next(void *opened, struct pare_tensor *ret_tensor)
{
    struct state *state = opened;
    while (state->index == state->shards[state->shard].n_tensors) {
        if (state->shard + 1 == state->n_shards)
            return 0;
        state->shard++;
        int r = shard_begin(state);
        if (r < 0)
            return r;
    }
    int r = gguf_tensor_next(&state->cursor, state->index, state->shards[state->shard].alignment,
                             &state->offset, &state->tensor);
    if (r < 0)
        return r;
    state->index++;
    describe(state, ret_tensor);
    return 1;
}

const struct pare_reader gguf_reader = {
    .struct_size = sizeof(gguf_reader),
    .name = "gguf",
    .summary = "GGUF versions 2 and 3, single files and splits",
    .probe = reader_probe,
    .open = reader_open,
    .next = reader_next,
    .close = reader_close,
};
