/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The walk over a source: see slab.h. */
#include "convert/slab.h"

#include "base/cleanup.h"

#include <string.h>

#define GAP_BYTES (1u << 20) /* bytes without a tensor are read in pieces of this */

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t t = a % b;
        a = b;
        b = t;
    }
    return a;
}

static int needs_whole_rows(const struct encoding *e)
{
    if (e->flags & PARE_ENCODING_WHOLE_ROWS)
        return 1;
    for (uint32_t i = 0; i < e->n_planes; i++)
        if (e->planes[i].bytes_per_row)
            return 1;
    return 0;
}

void slab_cut_make(const struct model_tensor *tensor, const struct encoding *const *encodings,
                   size_t n, struct slab_cut *ret_cut)
{
    uint64_t unit = 1;
    int whole = !tensor->encoding; /* what is not known can only be split between rows */
    for (size_t i = 0; i < n; i++) {
        unit = unit / gcd(unit, encodings[i]->block_len) * encodings[i]->block_len;
        whole |= needs_whole_rows(encodings[i]);
    }
    struct slab_cut cut = { .elements = tensor->row_len };
    if (!tensor->elements) {
        *ret_cut = cut;
        return;
    }
    if (tensor->row_len <= SLAB_ELEMENTS) {
        cut.elements = SLAB_ELEMENTS / tensor->row_len * tensor->row_len;
    } else if (!whole) {
        cut.within_rows = 1;
        cut.elements = unit >= SLAB_ELEMENTS ? unit : SLAB_ELEMENTS / unit * unit;
    }
    uint64_t per_row = (tensor->row_len + cut.elements - 1) / cut.elements;
    cut.n_slabs = cut.within_rows ? tensor->rows * per_row
                                  : (tensor->elements + cut.elements - 1) / cut.elements;
    *ret_cut = cut;
}

void slab_plane_range(const struct model_tensor *tensor, const struct encoding *encoding,
                      uint32_t plane, uint64_t first, uint64_t count, uint64_t *ret_offset,
                      uint64_t *ret_length)
{
    const struct pare_plane *p = &encoding->planes[plane];
    uint64_t row = first / tensor->row_len, column = first % tensor->row_len;
    uint64_t row_bytes =
        tensor->row_len / encoding->block_len * p->bytes_per_block + p->bytes_per_row;
    *ret_offset = row * row_bytes + column / encoding->block_len * p->bytes_per_block;
    if (count % tensor->row_len == 0)
        *ret_length = count / tensor->row_len * row_bytes;
    else
        *ret_length = count / encoding->block_len * p->bytes_per_block;
}

void slab_kernel_shape(const struct model_tensor *tensor, const struct slab_cut *cut,
                       uint64_t count, uint64_t *ret_rows, uint64_t *ret_row_len)
{
    *ret_rows = cut->within_rows ? 1 : count / tensor->row_len;
    *ret_row_len = cut->within_rows ? count : tensor->row_len;
}

struct slab_walk {
    const struct model *model;
    const struct slab_cut *cuts;
    int plain;
    uint64_t *order; /* tensors read off the files, by file and offset */
    uint64_t n_order, at;
    uint32_t file;
    uint64_t pos;         /* in the file */
    uint64_t number;      /* next slab of the tensor that is being cut; n_slabs: none */
    uint64_t other;       /* next tensor that is not read off the files */
    uint64_t other_slab;
};

static int is_walked(const struct slab_walk *walk, const struct model_tensor *t)
{
    return walk->plain && t->n_planes == 1 && t->elements > 0;
}

