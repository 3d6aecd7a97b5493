/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * JSON (RFC 8259) in a buffer, without a tree: st_json_check (json-check.c) proves once that the
 * text is right, without recursion; the cursor functions (json.c) then walk it and may trust the
 * syntax. Integers are exact over all of uint64. Strings are decoded where they lie, which
 * changes the buffer behind the cursor only.
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

#define ST_JSON_DEPTH 64

struct st_json_fault {
    int code;         /* PARE_EDATA or PARE_ELIMIT */
    const char *what; /* "a value is missing" */
    uint64_t at;      /* offset in bytes */
};

struct st_json { /* a cursor in checked text */
    char *p;
    char *end;
};

int st_json_check(struct pare_str text, int lenient, uint64_t *ret_len,
                  struct st_json_fault *ret_fault);

char st_json_peek(struct st_json *json);
void st_json_enter(struct st_json *json);
int st_json_more(struct st_json *json);
struct pare_str st_json_key(struct st_json *json);
struct pare_str st_json_raw_key(struct st_json *json);
struct pare_str st_json_string(struct st_json *json);
int st_json_u64(struct st_json *json, uint64_t *ret_value);
struct pare_str st_json_skip(struct st_json *json);
uint64_t st_json_count(const struct st_json *json);

#endif
