/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A compute thread of the pipeline. Per slab: decode the source once; per target encode, decode
 * what was encoded, measure the one against the other, and write. A tensor that keeps its
 * encoding is written as it was read. Sums of slabs are merged in order when the last is there.
 * Where there is importance, each matrix of a tensor (each expert) has its own: a slab that spans
 * several is encoded in pieces, one per matrix. Slabs of small tensors are encoded in one call, as
 * far as they are alike: kernels are fast with many rows.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "base/timing.h"
#include "convert/pipeline_private.h"
#include "weights/importance_rows.h"

#include <fcntl.h>
#include <string.h>

struct computer {
    struct pipeline *p;
    float *x, *y;           /* decoded source, decoded result; x: of the slab that is dealt with */
    unsigned char *encoded; /* planes one after another */
    struct importance_rows importance;
    uint64_t *unsent; /* by target: bytes written since the disk was last asked to begin */
    struct stage_seconds seconds;
};

#define SEND_BYTES (32u << 20)

/* Has the disk begin with what was written, so that little is left to wait for in the end. */
static void send(struct computer *c, const struct target *target, int fd, uint64_t written)
{
    uint64_t *unsent = &c->unsent[target->position];
    *unsent += written;
    if (*unsent < SEND_BYTES)
        return;
    *unsent = 0;
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* errors come with fsync */
}

static const struct model_tensor *source_tensor(const struct pipeline *p, uint64_t i)
{
    return &p->request->model->tensors[i];
}

static int decode_source(struct computer *c, const struct loaded_slab *l)
{
    const struct model_tensor *t = source_tensor(c->p, l->slab.tensor);
    uint64_t rows, row_len, start = timing_now();
    if (!t->encoding)
        return 0;
    slab_kernel_shape(t, &c->p->cuts[l->slab.tensor], l->slab.count, &rows, &row_len);
    t->encoding->kernel.decode(l->planes, rows, row_len, c->x);
    c->seconds.decode += timing_since(start);
    return 1;
}

/* Writes a slab's planes of a target tensor; bytes[i] is the plane's data. */
static int write_planes(struct computer *c, const struct target *target, uint64_t index,
                        const struct slab *slab, const void *const *bytes, struct error *err)
{
    const struct model_tensor *t = &target->plan->target->tensors[index];
    const struct target_place *places = &target->places[index * PARE_MAX_PLANES];
    uint64_t start = timing_now(), offset, length;
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < t->n_planes; i++) {
        slab_plane_range(t, i, slab->first, slab->count, &offset, &length);
        int fd = target->fds[places[i].file];
        r = file_pwrite(fd, bytes[i], length, places[i].offset + offset, err);
        send(c, target, fd, length);
    }
    c->seconds.write += timing_since(start);
    return r < 0 ? error_prefix(err, "%s", target->stem) : 0;
}

/* Encodes the decoded slab to the planes, each matrix with its own importance. */
static int encode_weighted(struct computer *c, const struct model_tensor *t,
                           const struct slab *slab, const struct importance_entry *entry,
                           struct pare_calibration *calibration, void *const *planes,
                           struct error *err)
{
    for (uint64_t done = 0; done < slab->count;) {
        uint64_t at = slab->first + done, rows, row_len, begin, offset, length;
        uint64_t count = importance_rows_piece(t, at, slab->count - done);
        void *part[PARE_MAX_PLANES] = { 0 };
        slab_kernel_shape(t, &c->p->cuts[slab->tensor], count, &rows, &row_len);
        int r = importance_rows_load(&c->importance, entry, t, at, row_len, err);
        if (r < 0)
            return r;
        for (uint32_t i = 0; i < t->n_planes; i++) {
            slab_plane_range(t, i, slab->first, slab->count, &begin, &length);
            slab_plane_range(t, i, at, count, &offset, &length);
            part[i] = (unsigned char *)planes[i] + (offset - begin);
        }
        calibration->importance = c->importance.values;
        t->encoding->kernel.encode(c->x + done, rows, row_len, calibration, part);
        done += count;
    }
    return 0;
}

