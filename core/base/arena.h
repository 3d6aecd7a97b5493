/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Memory for things that live and go together: what a file was parsed into, a model, a vocabulary.
 * An arena is embedded in what owns it, all zeros at first, and freed at once. Pieces begin as
 * zeros. Texts share blocks, since there may be hundreds of thousands of short ones; any other
 * piece has a block of its own, so that it can be given back earlier. An arena has one user at a
 * time and stays where it is in memory.
 *
 * A piece that there is no memory for is NULL, and noted as base/memory.h says. So is one that is
 * past the limit, which is not noted: who sets a limit asks arena_has_room before.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <pare/plugin.h>

#define ARENA_MAX_PIECE (INT64_MAX / 2)

struct arena {
    struct arena_block *blocks;
    char *text;           /* where the next short text goes */
    uint64_t text_left;   /* bytes from there on */
    uint64_t text_block;  /* bytes of the block that it is in */
    uint64_t used, limit; /* bytes that were asked for and not given back; limit 0: none */
};

/* 1 when so many bytes more are within the limit. */
int arena_has_room(const struct arena *arena, uint64_t size);

/* `size` zero bytes, aligned for any type; 0 bytes are a piece, too. NULL: see above. */
void *arena_alloc(struct arena *arena, uint64_t size);

/* The same for pieces of some bytes of which there are many, aligned for 64-bit numbers. They share
 * blocks with texts, and cannot be given back before the arena is freed. */
void *arena_small(struct arena *arena, uint64_t size);

/* Gives back, early, what arena_alloc gave. Takes NULL. */
void arena_release(struct arena *arena, void *piece);

/* Room for a text of `len` bytes and its NUL, all zeros, without alignment. It cannot be given back
 * before the arena is freed. NULL: see above. */
char *arena_text(struct arena *arena, uint64_t len);

/* A copy of a text, with a NUL behind it, as arena_text gives it. */
char *arena_copy(struct arena *arena, struct pare_str text);

/* Frees all pieces; the arena is empty then, and keeps its limit. */
void arena_deinit(struct arena *arena);

#endif
