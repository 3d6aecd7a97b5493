/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Failures of allocations, and the budget of reading: see memory.h. There is one budget in a
 * process, as there is one job.
 */
#include "base/memory.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET (48 << 20) /* of the 64 MiB; the others are for the program itself */
#define MOST_ALLOWED (INT64_MAX / 64)
#define MOST_FILES (1u << 20)

static atomic_int failed;
static _Thread_local long long ahead;

struct progress {     /* in a file */
    uint64_t end;     /* of the furthest bytes that were read */
    uint64_t counted; /* bytes, never more than there are before the end: some are read again */
};

static struct {
    atomic_llong used;  /* bytes taken and not given back */
    atomic_llong limit; /* of `used`; 0: none now */
    long long allowed;  /* to be taken while reading, in all */
    long long kept;     /* of that, what was not given back yet, when reading stopped */
    long long before;   /* `used` when reading began */
    unsigned depth;
    uint64_t read;          /* bytes of side files and headers */
    struct progress *files; /* by descriptor */
    size_t n_files;
    atomic_int refused;
    char file[100]; /* that was read last */
} budget = { .allowed = BUDGET };

void memory_note_failure(void)
{
    atomic_store(&failed, 1);
}

int memory_failed(void)
{
    return atomic_load(&failed);
}

/* Jansson's parser goes on reading a text whose end it had no memory for, and past it. So while it
 * parses and memory is gone it gets some of this, which nothing gives back: the job is about to
 * end. What it makes then is given back to it alone, never to free(). */
static _Thread_local int parsing;
static _Alignas(max_align_t) unsigned char reserve[1 << 20];
static atomic_size_t reserve_used;

static void *allocate(size_t size)
{
    const size_t align = _Alignof(max_align_t);
    void *memory = malloc(size);
    if (memory)
        return memory;
    memory_note_failure();
    if (!parsing || size > sizeof reserve)
        return NULL;
    size_t at = atomic_fetch_add(&reserve_used, (size + align - 1) / align * align);
    return at <= sizeof reserve - size ? &reserve[at] : NULL;
}

static void release(void *memory)
{
    uintptr_t at = (uintptr_t)memory, start = (uintptr_t)reserve;
    if (at < start || at >= start + sizeof reserve)
        free(memory);
}

void memory_watch_json(void)
{
    json_set_alloc_funcs(allocate, release);
}

json_t *memory_parse_json(const char *text, size_t n, size_t flags, json_error_t *ret_problem)
{
    parsing = 1;
    json_t *json = json_loadb(text, n, flags, ret_problem);
    parsing = 0;
    return json;
}

/* ---- the budget of reading ---- */

int memory_take(size_t n)
{
    long long bytes = n < PTRDIFF_MAX ? (long long)n : PTRDIFF_MAX;
    long long limit = atomic_load_explicit(&budget.limit, memory_order_relaxed);
    long long used = atomic_fetch_add_explicit(&budget.used, bytes, memory_order_relaxed);
    if (!limit || used <= limit - bytes || bytes <= ahead)
        return 0;
    (void)atomic_fetch_sub_explicit(&budget.used, bytes, memory_order_relaxed);
    atomic_store(&budget.refused, 1);
    memory_note_failure();
    return -1;
}

void memory_count(size_t n)
{
    (void)atomic_fetch_add_explicit(&budget.used, (long long)n, memory_order_relaxed);
}

void memory_give(size_t n)
{
    (void)atomic_fetch_sub_explicit(&budget.used, (long long)n, memory_order_relaxed);
}

void memory_reading_begin(void)
{
    if (budget.depth++)
        return;
    budget.before = atomic_load(&budget.used) - budget.kept;
    atomic_store(&budget.limit, budget.before + budget.allowed);
}

void memory_reading_end(void)
{
    if (--budget.depth)
        return;
    budget.kept = atomic_load(&budget.used) - budget.before;
    atomic_store(&budget.limit, 0);
}

void memory_reading_ahead(uint64_t n)
{
    ahead = n < MOST_ALLOWED ? (long long)n : MOST_ALLOWED;
}

uint64_t memory_reading_bytes(void)
{
    return budget.read;
}

void memory_reading_allow(uint64_t n)
{
    if (n > MOST_ALLOWED)
        n = MOST_ALLOWED;
    budget.allowed += (long long)n;
    if (atomic_load(&budget.limit))
        (void)atomic_fetch_add(&budget.limit, (long long)n);
}

/* Room for what is known of the descriptor's file; 0: there is none. */
static int reserve_file(size_t fd)
{
    size_t n = budget.n_files ? budget.n_files : 64;
    while (n <= fd)
        n *= 2;
    if (fd < budget.n_files)
        return 1;
    struct progress *files = fd < MOST_FILES ? realloc(budget.files, n * sizeof *files) : NULL;
    if (!files)
        return 0;
    memset(files + budget.n_files, 0, (n - budget.n_files) * sizeof *files);
    budget.files = files;
    budget.n_files = n;
    return 1;
}

void memory_reading_file(const char *name, int fd, uint64_t offset, uint64_t n)
{
    size_t len = strnlen(name, sizeof budget.file - 1);
    if (!budget.depth || fd < 0 || n > MOST_ALLOWED || offset > INT64_MAX - n ||
        !reserve_file((size_t)fd))
        return;
    memcpy(budget.file, name, len);
    budget.file[len] = 0;
    struct progress *file = &budget.files[fd];
    if (offset + n > file->end)
        file->end = offset + n;
    if (n > file->end - file->counted)
        n = file->end - file->counted;
    file->counted += n;
    budget.read += n;
    memory_reading_allow(2 * n);
}

int memory_reading_refused(char *ret_text, size_t size)
{
    if (!atomic_load(&budget.refused))
        return 0;
    atomic_store(&budget.limit, 0);
    (void)snprintf(ret_text, size,
                   "%s: it takes more memory than reading a model may: the limit is 64 MiB and two "
                   "bytes for each byte of its side files and headers, of which %llu were read. No "
                   "real model is known to need that: if the file is not damaged, shorten it, or "
                   "leave it out where the model does without it",
                   budget.file, (unsigned long long)budget.read);
    return 1;
}