/* The codes of a tensor on its encoding's lattice. */
static int recover_slab(const struct computer *c, const struct model_tensor *t,
                        const struct slab *slab, uint32_t grain, void *const *planes,
                        struct error *err)
{
    uint64_t rows, row_len;
    slab_kernel_shape(t, &c->p->cuts[slab->tensor], slab->count, &rows, &row_len);
    if (t->encoding->recover(c->x, rows, row_len, grain, planes) == 1)
        return 0;
    return error_set(err, PARE_EDATA,
                     "tensor `%s`: weights that lay on the lattice of %s when they were looked at "
                     "do not any more: the source is being written",
                     text_show(t->name).text, t->encoding_name);
}

/* Encodes the decoded slab; ret_planes gets where its planes are. */
static int encode_slab(struct computer *c, const struct model_tensor *t, const struct slab *slab,
                       const struct plan_choice *choice, uint32_t search, const void **ret_planes,
                       struct error *err)
{
    struct pare_calibration calibration = { .struct_size = sizeof calibration, .search = search };
    const struct encoding *from = source_tensor(c->p, slab->tensor)->encoding;
    void *planes[PARE_MAX_PLANES] = { 0 };
    uint64_t rows, row_len, offset, length, at = 0, start = timing_now();
    int r = 0;
    slab_kernel_shape(t, &c->p->cuts[slab->tensor], slab->count, &rows, &row_len);
    for (uint32_t i = 0; i < t->n_planes; i++) {
        slab_plane_range(t, i, slab->first, slab->count, &offset, &length);
        ret_planes[i] = planes[i] = c->encoded + at;
        at += length;
    }
    if (choice->lattice)
        r = recover_slab(c, t, slab, lattice_grain(from, choice->lattice), planes, err);
    else if (choice->importance)
        r = encode_weighted(c, t, slab, choice->importance, &calibration, planes, err);
    else
        t->encoding->kernel.encode(c->x, rows, row_len, &calibration, planes);
    c->seconds.encode += timing_since(start);
    return r;
}

/* Decodes what a slab became into y. */
static const float *decode_target(struct computer *c, const struct model_tensor *t,
                                  const struct slab *slab, const void *const *planes)
{
    uint64_t rows, row_len, start = timing_now();
    slab_kernel_shape(t, &c->p->cuts[slab->tensor], slab->count, &rows, &row_len);
    t->encoding->kernel.decode(planes, rows, row_len, c->y);
    c->seconds.decode += timing_since(start);
    return c->y;
}

static int measure_slab(struct computer *c, const struct slab *slab, const float *y,
                        struct measure *m, struct error *err)
{
    uint64_t start = timing_now();
    measure_add(m, c->x, y, slab->count, slab->first);
    int r = importance_rows_weigh(&c->importance, source_tensor(c->p, slab->tensor),
                                  &c->p->cuts[slab->tensor], slab->first, slab->count, c->x, y, m,
                                  err);
    c->seconds.measure += timing_since(start);
    return r;
}

static int refuse_nonfinite(const struct computer *c, const struct slab *slab,
                            const struct measure *m, const char *to, int weighted,
                            struct error *err)
{
    const struct model_tensor *t = source_tensor(c->p, slab->tensor);
    const struct text_shown name = text_show(t->name);
    uint64_t at = m->nonfinite ? m->first_nonfinite : m->first_overflowed;
    float v = c->x[at - slab->first];
    if (!m->nonfinite && weighted)
        return error_set(err, PARE_ENONFINITE,
                         "tensor `%s`, element %llu: %g is not finite any more in %s, made with "
                         "importance: the importance matrix has values that are too large for it, "
                         "or the weight is",
                         name.text, (unsigned long long)at, (double)v, to);
    if (!m->nonfinite)
        return error_set(err, PARE_ENONFINITE,
                         "tensor `%s`, element %llu: %g is too large for %s: choose bf16 or f32, "
                         "or pass it on as infinity with nonfinite = keep",
                         name.text, (unsigned long long)at, (double)v, to);
    return error_set(err, PARE_ENONFINITE,
                     "tensor `%s`, element %llu (row %llu, column %llu) is %f: the model is "
                     "damaged; to pass such weights on, use nonfinite = keep",
                     name.text, (unsigned long long)at, (unsigned long long)(at / t->row_len),
                     (unsigned long long)(at % t->row_len), (double)v);
}

