/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* kind bench: which kernels are measured, and the lines that tell how fast they are. */
#include "worker/bench_job.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "plugin/cpu.h"
#include "plugin/validate.h"
#include "worker/bench.h"

#include <math.h>
#include <string.h>

#define MAX_KERNELS 64
#define MAX_COUNTS 64
#define MAX_THREADS 256
#define MAX_SECONDS 60.0

DEFINE_CLEANUP(struct bench *, bench_free);

struct job {
    const struct job_context *context;
    struct bench *bench;
    unsigned counts[MAX_COUNTS]; /* of threads */
    size_t n_counts;
    double copies[MAX_COUNTS]; /* bytes per second with so many threads */
};

static void add_count(struct job *job, unsigned count)
{
    for (size_t i = 0; i < job->n_counts; i++)
        if (job->counts[i] == count)
            return;
    if (job->n_counts < MAX_COUNTS)
        job->counts[job->n_counts++] = count;
}

/* The request's numbers of threads; one and all of them. */
static int read_counts(struct job *job, unsigned *ret_most, struct error *err)
{
    const json_t *list = json_object_get(job->context->request, "thread_counts");
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)list, i, item) {
        json_int_t n = json_integer_value(item);
        if (n < 1 || n > MAX_THREADS)
            return error_set(err, PARE_EUSAGE, "the number of threads must be 1 to %d",
                             MAX_THREADS);
        add_count(job, (unsigned)n);
    }
    if (!job->n_counts) {
        add_count(job, 1);
        add_count(job, job->context->threads);
    }
    *ret_most = 1;
    for (size_t j = 0; j < job->n_counts; j++)
        if (job->counts[j] > *ret_most)
            *ret_most = job->counts[j];
    return 0;
}

static int measure_copies(struct job *job, struct error *err)
{
    for (size_t i = 0; i < job->n_counts; i++) {
        int r = bench_copy(job->bench, job->counts[i], &job->copies[i], err);
        if (r < 0)
            return r;
        job_emit(job->context, "copy",
                 json_pack("{s:i, s:o}", "threads", (int)job->counts[i], "bytes_per_second",
                           json_number(job->copies[i])));
    }
    return 0;
}

