/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* A job's directory .pare/staging/UID in the output directory. */
#ifndef SUPERVISE_STAGING_H
#define SUPERVISE_STAGING_H

#include "base/error.h"

#define STAGING_KEEP_DAYS 7

#define STAGING_UID_SIZE 101

/* How a job wants its directory. */
struct staging_request {
    const char *uid;
    const char *mark; /* of a one-shot job, for which nobody comes back by itself if we die: a line
                       * that says what is made. It is locked while it is open. NULL: no such job */
    int go_on;        /* what an earlier life left is kept if it has a journal */
};

/* Opens it, with `work` in it, which is empty unless the job goes on (1). */
int staging_make(int out_dirfd, const struct staging_request *request, int *ret_dirfd,
                 int *ret_work, struct error *err) __attribute__((warn_unused_result));
/* 1 when there is a journal in it, to go on from. */
int staging_has_journal(int dirfd);
/* Makes `work` in it anew and empty. */
int staging_empty_work(int dirfd, int *ret_work, struct error *err)
    __attribute__((warn_unused_result));
/* The newest directory that a one-shot job with this mark left, with a journal, for one that wants
 * to go on. 1: there is none. */
int staging_find(int out_dirfd, const char *mark, char ret_uid[STAGING_UID_SIZE], struct error *err)
    __attribute__((warn_unused_result));
/* 1 when the directory is a one-shot job's. */
int staging_is_one_shot(int out_dirfd, const char *uid);
/* What is left of one-shot jobs whose process is gone: finishes publications that were begun and
 * removes the rest, but for what somebody may yet go on with: a journal of the last
 * STAGING_KEEP_DAYS, of each mark the newest. done: a mark of which nothing is to be kept; NULL. */
int staging_sweep(int out_dirfd, const char *done, struct error *err)
    __attribute__((warn_unused_result));
/* Makes and opens the directory of target i in it. */
int staging_make_target(int dirfd, size_t target, int *ret_dirfd, struct error *err)
    __attribute__((warn_unused_result));
/* Opens that of an earlier life. 1: there is none. */
int staging_open_target(int out_dirfd, const char *uid, size_t target, int *ret_dirfd,
                        struct error *err) __attribute__((warn_unused_result));
/* What is removed gets another name first, so that its own is free. It may be so much that it takes
 * long: what is left after some milliseconds is for staging_clear. */

/* Removes for about so many seconds. 1: there is more. */
int staging_clear(int out_dirfd, double seconds, struct error *err)
    __attribute__((warn_unused_result));
/* Removes the directory of target i. */
int staging_remove_target(int out_dirfd, const char *uid, size_t target, struct error *err)
    __attribute__((warn_unused_result));
/* Removes the job's directory, and .pare/staging and .pare when nothing else is in them. */
int staging_remove(int out_dirfd, const char *uid, struct error *err)
    __attribute__((warn_unused_result));

#endif
