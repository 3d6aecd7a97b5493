/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * core/weights/importance: tables of both forms, what is refused and with which words, and the
 * values of columns, experts and slabs. Files are made here, byte by byte, in memory.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "weights/importance_rows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

static struct registry *registry;
static struct error err;

static int load(void **state)
{
    (void)state;
    return registry_new(0, &registry, &err) < 0 ||
           registry_load_dirs(registry, getenv("PARE_PLUGINS"), &err) < 0;
}

static int unload(void **state)
{
    (void)state;
    registry_free(registry);
    return 0;
}

/* ---- files ---- */

static void add_u32(struct strbuf *sb, uint32_t value)
{
    strbuf_add(sb, &value, sizeof value); /* tests run where that is little-endian */
}

static void add_u64(struct strbuf *sb, uint64_t value)
{
    strbuf_add(sb, &value, sizeof value);
}

static void add_text(struct strbuf *sb, const char *text)
{
    add_u64(sb, strlen(text));
    strbuf_puts(sb, text);
}

struct made_tensor {
    const char *name;
    uint32_t type; /* 0 f32, 26 i32 */
    uint64_t row_len, rows;
    const float *values;
};

enum { NO_COUNT = 1, NO_DATASETS = 2, TEXT_DATASET = 4, NO_DATASET = 8, BIG_COUNT = 16 };

static void add_metadata(struct strbuf *sb, unsigned flags)
{
    if (!(flags & NO_COUNT)) {
        add_text(sb, "imatrix.chunk_count");
        add_u32(sb, 4);
        add_u32(sb, flags & BIG_COUNT ? UINT32_MAX : 640);
    }
    add_text(sb, "imatrix.chunk_size");
    add_u32(sb, 4);
    add_u32(sb, 512);
    if (flags & NO_DATASETS)
        return;
    add_text(sb, "imatrix.datasets");
    if (flags & TEXT_DATASET) {
        add_u32(sb, 8);
        add_text(sb, "x");
        return;
    }
    add_u32(sb, 9);
    add_u32(sb, 8);
    add_u64(sb, flags & NO_DATASET ? 0 : 2);
    if (flags & NO_DATASET)
        return;
    add_text(sb, "cal.txt");
    add_text(sb, "more.txt");
}

static void align(struct strbuf *sb)
{
    while (sb->len % 32)
        strbuf_add(sb, "", 1);
}

/* A GGUF file; the list ends with a tensor without a name. */
static void add_gguf(struct strbuf *sb, unsigned flags, const struct made_tensor *tensors)
{
    uint64_t n = 0, offset = 0;
    while (tensors[n].name)
        n++;
    strbuf_puts(sb, "GGUF");
    add_u32(sb, 3);
    add_u64(sb, n);
    add_u64(sb, 3 - !!(flags & NO_COUNT) - !!(flags & NO_DATASETS));
    add_metadata(sb, flags);
    for (const struct made_tensor *t = tensors; t->name; t++) {
        add_text(sb, t->name);
        add_u32(sb, 2);
        add_u64(sb, t->row_len);
        add_u64(sb, t->rows);
        add_u32(sb, t->type);
        add_u64(sb, offset);
        offset += (4 * t->row_len * t->rows + 31) / 32 * 32;
    }
    align(sb);
    for (const struct made_tensor *t = tensors; t->name; t++) {
        strbuf_add(sb, t->values, 4 * t->row_len * t->rows);
        align(sb);
    }
}

static void add_legacy_entry(struct strbuf *sb, const char *name, int32_t ncall, uint32_t n,
                             const float *values)
{
    add_u32(sb, (uint32_t)strlen(name));
    strbuf_puts(sb, name);
    add_u32(sb, (uint32_t)ncall);
    add_u32(sb, n);
    strbuf_add(sb, values, 4ul * n);
}

/* ---- opening ---- */

struct opened {
    int fd;
    struct model *model;
    struct importance *importance;
};

static void opened_deinit(struct opened *o)
{
    importance_free(o->importance);
    model_free(o->model);
    cleanup_close(&o->fd);
}

/* Opens what was made; the buffer is empty then. */
static int open_made(struct strbuf *sb, struct opened *o)
{
    *o = (struct opened){ .fd = memfd_create("imatrix", MFD_CLOEXEC) };
    assert_true(o->fd >= 0);
    assert_int_equal(file_pwrite(o->fd, sb->data, sb->len, 0, &err), 0);
    assert_int_equal(model_new(&o->model, &err), 0);
    assert_int_equal(model_add_file(o->model, "x.imatrix", o->fd, sb->len, &err), 0);
    strbuf_deinit(sb);
    *sb = (struct strbuf)STRBUF_INIT;
    return importance_open(registry, o->model, "label", NULL, &o->importance, &err);
}

