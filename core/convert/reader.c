/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The pipeline's reader thread: it walks the source, reads slabs into batches, digests the files on
 * the way, and hands the batches over to the compute threads (ring.h).
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/timing.h"
#include "convert/pipeline_private.h"
#include "convert/zeros.h"
#include "plugin/source.h"

struct reading {             /* the reader thread's */
    struct slab next;        /* of the walk … */
    struct slab_shape shape; /* … and, of a tensor's slab, its shape */
    int has_next;
    struct hash *hash; /* of the pipeline's current file */
    struct zeros zeros;
    struct stage_seconds seconds;
};

/* Sees what the walk has next; 0: nothing. */
static int look_ahead(const struct pipeline *p, struct reading *r)
{
    if (r->has_next)
        return 1;
    r->has_next = slab_walk_next(p->walk, &r->next);
    if (r->has_next && r->next.has_tensor)
        slab_shape_make(&p->request->model->tensors[r->next.tensor], &p->cuts[r->next.tensor],
                        r->next.first, r->next.count, &r->shape);
    return r->has_next;
}

/* Bytes that a slab takes of its batch. */
static uint64_t bytes_of(const struct slab *slab, const struct slab_shape *shape)
{
    return slab->length ? slab->length : shape->bytes;
}

/* Bytes of work that a slab is: those that are read of it, or written for a target, if more. */
static uint64_t work_of(const struct pipeline *p, const struct slab *slab,
                        const struct slab_shape *shape)
{
    uint64_t most = bytes_of(slab, shape);
    for (size_t j = 0; slab->has_tensor && j < p->request->n_targets; j++) {
        const struct target *target = p->request->targets[j];
        uint64_t i = target->by_source[slab->tensor];
        if (i == UINT64_MAX)
            continue;
        uint64_t n = slab_bytes(&target->plan->target->tensors[i], slab->first, slab->count);
        most = n > most ? n : most;
    }
    return most;
}

/* The walk's next slabs: one, and more as long as all of them are small. 0: there are none. */
static int collect(struct pipeline *p, struct reading *r, struct batch *batch)
{
    uint64_t bytes = 0;
    batch->n = 0;
    while (batch->n < BATCH_SLABS && look_ahead(p, r)) {
        bytes += bytes_of(&r->next, &r->shape);
        if (batch->n && bytes > BATCH_BYTES)
            break;
        batch->slabs[batch->n].slab = r->next;
        batch->slabs[batch->n++].shape = r->shape;
        p->slabs++;
        p->work += work_of(p, &r->next, &r->shape);
        r->has_next = 0;
    }
    return batch->n > 0;
}

/* Ends the digests of all files before `file`. */
static int end_digests(struct pipeline *p, struct reading *reading, uint32_t file,
                       struct error *err)
{
    for (; p->current < file; p->current++) {
        if (p->request->model->files[p->current].role != PARE_FILE_IGNORED &&
            !p->request->without_digests)
            hash_final(reading->hash, p->result->sha256[p->current]);
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

/* Reads the planes of a slab that is not one run of a file's bytes. */
static int load_planes(struct pipeline *p, struct reading *reading, struct loaded_slab *l,
                       unsigned char *bytes, struct error *err)
{
    const struct pipeline_request *q = p->request;
    const struct slab_shape *shape = &l->shape;
    uint64_t start = timing_now();
    int r = 0;
    (void)pthread_mutex_lock(&p->reading);
    for (uint32_t i = 0; r == 0 && i < q->model->tensors[l->slab.tensor].n_planes; i++) {
        l->planes[i] = bytes;
        r = source_read(q->source, l->slab.tensor, i, shape->offset[i], bytes, shape->length[i],
                        err);
        bytes += shape->length[i];
    }
    (void)pthread_mutex_unlock(&p->reading);
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
        length = bytes_of(&l->slab, &l->shape);
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

static void look_for_zeros(struct reading *reading, const struct batch *batch)
{
    for (unsigned i = 0; i < batch->n; i++) {
        const struct loaded_slab *l = &batch->slabs[i];
        if (l->slab.has_tensor)
            zeros_look(&reading->zeros, &l->slab, &l->shape, l->planes[0]);
    }
}

static void hand_over(struct pipeline *p, struct batch *batch)
{
    int has_tensor = 0;
    (void)pthread_mutex_lock(&p->lock);
    for (unsigned i = 0; i < batch->n; i++) {
        p->done += batch->slabs[i].slab.length;
        has_tensor |= batch->slabs[i].slab.has_tensor;
    }
    p->steps++;
    (void)pthread_mutex_unlock(&p->lock);
    if (has_tensor)
        ring_put_ready(&p->ring, batch);
    else
        ring_put_free(&p->ring, batch);
}

static void beat(void *pipeline)
{
    struct pipeline *p = pipeline;
    (void)pthread_mutex_lock(&p->lock);
    p->steps++;
    (void)pthread_mutex_unlock(&p->lock);
}

/* Takes a checkpoint when one is due. Then nothing is on its way for a moment. */
static int checkpoint(struct pipeline *p, const struct reading *reading, struct error *err)
{
    struct checkpoints *checkpoints = p->request->checkpoints;
    _cleanup_strbuf_ struct strbuf block = STRBUF_INIT;
    if (!checkpoints || !checkpoints_are_due(checkpoints, p->work))
        return 0;
    int r = checkpoints_flush(checkpoints, beat, p, err);
    if (r < 0 || !ring_wait_idle(&p->ring))
        return r;
    snapshot_put(p, reading->hash, &block);
    p->work = 0;
    return checkpoints_add(checkpoints, &block, beat, p, err);
}

/* As checkpoint; when the work is to stop at one, it does. */
static int checkpoint_or_stop(struct pipeline *p, const struct reading *reading, struct error *err)
{
    int stop = p->request->checkpoints && checkpoints_stop_is_wanted();
    int r = checkpoint(p, reading, err);
    if (r == 0 && stop)
        r = checkpoints_flush(p->request->checkpoints, beat, p, err);
    return r == 0 && stop ? error_set(err, PARE_ECANCELLED, "stopped at a checkpoint") : r;
}

static int walk_source(struct pipeline *p, struct reading *reading, struct error *err)
{
    struct batch *batch;
    int r = hash_new(&reading->hash, err);
    if (r == 0 && p->goes_on && p->current < p->request->model->n_files)
        r = hash_load(reading->hash, p->hash_state, err);
    while (r == 0 && (r = checkpoint_or_stop(p, reading, err)) == 0 &&
           (batch = ring_take_free(&p->ring))) {
        if (!collect(p, reading, batch)) {
            r = end_digests(p, reading, p->request->model->n_files, err);
            break;
        }
        r = load(p, reading, batch, err);
        if (r == 0) {
            look_for_zeros(reading, batch);
            hand_over(p, batch);
        }
    }
    if (r == 0)
        p->result->zeros = zeros_end(&reading->zeros);
    hash_free(reading->hash);
    return r;
}

void *pipeline_reader(void *pipeline)
{
    struct pipeline *p = pipeline;
    struct error err = ERROR_INIT;
    struct reading reading = { .zeros = ZEROS_INIT(p->request->model) };
    if (walk_source(p, &reading, &err) < 0)
        pipeline_fail(p, &err, SIZE_MAX);
    ring_end(&p->ring);
    pipeline_ended(p, &reading.seconds);
    return NULL;
}