static int compare_places(const void *a, const void *b, void *model_)
{
    const struct model *model = model_;
    const struct pare_extent *x = &model->tensors[*(const uint64_t *)a].planes[0];
    const struct pare_extent *y = &model->tensors[*(const uint64_t *)b].planes[0];
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

int slab_walk_new(const struct model *model, const struct slab_cut *cuts, int plain,
                  struct slab_walk **ret_walk, struct error *err)
{
    struct slab_walk *walk = calloc(1, sizeof *walk);
    if (!walk || !(walk->order = calloc(model->n_tensors + 1, sizeof *walk->order))) {
        free(walk);
        return error_oom(err);
    }
    walk->model = model;
    walk->cuts = cuts;
    walk->plain = plain;
    for (uint64_t i = 0; i < model->n_tensors; i++)
        if (is_walked(walk, &model->tensors[i]))
            walk->order[walk->n_order++] = i;
    qsort_r(walk->order, walk->n_order, sizeof *walk->order, compare_places, (void *)model);
    *ret_walk = walk;
    return 0;
}

void slab_walk_free(struct slab_walk *walk)
{
    if (!walk)
        return;
    free(walk->order);
    free(walk);
}

/* Elements of slab `number`. */
static void cut_range(const struct model_tensor *t, const struct slab_cut *cut, uint64_t number,
                      uint64_t *ret_first, uint64_t *ret_count)
{
    if (!cut->within_rows) {
        *ret_first = number * cut->elements;
        *ret_count = t->elements - *ret_first < cut->elements ? t->elements - *ret_first
                                                              : cut->elements;
        return;
    }
    uint64_t per_row = (t->row_len + cut->elements - 1) / cut->elements;
    uint64_t column = number % per_row * cut->elements;
    *ret_first = number / per_row * t->row_len + column;
    *ret_count = t->row_len - column < cut->elements ? t->row_len - column : cut->elements;
}

/* Bytes before row `row` of a tensor whose encoding is not known: its share, rounded down. Where
 * rows are no whole number of bytes, all ranges together still give every byte once. */
static uint64_t share_before(const struct model_tensor *t, uint64_t row)
{
    return (uint64_t)((unsigned __int128)t->planes[0].length * row / t->rows);
}

/* A tensor without a known encoding is one run of bytes. */
static void byte_range(const struct model_tensor *t, uint64_t first, uint64_t count,
                       uint64_t *ret_offset, uint64_t *ret_length)
{
    if (t->encoding) {
        slab_plane_range(t, t->encoding, 0, first, count, ret_offset, ret_length);
        return;
    }
    *ret_offset = share_before(t, first / t->row_len);
    *ret_length = share_before(t, (first + count) / t->row_len) - *ret_offset;
}

static void next_of_tensor(struct slab_walk *walk, struct slab *ret_slab)
{
    uint64_t index = walk->order[walk->at], offset, length;
    const struct model_tensor *t = &walk->model->tensors[index];
    struct slab slab = { .file = walk->file, .has_tensor = 1, .tensor = index,
                         .number = walk->number };
    cut_range(t, &walk->cuts[index], slab.number, &slab.first, &slab.count);
    byte_range(t, slab.first, slab.count, &offset, &length);
    slab.offset = t->planes[0].offset + offset;
    slab.length = length;
    walk->pos = slab.offset + length;
    if (++walk->number == walk->cuts[index].n_slabs) {
        walk->number = 0;
        walk->at++;
    }
    *ret_slab = slab;
}

static int next_other(struct slab_walk *walk, struct slab *ret_slab)
{
    for (; walk->other < walk->model->n_tensors; walk->other++, walk->other_slab = 0) {
        const struct model_tensor *t = &walk->model->tensors[walk->other];
        if (is_walked(walk, t) || walk->other_slab >= walk->cuts[walk->other].n_slabs)
            continue;
        struct slab slab = { .has_tensor = 1, .tensor = walk->other, .number = walk->other_slab };
        cut_range(t, &walk->cuts[walk->other], slab.number, &slab.first, &slab.count);
        walk->other_slab++;
        *ret_slab = slab;
        return 1;
    }
    return 0;
}

int slab_walk_next(struct slab_walk *walk, struct slab *ret_slab)
{
    while (walk->file < walk->model->n_files) {
        const struct model_file *file = &walk->model->files[walk->file];
        uint64_t until = file->role == PARE_FILE_IGNORED ? 0 : file->size;
        if (walk->at < walk->n_order) {
            const struct pare_extent *next =
                &walk->model->tensors[walk->order[walk->at]].planes[0];
            if (next->file == walk->file && (walk->number || next->offset == walk->pos)) {
                next_of_tensor(walk, ret_slab);
                return 1;
            }
            if (next->file == walk->file)
                until = next->offset;
        }
        if (walk->pos < until) {
            uint64_t n = until - walk->pos < GAP_BYTES ? until - walk->pos : GAP_BYTES;
            *ret_slab = (struct slab){ .file = walk->file, .offset = walk->pos, .length = n };
            walk->pos += n;
            return 1;
        }
        walk->file++;
        walk->pos = 0;
    }
    return next_other(walk, ret_slab);
}

static uint64_t largest_of_tensor(const struct slab_walk *walk, uint64_t index)
{
    const struct model_tensor *t = &walk->model->tensors[index];
    const struct slab_cut *cut = &walk->cuts[index];
    uint64_t count = cut->elements < t->elements ? cut->elements : t->elements;
    uint64_t total = 0, offset, length;
    if (!t->elements)
        return 0;
    for (uint32_t p = 0; p < t->n_planes; p++) {
        if (t->encoding)
            slab_plane_range(t, t->encoding, p, 0, count, &offset, &length);
        else
            length = share_before(t, count / t->row_len) + 1;
        total += length;
    }
    return total;
}

uint64_t slab_walk_largest(const struct slab_walk *walk)
{
    uint64_t largest = GAP_BYTES;
    for (uint64_t i = 0; i < walk->model->n_tensors; i++) {
        uint64_t n = largest_of_tensor(walk, i);
        largest = n > largest ? n : largest;
    }
    return largest;
}
