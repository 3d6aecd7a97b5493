/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Starting, watching and ending the pipeline (pipeline.h), and its reader thread. The compute
 * threads' work is in compute.c. Batches of slabs circulate: free list ->
 * reader -> ready ring -> computer.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/timing.h"
#include "convert/order.h"
#include "convert/pipeline_private.h"
#include "plugin/source.h"

#include <fcntl.h>
#include <string.h>

void pipeline_fail(struct pipeline *p, const struct error *err)
{
    (void)pthread_mutex_lock(&p->lock);
    if (!p->err.code)
        p->err = *err;
    p->stopped = 1;
    (void)pthread_cond_broadcast(&p->room);
    (void)pthread_cond_broadcast(&p->work);
    (void)pthread_mutex_unlock(&p->lock);
}

void pipeline_ended(struct pipeline *p)
{
    if (!--p->running)
        (void)pthread_cond_broadcast(&p->ended);
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
static uint64_t largest_encoded(const struct pipeline_request *request, const struct slab_cut *cuts)
{
    uint64_t largest = 8 * SLAB_ELEMENTS;
    for (size_t j = 0; j < request->n_targets; j++) {
        const struct model *target = request->targets[j]->plan->target;
        for (uint64_t i = 0; i < target->n_tensors; i++) {
            uint64_t source = request->targets[j]->plan->choices[i].source;
            const struct model_tensor *t = &target->tensors[i];
            uint64_t n = t->elements < cuts[source].elements ? t->elements : cuts[source].elements;
            uint64_t bytes = t->encoding && n ? slab_bytes(t, 0, n) : 0;
            largest = bytes > largest ? bytes : largest;
        }
    }
    return largest;
}

uint64_t pipeline_memory(const struct model *model, const struct slab_cut *cuts, size_t n_targets,
                         unsigned threads)
{
    uint64_t elements = largest_count(model, cuts);
    uint64_t per_slab = elements * 8, per_thread = elements * 20 + n_targets * 64;
    uint64_t per_target = 256u << 10; /* digest.h */
    return (threads + 2) * per_slab + threads * per_thread + n_targets * per_target +
           model->memory.used + (24u << 20);
}

struct reading {      /* the reader thread's */
    struct slab next; /* of the walk */
    int has_next;
    struct hash *hash; /* of file `current` */
    uint32_t current;
    struct stage_seconds seconds;
};

/* Bytes that a slab takes of its batch. */
static uint64_t bytes_of(const struct model *model, const struct slab *slab)
{
    return slab->length ? slab->length
                        : slab_bytes(&model->tensors[slab->tensor], slab->first, slab->count);
}

/* The walk's next slabs: one, and more as long as all of them are small. 0: there are none. */
static int collect(const struct pipeline *p, struct reading *r, struct batch *batch)
{
    uint64_t bytes = 0;
    batch->n = 0;
    while (batch->n < BATCH_SLABS &&
           (r->has_next || (r->has_next = slab_walk_next(p->walk, &r->next)))) {
        bytes += bytes_of(p->request->model, &r->next);
        if (batch->n && bytes > BATCH_BYTES)
            break;
        batch->slabs[batch->n++].slab = r->next;
        r->has_next = 0;
    }
    return batch->n > 0;
}

/* Ends the digests of all files before `file`. */
static int end_digests(struct pipeline *p, struct reading *reading, uint32_t file,
                       struct error *err)
{
    for (; reading->current < file; reading->current++) {
        if (p->request->model->files[reading->current].role != PARE_FILE_IGNORED &&
            !p->request->without_digests)
            hash_final(reading->hash, p->result->sha256[reading->current]);
        hash_free(TAKE(reading->hash));
        int r = hash_new(&reading->hash, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Slabs of a batch from number `at` that follow each other in a file, with their bytes. */
static unsigned run_of(const struct batch *batch, unsigned at, uint64_t *ret_length)
{
    const struct slab *first = &batch->slabs[at].slab;
    unsigned n = 1;
    uint64_t length = first->length;
    for (; at + n < batch->n; n++) {
        const struct slab *next = &batch->slabs[at + n].slab;
        if (!next->length || next->file != first->file || next->offset != first->offset + length)
            break;
        length += next->length;
    }
    *ret_length = length;
    return n;
}

/* Reads slabs off a file in one go; the digest takes the same bytes. */
static int load_run(struct pipeline *p, struct reading *reading, struct loaded_slab *slabs,
                    unsigned n, uint64_t length, unsigned char *bytes, struct error *err)
{
    const struct slab *first = &slabs[0].slab;
    const struct model_file *file = &p->request->model->files[first->file];
    uint64_t start = timing_now();
    int r = end_digests(p, reading, first->file, err);
    if (r < 0 || (p->request->without_digests && n == 1 && !first->has_tensor))
        return r;
    r = file_pread(file->fd, bytes, length, first->offset, err);
    if (r < 0)
        return error_prefix(err, "%s", file->name);
    for (unsigned i = 0; i < n; i++)
        slabs[i].planes[0] = bytes + (slabs[i].slab.offset - first->offset);
    reading->seconds.read += timing_since(start);
    if (p->request->without_digests)
        return 0;
    start = timing_now();
    hash_update(reading->hash, bytes, length);
    reading->seconds.hash += timing_since(start);
    return 0;
}

/* Reads the planes of a slab that is no run of a file's bytes. */
static int load_planes(const struct pipeline *p, struct reading *reading, struct loaded_slab *l,
                       unsigned char *bytes, struct error *err)
{
    const struct pipeline_request *q = p->request;
    const struct model_tensor *t = &q->model->tensors[l->slab.tensor];
    uint64_t start = timing_now(), at = 0, offset, length;
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < t->n_planes; i++) {
        slab_plane_range(t, i, l->slab.first, l->slab.count, &offset, &length);
        l->planes[i] = bytes + at;
        r = source_read(q->source, l->slab.tensor, i, offset, bytes + at, length, err);
        at += length;
    }
    reading->seconds.read += timing_since(start);
    return r;
}

static int load(struct pipeline *p, struct reading *reading, struct batch *batch, struct error *err)
{
    uint64_t at = 0, length;
    int r = 0;
    for (unsigned i = 0, n; r == 0 && i < batch->n; i += n) {
        struct loaded_slab *l = &batch->slabs[i];
        n = 1;
        length = bytes_of(p->request->model, &l->slab);
        if (l->slab.length) {
            n = run_of(batch, i, &length);
            r = load_run(p, reading, l, n, length, batch->bytes + at, err);
        } else {
            r = load_planes(p, reading, l, batch->bytes + at, err);
        }
        at += length;
    }
    return r;
}

/* A free batch, or -1 when everything stops. */
static int take_free(struct pipeline *p)
{
    int batch = -1;
    (void)pthread_mutex_lock(&p->lock);
    while (!p->n_free && !p->stopped)
        (void)pthread_cond_wait(&p->room, &p->lock);
    if (!p->stopped)
        batch = (int)p->free_list[--p->n_free];
    (void)pthread_mutex_unlock(&p->lock);
    return batch;
}

static void hand_over(struct pipeline *p, unsigned batch)
{
    int has_tensor = 0;
    (void)pthread_mutex_lock(&p->lock);
    for (unsigned i = 0; i < p->batches[batch].n; i++) {
        p->done += p->batches[batch].slabs[i].slab.length;
        has_tensor |= p->batches[batch].slabs[i].slab.has_tensor;
    }
    p->steps++;
    if (has_tensor)
        p->ready_ring[(p->ready_at + p->n_ready++) % p->n_batches] = batch;
    else
        p->free_list[p->n_free++] = batch;
    if (has_tensor)
        (void)pthread_cond_signal(&p->work);
    (void)pthread_mutex_unlock(&p->lock);
}

static int walk_source(struct pipeline *p, struct reading *reading, struct error *err)
{
    int i, r = hash_new(&reading->hash, err);
    while (r == 0 && (i = take_free(p)) >= 0) {
        if (!collect(p, reading, &p->batches[i])) {
            r = end_digests(p, reading, p->request->model->n_files, err);
            break;
        }
        r = load(p, reading, &p->batches[i], err);
        if (r == 0)
            hand_over(p, (unsigned)i);
    }
    hash_free(reading->hash);
    return r;
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

void *pipeline_reader(void *pipeline)
{
    struct pipeline *p = pipeline;
    struct error err = ERROR_INIT;
    struct reading reading = { 0 };
    if (walk_source(p, &reading, &err) < 0)
        pipeline_fail(p, &err);
    (void)pthread_mutex_lock(&p->lock);
    stage_seconds_add(&p->seconds, &reading.seconds);
    p->walked = 1;
    (void)pthread_cond_broadcast(&p->work);
    pipeline_ended(p);
    (void)pthread_mutex_unlock(&p->lock);
    return NULL;
}

static int make_batches(struct pipeline *p, struct error *err)
{
    p->n_batches = p->request->threads + 2;
    p->batches = calloc(p->n_batches, sizeof *p->batches);
    p->free_list = calloc(p->n_batches, sizeof *p->free_list);
    p->ready_ring = calloc(p->n_batches, sizeof *p->ready_ring);
    p->tensors = calloc(p->request->model->n_tensors + 1, sizeof *p->tensors);
    if (!p->batches || !p->free_list || !p->ready_ring || !p->tensors)
        return error_oom(err);
    for (unsigned i = 0; i < p->n_batches; i++) {
        p->batches[i].bytes = malloc(p->batch_bytes);
        if (!p->batches[i].bytes)
            return error_oom(err);
        p->free_list[p->n_free++] = i;
    }
    return 0;
}

/* What no plugin knows can be copied only as one run of bytes. */
static int check_copies(const struct pipeline_request *q, struct error *err)
{
    for (uint64_t i = 0; i < q->model->n_tensors; i++) {
        const struct model_tensor *t = &q->model->tensors[i];
        if (t->encoding || t->n_planes == 1)
            continue;
        return error_set(err, PARE_ENOTSUP, "tensor %llu: no plugin provides its encoding %s",
                         (unsigned long long)i, t->encoding_name);
    }
    return 0;
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

static int prepare(struct pipeline *p, struct error *err)
{
    const struct pipeline_request *q = p->request;
    int r = check_copies(q, err);
    if (r == 0)
        r = plan_walk(p, err);
    if (r < 0)
        return r;
    p->batch_bytes = slab_walk_largest(p->walk);
    if (p->batch_bytes < BATCH_BYTES)
        p->batch_bytes = BATCH_BYTES;
    p->max_elements = largest_count(q->model, p->cuts);
    p->max_encoded = largest_encoded(q, p->cuts);
    for (uint32_t i = 0; i < q->model->n_files; i++)
        if (q->model->files[i].role != PARE_FILE_IGNORED)
            (void)posix_fadvise(q->model->files[i].fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    p->result->n_tensors = q->model->n_tensors;
    p->result->figures = calloc(q->n_targets * q->model->n_tensors + 1, sizeof *p->result->figures);
    p->result->sha256 = calloc(q->model->n_files + 1u, sizeof *p->result->sha256);
    if (!p->result->figures || !p->result->sha256)
        return error_oom(err);
    for (uint64_t i = 0; i < q->n_targets * q->model->n_tensors; i++)
        p->result->figures[i].all = (struct measure)MEASURE_INIT;
    return make_batches(p, err);
}

static void deinit(struct pipeline *p)
{
    for (unsigned i = 0; p->batches && i < p->n_batches; i++)
        free(p->batches[i].bytes);
    for (uint64_t i = 0; p->tensors && i < p->request->model->n_tensors; i++) {
        free(p->tensors[i].parts);
        free(p->tensors[i].written);
    }
    free(p->batches);
    free(p->free_list);
    free(p->ready_ring);
    free(p->tensors);
    free(p->cuts);
    slab_walk_free(p->walk);
    (void)pthread_cond_destroy(&p->room);
    (void)pthread_cond_destroy(&p->work);
    (void)pthread_cond_destroy(&p->ended);
    (void)pthread_mutex_destroy(&p->lock);
}

/* Waits until all threads have ended, and says so when something has happened meanwhile. */
static void watch(struct pipeline *p, uint64_t total)
{
    uint64_t told = UINT64_MAX;
    (void)pthread_mutex_lock(&p->lock);
    while (p->running) {
        struct timespec until = timing_deadline(0.2);
        while (p->running && pthread_cond_timedwait(&p->ended, &p->lock, &until) == 0)
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

static int start_threads(struct pipeline *p, pthread_t *threads, unsigned *ret_started,
                         struct error *err)
{
    unsigned n = p->request->threads + 1, i;
    p->running = n;
    for (i = 0; i < n; i++) {
        int e = pthread_create(&threads[i], NULL, i ? pipeline_computer : pipeline_reader, p);
        if (e) {
            int r = error_set(err, PARE_ENOMEM, "cannot start thread %u: %s", i, strerror(e));
            pipeline_fail(p, err);
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

int pipeline_run(const struct pipeline_request *request, struct pipeline_result *ret_result,
                 struct error *err)
{
    struct pipeline p = { .request = request, .result = ret_result };
    _cleanup_free_ pthread_t *threads = calloc(request->threads + 1u, sizeof *threads);
    unsigned started = 0;
    *ret_result = (struct pipeline_result){ 0 };
    (void)pthread_mutex_init(&p.lock, NULL);
    (void)pthread_cond_init(&p.room, NULL);
    (void)pthread_cond_init(&p.work, NULL);
    (void)pthread_cond_init(&p.ended, NULL);
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
    *result = (struct pipeline_result){ 0 };
}