/* Marks the last kernel that the level's instructions are enough for. */
static int want_level(const char *level, const struct pare_kernel *kernels, size_t n, int *wanted,
                      struct error *err)
{
    uint32_t mask;
    size_t best = 0;
    int r = cpu_parse(level, &mask, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        if ((kernels[i].cpu & mask) == kernels[i].cpu)
            best = i;
    wanted[best] = 1;
    return 0;
}

/* The kernels that the request's levels name, or all that this CPU can run. */
static int choose_kernels(const struct job *job, const struct encoding *encoding,
                          struct pare_kernel kernels[MAX_KERNELS], int wanted[MAX_KERNELS],
                          size_t *ret_n, struct error *err)
{
    const json_t *levels = json_object_get(job->context->request, "levels");
    uint32_t native = cpu_detect();
    size_t n = 0, i;
    json_t *level;
    int r = 0;
    for (; n < MAX_KERNELS && encoding->kernels[n]; n++) {
        r = validate_kernel(encoding->kernels[n], &kernels[n], err);
        if (r < 0)
            return r;
        wanted[n] = !json_array_size(levels) && (kernels[n].cpu & native) == kernels[n].cpu;
    }
    json_array_foreach((json_t *)levels, i, level) {
        const char *text = json_string_value(level);
        r = want_level(text ? text : "", kernels, n, wanted, err);
        if (r < 0)
            return r;
    }
    *ret_n = n;
    return 0;
}

static json_t *describe_rate(double rate, uint64_t bytes, double copy)
{
    double per_weight = sizeof(float) + (double)bytes / (double)BENCH_WEIGHTS;
    return json_pack("{s:o, s:o, s:o}", "weights_per_second", json_number(rate), "bytes_per_second",
                     json_number(rate * per_weight), "of_copy",
                     json_number(rate * per_weight / copy));
}

static int measure_kernel(const struct job *job, const struct encoding *encoding, uint64_t bytes,
                          const struct pare_kernel *kernel, struct error *err)
{
    for (size_t i = 0; i < job->n_counts; i++) {
        json_t *acts[BENCH_ACTS] = { NULL };
        int r = 0;
        for (int a = 0; r >= 0 && a < BENCH_ACTS; a++) {
            double rate;
            r = bench_kernel(job->bench, kernel, (enum bench_act)a, job->counts[i], &rate, err);
            acts[a] = r == 0 ? describe_rate(rate, bytes, job->copies[i]) : json_null();
        }
        if (r < 0) {
            for (int a = 0; a < BENCH_ACTS; a++)
                json_decref(acts[a]);
            return r;
        }
        job_emit(job->context, "kernel",
                 json_pack("{s:s, s:s, s:s, s:o, s:i, s:o, s:o, s:o}", "encoding", encoding->name,
                           "plugin", encoding->plugin, "level", kernel->name, "bits_per_weight",
                           json_number(8 * (double)bytes / (double)BENCH_WEIGHTS), "threads",
                           (int)job->counts[i], "encode", acts[BENCH_ENCODE], "encode_importance",
                           acts[BENCH_ENCODE_IMPORTANCE], "decode", acts[BENCH_DECODE]));
    }
    return 0;
}

static int measure_encoding(const struct job *job, const struct encoding *encoding,
                            struct error *err)
{
    struct pare_kernel kernels[MAX_KERNELS];
    int wanted[MAX_KERNELS] = { 0 };
    uint64_t bytes = 0;
    size_t n = 0;
    int r = choose_kernels(job, encoding, kernels, wanted, &n, err);
    if (r == 0)
        r = bench_prepare(job->bench, encoding, &bytes, err);
    for (size_t i = 0; r == 0 && i < n; i++)
        if (wanted[i])
            r = measure_kernel(job, encoding, bytes, &kernels[i], err);
    return r;
}

/* The encodings that the request names, else all but integers, which are only copied. */
static int measure_encodings(const struct job *job, struct error *err)
{
    const json_t *names = json_object_get(job->context->request, "encodings");
    const struct registry *registry = job->context->registry;
    const struct encoding *encoding;
    size_t i;
    json_t *name;
    json_array_foreach((json_t *)names, i, name) {
        encoding = registry_encoding(registry,
                                     json_string_value(name) ? json_string_value(name) : "");
        int r = encoding ? measure_encoding(job, encoding, err) : 0;
        if (r < 0)
            return r;
    }
    for (i = 0; !json_array_size(names) && (encoding = registry_encoding_at(registry, i)); i++) {
        int skip = (encoding->flags & PARE_ENCODING_INTEGER) || BENCH_ROW_LEN % encoding->block_len;
        int r = skip ? 0 : measure_encoding(job, encoding, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* What is wrong with the request, before the time is spent. */
static int check(const struct job *job, struct error *err)
{
    const json_t *request = job->context->request;
    size_t i;
    json_t *item;
    uint32_t mask;
    json_array_foreach(json_object_get(request, "encodings"), i, item) {
        const char *name = json_string_value(item) ? json_string_value(item) : "";
        if (!registry_encoding(job->context->registry, name))
            return error_set(err, PARE_EUSAGE,
                             "there is no encoding `%.64s`: `pare plugins` lists "
                             "them",
                             name);
    }
    json_array_foreach(json_object_get(request, "levels"), i, item) {
        int r = cpu_parse(json_string_value(item) ? json_string_value(item) : "", &mask, err);
        if (r < 0)
            return r;
    }
    double seconds = json_get_real(request, "seconds", NAN);
    if (!(seconds > 0 && seconds <= MAX_SECONDS))
        return error_set(err, PARE_EUSAGE, "seconds must be over 0, and %g at most", MAX_SECONDS);
    return 0;
}

int job_bench(const struct job_context *context, struct error *err)
{
    struct job job = { .context = context };
    CLEANUP(bench_free_cleanup) struct bench *bench = NULL;
    unsigned most = 1;
    int r = check(&job, err);
    if (r == 0)
        r = read_counts(&job, &most, err);
    if (r == 0)
        r = bench_new(context->registry, most, json_get_real(context->request, "seconds", 1),
                      &bench, err);
    job.bench = bench;
    if (r == 0)
        r = measure_copies(&job, err);
    return r < 0 ? r : measure_encodings(&job, err);
}
