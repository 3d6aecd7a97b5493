/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Lattices: see lattice.h. The caller's thread reads and decodes; slabs are then tried in parallel,
 * one in each slot. What is recovered here is thrown away: the pipeline does it again where it
 * writes.
 */
#include "weights/lattice.h"

#include "base/cleanup.h"
#include "weights/floats.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#define SLOTS 16 /* at most */

struct slot { /* one slab, on one thread */
    const struct tensor_search *search;
    uint64_t first, count; /* what x is; count 0: nothing yet */
    float *x;
    unsigned char *planes;
    int found;
    uint64_t blocks, telling; /* that are not zero; that could not be of any lattice */
    pthread_t thread;
    int started;
};

struct tensor_search {
    const struct lattice_search *how;
    const struct model_tensor *tensor;
    const struct encoding *to;
    struct model_tensor as;                     /* the tensor, in that encoding */
    struct pare_extent planes[PARE_MAX_PLANES]; /* of `as` */
    uint64_t index;
    uint32_t grain;
    struct slab_cut cut;
    struct slot slots[SLOTS];
    unsigned n_slots;
    uint64_t blocks, telling;
};

static void search_deinit(struct tensor_search *s)
{
    for (unsigned i = 0; i < s->n_slots; i++) {
        free(s->slots[i].x);
        free(s->slots[i].planes);
    }
}

/* Counts different magnitudes other than zero, up to LATTICE_MAGNITUDES. */
static unsigned count_magnitudes(const float *x, uint32_t n)
{
    float seen[LATTICE_MAGNITUDES] = { 0 };
    unsigned known = 0;
    for (uint32_t i = 0; i < n && known < LATTICE_MAGNITUDES; i++) {
        float magnitude = fabsf(x[i]);
        unsigned j = 0;
        while (j < known && seen[j] != magnitude)
            j++;
        if (j == known && magnitude != 0)
            seen[known++] = magnitude;
    }
    return known;
}

static void *try_slot(void *slot_)
{
    struct slot *slot = slot_;
    const struct tensor_search *s = slot->search;
    void *planes[PARE_MAX_PLANES] = { 0 };
    uint64_t at = 0;
    struct slab_shape shape;
    slab_shape_make(&s->as, &s->cut, 0, slot->count, &shape);
    for (uint32_t i = 0; i < s->to->n_planes; i++) {
        planes[i] = slot->planes + at;
        at += shape.length[i];
    }
    slot->found = s->to->recover(slot->x, shape.rows, shape.row_len, s->grain, planes) == 1;
    slot->blocks = slot->telling = 0;
    for (uint64_t i = 0; slot->found && i < slot->count; i += s->to->block_len) {
        unsigned known = count_magnitudes(slot->x + i, s->to->block_len);
        slot->blocks += known > 0;
        slot->telling += known == LATTICE_MAGNITUDES;
    }
    return NULL;
}

/* Tries the first n slots. Gives whether all are found. */
static int try_slots(struct tensor_search *s, unsigned n)
{
    int found = 1;
    for (unsigned i = 1; i < n; i++)
        s->slots[i].started = pthread_create(&s->slots[i].thread, NULL, try_slot, &s->slots[i]) ==
                              0;
    for (unsigned i = 0; i < n; i++) {
        if (i == 0 || !s->slots[i].started)
            (void)try_slot(&s->slots[i]);
        else
            (void)pthread_join(s->slots[i].thread, NULL);
        found &= s->slots[i].found;
        s->blocks += s->slots[i].blocks;
        s->telling += s->slots[i].telling;
    }
    return found;
}

/* Room for slabs of `elements` in a slot more. */
static int add_slot(struct tensor_search *s, uint64_t elements, struct error *err)
{
    struct slot *slot = &s->slots[s->n_slots++];
    slot->search = s;
    slot->x = malloc((elements + 1) * sizeof *slot->x);
    slot->planes = malloc(slab_bytes(&s->as, 0, elements) + 1);
    return slot->x && slot->planes ? 0 : error_oom(err);
}

/* Remembers the tensor's first weights. */
static void remember_row(const struct tensor_search *s, const struct slot *slot)
{
    struct lattice_row *row = s->how->row;
    float *x = row->count == slot->count ? row->x : realloc(row->x, slot->count * sizeof *row->x);
    if (!x)
        return;
    memcpy(x, slot->x, slot->count * sizeof *x);
    *row = (struct lattice_row){ s->index, slot->count, x };
}

static int load_slot(struct tensor_search *s, unsigned slot, uint64_t first, uint64_t count,
                     struct error *err)
{
    struct slot *l = &s->slots[slot];
    if (l->count == count && l->first == first)
        return 0;
    l->first = first;
    l->count = count;
    const struct lattice_row *row = first ? NULL : s->how->row;
    if (row && row->tensor == s->index && row->count == count) {
        memcpy(l->x, row->x, count * sizeof *l->x);
        return 0;
    }
    int r = floats_load(s->how->source, s->tensor, s->index, &s->cut, first, count, l->x, err);
    if (r == 0 && row)
        remember_row(s, l);
    return r;
}

