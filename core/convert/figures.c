/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The pipeline's figures: which slabs are measured, what is refused, and how the sums of a tensor's
 * slabs, which compute threads bring in any order, become one figure in the slabs' order. Digests
 * learn here how much of a tensor is in its files.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "convert/pipeline_private.h"

#include <string.h>

static const struct model_tensor *source_tensor(const struct pipeline *p, uint64_t i)
{
    return &p->request->model->tensors[i];
}

int figures_refuse(const struct pipeline *p, const struct slab *slab, const float *x,
                   const struct measure *m, const char *to, int weighted, struct error *err)
{
    const struct model_tensor *t = source_tensor(p, slab->tensor);
    const struct text_shown name = text_show(t->name);
    uint64_t at = m->nonfinite ? m->first_nonfinite : m->first_overflowed;
    float v = x[at - slab->first];
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

uint64_t figures_probe(const struct pipeline *p, uint64_t tensor)
{
    const struct model_tensor *t = source_tensor(p, tensor);
    uint64_t h = 1469598103934665603u; /* spread by the name */
    for (size_t i = 0; i < t->name.len; i++)
        h = (h ^ (unsigned char)t->name.data[i]) * 1099511628211u;
    return h % p->cuts[tensor].n_slabs;
}

#define SAMPLE_OF 8u

int figures_wanted(const struct pipeline *p, const struct slab *slab)
{
    if (p->request->measuring != MEASURING_SAMPLE)
        return p->request->measuring == MEASURING_FULL;
    return slab->number % SAMPLE_OF == figures_probe(p, slab->tensor) % SAMPLE_OF;
}

void figures_forget_sums(struct measure *m)
{
    struct measure kept = MEASURE_INIT;
    kept.nonfinite = m->nonfinite;
    kept.overflowed = m->overflowed;
    kept.first_nonfinite = m->first_nonfinite;
    kept.first_overflowed = m->first_overflowed;
    *m = kept;
}

void figures_tell_digests(struct pipeline *p, uint64_t tensor)
{
    uint64_t first, count;
    slab_cut_range(source_tensor(p, tensor), &p->cuts[tensor], p->tensors[tensor].front - 1, &first,
                   &count);
    for (size_t j = 0; j < p->request->n_targets; j++) {
        const struct target *target = p->request->targets[j];
        uint64_t index = target->by_source[tensor];
        if (target->digest && index != UINT64_MAX)
            digest_written(target->digest, index, first + count);
    }
}

/* A slab is written: moves the tensor's front. Called under the lock. */
static void move_front(struct pipeline *p, const struct slab *slab)
{
    struct tensor_progress *t = &p->tensors[slab->tensor];
    uint64_t before = t->front;
    t->written[slab->number] = 1;
    while (t->front < p->cuts[slab->tensor].n_slabs && t->written[t->front])
        t->front++;
    if (t->front != before)
        figures_tell_digests(p, slab->tensor);
}

/* Keeps a slab's figures; merges when the tensor is complete. Called under the lock. */
static int keep_slab(struct pipeline *p, const struct slab *slab, const struct measure *m,
                     struct error *err)
{
    size_t n = p->request->n_targets;
    struct tensor_progress *t = &p->tensors[slab->tensor];
    uint64_t n_slabs = p->cuts[slab->tensor].n_slabs;
    int is_probe = p->request->measuring != MEASURING_NONE &&
                   slab->number == figures_probe(p, slab->tensor);
    if (!t->parts && !(t->parts = calloc(n_slabs * n, sizeof *t->parts)))
        return error_oom(err);
    if (!t->written && !(t->written = calloc(n_slabs, 1)))
        return error_oom(err);
    move_front(p, slab);
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

int figures_keep(struct pipeline *p, const struct batch *batch, const struct measure *figures,
                 struct error *err)
{
    int r = 0;
    (void)pthread_mutex_lock(&p->lock);
    for (unsigned i = 0; r == 0 && i < batch->n; i++)
        if (batch->slabs[i].slab.has_tensor)
            r = keep_slab(p, &batch->slabs[i].slab, figures + i * p->request->n_targets, err);
    p->steps++;
    (void)pthread_mutex_unlock(&p->lock);
    return r;
}
