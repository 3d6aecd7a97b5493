/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * How far a walk is, as records of a checkpoint (docs/formats/journal.md), and going on from there.
 * A snapshot is taken by the reader's thread while no batch is on its way: all slabs that it has
 * handed out are written and measured, and no other. So the number of slabs says which tensors are
 * complete, and what the journal says of tensors is checked against that. Figures keep all their
 * bits; those of a tensor that is not complete are kept slab by slab, for they are summed in the
 * slabs' order.
 */
#include "base/cleanup.h"
#include "convert/pipeline_private.h"
#include "journal/records.h"

#include <string.h>

/* ---- taking ---- */

_Static_assert(sizeof(struct measure) == 15 * 8, "put_measure and get_measure name all members");

static void put_measure(struct strbuf *block, const struct measure *m)
{
    record_put64(block, m->n);
    record_put64(block, m->nonfinite);
    record_put64(block, m->overflowed);
    record_put64(block, m->first_nonfinite);
    record_put64(block, m->first_overflowed);
    record_put_real(block, m->sse);
    record_put_real(block, m->sxx);
    record_put_real(block, m->syy);
    record_put_real(block, m->sxy);
    record_put_real(block, m->max_abs);
    record_put64(block, m->weighted_n);
    record_put_real(block, m->weighted_sse);
    record_put_real(block, m->weighted_sxx);
    record_put_real(block, m->seconds);
    record_put64(block, m->written);
}

static void put_walk(const struct pipeline *p, const struct hash *hash, struct strbuf *block)
{
    unsigned char state[HASH_STATE_SIZE] = { 0 };
    size_t place = record_begin(block, RECORD_WALK);
    if (hash)
        hash_save(hash, state);
    record_put32(block, p->request->walk);
    record_put32(block, p->current);
    record_put64(block, p->slabs);
    record_put64(block, p->done);
    strbuf_add(block, state, sizeof state);
    record_end(block, place);
}

/* The digests of source files that have come since the last snapshot. */
static void put_sources(struct pipeline *p, struct strbuf *block)
{
    for (; !p->request->without_digests && p->kept_files < p->current; p->kept_files++) {
        size_t place = record_begin(block, RECORD_SOURCE);
        record_put32(block, p->kept_files);
        strbuf_add(block, p->result->sha256[p->kept_files], HASH_HEX_SIZE - 1);
        record_end(block, place);
    }
}

static void put_figures(const struct pipeline *p, uint64_t tensor, struct strbuf *block)
{
    for (size_t j = 0; j < p->request->n_targets; j++) {
        const struct pipeline_figure *f = &p->result->figures[j * p->result->n_tensors + tensor];
        size_t place = record_begin(block, RECORD_FIGURE);
        record_put32(block, p->request->walk);
        record_put32(block, (uint32_t)j);
        record_put64(block, tensor);
        put_measure(block, &f->all);
        record_put64(block, f->probe_first);
        record_put64(block, f->probe_count);
        record_put_real(block, f->probe_sse);
        record_end(block, place);
    }
}

static void put_parts(const struct pipeline *p, uint64_t tensor, struct strbuf *block)
{
    const struct tensor_progress *t = &p->tensors[tensor];
    size_t place = record_begin(block, RECORD_PART);
    record_put32(block, p->request->walk);
    record_put64(block, tensor);
    record_put64(block, t->slabs_done);
    for (uint64_t i = 0; i < t->slabs_done * p->request->n_targets; i++)
        put_measure(block, &t->parts[i]);
    record_end(block, place);
}

void snapshot_put(struct pipeline *p, const struct hash *hash, struct strbuf *block)
{
    put_walk(p, hash, block);
    put_sources(p, block);
    for (uint64_t i = 0; i < p->request->model->n_tensors; i++) {
        struct tensor_progress *t = &p->tensors[i];
        if (!t->slabs_done || t->is_kept)
            continue;
        t->is_kept = t->slabs_done == p->cuts[i].n_slabs;
        if (t->is_kept)
            put_figures(p, i, block);
        else
            put_parts(p, i, block);
    }
    p->request->describe(p->request->context, block);
}

