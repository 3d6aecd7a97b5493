/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Starting, watching and ending the pipeline (pipeline.h). The threads' work is in reader.c and
 * compute.c; batches of slabs circulate between them (ring.h).
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/timing.h"
#include "convert/order.h"
#include "convert/pipeline_private.h"
#include "plugin/source.h"

#include <fcntl.h>
#include <string.h>

void pipeline_fail(struct pipeline *p, const struct error *err, size_t culprit)
{
    (void)pthread_mutex_lock(&p->lock);
    if (!p->err.code) {
        p->err = *err;
        if (p->request->culprit)
            *p->request->culprit = culprit;
    }
    p->stopped = 1;
    (void)pthread_cond_broadcast(&p->calibrated);
    (void)pthread_mutex_unlock(&p->lock);
    ring_stop(&p->ring);
}

void pipeline_ended(struct pipeline *p, const struct stage_seconds *seconds)
{
    (void)pthread_mutex_lock(&p->lock);
    stage_seconds_add(&p->seconds, seconds);
    if (!--p->running)
        (void)pthread_cond_broadcast(&p->ended);
    (void)pthread_mutex_unlock(&p->lock);
}

int measuring_parse(const char *text, enum measuring *ret, struct error *err)
{
    static const char *const words[] = { "full", "sample", "none" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(text, words[i])) {
            *ret = (enum measuring)i;
            return 0;
        }
    return error_set(err, PARE_EUSAGE, "measure is full, sample or none, not '%.40s'", text);
}

int pipeline_cuts(const struct model *model, struct target *const *targets, size_t n_targets,
                  struct slab_cut **ret_cuts, struct error *err)
{
    _cleanup_free_ struct slab_cut *cuts = calloc(model->n_tensors + 1, sizeof *cuts);
    _cleanup_free_ const struct encoding **encodings = calloc(n_targets + 1,
                                                              sizeof(struct encoding *));
    if (!cuts || !encodings)
        return error_oom(err);
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        size_t n = 0;
        if (model->tensors[i].encoding)
            encodings[n++] = model->tensors[i].encoding;
        for (size_t j = 0; j < n_targets; j++) {
            uint64_t k = targets[j]->by_source[i];
            if (k != UINT64_MAX && targets[j]->plan->target->tensors[k].encoding)
                encodings[n++] = targets[j]->plan->target->tensors[k].encoding;
        }
        slab_cut_make(&model->tensors[i], encodings, n, &cuts[i]);
    }
    *ret_cuts = TAKE(cuts);
    return 0;
}

/* Elements that are dealt with at a time: the largest slab's, or small ones' together. */
static uint64_t largest_count(const struct model *model, const struct slab_cut *cuts)
{
    uint64_t largest = SLAB_ELEMENTS;
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        uint64_t n = model->tensors[i].elements < cuts[i].elements ? model->tensors[i].elements
                                                                   : cuts[i].elements;
        largest = n > largest ? n : largest;
    }
    return largest;
}

/* Bytes of these in the widest encoding of any target: 8 per element covers F64, and blocks. */
static uint64_t largest_encoded(struct target *const *targets, size_t n_targets,
                                const struct slab_cut *cuts)
{
    uint64_t largest = 8 * SLAB_ELEMENTS;
    for (size_t j = 0; j < n_targets; j++) {
        const struct model *target = targets[j]->plan->target;
        for (uint64_t i = 0; i < target->n_tensors; i++) {
            const struct model_tensor *t = &target->tensors[i];
            uint64_t bytes = slab_most_bytes(t, &cuts[targets[j]->plan->choices[i].source]);
            largest = t->encoding && bytes > largest ? bytes : largest;
        }
    }
    return largest;
}

