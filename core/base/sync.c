/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Group syncs: see sync.h. A disk flushes its cache once for all who wait for it, but a thread can
 * wait for one file at a time. So there are threads, for the time of one call: they know nothing
 * but descriptors, and the process has a single thread again when the call returns.
 */
#include "base/sync.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <unistd.h>

#define MAX_THREADS 31 /* beside the caller */
#define STACK_BYTES 65536

struct syncing {
    const int *fds;
    size_t n, next; /* next: taken by the threads, one after the other */
    int problem;    /* an errno, or 0 */
};

static void *sync_some(void *context)
{
    struct syncing *s = context;
    size_t i;
    while ((i = __atomic_fetch_add(&s->next, 1, __ATOMIC_RELAXED)) < s->n)
        if (s->fds[i] >= 0 && fsync(s->fds[i]) < 0)
            __atomic_store_n(&s->problem, errno, __ATOMIC_RELAXED);
    return NULL;
}

/* Starts as many helpers as are of use; with fewer, the others have more to do. */
static size_t start_threads(struct syncing *s, pthread_t threads[MAX_THREADS])
{
    pthread_attr_t attributes;
    size_t made = 0;
    if (s->n < 2 || pthread_attr_init(&attributes) != 0)
        return 0;
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    while (made < MAX_THREADS && made + 1 < s->n &&
           pthread_create(&threads[made], &attributes, sync_some, s) == 0)
        made++;
    (void)pthread_attr_destroy(&attributes);
    return made;
}

int sync_all(const int *fds, size_t n, const char *what, struct error *err)
{
    struct syncing s = { fds, n, 0, 0 };
    pthread_t threads[MAX_THREADS];
    size_t made = start_threads(&s, threads);
    (void)sync_some(&s);
    for (size_t i = 0; i < made; i++)
        (void)pthread_join(threads[i], NULL);
    return s.problem ? error_place(err, s.problem, "cannot sync %s", what) : 0;
}
