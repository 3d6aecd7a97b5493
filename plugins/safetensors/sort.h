/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Sorting in place with a bound on time and memory: qsort(3) may take memory that no job pays for.
 */
#ifndef ST_SORT_H
#define ST_SORT_H

#include <stddef.h>
#include <stdint.h>

#define ST_SORT_MAX 128 /* bytes of an element */

/* Sorts n elements of `size` bytes (at most ST_SORT_MAX). Equal elements may change places, so
 * give `compare` a last criterion. */
void st_sort(void *base, uint64_t n, size_t size, int (*compare)(const void *, const void *));

#endif
