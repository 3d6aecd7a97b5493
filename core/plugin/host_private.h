/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* struct pare_job as the host's own files see it; plugins only pass the pointer along. */
#ifndef PLUGIN_HOST_PRIVATE_H
#define PLUGIN_HOST_PRIVATE_H

#include "plugin/layout.h"

struct pare_job {
    struct model *model;   /* what a reader fills, or what a writer lays out */
    struct layout *layout; /* writers only, else NULL */
    const json_t *options; /* writers only: object of strings, or NULL */
    json_t *asked;         /* the names of options that the plugin asked for; NULL: nobody counts */
    const struct host_hooks *hooks;
    struct error *err; /* where fail() reports; set around every call of a plugin */
    const struct registry *registry;
    const struct layout_request *request; /* writers only, else NULL */
    const struct layout *written;         /* in a writer's finish: what was laid out */
    struct pare_view *views; /* in a writer's arrange: one for each tensor, zeroed; else NULL */
};

/* The services, with the CPU bits that the registry may use. */
void host_init(struct pare_host *host, uint32_t cpu);

/* Until it is called again, failures that the job's plugin reports on this thread go to `err`, not
 * to the job's: for callbacks that run on several threads at once. NULL: to the job's again. */
void host_errors_to(const struct pare_job *job, struct error *err);

/* What a plugin's callback returned, made sense of: 0 to `most` are its documented outcomes; a
 * failure without a text gets one that names the plugin's part (`who`) and the callback, and a
 * number that is no outcome and no enum pare_status becomes PARE_EPLUGIN. */
int host_result(struct pare_job *job, int result, int most, const char *who, const char *callback)
    __attribute__((warn_unused_result));

#endif
