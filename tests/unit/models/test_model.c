/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * core/model: what a plugin may add to a model, and what is refused. The model is the last check
 * between a hostile file that a plugin believed and the code that trusts shapes and extents.
 */
#include "model/model.h"

#include "base/cleanup.h"
#include "model/metadata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct encoding f32 = { .name = "f32",
                                     .flags = PARE_ENCODING_FLOAT,
                                     .block_len = 1,
                                     .n_planes = 1,
                                     .planes = { { sizeof(struct pare_plane), "data",
                                                   PARE_PER_BLOCK, 32, 0 } } };
/* Two planes: 16 codes a block, and 8 bytes for each row. */
static const struct encoding split = {
    .name = "split",
    .flags = PARE_ENCODING_QUANTIZED,
    .block_len = 32,
    .n_planes = 2,
    .planes = { { sizeof(struct pare_plane), "codes", PARE_PER_BLOCK, 128, 0 },
                { sizeof(struct pare_plane), "scales", PARE_PER_BLOCK, 16, 8 } }
};

static struct model *model;
static struct error err;

static int begin(void **state)
{
    (void)state;
    err = (struct error)ERROR_INIT;
    if (model_new(&model, &err) < 0 || model_add_file(model, "m.bin", -1, 1000, &err) < 0)
        return -1;
    return model_add_file(model, "n.bin", -1, 50, &err);
}

static int end(void **state)
{
    (void)state;
    model_free(model);
    return 0;
}

static struct pare_str str(const char *s)
{
    return (struct pare_str){ s, strlen(s) };
}

static struct pare_tensor tensor_of(const char *name, const char *encoding, uint64_t rows,
                                    uint64_t row_len, uint64_t offset, uint64_t length)
{
    return (struct pare_tensor){ .struct_size = sizeof(struct pare_tensor),
                                 .name = str(name),
                                 .encoding = encoding,
                                 .n_dims = 2,
                                 .n_planes = 1,
                                 .dims = { rows, row_len },
                                 .planes = { { 0, 0, offset, length } } };
}

static int add(const char *name, uint64_t rows, uint64_t row_len, uint64_t offset)
{
    struct pare_tensor t = tensor_of(name, "f32", rows, row_len, offset, rows * row_len * 4);
    return model_add_tensor(model, &t, &f32, &err);
}

static void tensors_have_sizes(void **state)
{
    (void)state;
    assert_int_equal(add("a", 3, 5, 0), 0);
    const struct model_tensor *t = &model->tensors[0];
    assert_true(t->elements == 15 && t->rows == 3 && t->row_len == 5 && t->bytes == 60);
    struct pare_tensor scalar = tensor_of("s", "f32", 0, 0, 60, 4);
    scalar.n_dims = 0;
    assert_int_equal(model_add_tensor(model, &scalar, &f32, &err), 0);
    t = &model->tensors[1];
    assert_true(t->elements == 1 && t->rows == 1 && t->row_len == 1);
    assert_int_equal(add("empty", 7, 0, 64), 0);
    t = &model->tensors[2];
    assert_true(t->elements == 0 && t->rows == 0 && t->bytes == 0);
    assert_true(model_parameters(model) == 16 && model_bytes(model) == 64);
}

static void dims_are_checked(void **state)
{
    (void)state;
    struct pare_tensor t = tensor_of("big", "f32", UINT64_C(1) << 40, UINT64_C(1) << 40, 0, 0);
    assert_int_equal(model_add_tensor(model, &t, &f32, &err), PARE_EDATA);
    assert_string_equal(err.text, "tensor `big`: the product of its dimensions overflows");
    t = tensor_of("big", "f32", UINT64_C(1) << 31, UINT64_C(1) << 31, 0, 0); /* 2^64 bytes */
    assert_int_equal(model_add_tensor(model, &t, &f32, &err), PARE_EDATA);
    assert_non_null(strstr(err.text, "overflows"));
    t = tensor_of("many", "f32", 1, 1, 0, 4);
    t.n_dims = PARE_MAX_DIMS + 1;
    assert_int_equal(model_add_tensor(model, &t, &f32, &err), PARE_EDATA);
    assert_non_null(strstr(err.text, "9 dimensions"));
    t = tensor_of("short", "f32", 2, 2, 0, 15);
    assert_int_equal(model_add_tensor(model, &t, &f32, &err), PARE_EDATA);
    assert_string_equal(err.text, "tensor `short`: 15 bytes given, its shape needs 16");
    t = tensor_of("row", "split", 2, 33, 0, 0);
    t.n_planes = 2;
    assert_int_equal(model_add_tensor(model, &t, &split, &err), PARE_EDATA);
    assert_non_null(strstr(err.text, "no multiple of split's block of 32"));
    assert_true(model->n_tensors == 0);
}

