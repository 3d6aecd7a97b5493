/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Lock files: a daemon holds flock(2) on one in each of its directories, so that no second one
 * works there. The kernel drops the locks with the process, however that ends; the pid inside is
 * only for the message.
 */
#ifndef INTAKE_LOCK_H
#define INTAKE_LOCK_H

#include "base/error.h"

/* Takes the lock `name` in dirfd: 0 taken (*ret_fd holds it until closed); 1 another process has
 * it (*ret_pid is its pid, 0 when unknown). `where` is for messages. */
int lock_take(int dirfd, const char *name, const char *where, int *ret_fd, int *ret_pid,
              struct error *err) __attribute__((warn_unused_result));

#endif
