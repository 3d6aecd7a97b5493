/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Directories of the daemon's own inside those that others may write into. Who can replace them can
 * swap claimed sources and outputs that are not published yet, so this must be nobody else.
 */
#ifndef SUPERVISE_PRIVATE_DIR_H
#define SUPERVISE_PRIVATE_DIR_H

#include "base/error.h"

/* Others may write into a directory, and that cannot be changed: it is another user's, or on a file
 * system without permissions. */
#define PRIVATE_DIR_OPEN_TO_OTHERS 1

/* Gives a directory that others may write into the sticky bit, with which nobody but its owner
 * renames or removes what they did not put there. 0, or PRIVATE_DIR_OPEN_TO_OTHERS. */
int private_dir_protect(int dirfd) __attribute__((warn_unused_result));

/* Makes or opens the directory `name` in dirfd, without following a link. It must belong to the
 * daemon's user, to root or to the owner of dirfd; when others may write into it, they may not any
 * longer. 0, or PRIVATE_DIR_OPEN_TO_OTHERS. PARE_EUSAGE when it is somebody else's, or no
 * directory; path: of dirfd, for messages. */
int private_dir_open(int dirfd, const char *path, const char *name, int *ret_fd, struct error *err)
    __attribute__((warn_unused_result));

#endif
