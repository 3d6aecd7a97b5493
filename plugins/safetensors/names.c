/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Open addressing with linear probing, at most three quarters full. The hash multiplies 64 by 64
 * bits and folds the product. It is keyed with the address of the table, which differs from run to
 * run, so that nobody can prepare a file whose names all collide; no result depends on the order.
 */
#include "safetensors/names.h"

#include <string.h>

static uint64_t fold(uint64_t a, uint64_t b)
{
    const unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash(uint64_t seed, struct pare_str name)
{
    uint64_t h = fold(seed ^ name.len, UINT64_C(0x9E3779B97F4A7C15));
    for (size_t at = 0; at < name.len; at += 8) {
        uint64_t word = 0;
        memcpy(&word, name.data + at, name.len - at < 8 ? name.len - at : 8);
        h = fold(h ^ word, UINT64_C(0xD6E8FEB86659FD93)) + seed;
    }
    return h ^ (h >> 32);
}

int st_names_init(const struct st_context *context, struct st_names *names, uint64_t max)
{
    uint64_t slots = 16;
    while (slots / 4 * 3 < max)
        slots *= 2;
    names->slots = context->host->alloc(context->job, slots, sizeof names->slots[0]);
    if (!names->slots)
        return PARE_ENOMEM;
    names->mask = slots - 1;
    names->seed = fold((uint64_t)(uintptr_t)names->slots, UINT64_C(0xA0761D6478BD642F));
    return 0;
}

void st_names_deinit(const struct st_context *context, struct st_names *names)
{
    if (names->slots)
        context->host->release(context->job, names->slots);
    names->slots = NULL;
}

/* The slot where `name` is, or would be. */
static struct st_name *slot_of(const struct st_names *names, struct pare_str name)
{
    uint64_t at = hash(names->seed, name) & names->mask;
    for (;; at = (at + 1) & names->mask) {
        struct st_name *slot = &names->slots[at];
        if (!slot->data || (slot->len == name.len && memcmp(slot->data, name.data, name.len) == 0))
            return slot;
    }
}

struct st_name *st_names_find(const struct st_names *names, struct pare_str name)
{
    struct st_name *slot = slot_of(names, name);
    return slot->data ? slot : NULL;
}

struct st_name *st_names_add(struct st_names *names, struct pare_str name, uint32_t value)
{
    struct st_name *slot = slot_of(names, name);
    if (slot->data)
        return slot;
    *slot = (struct st_name){ name.data, (uint32_t)name.len, value };
    return NULL;
}
