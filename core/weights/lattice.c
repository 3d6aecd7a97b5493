/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Lattices: see lattice.h. The caller's thread reads and decodes; slabs are then tried in parallel,
 * one per lane. What is recovered here is thrown away: the pipeline does it again where it writes.
 */
#include "weights/lattice.h"

#include "base/cleanup.h"
#include "weights/floats.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#define LANES 16 /* at most */

struct lane { /* one slab, on one thread */
    const struct search *search;
    uint64_t first, count; /* what x is; count 0: nothing yet */
    float *x;
    unsigned char *planes;
    int found;
    uint64_t blocks, telling; /* that are not zero; that could not be of any lattice */
    pthread_t thread;
    int started;
};

struct search {
    const struct lattice_look *look;
    const struct model_tensor *tensor;
    const struct encoding *to;
    struct model_tensor as; /* the tensor, in that encoding */
    uint64_t index;
    uint32_t grain;
    struct slab_cut cut;
    struct lane lanes[LANES];
    unsigned n_lanes;
    uint64_t blocks, telling;
};

static void search_deinit(struct search *s)
{
    for (unsigned i = 0; i < s->n_lanes; i++) {
        free(s->lanes[i].x);
        free(s->lanes[i].planes);
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

static void *try_lane(void *lane_)
{
    struct lane *lane = lane_;
    const struct search *s = lane->search;
    void *planes[PARE_MAX_PLANES] = { 0 };
    uint64_t rows, row_len, offset, length, at = 0;
    for (uint32_t i = 0; i < s->to->n_planes; i++) {
        planes[i] = lane->planes + at;
        slab_plane_range(&s->as, i, 0, lane->count, &offset, &length);
        at += length;
    }
    slab_kernel_shape(s->tensor, &s->cut, lane->count, &rows, &row_len);
    lane->found = s->to->recover(lane->x, rows, row_len, s->grain, planes) == 1;
    lane->blocks = lane->telling = 0;
    for (uint64_t i = 0; lane->found && i < lane->count; i += s->to->block_len) {
        unsigned known = count_magnitudes(lane->x + i, s->to->block_len);
        lane->blocks += known > 0;
        lane->telling += known == LATTICE_MAGNITUDES;
    }
    return NULL;
}

/* Tries the first n lanes. Gives whether all are found. */
static int try_lanes(struct search *s, unsigned n)
{
    int found = 1;
    for (unsigned i = 1; i < n; i++)
        s->lanes[i].started = pthread_create(&s->lanes[i].thread, NULL, try_lane, &s->lanes[i]) ==
                              0;
    for (unsigned i = 0; i < n; i++) {
        if (i == 0 || !s->lanes[i].started)
            (void)try_lane(&s->lanes[i]);
        else
            (void)pthread_join(s->lanes[i].thread, NULL);
        found &= s->lanes[i].found;
        s->blocks += s->lanes[i].blocks;
        s->telling += s->lanes[i].telling;
    }
    return found;
}

/* Room for slabs of `elements` in a lane more. */
static int add_lane(struct search *s, uint64_t elements, struct error *err)
{
    struct lane *lane = &s->lanes[s->n_lanes++];
    uint64_t offset, length, total = 1;
    for (uint32_t i = 0; i < s->to->n_planes; i++) {
        slab_plane_range(&s->as, i, 0, elements, &offset, &length);
        total += length;
    }
    lane->search = s;
    lane->x = malloc((elements + 1) * sizeof *lane->x);
    lane->planes = malloc(total);
    return lane->x && lane->planes ? 0 : error_oom(err);
}

/* Remembers the tensor's first weights. */
static void keep_row(const struct search *s, const struct lane *lane)
{
    struct lattice_row *row = s->look->row;
    float *x = row->count == lane->count ? row->x : realloc(row->x, lane->count * sizeof *row->x);
    if (!x)
        return;
    memcpy(x, lane->x, lane->count * sizeof *x);
    *row = (struct lattice_row){ s->index, lane->count, x };
}

static int load_lane(struct search *s, unsigned lane, uint64_t first, uint64_t count,
                     struct error *err)
{
    struct lane *l = &s->lanes[lane];
    if (l->count == count && l->first == first)
        return 0;
    l->first = first;
    l->count = count;
    const struct lattice_row *row = first ? NULL : s->look->row;
    if (row && row->tensor == s->index && row->count == count) {
        memcpy(l->x, row->x, count * sizeof *l->x);
        return 0;
    }
    int r = floats_load(s->look->source, s->tensor, s->index, &s->cut, first, count, l->x, err);
    if (r == 0 && row)
        keep_row(s, l);
    return r;
}

/* The blocks that were seen are no accident. */
static int is_telling(const struct search *s)
{
    return s->telling > 0 && s->telling >= (s->blocks + 3) / 4;
}

/* The other slabs, until one is not found. */
static int look_through(struct search *s, int *ret_found, struct error *err)
{
    *ret_found = 1;
    for (uint64_t at = 1; at < s->cut.n_slabs && *ret_found;) {
        unsigned n = 0;
        for (; n < s->n_lanes && at < s->cut.n_slabs; n++, at++) {
            uint64_t first, count;
            slab_cut_range(s->tensor, &s->cut, at, &first, &count);
            int r = load_lane(s, n, first, count, err);
            if (r < 0)
                return r;
        }
        *ret_found = try_lanes(s, n);
        if (s->look->beat)
            s->look->beat(s->look->context);
    }
    return 0;
}

/* The first `count` elements, in a lane that has room for them. */
static int look_at_first(struct search *s, uint64_t count, int *ret_found, struct error *err)
{
    s->blocks = s->telling = 0;
    int r = load_lane(s, 0, 0, count, err);
    if (r == 0)
        *ret_found = try_lanes(s, 1);
    return r;
}

static uint64_t first_slab(const struct search *s)
{
    return s->tensor->elements < s->cut.elements ? s->tensor->elements : s->cut.elements;
}

static uint64_t first_row(const struct search *s)
{
    return s->cut.within_rows ? first_slab(s) : s->tensor->row_len;
}

/* The first row; the first slab, which has to tell something; all others. */
static int look_at(struct search *s, int *ret_found, struct error *err)
{
    uint64_t slab = first_slab(s);
    int r = look_at_first(s, first_row(s), ret_found, err);
    if (r == 0 && *ret_found && !s->look->quick)
        r = look_at_first(s, slab, ret_found, err);
    *ret_found = r == 0 && *ret_found && is_telling(s);
    if (r < 0 || !*ret_found || s->look->quick)
        return r;
    while (r == 0 && s->n_lanes < LANES && s->n_lanes < s->look->threads &&
           s->n_lanes < s->cut.n_slabs)
        r = add_lane(s, slab, err);
    if (r == 0)
        r = look_through(s, ret_found, err);
    *ret_found = *ret_found && is_telling(s);
    return r;
}

int lattice_find(const struct lattice_look *look, const struct model_tensor *tensor, uint64_t index,
                 const struct encoding *to, int *ret_hold, struct error *err)
{
    static const int holds[] = { LATTICE_EXACT, LATTICE_ROUNDED };
    const struct encoding *encodings[2] = { tensor->encoding, to };
    CLEANUP(search_deinit)
    struct search s = { .look = look, .tensor = tensor, .to = to, .as = *tensor, .index = index };
    s.as.encoding = to;
    s.as.n_planes = to->n_planes;
    *ret_hold = LATTICE_NONE;
    if (!look->source || !to->recover || !tensor->encoding || !tensor->encoding->kernel.decode ||
        (tensor->encoding->flags & PARE_ENCODING_INTEGER) || !tensor->elements ||
        tensor->row_len % to->block_len)
        return 0;
    slab_cut_make(tensor, encodings, 2, &s.cut);
    int may = 0, r = add_lane(&s, look->quick ? first_row(&s) : first_slab(&s), err);
    s.grain = lattice_grain(tensor->encoding, LATTICE_ROUNDED);
    if (r == 0) /* what is exact is so when rounded, too */
        r = look_at_first(&s, first_row(&s), &may, err);
    if (r < 0 || !may)
        return r;
    for (size_t i = 0; i < sizeof holds / sizeof *holds && *ret_hold == LATTICE_NONE; i++) {
        int found = 0;
        s.grain = lattice_grain(tensor->encoding, holds[i]);
        if (i > 0 && s.grain == PARE_GRAIN_F32)
            break;
        r = look_at(&s, &found, err);
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
