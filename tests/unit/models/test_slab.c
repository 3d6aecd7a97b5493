/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * core/weights/slab: the walk over a source, which must give every byte once whatever the shapes
 * are, and where slabs and their planes lie. No file is read: the walk looks at sizes only.
 */
#include "weights/slab.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#define PLANE(bytes, per_row)                                                   \
    {                                                                           \
        sizeof(struct pare_plane), "data", PARE_PER_BLOCK, 8 * (bytes), per_row \
    }

static const struct encoding f32 = {
    .name = "f32", .block_len = 1, .n_planes = 1, .planes = { PLANE(4, 0) }
};
static const struct encoding q8 = {
    .name = "q8", .block_len = 32, .n_planes = 1, .planes = { PLANE(34, 0) }
};
static const struct encoding q4 = {
    .name = "q4", .block_len = 256, .n_planes = 1, .planes = { PLANE(144, 0) }
};
static const struct encoding rowed = {
    .name = "rowed", .block_len = 32, .n_planes = 1, .planes = { PLANE(16, 6) }
};
static const struct encoding whole = { .name = "whole",
                                       .block_len = 32,
                                       .n_planes = 1,
                                       .flags = PARE_ENCODING_WHOLE_ROWS,
                                       .planes = { PLANE(20, 0) } };
static const struct encoding two = {
    .name = "two", .block_len = 32, .n_planes = 2, .planes = { PLANE(16, 0), PLANE(2, 4) }
};

/* Tiles of 48 rows, which 16 divides; packed bits; what belongs to all of a tensor. */
static const struct encoding
    tiled = { .name = "tiled",
              .block_len = 1,
              .n_planes = 3,
              .planes = {
                  PLANE(1, 0),
                  { .per = PARE_PER_TILE, .bits = 32, .tile_rows = 48, .tile_columns = 100 },
                  { .per = PARE_PER_TILE, .bits = 4, .tile_rows = 16, .tile_columns = 7 },
              } };
static const struct encoding tall = {
    .name = "tall",
    .block_len = 1,
    .n_planes = 1,
    .planes = { { .per = PARE_PER_TILE, .bits = 8, .tile_rows = 65536, .tile_columns = 1 } }
};
static const struct encoding bits = { .name = "bits",
                                      .block_len = 8,
                                      .n_planes = 2,
                                      .planes = { PLANE(4, 0),
                                                  { .per = PARE_PER_BLOCK, .bits = 3 } } };
static const struct encoding wide = { .name = "wide",
                                      .block_len = 1,
                                      .n_planes = 4,
                                      .planes = { { .per = PARE_PER_BLOCK, .bits = 4 },
                                                  { .per = PARE_PER_ROW, .bits = 12 },
                                                  { .per = PARE_PER_COLUMN, .bits = 4 },
                                                  { .per = PARE_PER_TENSOR, .bits = 20 } } };

struct shape {
    const struct encoding *encoding, *wanted;
    uint64_t rows, row_len, length; /* length: of what has no encoding */
};

/* A model with these tensors, each after a gap, in a single file that ends with a gap. */
static struct model *build(const struct shape *shapes, size_t n, struct slab_cut *cuts)
{
    struct model *model = NULL;
    uint64_t at = 0;
    assert_int_equal(model_new(&model, NULL), 0);
    assert_int_equal(model_add_file(model, "f", -1, INT64_MAX, NULL), 0);
    for (size_t i = 0; i < n; i++) {
        char name[24];
        const struct encoding *list[2] = { shapes[i].encoding, shapes[i].wanted };
        size_t skip = !list[0], end = list[1] ? 2 : 1;
        int len = snprintf(name, sizeof name, "t%zu", i);
        struct pare_tensor t = { .struct_size = sizeof t,
                                 .name = { name, (size_t)len },
                                 .encoding = list[0] ? list[0]->name : "unknown",
                                 .n_dims = 2,
                                 .dims = { shapes[i].rows, shapes[i].row_len },
                                 .n_planes = list[0] ? list[0]->n_planes : 1 };
        for (uint32_t p = 0; p < t.n_planes; p++) {
            at += 10 + i * 700001;
            t.planes[p] = (struct pare_extent){ 0, 0, at, shapes[i].length };
            if (list[0])
                assert_int_equal(encoding_plane_bytes(list[0], p, shapes[i].rows, shapes[i].row_len,
                                                      &t.planes[p].length, NULL),
                                 0);
            at += t.planes[p].length;
        }
        assert_int_equal(model_add_tensor(model, &t, list[0], NULL), 0);
        slab_cut_make(&model->tensors[i], list + skip, end - skip, &cuts[i]);
    }
    model->files[0].size = at + 3000000;
    return model;
}

