/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Heapsort: O(n log n) on every input, no memory. Most inputs are sorted already, which is seen
 * first.
 */
#include "safetensors/sort.h"

#include <string.h>

struct heap {
    char *base;
    size_t size;
    int (*compare)(const void *, const void *);
};

static int in_order(const struct heap *heap, uint64_t n)
{
    for (uint64_t i = 1; i < n; i++)
        if (heap->compare(heap->base + (i - 1) * heap->size, heap->base + i * heap->size) > 0)
            return 0;
    return 1;
}

/* Moves `element` down from `hole` of a heap of n elements to where it belongs. */
static void sift(const struct heap *heap, uint64_t hole, uint64_t n, const char *element)
{
    for (;;) {
        uint64_t child = 2 * hole + 1;
        if (child >= n)
            break;
        const char *at = heap->base + child * heap->size;
        if (child + 1 < n && heap->compare(at, at + heap->size) < 0) {
            child++;
            at += heap->size;
        }
        if (heap->compare(element, at) >= 0)
            break;
        memcpy(heap->base + hole * heap->size, at, heap->size);
        hole = child;
    }
    memcpy(heap->base + hole * heap->size, element, heap->size);
}

void st_sort(void *base, uint64_t n, size_t size, int (*compare)(const void *, const void *))
{
    const struct heap heap = { base, size, compare };
    char element[ST_SORT_MAX];
    if (size > sizeof element || in_order(&heap, n))
        return;
    for (uint64_t i = n / 2; i-- > 0;) {
        memcpy(element, heap.base + i * size, size);
        sift(&heap, i, n, element);
    }
    for (uint64_t last = n - 1; last > 0; last--) {
        memcpy(element, heap.base + last * size, size);
        memcpy(heap.base + last * size, heap.base, size);
        sift(&heap, 0, last, element);
    }
}