/* ---- going on ---- */

struct restoring {
    struct pipeline *p;
    unsigned char *known; /* [target * tensors + tensor]: 1 when its figure is there */
    uint64_t slabs, done;
    uint32_t file;
    int is_there; /* the walk had begun */
};

static void get_measure(struct record *record, struct measure *m)
{
    m->n = record_get64(record);
    m->nonfinite = record_get64(record);
    m->overflowed = record_get64(record);
    m->first_nonfinite = record_get64(record);
    m->first_overflowed = record_get64(record);
    m->sse = record_get_real(record);
    m->sxx = record_get_real(record);
    m->syy = record_get_real(record);
    m->sxy = record_get_real(record);
    m->max_abs = record_get_real(record);
    m->weighted_n = record_get64(record);
    m->weighted_sse = record_get_real(record);
    m->weighted_sxx = record_get_real(record);
    m->seconds = record_get_real(record);
    m->written = record_get64(record);
}

static int damaged(struct error *err)
{
    return error_set(err, PARE_EDATA, "the journal does not fit what is to be made");
}

static int get_walk(struct restoring *to, struct record *record, struct error *err)
{
    struct pipeline *p = to->p;
    to->file = record_get32(record);
    to->slabs = record_get64(record);
    to->done = record_get64(record);
    const unsigned char *state = record_get(record, HASH_STATE_SIZE);
    if (!record_is_whole(record) || to->file > p->request->model->n_files)
        return damaged(err);
    memcpy(p->hash_state, state, HASH_STATE_SIZE);
    to->is_there = 1;
    return 0;
}

static int get_figure(struct restoring *to, struct record *record, struct error *err)
{
    struct pipeline_result *result = to->p->result;
    uint32_t j = record_get32(record);
    uint64_t tensor = record_get64(record);
    struct pipeline_figure f = { .all = MEASURE_INIT };
    get_measure(record, &f.all);
    f.probe_first = record_get64(record);
    f.probe_count = record_get64(record);
    f.probe_sse = record_get_real(record);
    if (!record_is_whole(record) || j >= to->p->request->n_targets || tensor >= result->n_tensors)
        return damaged(err);
    result->figures[j * result->n_tensors + tensor] = f;
    to->known[j * result->n_tensors + tensor] = 1;
    return 0;
}

static int get_parts(struct restoring *to, struct record *record, struct error *err)
{
    struct pipeline *p = to->p;
    const size_t n = p->request->n_targets;
    uint64_t tensor = record_get64(record), slabs = record_get64(record);
    if (record->bad || tensor >= p->result->n_tensors || slabs >= p->cuts[tensor].n_slabs)
        return damaged(err);
    struct tensor_progress *t = &p->tensors[tensor];
    if (!t->parts && !(t->parts = calloc(p->cuts[tensor].n_slabs * n, sizeof *t->parts)))
        return error_oom(err);
    if (!t->written && !(t->written = calloc(p->cuts[tensor].n_slabs, 1)))
        return error_oom(err);
    for (uint64_t i = 0; i < slabs * n && !record->bad; i++)
        get_measure(record, &t->parts[i]);
    t->slabs_done = slabs;
    return record_is_whole(record) ? 0 : damaged(err);
}

static int get_source(const struct restoring *to, struct record *record, struct error *err)
{
    uint32_t file = record_get32(record);
    const unsigned char *hex = record_get(record, HASH_HEX_SIZE - 1);
    if (!record_is_whole(record) || file >= to->p->request->model->n_files)
        return damaged(err);
    if (!to->p->request->without_digests)
        memcpy(to->p->result->sha256[file], hex, HASH_HEX_SIZE - 1);
    return 0;
}

