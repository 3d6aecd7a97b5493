/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Work of the parent's own that takes long and waits for the disk, done in a forked child so that
 * the parent's loop turns meanwhile. The child shares descriptors and a copy of all memory; what it
 * changes beside files is lost. It is no sandbox: models are read by workers only.
 */
#ifndef SUPERVISE_SIDE_TASK_H
#define SUPERVISE_SIDE_TASK_H

#include "base/error.h"

struct side_task;

/* Runs in the child; its result and error are the task's. It touches no catalog and no loop. */
typedef int side_task_fn(void *context, struct error *err);

int side_task_start(side_task_fn *run, void *context, struct side_task **ret_task,
                    struct error *err) __attribute__((warn_unused_result));
/* Ends the child when it still runs. Takes NULL. */
void side_task_free(struct side_task *task);
/* Readable when the task has ended. */
int side_task_fd(const struct side_task *task);
/* 0: it goes on; 1: it has ended well; < 0: its error, PARE_ECRASH when it died. */
int side_task_check(struct side_task *task, struct error *err) __attribute__((warn_unused_result));

#endif
