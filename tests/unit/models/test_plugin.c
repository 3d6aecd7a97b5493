/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * core/plugin: masks of CPU features, and the registry with the plugins of this build. The rules
 * for plugins that break something are tested in tests/abi.
 */
#include "plugin/source.h"
#include "plugin/host_private.h"
#include "plugin/validate.h"
#include "plugin/view.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "plugin/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void cpu_masks_in_words(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    uint32_t mask = 99, native = cpu_detect();
    char text[64];
    assert_int_equal(cpu_parse("c", &mask, &err), 0);
    assert_int_equal(mask, 0);
    cpu_describe(mask, text, sizeof text);
    assert_string_equal(text, "c");
    assert_int_equal(cpu_parse("native", &mask, &err), 0);
    assert_int_equal(mask, native);
    assert_int_equal(cpu_parse("avx2,f16c,avx512,avx512vbmi,neon", &mask, &err), 0);
    assert_int_equal(mask, native); /* never more than there is */
    cpu_describe(mask, text, sizeof text);
    assert_int_equal(cpu_parse(native ? text : "c", &mask, &err), 0);
    assert_int_equal(mask, native);
    cpu_describe(PARE_CPU_AVX2 | PARE_CPU_NEON, text, sizeof text);
    assert_string_equal(text, "avx2,neon");
}

/* The kernels of a level need the bits of those below it. */
static void cpu_levels_have_those_below(void **state)
{
    (void)state;
    const struct {
        const char *text;
        uint32_t mask;
    } levels[] = {
        { "avx2", PARE_CPU_AVX2 | PARE_CPU_F16C },
        { "f16c", PARE_CPU_F16C },
        { "avx512", PARE_CPU_AVX512 | PARE_CPU_AVX2 | PARE_CPU_F16C },
        { "avx512vbmi", PARE_CPU_AVX512VBMI | PARE_CPU_AVX512 | PARE_CPU_AVX2 | PARE_CPU_F16C },
        { "neon", PARE_CPU_NEON },
    };
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        struct error err = ERROR_INIT;
        uint32_t mask = 99;
        assert_int_equal(cpu_parse(levels[i].text, &mask, &err), 0);
        assert_int_equal(mask, levels[i].mask & cpu_detect());
    }
}

static void cpu_words_that_are_none(void **state)
{
    (void)state;
    static const char *const bad[] = { "",     "sse", "avx2,", ",avx2",  "avx2,,f16c",
                                       "AVX2", "avx", "avx2 ", "c,avx2", "avx2,native" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error err = ERROR_INIT;
        uint32_t mask = 99;
        assert_int_equal(cpu_parse(bad[i], &mask, &err), PARE_EUSAGE);
        assert_non_null(strstr(err.text, "unknown instruction set"));
        assert_int_equal(mask, 99);
    }
}

