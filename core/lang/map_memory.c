/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Memory of a map: see map_memory.h. */
#include "lang/map_memory.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct map_block {
    struct map_block *older;
    max_align_t data[];
};

void *map_memory_alloc(struct map_memory *memory, size_t size)
{
    struct map_block *block = calloc(1, sizeof *block + size);
    if (!block)
        return NULL;
    block->older = memory->blocks;
    memory->blocks = block;
    return block->data;
}

char *map_memory_copy(struct map_memory *memory, struct pare_str text)
{
    char *copy = map_memory_alloc(memory, text.len + 1);
    if (copy && text.len)
        memcpy(copy, text.data, text.len);
    return copy;
}

void map_memory_deinit(struct map_memory *memory)
{
    while (memory->blocks) {
        struct map_block *block = memory->blocks;
        memory->blocks = block->older;
        free(block);
    }
}
