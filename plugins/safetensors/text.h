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

/* A C string as a struct pare_str; borrows `text`. */
struct pare_str st_str(const char *text);

/* Whether both have the same bytes. */
int st_equal(struct pare_str a, struct pare_str b);

/* Whether `a` has the bytes of a C string. */
int st_is(struct pare_str a, const char *text);

/* Whether `a` begins with `prefix`. */
int st_starts(struct pare_str a, const char *prefix);

/* Whether `a` ends with `suffix`. */
int st_ends(struct pare_str a, const char *suffix);

/* Bytewise order, as of memcmp; a prefix comes first. Gives < 0, 0 or > 0. */
int st_compare(struct pare_str a, struct pare_str b);

/* Whether there is a NUL byte in `a`. */
int st_has_nul(struct pare_str a);

/* Whether the whole text is UTF-8; when not, *ret_bad is the offset of the first byte that is
 * wrong. */
int st_utf8_valid(struct pare_str text, uint64_t *ret_bad);

/* Untrusted bytes for a message: at most 80 or so, control bytes and invalid UTF-8 as \xNN. */
struct st_shown st_show(struct pare_str text);

/* Appends bytes. */
void st_put(struct st_text *text, struct pare_str bytes);

/* Appends a C string. */
void st_puts(struct st_text *text, const char *bytes);

/* Appends a decimal number. */
void st_put_u64(struct st_text *text, uint64_t value);

/* Appends a JSON string with its quotes; `value` is UTF-8 and may hold any character. */
void st_put_json(struct st_text *text, struct pare_str value);

#endif
