/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Shapes of JSON objects, as tables: which members there may be, of which type, how long and in
 * which range. What a worker writes is brought into such a shape before anybody looks at it.
 */
#ifndef ANSWER_SHAPE_H
#define ANSWER_SHAPE_H

#include "base/error.h"

#include <jansson.h>

enum shape_kind {
    SHAPE_COUNT,  /* an integer from `low` to `high` */
    SHAPE_NUMBER, /* a finite number from `low` to `high` */
    SHAPE_FLAG,
    SHAPE_TEXT,   /* of at most `limit` bytes */
    SHAPE_DIGEST, /* 64 hexadecimal digits */
    SHAPE_MARK,   /* the same, or "unread-" and the same (docs/protocol.md, `digest`) */
    SHAPE_OBJECT, /* with `members` */
    SHAPE_LIST,   /* of at most `limit` objects with `members` */
    SHAPE_TEXTS,  /* at most `limit` texts */
    SHAPE_COUNTS, /* at most `limit` integers from 0 */
    SHAPE_ANY,    /* unchecked: for members that only the command line reads */
};

struct shape {
    const char *name; /* NULL ends a table */
    enum shape_kind kind;
    int is_needed; /* it may not be absent or null */
    double low, high;
    size_t limit;
    const struct shape *members;
};

#define SHAPE_TEXT_BYTES (64u << 10) /* of each element of SHAPE_TEXTS */

/* Checks an object's members and removes those that the table does not have. An absent member is as
 * good as null. PARE_ECRASH says which member is wrong and why. */
int shape_check(const struct shape *members, json_t *object, struct error *err)
    __attribute__((warn_unused_result));

/* 1 for 64 lower-case hexadecimal digits. */
int shape_is_digest(const char *text);

/* An upper bound of the memory that a JSON text takes when it is parsed, made without parsing it.
 * A short text can be very wide: "[[],[],[],…" takes 50 times its size. */
size_t shape_cost(const char *text, size_t len);

#endif
