/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Clocks: intervals by the monotonic clock, stamps by the wall clock in UTC. */
#ifndef BASE_TIMING_H
#define BASE_TIMING_H

#include <stdint.h>

#define TIMING_STAMP_SIZE 48

/* Nanoseconds of the monotonic clock. */
uint64_t timing_now(void);
/* Seconds since a timing_now() value. */
double timing_since(uint64_t start);
/* The wall clock as "2026-11-23T21:00:00.123Z". */
void timing_stamp(char ret_stamp[TIMING_STAMP_SIZE]);

#endif