static void planes_are_checked(void **state)
{
    (void)state;
    struct pare_tensor t = tensor_of("t", "split", 2, 64, 0, 64);
    assert_int_equal(model_add_tensor(model, &t, &split, &err), PARE_EPLUGIN);
    t.n_planes = 2;
    t.planes[1] = (struct pare_extent){ 0, 0, 64, 2 * 2 * 2 + 2 * 8 };
    assert_int_equal(model_add_tensor(model, &t, &split, &err), 0);
    assert_true(model->tensors[0].bytes == 64 + 24);
    t = tensor_of("unknown", "iq9", 2, 64, 100, 77); /* a length that only the file knows */
    assert_int_equal(model_add_tensor(model, &t, NULL, &err), 0);
    t = tensor_of("end", "iq9", 1, 1, UINT64_MAX - 3, 4);
    assert_int_equal(model_add_tensor(model, &t, NULL, &err), PARE_EDATA);
    assert_string_equal(err.text, "tensor `end`: its extent overflows");
    t = tensor_of("file", "iq9", 1, 1, 0, 4);
    t.planes[0].file = 2;
    assert_int_equal(model_add_tensor(model, &t, NULL, &err), PARE_EDATA);
    t.n_planes = 0;
    assert_int_equal(model_add_tensor(model, &t, NULL, &err), PARE_EPLUGIN);
    t.n_planes = PARE_MAX_PLANES + 1;
    assert_int_equal(model_add_tensor(model, &t, NULL, &err), PARE_EPLUGIN);
}

static void names_are_checked(void **state)
{
    (void)state;
    static char longest[PARE_MAX_NAME + 1];
    struct pare_tensor t = tensor_of("", "f32", 1, 1, 0, 4);
    assert_int_equal(model_add_tensor(model, &t, &f32, &err), PARE_EDATA);
    t.name = (struct pare_str){ "a\0b", 3 };
    assert_int_equal(model_add_tensor(model, &t, &f32, &err), PARE_EDATA);
    memset(longest, 'n', sizeof longest);
    t.name = (struct pare_str){ longest, sizeof longest };
    assert_int_equal(model_add_tensor(model, &t, &f32, &err), PARE_ELIMIT);
    t.name.len--;
    assert_int_equal(model_add_tensor(model, &t, &f32, &err), 0);
    assert_int_equal(add("twice", 1, 1, 4), 0);
    assert_int_equal(add("twice", 1, 1, 8), PARE_EDATA);
    assert_string_equal(err.text, "there are two tensors named `twice`");
    char escape[] = "x\x1b[2J";
    t = tensor_of(escape, "f32", 1, 1, 0, 5);
    assert_int_equal(model_add_tensor(model, &t, &f32, &err), PARE_EDATA);
    assert_non_null(strstr(err.text, "`x\\x1b[2J`"));
}

static void extents_stay_inside_and_apart(void **state)
{
    (void)state;
    assert_int_equal(add("a", 1, 100, 600), 0);
    assert_int_equal(add("b", 1, 100, 200), 0);
    assert_int_equal(add("empty", 3, 0, 650), 0); /* nothing overlaps with nothing */
    assert_int_equal(model_check_extents(model, &err), 0);
    assert_int_equal(add("c", 1, 1, 596), 0);
    assert_int_equal(model_check_extents(model, &err), PARE_EDATA);
    assert_string_equal(err.text, "m.bin: the data of tensors `b` and `c` overlap");
}

static void extents_past_the_end(void **state)
{
    (void)state;
    assert_int_equal(add("a", 1, 250, 0), 0);
    assert_int_equal(model_check_extents(model, &err), 0);
    struct pare_tensor t = tensor_of("z", "f32", 1, 13, 0, 52);
    t.planes[0].file = 1;
    assert_int_equal(model_add_tensor(model, &t, &f32, &err), 0);
    assert_int_equal(model_check_extents(model, &err), PARE_EINCOMPLETE);
    assert_string_equal(err.text,
                        "n.bin: tensor `z` ends at byte 52, but the file has only 50 bytes");
}

static struct pare_value u32_value(const uint32_t *v)
{
    return (struct pare_value){ sizeof(struct pare_value), PARE_U32, 0, 1, v };
}