/* The fields of a slab agree with each other and with its tensor; *next is the element that must
 * come. */
static void check_slab(const struct model *model, const struct slab_cut *cuts,
                       const struct shape *shapes, const struct slab *slab, uint64_t *next)
{
    const struct model_tensor *t = &model->tensors[slab->tensor];
    const struct slab_cut *cut = &cuts[slab->tensor];
    const struct encoding *e = shapes[slab->tensor].wanted;
    uint64_t rows, row_len;
    assert_true(slab->first == *next && slab->count > 0 && slab->number < cut->n_slabs);
    *next += slab->count;
    slab_kernel_shape(t, cut, slab->count, &rows, &row_len);
    assert_true(rows * row_len == slab->count);
    if (cut->within_rows)
        assert_true(slab->first % t->row_len + slab->count <= t->row_len);
    else
        assert_true(slab->first % t->row_len == 0 && slab->count % t->row_len == 0);
    if (e)
        assert_true(slab->first % t->row_len % e->block_len == 0 && row_len % e->block_len == 0);
    if (e && e != &f32 && (e->flags & PARE_ENCODING_WHOLE_ROWS || e->planes[0].row_bytes))
        assert_int_equal(cut->within_rows, 0);
}

/* Where the walk has seen all of a tensor that it does not read off the file. */
static uint64_t end_of_late(const struct model_tensor *t)
{
    uint64_t end = t->end_offset;
    for (uint32_t i = 0; !t->computed && i < t->n_planes; i++)
        end = t->planes[i].offset + t->planes[i].length;
    return t->end_file ? UINT64_MAX : end;
}

/* Walks it all: every byte of the file once and in order, and what is not read off it right after
 * the bytes it is made of, or at the end. */
static void walk_all(const struct model *model, const struct slab_cut *cuts,
                     const struct shape *shapes)
{
    struct slab_walk *walk = NULL;
    struct slab slab;
    uint64_t pos = 0, before = 0, size = model->files[0].size;
    _cleanup_free_ uint64_t *next = calloc(model->n_tensors + 1, sizeof *next);
    _cleanup_free_ uint64_t *bytes = calloc(model->n_tensors + 1, sizeof *bytes);
    assert_int_equal(slab_walk_new(model, cuts, NULL, 0, &walk, NULL), 0);
    while (slab_walk_next(walk, &slab)) {
        assert_true(slab.length <= slab_walk_largest(walk));
        if (slab.length) {
            assert_int_equal(slab.file, 0);
            assert_true(slab.offset == pos);
            before = pos;
            pos += slab.length;
        }
        if (!slab.has_tensor)
            continue;
        uint64_t end = end_of_late(&model->tensors[slab.tensor]);
        if (!slab.length && shapes[slab.tensor].encoding)
            assert_true(end <= pos ? !end || end > before : pos == size && end == UINT64_MAX);
        if (slab.length) {
            const struct pare_extent *place = &model->tensors[slab.tensor].planes[0];
            assert_true(slab.offset >= place->offset &&
                        slab.offset + slab.length <= place->offset + place->length);
        }
        check_slab(model, cuts, shapes, &slab, &next[slab.tensor]);
        bytes[slab.tensor] += slab.length;
    }
    assert_true(pos == size);
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        const struct model_tensor *t = &model->tensors[i];
        assert_true(next[i] == t->elements);
        assert_true(bytes[i] == (!t->computed && t->n_planes == 1 ? t->bytes : 0));
    }
    slab_walk_free(walk);
}

