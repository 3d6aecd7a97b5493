/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The walk over a source: see slab.h. */
#include "convert/slab.h"

#include "base/cleanup.h"

#include <string.h>

#define GAP_BYTES (4 * SLAB_ELEMENTS) /* bytes without a tensor are read in pieces of this */

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t t = a % b;
        a = b;
        b = t;
    }
    return a;
}

void slab_cut_make(const struct model_tensor *tensor, const struct encoding *const *encodings,
                   size_t n, struct slab_cut *ret_cut)
{
    uint64_t unit = 1;
    int whole = !tensor->encoding; /* what is not known can only be split between rows */
    for (size_t i = 0; i < n; i++) {
        unit = unit / gcd(unit, encodings[i]->block_len) * encodings[i]->block_len;
        whole |= encoding_whole_rows(encodings[i]);
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

/* Bytes before row `row` of a tensor whose encoding is not known: its share, rounded down. Where
 * rows are no whole number of bytes, all ranges together still give every byte once. */
static uint64_t share_before(const struct model_tensor *t, uint64_t row)
{
    return (uint64_t)((unsigned __int128)t->planes[0].length * row / t->rows);
}

void slab_plane_range(const struct model_tensor *tensor, uint32_t plane, uint64_t first,
                      uint64_t count, uint64_t *ret_offset, uint64_t *ret_length)
{
    const struct encoding *encoding = tensor->encoding;
    uint64_t row = first / tensor->row_len, column = first % tensor->row_len;
    if (!encoding) {
        *ret_offset = share_before(tensor, row);
        *ret_length = share_before(tensor, (first + count) / tensor->row_len) - *ret_offset;
        return;
    }
    const struct pare_plane *p = &encoding->planes[plane];
    uint64_t row_bytes =
        tensor->row_len / encoding->block_len * p->bytes_per_block + p->bytes_per_row;
    *ret_offset = row * row_bytes + column / encoding->block_len * p->bytes_per_block;
    if (count % tensor->row_len == 0)
        *ret_length = count / tensor->row_len * row_bytes;
    else
        *ret_length = count / encoding->block_len * p->bytes_per_block;
}

uint64_t slab_bytes(const struct model_tensor *tensor, uint64_t first, uint64_t count)
{
    uint64_t total = 0, offset, length;
    for (uint32_t i = 0; i < tensor->n_planes; i++) {
        slab_plane_range(tensor, i, first, count, &offset, &length);
        total += length;
    }
    return total;
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
    uint64_t *order; /* tensors read off the files, by file and offset */
    uint64_t n_order, at;
    uint64_t *late;  /* all others, by where the walk has seen what they are made of */
    uint64_t n_late, late_at;
    uint32_t file;
    uint64_t pos;         /* in the file */
    uint64_t number;      /* next slab of order[at] */
    uint64_t late_number; /* next slab of late[late_at] */
};

struct place {
    uint32_t file;
    uint64_t offset;
};

/* The place after which the walk has seen all of a tensor's bytes. */
static struct place end_of(const struct model_tensor *t)
{
    if (t->computed)
        return (struct place){ t->end_file, t->end_offset };
    struct place end = { 0, 0 };
    for (uint32_t i = 0; i < t->n_planes; i++) {
        const struct pare_extent *p = &t->planes[i];
        if (p->file > end.file || (p->file == end.file && p->offset + p->length > end.offset))
            end = (struct place){ p->file, p->offset + p->length };
    }
    return end;
}

static int compare(struct place a, struct place b)
{
    if (a.file != b.file)
        return a.file < b.file ? -1 : 1;
    return (a.offset > b.offset) - (a.offset < b.offset);
}

static int compare_starts(const void *a, const void *b, void *model_)
{
    const struct model *model = model_;
    uint64_t i = *(const uint64_t *)a, j = *(const uint64_t *)b;
    const struct pare_extent *x = &model->tensors[i].planes[0], *y = &model->tensors[j].planes[0];
    int r = compare((struct place){ x->file, x->offset }, (struct place){ y->file, y->offset });
    return r ? r : (i > j) - (i < j);
}

static int compare_ends(const void *a, const void *b, void *model_)
{
    const struct model *model = model_;
    uint64_t i = *(const uint64_t *)a, j = *(const uint64_t *)b;
    int r = compare(end_of(&model->tensors[i]), end_of(&model->tensors[j]));
    return r ? r : (i > j) - (i < j);
}

/* Tensors that begin within another one cannot be walked besides it: they are read later. */
static void put_off_overlaps(struct slab_walk *walk)
{
    struct place end = { 0, 0 };
    uint64_t n = 0;
    for (uint64_t i = 0; i < walk->n_order; i++) {
        const struct model_tensor *t = &walk->model->tensors[walk->order[i]];
        if (compare((struct place){ t->planes[0].file, t->planes[0].offset }, end) < 0) {
            walk->late[walk->n_late++] = walk->order[i];
            continue;
        }
        end = end_of(t);
        walk->order[n++] = walk->order[i];
    }
    walk->n_order = n;
}

DEFINE_CLEANUP(struct slab_walk *, slab_walk_free);

int slab_walk_new(const struct model *model, const struct slab_cut *cuts,
                  struct slab_walk **ret_walk, struct error *err)
{
    CLEANUP(slab_walk_free_cleanup) struct slab_walk *walk = calloc(1, sizeof *walk);
    if (!walk)
        return error_oom(err);
    walk->order = calloc(model->n_tensors + 1, sizeof *walk->order);
    walk->late = calloc(model->n_tensors + 1, sizeof *walk->late);
    if (!walk->order || !walk->late)
        return error_oom(err);
    walk->model = model;
    walk->cuts = cuts;
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        const struct model_tensor *t = &model->tensors[i];
        if (!t->elements)
            continue;
        if (!t->computed && t->n_planes == 1)
            walk->order[walk->n_order++] = i;
        else
            walk->late[walk->n_late++] = i;
    }
    qsort_r(walk->order, walk->n_order, sizeof *walk->order, compare_starts, (void *)model);
    put_off_overlaps(walk);
    qsort_r(walk->late, walk->n_late, sizeof *walk->late, compare_ends, (void *)model);
    *ret_walk = TAKE(walk);
    return 0;
}

void slab_walk_free(struct slab_walk *walk)
{
    if (!walk)
        return;
    free(walk->order);
    free(walk->late);
    free(walk);
}

void slab_cut_range(const struct model_tensor *t, const struct slab_cut *cut, uint64_t number,
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

static void next_of_tensor(struct slab_walk *walk, struct slab *ret_slab)
{
    uint64_t index = walk->order[walk->at], offset, length;
    const struct model_tensor *t = &walk->model->tensors[index];
    struct slab slab = { .file = walk->file, .has_tensor = 1, .tensor = index,
                         .number = walk->number };
    slab_cut_range(t, &walk->cuts[index], slab.number, &slab.first, &slab.count);
    slab_plane_range(t, 0, slab.first, slab.count, &offset, &length);
    slab.offset = t->planes[0].offset + offset;
    slab.length = length;
    walk->pos = slab.offset + length;
    if (++walk->number == walk->cuts[index].n_slabs) {
        walk->number = 0;
        walk->at++;
    }
    *ret_slab = slab;
}

/* The next slab of a tensor that is not read off the files, if the walk has come so far. */
static int next_late(struct slab_walk *walk, struct slab *ret_slab)
{
    if (walk->late_at == walk->n_late)
        return 0;
    uint64_t index = walk->late[walk->late_at];
    const struct model_tensor *t = &walk->model->tensors[index];
    if (walk->file < walk->model->n_files &&
        compare(end_of(t), (struct place){ walk->file, walk->pos }) > 0)
        return 0;
    struct slab slab = { .has_tensor = 1, .tensor = index, .number = walk->late_number };
    slab_cut_range(t, &walk->cuts[index], slab.number, &slab.first, &slab.count);
    if (++walk->late_number == walk->cuts[index].n_slabs) {
        walk->late_number = 0;
        walk->late_at++;
    }
    *ret_slab = slab;
    return 1;
}

int slab_walk_next(struct slab_walk *walk, struct slab *ret_slab)
{
    while (!next_late(walk, ret_slab)) {
        if (walk->file == walk->model->n_files)
            return 0;
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
    return 1;
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
        slab_plane_range(t, p, 0, count, &offset, &length);
        total += length + !t->encoding; /* shares of bytes are rounded */
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
