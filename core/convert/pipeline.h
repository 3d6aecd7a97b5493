/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The pipeline: one reader thread walks the source in order and digests it; compute threads take
 * its slabs, decode each once, encode it per target, decode what they encoded, measure, and write
 * it where the layout says. Memory: a fixed number of slabs, whatever the model's size.
 */
#ifndef CONVERT_PIPELINE_H
#define CONVERT_PIPELINE_H

#include "base/hash.h"
#include "journal/checkpoint.h"
#include "target/target.h"
#include "weights/measure.h"
#include "weights/slab.h"

struct stage_seconds { /* summed over threads */
    double hash, read, decode, encode, measure, write;
};

void stage_seconds_add(struct stage_seconds *sum, const struct stage_seconds *s);

/* Which slabs figures are taken of. */
enum measuring {
    MEASURING_FULL,
    MEASURING_SAMPLE, /* every eighth of a tensor, and the one that verification looks at */
    MEASURING_NONE    /* none; that no weight was NaN or became one is looked after all the same */
};

/* "full", "sample" or "none"; PARE_EUSAGE for anything else. */
int measuring_parse(const char *text, enum measuring *ret, struct error *err)
    __attribute__((warn_unused_result));

struct pipeline_figure { /* of one source tensor in one target */
    struct measure all;
    uint64_t probe_first, probe_count; /* one measured slab's elements, for verification … */
    double probe_sse;                  /* … and their sum of squared errors */
};

struct pipeline_result {
    struct stage_seconds seconds;
    struct pipeline_figure *figures; /* [target's position * tensors + source tensor] */
    char (*sha256)[HASH_HEX_SIZE];   /* of each source file; "" if ignored, or without digests */
    uint64_t n_tensors;
    char *zeros; /* where weights seem not to have come (zeros.h), or NULL */
};

struct pipeline_request {
    struct source *source;
    const struct model *model;
    struct target *const *targets; /* opened; made from that source, by position */
    size_t n_targets;
    int without_digests; /* 1: the files' digests are known; only tensors are read */
    const struct importance *importance; /* or NULL; the plans' entries are its */
    unsigned threads;                    /* compute threads, at least 1 */
    int keep_nonfinite;
    enum measuring measuring;
    uint32_t walk;                   /* the number of this run among the job's */
    struct checkpoints *checkpoints; /* are taken on the way; or NULL */
    struct journal *journal;         /* of an earlier life, to go on from; or NULL */
    int *misfit;                     /* becomes 1 when that cannot be; or NULL */
    size_t *culprit; /* gets the position of the target that alone failed; or NULL */
    /* Appends to a checkpoint what the pipeline does not know: of targets. */
    void (*describe)(void *context, struct strbuf *block);
    /* Called on the caller's thread a few times a second while there is progress. */
    void (*progress)(void *context, uint64_t done, uint64_t total);
    void *context;
};

/* Runs it. PARE_ECANCELLED after a checkpoint when checkpoints_stop_is_wanted; on failure all
 * threads have ended and the targets' files are unfinished. */
int pipeline_run(const struct pipeline_request *request, struct pipeline_result *ret_result,
                 struct error *err) __attribute__((warn_unused_result));
void pipeline_result_deinit(struct pipeline_result *result);

/* Cuts every tensor for the encodings it has and gets (free it). */
int pipeline_cuts(const struct model *model, struct target *const *targets, size_t n_targets,
                  struct slab_cut **ret_cuts, struct error *err)
    __attribute__((warn_unused_result));
/* 1 when what a tensor of the source becomes in a target is made with a calibration. */
int calibrate_wants(const struct target *target, uint64_t source);

/* Upper estimate of the bytes that a run with so many threads holds at once. */
uint64_t pipeline_memory(const struct model *model, const struct slab_cut *cuts,
                         struct target *const *targets, size_t n_targets, unsigned threads);

#endif