static void metadata_keeps_its_order(void **state)
{
    (void)state;
    static const char *const keys[] = { "a", "b", "c", "d" };
    for (uint32_t i = 0; i < 4; i++) {
        struct pare_value v = u32_value(&i);
        assert_int_equal(meta_set(model, str(keys[i]), &v, &err), 0);
    }
    uint32_t other = 77;
    struct pare_value v = u32_value(&other);
    assert_int_equal(meta_set(model, str("b"), &v, &err), PARE_EDATA);
    assert_string_equal(err.text, "there are two metadata entries `b`");
    assert_int_equal(meta_put(model, str("b"), &v, &err), 0);
    assert_int_equal(meta_put(model, str("new"), &v, &err), 0);
    static const char *const now[] = { "a", "c", "d", "b", "new" };
    assert_true(model->n_meta == 5);
    for (uint64_t i = 0; i < 5; i++)
        assert_memory_equal(model->meta[i].key.data, now[i], strlen(now[i]) + 1);
    assert_int_equal(meta_int(model, "c", -1), 2);
    assert_int_equal(meta_int(model, "d", -1), 3);
    assert_int_equal(meta_int(model, "b", -1), 77);
    assert_int_equal(meta_int(model, "none", -1), -1);
    assert_null(meta_find(model, "none"));
    assert_int_equal(meta_set(model, str(""), &v, &err), PARE_EDATA);
}

static void metadata_is_copied_and_checked(void **state)
{
    (void)state;
    char text[] = "llama";
    struct pare_str strings[2] = { { text, 5 }, { NULL, 0 } };
    struct pare_value v = { sizeof v, PARE_STRING, 0, 1, strings };
    assert_int_equal(meta_set(model, str("general.architecture"), &v, &err), 0);
    v = (struct pare_value){ sizeof v, PARE_STRING, 1, 2, strings };
    assert_int_equal(meta_set(model, str("list"), &v, &err), 0);
    memset(text, 'x', 5);
    _cleanup_free_ char *architecture = model_architecture(model);
    assert_string_equal(architecture, "llama");
    assert_null(meta_string(model, "list"));
    v = (struct pare_value){ sizeof v, 9, 0, 1, text };
    assert_int_equal(meta_set(model, str("type"), &v, &err), PARE_EPLUGIN);
    assert_null(meta_find(model, "type"));
    v = (struct pare_value){ sizeof v, PARE_U64, 1, UINT64_MAX / 2, text };
    assert_int_equal(meta_set(model, str("huge"), &v, &err), PARE_ELIMIT);
    assert_null(meta_find(model, "huge"));
    v = (struct pare_value){ sizeof v, PARE_U64, 1, 3, NULL };
    assert_int_equal(meta_set(model, str("null"), &v, &err), PARE_EPLUGIN);
    v = (struct pare_value){ sizeof v, PARE_U64, 1, 0, NULL };
    assert_int_equal(meta_set(model, str("null"), &v, &err), 0);
    assert_int_equal(meta_first_int(model, "null", 5), 5);
}

static void integers_of_all_types(void **state)
{
    (void)state;
    const int8_t small = -3;
    const int64_t wide = INT64_MIN;
    const uint16_t list[] = { 9, 10 };
    const float real = 1;
    struct pare_value v = { sizeof v, PARE_I8, 0, 1, &small };
    assert_int_equal(meta_set(model, str("i8"), &v, &err), 0);
    v = (struct pare_value){ sizeof v, PARE_I64, 0, 1, &wide };
    assert_int_equal(meta_set(model, str("i64"), &v, &err), 0);
    v = (struct pare_value){ sizeof v, PARE_U16, 1, 2, list };
    assert_int_equal(meta_set(model, str("u16s"), &v, &err), 0);
    v = (struct pare_value){ sizeof v, PARE_F32, 0, 1, &real };
    assert_int_equal(meta_set(model, str("f32"), &v, &err), 0);
    assert_int_equal(meta_int(model, "i8", 0), -3);
    assert_true(meta_int(model, "i64", 0) == INT64_MIN);
    assert_int_equal(meta_int(model, "u16s", 0), 0);
    assert_int_equal(meta_first_int(model, "u16s", 0), 9);
    assert_int_equal(meta_int(model, "f32", 4), 4);
}