/* clang-format off */
static const struct shape odd[] = {
    { &f32, &q8, 1, 32, 0 },           { &f32, NULL, 7, 3, 0 },
    { &f32, &q4, 3, 262144, 0 },       { &f32, &q4, 5, 262144 + 256, 0 },
    { &f32, &f32, 2, 1000003, 0 },     { &q8, &f32, 3, 524288 + 32, 0 },
    { &q4, &q8, 1000, 256, 0 },        { &f32, &rowed, 3, 300000 - 300000 % 32, 0 },
    { &f32, &whole, 2, 524288 + 32, 0 }, { &rowed, &f32, 9, 96, 0 },
    { &f32, NULL, 0, 5, 0 },           { &f32, NULL, 5, 0, 0 },
    { &f32, &f32, 1, 1, 0 },           { &f32, &f32, 262145, 1, 0 },
    { NULL, NULL, 3, 1000000, 100 },   { NULL, NULL, 700, 1000, 1000001 },
    { NULL, NULL, 9, 400000, 0 },      { &two, &f32, 40, 320000, 0 },
    { &f32, &tiled, 1000, 301, 0 },    { &tiled, &wide, 49, 20000, 0 },
    { &f32, &bits, 3, 262144 + 8, 0 }, { &wide, &tall, 70000, 9, 0 },
    { &tall, &tiled, 3, 5, 0 },
};
/* clang-format on */

#define N_ODD (sizeof odd / sizeof *odd)

static void every_byte_comes_once(void **state)
{
    (void)state;
    struct slab_cut cuts[N_ODD];
    struct model *model = build(odd, N_ODD, cuts);
    assert_int_equal(model_check_extents(model, NULL), 0);
    walk_all(model, cuts, odd);
    model_free(model);
}

/* Computed tensors come without places: at once, amid others, or, like those of a reader with its
 * own read(), at the end. */
static void tensors_that_are_not_in_files(void **state)
{
    (void)state;
    static const struct shape shapes[] = { { &f32, &q8, 5, 320, 0 },
                                           { &two, &q4, 3, 512, 0 },
                                           { &f32, NULL, 0, 1, 0 },
                                           { &f32, &q4, 2, 1 << 20, 0 },
                                           { NULL, NULL, 9, 70, 77 } };
    struct slab_cut cuts[5];
    struct model *model = build(shapes, 5, cuts);
    for (int i = 0; i < 3; i++) {
        for (uint64_t j = 0; j < 5; j++)
            model->tensors[j].computed = j < 4 || i < 2;
        model->tensors[0].end_offset = i ? model->tensors[3].planes[0].offset + 11111 : 0;
        model->tensors[1].end_file = i < 2 ? UINT32_MAX : 0;
        model->tensors[1].end_offset = 1;
        model->tensors[3].end_file = i ? 0 : UINT32_MAX;
        model->tensors[3].end_offset = i == 1 ? 1 : model->files[0].size;
        walk_all(model, cuts, shapes);
    }
    model_free(model);
}

/* Two tensors that share bytes, and one within another: the first is walked, the others follow. */
static void tensors_that_overlap(void **state)
{
    (void)state;
    static const struct shape shapes[] = { { &f32, &q8, 5, 320, 0 },
                                           { &f32, &q4, 2, 1 << 20, 0 },
                                           { &f32, &q8, 3, 320, 0 },
                                           { &f32, &q8, 5, 320, 0 } };
    struct slab_cut cuts[4];
    struct slab_walk *walk = NULL;
    struct slab slab;
    struct model *model = build(shapes, 4, cuts);
    const uint64_t start = model->tensors[0].planes[0].offset;
    uint64_t pos = 0, order[4] = { 9, 9, 9, 9 };
    size_t n = 0;
    model->tensors[2].planes[0].offset = start + 3000;
    model->tensors[3].planes[0].offset = start;
    assert_int_equal(slab_walk_new(model, cuts, NULL, 0, &walk, NULL), 0);
    while (slab_walk_next(walk, &slab)) {
        assert_true(!slab.length || slab.offset == pos);
        pos += slab.length;
        if (slab.has_tensor && slab.tensor != 1) {
            assert_true(n < 4 && slab.count == model->tensors[slab.tensor].elements);
            assert_int_equal(slab.length, slab.tensor ? 0 : 6400);
            order[n++] = slab.tensor;
        }
    }
    assert_true(pos == model->files[0].size);
    assert_true(n == 3 && order[0] == 0 && order[1] == 3 && order[2] == 2);
    slab_walk_free(walk);
    model_free(model);
}

/* A tensor that is wanted early comes whole before all else, and its bytes once more in their turn,
 * as bytes alone. */
