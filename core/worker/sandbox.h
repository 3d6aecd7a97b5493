/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The worker's confinement, put on before the first plugin is loaded: no new privileges, limits,
 * Landlock (plugins, recipes, architecture maps and system libraries readable, the staging
 * directory writable, nothing else, no TCP, no signals or abstract sockets outward), and a seccomp
 * filter without sockets, exec, ptrace and the like. Where the kernel lacks one of these it is
 * named in the report.
 */
#ifndef WORKER_SANDBOX_H
#define WORKER_SANDBOX_H

#include "base/error.h"

#include <jansson.h>

struct sandbox_rules {
    const char *plugins, *recipes, *architectures; /* colon-separated directories, readable */
    const char *library;                           /* a file whose folder is readable, or "" */
    int staging;                                   /* descriptor of the writable directory, or -1 */
    uint64_t memory_limit;                         /* bytes of address space; 0: none */
    int required;                                  /* fail when anything is missing */
};

/* Confines the calling process for good; *ret_report tells what holds:
 * {"no_new_privs","rlimits","landlock","seccomp","missing"}. Call it before threads start. */
int sandbox_enter(const struct sandbox_rules *rules, json_t **ret_report, struct error *err)
    __attribute__((warn_unused_result));

/* Confines a nursery (worker/nursery.h): as a worker, but it may copy itself, and do what a worker
 * needs to confine itself further. rules->staging: the directory below which workers write. */
int sandbox_enter_nursery(const struct sandbox_rules *rules, struct error *err)
    __attribute__((warn_unused_result));

/* 1: built with a sanitizer, which stands in the way of some of it. */
int sandbox_is_sanitized(void);

/* Once plugins are loaded: no more executable mappings. */
void sandbox_seal(void);

#endif
