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

/* Doubts whether a folder is complete; the text says what is missing. */
enum {
    PROBE_REFUSED = 2, /* a target cannot be made of it */
    PROBE_MISSING,     /* the same, for want of a file */
    PROBE_PROMISE      /* a file that another one promises is not there */
};

struct probe_end {
    int code; /* 0 it is complete; one of the above; PARE_EINCOMPLETE; another error */
    const char *text;
    const char *name; /* the model's */
    double age;       /* seconds since a promise was made */
};

/* The probe is freed after this returns. */
typedef void probe_done_fn(void *context, const struct probe_end *end);

struct probe_request {
    const struct config *config; /* with worker, plugins and recipes set */
    struct nursery *nursery;     /* for the worker, or NULL */
    int dirfd;
    const char *path;                 /* in dirfd */
    const struct job_target *targets; /* that a folder must be good for */
    size_t n_targets;
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