/* Bytes of a slab of the source. */
static uint64_t largest_read(const struct model *model, const struct slab_cut *cuts)
{
    uint64_t largest = 0;
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        uint64_t bytes = slab_most_bytes(&model->tensors[i], &cuts[i]);
        largest = bytes > largest ? bytes : largest;
    }
    return largest;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t pipeline_memory(const struct model *model, const struct slab_cut *cuts,
                         struct target *const *targets, size_t n_targets, unsigned threads)
{
    uint64_t elements = largest_count(model, cuts);
    uint64_t per_slab = larger(elements * 8, largest_read(model, cuts));
    uint64_t per_thread = elements * 8 + n_targets * 64 +
                          larger(elements * 12, largest_encoded(targets, n_targets, cuts));
    uint64_t per_target = 256u << 10; /* digest.h */
    return (threads + 2) * per_slab + threads * per_thread + n_targets * per_target +
           model->memory.used + (24u << 20);
}

void stage_seconds_add(struct stage_seconds *sum, const struct stage_seconds *s)
{
    sum->hash += s->hash;
    sum->read += s->read;
    sum->decode += s->decode;
    sum->encode += s->encode;
    sum->measure += s->measure;
    sum->write += s->write;
}

static int plan_walk(struct pipeline *p, struct error *err)
{
    const struct pipeline_request *q = p->request;
    _cleanup_free_ uint64_t *early = NULL;
    size_t n_early = 0;
    int r = pipeline_cuts(q->model, q->targets, q->n_targets, &p->cuts, err);
    if (r == 0)
        r = order_early(q->model, q->targets, q->n_targets, &early, &n_early, err);
    if (r == 0)
        r = slab_walk_new(q->model, p->cuts, early, n_early, &p->walk, err);
    return r;
}

static int make_results(struct pipeline *p, struct error *err)
{
    const struct pipeline_request *q = p->request;
    uint64_t n = q->model->n_tensors;
    p->tensors = calloc(n + 1, sizeof *p->tensors);
    p->result->n_tensors = n;
    p->result->figures = calloc(q->n_targets * n + 1, sizeof *p->result->figures);
    p->result->sha256 = calloc(q->model->n_files + 1u, sizeof *p->result->sha256);
    if (!p->tensors || !p->result->figures || !p->result->sha256)
        return error_oom(err);
    for (uint64_t i = 0; i < q->n_targets * n; i++)
        p->result->figures[i].all = (struct measure)MEASURE_INIT;
    return 0;
}

