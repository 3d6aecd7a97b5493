/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The walk over a source: see slab.h. */
#include "weights/slab.h"

#include "base/cleanup.h"
#include "model/encoding.h"

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

/* The least common multiple of a and b, or `most` where it is larger. */
static uint64_t common(uint64_t a, uint64_t b, uint64_t most)
{
    unsigned __int128 product = (unsigned __int128)(a / gcd(a, b)) * b;
    return product < most ? (uint64_t)product : most;
}

/* An encoding whose rows must come whole: for its kernels, or to look at them first. */
static int needs_rows(const struct encoding *encoding)
{
    return encoding_whole_rows(encoding) || encoding->said.gather;
}

void slab_cut_make(const struct model_tensor *tensor, const struct encoding *const *encodings,
                   size_t n, struct slab_cut *ret_cut)
{
    struct slab_cut cut = { .elements = tensor->row_len };
    uint64_t unit = 1, rows = 1;
    int whole = !tensor->encoding; /* what is not known can only be split between rows */
    if (!tensor->elements) {
        *ret_cut = cut;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        unit = common(unit, encoding_unit(encodings[i]), UINT64_MAX);
        rows = common(rows, encoding_tile_rows(encodings[i]), tensor->rows);
        whole |= needs_rows(encodings[i]);
    }
    uint64_t tile = rows * tensor->row_len;
    if (tile > SLAB_ELEMENTS && whole) {
        cut.elements = tile;
    } else if (tensor->row_len <= SLAB_ELEMENTS) {
        cut.elements = SLAB_ELEMENTS / tile * tile;
    } else if (!whole) {
        cut.within_rows = 1;
        cut.elements = unit >= SLAB_ELEMENTS ? unit : SLAB_ELEMENTS / unit * unit;
    }
    uint64_t per_row = (tensor->row_len + cut.elements - 1) / cut.elements;
    cut.n_slabs = cut.within_rows ? tensor->rows * per_row
                                  : (tensor->elements + cut.elements - 1) / cut.elements;
    *ret_cut = cut;
}

/* Bytes before row `row` in a plane of a tensor whose encoding is not known: its share, rounded
 * down. Where a row does not end on a byte, all ranges together still give every byte once. */
static uint64_t share_before(const struct model_tensor *t, uint32_t plane, uint64_t row)
{
    return (uint64_t)((unsigned __int128)t->planes[plane].length * row / t->rows);
}

void slab_plane_range(const struct model_tensor *tensor, uint32_t plane, uint64_t first,
                      uint64_t count, uint64_t *ret_offset, uint64_t *ret_length)
{
    const struct encoding *encoding = tensor->encoding;
    *ret_offset = *ret_length = 0;
    if (!count)
        return;
    uint64_t row = first / tensor->row_len, column = first % tensor->row_len;
    if (!encoding) {
        uint64_t end = share_before(tensor, plane, (first + count) / tensor->row_len);
        *ret_offset = share_before(tensor, plane, row);
        *ret_length = end - *ret_offset;
        return;
    }
    const struct pare_plane *p = &encoding->planes[plane];
    if (plane_is_shared(p)) {
        *ret_length = tensor->planes[plane].length;
        return;
    }
    struct plane_shape shape;
    encoding_plane_shape(encoding, plane, tensor->rows, tensor->row_len, &shape);
    if (count % tensor->row_len) { /* a part of a row: blocks, with nothing in front of them */
        *ret_offset = row * shape.row_bytes + column / encoding->block_len * p->bits / 8;
        *ret_length = (count / encoding->block_len * p->bits + 7) / 8;
        return;
    }
    uint64_t begin = row / shape.per_row;
    uint64_t end = (row + count / tensor->row_len + shape.per_row - 1) / shape.per_row;
    *ret_offset = begin * shape.row_bytes;
    *ret_length = (end - begin) * shape.row_bytes;
}

