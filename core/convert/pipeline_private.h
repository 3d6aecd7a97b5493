/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What the pipeline's threads share. `lock` guards all that is marked so; the rest is constant
 * while threads run, or belongs to one thread. */
#ifndef CONVERT_PIPELINE_PRIVATE_H
#define CONVERT_PIPELINE_PRIVATE_H

#include "convert/pipeline.h"
#include "convert/ring.h"
#include "plugin/calibration.h"

#include <pthread.h>

/* What encodings have learned of a tensor of the source (calibrate.c). */
enum calibrating { CALIBRATING_NOT_YET, CALIBRATING_NOW, CALIBRATING_DONE };

struct tensor_calibrations {
    int wanted;                    /* by a target */
    enum calibrating stage;        /* lock */
    struct tensor_calibration *of; /* [target]; its maker's until it is done */
};

struct tensor_progress { /* lock */
    uint64_t slabs_done;
    uint64_t front;         /* slabs written without a gap from the first */
    struct measure *parts;  /* [slab * targets + target], while slabs are missing */
    unsigned char *written; /* [slab]: 1 when it is, the same while */
    int is_kept;            /* complete, and in a checkpoint (snapshot.c) */
};

struct pipeline {
    const struct pipeline_request *request;
    struct pipeline_result *result;
    struct slab_cut *cuts;
    struct slab_walk *walk; /* the reader's */
    struct ring ring;
    uint64_t max_elements; /* of a slab */
    uint64_t max_encoded;  /* bytes of a slab in any target's plane set */

    /* Where the reader is; it alone changes this while threads run. */
    uint64_t slabs;                            /* of the walk, handed out */
    uint64_t work;                             /* bytes of them since the last checkpoint */
    uint32_t current;                          /* the source file that it digests */
    uint32_t kept_files;                       /* files whose digests are in a checkpoint */
    int goes_on;                               /* from a checkpoint … */
    unsigned char hash_state[HASH_STATE_SIZE]; /* … with this state of the file's digest */
    struct {
        uint64_t *slabs; /* [source tensor]: that an earlier life has written */
        uint64_t *sums;  /* [source tensor * targets + target]: what they were */
    } audit;

    pthread_mutex_t reading; /* for who reads tensors that are computed */
    pthread_mutex_t lock;
    pthread_cond_t ended;                     /* all threads have */
    pthread_cond_t calibrated;                /* a tensor is, or all stops */
    struct error err;                         /* lock: the first failure */
    int stopped;                              /* lock: no more work is wanted */
    unsigned running;                         /* lock: threads that have not ended */
    uint64_t done;                            /* lock: source bytes read */
    uint64_t steps;                           /* lock: anything finished, for the heartbeat */
    struct tensor_progress *tensors;          /* lock */
    struct tensor_calibrations *calibrations; /* [source tensor] */
    struct stage_seconds seconds;             /* lock: threads add theirs when they end */
};

/* A thread's last step, with what it spent. */
void pipeline_ended(struct pipeline *p, const struct stage_seconds *seconds);
/* Remembers the first failure and stops everything. culprit: the position of the only target that
 * it concerns, or SIZE_MAX. */
void pipeline_fail(struct pipeline *p, const struct error *err, size_t culprit);
/* Thread bodies; the argument is the pipeline. */
void *pipeline_reader(void *pipeline);
void *pipeline_computer(void *pipeline);
void *pipeline_auditor(void *pipeline);

/* Notes what an earlier life has written, which the auditor looks at. */
int audit_prepare(struct pipeline *p, struct error *err) __attribute__((warn_unused_result));
void audit_deinit(struct pipeline *p);
/* 1 when the checksum of a slab covers that plane of it: those of a whole tensor count once. */
int audit_takes(const struct encoding *encoding, uint32_t plane, uint64_t slab);
/* The seed of a plane's checksum. */
uint64_t audit_seed(uint64_t slab, uint32_t plane);

/* How many slabs of a batch, from number `at` on, are of tensors that become the same encoding in
 * each target, with nothing but their weights to decide: they can be encoded in one call. */
unsigned batch_alike(const struct pipeline *p, const struct batch *batch, unsigned at,
                     uint64_t *ret_elements);

/* Sees which tensors need one; calibrate_deinit frees what there is at the end. */
int calibrate_prepare(struct pipeline *p, struct error *err) __attribute__((warn_unused_result));
void calibrate_deinit(struct pipeline *p);
/* Before a slab of a source's tensor is encoded: sees that all targets that want one have a
 * calibration of the tensor, and that its shared planes are written. x: room for a slab; *seconds
 * grows by what it took. PARE_ECANCELLED: the job has failed elsewhere, and the reason is set. */
int calibrate_tensor(struct pipeline *p, uint64_t tensor, float *x, double *seconds,
                     struct error *err) __attribute__((warn_unused_result));
/* The calibration of such a tensor in a target, or NULL. */
const struct calibration *calibrate_of(const struct pipeline *p, uint64_t tensor,
                                       const struct target *target);
/* After figures_keep: frees what is known of tensors of which no slab is left. */
void calibrate_release(struct pipeline *p, const struct batch *batch);

/* Appends how far the walk is, while no batch is on its way; hash: of the current file, or NULL
 * when all have been read. */
void snapshot_put(struct pipeline *p, const struct hash *hash, struct strbuf *block);
/* Before threads start: takes the walk to where the request's journal says it was. PARE_EDATA: the
 * journal does not fit. */
int snapshot_restore(struct pipeline *p, struct error *err) __attribute__((warn_unused_result));

/* The number of the slab of a source's tensor that verification looks at again. */
uint64_t figures_probe(const struct pipeline *p, uint64_t tensor);
/* Tells digests how much of a tensor is in its files, which is something. Under the lock. */
void figures_tell_digests(struct pipeline *p, uint64_t tensor);
/* 1 when figures of the slab are wanted. */
int figures_wanted(const struct pipeline *p, const struct slab *slab);
/* Keeps of the figures of a slab only what was found not to be finite. */
void figures_forget_sums(struct measure *m);
/* The failure for weights x of a slab that are not finite, or are not any more in encoding `to`. */
int figures_refuse(const struct pipeline *p, const struct slab *slab, const float *x,
                   const struct measure *m, const char *to, int weighted, struct error *err)
    __attribute__((warn_unused_result));
/* A batch is written: keeps the figures [slab * targets + target] of its slabs, tells digests how
 * far their tensors are, and merges what is complete. */
int figures_keep(struct pipeline *p, const struct batch *batch, const struct measure *figures,
                 struct error *err) __attribute__((warn_unused_result));

#endif
