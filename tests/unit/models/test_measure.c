/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * core/weights/measure: error figures against a plain loop in long double; and which shapes of
 * tensors agree.
 */
#include "weights/measure.h"

#include "base/cleanup.h"
#include "model/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint64_t lcg = 1;

static float noise(void)
{
    lcg = lcg * 6364136223846793005u + 1442695040888963407u;
    return (float)((double)(int64_t)lcg / 9.2e18);
}

static void fill(float *x, float *y, size_t n)
{
    lcg = n + 1;
    for (size_t i = 0; i < n; i++) {
        x[i] = noise() * 3;
        y[i] = x[i] + noise() / 100;
    }
}

static void assert_near(double a, long double b)
{
    if (fabsl(a - b) > 1e-12L * fabsl(b))
        fail_msg("%.17g is not %.17Lg", a, b);
}

static void figures_are_those_of_a_plain_loop(void **state)
{
    (void)state;
    static float x[5000], y[5000];
    static const size_t sizes[] = { 1, 7, 8, 9, 255, 4096, 4999 };
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        size_t n = sizes[k];
        long double sse = 0, sxx = 0, syy = 0, sxy = 0, most = 0;
        struct measure m = MEASURE_INIT;
        fill(x, y, n);
        for (size_t i = 0; i < n; i++) {
            long double d = (long double)x[i] - (long double)y[i];
            sse += d * d;
            sxx += (long double)x[i] * x[i];
            syy += (long double)y[i] * y[i];
            sxy += (long double)x[i] * y[i];
            most = fmaxl(most, fabsl((long double)(float)d));
        }
        measure_add(&m, x, y, n, 0);
        assert_true(m.n == n && m.first_nonfinite == UINT64_MAX && !m.nonfinite && !m.overflowed);
        assert_near(measure_rmse(&m), sqrtl(sse / n));
        assert_near(measure_sqnr_db(&m), 10 * log10l(sxx / sse));
        assert_near(measure_relative_error(&m), sqrtl(sse) / sqrtl(sxx));
        assert_near(measure_cosine(&m), sxy / sqrtl(sxx) / sqrtl(syy));
        assert_near(m.max_abs, most);
    }
}

/* The order of additions is part of the interface: verification compares sums bit by bit. */
static void sums_have_one_order(void **state)
{
    (void)state;
    static float x[4099], y[4099];
    const size_t n = sizeof x / sizeof *x;
    volatile double lanes[8] = { 0 }, sse = 0;
    struct measure m = MEASURE_INIT, again = MEASURE_INIT;
    fill(x, y, n);
    for (size_t i = 0; i < n; i++) {
        volatile double d = (double)x[i] - (double)y[i];
        volatile double square = d * d;
        lanes[i % 8] += square;
    }
    for (size_t j = 0; j < 8; j++)
        sse += lanes[j];
    measure_add(&m, x, y, n, 0);
    assert_true(m.sse == sse);
    measure_add(&again, x, y, n, 1000000);
    assert_memory_equal(&m, &again, sizeof m);
}

static void merging_is_adding_in_order(void **state)
{
    (void)state;
    static float x[3000], y[3000];
    struct measure a = MEASURE_INIT, b = MEASURE_INIT, c = MEASURE_INIT;
    fill(x, y, 3000);
    y[2500] = NAN;
    measure_add(&a, x, y, 1000, 0);
    measure_add(&b, x + 1000, y + 1000, 2000, 1000);
    double expected = a.sse + b.sse;
    measure_merge(&a, &b);
    assert_true(a.sse == expected && a.n == 2999 && a.overflowed == 1);
    assert_true(a.first_overflowed == 2500 && a.first_nonfinite == UINT64_MAX);
    measure_merge(&c, &a); /* into nothing */
    assert_memory_equal(&c, &a, sizeof a);
}

static void what_is_not_finite_is_counted(void **state)
{
    (void)state;
    float x[20], y[20];
    struct measure m = MEASURE_INIT;
    for (int i = 0; i < 20; i++)
        x[i] = y[i] = 1;
    y[3] = INFINITY;
    x[7] = NAN;
    x[9] = -INFINITY;
    y[9] = -INFINITY;
    y[11] = 3;
    measure_add(&m, x, y, 20, 100);
    assert_true(m.n == 17 && m.nonfinite == 2 && m.overflowed == 1);
    assert_true(m.first_nonfinite == 107 && m.first_overflowed == 103);
    assert_true(m.sse == 4 && m.max_abs == 2 && m.sxx == 17);
    struct measure exact = MEASURE_INIT;
    measure_add(&exact, x, x, 20, 0);
    assert_true(exact.nonfinite == 2 && exact.overflowed == 0 && exact.first_nonfinite == 7);
}

static void figures_at_the_edges(void **state)
{
    (void)state;
    const float zero[3] = { 0 }, one[3] = { 1, 1, 1 }, huge[1] = { 3e38f }, low[1] = { -3e38f };
    struct measure none = MEASURE_INIT, equal = MEASURE_INIT, made = MEASURE_INIT,
                   lost = MEASURE_INIT, wide = MEASURE_INIT;
    assert_true(measure_rmse(&none) == 0 && measure_cosine(&none) == 1);
    assert_true(isinf(measure_sqnr_db(&none)) && measure_relative_error(&none) == 0);
    measure_add(&equal, zero, zero, 3, 0);
    assert_true(measure_cosine(&equal) == 1 && measure_sqnr_db(&equal) > 0);
    measure_add(&made, zero, one, 3, 0);
    assert_true(measure_rmse(&made) == 1 && measure_sqnr_db(&made) == -INFINITY);
    assert_true(isinf(measure_relative_error(&made)) && measure_cosine(&made) == 0);
    measure_add(&lost, one, zero, 3, 0);
    assert_true(measure_sqnr_db(&lost) == 0 && measure_relative_error(&lost) == 1);
    measure_add(&wide, huge, low, 1, 0); /* squares overflow floats, not doubles */
    assert_true(isfinite(measure_rmse(&wide)) && measure_cosine(&wide) < -0.999999);
    _cleanup_json_ json_t *object = json_object();
    measure_to_json(&made, object);
    _cleanup_free_ char *text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
    assert_string_equal(text, "{\"rmse\":1.0,\"sqnr_db\":null,\"relative_error\":null,"
                              "\"max_abs\":1.0,\"cosine\":0.0}");
}

static void shapes_that_agree(void **state)
{
    (void)state;
    struct model_tensor a = { .n_dims = 3, .dims = { 1, 4, 5 } };
    struct model_tensor b = { .n_dims = 2, .dims = { 4, 5 } };
    struct model_tensor c = { .n_dims = 2, .dims = { 5, 4 } };
    struct model_tensor scalar = { .n_dims = 0 }, one = { .n_dims = 1, .dims = { 1 } };
    assert_true(tensor_shapes_agree(&a, &b) && tensor_shapes_agree(&b, &a));
    assert_false(tensor_shapes_agree(&b, &c));
    assert_true(tensor_shapes_agree(&scalar, &one));
    assert_false(tensor_shapes_agree(&scalar, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_those_of_a_plain_loop),
        cmocka_unit_test(sums_have_one_order),
        cmocka_unit_test(merging_is_adding_in_order),
        cmocka_unit_test(what_is_not_finite_is_counted),
        cmocka_unit_test(figures_at_the_edges),
        cmocka_unit_test(shapes_that_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
