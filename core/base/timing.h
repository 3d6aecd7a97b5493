/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Clocks: what something took by the monotonic clock, which stands still while the machine sleeps;
 * waiting by the one since the boot, which does not; stamps by the wall clock in UTC.
 */
#ifndef BASE_TIMING_H
#define BASE_TIMING_H

#include <stdint.h>
#include <time.h>

#define TIMING_STAMP_SIZE 48

/* Nanoseconds of the monotonic clock. */
uint64_t timing_now(void);
/* Seconds since a timing_now() value. */
double timing_since(uint64_t start);
/* Nanoseconds since the boot, with those in sleep. */
uint64_t timing_boot(void);
/* Seconds that the wall clock is ahead of the time since the boot: it changes when somebody sets
 * the clock. */
double timing_wall_ahead(void);
/* So many seconds (below 1) from now, for pthread_cond_clockwait with CLOCK_MONOTONIC. */
struct timespec timing_deadline(double seconds);
/* The wall clock as "2026-11-23T21:00:00.123Z". */
void timing_stamp(char ret_stamp[TIMING_STAMP_SIZE]);

/* How many of something there were, and when; all zero at the start. */
struct tally {
    uint64_t count, first, last; /* timing_now() of the first and the last */
};

void tally_add(struct tally *tally);
/* How many there were a second between the first and the last; NAN below two. */
double tally_rate(const struct tally *tally);

#endif
