/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Measuring kernels and memory: see bench.h. */
#include "worker/bench.h"

#include "base/cleanup.h"
#include "base/timing.h"
#include "check/inputs.h"
#include "plugin/calibration.h"
#include "weights/slab.h"

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

struct runner;

/* Does some work and returns how much. */
typedef double step_fn(struct runner *runner);

struct runner { /* of one thread */
    struct bench *bench;
    float *x, *decoded;
    uint8_t *codes;
    void *planes[PARE_MAX_PLANES];
    uint8_t *from, *to; /* for copies */
    uint32_t row, rows; /* the next call; fewer rows at the end */
    double rates[PARTS];
};

struct bench {
    const struct registry *registry;
    json_t *options; /* of a target of that name */
    unsigned n_runners;
    double seconds;
    float *importance;
    struct runner *runners;
    const struct encoding *encoding;
    struct model_tensor tensor;                 /* of all rows, in that encoding */
    struct pare_extent planes[PARE_MAX_PLANES]; /* its */
    struct calibration *calibration; /* of the first runner's weights, which are all runners'; or
                                              NULL */
    uint32_t least_rows;             /* of a call: those of a tile */
    /* the figure that is being taken */
    const struct pare_kernel *kernel;
    enum bench_act act;
    step_fn *step;
    uint64_t copy_bytes; /* of each runner */
    pthread_mutex_t gate;
    pthread_barrier_t ready;
    int abandoned;
};

/* In (0, 1). */
static double next_uniform(struct random *random)
{
    return ((double)(random_next(random) >> 12) + 0.5) * 0x1p-52;
}

/* Two at a time, by Marsaglia's polar method; n is even. */
static void fill_normal(float *x, uint64_t n, float deviation)
{
    struct random random = { 5 };
    for (uint64_t i = 0; i < n;) {
        double u = 2 * next_uniform(&random) - 1, v = 2 * next_uniform(&random) - 1;
        double s = u * u + v * v;
        if (s >= 1 || s == 0)
            continue;
        double scale = (double)deviation * sqrt(-2 * log(s) / s);
        x[i++] = (float)(u * scale);
        x[i++] = (float)(v * scale);
    }
}

static int runner_init(struct bench *bench, struct runner *runner, struct error *err)
{
    runner->bench = bench;
    runner->x = malloc(BENCH_WEIGHTS * sizeof(float));
    runner->decoded = calloc(BENCH_WEIGHTS, sizeof(float));
    if (!runner->x || !runner->decoded)
        return error_oom(err);
    if (runner == bench->runners)
        fill_normal(runner->x, BENCH_WEIGHTS, DEVIATION);
    else
        memcpy(runner->x, bench->runners->x, BENCH_WEIGHTS * sizeof(float));
    return 0;
}

int bench_new(const struct registry *registry, unsigned threads, double seconds,
              struct bench **ret_bench, struct error *err)
{
    struct bench *bench = calloc(1, sizeof *bench);
    if (!bench)
        return error_oom(err);
    bench->registry = registry;
    bench->options = json_pack("{s:s}", "name", "bench");
    bench->least_rows = 1;
    bench->n_runners = threads;
    bench->seconds = seconds;
    bench->runners = calloc(threads, sizeof *bench->runners);
    bench->importance = malloc(BENCH_ROW_LEN * sizeof(float));
    int r = bench->options && bench->runners && bench->importance ? 0 : error_oom(err);
    struct random random = { 6 };
    for (uint32_t i = 0; r == 0 && i < BENCH_ROW_LEN; i++)
        bench->importance[i] = 0.1f + (float)next_uniform(&random);
    for (unsigned i = 0; r == 0 && i < threads; i++)
        r = runner_init(bench, &bench->runners[i], err);
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
    for (unsigned i = 0; bench->runners && i < bench->n_runners; i++) {
        free(bench->runners[i].x);
        free(bench->runners[i].decoded);
        free(bench->runners[i].codes);
    }
    calibration_free(bench->calibration);
    json_decref(bench->options);
    free(bench->runners);
    free(bench->importance);
    free(bench);
}

