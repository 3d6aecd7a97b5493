/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * core/plugin/view: each kind of tensor is compared byte for byte with what plain loops make of
 * the same file, read whole and in pieces at odd offsets.
 */
#include "plugin/source.h"
#include "plugin/view.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define GUARD 0xa5

static struct registry *registry;
static const struct encoding *f32, *bf16, *q8_0;

/* A model over temporary files whose bytes are known; its tensors are added by tests. */
struct base {
    struct source source;
    struct model *model;
    unsigned char *bytes[3];
    size_t size[3];
    int fds[3];
    uint32_t n_files;
};

static int must_not_read(struct source *source, uint64_t tensor, uint32_t plane, uint64_t offset,
                         void *buffer, size_t n, struct error *err)
{
    (void)source, (void)tensor, (void)plane, (void)offset, (void)buffer, (void)n, (void)err;
    fail_msg("a tensor of a file was asked of its source");
    return 0;
}

static struct base *base_new(size_t size)
{
    struct error err = ERROR_INIT;
    struct base *b = calloc(1, sizeof *b);
    assert_int_equal(model_new(&b->model, &err), 0);
    b->model->format = "test";
    b->source = (struct source){ b->model, must_not_read, NULL };
    for (; b->n_files < 2; b->n_files++) {
        char name[] = "/tmp/pare-view-XXXXXX";
        int fd = mkstemp(name);
        assert_true(fd >= 0);
        (void)unlink(name);
        unsigned char *bytes = malloc(size + 1);
        for (size_t i = 0; i < size; i++) /* bf16 and f32 of middling size, whatever the offset */
            bytes[i] = (unsigned char)(i * 37 % 251 % 64 + 32 + b->n_files);
        assert_int_equal(file_pwrite(fd, bytes, size, 0, &err), 0);
        assert_int_equal(model_add_file(b->model, b->n_files ? "b" : "a", fd, size, &err), 0);
        b->model->files[b->n_files].role = PARE_FILE_WEIGHTS;
        b->bytes[b->n_files] = bytes;
        b->size[b->n_files] = size;
        b->fds[b->n_files] = fd;
    }
    return b;
}

static void base_free(struct base *b)
{
    model_free(b->model);
    for (uint32_t i = 0; i < b->n_files; i++) {
        (void)close(b->fds[i]);
        free(b->bytes[i]);
    }
    free(b);
}

/* Adds [rows, row_len] at offset of a file; gives where its bytes are known. */
static const unsigned char *base_add(struct base *b, const char *name, uint32_t file,
                                     uint64_t offset, const struct encoding *e, uint64_t rows,
                                     uint64_t row_len)
{
    struct error err = ERROR_INIT;
    struct pare_tensor said = { sizeof said,       { name, strlen(name) },    e->name, 2, 1,
                                { rows, row_len }, { { file, 0, offset, 0 } } };
    assert_int_equal(encoding_plane_bytes(e, 0, rows, row_len, &said.planes[0].length, &err), 0);
    assert_true(offset + said.planes[0].length <= b->size[file]);
    assert_int_equal(model_add_tensor(b->model, &said, e, &err), 0);
    return b->bytes[file] + offset;
}

static struct view_tensor named(const char *name, uint64_t rows, uint64_t row_len)
{
    return (struct view_tensor){ .name = { name, strlen(name) },
                                 .n_dims = 2,
                                 .dims = { rows, row_len } };
}

/* The view's last tensor reads as `want`, in whole and in parts. */
static void check_bytes(struct view *view, const void *want, size_t n)
{
    struct error err = ERROR_INIT;
    struct source *source = NULL;
    assert_int_equal(view_source(view, &source, &err), 0);
    uint64_t index = view_model(view)->n_tensors - 1;
    assert_int_equal(view_model(view)->tensors[index].planes[0].length, n);
    unsigned char *got = malloc(n + 2);
    size_t step = n < 300 ? 1 : n / 23;
    for (size_t at = 0; at < n; at += step)
        for (size_t part = 1; at + part <= n; part = part < 9 ? part + 1 : part * 3 + 1) {
            memset(got, GUARD, n + 2);
            assert_int_equal(source_read(source, index, 0, at, got + 1, part, &err), 0);
            assert_memory_equal(got + 1, (const char *)want + at, part);
            assert_int_equal(got[0], GUARD);
            assert_int_equal(got[part + 1], GUARD);
        }
    assert_int_equal(source_read(source, index, 0, 0, got, n, &err), 0);
    assert_memory_equal(got, want, n);
    assert_int_equal(source_read(source, index, 0, n, got, 0, &err), 0);
    assert_int_equal(source_read(source, index, 0, n, got, 1, &err), PARE_EINTERNAL);
    free(got);
    source_close(source);
}

