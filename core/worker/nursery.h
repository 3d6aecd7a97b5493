/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A worker that reads no input, but makes a copy of itself for each job that its parent asks for
 * (docs/protocol.md). A copy is the parent's child, has only the descriptors that came with the
 * job, and goes on as any other worker: it confines itself before it reads the first byte.
 */
#ifndef WORKER_NURSERY_H
#define WORKER_NURSERY_H

#include "worker/sandbox.h"

struct nursery_rules {
    const char *worker;           /* path of this program */
    struct sandbox_rules sandbox; /* of the nursery itself */
    int unconfined;               /* there is to be no sandbox */
    int socket;                   /* to the parent */
};

struct nursery {
    int socket;
    pid_t parent;
    int *own_tid; /* where libc keeps the thread's number */
    const struct nursery_rules *rules;
};

/* Confines this process, with what it may not load yet. rules must live as long as the nursery. */
int nursery_enter(struct nursery *nursery, const struct nursery_rules *rules, struct error *err)
    __attribute__((warn_unused_result));

/* Serves the parent. 1: this process is a copy for a job, with its request on standard input; 0:
 * the parent has gone, or a file that was loaded has changed on disk, and this process must end. */
int nursery_serve(const struct nursery *nursery, struct error *err)
    __attribute__((warn_unused_result));

#endif