static void tensors_that_come_early(void **state)
{
    (void)state;
    static const struct shape shapes[] = { { &f32, &q8, 64, 4096, 0 },
                                           { &f32, &q8, 8, 4096, 0 },
                                           { &f32, &q8, 100, 4096, 64 } };
    const uint64_t early[] = { 2, 1 };
    struct slab_cut cuts[3];
    struct model *model = build(shapes, 3, cuts);
    struct slab_walk *walk = NULL;
    struct slab slab;
    uint64_t pos = 0, elements[3] = { 0 }, bytes[3] = { 0 };
    assert_int_equal(slab_walk_new(model, cuts, early, 2, &walk, NULL), 0);
    while (slab_walk_next(walk, &slab)) {
        if (slab.has_tensor && slab.tensor) {
            assert_true(pos == 0 && slab.length == 0 && slab.first == elements[slab.tensor]);
            assert_true(slab.tensor == 2 || elements[2] == model->tensors[2].elements);
        }
        assert_true(!slab.length || slab.offset == pos);
        pos += slab.length;
        if (slab.has_tensor) {
            elements[slab.tensor] += slab.count;
            bytes[slab.tensor] += slab.length;
        }
    }
    assert_true(pos == model->files[0].size);
    for (int i = 0; i < 3; i++)
        assert_true(elements[i] == model->tensors[i].elements);
    assert_true(bytes[0] == model->tensors[0].bytes && !bytes[1] && !bytes[2]);
    slab_walk_free(walk);
    model_free(model);
}

static void ignored_files_are_not_walked(void **state)
{
    (void)state;
    struct model *model = NULL;
    struct slab_walk *walk = NULL;
    struct slab slab;
    assert_int_equal(model_new(&model, NULL), 0);
    assert_int_equal(model_add_file(model, "a", -1, 5, NULL), 0);
    assert_int_equal(model_add_file(model, "ignored", -1, 7, NULL), 0);
    assert_int_equal(model_add_file(model, "empty", -1, 0, NULL), 0);
    assert_int_equal(model_add_file(model, "b", -1, 9, NULL), 0);
    model->files[1].role = PARE_FILE_IGNORED;
    assert_int_equal(slab_walk_new(model, NULL, NULL, 0, &walk, NULL), 0);
    assert_int_equal(slab_walk_next(walk, &slab), 1);
    assert_true(slab.file == 0 && slab.length == 5);
    assert_int_equal(slab_walk_next(walk, &slab), 1);
    assert_true(slab.file == 3 && slab.length == 9);
    assert_int_equal(slab_walk_next(walk, &slab), 0);
    slab_walk_free(walk);
    slab_walk_free(NULL);
    model_free(model);
}

/* Slabs' planes lie one after the other without holes, as kernels and writes assume. */
static void plane_ranges_are_seamless(void **state)
{
    (void)state;
    static const struct encoding *const all[] = { &f32,   &q8,  &q4,    &rowed,
                                                  &whole, &two, &tiled, &bits };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        struct shape shape = { all[k], &f32, 5, 262144 + 512, 0 };
        struct slab_cut cut;
        struct model *model = build(&shape, 1, &cut);
        const struct model_tensor *t = &model->tensors[0];
        for (uint32_t p = 0; p < t->n_planes; p++) {
            uint64_t at = 0, offset, length;
            for (uint64_t first = 0, n; first < t->elements; first += n) {
                uint64_t left = t->row_len - first % t->row_len;
                n = cut.within_rows && left < cut.elements ? left : cut.elements;
                n = n < t->elements - first ? n : t->elements - first;
                slab_plane_range(t, p, first, n, &offset, &length);
                assert_true(offset == at && length > 0);
                at += length;
            }
            assert_true(at == t->planes[p].length);
        }
        model_free(model);
    }
}