static const struct model_tensor *last(struct view *view)
{
    return &view_model(view)->tensors[view_model(view)->n_tensors - 1];
}

/* What is one run of bytes of a file stays there. */
static void plain_runs_stay_in_their_file(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct base *b = base_new(4096);
    struct view *view = NULL;
    const unsigned char *t = base_add(b, "t", 1, 100, bf16, 12, 10);
    assert_int_equal(view_new(&b->source, &view, &err), 0);
    struct view_tensor said = named("same", 4, 30);
    assert_int_equal(view_add_same(view, &said, 0, &err), 0);
    assert_false(last(view)->computed);
    assert_int_equal(last(view)->planes[0].file, 1);
    assert_int_equal(last(view)->planes[0].offset, 100);
    check_bytes(view, t, 240);
    /* rows 3 .. 8, said in three ways, of which the last two run on into each other */
    struct view_rows rows[3] = { { 0, 3, 2, 1, 1, 0 }, { 0, 5, 2, 2, 2, 1 }, { 0, 7, 1, 9, 4, 7 } };
    said = named("rows", 5, 10);
    assert_int_equal(view_add_rows(view, &said, 0, rows, 3, &err), 0);
    assert_false(last(view)->computed);
    assert_int_equal(last(view)->planes[0].offset, 160);
    check_bytes(view, t + 60, 100);
    assert_string_equal(view_model(view)->format, "test");
    assert_int_equal(view_model(view)->n_files, 2);
    assert_int_equal(view_model(view)->files[1].role, PARE_FILE_WEIGHTS);
    view_free(view);
    base_free(b);
}

/* Rows as given by `order`, of row_bytes each. */
static unsigned char *pick(const unsigned char *t, size_t row_bytes, const uint64_t *order,
                           size_t n)
{
    unsigned char *want = malloc(n * row_bytes + 1);
    for (size_t i = 0; i < n; i++)
        memcpy(want + i * row_bytes, t + order[i] * row_bytes, row_bytes);
    return want;
}

static void check_order(uint64_t rows_of_base, uint64_t row_len, const struct view_rows *rows,
                        size_t n_rows, const uint64_t *order, size_t n)
{
    struct error err = ERROR_INIT;
    struct base *b = base_new(rows_of_base * row_len * 2 + 64);
    struct view *view = NULL;
    const unsigned char *t = base_add(b, "t", 0, 33, bf16, rows_of_base, row_len);
    unsigned char *want = pick(t, row_len * 2, order, n);
    struct view_tensor said = named("picked", n, row_len);
    assert_int_equal(view_new(&b->source, &view, &err), 0);
    assert_int_equal(view_add_rows(view, &said, 0, rows, n_rows, &err), 0);
    assert_true(last(view)->computed);
    assert_int_equal(last(view)->end_file, 0);
    assert_int_equal(last(view)->end_offset, 33 + rows_of_base * row_len * 2);
    check_bytes(view, want, n * row_len * 2);
    free(want);
    view_free(view);
    base_free(b);
}

static void even_rows_then_odd_ones(void **state)
{
    (void)state;
    static const uint64_t lengths[] = { 1, 7, 3000, 9000 };
    const uint64_t order[9] = { 0, 2, 4, 6, 8, 1, 3, 5, 7 };
    const struct view_rows rows[2] = { { 0, 0, 5, 2, 1, 0 }, { 0, 1, 4, 2, 1, 0 } };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        check_order(9, lengths[i], rows, 2, order, 9);
}

/* Two heads of 8 rows: halves interleaved, as rotary embeddings need it, and back. */
static void halves_are_interleaved(void **state)
{
    (void)state;
    static const uint64_t lengths[] = { 1, 5, 2000, 9001 };
    struct view_rows there[2] = { { 0, 0, 8, 1, 2, 4 }, { 0, 8, 8, 1, 2, 4 } };
    struct view_rows back[2] = { { 0, 0, 8, 1, 4, 2 }, { 0, 8, 8, 1, 4, 2 } };
    uint64_t order[16], inverse[16];
    for (uint64_t i = 0; i < 16; i++) {
        order[i] = i / 8 * 8 + i % 8 / 2 + i % 2 * 4;
        inverse[i] = i / 8 * 8 + i % 4 * 2 + i % 8 / 4;
    }
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        check_order(16, lengths[i], there, 2, order, 16);
        check_order(16, lengths[i], back, 2, inverse, 16);
    }
}

