/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Headers of files, and whether a set of files is one split. Each file's header is scanned from
 * magic to the end of its data, whether it is the only one or a shard; then the shards are put in
 * the order of their split.no, and split.count and split.tensors.count must agree with what is
 * there. File names are not used: they may have been changed. llama-gguf-split leaves a split.count
 * of 0 in what it has merged, which is a whole model.
 */
#include "gguf/split.h"

#include "gguf/tensors.h"

#include <stdlib.h>
#include <string.h>

#define CHECK_CANCEL 4096u /* tensors between two questions whether the job is cancelled */

static int magic_check(struct cursor *cursor)
{
    static const char lfs[] = "version https://git-lfs";
    char head[sizeof(lfs) - 1] = "";
    size_t n = cursor->size < sizeof(head) ? (size_t)cursor->size : sizeof(head);
    char text[CURSOR_QUOTED];
    if (n == 0)
        return cursor_fail(cursor, PARE_EINCOMPLETE, "the file is empty");
    int r = cursor_bytes(cursor, head, n, "the magic");
    if (r < 0)
        return r;
    if (memcmp(head, "GGUF", n < 4 ? n : 4) != 0)
        return n == sizeof(head) && memcmp(head, lfs, n) == 0
                   ? cursor_fail(cursor, PARE_EINCOMPLETE,
                                 "is a Git LFS pointer, not the file itself: fetch it with `git "
                                 "lfs pull`")
                   : cursor_fail(cursor, PARE_EDATA, "not a GGUF file: it begins with `%s`",
                                 cursor_quote(head, n < 4 ? n : 4, text));
    cursor_seek(cursor, 0);
    return cursor_skip(cursor, 4, "the magic");
}

static int version_check(struct cursor *cursor)
{
    uint32_t version = 0;
    int r = cursor_u32(cursor, "the version", &version);
    if (r < 0)
        return r;
    if (version != 0 && (version & 0xffff) == 0)
        return cursor_fail(cursor, PARE_ENOTSUP,
                           "a big-endian GGUF file (version %08x): only little-endian ones are "
                           "supported; `gguf-convert-endian FILE little` makes one of it",
                           version);
    if (version == 1)
        return cursor_fail(cursor, PARE_ENOTSUP,
                           "GGUF version 1 is obsolete: make the file anew from its source");
    if (version == 0)
        return cursor_fail(cursor, PARE_EDATA, "GGUF version 0 does not exist");
    if (version > 3)
        return cursor_fail(cursor, PARE_ENOTSUP, "GGUF version %u is not supported, only 2 and 3",
                           version);
    return 0;
}

/* Reads a count whose items take at least `item` bytes each. One that is beyond the limit is
 * nonsense when the file cannot hold it; within the limit, the file may still be arriving. */
static int count_next(struct cursor *cursor, const char *what, uint64_t limit, uint64_t item,
                      uint64_t *ret_count)
{
    uint64_t count = 0;
    int r = cursor_u64(cursor, "the header", &count);
    if (r < 0)
        return r;
    if (count > limit)
        return cursor_fail(cursor, count > cursor->size / item ? PARE_EDATA : PARE_ELIMIT,
                           "%llu %s are more than the limit of %llu", (unsigned long long)count,
                           what, (unsigned long long)limit);
    *ret_count = count;
    return 0;
}

static int header_scan(struct cursor *cursor, struct gguf_shard *shard)
{
    int r = magic_check(cursor);
    if (r == 0)
        r = version_check(cursor);
    if (r == 0)
        r = count_next(cursor, "tensors", GGUF_MAX_TENSORS, GGUF_MIN_TENSOR, &shard->n_tensors);
    if (r == 0)
        r = count_next(cursor, "metadata keys", GGUF_MAX_KEYS, GGUF_MIN_KEY, &shard->n_keys);
    if (r == 0)
        r = cursor_need(cursor, shard->n_tensors * GGUF_MIN_TENSOR + shard->n_keys * GGUF_MIN_KEY,
                        "the header");
    return r;
}