static void beat(void *context)
{
    ++*(int *)context;
}

static int check_made(struct opened *o)
{
    int beats = 0, r = importance_check(o->importance, beat, &beats, &err);
    assert_true(r < 0 || beats > 0);
    return r;
}

static const struct importance_entry *find(const struct opened *o, const char *name)
{
    const struct importance_entry *entry = NULL;
    struct pare_str key = { name, strlen(name) };
    return importance_find(o->importance, key, &entry) ? entry : NULL;
}

static void assert_refused(struct strbuf *sb, const char *text)
{
    CLEANUP(opened_deinit) struct opened o;
    assert_int_equal(open_made(sb, &o), PARE_EDATA);
    assert_string_equal(err.text, text);
}

static void assert_bad_value(struct strbuf *sb, const char *text)
{
    CLEANUP(opened_deinit) struct opened o;
    assert_int_equal(open_made(sb, &o), 0);
    assert_int_equal(check_made(&o), PARE_EDATA);
    assert_string_equal(err.text, text);
}

/* ---- tests ---- */

static const float sums[] = { 3, 6, 1, 0, 8, 5, 7, 9, 1, 2, 4, 16 };

static void gguf_values_are_sums_by_counts(void **state)
{
    (void)state;
    static const float counts[] = { 3, 0.4f, 2.5f }; /* counts are rounded: 3, 0, 3 */
    const struct made_tensor tensors[] = {
        { "e.in_sum2", 0, 4, 3, sums }, { "e.counts", 0, 1, 3, counts },
        { "other", 0, 4, 1, sums },     { "d.counts", 0, 1, 1, counts },
        { "d.in_sum2", 0, 2, 1, sums }, { NULL, 0, 0, 0, NULL }
    };
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    CLEANUP(opened_deinit) struct opened o;
    float values[12];
    add_gguf(&sb, 0, tensors);
    assert_int_equal(open_made(&sb, &o), 0);
    assert_int_equal(check_made(&o), 0);
    assert_int_equal(importance_entries(o.importance), 2);
    assert_int_equal(importance_chunks(o.importance), 640);
    assert_string_equal(importance_dataset(o.importance), "cal.txt");
    assert_string_equal(importance_name(o.importance), "label");
    assert_null(find(&o, "other"));
    const struct importance_entry *e = find(&o, "e");
    assert_non_null(e);
    assert_true(e->row_len == 4 && e->matrices == 3);
    assert_int_equal(importance_read(o.importance, e, 0, 12, values, &err), 0);
    for (int i = 0; i < 12; i++) {
        volatile float quotient = sums[i] / 3.0f;
        assert_true(values[i] == (i / 4 == 1 ? 1.0f : quotient));
    }
    assert_int_equal(importance_read(o.importance, e, 3, 6, values, &err), 0);
    assert_true(values[0] == 0.0f && values[1] == 1.0f && values[5] == sums[8] / 3.0f);
}

static void legacy_values_are_means(void **state)
{
    (void)state;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    CLEANUP(opened_deinit) struct opened o;
    float values[12];
    add_u32(&sb, 3);
    add_legacy_entry(&sb, "a", 7, 12, sums);
    add_legacy_entry(&sb, "zero", 0, 2, sums);
    add_legacy_entry(&sb, "minus", -3, 1, sums);
    assert_int_equal(open_made(&sb, &o), 0);
    assert_int_equal(check_made(&o), 0);
    assert_true(importance_chunks(o.importance) <= 0);
    assert_null(importance_dataset(o.importance));
    assert_int_equal(importance_read(o.importance, find(&o, "a"), 0, 12, values, &err), 0);
    for (int i = 0; i < 12; i++) {
        volatile float quotient = sums[i] / 7.0f;
        assert_true(values[i] == quotient);
    }
    assert_int_equal(importance_read(o.importance, find(&o, "zero"), 0, 2, values, &err), 0);
    assert_true(values[0] == 3 && values[1] == 6); /* not 1, as in a GGUF file */
    assert_int_equal(importance_read(o.importance, find(&o, "minus"), 0, 1, values, &err), 0);
    assert_true(values[0] == 3);
    _cleanup_json_ json_t *json = importance_json(o.importance);
    assert_true(json_is_null(json_object_get(json, "chunks")));
    assert_int_equal(strlen(json_string_value(json_object_get(json, "sha256"))), 64);
}

