/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The clock around kernels: normally distributed weights, the same in every run, and threads that
 * go through them for a given time. Each thread has weights, codes and room of its own, more than a
 * core's cache holds, and calls a kernel as the pipeline does: with some rows at a time.
 */
#ifndef WORKER_BENCH_H
#define WORKER_BENCH_H

#include "plugin/registry.h"

#define BENCH_ROW_LEN 4096u
#define BENCH_ROWS 256u /* 4 MiB of floats for each thread */
#define BENCH_WEIGHTS ((uint64_t)BENCH_ROW_LEN * BENCH_ROWS)

enum bench_act { BENCH_ENCODE, BENCH_ENCODE_IMPORTANCE, BENCH_DECODE };
#define BENCH_ACTS 3

struct bench;

/* registry: what encodings come from; threads: the most that will be used; seconds: of each
 * figure. */
int bench_new(const struct registry *registry, unsigned threads, double seconds,
              struct bench **ret_bench, struct error *err) __attribute__((warn_unused_result));
void bench_free(struct bench *bench);

/* Makes codes of the encoding, for the kernels that are measured next. PARE_EUSAGE when its blocks
 * do not divide BENCH_ROW_LEN. *ret_bytes: that all weights of a thread take. */
int bench_prepare(struct bench *bench, const struct encoding *encoding, uint64_t *ret_bytes,
                  struct error *err) __attribute__((warn_unused_result));

/* Weights per second of all threads together: the best of three parts of the time. 1: the kernel
 * has no such act, or the encoding makes no use of importance or cannot do without. */
int bench_kernel(struct bench *bench, const struct pare_kernel *kernel, enum bench_act act,
                 unsigned threads, double *ret_rate, struct error *err)
    __attribute__((warn_unused_result));

/* Bytes per second, read and written, of memcpy between buffers that no cache holds. */
int bench_copy(struct bench *bench, unsigned threads, double *ret_rate, struct error *err)
    __attribute__((warn_unused_result));

#endif
