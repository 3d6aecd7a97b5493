/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Which slabs of a batch a kernel can get in one call: see pipeline_private.h. Any thread. */
#include "convert/pipeline_private.h"

/* What a tensor of the source becomes when nothing but its weights decides; or NULL. */
static const struct model_tensor *plainly_made(const struct target *target, uint64_t source)
{
    uint64_t i = target->by_source[source];
    if (i == UINT64_MAX || target->plan->choices[i].lattice ||
        target->plan->choices[i].importance || calibrate_wants(target, source))
        return NULL;
    const struct model_tensor *t = &target->plan->target->tensors[i];
    return t->encoding && encoding_tile_rows(t->encoding) == 1 ? t : NULL;
}

/* 1 when slab b can follow slab a in one call of every target's kernel, which gets `elements`. */
static int goes_with(const struct pipeline *p, const struct slab *a, const struct slab *b,
                     uint64_t elements)
{
    const struct pipeline_request *q = p->request;
    const struct model_tensor *from = &q->model->tensors[a->tensor];
    const struct model_tensor *next = &q->model->tensors[b->tensor];
    int alike = a->has_tensor && b->has_tensor && from->encoding &&
                from->encoding == next->encoding && from->row_len == next->row_len &&
                !p->cuts[a->tensor].within_rows && elements <= p->max_elements;
    for (size_t j = 0; alike && j < q->n_targets; j++) {
        const struct model_tensor *to = plainly_made(q->targets[j], a->tensor);
        const struct model_tensor *other = plainly_made(q->targets[j], b->tensor);
        alike = to && other && to->encoding == other->encoding && to->encoding != from->encoding &&
                slab_bytes(to, 0, elements) <= p->max_encoded;
    }
    return alike;
}

unsigned batch_alike(const struct pipeline *p, const struct batch *batch, unsigned at,
                     uint64_t *ret_elements)
{
    const struct loaded_slab *l = &batch->slabs[at];
    uint64_t elements = l->slab.count;
    unsigned n = 1;
    for (; at + n < batch->n; n++) {
        if (!goes_with(p, &l->slab, &l[n].slab, elements + l[n].slab.count))
            break;
        elements += l[n].slab.count;
    }
    *ret_elements = elements;
    return n;
}
