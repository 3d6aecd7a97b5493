/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Workers are in process groups of their own, so a terminal's Ctrl-Z (SIGTSTP) does not reach them.
 * For the command line: when it is stopped its workers stop at once, and go on with it; the time
 * between does not count as silence.
 */
#ifndef SUPERVISE_STOPPED_H
#define SUPERVISE_STOPPED_H

#include <stdint.h>
#include <sys/types.h>

/* From now on SIGTSTP is handled so. One thread. */
void stopped_catch(void);

/* While a worker is started, nothing stops: else it would not be known yet. */
void stopped_wait(int wait);
/* A worker has begun, or ended. */
void stopped_add(pid_t pid);
void stopped_remove(pid_t pid);

/* When this process was last continued, timing_now; 0: never. */
uint64_t stopped_until(void);

#endif
