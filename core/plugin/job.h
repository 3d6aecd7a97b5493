/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* struct pare_job as the host's own files see it; plugins only pass the pointer along. */
#ifndef PLUGIN_JOB_H
#define PLUGIN_JOB_H

#include "plugin/host.h"

struct pare_job {
    struct model *model;     /* what a reader fills, or what a writer lays out */
    struct layout *layout;   /* writers only, else NULL */
    const json_t *options;   /* writers only: object of strings, or NULL */
    const struct host_hooks *hooks;
    struct error *err;       /* where fail() reports; set around every call of a plugin */
};

/* The services, with the CPU bits that the registry may use. */
void host_init(struct pare_host *host, uint32_t cpu);

/* What a plugin's callback returned, made sense of: 0 to `most` are its documented outcomes; a
 * failure without a text gets one that names the plugin's part (`who`), and a number that is no
 * outcome and no enum pare_status becomes PARE_EPLUGIN. */
int host_result(struct pare_job *job, int result, int most, const char *who)
    __attribute__((warn_unused_result));

/* The out_* services (layout.c). */
int layout_out_file(struct pare_job *job, const char *name, uint32_t *ret_file);
int layout_out_literal(struct pare_job *job, uint32_t file, uint64_t offset, const void *data,
                       uint64_t n);
int layout_out_tensor(struct pare_job *job, uint64_t tensor, uint32_t plane, uint32_t file,
                      uint64_t offset);
int layout_out_side(struct pare_job *job, uint32_t source_file, uint32_t file);
int layout_out_size(struct pare_job *job, uint32_t file, uint64_t size);

#endif