static int get_block(void *context, const unsigned char *block, uint64_t n, struct error *err)
{
    struct restoring *to = context;
    struct record record;
    int r = 0, more;
    while (r == 0 && (more = record_next(&block, &n, &record)) != 0) {
        if (more < 0)
            return damaged(err);
        int is_ours = record.type == RECORD_SOURCE;
        if (record.type == RECORD_WALK || record.type == RECORD_FIGURE ||
            record.type == RECORD_PART)
            is_ours = record_get32(&record) == to->p->request->walk;
        if (!is_ours)
            continue;
        r = record.type == RECORD_WALK     ? get_walk(to, &record, err)
            : record.type == RECORD_FIGURE ? get_figure(to, &record, err)
            : record.type == RECORD_PART   ? get_parts(to, &record, err)
                                           : get_source(to, &record, err);
    }
    return r;
}

/* Passes over the slabs that are done; *ret_counts[tensor] is how many of each tensor are. */
static int pass_over(struct restoring *to, uint64_t **ret_counts, struct error *err)
{
    struct pipeline *p = to->p;
    _cleanup_free_ uint64_t *counts = calloc(p->result->n_tensors + 1, sizeof *counts);
    struct slab slab;
    if (!counts)
        return error_oom(err);
    for (uint64_t i = 0; i < to->slabs; i++) {
        if (!slab_walk_next(p->walk, &slab))
            return damaged(err);
        p->done += slab.length;
        if (slab.has_tensor && slab.number != counts[slab.tensor]++)
            return damaged(err);
    }
    *ret_counts = TAKE(counts);
    return p->done == to->done ? 0 : damaged(err);
}

/* The sum of the slab that verification looks at. */
static void restore_probe(struct pipeline *p, uint64_t tensor)
{
    const struct tensor_progress *t = &p->tensors[tensor];
    uint64_t number = figures_probe(p, tensor);
    if (p->request->measuring == MEASURING_NONE)
        return;
    for (size_t j = 0; number < t->slabs_done && j < p->request->n_targets; j++) {
        struct pipeline_figure *f = &p->result->figures[j * p->result->n_tensors + tensor];
        slab_cut_range(&p->request->model->tensors[tensor], &p->cuts[tensor], number,
                       &f->probe_first, &f->probe_count);
        f->probe_sse = t->parts[number * p->request->n_targets + j].sse;
    }
}

/* Brings a tensor to where its slabs are, if the journal says of it what it has to. */
static int restore_tensor(struct restoring *to, uint64_t tensor, uint64_t slabs, struct error *err)
{
    struct pipeline *p = to->p;
    struct tensor_progress *t = &p->tensors[tensor];
    if (slabs < p->cuts[tensor].n_slabs) {
        if (slabs && t->slabs_done != slabs)
            return damaged(err);
        if (!slabs)
            t->slabs_done = 0;
        for (t->front = 0; t->front < slabs; t->front++)
            t->written[t->front] = 1;
        restore_probe(p, tensor);
    } else {
        for (size_t j = 0; slabs && j < p->request->n_targets; j++)
            if (!to->known[j * p->result->n_tensors + tensor])
                return damaged(err);
        free(TAKE(t->parts));
        free(TAKE(t->written));
        t->slabs_done = t->front = slabs;
        t->is_kept = 1;
    }
    if (t->front)
        figures_tell_digests(p, tensor);
    return 0;
}

int snapshot_restore(struct pipeline *p, struct error *err)
{
    const uint64_t n = p->result->n_tensors;
    struct restoring to = { .p = p };
    _cleanup_free_ uint64_t *counts = NULL;
    _cleanup_free_ unsigned char *known = to.known = calloc(p->request->n_targets * n + 1, 1);
    if (!known)
        return error_oom(err);
    int r = journal_read(p->request->journal, get_block, &to, err);
    if (r < 0 || !to.is_there)
        return r;
    r = pass_over(&to, &counts, err);
    for (uint64_t i = 0; r == 0 && i < n; i++)
        r = restore_tensor(&to, i, counts[i], err);
    p->slabs = to.slabs;
    p->current = p->kept_files = to.file;
    p->goes_on = 1;
    return r == 0 ? audit_prepare(p, err) : r;
}
