/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Memory that lives as long as an architecture map. */
#ifndef LANG_MAP_MEMORY_H
#define LANG_MAP_MEMORY_H

#include "base/error.h"

#include <stddef.h>

struct map_memory {
    struct map_block *blocks;
};

/* Zeroed; NULL without memory. */
void *map_memory_alloc(struct map_memory *memory, size_t size);
/* With a NUL; NULL without memory. */
char *map_memory_copy(struct map_memory *memory, struct pare_str text);
/* Frees all of it. */
void map_memory_deinit(struct map_memory *memory);

#endif