static int prepare(struct pipeline *p, struct error *err)
{
    const struct pipeline_request *q = p->request;
    int r = plan_walk(p, err);
    if (r == 0)
        r = make_results(p, err);
    if (r == 0)
        r = calibrate_prepare(p, err);
    if (r < 0)
        return r;
    r = q->journal ? snapshot_restore(p, err) : 0;
    if (r < 0) {
        *q->misfit = 1;
        return r;
    }
    uint64_t largest = slab_walk_largest(p->walk);
    p->max_elements = largest_count(q->model, p->cuts);
    p->max_encoded = largest_encoded(q->targets, q->n_targets, p->cuts);
    for (uint32_t i = 0; i < q->model->n_files; i++)
        if (q->model->files[i].role != PARE_FILE_IGNORED)
            (void)posix_fadvise(q->model->files[i].fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return ring_init(&p->ring, q->threads + 2, largest < BATCH_BYTES ? BATCH_BYTES : largest, err);
}

static void deinit(struct pipeline *p)
{
    calibrate_deinit(p);
    audit_deinit(p);
    for (uint64_t i = 0; p->tensors && i < p->request->model->n_tensors; i++) {
        free(p->tensors[i].parts);
        free(p->tensors[i].written);
    }
    ring_deinit(&p->ring);
    free(p->tensors);
    free(p->cuts);
    slab_walk_free(p->walk);
    (void)pthread_cond_destroy(&p->ended);
    (void)pthread_cond_destroy(&p->calibrated);
    (void)pthread_mutex_destroy(&p->reading);
    (void)pthread_mutex_destroy(&p->lock);
}

/* Waits until all threads have ended, and says so when something has happened meanwhile. */
static void watch(struct pipeline *p, uint64_t total)
{
    uint64_t told = UINT64_MAX;
    (void)pthread_mutex_lock(&p->lock);
    while (p->running) {
        struct timespec until = timing_deadline(0.2);
        while (p->running &&
               pthread_cond_clockwait(&p->ended, &p->lock, CLOCK_MONOTONIC, &until) == 0)
            continue;
        uint64_t steps = p->steps, done = p->done;
        if (steps == told || !p->request->progress)
            continue;
        told = steps;
        (void)pthread_mutex_unlock(&p->lock);
        p->request->progress(p->request->context, done, total);
        (void)pthread_mutex_lock(&p->lock);
    }
    (void)pthread_mutex_unlock(&p->lock);
}

/* The reader, those that compute, and one that looks at what an earlier life has written. */
static unsigned n_threads(const struct pipeline *p)
{
    return p->request->threads + 1 + (unsigned)p->goes_on;
}

static void *(*body_of(const struct pipeline *p, unsigned i))(void *)
{
    return !i ? pipeline_reader : i <= p->request->threads ? pipeline_computer : pipeline_auditor;
}

static int start_threads(struct pipeline *p, pthread_t *threads, unsigned *ret_started,
                         struct error *err)
{
    const unsigned n = n_threads(p);
    unsigned i;
    p->running = n;
    for (i = 0; i < n; i++) {
        int e = pthread_create(&threads[i], NULL, body_of(p, i), p);
        if (e) {
            int r = error_set(err, PARE_ENOMEM, "cannot start thread %u: %s", i, strerror(e));
            pipeline_fail(p, err, SIZE_MAX);
            (void)pthread_mutex_lock(&p->lock);
            p->running -= n - i;
            (void)pthread_mutex_unlock(&p->lock);
            *ret_started = i;
            return r;
        }
    }
    *ret_started = n;
    return 0;
}

static uint64_t all_bytes(const struct model *model)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < model->n_files; i++)
        if (model->files[i].role != PARE_FILE_IGNORED)
            total += model->files[i].size;
    return total;
}

static void no_beat(void *context)
{
    (void)context;
}

/* The last checkpoint of a walk, unless all of it is little work. */
static int end_checkpoint(struct pipeline *p, struct error *err)
{
    struct checkpoints *checkpoints = p->request->checkpoints;
    _cleanup_strbuf_ struct strbuf block = STRBUF_INIT;
    if (!checkpoints || !p->work ||
        (!checkpoints_have_begun(checkpoints) && !checkpoints_are_due(checkpoints, p->work)))
        return 0;
    snapshot_put(p, NULL, &block);
    return checkpoints_add(checkpoints, &block, no_beat, NULL, err);
}

int pipeline_run(const struct pipeline_request *request, struct pipeline_result *ret_result,
                 struct error *err)
{
    struct pipeline p = { .request = request, .result = ret_result };
    _cleanup_free_ pthread_t *threads = calloc(request->threads + 2u, sizeof *threads);
    unsigned started = 0;
    *ret_result = (struct pipeline_result){ 0 };
    (void)pthread_mutex_init(&p.lock, NULL);
    (void)pthread_mutex_init(&p.reading, NULL);
    (void)pthread_cond_init(&p.ended, NULL);
    (void)pthread_cond_init(&p.calibrated, NULL);
    int r = threads ? prepare(&p, err) : error_oom(err);
    if (r == 0)
        r = start_threads(&p, threads, &started, err);
    if (started)
        watch(&p, all_bytes(request->model));
    for (unsigned i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    if (r == 0 && p.err.code) {
        *err = p.err;
        r = p.err.code;
    }
    if (r == 0)
        r = end_checkpoint(&p, err);
    ret_result->seconds = p.seconds;
    deinit(&p);
    if (r < 0)
        pipeline_result_deinit(ret_result);
    return r;
}

void pipeline_result_deinit(struct pipeline_result *result)
{
    free(result->figures);
    free(result->sha256);
    free(result->zeros);
    *result = (struct pipeline_result){ 0 };
}
