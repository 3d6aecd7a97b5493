/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The ring of batches: see ring.h. */
#include "convert/ring.h"

#include <stdlib.h>

int ring_init(struct ring *ring, unsigned n, uint64_t batch_bytes, struct error *err)
{
    *ring = (struct ring){ .n_batches = n };
    (void)pthread_mutex_init(&ring->lock, NULL);
    (void)pthread_cond_init(&ring->room, NULL);
    (void)pthread_cond_init(&ring->work, NULL);
    ring->batches = calloc(n, sizeof *ring->batches);
    ring->free = calloc(n, sizeof(struct batch *));
    ring->ready = calloc(n, sizeof(struct batch *));
    if (!ring->batches || !ring->free || !ring->ready)
        return error_oom(err);
    for (unsigned i = 0; i < n; i++) {
        ring->batches[i].bytes = malloc(batch_bytes);
        if (!ring->batches[i].bytes)
            return error_oom(err);
        ring->free[ring->n_free++] = &ring->batches[i];
    }
    return 0;
}

void ring_deinit(struct ring *ring)
{
    if (!ring->n_batches)
        return;
    for (unsigned i = 0; ring->batches && i < ring->n_batches; i++)
        free(ring->batches[i].bytes);
    free(ring->batches);
    free(ring->free);
    free(ring->ready);
    (void)pthread_cond_destroy(&ring->room);
    (void)pthread_cond_destroy(&ring->work);
    (void)pthread_mutex_destroy(&ring->lock);
    *ring = (struct ring){ 0 };
}

struct batch *ring_take_free(struct ring *ring)
{
    struct batch *batch = NULL;
    (void)pthread_mutex_lock(&ring->lock);
    while (!ring->n_free && !ring->stopped)
        (void)pthread_cond_wait(&ring->room, &ring->lock);
    if (!ring->stopped)
        batch = ring->free[--ring->n_free];
    (void)pthread_mutex_unlock(&ring->lock);
    return batch;
}

int ring_wait_idle(struct ring *ring)
{
    (void)pthread_mutex_lock(&ring->lock);
    while (ring->n_free < ring->n_batches && !ring->stopped)
        (void)pthread_cond_wait(&ring->room, &ring->lock);
    int r = !ring->stopped;
    (void)pthread_mutex_unlock(&ring->lock);
    return r;
}

struct batch *ring_take_ready(struct ring *ring)
{
    struct batch *batch = NULL;
    (void)pthread_mutex_lock(&ring->lock);
    while (!ring->n_ready && !ring->filled && !ring->stopped)
        (void)pthread_cond_wait(&ring->work, &ring->lock);
    if (ring->n_ready && !ring->stopped) {
        batch = ring->ready[ring->ready_at];
        ring->ready_at = (ring->ready_at + 1) % ring->n_batches;
        ring->n_ready--;
    }
    (void)pthread_mutex_unlock(&ring->lock);
    return batch;
}

void ring_put_ready(struct ring *ring, struct batch *batch)
{
    (void)pthread_mutex_lock(&ring->lock);
    ring->ready[(ring->ready_at + ring->n_ready++) % ring->n_batches] = batch;
    (void)pthread_cond_signal(&ring->work);
    (void)pthread_mutex_unlock(&ring->lock);
}

void ring_put_free(struct ring *ring, struct batch *batch)
{
    (void)pthread_mutex_lock(&ring->lock);
    ring->free[ring->n_free++] = batch;
    (void)pthread_cond_signal(&ring->room);
    (void)pthread_mutex_unlock(&ring->lock);
}

void ring_end(struct ring *ring)
{
    (void)pthread_mutex_lock(&ring->lock);
    ring->filled = 1;
    (void)pthread_cond_broadcast(&ring->work);
    (void)pthread_mutex_unlock(&ring->lock);
}

void ring_stop(struct ring *ring)
{
    (void)pthread_mutex_lock(&ring->lock);
    ring->stopped = 1;
    (void)pthread_cond_broadcast(&ring->room);
    (void)pthread_cond_broadcast(&ring->work);
    (void)pthread_mutex_unlock(&ring->lock);
}
