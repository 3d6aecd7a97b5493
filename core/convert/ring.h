/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The batches of slabs that circulate in a pipeline: free ones go to the reader, which fills them;
 * ready ones go to the compute threads in the order in which they were filled, and come back free.
 * Their number is fixed, and with it the pipeline's memory. Any thread may call what is here.
 */
#ifndef CONVERT_RING_H
#define CONVERT_RING_H

#include "weights/slab.h"

#include <pthread.h>

#define BATCH_SLABS 64u
#define BATCH_BYTES (512u << 10)

struct loaded_slab {
    struct slab slab;
    struct slab_shape shape; /* of a tensor's slab, in the source's encoding */
    const void *planes[PARE_MAX_PLANES];
};

/* What goes from thread to thread: one slab, or several that are small. */
struct batch {
    struct loaded_slab slabs[BATCH_SLABS];
    unsigned n;
    unsigned char *bytes; /* the slabs', planes one after another */
};

struct ring {
    pthread_mutex_t lock;
    pthread_cond_t room; /* a batch is free, or all stops */
    pthread_cond_t work; /* a batch is ready, or there will be none, or all stops */
    struct batch *batches;
    unsigned n_batches;
    struct batch **free, **ready; /* lock: a stack, and a ring from ready_at on */
    unsigned n_free, n_ready, ready_at;
    int filled, stopped; /* lock */
};

/* n batches with room for so many bytes each. A ring that could not be made is deinited, too. */
int ring_init(struct ring *ring, unsigned n, uint64_t batch_bytes, struct error *err)
    __attribute__((warn_unused_result));
void ring_deinit(struct ring *ring);

/* Waits for a batch to fill. NULL: all stops. */
struct batch *ring_take_free(struct ring *ring);
/* Waits until all batches are free. 0: all stops. */
int ring_wait_idle(struct ring *ring);
/* Waits for a batch to work on. NULL: there will be none, or all stops. */
struct batch *ring_take_ready(struct ring *ring);
void ring_put_ready(struct ring *ring, struct batch *batch);
void ring_put_free(struct ring *ring, struct batch *batch);
/* No batch will be filled any more; those that are ready are still to be worked on. */
void ring_end(struct ring *ring);
/* Nobody gets a batch any more. */
void ring_stop(struct ring *ring);

#endif