static void metadata_are_demanded(void **state)
{
    (void)state;
    static const float one = 1;
    const struct made_tensor tensors[] = { { "e.in_sum2", 0, 1, 1, &one },
                                           { "e.counts", 0, 1, 1, &one },
                                           { NULL, 0, 0, 0, NULL } };
    static const char lacks[] =
        "x.imatrix: no importance matrix: it lacks one of the metadata imatrix.datasets, "
        "imatrix.chunk_count (u32), imatrix.chunk_size (u32)";
    static const unsigned odd[] = { TEXT_DATASET, NO_DATASET };
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    add_gguf(&sb, NO_COUNT, tensors);
    assert_refused(&sb, lacks);
    add_gguf(&sb, NO_DATASETS, tensors);
    assert_refused(&sb, lacks);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        CLEANUP(opened_deinit) struct opened o;
        add_gguf(&sb, odd[i] | BIG_COUNT, tensors);
        assert_int_equal(open_made(&sb, &o), 0);
        assert_null(importance_dataset(o.importance));
        assert_int_equal(importance_chunks(o.importance), -1);
    }
}

static void odd_tables_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct made_tensor tensors[4];
        const char *text;
    } cases[] = {
        { { { "other", 0, 1, 1, sums } },
          "x.imatrix: no importance matrix: it has no entries (tensors NAME.in_sum2 and "
          "NAME.counts)" },
        { { { "e.in_sum2", 0, 1, 1, sums } }, "x.imatrix: entry `e` has sums but no counts" },
        { { { "e.counts", 0, 1, 1, sums } }, "x.imatrix: entry `e` has counts but no sums" },
        { { { "e.in_sum2", 0, 1, 1, sums }, { "e.counts", 26, 1, 1, sums } },
          "x.imatrix: entry `e` does not have its sums and counts as f32" },
        { { { "e.counts", 0, 1, 1, sums }, { "e.in_sum2", 26, 1, 1, sums } },
          "x.imatrix: entry `e` does not have its sums and counts as f32" },
        { { { "e\x1b.in_sum2", 0, 2, 2, sums }, { "e\x1b.counts", 0, 1, 3, sums } },
          "x.imatrix: entry `e\\x1b` has sums that do not divide into as many matrices as it has "
          "counts" },
    };
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        add_gguf(&sb, 0, cases[i].tensors);
        assert_refused(&sb, cases[i].text);
    }
}

static void odd_values_are_refused(void **state)
{
    (void)state;
    static const float bad[] = { -1, NAN, INFINITY, -INFINITY };
    static const float one = 1, huge = 0x1p63f;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
        const float *count = i < sizeof bad / sizeof *bad ? &bad[i] : &huge;
        const struct made_tensor tensors[] = { { "e.in_sum2", 0, 1, 1, &one },
                                               { "e.counts", 0, 1, 1, count },
                                               { NULL, 0, 0, 0, NULL } };
        add_gguf(&sb, 0, tensors);
        assert_bad_value(&sb, "x.imatrix: entry `e` has a count that is negative or not finite");
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        float row[5000] = { 0 };
        row[4999] = bad[i];
        add_u32(&sb, 1);
        add_legacy_entry(&sb, "e", 1, 5000, row);
        assert_bad_value(&sb, "x.imatrix: entry `e` has a value that is negative or not finite");
    }
}

static void one_file_is_an_importance_matrix(void **state)
{
    (void)state;
    struct model *model = NULL;
    struct importance *importance = NULL;
    assert_int_equal(model_new(&model, &err), 0);
    assert_int_equal(model_add_file(model, "a", -1, 5, &err), 0);
    assert_int_equal(model_add_file(model, "b", -1, 5, &err), 0);
    assert_int_equal(importance_open(registry, model, "x", NULL, &importance, &err), PARE_EUSAGE);
    assert_string_equal(err.text, "an importance matrix is one file, not 2");
    model_free(model);
}

static struct model_tensor tensor_of(uint32_t n_dims, uint64_t a, uint64_t b, uint64_t c)
{
    struct model_tensor t = { .name = { "e", 1 }, .n_dims = n_dims, .dims = { a, b, c } };
    t.row_len = t.dims[n_dims - 1];
    t.elements = a * (n_dims > 1 ? b : 1) * (n_dims > 2 ? c : 1);
    t.rows = t.elements / t.row_len;
    return t;
}

