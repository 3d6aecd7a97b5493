/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Failures of allocations: see memory.h. */
#include "base/memory.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static atomic_int failed;

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
