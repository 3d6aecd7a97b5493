/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The event loop: descriptors and timers with callbacks on one epoll, one thread. Callbacks may
 * add and remove anything, themselves too. Sources and timers have names (static texts, such as
 * "control"), under which the loop measures how long their callbacks take: a turn, from waiting to
 * waiting, is the time for which nobody else is served.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "base/error.h"

#include <sys/epoll.h>

struct loop;
struct loop_source;

typedef void loop_source_fn(void *context, uint32_t events);
typedef void loop_timer_fn(void *context);

/* A timer, embedded in its owner; all zero but name, callback and context when it is not set. */
struct loop_timer {
    const char *name;
    loop_timer_fn *callback;
    void *context;
    uint64_t due; /* timing_boot() value, 0: not set */
    struct loop_timer *next;
};

int loop_new(struct loop **ret_loop, struct error *err) __attribute__((warn_unused_result));
void loop_free(struct loop *loop);

/* Watches fd for `events` (EPOLLIN, EPOLLOUT); the descriptor stays the caller's, who removes the
 * source before closing it. */
int loop_add(struct loop *loop, const char *name, int fd, uint32_t events, loop_source_fn *callback,
             void *context, struct loop_source **ret_source, struct error *err)
    __attribute__((warn_unused_result));
/* Changes what a source waits for. */
void loop_modify(struct loop *loop, struct loop_source *source, uint32_t events);
/* No callback comes after this. NULL is fine. */
void loop_remove(struct loop *loop, struct loop_source *source);

/* (Re)arms a timer to fire once after `seconds`; it must stay in memory until it fired or was
 * cleared. loop_timer_sooner only ever brings it forward. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, double seconds);
void loop_timer_sooner(struct loop *loop, struct loop_timer *timer, double seconds);
void loop_timer_clear(struct loop *loop, struct loop_timer *timer);

/* Runs until loop_quit. */
int loop_run(struct loop *loop, struct error *err) __attribute__((warn_unused_result));
void loop_quit(struct loop *loop);

/* ---- how long callbacks take ---- */

#define LOOP_STATS_NAMES 32 /* what is beyond is counted under the last */

struct loop_figure { /* of all calls under one name */
    const char *name;
    uint64_t calls, total, longest; /* nanoseconds */
};

struct loop_stats {
    uint64_t turns, longest; /* nanoseconds of the longest turn */
    const char *where;       /* what took most of that turn; NULL: there was none */
    struct loop_figure figures[LOOP_STATS_NAMES];
    size_t n_figures;
};

/* Says what the callback that runs is doing, a static text: its time counts under that instead of
 * its source's or timer's name. */
void loop_doing(struct loop *loop, const char *what);
/* What was measured since the start or the last reset, but for the turn that runs. */
const struct loop_stats *loop_stats(const struct loop *loop);
/* Forgets it; the turn that runs is not counted. */
void loop_stats_reset(struct loop *loop);

#endif