/* So many rows that they come in several chunks, densely and far apart. */
static void many_rows(void **state)
{
    (void)state;
    for (uint64_t step = 2; step < 6000; step = step * 13 + 1) {
        enum { PICKED = 300 };
        uint64_t order[PICKED], row_len = step < 100 ? 6000 : 3;
        struct view_rows rows = { 0, 1, PICKED, step, 1, 0 };
        for (uint64_t i = 0; i < PICKED; i++)
            order[i] = 1 + i * step;
        check_order(PICKED * step, row_len, &rows, 1, order, PICKED);
    }
}

/* Experts of two files, in blocks, become one tensor; rows are as long as is asked. */
static void parts_of_files_are_stacked(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct base *b = base_new(8192);
    struct view *view = NULL;
    const unsigned char *x = base_add(b, "x", 1, 7, q8_0, 6, 64);
    const unsigned char *y = base_add(b, "y", 0, 5, q8_0, 2, 192);
    unsigned char want[68 * 5 + 34 * 4];
    memcpy(want, x + 68 * 2, 68 * 3);
    memcpy(want + 68 * 3, y + 68, 68 * 2);
    for (int i = 0; i < 4; i++)
        memcpy(want + 68 * 5 + 34 * i, x + 34 * (1 + 2 * i), 34);
    struct view_rows rows[2] = { { 0, 2, 3, 1, 1, 0 }, { 1, 1, 2, 1, 1, 0 } };
    struct view_tensor said = { .name = { "stacked", 7 }, .n_dims = 3, .dims = { 5, 2, 32 } };
    assert_int_equal(view_new(&b->source, &view, &err), 0);
    assert_int_equal(view_add_rows(view, &said, 64, rows, 2, &err), 0);
    assert_int_equal(last(view)->end_file, 1);
    assert_int_equal(last(view)->planes[0].file, 1);
    check_bytes(view, want, 68 * 5);
    struct view_rows columns = { 0, 1, 4, 2, 1, 0 };
    said = named("right halves", 4, 32);
    assert_int_equal(view_add_rows(view, &said, 32, &columns, 1, &err), 0);
    check_bytes(view, want + 68 * 5, 34 * 4);
    view_free(view);
    base_free(b);
}

/* n matrices; of the transposed ones the rows first, first + step, ... up to the last. */
static void check_transposed(uint64_t n, uint64_t rows, uint64_t columns, uint64_t first,
                             uint64_t step)
{
    struct error err = ERROR_INIT;
    struct base *b = base_new(n * rows * columns * 2 + 9);
    struct view *view = NULL;
    const unsigned char *t = base_add(b, "t", 0, 9, bf16, n * rows, columns);
    struct view_columns some = { first, (columns - first + step - 1) / step, step };
    unsigned char *want = malloc(n * rows * some.count * 2);
    for (uint64_t m = 0; m < n; m++)
        for (uint64_t i = 0; i < rows; i++)
            for (uint64_t j = 0; j < some.count; j++)
                memcpy(want + ((m * some.count + j) * rows + i) * 2,
                       t + ((m * rows + i) * columns + first + j * step) * 2, 2);
    struct view_tensor cut = { .name = { "cut", 3 }, .n_dims = 3, .dims = { n, rows, columns } };
    struct view_tensor said = { .name = { "t", 1 }, .n_dims = 3, .dims = { n, some.count, rows } };
    struct view *shaped = NULL;
    struct source *source = NULL;
    assert_int_equal(view_new(&b->source, &shaped, &err), 0);
    assert_int_equal(view_add_same(shaped, &cut, 0, &err), 0);
    assert_int_equal(view_source(shaped, &source, &err), 0);
    assert_int_equal(view_new(source, &view, &err), 0);
    const struct view_columns *which = first || step > 1 ? &some : NULL;
    assert_int_equal(view_add_transposed(view, &said, 0, which, &err), 0);
    check_bytes(view, want, n * rows * some.count * 2);
    free(want);
    view_free(view);
    source_close(source);
    view_free(shaped);
    base_free(b);
}