/* Slabs end where the tiles of all encodings do, and hold no more than they must. */
static void slabs_end_with_tiles(void **state)
{
    (void)state;
    static const struct {
        const struct encoding *encodings[3];
        uint64_t rows, row_len, slab;
    } cases[] = {
        { { &f32, &tiled, &q8 }, 1000, 320, 4 * 48 * 320 },
        { { &tiled, &f32, &f32 }, 100, 1 << 18, 48 << 18 },
        { { &f32, &tiled, &tall }, 1000, 3, 21 * 3000 },
        { { &f32, &tall, &tall }, 70000, 32, 65536 * 32 },
        { { &f32, &wide, &q8 }, 3, 1 << 20, 1 << 20 },
        { { &f32, &bits, &q8 }, 3, 1 << 20, 1 << 16 },
        { { &f32, &f32, &tiled }, 1, 1 << 20, 1 << 20 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint64_t rows = cases[i].rows, row_len = cases[i].row_len;
        const struct model_tensor t = { .encoding = cases[i].encodings[0],
                                        .n_planes = cases[i].encodings[0]->n_planes,
                                        .elements = rows * row_len,
                                        .rows = rows,
                                        .row_len = row_len };
        struct slab_cut cut;
        slab_cut_make(&t, cases[i].encodings, 3, &cut);
        assert_true(cut.elements == cases[i].slab);
        assert_true(cut.n_slabs == (t.elements + cut.elements - 1) / cut.elements);
    }
}

/* Bytes of planes, computed by hand. */
static void ranges_of_every_kind(void **state)
{
    (void)state;
    static const struct {
        const struct encoding *encoding;
        uint64_t rows, row_len, first_row, n_rows;
        uint64_t offset[4], length[4];
    } cases[] = {
        { &tiled, 100, 301, 0, 100, { 0, 0, 0 }, { 30100, 3 * 16, 7 * 22 } },
        { &tiled, 100, 301, 48, 48, { 48 * 301, 16, 3 * 22 }, { 48 * 301, 16, 3 * 22 } },
        { &tiled, 100, 301, 96, 4, { 96 * 301, 32, 6 * 22 }, { 4 * 301, 16, 22 } },
        { &bits, 5, 24, 2, 2, { 2 * 12, 2 * 2 }, { 2 * 12, 2 * 2 } },
        { &wide, 5, 7, 3, 1, { 3 * 4, 3 * 2, 0, 0 }, { 4, 2, 4, 3 } },
        { &wide, 5, 7, 3, 0, { 0, 0, 0, 0 }, { 0, 0, 0, 0 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint64_t row_len = cases[i].row_len;
        struct shape shape = { cases[i].encoding, &f32, cases[i].rows, row_len, 0 };
        struct slab_shape found;
        struct slab_cut cut;
        struct model *model = build(&shape, 1, &cut);
        slab_shape_make(&model->tensors[0], &cut, cases[i].first_row * row_len,
                        cases[i].n_rows * row_len, &found);
        assert_true(found.rows == cases[i].n_rows && found.row_len == row_len);
        for (uint32_t p = 0; p < cases[i].encoding->n_planes; p++) {
            assert_true(found.offset[p] == cases[i].offset[p]);
            assert_true(found.length[p] == cases[i].length[p]);
            found.bytes -= found.length[p];
        }
        assert_true(found.bytes == 0);
        model_free(model);
    }
}

/* 2^40 weights in 4 TiB: the walk keeps nothing per slab. */
static void the_walk_is_lazy(void **state)
{
    (void)state;
    const struct shape shape = { &f32, &f32, UINT64_C(1) << 20, UINT64_C(1) << 20, 0 };
    struct rusage before, after;
    struct slab_cut cut;
    struct slab_walk *walk = NULL;
    struct slab slab;
    uint64_t n = 0, bytes = 0;
    struct model *model = build(&shape, 1, &cut);
    (void)getrusage(RUSAGE_SELF, &before);
    assert_int_equal(slab_walk_new(model, &cut, NULL, 0, &walk, NULL), 0);
    assert_true(slab_walk_largest(walk) <= 4 * SLAB_ELEMENTS);
    while (slab_walk_next(walk, &slab)) {
        n += (uint64_t)slab.has_tensor;
        bytes += slab.length;
    }
    (void)getrusage(RUSAGE_SELF, &after);
    assert_true(n == cut.n_slabs && n == UINT64_C(1) << 24);
    assert_true(bytes == model->files[0].size);
    assert_true(after.ru_maxrss - before.ru_maxrss < 1024);
    slab_walk_free(walk);
    model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_comes_once),
        cmocka_unit_test(tensors_that_are_not_in_files),
        cmocka_unit_test(tensors_that_overlap),
        cmocka_unit_test(tensors_that_come_early),
        cmocka_unit_test(ignored_files_are_not_walked),
        cmocka_unit_test(plane_ranges_are_seamless),
        cmocka_unit_test(slabs_end_with_tiles),
        cmocka_unit_test(ranges_of_every_kind),
        cmocka_unit_test(the_walk_is_lazy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