static int is_integer(const struct encoding *e)
{
    return e && e->flags & PARE_ENCODING_INTEGER;
}

/* Which slab of a tensor is checked again by verification: spread by the name. */
static uint64_t probe_slab(const struct model_tensor *t, uint64_t n_slabs)
{
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < t->name.len; i++)
        h = (h ^ (unsigned char)t->name.data[i]) * 1099511628211u;
    return h % n_slabs;
}

#define SAMPLE_OF 8u

/* 1 when figures of the slab are wanted. */
static int is_measured(const struct pipeline *p, const struct slab *slab)
{
    if (p->request->measuring != MEASURING_SAMPLE)
        return p->request->measuring == MEASURING_FULL;
    uint64_t probe = probe_slab(source_tensor(p, slab->tensor), p->cuts[slab->tensor].n_slabs);
    return slab->number % SAMPLE_OF == probe % SAMPLE_OF;
}

#define SAFE_MAGNITUDE 32768.0f /* of weights: encoded without importance, no sum overflows */

/* 1 when a slab without figures has to be looked at all the same, for what is not finite. */
static int is_suspicious(const struct computer *c, const struct slab *slab,
                         const struct plan_choice *choice)
{
    return choice->importance || !(measure_largest(c->x, slab->count) <= SAFE_MAGNITUDE);
}

/* Keeps of the figures only what was found not to be finite. */
static void forget_sums(struct measure *m)
{
    struct measure kept = MEASURE_INIT;
    kept.nonfinite = m->nonfinite;
    kept.overflowed = m->overflowed;
    kept.first_nonfinite = m->first_nonfinite;
    kept.first_overflowed = m->first_overflowed;
    *m = kept;
}

/* Measures an encoded slab as far as it is wanted or needed. */
static int look_at_slab(struct computer *c, const struct model_tensor *to, const struct slab *slab,
                        const struct plan_choice *choice, int same, const void *const *planes,
                        struct measure *m, struct error *err)
{
    int measured = is_measured(c->p, slab);
    if (!measured && !is_suspicious(c, slab, choice))
        return 0;
    int r = measure_slab(c, slab, same ? c->x : decode_target(c, to, slab, planes), m, err);
    if (!measured)
        forget_sums(m);
    return r;
}

/* One slab in one target; made: what it became together with others, or NULL. *m gets its
 * figures. */
static int do_target(struct computer *c, const struct loaded_slab *l, const struct target *target,
                     int decoded, const void *const *made, struct measure *m, struct error *err)
{
    uint64_t index = target->by_source[l->slab.tensor];
    const struct model_tensor *from = source_tensor(c->p, l->slab.tensor);
    const void *planes[PARE_MAX_PLANES];
    uint64_t all_start = timing_now();
    *m = (struct measure)MEASURE_INIT;
    if (index == UINT64_MAX)
        return 0;
    const struct model_tensor *to = &target->plan->target->tensors[index];
    const struct plan_choice *choice = &target->plan->choices[index];
    int same = !strcmp(from->encoding_name, to->encoding_name), r = 0;
    if (made || same)
        memcpy(planes, made ? made : l->planes, sizeof planes);
    else
        r = encode_slab(c, to, &l->slab, choice, target->plan->search, planes, err);
    if (r == 0 && decoded && !is_integer(from->encoding))
        r = look_at_slab(c, to, &l->slab, choice, same, planes, m, err);
    if (r < 0)
        return r;
    if ((m->nonfinite || m->overflowed) && !c->p->request->keep_nonfinite)
        return refuse_nonfinite(c, &l->slab, m, to->encoding_name, choice->importance != NULL, err);
    r = write_planes(c, target, index, &l->slab, planes, err);
    m->seconds = timing_since(all_start);
    return r;
}