/* Where a row's codes begin in each plane. */
static void find_row(const struct runner *runner, uint32_t row, void *ret_planes[PARE_MAX_PLANES])
{
    const struct bench *b = runner->bench;
    uint64_t offset, length;
    for (uint32_t i = 0; i < b->encoding->n_planes; i++) {
        slab_plane_range(&b->tensor, i, (uint64_t)row * BENCH_ROW_LEN, BENCH_ROW_LEN, &offset,
                         &length);
        ret_planes[i] = (uint8_t *)runner->planes[i] + offset;
    }
}

static int needs_importance(const struct encoding *e)
{
    return (e->flags & PARE_ENCODING_NEEDS_IMPORTANCE) != 0;
}

static void call_kernel(const struct runner *runner, uint32_t row, uint32_t rows)
{
    const struct bench *b = runner->bench;
    void *planes[PARE_MAX_PLANES];
    find_row(runner, row, planes);
    struct pare_calibration calibration = {
        .struct_size = sizeof calibration,
        .importance = b->act == BENCH_ENCODE_IMPORTANCE ? b->importance : NULL,
    };
    uint64_t first = (uint64_t)row * BENCH_ROW_LEN;
    if (b->calibration)
        calibration_apply(b->calibration, first, &calibration);
    if (b->act == BENCH_DECODE)
        b->kernel->decode((const void *const *)planes, rows, BENCH_ROW_LEN,
                          runner->decoded + first);
    else
        b->kernel->encode(runner->x + first, rows, BENCH_ROW_LEN, &calibration, planes);
}

/* The tensor that a runner's weights are. */
static int describe_tensor(struct bench *b, const struct encoding *encoding, struct error *err)
{
    static char name[] = "weights";
    b->encoding = encoding;
    b->tensor = (struct model_tensor){ .name = { name, sizeof name - 1 },
                                       .encoding_name = (char *)encoding->name,
                                       .encoding = encoding,
                                       .n_dims = 2,
                                       .n_planes = encoding->n_planes,
                                       .planes = b->planes,
                                       .dims = { BENCH_ROWS, BENCH_ROW_LEN },
                                       .elements = BENCH_WEIGHTS,
                                       .row_len = BENCH_ROW_LEN,
                                       .rows = BENCH_ROWS };
    for (uint32_t i = 0; i < encoding->n_planes; i++) {
        uint64_t *length = &b->tensor.planes[i].length;
        int r = encoding_plane_bytes(encoding, i, BENCH_ROWS, BENCH_ROW_LEN, length, err);
        if (r < 0)
            return r;
        b->tensor.bytes += *length;
    }
    uint64_t tile = encoding_tile_rows(encoding);
    b->least_rows = tile < BENCH_ROWS ? (uint32_t)tile : BENCH_ROWS;
    return 0;
}

/* Lets the encoding see the weights first, if it wants to. */
static int calibrate(struct bench *b, struct error *err)
{
    const struct calibration_request request = { .registry = b->registry,
                                                 .tensor = &b->tensor,
                                                 .options = b->options,
                                                 .importance = needs_importance(b->encoding)
                                                                   ? b->importance
                                                                   : NULL,
                                                 .matrices = 1 };
    calibration_free(TAKE(b->calibration));
    if (!calibration_is_needed(b->encoding))
        return 0;
    int r = calibration_begin(&request, &b->calibration, err);
    if (r == 0 && calibration_gathers(b->calibration))
        r = calibration_gather(b->calibration, b->runners->x, 0, BENCH_ROWS, BENCH_ROW_LEN, err);
    return r == 0 ? calibration_settle(b->calibration, err) : r;
}

/* Codes of a few rows, repeated: all that decoding needs, and soon made by the slowest search.
 * Where rows share tiles, codes of all rows. */
static void make_codes(struct bench *b)
{
    const struct runner *first = b->runners;
    uint32_t rows = b->least_rows > 1 ? BENCH_ROWS : SAMPLE_ROWS;
    b->kernel = &b->encoding->kernel;
    b->act = needs_importance(b->encoding) ? BENCH_ENCODE_IMPORTANCE : BENCH_ENCODE;
    for (uint32_t p = 0; b->calibration && p < b->encoding->n_planes; p++)
        if (calibration_plane(b->calibration, p))
            memcpy(first->planes[p], calibration_plane(b->calibration, p),
                   b->tensor.planes[p].length);
    if (b->kernel->encode)
        call_kernel(first, 0, rows);
    for (unsigned i = 0; i < b->n_runners; i++)
        for (uint32_t p = 0; p < b->encoding->n_planes; p++) {
            uint64_t offset, piece, length = b->tensor.planes[p].length;
            uint8_t *to = b->runners[i].planes[p];
            slab_plane_range(&b->tensor, p, 0, (uint64_t)rows * BENCH_ROW_LEN, &offset, &piece);
            for (uint64_t at = i ? 0 : piece; at < length; at += piece)
                memcpy(to + at, first->planes[p], piece);
        }
}

