/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* A job's directory .pare/staging/UID in the output directory. */
#ifndef SUPERVISE_STAGING_H
#define SUPERVISE_STAGING_H

#include "base/error.h"

/* Makes it anew, removing what an earlier life left, with an empty `work` in it. one_shot: nobody
 * comes back for it if we die: it is marked, and locked while *ret_dirfd is open, for
 * staging_sweep. */
int staging_make(int out_dirfd, const char *uid, int one_shot, int *ret_dirfd, int *ret_work,
                 struct error *err) __attribute__((warn_unused_result));
/* What is left of one-shot jobs whose process is gone: finishes publications that were begun and
 * removes the rest. */
int staging_sweep(int out_dirfd, struct error *err) __attribute__((warn_unused_result));
/* Makes and opens the directory of target i in it. */
int staging_make_target(int dirfd, size_t target, int *ret_dirfd, struct error *err)
    __attribute__((warn_unused_result));
/* Opens that of an earlier life. 1: there is none. */
int staging_open_target(int out_dirfd, const char *uid, size_t target, int *ret_dirfd,
                        struct error *err) __attribute__((warn_unused_result));
/* Removes the directory of target i. */
int staging_remove_target(int out_dirfd, const char *uid, size_t target, struct error *err)
    __attribute__((warn_unused_result));
/* Removes the job's directory, and .pare/staging and .pare when nothing else is in them. */
int staging_remove(int out_dirfd, const char *uid, struct error *err)
    __attribute__((warn_unused_result));

#endif
