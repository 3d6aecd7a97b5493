/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Claimed sources: `.pare/claimed/UID/` in the drop directory holds job.json and `source/`, into
 * which the model and its sidecars are renamed. A rename either happened or not, and of two daemons
 * only one can do it; so the directory is the truth about who owns a source, and the catalog
 * follows it. Every function can be repeated after a crash at any point.
 */
#ifndef INTAKE_CLAIM_H
#define INTAKE_CLAIM_H

#include "intake/folders.h"
#include "intake/ticket.h"

struct claim_try { /* one of several claims that are taken at once */
    const struct ticket *ticket;
    int result; /* 0: it is taken; 1: its files are no longer there, nothing happened; < 0: err */
    struct error err;
};

/* Takes the files and sidecars of all the tickets out of the drop directory. What is taken is on
 * disk when it returns; the disk is waited for twice, however many there are. */
void claim_take(const struct folders *folders, struct claim_try *tries, size_t n);

/* Looks at one entry of the claimed directory after a restart, and finishes a claim that was cut
 * short. 0: *ret_ticket is a job whose source is there; 1: there was no source, the entry is
 * removed. */
int claim_restore(const struct folders *folders, const char *uid, struct ticket *ret_ticket,
                  struct error *err) __attribute__((warn_unused_result));

/* The ticket of a claim. 1: there is no such claim. */
int claim_load(const struct folders *folders, const char *uid, struct ticket *ret_ticket,
               struct error *err) __attribute__((warn_unused_result));

/* Path of the claimed source, relative to the claimed directory: "UID/source/NAME". New string. */
char *claim_source(const struct ticket *ticket);

enum claim_end { CLAIM_ARCHIVE, CLAIM_DELETE, CLAIM_FAIL };

/* Ends a claim, if there is one: the source goes where `end` says, under its own name or one with
 * -2, -3 ... when that is taken (shards and a model with sidecars as a folder of the model's name),
 * and the claim's directory goes away. For CLAIM_FAIL a NAME.reason.txt with `reason` is put
 * beside it, and a hidden .NAME.job.json from which it can be queued again.
 * *ret_path is where the source is now, NULL when deleted. A source that is gone
 * already is fine. */
int claim_finish(const struct folders *folders, const char *uid, int end, const char *reason,
                 char **ret_path, struct error *err) __attribute__((warn_unused_result));

struct claim_ending { /* one of several claims that end at once */
    const char *uid;
    int end;            /* enum claim_end */
    const char *reason; /* for CLAIM_FAIL */
    int result;         /* 0, or < 0 with err */
    struct error err;
    char *path; /* where the source is now, or NULL; the caller frees it */
};

/* Ends all of them; the disk is waited for twice, however many there are. */
void claim_finish_all(const struct folders *folders, struct claim_ending *list, size_t n);

/* Calls `each` for every ticket in the failed directory whose source is still there, until it does
 * not give 0, which is then the result. `name` is the ticket's file; what is taken out of the
 * ticket is replaced by zeros. */
typedef int claim_failed_fn(void *context, const char *name, struct ticket *ticket,
                            struct error *err);
int claim_each_failed(const struct folders *folders, claim_failed_fn *each, void *context,
                      struct error *err) __attribute__((warn_unused_result));

/* The opposite of CLAIM_FAIL: claims the source of job `uid` out of the failed directory again,
 * under the same uid. 1: there is none. */
int claim_retry(const struct folders *folders, const char *uid, struct ticket *ret_ticket,
                struct error *err) __attribute__((warn_unused_result));

#endif
