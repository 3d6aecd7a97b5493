/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* A wall clock that the tests can set: to be preloaded; the file that PARE_TEST_CLOCK names has the
 * seconds to add. The other clocks stay as they are. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long seconds(void)
{
    const char *path = getenv("PARE_TEST_CLOCK");
    FILE *file = path ? fopen(path, "re") : NULL;
    long n = 0;
    if (file && fscanf(file, "%ld", &n) != 1)
        n = 0;
    if (file)
        (void)fclose(file);
    return n;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *time)
{
    static int (*next)(clockid_t, struct timespec *);
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
    int r = next(clock, time);
    if (r == 0 && clock == CLOCK_REALTIME)
        time->tv_sec += seconds();
    return r;
}

__attribute__((visibility("default"))) int gettimeofday(struct timeval *restrict time,
                                                        void *restrict zone)
{
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return -1;
    *time = (struct timeval){ now.tv_sec, now.tv_nsec / 1000 };
    return 0;
}
