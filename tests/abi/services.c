/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Evaluators and matrix services, loaded and run. The argument is the folder of the built kinds. */
#include "plugin/host_private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "plugin/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *kinds;

struct bench {
    struct registry *registry;
    struct model *model;
    struct error err;
    struct pare_host host;
    struct pare_job job;
};

static void bench_init(struct bench *bench)
{
    char path[4096];
    *bench = (struct bench){ .err = ERROR_INIT };
    (void)snprintf(path, sizeof path, "%s/services.so", kinds);
    assert_int_equal(registry_new(cpu_detect(), &bench->registry, &bench->err), 0);
    if (registry_load(bench->registry, path, &bench->err) < 0)
        fail_msg("%s", bench->err.text);
    assert_int_equal(model_new(&bench->model, &bench->err), 0);
    host_init(&bench->host, cpu_detect());
    bench->job =
        (struct pare_job){ .model = bench->model, .err = &bench->err, .registry = bench->registry };
}

static void bench_deinit(struct bench *bench)
{
    model_free(bench->model);
    registry_free(bench->registry);
}

#define N 3u

struct taken {
    char names[4][16];
    float values[4][N];
    int n, stop_after;
};

static int take(void *context, const struct pare_array *array)
{
    struct taken *taken = context;
    assert_int_equal(array->type, PARE_F32);
    assert_int_equal(array->n_dims, 1);
    assert_int_equal(array->dims[0], N);
    (void)snprintf(taken->names[taken->n], sizeof taken->names[0], "%s", array->name);
    memcpy(taken->values[taken->n++], array->data, sizeof taken->values[0]);
    return taken->n == taken->stop_after ? PARE_ECANCELLED : 0;
}

static void *open_tiny(struct bench *bench, const struct pare_evaluator *evaluator)
{
    const struct {
        uint32_t n;
        float factor;
    } model = { N, 2 };
    void *tiny = NULL;
    assert_int_equal(evaluator->open(&bench->host, &bench->job, "tiny", &model, sizeof model,
                                     &tiny),
                     0);
    return tiny;
}

static void an_evaluator_runs(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    const struct pare_evaluator *evaluator = registry_evaluator(bench.registry, "tiny");
    assert_non_null(evaluator);
    assert_null(registry_evaluator(bench.registry, "tinier"));
    void *tiny = open_tiny(&bench, evaluator);
    struct pare_array said = { .struct_size = sizeof said };
    assert_int_equal(evaluator->input(tiny, 1, &said), 1);
    assert_string_equal(said.name, "b");
    assert_int_equal(evaluator->input(tiny, 2, &said), 0);
    assert_int_equal(evaluator->output(tiny, 0, &said), 1);
    assert_string_equal(said.name, "sum");
    const float a[N] = { 1, -2, 3 }, b[N] = { 10, 20, 30 };
    const struct pare_array in[2] = { { sizeof said, "a", PARE_F32, 1, { N }, a },
                                      { sizeof said, "b", PARE_F32, 1, { N }, b } };
    const struct pare_array *const inputs[] = { &in[0], &in[1], NULL };
    static const char *const watched[] = { "scaled", NULL };
    struct taken taken = { .n = 0 };
    float smallest = 0, largest = 0;
    assert_int_equal(evaluator->run(tiny, inputs, NULL, take, &taken), 0);
    assert_int_equal(taken.n, 1);
    assert_string_equal(taken.names[0], "sum");
    assert_memory_equal(taken.values[0], ((const float[N]){ 12, 16, 36 }), sizeof a);
    assert_int_equal(evaluator->range(tiny, "scaled", &smallest, &largest), 0);
    assert_int_equal(evaluator->run(tiny, inputs, watched, take, &taken), 0);
    assert_int_equal(taken.n, 3);
    assert_string_equal(taken.names[1], "scaled");
    assert_memory_equal(taken.values[1], ((const float[N]){ 2, -4, 6 }), sizeof a);
    assert_int_equal(evaluator->range(tiny, "scaled", &smallest, &largest), 1);
    assert_true(smallest == -4 && largest == 6);
    taken = (struct taken){ .stop_after = 1 };
    assert_int_equal(evaluator->run(tiny, inputs, watched, take, &taken), PARE_ECANCELLED);
    assert_int_equal(taken.n, 1);
    evaluator->close(tiny);
    bench_deinit(&bench);
}

static void what_an_evaluator_refuses(void **state)
{
    (void)state;
    struct bench bench;
    void *tiny = NULL;
    bench_init(&bench);
    const struct pare_evaluator *evaluator = registry_evaluator(bench.registry, "tiny");
    assert_int_equal(evaluator->open(&bench.host, &bench.job, "tiny", "1234567", 7, &tiny),
                     PARE_EDATA);
    assert_string_equal(bench.err.text, "the model has 7 bytes, not 8");
    bench.err = (struct error)ERROR_INIT;
    assert_int_equal(evaluator->open(&bench.host, &bench.job, "onnx", "12345678", 8, &tiny),
                     PARE_ENOTSUP);
    assert_null(tiny);
    bench_deinit(&bench);
}

