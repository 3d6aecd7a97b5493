/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Strings: comparing, UTF-8, showing untrusted bytes in messages, and building JSON text. A
 * struct st_text without memory only counts, so that one function both measures and writes.
 */
#ifndef ST_TEXT_H
#define ST_TEXT_H

#include "safetensors/common.h"

struct st_shown {
    char text[100];
};

struct st_text {
    char *data;   /* NULL: only counts */
    uint64_t len; /* bytes so far */
};

struct pare_str st_str(const char *text);
int st_equal(struct pare_str a, struct pare_str b);
int st_is(struct pare_str a, const char *text);
int st_starts(struct pare_str a, const char *prefix);
int st_ends(struct pare_str a, const char *suffix);
int st_compare(struct pare_str a, struct pare_str b);
int st_has_nul(struct pare_str a);
int st_utf8_valid(struct pare_str text, uint64_t *ret_bad);
struct st_shown st_show(struct pare_str text);

void st_put(struct st_text *text, struct pare_str bytes);
void st_puts(struct st_text *text, const char *bytes);
void st_put_u64(struct st_text *text, uint64_t value);
void st_put_json(struct st_text *text, struct pare_str value);

#endif
