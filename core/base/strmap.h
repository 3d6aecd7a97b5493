/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A hash map from byte strings to numbers, for finding duplicates among names from files. The
 * hash is keyed at random, so that a file cannot be made to collide. Keys are not copied: they
 * must live as long as the map. Keys are shorter than 4 GiB, values below 2^32.
 */
#ifndef BASE_STRMAP_H
#define BASE_STRMAP_H

#include "base/error.h"

struct strmap {
    struct strmap_slot *slots;
    uint64_t capacity, count;
    uint64_t key[2];
};

#define STRMAP_INIT \
    {               \
        0           \
    }

void strmap_deinit(struct strmap *map);
/* 0 added; 1 the key was there already (its value is unchanged). */
int strmap_add(struct strmap *map, const char *key, size_t len, uint64_t value, struct error *err)
    __attribute__((warn_unused_result));
/* 1 found, 0 not. ret_value may be NULL. */
int strmap_find(const struct strmap *map, const char *key, size_t len, uint64_t *ret_value);

#define _cleanup_strmap_ __attribute__((cleanup(strmap_deinit)))

#endif
