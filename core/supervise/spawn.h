/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Starting a program that inherits nothing but the descriptors that it is given. */
#ifndef SUPERVISE_SPAWN_H
#define SUPERVISE_SPAWN_H

#include "base/error.h"

#include <jansson.h>
#include <sys/types.h>

struct spawned {
    pid_t pid;
    int pid_fd; /* readable when it has ended */
    int out;    /* its standard output and standard error: non-blocking read ends */
    int err;
};

struct spawn_files {
    int in, out, err; /* what it has as its standard input and output */
    const int *fds;   /* sorted, all above 2; they keep their numbers */
    size_t n_fds;
};

/* A worker's request in a memory file, which becomes its standard input. */
int spawn_request(const json_t *request, int *ret_fd, struct error *err)
    __attribute__((warn_unused_result));

/* Starts `path` with standard input from the descriptor `in`, in a process group of its own, with
 * an empty environment, killed when we die, first choice of the OOM killer. fds (all above 2) keep
 * their numbers. */
int spawn(const char *path, int in, const int *fds, size_t n_fds, struct spawned *ret_spawned,
          struct error *err) __attribute__((warn_unused_result));

/* What starts a child of ours; it may give outcomes > 0, too. */
typedef int spawn_start_fn(void *context, const struct spawn_files *files, pid_t *ret_pid,
                           struct error *err);

/* As spawn, of a child that `start` starts in some way. */
int spawn_by(spawn_start_fn *start, void *context, int in, const int *fds, size_t n_fds,
             struct spawned *ret_spawned, struct error *err) __attribute__((warn_unused_result));

#endif
