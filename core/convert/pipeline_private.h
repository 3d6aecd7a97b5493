/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What the pipeline's threads share. `lock` guards all that is marked so; the rest is constant
 * while threads run, or belongs to one thread. */
#ifndef CONVERT_PIPELINE_PRIVATE_H
#define CONVERT_PIPELINE_PRIVATE_H

#include "convert/pipeline.h"

#include <pthread.h>

#define BATCH_SLABS 64u
#define BATCH_BYTES (512u << 10)

struct loaded_slab {
    struct slab slab;
    const void *planes[PARE_MAX_PLANES];
};

/* What goes from thread to thread: one slab, or several that are small. */
struct batch {
    struct loaded_slab slabs[BATCH_SLABS];
    unsigned n;
    unsigned char *bytes; /* the slabs', planes one after another */
};

struct tensor_progress { /* lock */
    uint64_t slabs_done;
    uint64_t front;         /* slabs written without a gap from the first */
    struct measure *parts;  /* [slab * targets + target], while slabs are missing */
    unsigned char *written; /* [slab]: 1 when it is, the same while */
};

struct pipeline {
    const struct pipeline_request *request;
    struct pipeline_result *result;
    struct slab_cut *cuts;
    struct slab_walk *walk; /* the reader's */
    uint64_t batch_bytes;   /* room for a batch's source bytes */
    uint64_t max_elements;  /* of a slab */
    uint64_t max_encoded;   /* bytes of a slab in any target's plane set */

    pthread_mutex_t lock;
    pthread_cond_t room;   /* a batch is free, or all stops */
    pthread_cond_t work;   /* a batch is ready, or there will be none, or all stops */
    pthread_cond_t ended;  /* all threads have */
    struct error err;      /* lock: the first failure */
    int stopped;           /* lock: no more work is wanted */
    int walked;            /* lock: the reader thread is through */
    unsigned running;      /* lock: threads that have not ended */
    uint64_t done;         /* lock: source bytes read */
    uint64_t steps;        /* lock: anything finished, for the heartbeat */
    struct batch *batches; /* lock: free and ready ones, by index */
    unsigned n_batches, n_free, n_ready, ready_at;
    unsigned *free_list, *ready_ring;
    struct tensor_progress *tensors; /* lock */
    struct stage_seconds seconds;    /* lock: threads add theirs when they end */
};

/* A thread's last step, with the lock held. */
void pipeline_ended(struct pipeline *p);
/* Remembers the first failure and stops everything. */
void pipeline_fail(struct pipeline *p, const struct error *err);
/* Thread bodies; the argument is the pipeline. */
void *pipeline_reader(void *pipeline);
void *pipeline_computer(void *pipeline);

/* How many slabs of a batch, from number `at` on, are of tensors that become the same encoding in
 * each target, with nothing but their weights to decide: they can be encoded in one call. */
unsigned batch_alike(const struct pipeline *p, const struct batch *batch, unsigned at,
                     uint64_t *ret_elements);

#endif
