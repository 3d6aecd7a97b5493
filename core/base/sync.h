/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Syncing several files at once, which takes about as long as one. */
#ifndef BASE_SYNC_H
#define BASE_SYNC_H

#include "base/error.h"

/* fsync of all descriptors (those < 0 are passed over), in no order; returns when each was tried.
 * The error is one of those that failed. what: for the message. */
int sync_all(const int *fds, size_t n, const char *what, struct error *err)
    __attribute__((warn_unused_result));

#endif
