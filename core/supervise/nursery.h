/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A nursery makes the start of a worker cheap. It is a pare-worker that has loaded the plugins and
 * then waits; it never reads an input. For each job it makes a copy of itself, a child of ours,
 * which confines itself and does this one job like any other worker (docs/protocol.md).
 *
 * A nursery is a help, never a need: where there is none, or it does not answer, the program is
 * started instead.
 */
#ifndef SUPERVISE_NURSERY_H
#define SUPERVISE_NURSERY_H

#include "supervise/spawn.h"

#include <jansson.h>

struct nursery;

/* out: the directory below which workers may have staging; the caller's. */
int nursery_new(int out, struct nursery **ret_nursery, struct error *err)
    __attribute__((warn_unused_result));
/* Ends the process. Takes NULL. */
void nursery_free(struct nursery *nursery);

/* Starts the process for requests like this one (its plugins, cpu, sandbox and so on), if it does
 * not run already; nursery_spawn finds it when it is ready. path: of pare-worker. */
void nursery_prepare(struct nursery *nursery, const char *path, const json_t *request);

/* As spawn(path, …), for the request that `in` holds. 1: nothing has happened, use spawn: there is
 * no nursery (also NULL), it is not ready, or it cannot serve this request. */
int nursery_spawn(struct nursery *nursery, const char *path, const json_t *request, int in,
                  const int *fds, size_t n_fds, struct spawned *ret_spawned, struct error *err)
    __attribute__((warn_unused_result));

/* The next worker is to come from a new process: after a crash, since copies of one process have
 * their memory at the same addresses; or when the configuration was read again. */
void nursery_renew(struct nursery *nursery);

/* Its process, or -1. */
pid_t nursery_pid(const struct nursery *nursery);

#endif
