/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Failures of allocations: see memory.h. */
#include "base/memory.h"

#include <jansson.h>
#include <stdatomic.h>
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

static void *allocate(size_t size)
{
    void *memory = malloc(size);
    if (!memory)
        memory_note_failure();
    return memory;
}

void memory_watch_json(void)
{
    json_set_alloc_funcs(allocate, free);
}