static void matrices_are_transposed(void **state)
{
    (void)state;
    check_transposed(1, 1, 1, 0, 1);
    check_transposed(1, 5, 1, 0, 1);
    check_transposed(2, 1, 7, 0, 1);
    check_transposed(3, 5, 7, 0, 1);
    check_transposed(1, 1000, 9000, 0, 1); /* over one panel, gaps wider than a call */
    check_transposed(1, 60000, 150, 0, 1); /* over one panel, in bands */
    check_transposed(1, 65536, 2, 0, 1);
    check_transposed(3, 5, 8, 0, 2);
    check_transposed(3, 5, 8, 1, 2);
    check_transposed(2, 5, 7, 2, 3);
    check_transposed(1, 1000, 18000, 1, 2);
    check_transposed(2, 60000, 160, 1, 2);
}

/* Floats that are asked for: decoded as the encoding says, one added, minus zero kept. */
static void values_become_floats(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct base *b = base_new(600000);
    struct view *view = NULL;
    enum { N = 70000, Q = 640 };
    float *x = malloc(N * sizeof *x), q[Q];
    b->bytes[0][10] = 0, b->bytes[0][11] = 0x80;
    assert_int_equal(file_pwrite(b->fds[0], b->bytes[0], 12, 0, &err), 0);
    const unsigned char *t = base_add(b, "t", 0, 10, bf16, 1, N);
    const unsigned char *u = base_add(b, "u", 1, 3, q8_0, 10, 64);
    const unsigned char *v = base_add(b, "v", 1, 20000, f32, 3, 5);
    assert_int_equal(view_new(&b->source, &view, &err), 0);
    struct view_tensor said = named("floats", 1, N);
    said.f32 = f32;
    bf16->kernel.decode((const void *const[]){ t }, 1, N, x);
    assert_int_equal(view_add_same(view, &said, 0, &err), 0);
    assert_string_equal(last(view)->encoding_name, "f32");
    check_bytes(view, x, N * sizeof *x);
    said = named("one more", N, 1);
    said.f32 = f32;
    said.add = 1;
    for (size_t i = 0; i < N; i++)
        x[i] += 1;
    assert_int_equal(view_add_same(view, &said, 0, &err), 0);
    check_bytes(view, x, N * sizeof *x);
    struct view_rows rows = { 1, 1, 5, 2, 1, 0 };
    said = named("odd rows", 5, 64);
    said.f32 = f32;
    q8_0->kernel.decode((const void *const[]){ u }, 10, 64, q);
    for (size_t i = 0; i < 5; i++)
        memmove(q + i * 64, q + (2 * i + 1) * 64, 64 * sizeof *q);
    assert_int_equal(view_add_rows(view, &said, 0, &rows, 1, &err), 0);
    check_bytes(view, q, 5 * 64 * sizeof *q);
    said = named("floats already", 3, 5);
    said.f32 = f32;
    assert_int_equal(view_add_same(view, &said, 2, &err), 0);
    assert_false(last(view)->computed);
    check_bytes(view, v, 60);
    free(x);
    view_free(view);
    base_free(b);
}

static int count_up(void *context, struct source *base, uint64_t offset, void *buffer, size_t n,
                    struct error *err)
{
    if (offset > *(uint64_t *)context)
        return error_set(err, PARE_EDATA, "past the limit");
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)buffer)[i] = (unsigned char)(offset + i + base->model->n_files);
    return 0;
}

static void values_given_and_computed(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct base *b = base_new(4096);
    struct view *view = NULL;
    uint64_t limit = 340;
    const float values[6] = { 1, -2, 3, 0.5f, -0.0f, 1e30f };
    unsigned char want[340];
    (void)base_add(b, "t", 0, 10, bf16, 4, 4);
    (void)base_add(b, "u", 1, 10, bf16, 4, 4);
    assert_int_equal(view_new(&b->source, &view, &err), 0);
    struct view_tensor said = named("given", 2, 3);
    assert_int_equal(view_add_values(view, &said, values, &err), PARE_EINTERNAL);
    said.f32 = f32;
    assert_int_equal(view_add_values(view, &said, values, &err), 0);
    assert_int_equal(last(view)->end_file, 0);
    check_bytes(view, values, sizeof values);
    for (size_t i = 0; i < sizeof want; i++)
        want[i] = (unsigned char)(i + 2);
    said = named("computed", 5, 64);
    char origin[] = "gptq int4 g128";
    assert_int_equal(view_add_computed(view, &said, q8_0, origin, count_up, &limit, &err), 0);
    origin[0] = 'x';
    assert_string_equal(last(view)->origin, "gptq int4 g128");
    assert_int_equal(last(view)->end_file, UINT32_MAX);
    check_bytes(view, want, 340);
    view_made_of(view, 1);
    view_made_of(view, 0);
    assert_int_equal(last(view)->end_file, 1);
    assert_int_equal(last(view)->end_offset, 42);
    limit = 0;
    struct source *source = NULL;
    assert_int_equal(view_source(view, &source, &err), 0);
    assert_int_equal(source_read(source, 1, 0, 1, want, 1, &err), PARE_EDATA);
    assert_string_equal(err.text, "past the limit");
    source_close(source);
    view_free(view);
    base_free(b);
}

