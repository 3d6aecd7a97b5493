/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A walk that goes on trusts what an earlier life has written only as far as it is still there: a
 * thread of its own reads the weights back that the journal claims, while the others work, and
 * compares their checksums with those that were taken when they were written.
 */
#include "base/checksum.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "convert/pipeline_private.h"

uint64_t audit_seed(uint64_t slab, uint32_t plane)
{
    return slab * PARE_MAX_PLANES + plane;
}

int audit_takes(const struct encoding *encoding, uint32_t plane, uint64_t slab)
{
    return !slab || !encoding || !plane_is_shared(&encoding->planes[plane]);
}

int audit_prepare(struct pipeline *p, struct error *err)
{
    const uint64_t n = p->result->n_tensors, n_targets = p->request->n_targets;
    p->audit.slabs = calloc(n + 1, sizeof *p->audit.slabs);
    p->audit.sums = calloc(n * n_targets + 1, sizeof *p->audit.sums);
    if (!p->audit.slabs || !p->audit.sums)
        return error_oom(err);
    for (uint64_t i = 0; i < n; i++) {
        const struct tensor_progress *t = &p->tensors[i];
        p->audit.slabs[i] = t->front;
        for (size_t j = 0; j < n_targets; j++) {
            uint64_t *sum = &p->audit.sums[i * n_targets + j];
            if (!t->parts)
                *sum = p->result->figures[j * n + i].all.written;
            for (uint64_t k = 0; t->parts && k < t->front; k++)
                *sum += t->parts[k * n_targets + j].written;
        }
    }
    return 0;
}

void audit_deinit(struct pipeline *p)
{
    free(p->audit.slabs);
    free(p->audit.sums);
}

/* Whether to go on; tells that something happens. */
static int goes_on(struct pipeline *p)
{
    (void)pthread_mutex_lock(&p->lock);
    int stopped = p->stopped;
    p->steps++;
    (void)pthread_mutex_unlock(&p->lock);
    return !stopped;
}

struct buffer {
    unsigned char *bytes;
    uint64_t size;
};

static int read_plane(int fd, uint64_t offset, uint64_t length, struct buffer *buffer,
                      struct error *err)
{
    if (length > buffer->size) {
        unsigned char *bytes = realloc(buffer->bytes, length);
        if (!bytes)
            return error_oom(err);
        *buffer = (struct buffer){ bytes, length };
    }
    return file_pread(fd, buffer->bytes, length, offset, err);
}

/* Adds the checksums of one slab of a source's tensor in a target. */
static int add_slab(const struct pipeline *p, uint64_t tensor, uint64_t number,
                    const struct target *target, struct buffer *buffer, uint64_t *sum,
                    struct error *err)
{
    const struct slab_cut *cut = &p->cuts[tensor];
    const uint64_t index = target->by_source[tensor];
    const struct model_tensor *to = &target->plan->target->tensors[index];
    const struct target_place *places = &target->places[index * PARE_MAX_PLANES];
    struct slab_shape shape;
    uint64_t first, count;
    slab_cut_range(&p->request->model->tensors[tensor], cut, number, &first, &count);
    slab_shape_make(to, cut, first, count, &shape);
    for (uint32_t i = 0; i < to->n_planes; i++) {
        if (!audit_takes(to->encoding, i, number))
            continue;
        int r = read_plane(target->fds[places[i].file], places[i].offset + shape.offset[i],
                           shape.length[i], buffer, err);
        if (r < 0)
            return r;
        *sum += checksum_of(buffer->bytes, shape.length[i], audit_seed(number, i));
    }
    return 0;
}

/* One tensor in one target. */
static int audit_tensor(struct pipeline *p, uint64_t tensor, const struct target *target,
                        struct buffer *buffer, struct error *err)
{
    uint64_t sum = 0;
    int r = 0;
    for (uint64_t i = 0; i < p->audit.slabs[tensor] && r == 0; i++) {
        if (!goes_on(p))
            return 0;
        r = add_slab(p, tensor, i, target, buffer, &sum, err);
    }
    if (r < 0 || sum == p->audit.sums[tensor * p->request->n_targets + target->position])
        return r;
    *p->request->misfit = 1;
    return error_set(err, PARE_EDATA, "what was written of tensor `%s` of %s has changed",
                     text_show(p->request->model->tensors[tensor].name).text, target->stem);
}

static int audit(struct pipeline *p, struct error *err)
{
    struct buffer buffer = { 0 };
    int r = 0;
    for (uint64_t i = 0; i < p->result->n_tensors && r == 0; i++)
        for (size_t j = 0; j < p->request->n_targets && r == 0; j++)
            if (p->audit.slabs[i] && p->request->targets[j]->by_source[i] != UINT64_MAX)
                r = audit_tensor(p, i, p->request->targets[j], &buffer, err);
    free(buffer.bytes);
    return r;
}

void *pipeline_auditor(void *pipeline)
{
    struct pipeline *p = pipeline;
    struct error err = ERROR_INIT;
    const struct stage_seconds none = { 0 };
    if (audit(p, &err) < 0)
        pipeline_fail(p, &err, SIZE_MAX);
    pipeline_ended(p, &none);
    return NULL;
}
