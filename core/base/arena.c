/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Arenas: see arena.h. Blocks are a list linked both ways, so that one in the middle can go. Each
 * block for texts is twice as large as the one before, up to a limit: an arena with three names in
 * it stays small, and one with a vocabulary is made in few steps.
 */
#include "base/arena.h"

#include "base/memory.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_TEXTS 1024u
#define MOST_TEXTS (256u << 10)

struct arena_block {
    struct arena_block *next, **link; /* link: what points to this block */
    uint64_t charged;                 /* bytes that giving it back takes from `used` */
    max_align_t data[];
};

int arena_has_room(const struct arena *arena, uint64_t size)
{
    return size <= ARENA_MAX_PIECE &&
           (!arena->limit || (arena->used <= arena->limit && size <= arena->limit - arena->used));
}

/* A block of `size` bytes, of which `charged` are counted. */
static struct arena_block *add_block(struct arena *arena, uint64_t size, uint64_t charged)
{
    struct arena_block *block = calloc(1, sizeof *block + size);
    if (!block) {
        memory_note_failure();
        return NULL;
    }
    block->charged = charged;
    block->next = arena->blocks;
    block->link = &arena->blocks;
    if (block->next)
        block->next->link = &block->next;
    arena->blocks = block;
    arena->used += charged;
    return block;
}

void *arena_alloc(struct arena *arena, uint64_t size)
{
    if (!arena_has_room(arena, size))
        return NULL;
    struct arena_block *block = add_block(arena, size, size);
    return block ? block->data : NULL;
}

void arena_release(struct arena *arena, void *piece)
{
    if (!piece)
        return;
    struct arena_block *block = (struct arena_block *)((char *)piece -
                                                       offsetof(struct arena_block, data));
    *block->link = block->next;
    if (block->next)
        block->next->link = block->link;
    arena->used -= block->charged;
    free(block);
}

static int add_text_block(struct arena *arena)
{
    uint64_t size = arena->text_block ? 2 * arena->text_block : FIRST_TEXTS;
    if (size > MOST_TEXTS)
        size = MOST_TEXTS;
    struct arena_block *block = add_block(arena, size, 0);
    if (!block)
        return -1;
    arena->text = (char *)block->data;
    arena->text_left = arena->text_block = size;
    return 0;
}

char *arena_text(struct arena *arena, uint64_t len)
{
    if (len >= ARENA_MAX_PIECE || len + 1 > FIRST_TEXTS / 4)
        return len < ARENA_MAX_PIECE ? arena_alloc(arena, len + 1) : NULL;
    if (!arena_has_room(arena, len + 1) ||
        (arena->text_left < len + 1 && add_text_block(arena) < 0))
        return NULL;
    char *text = arena->text;
    arena->text += len + 1;
    arena->text_left -= len + 1;
    arena->used += len + 1;
    return text;
}

void *arena_small(struct arena *arena, uint64_t size)
{
    const uintptr_t align = sizeof(uint64_t);
    char *room = size < ARENA_MAX_PIECE ? arena_text(arena, size + align) : NULL;
    return room ? (void *)(((uintptr_t)room + align - 1) / align * align) : NULL;
}

char *arena_copy(struct arena *arena, struct pare_str text)
{
    char *copy = arena_text(arena, text.len);
    if (copy && text.len)
        memcpy(copy, text.data, text.len);
    return copy;
}

void arena_deinit(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    *arena = (struct arena){ .limit = arena->limit };
}
