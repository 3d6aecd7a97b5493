/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What the kernel tests share besides core/check: plugins loaded straight through their entry
 * symbol, so that no other part of Pare's core has a say.
 */
#ifndef PARE_TESTS_KERNELS_H
#define PARE_TESTS_KERNELS_H

#include "check/planes.h"

#include <pare/plugin.h>

/* Loads every *.so of a folder, in the order of their names, and gives all their encodings, ended
 * by NULL. Ends the program with a message when there is none. The list is the caller's. */
const struct pare_encoding **encodings_load(const char *folder);

/* The encoding of that name, or NULL. */
const struct pare_encoding *encodings_find(const struct pare_encoding **all, const char *name);

/* The enum pare_cpu bits of this machine. */
uint32_t machine_cpu(void);
/* 1 when this machine has all that the kernel needs. */
int kernel_runs(const struct pare_kernel *kernel);

/* The kernel that Pare would use here: the last one that runs. With PARE_TEST_KERNEL in the
 * environment the one of that name, or else the first. */
const struct pare_kernel *kernel_best(const struct pare_encoding *encoding);

#endif
