/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Hash map: see strmap.h. Open addressing with linear probing, at most half full; SipHash-1-3
 * (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) under a random key.
 */
#include "base/strmap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct strmap_slot {
    const char *key; /* NULL: free */
    uint32_t len, value;
};

static uint64_t rotate(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static uint64_t hash_bytes(const struct strmap *map, const char *key, size_t len)
{
    uint64_t v[4] = { map->key[0] ^ 0x736f6d6570736575u, map->key[1] ^ 0x646f72616e646f6du,
                      map->key[0] ^ 0x6c7967656e657261u, map->key[1] ^ 0x7465646279746573u };
    size_t i = 0;
    for (; i + 8 <= len; i += 8) {
        uint64_t word;
        memcpy(&word, key + i, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)len << 56;
    for (size_t j = 0; i + j < len; j++)
        last |= (uint64_t)(unsigned char)key[i + j] << (8 * j);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int j = 0; j < 3; j++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static struct strmap_slot *find_slot(const struct strmap *map, const char *key, size_t len)
{
    uint64_t i = hash_bytes(map, key, len) & (map->capacity - 1);
    while (map->slots[i].key &&
           (map->slots[i].len != len || memcmp(map->slots[i].key, key, len) != 0))
        i = (i + 1) & (map->capacity - 1);
    return &map->slots[i];
}

static int grow(struct strmap *map, struct error *err)
{
    struct strmap bigger = *map;
    bigger.capacity = map->capacity ? map->capacity * 2 : 64;
    bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
    if (!bigger.slots)
        return error_oom(err);
    if (!map->capacity && getrandom(bigger.key, sizeof bigger.key, GRND_NONBLOCK) < 0)
        bigger.key[0] = (uint64_t)(uintptr_t)bigger.slots;
    for (uint64_t i = 0; i < map->capacity; i++)
        if (map->slots[i].key)
            *find_slot(&bigger, map->slots[i].key, map->slots[i].len) = map->slots[i];
    free(map->slots);
    *map = bigger;
    return 0;
}

void strmap_deinit(struct strmap *map)
{
    free(map->slots);
    *map = (struct strmap)STRMAP_INIT;
}

int strmap_add(struct strmap *map, const char *key, size_t len, uint64_t value, struct error *err)
{
    if (len > UINT32_MAX || value > UINT32_MAX)
        return error_set(err, PARE_ELIMIT, "a name of %zu bytes, or over 2^32 of them", len);
    if (2 * (map->count + 1) > map->capacity) {
        int r = grow(map, err);
        if (r < 0)
            return r;
    }
    struct strmap_slot *slot = find_slot(map, key, len);
    if (slot->key)
        return 1;
    *slot = (struct strmap_slot){ key, (uint32_t)len, (uint32_t)value };
    map->count++;
    return 0;
}

int strmap_find(const struct strmap *map, const char *key, size_t len, uint64_t *ret_value)
{
    if (!map->capacity)
        return 0;
    const struct strmap_slot *slot = find_slot(map, key, len);
    if (!slot->key)
        return 0;
    if (ret_value)
        *ret_value = slot->value;
    return 1;
}