static void memory_is_charged(void **state)
{
    (void)state;
    void *a = NULL, *b = NULL, *c = NULL;
    uint64_t before = model->memory.used;
    model->memory.limit = before + 100;
    assert_int_equal(model_alloc(model, 6, 10, &a, &err), 0);
    assert_int_equal(model_alloc(model, 41, 1, &b, &err), PARE_ELIMIT);
    assert_int_equal(model_alloc(model, 40, 1, &b, &err), 0);
    for (int i = 0; i < 60; i++)
        assert_int_equal(((const char *)a)[i], 0);
    arena_release(&model->memory, a);
    assert_true(model->memory.used == before + 40);
    assert_int_equal(model_alloc(model, 60, 1, &c, &err), 0);
    arena_release(&model->memory, NULL);
    model->memory.limit = 0;
    assert_int_equal(model_alloc(model, UINT64_MAX, 2, &c, &err), PARE_ELIMIT);
    assert_int_equal(model_alloc(model, INT64_MAX, 1, &c, &err), PARE_ELIMIT);
}

static void a_census_counts(void **state)
{
    (void)state;
    assert_int_equal(add("a", 1, 10, 0), 0);
    assert_int_equal(add("b", 2, 10, 40), 0);
    struct pare_tensor t = tensor_of("c", "iq9", 1, 300, 200, 33);
    assert_int_equal(model_add_tensor(model, &t, NULL, &err), 0);
    _cleanup_json_ json_t *census = model_census(model);
    _cleanup_free_ char *text = json_dumps(census, JSON_COMPACT);
    assert_string_equal(text,
                        "[{\"encoding\":\"iq9\",\"tensors\":1,\"elements\":300,\"bytes\":33},"
                        "{\"encoding\":\"f32\",\"tensors\":2,\"elements\":30,\"bytes\":120}]");
}

static void plane_bytes_do_not_wrap(void **state)
{
    (void)state;
    uint64_t bytes = 1;
    assert_int_equal(encoding_plane_bytes(&split, 0, 3, 64, &bytes, &err), 0);
    assert_true(bytes == 3 * 2 * 16);
    assert_int_equal(encoding_plane_bytes(&split, 1, 3, 64, &bytes, &err), 0);
    assert_true(bytes == 3 * 2 * 2 + 3 * 8);
    assert_int_equal(encoding_plane_bytes(&split, 0, UINT64_C(1) << 62, 32, &bytes, &err),
                     PARE_EDATA);
    assert_int_equal(encoding_plane_bytes(&f32, 0, UINT64_C(1) << 61, 1, &bytes, &err), PARE_EDATA);
    assert_string_equal(err.text, "its size in f32 overflows");
}

/* Rows of packed bits that end within a byte stay as they are, as rows that kernels want whole. */
static void rows_that_can_be_cut_anew(void **state)
{
    (void)state;
    const struct encoding four = { .block_len = 1, .n_planes = 1, .planes = { { .bits = 4 } } };
    const struct encoding rows = { .block_len = 1,
                                   .n_planes = 2,
                                   .planes = { { .bits = 8 },
                                               { .per = PARE_PER_ROW, .bits = 8 } } };
    const struct encoding tiles = {
        .block_len = 1,
        .n_planes = 1,
        .planes = { { .per = PARE_PER_TILE, .bits = 8, .tile_rows = 2, .tile_columns = 2 } }
    };
    assert_true(encoding_recuts(&four, 8, 2) && encoding_recuts(&four, 7, 7));
    assert_false(encoding_recuts(&four, 8, 7) || encoding_recuts(&four, 7, 14));
    assert_false(encoding_recuts(&rows, 8, 2));
    assert_true(encoding_recuts(&f32, 7, 3) && encoding_recuts(&f32, 3, 1));
    assert_true(encoding_rows_are_apart(&four) && !encoding_rows_are_apart(&rows));
    assert_false(encoding_rows_are_apart(&tiles));
    assert_true(encoding_unit(&four) == 2 && encoding_tile_rows(&tiles) == 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(tensors_have_sizes),
                                        TEST(dims_are_checked),
                                        TEST(planes_are_checked),
                                        TEST(names_are_checked),
                                        TEST(extents_stay_inside_and_apart),
                                        TEST(extents_past_the_end),
                                        TEST(metadata_keeps_its_order),
                                        TEST(metadata_is_copied_and_checked),
                                        TEST(integers_of_all_types),
                                        TEST(memory_is_charged),
                                        TEST(a_census_counts),
                                        TEST(plane_bytes_do_not_wrap),
                                        TEST(rows_that_can_be_cut_anew) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