int bench_prepare(struct bench *bench, const struct encoding *encoding, uint64_t *ret_bytes,
                  struct error *err)
{
    if (BENCH_ROW_LEN % encoding->block_len)
        return error_set(err, PARE_EUSAGE, "%s: its blocks of %u do not divide rows of %u",
                         encoding->name, encoding->block_len, BENCH_ROW_LEN);
    int r = describe_tensor(bench, encoding, err);
    if (r == 0)
        r = calibrate(bench, err);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < bench->n_runners; i++) {
        struct runner *runner = &bench->runners[i];
        free(runner->codes);
        runner->codes = calloc(1, bench->tensor.bytes);
        if (!runner->codes)
            return error_oom(err);
        uint8_t *p = runner->codes;
        for (uint32_t j = 0; j < encoding->n_planes; p += bench->tensor.planes[j++].length)
            runner->planes[j] = p;
    }
    make_codes(bench);
    *ret_bytes = bench->tensor.bytes;
    return 0;
}

static double step_kernel(struct runner *runner)
{
    uint32_t left = BENCH_ROWS - runner->row, rows = runner->rows < left ? runner->rows : left;
    call_kernel(runner, runner->row, rows);
    runner->row = (runner->row + rows) % BENCH_ROWS;
    return (double)rows * BENCH_ROW_LEN;
}

static double step_copy(struct runner *runner)
{
    memcpy(runner->to, runner->from, runner->bench->copy_bytes);
    __asm__ volatile("" : : "r"(runner->to) : "memory"); /* it was wanted */
    return 2 * (double)runner->bench->copy_bytes;
}

/* Warms up; then so many rows at a time that a part has some calls. */
static void choose_rows(struct runner *runner)
{
    const struct bench *b = runner->bench;
    runner->row = 0;
    runner->rows = b->least_rows;
    (void)b->step(runner);
    uint64_t start = timing_now();
    (void)b->step(runner);
    double most = b->seconds / PARTS / CALLS / fmax(timing_since(start), 1e-9) * b->least_rows;
    while (runner->rows < CALL_ROWS && runner->rows * 2 <= most)
        runner->rows *= 2;
    runner->row = 0;
}

static void *run_runner(void *context)
{
    struct runner *runner = context;
    struct bench *b = runner->bench;
    (void)pthread_mutex_lock(&b->gate);
    int abandoned = b->abandoned;
    (void)pthread_mutex_unlock(&b->gate);
    if (abandoned)
        return NULL;
    choose_rows(runner);
    (void)pthread_barrier_wait(&b->ready);
    for (int part = 0; part < PARTS; part++) {
        uint64_t start = timing_now();
        double done = 0, seconds;
        do {
            done += b->step(runner);
            seconds = timing_since(start);
        } while (seconds < b->seconds / PARTS);
        runner->rates[part] = done / seconds;
    }
    return NULL;
}

/* Starts all threads or none: they wait at the gate until all are there. */
static int run_runners(struct bench *b, unsigned n, struct error *err)
{
    pthread_t threads[256];
    unsigned made = 0;
    int failed = 0;
    (void)pthread_mutex_lock(&b->gate);
    for (; made < n && !failed; made += !failed)
        failed = pthread_create(&threads[made], NULL, run_runner, &b->runners[made]);
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
    int r = run_runners(b, n, err);
    (void)pthread_barrier_destroy(&b->ready);
    (void)pthread_mutex_destroy(&b->gate);
    for (int part = 0; part < PARTS; part++) {
        double rate = 0;
        for (unsigned i = 0; i < n; i++)
            rate += b->runners[i].rates[part];
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
            bench->runners[i].from = from + i * bytes;
            bench->runners[i].to = to + i * bytes;
        }
        r = run(bench, step_copy, threads, ret_rate, err);
    }
    free(from);
    free(to);
    return r;
}
