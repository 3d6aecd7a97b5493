/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Files that a client of the control socket has shown that it may read: it passes them as open
 * descriptors (SCM_RIGHTS). Only which files they are is kept; the descriptors are closed at once,
 * so that no client can use up those of the daemon.
 */
#ifndef DAEMON_SHOWN_H
#define DAEMON_SHOWN_H

#include <stddef.h>
#include <stdint.h>

#define SHOWN_MAX 8192 /* files of a model, its sidecars among them */

struct shown {
    struct shown_file {
        uint64_t device, inode;
    } * files;
    size_t n;
};

/* Notes the file that fd is open on, if it is a regular one and open for reading, and closes fd. */
void shown_take(struct shown *shown, int fd);
/* 1 when the file that fd is open on was shown. */
int shown_has(const struct shown *shown, int fd);
/* Forgets all. */
void shown_clear(struct shown *shown);

#endif
