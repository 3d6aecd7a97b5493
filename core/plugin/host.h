/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The host's side of the plugin ABI: struct pare_job is one model that is read, or one target that
 * is laid out, and struct pare_host's functions act on it. What a reader says goes through
 * model_add_tensor and model_check_extents; what a writer says becomes a struct layout.
 */
#ifndef PLUGIN_HOST_H
#define PLUGIN_HOST_H

#include "plugin/registry.h"

/* Receives the warnings of a job; context is the caller's. */
typedef void host_log_fn(void *context, int level, const char *text);
/* 1: the job is to stop. */
typedef int host_cancelled_fn(void *context);

struct host_hooks {
    host_log_fn *log;
    host_cancelled_fn *cancelled;
    void *context;
};

#endif