void slab_shape_make(const struct model_tensor *tensor, const struct slab_cut *cut, uint64_t first,
                     uint64_t count, struct slab_shape *ret_shape)
{
    ret_shape->bytes = 0;
    slab_kernel_shape(tensor, cut, count, &ret_shape->rows, &ret_shape->row_len);
    for (uint32_t i = 0; i < tensor->n_planes; i++) {
        slab_plane_range(tensor, i, first, count, &ret_shape->offset[i], &ret_shape->length[i]);
        ret_shape->bytes += ret_shape->length[i];
    }
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

uint64_t slab_most_bytes(const struct model_tensor *tensor, const struct slab_cut *cut)
{
    uint64_t room = cut->within_rows ? tensor->row_len : tensor->elements;
    uint64_t bytes = slab_bytes(tensor, 0, cut->elements < room ? cut->elements : room);
    return bytes + (tensor->encoding ? 0 : tensor->n_planes); /* shares of bytes are rounded */
}

void slab_kernel_shape(const struct model_tensor *tensor, const struct slab_cut *cut,
                       uint64_t count, uint64_t *ret_rows, uint64_t *ret_row_len)
{
    *ret_rows = cut->within_rows ? 1 : count / tensor->row_len;
    *ret_row_len = cut->within_rows ? count : tensor->row_len;
}

struct slab_list {
    uint64_t *tensors;
    uint64_t n, at;
    uint64_t number; /* next slab of tensors[at] */
};

struct slab_walk {
    const struct model *model;
    const struct slab_cut *cuts;
    struct slab_list early; /* tensors before all */
    struct slab_list order; /* tensors read off the files, by file and offset */
    struct slab_list late;  /* all others, by where the walk has seen what they are made of */
    uint32_t file;
    uint64_t pos; /* in the file */
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
    for (uint64_t i = 0; i < walk->order.n; i++) {
        uint64_t index = walk->order.tensors[i];
        const struct model_tensor *t = &walk->model->tensors[index];
        if (compare((struct place){ t->planes[0].file, t->planes[0].offset }, end) < 0) {
            walk->late.tensors[walk->late.n++] = index;
            continue;
        }
        end = end_of(t);
        walk->order.tensors[n++] = index;
    }
    walk->order.n = n;
}

/* Tensors whose slabs follow each other in a file, each with bytes of its own. */
static int is_run(const struct model_tensor *t)
{
    return !t->computed && t->n_planes == 1 &&
           !(t->encoding && plane_is_shared(&t->encoding->planes[0]));
}

/* Sorts tensors by when they come. */
static int fill_lists(struct slab_walk *walk, const uint64_t *early, size_t n_early,
                      struct error *err)
{
    const struct model *model = walk->model;
    _cleanup_free_ unsigned char *taken = calloc(model->n_tensors + 1, 1);
    walk->early.tensors = calloc(n_early + 1, sizeof *early);
    walk->order.tensors = calloc(model->n_tensors + 1, sizeof *walk->order.tensors);
    walk->late.tensors = calloc(model->n_tensors + 1, sizeof *walk->late.tensors);
    if (!taken || !walk->early.tensors || !walk->order.tensors || !walk->late.tensors)
        return error_oom(err);
    for (size_t i = 0; i < n_early; i++) {
        taken[early[i]] = 1;
        if (model->tensors[early[i]].elements)
            walk->early.tensors[walk->early.n++] = early[i];
    }
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        const struct model_tensor *t = &model->tensors[i];
        struct slab_list *list = is_run(t) ? &walk->order : &walk->late;
        if (t->elements && !taken[i])
            list->tensors[list->n++] = i;
    }
    return 0;
}

DEFINE_CLEANUP(struct slab_walk *, slab_walk_free);

int slab_walk_new(const struct model *model, const struct slab_cut *cuts, const uint64_t *early,
                  size_t n_early, struct slab_walk **ret_walk, struct error *err)
{
    CLEANUP(slab_walk_free_cleanup) struct slab_walk *walk = calloc(1, sizeof *walk);
    if (!walk)
        return error_oom(err);
    walk->model = model;
    walk->cuts = cuts;
    int r = fill_lists(walk, early, n_early, err);
    if (r < 0)
        return r;
    struct slab_list *order = &walk->order, *late = &walk->late;
    qsort_r(order->tensors, order->n, sizeof *order->tensors, compare_starts, (void *)model);
    put_off_overlaps(walk);
    qsort_r(late->tensors, late->n, sizeof *late->tensors, compare_ends, (void *)model);
    *ret_walk = TAKE(walk);
    return 0;
}

void slab_walk_free(struct slab_walk *walk)
{
    if (!walk)
        return;
    free(walk->early.tensors);
    free(walk->order.tensors);
    free(walk->late.tensors);
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

/* The next slab of a list that has one. */
static struct slab next_of(const struct slab_walk *walk, struct slab_list *list)
{
    uint64_t index = list->tensors[list->at];
    const struct slab_cut *cut = &walk->cuts[index];
    struct slab slab = { .has_tensor = 1, .tensor = index, .number = list->number };
    slab_cut_range(&walk->model->tensors[index], cut, slab.number, &slab.first, &slab.count);
    if (++list->number == cut->n_slabs) {
        list->number = 0;
        list->at++;
    }
    return slab;
}

/* The same of a tensor that is read off the file. */
static struct slab next_in_order(struct slab_walk *walk)
{
    struct slab slab = next_of(walk, &walk->order);
    const struct model_tensor *t = &walk->model->tensors[slab.tensor];
    uint64_t offset, length;
    slab_plane_range(t, 0, slab.first, slab.count, &offset, &length);
    slab.file = walk->file;
    slab.offset = t->planes[0].offset + offset;
    slab.length = length;
    walk->pos = slab.offset + length;
    return slab;
}

/* Whether a late tensor's turn has come. */
static int late_is_due(const struct slab_walk *walk)
{
    if (walk->late.at == walk->late.n)
        return 0;
    const struct model_tensor *t = &walk->model->tensors[walk->late.tensors[walk->late.at]];
    return walk->file == walk->model->n_files ||
           compare(end_of(t), (struct place){ walk->file, walk->pos }) <= 0;
}

int slab_walk_next(struct slab_walk *walk, struct slab *ret_slab)
{
    if (walk->early.at < walk->early.n) {
        *ret_slab = next_of(walk, &walk->early);
        return 1;
    }
    while (!late_is_due(walk)) {
        if (walk->file == walk->model->n_files)
            return 0;
        const struct model_file *file = &walk->model->files[walk->file];
        uint64_t until = file->role == PARE_FILE_IGNORED ? 0 : file->size;
        if (walk->order.at < walk->order.n) {
            const struct pare_extent *next =
                &walk->model->tensors[walk->order.tensors[walk->order.at]].planes[0];
            if (next->file == walk->file && (walk->order.number || next->offset == walk->pos)) {
                *ret_slab = next_in_order(walk);
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
    *ret_slab = next_of(walk, &walk->late);
    return 1;
}

uint64_t slab_walk_largest(const struct slab_walk *walk)
{
    uint64_t largest = GAP_BYTES;
    for (uint64_t i = 0; i < walk->model->n_tensors; i++) {
        uint64_t n = slab_most_bytes(&walk->model->tensors[i], &walk->cuts[i]);
        largest = n > largest ? n : largest;
    }
    return largest;
}