/* So many blocks on the lattice cannot be there by chance. */
static int is_telling(const struct tensor_search *s)
{
    return s->telling > 0 && s->telling >= (s->blocks + 3) / 4;
}

/* The other slabs, until one is not found. */
static int search_rest(struct tensor_search *s, int *ret_found, struct error *err)
{
    *ret_found = 1;
    for (uint64_t at = 1; at < s->cut.n_slabs && *ret_found;) {
        unsigned n = 0;
        for (; n < s->n_slots && at < s->cut.n_slabs; n++, at++) {
            uint64_t first, count;
            slab_cut_range(s->tensor, &s->cut, at, &first, &count);
            int r = load_slot(s, n, first, count, err);
            if (r < 0)
                return r;
        }
        *ret_found = try_slots(s, n);
        if (s->how->beat)
            s->how->beat(s->how->context);
    }
    return 0;
}

/* The first `count` elements, in a slot that has room for them. */
static int try_first(struct tensor_search *s, uint64_t count, int *ret_found, struct error *err)
{
    s->blocks = s->telling = 0;
    int r = load_slot(s, 0, 0, count, err);
    if (r == 0)
        *ret_found = try_slots(s, 1);
    return r;
}

static uint64_t first_slab(const struct tensor_search *s)
{
    return s->tensor->elements < s->cut.elements ? s->tensor->elements : s->cut.elements;
}

static uint64_t first_row(const struct tensor_search *s)
{
    return s->cut.within_rows ? first_slab(s) : s->tensor->row_len;
}

/* The first row; the first slab, which has to tell something; all others. */
static int search_tensor(struct tensor_search *s, int *ret_found, struct error *err)
{
    uint64_t slab = first_slab(s);
    int r = try_first(s, first_row(s), ret_found, err);
    if (r == 0 && *ret_found && !s->how->quick)
        r = try_first(s, slab, ret_found, err);
    *ret_found = r == 0 && *ret_found && is_telling(s);
    if (r < 0 || !*ret_found || s->how->quick)
        return r;
    while (r == 0 && s->n_slots < SLOTS && s->n_slots < s->how->threads &&
           s->n_slots < s->cut.n_slabs)
        r = add_slot(s, slab, err);
    if (r == 0)
        r = search_rest(s, ret_found, err);
    *ret_found = *ret_found && is_telling(s);
    return r;
}

int lattice_find(const struct lattice_search *how, const struct model_tensor *tensor,
                 uint64_t index, const struct encoding *to, int *ret_hold, struct error *err)
{
    static const int holds[] = { LATTICE_EXACT, LATTICE_ROUNDED };
    const struct encoding *encodings[2] = { tensor->encoding, to };
    CLEANUP(search_deinit)
    struct tensor_search s = {
        .how = how, .tensor = tensor, .to = to, .as = *tensor, .index = index
    };
    s.as.encoding = to;
    s.as.n_planes = to->n_planes;
    s.as.planes = s.planes;
    if (tensor->n_planes)
        memcpy(s.planes, tensor->planes, tensor->n_planes * sizeof *s.planes);
    *ret_hold = LATTICE_NONE;
    if (!how->source || !to->recover || encoding_has_shared_planes(to) || !tensor->encoding ||
        !tensor->encoding->kernel.decode || (tensor->encoding->flags & PARE_ENCODING_INTEGER) ||
        !tensor->elements || tensor->row_len % to->block_len)
        return 0;
    slab_cut_make(tensor, encodings, 2, &s.cut);
    int may = 0, r = add_slot(&s, how->quick ? first_row(&s) : first_slab(&s), err);
    s.grain = lattice_grain(tensor->encoding, LATTICE_ROUNDED);
    if (r == 0) /* what is exact is so when rounded, too */
        r = try_first(&s, first_row(&s), &may, err);
    if (r < 0 || !may)
        return r;
    for (size_t i = 0; i < sizeof holds / sizeof *holds && *ret_hold == LATTICE_NONE; i++) {
        int found = 0;
        s.grain = lattice_grain(tensor->encoding, holds[i]);
        if (i > 0 && s.grain == PARE_GRAIN_F32)
            break;
        r = search_tensor(&s, &found, err);
        if (r < 0)
            return r;
        *ret_hold = found ? holds[i] : LATTICE_NONE;
    }
    return 0;
}

uint32_t lattice_grain(const struct encoding *from, int hold)
{
    if (hold != LATTICE_ROUNDED)
        return PARE_GRAIN_F32;
    return !strcmp(from->name, "f16")    ? PARE_GRAIN_F16
           : !strcmp(from->name, "bf16") ? PARE_GRAIN_BF16
                                         : PARE_GRAIN_F32;
}

const char *lattice_name(int hold)
{
    return hold == LATTICE_EXACT ? "exact" : hold == LATTICE_ROUNDED ? "rounded" : NULL;
}
