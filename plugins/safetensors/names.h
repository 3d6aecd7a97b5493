/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A map from strings to 32-bit values, of a size that is known when it is made: duplicates among a
 * million tensor names are found in one pass. The strings are borrowed.
 */
#ifndef ST_NAMES_H
#define ST_NAMES_H

#include "safetensors/common.h"

struct st_name {
    const char *data; /* NULL: free */
    uint32_t len;
    uint32_t value;
};

struct st_names {
    struct st_name *slots;
    uint64_t mask; /* number of slots - 1 */
    uint64_t seed;
};

int st_names_init(const struct st_context *context, struct st_names *names, uint64_t max)
    __attribute__((warn_unused_result));
void st_names_deinit(const struct st_context *context, struct st_names *names);
struct st_name *st_names_find(const struct st_names *names, struct pare_str name);
struct st_name *st_names_add(struct st_names *names, struct pare_str name, uint32_t value);

#endif