/* Tells digests how much of a tensor is in its files. Called under the lock. */
static void tell_digests(struct pipeline *p, const struct slab *slab)
{
    const struct slab_cut *cut = &p->cuts[slab->tensor];
    struct tensor_progress *t = &p->tensors[slab->tensor];
    uint64_t first, count, before = t->front;
    t->written[slab->number] = 1;
    while (t->front < cut->n_slabs && t->written[t->front])
        t->front++;
    if (t->front == before)
        return;
    slab_cut_range(source_tensor(p, slab->tensor), cut, t->front - 1, &first, &count);
    for (size_t j = 0; j < p->request->n_targets; j++) {
        const struct target *target = p->request->targets[j];
        uint64_t index = target->by_source[slab->tensor];
        if (target->digest && index != UINT64_MAX)
            digest_written(target->digest, index, first + count);
    }
}

/* Keeps a slab's figures; merges when the tensor is complete. Called under the lock. */
static int keep_figures(struct pipeline *p, const struct slab *slab, const struct measure *m,
                        struct error *err)
{
    size_t n = p->request->n_targets;
    struct tensor_progress *t = &p->tensors[slab->tensor];
    uint64_t n_slabs = p->cuts[slab->tensor].n_slabs;
    int is_probe = p->request->measuring != MEASURING_NONE &&
                   slab->number == probe_slab(source_tensor(p, slab->tensor), n_slabs);
    if (!t->parts && !(t->parts = calloc(n_slabs * n, sizeof *t->parts)))
        return error_oom(err);
    if (!t->written && !(t->written = calloc(n_slabs, 1)))
        return error_oom(err);
    tell_digests(p, slab);
    memcpy(&t->parts[slab->number * n], m, n * sizeof *m);
    for (size_t j = 0; j < n; j++) {
        struct pipeline_figure *f = &p->result->figures[j * p->result->n_tensors + slab->tensor];
        if (is_probe) {
            f->probe_first = slab->first;
            f->probe_count = slab->count;
            f->probe_sse = m[j].sse;
        }
    }
    if (++t->slabs_done < n_slabs)
        return 0;
    for (size_t j = 0; j < n; j++)
        for (uint64_t i = 0; i < n_slabs; i++)
            measure_merge(&p->result->figures[j * p->result->n_tensors + slab->tensor].all,
                          &t->parts[i * n + j]);
    free(TAKE(t->parts));
    free(TAKE(t->written));
    return 0;
}

