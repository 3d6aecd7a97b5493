/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What is known of a source file from outside, so that a change while it is read shows: identity,
 * size and times of the open file. The kernel moves the times at every write, truncation and first
 * store through a mapping; nobody can set the change time back.
 */
#ifndef SOURCE_STATE_H
#define SOURCE_STATE_H

#include "base/error.h"

#include <stddef.h>
#include <sys/stat.h>

struct source_state {
    struct stat st;
    uint64_t place; /* hash of the path that the kernel gives for the descriptor */
};

/* The state of an open file. `name` is for messages. */
int source_state_take(int fd, const char *name, struct source_state *ret_state, struct error *err)
    __attribute__((warn_unused_result));

/* PARE_ECHANGED when the file may have other bytes than when the state was taken. A new name, link,
 * owner or mode moves the change time too, and is no change of its bytes. */
int source_state_check(int fd, const char *name, const struct source_state *state,
                       struct error *err) __attribute__((warn_unused_result));

/* Waits, for 20 ms at most, until a later write would get another time than `st` tells: the kernel
 * takes times from a clock that ticks only now and then. 1 when it has waited: take the state
 * again. */
int source_state_let_tick(const struct stat *st);

/* 1: somebody has the file open or mapped for writing; 0: nobody; -1: the kernel cannot say (asked
 * with a read lease, which network and user-space file systems do not know, and which for the files
 * of other users is a privilege). */
int source_state_has_writer(int fd);

#endif