static int keys_scan(struct cursor *cursor, char *key_buffer, struct gguf_shard *shard)
{
    for (uint64_t i = 0; i < shard->n_keys; i++) {
        struct gguf_entry entry;
        int r = gguf_entry_next(cursor, i, key_buffer, &entry);
        if (r == 0)
            r = gguf_value_scan(cursor, &entry);
        if (r == 0)
            r = gguf_rules_apply(cursor, &entry, &shard->facts);
        if (r < 0)
            return r;
    }
    shard->alignment = shard->facts.seen[GGUF_KEY_ALIGNMENT]
                           ? (uint32_t)shard->facts.value[GGUF_KEY_ALIGNMENT]
                           : GGUF_DEFAULT_ALIGNMENT;
    return gguf_rules_finish(cursor, &shard->facts);
}

/* 1 when another GGUF file begins right behind the data: shards that were joined with `cat'. */
static int is_joined(const struct cursor *cursor, uint64_t end)
{
    unsigned char magic[4];
    return cursor->size - end > sizeof magic &&
           cursor->host->read(cursor->job, cursor->file, end, magic, sizeof magic) == 0 &&
           !memcmp(magic, "GGUF", sizeof magic);
}

/* Finds where the data begins and that nothing follows it. `length` is that of all tensors, padded;
 * the padding of the last one may be missing, so may the header's when there are no tensors. */
static int data_check(const struct cursor *cursor, struct gguf_shard *shard, uint64_t length)
{
    uint64_t data = 0;
    uint64_t end = 0;
    if (gguf_align(cursor->pos, shard->alignment, &data) < 0 ||
        __builtin_add_overflow(data, length, &end) || end > INT64_MAX)
        return cursor_fail(cursor, PARE_EDATA, "the tensors' sizes exceed 63 bits");
    if (cursor->size > end && is_joined(cursor, end))
        return cursor_fail(
            cursor, PARE_EDATA,
            "another GGUF file begins at byte %llu, where the data ends: shards that "
            "were joined with `cat' are no model; give them as they were, all in one "
            "folder, or merge them with `llama-gguf-split --merge'",
            (unsigned long long)end);
    if (cursor->size > end)
        return cursor_fail(cursor, PARE_EDATA,
                           "%llu bytes follow the data, which ends at byte %llu: the file is "
                           "not only a GGUF file",
                           (unsigned long long)(cursor->size - end), (unsigned long long)end);
    shard->data = data;
    shard->end += data;
    shard->size = cursor->size;
    return 0;
}

/* Notes what tells models apart: sums, since tensors have no order. */
static void add_tensor(struct gguf_shard *shard, const struct gguf_tensor *tensor)
{
    uint64_t elements = 1;
    uint64_t hash = gguf_hash(GGUF_HASH_INIT, tensor->name, tensor->name_len);
    for (uint32_t i = 0; i < tensor->n_dims; i++)
        elements *= tensor->dims[i];
    shard->tensors += gguf_hash(hash, tensor->dims, tensor->n_dims * sizeof(tensor->dims[0]));
    shard->elements += elements;
    shard->bytes += tensor->bytes;
    shard->end = tensor->offset + tensor->bytes; /* from the start of the data so far */
    if (strcmp(tensor->type->name, "f16") == 0)
        shard->halves += elements;
}

static int tensors_scan(struct cursor *cursor, struct gguf_shard *shard)
{
    struct gguf_tensor tensor;
    uint64_t offset = 0;
    shard->infos = cursor->pos;
    for (uint64_t i = 0; i < shard->n_tensors; i++) {
        if (i % CHECK_CANCEL == 0 && cursor->host->cancelled(cursor->job))
            return PARE_ECANCELLED;
        int r = gguf_tensor_next(cursor, i, shard->alignment, &offset, &tensor);
        if (r < 0)
            return r;
        add_tensor(shard, &tensor);
    }
    return data_check(cursor, shard, offset);
}

int gguf_shard_scan(struct cursor *cursor, uint32_t file, char *key_buffer,
                    struct gguf_shard *ret_shard)
{
    struct pare_file info = { .struct_size = sizeof(info) };
    struct gguf_shard shard = { .file = file };
    int r = cursor->host->file_info(cursor->job, file, &info);
    shard.name = info.name;
    if (r == 0)
        r = cursor_open(cursor, file, NULL);
    if (r == 0)
        r = header_scan(cursor, &shard);
    if (r == 0)
        r = keys_scan(cursor, key_buffer, &shard);
    if (r == 0)
        r = tensors_scan(cursor, &shard);
    if (r == 0)
        *ret_shard = shard;
    return r;
}