/* Even rows of what a view computes, its origin and its place in the walk along with it. */
static void views_lie_on_views(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct base *b = base_new(4096);
    struct view *lower = NULL, *upper = NULL;
    struct source *source = NULL;
    uint64_t limit = UINT64_MAX;
    unsigned char want[3 * 68];
    float floats[3 * 64];
    (void)base_add(b, "t", 1, 10, bf16, 4, 4);
    assert_int_equal(view_new(&b->source, &lower, &err), 0);
    struct view_tensor said = named("computed", 5, 64);
    assert_int_equal(view_add_computed(lower, &said, q8_0, "nf4", count_up, &limit, &err), 0);
    view_made_of(lower, 0);
    assert_int_equal(view_source(lower, &source, &err), 0);
    assert_int_equal(view_new(source, &upper, &err), 0);
    struct view_rows rows = { 0, 0, 3, 2, 1, 0 };
    said = named("even", 3, 64);
    assert_int_equal(view_add_rows(upper, &said, 0, &rows, 1, &err), 0);
    for (size_t i = 0; i < sizeof want; i++)
        want[i] = (unsigned char)(i / 68 * 136 + i % 68 + 2);
    check_bytes(upper, want, sizeof want);
    assert_string_equal(last(upper)->origin, "nf4");
    assert_int_equal(last(upper)->end_file, 1);
    assert_int_equal(last(upper)->end_offset, 42);
    rows = (struct view_rows){ 0, 1, 2, 1, 1, 0 };
    said = named("run", 2, 64);
    assert_int_equal(view_add_rows(upper, &said, 0, &rows, 1, &err), 0);
    assert_true(last(upper)->computed);
    for (size_t i = 0; i < 136; i++)
        want[i] = (unsigned char)(i + 70);
    check_bytes(upper, want, 136);
    said = named("floats", 2, 64);
    said.f32 = f32;
    q8_0->kernel.decode((const void *const[]){ want }, 2, 64, floats);
    assert_int_equal(view_add_rows(upper, &said, 0, &rows, 1, &err), 0);
    check_bytes(upper, floats, 2 * 64 * sizeof *floats);
    view_free(upper);
    source_close(source);
    view_free(lower);
    base_free(b);
}

static void rows_that_are_none(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct base *b = base_new(4096);
    struct view *view = NULL;
    (void)base_add(b, "t", 0, 10, bf16, 4, 6);
    (void)base_add(b, "q", 0, 100, q8_0, 2, 64);
    assert_int_equal(view_new(&b->source, &view, &err), 0);
    struct view_tensor said = named("x", 2, 6);
    static const struct view_rows bad[] = {
        { 0, 3, 2, 1, 1, 0 }, { 0, 0, 2, 4, 1, 0 },          { 0, 4, 1, 1, 1, 0 },
        { 0, 0, 2, 1, 2, 4 }, { 0, 1, 2, UINT64_MAX, 1, 0 }, { 0, UINT64_MAX, 2, 1, 1, 0 },
        { 0, 0, 2, 1, 0, 0 }, { 0, 0, UINT64_MAX, 1, 1, 0 }, { 0, 0, 4, 1, 3, 2 }
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(view_add_rows(view, &said, 0, &bad[i], 1, &err), PARE_EDATA);
        assert_non_null(strstr(err.text, "tensor `x`: "));
    }
    const struct view_rows good = { 0, 0, 2, 1, 1, 0 }, other = { 1, 0, 1, 1, 1, 0 };
    const struct view_rows mixed[2] = { good, other }, beyond = { 2, 0, 1, 1, 1, 0 };
    assert_int_equal(view_add_rows(view, &said, 0, mixed, 2, &err), PARE_EDATA);
    assert_non_null(strstr(err.text, "its parts are in bf16 and in q8_0"));
    assert_int_equal(view_add_rows(view, &said, 0, &beyond, 1, &err), PARE_EINTERNAL);
    assert_int_equal(view_add_rows(view, &said, 0, &good, 0, &err), PARE_EDATA);
    assert_int_equal(view_add_rows(view, &said, 5, &good, 1, &err), PARE_EDATA);
    assert_int_equal(view_add_rows(view, &said, 3, &good, 1, &err), PARE_EDATA);
    assert_string_equal(err.text, "tensor `x`: its dimensions hold 12 elements, what it is made of "
                                  "6");
    assert_int_equal(view_add_rows(view, &said, 16, &other, 1, &err), PARE_EDATA);
    assert_int_equal(view_model(view)->n_tensors, 0);
    assert_int_equal(view_add_rows(view, &said, 0, &good, 1, &err), 0);
    assert_int_equal(view_add_rows(view, &said, 0, &good, 1, &err), PARE_EDATA);
    assert_non_null(strstr(err.text, "two tensors named `x`"));
    said = named("none", 0, 6);
    const struct view_rows none = { 0, 0, 0, 1, 1, 0 };
    assert_int_equal(view_add_rows(view, &said, 0, &none, 1, &err), 0);
    check_bytes(view, "", 0);
    view_free(view);
    base_free(b);
}