/* Products of whole numbers, which are exact in any order: with each combination of flags, for
 * shapes that are not square, and rows longer than the matrix. */
#define MOST 7

static float number(uint64_t i)
{
    return (float)((int)(i * 2654435761u % 17) - 8);
}

static void check_product(const struct pare_matrix *matrix, uint32_t flags, uint64_t m, uint64_t n,
                          uint64_t k)
{
    float a[(MOST + 1) * (MOST + 3)], b[(MOST + 1) * (MOST + 3)], c[(MOST + 1) * (MOST + 3)];
    int a_turned = (flags & PARE_MATRIX_A_TRANSPOSED) != 0;
    int b_turned = (flags & PARE_MATRIX_B_TRANSPOSED) != 0;
    uint64_t lda = (a_turned ? m : k) + 1, ldb = (b_turned ? k : n) + 2, ldc = n + 3;
    for (uint64_t i = 0; i < sizeof a / sizeof *a; i++) {
        a[i] = number(i);
        b[i] = number(i + 100);
        c[i] = number(i + 200);
    }
    matrix->multiply(flags, m, n, k, a, lda, b, ldb, c, ldc);
    for (uint64_t i = 0; i < m; i++)
        for (uint64_t j = 0; j < ldc; j++) {
            float want = j >= n || flags & PARE_MATRIX_ADD ? number(i * ldc + j + 200) : 0;
            for (uint64_t l = 0; l < k && j < n; l++)
                want += (a_turned ? a[l * lda + i] : a[i * lda + l]) *
                        (b_turned ? b[j * ldb + l] : b[l * ldb + j]);
            if (c[i * ldc + j] != want)
                fail_msg("flags %u, %llu x %llu x %llu: element %llu, %llu", flags,
                         (unsigned long long)m, (unsigned long long)n, (unsigned long long)k,
                         (unsigned long long)i, (unsigned long long)j);
        }
    for (uint64_t i = m * ldc; i < sizeof c / sizeof *c; i++)
        assert_true(c[i] == number(i + 200));
}

static void a_matrix_service_multiplies(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    const struct pare_matrix *matrix = bench.host.matrix(&bench.job);
    assert_ptr_equal(matrix, registry_matrix(bench.registry));
    assert_string_equal(matrix->name, "plain"); /* the highest rank that this CPU can run */
    for (uint32_t flags = 0; flags < 8; flags++)
        for (uint64_t m = 1; m <= MOST; m += 2)
            for (uint64_t n = 1; n <= MOST; n += 3)
                for (uint64_t k = 0; k <= MOST; k++)
                    check_product(matrix, flags, m, n, k);
    bench_deinit(&bench);
}

static void services_are_described(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    _cleanup_json_ json_t *all = registry_describe(bench.registry);
    const json_t *plugin = json_array_get(json_object_get(all, "plugins"), 0);
    const json_t *evaluator = json_array_get(json_object_get(plugin, "evaluators"), 0);
    assert_string_equal(json_get_string(evaluator, "name", ""), "tiny");
    assert_string_equal(json_string_value(json_array_get(json_object_get(evaluator, "formats"), 0)),
                        "tiny");
    const json_t *matrices = json_object_get(plugin, "matrices");
    assert_int_equal(json_array_size(matrices), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(json_get_bool(json_array_get(matrices, i), "used", 0), i == 1);
    assert_string_equal(json_get_string(json_array_get(matrices, 2), "needs", ""), "avx2,neon");
    bench_deinit(&bench);
}

/* A machine without a matrix service has none, and its descriptions do not speak of any. */
static void none_of_them(void **state)
{
    (void)state;
    struct registry *registry = NULL;
    struct error err = ERROR_INIT;
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/mixed.so", kinds);
    assert_int_equal(registry_new(0, &registry, &err), 0);
    assert_int_equal(registry_load(registry, path, &err), 0);
    assert_null(registry_matrix(registry));
    _cleanup_json_ json_t *all = registry_describe(registry);
    const json_t *plugin = json_array_get(json_object_get(all, "plugins"), 0);
    assert_null(json_object_get(plugin, "evaluators"));
    assert_null(json_object_get(plugin, "matrices"));
    registry_free(registry);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_evaluator_runs),
        cmocka_unit_test(what_an_evaluator_refuses),
        cmocka_unit_test(a_matrix_service_multiplies),
        cmocka_unit_test(services_are_described),
        cmocka_unit_test(none_of_them),
    };
    if (argc != 2)
        return 2;
    kinds = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
