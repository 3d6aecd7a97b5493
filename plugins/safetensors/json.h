/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * JSON (RFC 8259) in a buffer, without a tree: st_json_check (json-check.c) proves once that the
 * text is right, without recursion; the functions here then walk it and may trust the syntax.
 * Integers are exact over all of uint64. Strings are decoded where they lie, which changes the
 * buffer behind the cursor only.
 *
 *     st_json_enter(&j);
 *     while (st_json_more(&j)) {
 *         struct pare_str key = st_json_key(&j);
 *         ... st_json_peek, then st_json_string, st_json_u64, st_json_enter or st_json_skip
 *     }
 */
#ifndef ST_JSON_H
#define ST_JSON_H

#include "safetensors/common.h"

struct st_json { /* a cursor in checked text */
    char *p;
    char *end;
};

/* The first character of the value at the cursor, which is moved there; 0 at the end. */
char st_json_peek(struct st_json *json);

/* Enters the object or array at the cursor. */
void st_json_enter(struct st_json *json);

/* Within an object or array, before its first or after any value: 1 when another follows,
 * else the cursor leaves the object or array. */
int st_json_more(struct st_json *json);

/* The key of an object's member, decoded; the cursor is then at its value. */
struct pare_str st_json_key(struct st_json *json);

/* The same without decoding it, so that the text stays as it is. */
struct pare_str st_json_raw_key(struct st_json *json);

/* The string at the cursor, decoded where it lies: an escape is never shorter than what it
 * stands for. It may hold NUL. */
struct pare_str st_json_string(struct st_json *json);

/* The value at the cursor as an exact unsigned integer: digits only, below 2^64. 0 when it is
 * something else; the cursor is then still before it. */
int st_json_u64(struct st_json *json, uint64_t *ret_value);

/* Moves the cursor behind the value and gives the value's text. */
struct pare_str st_json_skip(struct st_json *json);

/* How many values the object or array at the cursor has; the cursor stays. Object keys are
 * counted with their values, as one. */
uint64_t st_json_count(const struct st_json *json);

#endif
