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

/* Makes room for `max` names; their strings must outlive the table. */
int st_names_init(const struct st_context *context, struct st_names *names, uint64_t max)
    __attribute__((warn_unused_result));

/* Frees the table; a zeroed one that was never made is fine. */
void st_names_deinit(const struct st_context *context, struct st_names *names);

/* The entry of a name, NULL when there is none. */
struct st_name *st_names_find(const struct st_names *names, struct pare_str name);

/* Adds a name, whose data is not NULL and shorter than 4 GiB. Gives NULL when it is new, else the
 * entry that it has already, which stays as it is. No more than `max` may be added. */
struct st_name *st_names_add(struct st_names *names, struct pare_str name, uint32_t value);

#endif