static void names(void **state)
{
    (void)state;
    static const char *const good[] = { "a", "q4_k", "example-reader",
                                        "a234567890123456789012345678901" };
    static const char *const bad[] = { "",     "4q",       "_a",
                                       "-a",   "A",        "q4 k",
                                       "q4.k", "\xc3\xa4", "a2345678901234567890123456789012" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(validate_name(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(validate_name(bad[i]));
    assert_false(validate_name(NULL));
}

static void built_plugins_load(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct registry *registry = NULL;
    assert_int_equal(registry_new(0, &registry, &err), 0);
    assert_int_equal(registry_load_dirs(registry, getenv("PARE_PLUGINS"), &err), 0);
    _cleanup_json_ json_t *all = registry_describe(registry);
    assert_int_equal(json_array_size(json_object_get(all, "refused")), 0);
    assert_true(json_array_size(json_object_get(all, "plugins")) >= 4);
    _cleanup_json_ json_t *versions = registry_versions(registry);
    assert_int_equal(json_array_size(versions), json_array_size(json_object_get(all, "plugins")));
    const struct encoding *q4_k = registry_encoding(registry, "q4_k");
    assert_non_null(q4_k);
    assert_int_equal(q4_k->block_len, 256);
    assert_string_equal(q4_k->kernel.name, "c"); /* the mask is empty */
    assert_non_null(registry_reader(registry, "gguf"));
    assert_non_null(registry_writer(registry, "safetensors"));
    assert_null(registry_reader(registry, "onnx"));
    assert_null(registry_writer(registry, "onnx"));
    assert_null(registry_encoding(registry, "Q4_K"));
    registry_free(registry);
    registry_free(NULL);
}

static void directories_that_are_missing(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct registry *registry = NULL;
    assert_int_equal(registry_new(0, &registry, &err), 0);
    assert_true(registry_load_dirs(registry, "/nonexistent/plugins", &err) < 0);
    assert_non_null(strstr(err.text, "plugin directory /nonexistent/plugins"));
    assert_true(registry_load(registry, "/nonexistent/x.so", &err) < 0);
    assert_non_null(strstr(err.text, "plugin /nonexistent/x.so: cannot open it"));
    assert_int_equal(registry_load_dirs(registry, "", &err), 0);
    registry_free(registry);
}

static void outcomes_make_sense(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct pare_job job = { .err = &err };
    assert_int_equal(host_result(&job, 0, 0, "who", "read"), 0);
    assert_int_equal(host_result(&job, 1, 1, "who", "read"), 1);
    assert_int_equal(host_result(&job, 12345, 1, "who", "read"), PARE_EPLUGIN);
    assert_string_equal(err.text, "who: read returned 12345, which is no status");
    assert_int_equal(host_result(&job, -999, 1, "who", "read"), PARE_EPLUGIN);
    assert_string_equal(err.text, "who: read returned -999, which is no status");
    err = (struct error)ERROR_INIT;
    assert_int_equal(host_result(&job, PARE_ENOSPC, 1, "who", "read"),
                     PARE_EPLUGIN); /* the host's own */
    assert_string_equal(err.text, "who: read returned -7, which is no status");
    err = (struct error)ERROR_INIT;
    assert_int_equal(error_set(&err, PARE_ENOSPC, "full"), PARE_ENOSPC); /* which it passes on */
    assert_int_equal(host_result(&job, PARE_ENOSPC, 1, "who", "read"), PARE_ENOSPC);
    err = (struct error)ERROR_INIT;
    assert_int_equal(host_result(&job, PARE_EIO, 1, "who", "read"), PARE_EIO);
    assert_string_equal(err.text, "who: read failed without saying why");
    assert_int_equal(error_set(&err, PARE_EDATA, "reason"), PARE_EDATA);
    assert_int_equal(host_result(&job, PARE_EIO, 1, "who", "read"), PARE_EDATA);
    assert_string_equal(err.text, "reason");
}

/* What the host fills ends where the plugin's struct does. */
static void services_fill_no_further_than_asked(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct model *model = NULL;
    struct pare_host host;
    union {
        struct pare_file file;
        char bytes[256];
    } room;
    assert_int_equal(model_new(&model, &err), 0);
    assert_int_equal(model_add_file(model, "f", -1, 5, &err), 0);
    struct pare_job job = { .model = model, .err = &err };
    host_init(&host, 0);
    static const size_t said[] = { 0, 1, sizeof(struct pare_file), 128, SIZE_MAX };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        memset(&room, 0x5a, sizeof room);
        room.file.struct_size = said[i];
        assert_int_equal(host.file_info(&job, 0, &room.file), 0);
        assert_true(room.file.size == 5);
        assert_int_equal(room.file.struct_size, sizeof room.file);
        for (size_t j = sizeof room.file; j < sizeof room; j++)
            assert_int_equal(room.bytes[j], 0x5a);
    }
    assert_int_equal(host.file_info(&job, 1, &room.file), PARE_EPLUGIN);
    assert_int_equal(host.file_role(&job, 0, 4), PARE_EPLUGIN);
    assert_int_equal(host.read(&job, 0, 3, &room, 3), PARE_EINCOMPLETE);
    assert_int_equal(host.read(&job, 0, UINT64_MAX, &room, 3), PARE_EINCOMPLETE);
    assert_int_equal((host.fail)(&job, 5, "%s", "x"), PARE_EPLUGIN);
    assert_int_equal((host.fail)(&job, PARE_EIO, "%s", "x"), PARE_EIO);
    assert_int_equal(host.out_size(&job, 0, 1), PARE_EPLUGIN); /* a reader has no layout */
    model_free(model);
}

/* The examples of pare-plugin(3): bytes of a matrix of 4096 rows. */
static void sizes_of_the_manual(void **state)
{
    (void)state;
    static const struct {
        uint32_t block_len;
        struct pare_plane plane;
        uint64_t columns, bytes;
    } examples[] = {
        { 64, { .per = PARE_PER_BLOCK, .bits = 512 }, 4096, 16777216 },
        { 64, { .per = PARE_PER_BLOCK, .bits = 32 }, 4096, 1048576 },
        { 128, { .per = PARE_PER_BLOCK, .bits = 4 }, 4096, 65536 },
        { 1,
          { .per = PARE_PER_TILE, .bits = 32, .tile_rows = 128, .tile_columns = 128 },
          4096,
          4096 },
        { 1, { .per = PARE_PER_ROW, .bits = 32 }, 4096, 16384 },
        { 1, { .per = PARE_PER_COLUMN, .bits = 16 }, 4096, 8192 },
        { 1, { .per = PARE_PER_TENSOR, .bits = 32 }, 4096, 4 },
        { 64, { .per = PARE_PER_BLOCK, .bits = 4 }, 4032, 4096 * 32 },
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct encoding e = { .name = "example",
                              .block_len = examples[i].block_len,
                              .n_planes = 1,
                              .planes = { examples[i].plane } };
        struct error err = ERROR_INIT;
        uint64_t bytes = 0;
        assert_int_equal(encoding_plane_bytes(&e, 0, 4096, examples[i].columns, &bytes, &err), 0);
        assert_int_equal(bytes, examples[i].bytes);
    }
}

static void expect_facts(struct view *view, const char *role, const char *op, uint32_t channel)
{
    const struct model_tensor *t = &view_model(view)->tensors[view_model(view)->n_tensors - 1];
    assert_int_equal(t->role != NULL, role != NULL);
    assert_int_equal(t->op != NULL, op != NULL);
    if (role)
        assert_string_equal(t->role, role);
    if (op)
        assert_string_equal(t->op, op);
    assert_int_equal(t->channel, channel);
}

static struct view_tensor named(const char *name, uint64_t rows, uint64_t row_len)
{
    return (struct view_tensor){ .name = { name, strlen(name) },
                                 .n_dims = 2,
                                 .dims = { rows, row_len } };
}

/* Two matrices of 4 times 6 floats, of which their reader tells something. */
static struct model *model_with_facts(const struct encoding *f32)
{
    struct error err = ERROR_INIT;
    struct model *model = NULL;
    struct pare_tensor said = { .struct_size = sizeof said,
                                .name = { "a", 1 },
                                .encoding = "f32",
                                .n_dims = 2,
                                .n_planes = 1,
                                .dims = { 4, 6 },
                                .planes = { { 0, 0, 0, 96 } },
                                .channel = 1,
                                .role = "weight",
                                .op = "MatMul" };
    assert_int_equal(model_new(&model, &err), 0);
    assert_int_equal(model_add_file(model, "model", -1, 192, &err), 0);
    assert_int_equal(model_add_tensor(model, &said, f32, &err), 0);
    said.name.data = "b";
    said.op = "Gemm";
    said.planes[0].offset = 96;
    assert_int_equal(model_add_tensor(model, &said, f32, &err), 0);
    return model;
}

/* What a reader tells of a tensor is true of the view's where it is still the same thing. */
static void facts_stay_where_they_are_true(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct registry *registry = NULL;
    struct view *view = NULL;
    assert_int_equal(registry_new(0, &registry, &err), 0);
    assert_int_equal(registry_load_dirs(registry, getenv("PARE_PLUGINS"), &err), 0);
    const struct encoding *f32 = registry_encoding(registry, "f32");
    struct source base = { .model = model_with_facts(f32) };
    assert_int_equal(view_new(&base, &view, &err), 0);
    struct view_tensor said = named("same", 4, 6);
    assert_int_equal(view_add_same(view, &said, 0, &err), 0);
    expect_facts(view, "weight", "MatMul", 1);
    said = named("other dims", 3, 8);
    assert_int_equal(view_add_same(view, &said, 0, &err), 0);
    expect_facts(view, "weight", "MatMul", 0);
    said = named("transposed", 6, 4);
    assert_int_equal(view_add_transposed(view, &said, 0, NULL, &err), 0);
    expect_facts(view, "weight", "MatMul", 2);
    said = named("stacked", 8, 6);
    struct view_rows rows[2] = { { 0, 0, 4, 1, 1, 0 }, { 1, 0, 4, 1, 1, 0 } };
    assert_int_equal(view_add_rows(view, &said, 0, rows, 2, &err), 0);
    expect_facts(view, "weight", NULL, 0);
    said = named("values", 1, 1);
    said.f32 = f32;
    assert_int_equal(view_add_values(view, &said, &(float){ 1 }, &err), 0);
    expect_facts(view, NULL, NULL, 0);
    view_free(view);
    model_free((struct model *)base.model);
    registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_masks_in_words),
        cmocka_unit_test(cpu_levels_have_those_below),
        cmocka_unit_test(cpu_words_that_are_none),
        cmocka_unit_test(names),
        cmocka_unit_test(built_plugins_load),
        cmocka_unit_test(directories_that_are_missing),
        cmocka_unit_test(outcomes_make_sense),
        cmocka_unit_test(services_fill_no_further_than_asked),
        cmocka_unit_test(sizes_of_the_manual),
        cmocka_unit_test(facts_stay_where_they_are_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
