/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The lines that a worker may write, by the kind of its request: docs/protocol.md as a table. */
#ifndef ANSWER_EVENTS_H
#define ANSWER_EVENTS_H

#include "answer/shape.h"

enum answer_kind { /* of requests, as bits */
                   ANSWER_CONVERT = 1 << 0,
                   ANSWER_VERIFY = 1 << 1,
                   ANSWER_PROBE = 1 << 2,
                   ANSWER_PLAN = 1 << 3,
                   ANSWER_INSPECT = 1 << 4,
                   ANSWER_COMPARE = 1 << 5,
                   ANSWER_PLUGINS = 1 << 6,
                   ANSWER_RECIPES = 1 << 7,
                   ANSWER_BENCH = 1 << 8,
                   ANSWER_CHECK = 1 << 9,
                   ANSWER_ALL = (1 << 10) - 1,
};

struct answer_event {
    const char *name;
    unsigned kinds; /* of requests that it answers */
    size_t most;    /* how many there may be, of each target if `of_target` */
    int of_target;  /* its member `target` must be the index of one when it is there */
    int is_sign;    /* it is a sign of life; of `progress` see answer/check.h */
    size_t bytes;   /* of the line */
    size_t cost;    /* of its memory (shape_cost) */
    const struct shape *members;
};

/* The bit of a request's kind; 0 for an unknown one. */
unsigned answer_kind(const char *name);
/* The event that is called so (n bytes), or NULL; *ret_index is its place in the table. */
const struct answer_event *answer_event_find(const char *name, size_t n, size_t *ret_index);

#define ANSWER_EVENTS 40 /* at most so many are in the table */

/* The stages of `progress` in the order in which a job comes to them; -1 for an unknown one. */
int answer_stage(const char *name);

#endif
