/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Measuring kernels and memory: see bench.h. */
#include "worker/bench.h"

#include "base/timing.h"
#include "model/encoding.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PARTS 3        /* of the time; the best one counts */
#define CALL_ROWS 64u  /* at most: a slab of the pipeline */
#define CALLS 8        /* at least, in a part, where a row is quick enough */
#define SAMPLE_ROWS 4u /* are encoded; their codes are repeated */
#define COPY_LEAST (64ull << 20)
#define COPY_MOST (256ull << 20)
#define DEVIATION 0.02f /* of the weights: a trained model's */

struct lane;

/* Does some work and returns how much. */
typedef double step_fn(struct lane *lane);

struct lane { /* of one thread */
    struct bench *bench;
    float *x, *decoded;
    uint8_t *codes;
    void *planes[PARE_MAX_PLANES];
    uint8_t *from, *to; /* for copies */
    uint32_t row, rows; /* the next call */
    double rates[PARTS];
};

struct bench {
    unsigned n_lanes;
    double seconds;
    float *importance;
    struct lane *lanes;
    const struct encoding *encoding;
    uint64_t plane_bytes[PARE_MAX_PLANES]; /* of all rows */
    /* the figure that is being taken */
    const struct pare_kernel *kernel;
    enum bench_act act;
    step_fn *step;
    uint64_t copy_bytes; /* of each lane */
    pthread_mutex_t gate;
    pthread_barrier_t ready;
    int abandoned;
};

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
static uint64_t next_bits(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* In (0, 1). */
static double next_uniform(uint64_t *state)
{
    return ((double)(next_bits(state) >> 12) + 0.5) * 0x1p-52;
}

/* Two at a time, by Marsaglia's polar method; n is even. */
static void fill_normal(float *x, uint64_t n, float deviation)
{
    uint64_t state = 5;
    for (uint64_t i = 0; i < n;) {
        double u = 2 * next_uniform(&state) - 1, v = 2 * next_uniform(&state) - 1;
        double s = u * u + v * v;
        if (s >= 1 || s == 0)
            continue;
        double scale = (double)deviation * sqrt(-2 * log(s) / s);
        x[i++] = (float)(u * scale);
        x[i++] = (float)(v * scale);
    }
}

static int lane_init(struct bench *bench, struct lane *lane, struct error *err)
{
    lane->bench = bench;
    lane->x = malloc(BENCH_WEIGHTS * sizeof(float));
    lane->decoded = calloc(BENCH_WEIGHTS, sizeof(float));
    if (!lane->x || !lane->decoded)
        return error_oom(err);
    if (lane == bench->lanes)
        fill_normal(lane->x, BENCH_WEIGHTS, DEVIATION);
    else
        memcpy(lane->x, bench->lanes->x, BENCH_WEIGHTS * sizeof(float));
    return 0;
}

int bench_new(unsigned threads, double seconds, struct bench **ret_bench, struct error *err)
{
    struct bench *bench = calloc(1, sizeof *bench);
    if (!bench)
        return error_oom(err);
    bench->n_lanes = threads;
    bench->seconds = seconds;
    bench->lanes = calloc(threads, sizeof *bench->lanes);
    bench->importance = malloc(BENCH_ROW_LEN * sizeof(float));
    int r = bench->lanes && bench->importance ? 0 : error_oom(err);
    uint64_t state = 6;
    for (uint32_t i = 0; r == 0 && i < BENCH_ROW_LEN; i++)
        bench->importance[i] = 0.1f + (float)next_uniform(&state);
    for (unsigned i = 0; r == 0 && i < threads; i++)
        r = lane_init(bench, &bench->lanes[i], err);
    if (r < 0) {
        bench_free(bench);
        return r;
    }
    *ret_bench = bench;
    return 0;
}

void bench_free(struct bench *bench)
{
    if (!bench)
        return;
    for (unsigned i = 0; bench->lanes && i < bench->n_lanes; i++) {
        free(bench->lanes[i].x);
        free(bench->lanes[i].decoded);
        free(bench->lanes[i].codes);
    }
    free(bench->lanes);
    free(bench->importance);
    free(bench);
}

/* Where a row's codes begin in each plane. */
static void find_row(const struct lane *lane, uint32_t row, void *ret_planes[PARE_MAX_PLANES])
{
    const struct bench *b = lane->bench;
    for (uint32_t i = 0; i < b->encoding->n_planes; i++)
        ret_planes[i] = (uint8_t *)lane->planes[i] + b->plane_bytes[i] / BENCH_ROWS * row;
}

static int needs_importance(const struct encoding *e)
{
    return (e->flags & PARE_ENCODING_NEEDS_IMPORTANCE) != 0;
}

static void call_kernel(const struct lane *lane, uint32_t row, uint32_t rows)
{
    const struct bench *b = lane->bench;
    void *planes[PARE_MAX_PLANES];
    find_row(lane, row, planes);
    struct pare_calibration calibration = {
        .struct_size = sizeof calibration,
        .importance = b->act == BENCH_ENCODE_IMPORTANCE ? b->importance : NULL,
    };
    uint64_t first = (uint64_t)row * BENCH_ROW_LEN;
    if (b->act == BENCH_DECODE)
        b->kernel->decode((const void *const *)planes, rows, BENCH_ROW_LEN, lane->decoded + first);
    else
        b->kernel->encode(lane->x + first, rows, BENCH_ROW_LEN, &calibration, planes);
}

/* Codes of a few rows, repeated: all that decoding needs, and soon made by the slowest search. */
static void make_codes(struct bench *b)
{
    const struct lane *first = b->lanes;
    b->kernel = &b->encoding->kernel;
    b->act = needs_importance(b->encoding) ? BENCH_ENCODE_IMPORTANCE : BENCH_ENCODE;
    if (b->kernel->encode)
        call_kernel(first, 0, SAMPLE_ROWS);
    for (unsigned i = 0; i < b->n_lanes; i++)
        for (uint32_t p = 0; p < b->encoding->n_planes; p++) {
            uint64_t piece = b->plane_bytes[p] / BENCH_ROWS * SAMPLE_ROWS;
            uint8_t *to = b->lanes[i].planes[p];
            for (uint64_t at = i ? 0 : piece; at < b->plane_bytes[p]; at += piece)
                memcpy(to + at, first->planes[p], piece);
        }
}

int bench_prepare(struct bench *bench, const struct encoding *encoding, uint64_t *ret_bytes,
                  struct error *err)
{
    uint64_t bytes = 0;
    if (BENCH_ROW_LEN % encoding->block_len)
        return error_set(err, PARE_EUSAGE, "%s: its blocks of %u do not divide rows of %u",
                         encoding->name, encoding->block_len, BENCH_ROW_LEN);
    bench->encoding = encoding;
    for (uint32_t i = 0; i < encoding->n_planes; i++) {
        int r = encoding_plane_bytes(encoding, i, BENCH_ROWS, BENCH_ROW_LEN, &bench->plane_bytes[i],
                                     err);
        if (r < 0)
            return r;
        bytes += bench->plane_bytes[i];
    }
    for (unsigned i = 0; i < bench->n_lanes; i++) {
        struct lane *lane = &bench->lanes[i];
        free(lane->codes);
        lane->codes = calloc(1, bytes);
        if (!lane->codes)
            return error_oom(err);
        uint8_t *p = lane->codes;
        for (uint32_t j = 0; j < encoding->n_planes; p += bench->plane_bytes[j++])
            lane->planes[j] = p;
    }
    make_codes(bench);
    *ret_bytes = bytes;
    return 0;
}

static double step_kernel(struct lane *lane)
{
    call_kernel(lane, lane->row, lane->rows);
    lane->row = (lane->row + lane->rows) % BENCH_ROWS;
    return (double)lane->rows * BENCH_ROW_LEN;
}

static double step_copy(struct lane *lane)
{
    memcpy(lane->to, lane->from, lane->bench->copy_bytes);
    __asm__ volatile("" : : "r"(lane->to) : "memory"); /* it was wanted */
    return 2 * (double)lane->bench->copy_bytes;
}

/* Warms up; then so many rows at a time that a part has some calls. */
static void choose_rows(struct lane *lane)
{
    const struct bench *b = lane->bench;
    lane->row = 0;
    lane->rows = 1;
    (void)b->step(lane);
    uint64_t start = timing_now();
    (void)b->step(lane);
    double most = b->seconds / PARTS / CALLS / fmax(timing_since(start), 1e-9);
    while (lane->rows < CALL_ROWS && lane->rows * 2 <= most)
        lane->rows *= 2;
    lane->row = 0;
}

static void *run_lane(void *context)
{
    struct lane *lane = context;
    struct bench *b = lane->bench;
    (void)pthread_mutex_lock(&b->gate);
    int abandoned = b->abandoned;
    (void)pthread_mutex_unlock(&b->gate);
    if (abandoned)
        return NULL;
    choose_rows(lane);
    (void)pthread_barrier_wait(&b->ready);
    for (int part = 0; part < PARTS; part++) {
        uint64_t start = timing_now();
        double done = 0, seconds;
        do {
            done += b->step(lane);
            seconds = timing_since(start);
        } while (seconds < b->seconds / PARTS);
        lane->rates[part] = done / seconds;
    }
    return NULL;
}

/* Starts all threads or none: they wait at the gate until all are there. */
static int run_lanes(struct bench *b, unsigned n, struct error *err)
{
    pthread_t threads[256];
    unsigned made = 0;
    int failed = 0;
    (void)pthread_mutex_lock(&b->gate);
    for (; made < n && !failed; made += !failed)
        failed = pthread_create(&threads[made], NULL, run_lane, &b->lanes[made]);
    b->abandoned = failed != 0;
    (void)pthread_mutex_unlock(&b->gate);
    for (unsigned i = 0; i < made; i++)
        (void)pthread_join(threads[i], NULL);
    return failed ? error_errno(err, failed, "cannot start thread %u", made + 1) : 0;
}

static int run(struct bench *b, step_fn *step, unsigned n, double *ret_rate, struct error *err)
{
    double best = 0;
    b->step = step;
    if (pthread_mutex_init(&b->gate, NULL))
        return error_oom(err);
    if (pthread_barrier_init(&b->ready, NULL, n)) {
        (void)pthread_mutex_destroy(&b->gate);
        return error_oom(err);
    }
    int r = run_lanes(b, n, err);
    (void)pthread_barrier_destroy(&b->ready);
    (void)pthread_mutex_destroy(&b->gate);
    for (int part = 0; part < PARTS; part++) {
        double rate = 0;
        for (unsigned i = 0; i < n; i++)
            rate += b->lanes[i].rates[part];
        best = fmax(best, rate);
    }
    if (r == 0)
        *ret_rate = best;
    return r;
}

int bench_kernel(struct bench *bench, const struct pare_kernel *kernel, enum bench_act act,
                 unsigned threads, double *ret_rate, struct error *err)
{
    uint32_t flags = bench->encoding->flags;
    if ((act != BENCH_DECODE && !kernel->encode) ||
        (act == BENCH_ENCODE && needs_importance(bench->encoding)) ||
        (act == BENCH_ENCODE_IMPORTANCE && !(flags & PARE_ENCODING_IMPORTANCE) &&
         !needs_importance(bench->encoding)))
        return 1;
    bench->kernel = kernel;
    bench->act = act;
    return run(bench, step_kernel, threads, ret_rate, err);
}

/* Twice the largest cache, within bounds. */
static uint64_t copy_size(void)
{
    long cache = -1;
#ifdef _SC_LEVEL3_CACHE_SIZE
    cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
    uint64_t size = cache > 0 ? 2 * (uint64_t)cache : COPY_LEAST;
    return size < COPY_LEAST ? COPY_LEAST : size > COPY_MOST ? COPY_MOST : size;
}

int bench_copy(struct bench *bench, unsigned threads, double *ret_rate, struct error *err)
{
    uint64_t bytes = copy_size() / threads & ~4095ull;
    uint8_t *from = malloc(bytes * threads), *to = malloc(bytes * threads);
    int r = from && to ? 0 : error_oom(err);
    if (r == 0) {
        memset(from, 1, bytes * threads);
        memset(to, 2, bytes * threads);
        bench->copy_bytes = bytes;
        for (unsigned i = 0; i < threads; i++) {
            bench->lanes[i].from = from + i * bytes;
            bench->lanes[i].to = to + i * bytes;
        }
        r = run(bench, step_copy, threads, ret_rate, err);
    }
    free(from);
    free(to);
    return r;
}