uint64_t gguf_shard_count(const struct gguf_shard *shard)
{
    uint64_t count = shard->facts.value[GGUF_KEY_SPLIT_COUNT];
    return shard->facts.seen[GGUF_KEY_SPLIT_COUNT] && count ? count : 1;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = ((const struct gguf_shard *)a)->facts.value[GGUF_KEY_SPLIT_NO];
    uint64_t y = ((const struct gguf_shard *)b)->facts.value[GGUF_KEY_SPLIT_NO];
    return (x > y) - (x < y);
}

/* A fault of a set of files is reported without the name of any one of them. */
static int counts_check(const struct cursor *cursor, const struct gguf_shard *shards, uint32_t n)
{
    const struct pare_host *host = cursor->host;
    uint64_t count = gguf_shard_count(&shards[0]);
    for (uint32_t i = 1; i < n; i++)
        if (gguf_shard_count(&shards[i]) != count)
            return host->fail(cursor->job, PARE_EDATA,
                              "shards of different splits: split.count is %llu in one file and "
                              "%llu in another",
                              (unsigned long long)count,
                              (unsigned long long)gguf_shard_count(&shards[i]));
    return 0;
}

/* Shards are found by their names, or because they lie in one folder. */
static int shard_missing(const struct cursor *cursor, const struct gguf_shard *shards, uint32_t i,
                         uint32_t n)
{
    unsigned long long count = gguf_shard_count(&shards[0]);
    unsigned long long no = shards[0].facts.value[GGUF_KEY_SPLIT_NO] + 1;
    if (n > 1)
        return cursor->host->fail(cursor->job, PARE_EINCOMPLETE,
                                  "shard %u of %llu is missing; %u found", i + 1, count, n);
    return cursor->host->fail(cursor->job, PARE_EINCOMPLETE,
                              "shard %u of %llu is missing; 1 found: this one is shard %llu of "
                              "%llu, whatever its name; put all into one folder, or call them "
                              "NAME-00001-of-%05llu.gguf and so on",
                              i + 1, count, no, count, count);
}

static int order_check(const struct cursor *cursor, const struct gguf_shard *shards, uint32_t n)
{
    const struct pare_host *host = cursor->host;
    uint64_t count = gguf_shard_count(&shards[0]);
    for (uint32_t i = 0; i < n && count > 1; i++) {
        uint64_t no = shards[i].facts.value[GGUF_KEY_SPLIT_NO];
        if (no < i)
            return host->fail(cursor->job, PARE_EDATA, "two files are shard %llu of %llu",
                              (unsigned long long)(no + 1), (unsigned long long)count);
        if (no > i)
            return shard_missing(cursor, shards, i, n);
    }
    return n < count ? shard_missing(cursor, shards, n, n) : 0;
}

static int tensor_counts_check(const struct cursor *cursor, const struct gguf_shard *shards,
                               uint32_t n)
{
    const struct pare_host *host = cursor->host;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += shards[i].n_tensors;
    for (uint32_t i = 0; i < n; i++) {
        const struct gguf_facts *facts = &shards[i].facts;
        if (!facts->seen[GGUF_KEY_SPLIT_TENSORS] || gguf_shard_count(&shards[0]) == 1)
            continue;
        if (facts->value[GGUF_KEY_SPLIT_TENSORS] != sum)
            return host->fail(cursor->job, PARE_EDATA,
                              "split.tensors.count is %llu, but the shards have %llu tensors",
                              (unsigned long long)facts->value[GGUF_KEY_SPLIT_TENSORS],
                              (unsigned long long)sum);
    }
    if (gguf_shard_count(&shards[0]) > 1 && !shards[0].facts.seen[GGUF_KEY_SPLIT_TENSORS])
        return host->fail(cursor->job, PARE_EDATA, "the first shard has no split.tensors.count");
    return 0;
}

int gguf_shards_order(const struct cursor *cursor, struct gguf_shard *shards, uint32_t n)
{
    int r = counts_check(cursor, shards, n);
    if (r < 0)
        return r;
    qsort(shards, n, sizeof(*shards), by_number);
    r = order_check(cursor, shards, n);
    return r < 0 ? r : tensor_counts_check(cursor, shards, n);
}