static void shapes_that_do_not_fit(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct base *b = base_new(200000);
    struct view *view = NULL;
    (void)base_add(b, "t", 0, 10, bf16, 4, 6);
    (void)base_add(b, "q", 0, 100, q8_0, 2, 64);
    (void)base_add(b, "tall", 1, 0, bf16, 65537, 1);
    assert_int_equal(view_new(&b->source, &view, &err), 0);
    struct view_tensor said = named("x", 4, 6);
    assert_int_equal(view_add_transposed(view, &said, 0, NULL, &err), PARE_EDATA);
    said = named("x", 64, 2);
    assert_int_equal(view_add_transposed(view, &said, 1, NULL, &err), PARE_ENOTSUP);
    assert_int_equal(view_add_same(view, &said, 1, &err), PARE_EDATA);
    assert_non_null(strstr(err.text, "no multiple of q8_0's block"));
    said = named("x", 3, 4);
    struct view_columns beyond = { 1, 3, 3 };
    assert_int_equal(view_add_transposed(view, &said, 0, &beyond, &err), PARE_EDATA);
    assert_non_null(strstr(err.text, "needs 3 columns from column 1 of a matrix of 6"));
    beyond.step = UINT64_MAX;
    assert_int_equal(view_add_transposed(view, &said, 0, &beyond, &err), PARE_EDATA);
    said = named("x", 1, 65537);
    assert_int_equal(view_add_transposed(view, &said, 2, NULL, &err), PARE_ELIMIT);
    said = named("x", UINT64_MAX, 3);
    assert_int_equal(view_add_same(view, &said, 0, &err), PARE_EDATA);
    said.f32 = f32;
    assert_int_equal(view_add_values(view, &said, (const float[]){ 0 }, &err), PARE_EDATA);
    assert_int_equal(view_add_computed(view, &said, bf16, NULL, count_up, NULL, &err), PARE_EDATA);
    said = named("", 4, 6);
    assert_int_equal(view_add_same(view, &said, 0, &err), PARE_EDATA);
    said = named("x", 4, 6);
    said.n_dims = PARE_MAX_DIMS + 1;
    assert_int_equal(view_add_same(view, &said, 0, &err), PARE_EDATA);
    assert_int_equal(view_model(view)->n_tensors, 0);
    view_free(view);
    view_free(NULL);
    base_free(b);
}

static int load_plugins(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    if (registry_new(0, &registry, &err) < 0 ||
        registry_load_dirs(registry, getenv("PARE_PLUGINS"), &err) < 0)
        return -1;
    f32 = registry_encoding(registry, "f32");
    bf16 = registry_encoding(registry, "bf16");
    q8_0 = registry_encoding(registry, "q8_0");
    return f32 && bf16 && q8_0 ? 0 : -1;
}

static int unload_plugins(void **state)
{
    (void)state;
    registry_free(registry);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_runs_stay_in_their_file),
        cmocka_unit_test(even_rows_then_odd_ones),
        cmocka_unit_test(halves_are_interleaved),
        cmocka_unit_test(many_rows),
        cmocka_unit_test(parts_of_files_are_stacked),
        cmocka_unit_test(matrices_are_transposed),
        cmocka_unit_test(values_become_floats),
        cmocka_unit_test(values_given_and_computed),
        cmocka_unit_test(views_lie_on_views),
        cmocka_unit_test(rows_that_are_none),
        cmocka_unit_test(shapes_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, load_plugins, unload_plugins);
}