static void entries_fit_columns_by_matrices(void **state)
{
    (void)state;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    CLEANUP(opened_deinit) struct opened o;
    add_u32(&sb, 1);
    add_legacy_entry(&sb, "e", 1, 12, sums);
    assert_int_equal(open_made(&sb, &o), 0);
    const struct model_tensor good[] = { tensor_of(1, 12, 0, 0), tensor_of(2, 7, 12, 0),
                                         tensor_of(3, 3, 5, 4), tensor_of(3, 1, 5, 12) };
    const struct model_tensor bad[] = { tensor_of(1, 4, 0, 0), tensor_of(2, 3, 4, 0),
                                        tensor_of(2, 12, 1, 0), tensor_of(3, 5, 3, 4) };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_ptr_equal(importance_for(o.importance, &good[i]), find(&o, "e"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(importance_for(o.importance, &bad[i]));
    assert_null(importance_for(NULL, &good[0]));
}

/* Three matrices of 2 x 4; a slab from the second row of the first to the first of the third. */
static void experts_have_their_own_columns(void **state)
{
    (void)state;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    CLEANUP(opened_deinit) struct opened o;
    CLEANUP(importance_rows_deinit) struct importance_rows rows;
    const struct model_tensor t = tensor_of(3, 3, 2, 4);
    const struct slab_cut cut = { .elements = 16, .n_slabs = 2 };
    struct measure m = MEASURE_INIT;
    float x[16], y[16];
    double sse = 0, sxx = 0;
    add_u32(&sb, 1);
    add_legacy_entry(&sb, "e", 1, 12, sums);
    assert_int_equal(open_made(&sb, &o), 0);
    assert_int_equal(importance_rows_init(&rows, o.importance, 4, &err), 0);
    assert_int_equal(importance_rows_piece(&t, 4, 16), 4);
    assert_int_equal(importance_rows_piece(&t, 8, 12), 8);
    assert_int_equal(importance_rows_piece(&t, 16, 4), 4);
    assert_int_equal(importance_rows_load(&rows, find(&o, "e"), &t, 8, 4, &err), 0);
    assert_memory_equal(rows.values, &sums[4], 16);
    assert_int_equal(importance_rows_load(&rows, find(&o, "e"), &t, 22, 2, &err), 0);
    assert_memory_equal(rows.values, &sums[10], 8);
    for (int i = 0; i < 16; i++) {
        x[i] = (float)(i + 1);
        y[i] = (float)(i + 1 + i % 3);
        double h = sums[(i + 4) / 8 * 4 + i % 4];
        sse += h * (x[i] - y[i]) * (x[i] - y[i]);
        sxx += h * x[i] * x[i];
    }
    assert_int_equal(importance_rows_weigh(&rows, &t, &cut, 4, 16, x, y, &m, &err), 0);
    assert_true(m.weighted_n == 16 && m.weighted_sse == sse && m.weighted_sxx == sxx);
    assert_true(fabs(measure_weighted_relative_error(&m) - sqrt(sse / sxx)) < 1e-15);
    assert_true(m.n == 0 && m.sse == 0); /* the plain sums are another's */
}

static void elements_that_are_not_finite_weigh_nothing(void **state)
{
    (void)state;
    static const float h[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    float x[18], y[18];
    struct measure m = MEASURE_INIT;
    for (int i = 0; i < 18; i++)
        y[i] = x[i] = 1;
    x[0] = NAN;
    y[9] = INFINITY;
    y[17] = 3;
    measure_add_weighted(&m, x, y, 2, 9, h);
    assert_true(m.weighted_n == 16 && m.weighted_sse == 36 && m.weighted_sxx == 88);
    _cleanup_json_ json_t *json = json_object();
    struct measure none = MEASURE_INIT;
    measure_weighted_to_json(&none, json);
    assert_true(json_is_null(json_object_get(json, "weighted_relative_error")));
    assert_true(json_is_null(json_object_get(json, "weighted_sqnr_db")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gguf_values_are_sums_by_counts),
        cmocka_unit_test(legacy_values_are_means),
        cmocka_unit_test(metadata_are_demanded),
        cmocka_unit_test(odd_tables_are_refused),
        cmocka_unit_test(odd_values_are_refused),
        cmocka_unit_test(one_file_is_an_importance_matrix),
        cmocka_unit_test(entries_fit_columns_by_matrices),
        cmocka_unit_test(experts_have_their_own_columns),
        cmocka_unit_test(elements_that_are_not_finite_weigh_nothing),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
