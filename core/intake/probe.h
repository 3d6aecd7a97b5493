/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One probe: a worker that says whether a source is a complete model. The daemon itself reads no
 * byte of it.
 */
#ifndef INTAKE_PROBE_H
#define INTAKE_PROBE_H

#include "base/loop.h"
#include "config/config.h"

struct probe;

/* The end: code 0 it is complete; PARE_EINCOMPLETE; another error. `name` is the model's name. The
 * probe is freed after this returns. */
typedef void probe_done_fn(void *context, int code, const char *text, const char *name);

struct probe_request {
    const struct config *config; /* with worker, plugins and recipes set */
    struct nursery *nursery;     /* for the worker, or NULL */
    int dirfd;
    const char *path; /* in dirfd */
    int has_sidecars; /* look for them: they must be complete too */
    probe_done_fn *done;
    void *context;
};

/* Fails when the worker cannot be started (PARE_EIO and such), or at once for a source that cannot
 * be opened (PARE_EDATA). */
int probe_start(struct loop *loop, const struct probe_request *request, struct probe **ret_probe,
                struct error *err) __attribute__((warn_unused_result));
/* Kills a running one; done is not called. */
void probe_free(struct probe *probe);

#endif
