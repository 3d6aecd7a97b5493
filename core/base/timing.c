/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Clocks: see timing.h. Intervals must not jump when the wall clock is set, so they take others. */
#include "base/timing.h"

#include <math.h>
#include <stdio.h>

uint64_t timing_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t timing_boot(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

double timing_wall_ahead(void)
{
    struct timespec wall;
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    return (double)wall.tv_sec + (double)wall.tv_nsec * 1e-9 - (double)timing_boot() * 1e-9;
}

double timing_since(uint64_t start)
{
    return (double)(timing_now() - start) * 1e-9;
}

struct timespec timing_deadline(double seconds)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += (long)(seconds * 1e9);
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}

void timing_stamp(char ret_stamp[TIMING_STAMP_SIZE])
{
    struct timespec now;
    struct tm tm;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &tm);
    char seconds[24];
    (void)strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(ret_stamp, TIMING_STAMP_SIZE, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
}

void tally_add(struct tally *tally)
{
    tally->last = timing_now();
    if (!tally->count++)
        tally->first = tally->last;
}

double tally_rate(const struct tally *tally)
{
    if (tally->count < 2 || tally->last <= tally->first)
        return NAN;
    return (double)(tally->count - 1) / ((double)(tally->last - tally->first) / 1e9);
}
