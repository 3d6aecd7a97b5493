/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Which tensors go into which file, in one of two ways. By limits of size and number, tensors are
 * taken in order, and a new file begins where the next one would exceed a limit; a tensor that is
 * above the limit by itself gets a file to itself. With keep_split, the target's files are numbered
 * as the source's files of weights are, and each tensor stays in its own.
 */
#include "gguf/division.h"

#include "common/split-options.h"

#define NO_RANK UINT32_MAX

static int too_many(const struct gguf_target *target)
{
    return target->host->fail(target->job, PARE_ELIMIT,
                              "the target would have more than %u files, the most that can be read "
                              "as one model: raise split_max_size or split_max_tensors",
                              GGUF_MAX_SHARDS);
}

static int divide_by_limits(struct gguf_target *target, const struct split_options *options,
                            uint64_t n)
{
    uint64_t filled = 0;
    target->n_shards = 1;
    for (uint64_t i = 0; i < n; i++) {
        struct pare_tensor tensor;
        uint64_t bytes = 0;
        uint64_t there = i - target->first[target->n_shards - 1];
        int r = gguf_target_tensor(target, i, &tensor);
        if (r < 0)
            return r;
        if (gguf_align(tensor.planes[0].length, target->alignment, &bytes) < 0)
            bytes = INT64_MAX;
        int fits = filled <= options->max_size && bytes <= options->max_size - filled;
        if (there > 0 && (!fits || there == options->max_tensors)) {
            if (target->n_shards == GGUF_MAX_SHARDS)
                return too_many(target);
            target->first[target->n_shards++] = i;
            filled = 0;
        }
        if (__builtin_add_overflow(filled, bytes, &filled))
            filled = UINT64_MAX;
        target->order[i] = i;
    }
    target->first[target->n_shards] = n;
    return 0;
}

/* Numbers the source's files in the order of their first tensors. *ret_sorted: whether the host has
 * them in that order. ranks: one for each file, NO_RANK at first. */
static int rank_by_tensors(const struct gguf_target *target, uint64_t n, uint32_t *ranks,
                           uint32_t n_files, uint32_t *ret_n, int *ret_sorted)
{
    uint32_t n_ranks = 0;
    uint32_t last = 0;
    int sorted = 1;
    for (uint64_t i = 0; i < n; i++) {
        struct pare_tensor tensor;
        int r = gguf_target_tensor(target, i, &tensor);
        if (r < 0)
            return r;
        uint32_t file = tensor.planes[0].file;
        if (file >= n_files || ranks[file] != NO_RANK)
            continue;
        ranks[file] = n_ranks++;
        sorted = sorted && file >= last;
        last = file;
    }
    *ret_n = n_ranks;
    *ret_sorted = sorted;
    return 0;
}

/* Numbers the source's weight files in the host's order instead, up to the last one with tensors: a
 * file before it that has none keeps its number. */
static int rank_by_files(const struct gguf_target *target, uint32_t *ranks, uint32_t n_files,
                         uint32_t *ret_n)
{
    uint32_t n_weights = 0;
    uint32_t n_ranks = 0;
    for (uint32_t i = 0; i < n_files; i++) {
        struct pare_file info = { .struct_size = sizeof(info) };
        int r = target->host->file_info(target->job, i, &info);
        if (r < 0)
            return r;
        int used = ranks[i] != NO_RANK;
        if (!used && info.role != PARE_FILE_WEIGHTS)
            continue;
        ranks[i] = n_weights++;
        n_ranks = used ? n_weights : n_ranks;
    }
    *ret_n = n_ranks;
    return 0;
}

/* Sorts the tensors by their files' ranks, which keeps their order within a file. */
static int sort_by_rank(struct gguf_target *target, uint64_t n, const uint32_t *ranks,
                        uint32_t n_files)
{
    uint64_t *next = target->first + 1; /* where a rank's next tensor goes, then where it ends */
    for (int pass = 0; pass < 2; pass++) {
        for (uint64_t i = 0; i < n; i++) {
            struct pare_tensor tensor;
            int r = gguf_target_tensor(target, i, &tensor);
            if (r < 0)
                return r;
            uint32_t file = tensor.planes[0].file;
            uint32_t rank = file < n_files ? ranks[file] : 0;
            if (pass == 0)
                target->first[rank + 2]++;
            else
                target->order[next[rank]++] = i;
        }
        for (uint32_t i = 2; pass == 0 && i <= target->n_shards; i++)
            target->first[i] += target->first[i - 1];
    }
    return 0;
}

static int divide_as_source(struct gguf_target *target, uint64_t n)
{
    const struct pare_host *host = target->host;
    uint32_t n_files = host->file_count(target->job);
    uint32_t *ranks = host->alloc(target->job, n_files + 1u, sizeof(*ranks));
    int sorted = 0;
    if (!ranks)
        return PARE_ENOMEM;
    for (uint32_t i = 0; i < n_files; i++)
        ranks[i] = NO_RANK;
    int r = rank_by_tensors(target, n, ranks, n_files, &target->n_shards, &sorted);
    if (r == 0 && sorted)
        r = rank_by_files(target, ranks, n_files, &target->n_shards);
    if (r == 0 && target->n_shards > GGUF_MAX_SHARDS)
        r = too_many(target);
    if (r == 0 && target->n_shards == 0)
        target->n_shards = 1;
    if (r == 0)
        r = sort_by_rank(target, n, ranks, n_files);
    host->release(target->job, ranks);
    return r;
}

int gguf_divide(struct gguf_target *target)
{
    const struct pare_host *host = target->host;
    struct split_options options;
    uint64_t n = host->tensor_count(target->job);
    int r = split_options_read(host, target->job, NULL, &options);
    if (r < 0)
        return r;
    target->keeps = options.keep;
    target->order = host->alloc(target->job, n + 1, sizeof(*target->order));
    target->first = host->alloc(target->job, GGUF_MAX_SHARDS + 2, sizeof(*target->first));
    if (!target->order || !target->first)
        return PARE_ENOMEM;
    return options.keep ? divide_as_source(target, n) : divide_by_limits(target, &options, n);
}
