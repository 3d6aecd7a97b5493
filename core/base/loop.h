/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The event loop: descriptors and timers with callbacks on one epoll, one thread. Callbacks may
 * add and remove anything, themselves too.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "base/error.h"

#include <sys/epoll.h>

struct loop;
struct loop_source;

typedef void loop_source_fn(void *context, uint32_t events);
typedef void loop_timer_fn(void *context);

/* A timer, embedded in its owner; all zero but callback and context when it is not set. */
struct loop_timer {
    loop_timer_fn *callback;
    void *context;
    uint64_t due; /* timing_now() value, 0: not set */
    struct loop_timer *next;
};

int loop_new(struct loop **ret_loop, struct error *err) __attribute__((warn_unused_result));
void loop_free(struct loop *loop);

/* Watches fd for `events` (EPOLLIN, EPOLLOUT); the descriptor stays the caller's, who removes the
 * source before closing it. */
int loop_add(struct loop *loop, int fd, uint32_t events, loop_source_fn *callback, void *context,
             struct loop_source **ret_source, struct error *err)
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

#endif
