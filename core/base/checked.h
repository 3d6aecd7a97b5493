/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic on sizes that come from files: each returns 0, or -1 when the result does not fit,
 * in which case *ret is untouched.
 */
#ifndef BASE_CHECKED_H
#define BASE_CHECKED_H

#include <stdint.h>

__attribute__((warn_unused_result)) static inline int checked_add(uint64_t a, uint64_t b,
                                                                  uint64_t *ret)
{
    uint64_t r;
    if (__builtin_add_overflow(a, b, &r))
        return -1;
    *ret = r;
    return 0;
}

__attribute__((warn_unused_result)) static inline int checked_mul(uint64_t a, uint64_t b,
                                                                  uint64_t *ret)
{
    uint64_t r;
    if (__builtin_mul_overflow(a, b, &r))
        return -1;
    *ret = r;
    return 0;
}

/* Rounds a up to a multiple of align, a power of two. */
__attribute__((warn_unused_result)) static inline int checked_align(uint64_t a, uint64_t align,
                                                                    uint64_t *ret)
{
    uint64_t r;
    if (checked_add(a, align - 1, &r))
        return -1;
    *ret = r & ~(align - 1);
    return 0;
}

#endif
