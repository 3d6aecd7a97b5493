/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints of a conversion. Whoever does the work decides between two steps that one is due and
 * hands over a block of records that describes what is done; a thread of its own then syncs the
 * targets' files and only after that appends the block to the journal, while the work goes on. The
 * journal is made with the first block, so that a short job has none. One block is on its way at a
 * time: with a slow disk the work waits, and what a crash can cost stays bounded.
 */
#ifndef JOURNAL_CHECKPOINT_H
#define JOURNAL_CHECKPOINT_H

#include "base/strbuf.h"
#include "journal/journal.h"

#define CHECKPOINT_SECONDS 10.0

struct checkpoints;

struct checkpoints_request {
    int dirfd;      /* where the journal lies */
    uint64_t bytes; /* of work between two, if CHECKPOINT_SECONDS are not over before */
    /* The text of a new journal's head (free it). */
    int (*head)(void *context, char **ret_head, struct error *err);
    /* Makes durable what the targets' files have; on the checkpoints' thread. */
    int (*sync)(void *context, struct error *err);
    /* There is a checkpoint more, `number` in all; or, why not NULL, there will be none any more,
     * and the work goes on without. On the checkpoints' thread. */
    void (*told)(void *context, uint64_t number, const char *why);
    void *context;
};

/* journal: the one to go on with, which is taken over; NULL: a new one. */
int checkpoints_new(const struct checkpoints_request *request, struct journal *journal,
                    struct checkpoints **ret_checkpoints, struct error *err)
    __attribute__((warn_unused_result));
/* Ends the thread; a block that is on its way is written first. */
void checkpoints_free(struct checkpoints *checkpoints);

/* 1 when so many bytes of work since the last one, or the time, make one due. */
int checkpoints_are_due(struct checkpoints *checkpoints, uint64_t work);
/* 1 when there is one, or one is on its way. */
int checkpoints_have_begun(struct checkpoints *checkpoints);

/* Hands over a block, which is empty then; waits while the one before is on its way, and calls beat
 * about five times a second meanwhile. < 0: an earlier sync failed, and with it the job. */
int checkpoints_add(struct checkpoints *checkpoints, struct strbuf *block,
                    void (*beat)(void *context), void *context, struct error *err)
    __attribute__((warn_unused_result));
/* Waits until nothing is on its way. < 0 as checkpoints_add. */
int checkpoints_flush(struct checkpoints *checkpoints, void (*beat)(void *context), void *context,
                      struct error *err) __attribute__((warn_unused_result));

/* From a signal handler: the work is to stop at a checkpoint, soon. */
void checkpoints_ask_to_stop(int signal);
/* 1 when it is. */
int checkpoints_stop_is_wanted(void);

#endif
