/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Every allocation of pare-worker's own code, of Jansson and of plugins (through host->alloc) is
 * charged to the budget of reading (base/memory.h): the linker gives calls of malloc and its
 * relatives to these functions (--wrap). What is counted is what the C library sets aside. Memory
 * that a library has taken by itself and we give back is not; there is little of it.
 */
#include "base/checked.h"
#include "base/memory.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define BESIDE 16 /* bytes that the C library keeps beside each block */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);
void __wrap_free(void *memory);

static size_t size_of(void *memory)
{
    return memory ? malloc_usable_size(memory) + BESIDE : 0;
}

static void *refuse(void)
{
    errno = ENOMEM;
    return NULL;
}

/* Corrects what was charged before the size was known. */
static void *charged(void *memory, size_t asked)
{
    size_t size = size_of(memory);
    if (size > asked)
        memory_count(size - asked);
    else
        memory_give(asked - size);
    return memory;
}

void *__wrap_malloc(size_t size)
{
    return memory_take(size) < 0 ? refuse() : charged(__real_malloc(size), size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    uint64_t bytes;
    if (checked_mul(count, size, &bytes) || memory_take(bytes) < 0)
        return refuse();
    return charged(__real_calloc(count, size), bytes);
}

void *__wrap_realloc(void *memory, size_t size)
{
    size_t old = size_of(memory), more = size > old ? size - old : 0;
    if (memory_take(more) < 0)
        return refuse();
    void *moved = __real_realloc(memory, size);
    if (moved)
        return charged(moved, old + more);
    memory_give(size ? more : old);
    return NULL;
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
    uint64_t bytes;
    return checked_mul(count, size, &bytes) ? refuse() : __wrap_realloc(memory, bytes);
}

char *__wrap_strndup(const char *text, size_t n)
{
    size_t len = strnlen(text, n);
    char *copy = __wrap_malloc(len + 1);
    if (copy) {
        memcpy(copy, text, len);
        copy[len] = 0;
    }
    return copy;
}

char *__wrap_strdup(const char *text)
{
    return __wrap_strndup(text, strlen(text));
}

void __wrap_free(void *memory)
{
    memory_give(size_of(memory));
    __real_free(memory);
}
