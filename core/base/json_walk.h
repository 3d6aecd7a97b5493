/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * JSON without a tree, for files that are large: json_walk_begin proves that a text is right
 * (json_check.h); the other functions then walk it and trust the syntax. Strings are decoded where
 * they lie, so a walk changes the text that it has passed: what was decoded is not walked again. A
 * walk is a cursor, and may be copied.
 *
 *     json_walk_enter(&w);
 *     while (json_walk_more(&w)) {
 *         struct pare_str key = json_walk_key(&w);
 *         ... json_walk_peek, then json_walk_string, json_walk_int, json_walk_enter or _skip
 *     }
 *
 * A caller that does not know the type of a value asks json_walk_peek first.
 */
#ifndef BASE_JSON_WALK_H
#define BASE_JSON_WALK_H

#include "base/error.h"

#include <jansson.h>

struct json_walk {
    char *p, *end;
};

/* Begins to walk n bytes, which must be one JSON object; errors are those of json_check. */
int json_walk_begin(char *text, size_t n, struct json_walk *ret_walk, struct error *err)
    __attribute__((warn_unused_result));

/* The first character of the value at the cursor, which is moved there; 0 at the end. */
char json_walk_peek(struct json_walk *walk);
/* Enters the object or list at the cursor. */
void json_walk_enter(struct json_walk *walk);
/* Within an object or list, before its first or after any value: 1 when another one follows, else
 * the cursor leaves the object or list. */
int json_walk_more(struct json_walk *walk);
/* The key of an object's member; the cursor is then at its value. */
struct pare_str json_walk_key(struct json_walk *walk);
/* The same without decoding it, so that the text stays as it is. */
struct pare_str json_walk_raw_key(struct json_walk *walk);
/* The string at the cursor. It may hold NUL. */
struct pare_str json_walk_string(struct json_walk *walk);
/* 1: the value is a whole number that fits, written in whatever way (5, 5.0, 50e-1). The cursor
 * moves behind the value in any case. */
int json_walk_int(struct json_walk *walk, int64_t *ret_value);
/* What Python calls true: neither null, false, 0 nor empty. The cursor moves behind the value. */
int json_walk_true(struct json_walk *walk);
/* Moves the cursor behind the value and gives the value's text. */
struct pare_str json_walk_skip(struct json_walk *walk);
/* How many values the object or list at the cursor has; the cursor stays. */
uint64_t json_walk_count(const struct json_walk *walk);
/* The value as a tree, for Jansson; numbers are reals. The cursor moves behind it. New reference.
 * PARE_EDATA: what Jansson refuses, such as a key that stands twice; `what` names the value. */
int json_walk_tree(struct json_walk *walk, const char *what, json_t **ret_tree, struct error *err)
    __attribute__((warn_unused_result));

#endif