static int compute_slab(struct computer *c, const struct loaded_slab *l, struct measure *figures,
                        struct error *err)
{
    const struct pipeline_request *q = c->p->request;
    int decoded = decode_source(c, l);
    for (size_t j = 0; j < q->n_targets; j++) {
        int r = do_target(c, l, q->targets[j], decoded, NULL, &figures[j], err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Slabs that are alike, decoded one after another, in one target. */
static int do_together(struct computer *c, const struct loaded_slab *slabs, unsigned n,
                       const struct slab *all, size_t position, struct measure *figures,
                       struct error *err)
{
    const struct target *target = c->p->request->targets[position];
    uint64_t index = target->by_source[all->tensor], done = 0, start = timing_now();
    const struct model_tensor *to = &target->plan->target->tensors[index];
    const void *planes[PARE_MAX_PLANES] = { 0 }, *part[PARE_MAX_PLANES] = { 0 };
    float *const x = c->x;
    int r = encode_slab(c, to, all, &target->plan->choices[index], target->plan->search, planes,
                        err);
    double seconds = timing_since(start);
    for (unsigned i = 0; r == 0 && i < n; i++) {
        uint64_t count = slabs[i].slab.count, offset, length;
        struct measure *m = &figures[i * c->p->request->n_targets + position];
        for (uint32_t k = 0; k < to->n_planes; k++) {
            slab_plane_range(to, k, done, count, &offset, &length);
            part[k] = (const unsigned char *)planes[k] + offset;
        }
        c->x = x + done;
        r = do_target(c, &slabs[i], target, 1, part, m, err);
        m->seconds += seconds * (double)count / (double)all->count;
        done += count;
    }
    c->x = x;
    return r;
}

static int compute_together(struct computer *c, const struct loaded_slab *slabs, unsigned n,
                            const struct slab *all, struct measure *figures, struct error *err)
{
    float *const x = c->x;
    int r = 0;
    for (unsigned i = 0; i < n; i++) {
        (void)decode_source(c, &slabs[i]);
        c->x += slabs[i].slab.count;
    }
    c->x = x;
    for (size_t j = 0; r == 0 && j < c->p->request->n_targets; j++)
        r = do_together(c, slabs, n, all, j, figures, err);
    return r;
}

/* All slabs of a batch; figures: of each slab in each target. */
static int compute_batch(struct computer *c, const struct batch *batch, struct measure *figures,
                         struct error *err)
{
    int r = 0;
    for (unsigned i = 0, n; r == 0 && i < batch->n; i += n) {
        const struct loaded_slab *l = &batch->slabs[i];
        struct measure *of = figures + i * c->p->request->n_targets;
        struct slab all = { .tensor = l->slab.tensor };
        n = batch_alike(c->p, batch, i, &all.count);
        if (l->slab.has_tensor)
            r = n == 1 ? compute_slab(c, l, of, err) : compute_together(c, l, n, &all, of, err);
    }
    return r;
}

/* The next ready batch, or -1 when there will be none. */
static int take_ready(struct pipeline *p)
{
    int batch = -1;
    (void)pthread_mutex_lock(&p->lock);
    while (!p->n_ready && !p->walked && !p->stopped)
        (void)pthread_cond_wait(&p->work, &p->lock);
    if (p->n_ready && !p->stopped) {
        batch = (int)p->ready_ring[p->ready_at];
        p->ready_at = (p->ready_at + 1) % p->n_batches;
        p->n_ready--;
    }
    (void)pthread_mutex_unlock(&p->lock);
    return batch;
}

static int give_back(struct pipeline *p, int at, const struct measure *figures, struct error *err)
{
    const struct batch *batch = &p->batches[at];
    int r = 0;
    (void)pthread_mutex_lock(&p->lock);
    for (unsigned i = 0; r == 0 && i < batch->n; i++)
        if (batch->slabs[i].slab.has_tensor)
            r = keep_figures(p, &batch->slabs[i].slab, figures + i * p->request->n_targets, err);
    p->free_list[p->n_free++] = (unsigned)at;
    p->steps++;
    (void)pthread_cond_signal(&p->room);
    (void)pthread_mutex_unlock(&p->lock);
    return r;
}

static int work(struct computer *c, struct error *err)
{
    _cleanup_free_ struct measure *figures = calloc(c->p->request->n_targets * BATCH_SLABS + 1,
                                                    sizeof *figures);
    c->x = malloc(c->p->max_elements * sizeof *c->x);
    c->y = malloc(c->p->max_elements * sizeof *c->y);
    c->encoded = malloc(c->p->max_encoded);
    c->unsent = calloc(c->p->request->n_targets + 1, sizeof *c->unsent);
    if (!figures || !c->x || !c->y || !c->encoded || !c->unsent)
        return error_oom(err);
    int batch, r = importance_rows_init(&c->importance, c->p->request->importance,
                                        c->p->max_elements, err);
    while (r == 0 && (batch = take_ready(c->p)) >= 0) {
        r = compute_batch(c, &c->p->batches[batch], figures, err);
        if (r == 0)
            r = give_back(c->p, batch, figures, err);
    }
    return r;
}

void *pipeline_computer(void *pipeline)
{
    struct computer c = { .p = pipeline };
    struct error err = ERROR_INIT;
    if (work(&c, &err) < 0)
        pipeline_fail(c.p, &err);
    free(c.x);
    free(c.y);
    free(c.encoded);
    free(c.unsent);
    importance_rows_deinit(&c.importance);
    (void)pthread_mutex_lock(&c.p->lock);
    stage_seconds_add(&c.p->seconds, &c.seconds);
    pipeline_ended(c.p);
    (void)pthread_mutex_unlock(&c.p->lock);
    return NULL;
}
