/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Numbers that JSON or a double lacks are marked where they stand, and only there. */
#include "base/json.h"
#include "base/json_numbers.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Marks a text; what comes back is to be freed. */
static char *mark(const char *text)
{
    struct error err = ERROR_INIT;
    char *copy = strdup(text);
    size_t len = strlen(text);
    assert_int_equal(json_numbers_mark(&copy, &len, &err), 0);
    assert_int_equal(len, strlen(copy));
    return copy;
}

static void test_mark(void **state)
{
    static const char *const cases[][2] = {
        { "[NaN, Infinity,-Infinity]",
          "[\"\\u0001NaN\", \"\\u0001Infinity\",\"\\u0001-Infinity\"]" },
        { "{\"a\":NaN}", "{\"a\":\"\\u0001NaN\"}" },
        { "[1e400, -1e400, 1e-400]", "[\"\\u00011e400\", \"\\u0001-1e400\", \"\\u00011e-400\"]" },
        { "[9223372036854775808]", "[\"\\u00019223372036854775808\"]" },
        { "[0.00000000000000000000000000000001e-300]",
          "[\"\\u00010.00000000000000000000000000000001e-300\"]" },
    };
    static const char *const same[] = { "[]",
                                        "",
                                        "[1, -2.5, 1e300, 1e-300, 0, 0.0, 0e5, -0e-500]",
                                        "[9223372036854775807, -9223372036854775808]",
                                        "[\"NaN 1e400 \\\" Infinity\", \"\\\\\", true]",
                                        "{\"NaN\": 1",
                                        "\"NaN",
                                        "\"\\" };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = mark(cases[i][0]);
        assert_string_equal(text, cases[i][1]);
        json_numbers_unmark(text);
        assert_string_equal(text, cases[i][0]);
        free(text);
    }
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        char *text = mark(same[i]);
        assert_string_equal(text, same[i]);
        json_numbers_unmark(text);
        assert_string_equal(text, same[i]);
        free(text);
    }
}

static void test_literal(void **state)
{
    struct error err = ERROR_INIT;
    (void)state;
    char *text = mark("{\"a\": [1e999], \"b\": \"NaN\", \"c\": \"\\u0001x\", \"d\": 1}");
    json_t *json = NULL;
    assert_int_equal(json_parse_object(text, strlen(text), &json, &err), 0);
    free(text);
    assert_string_equal(json_number_literal(json_array_get(json_object_get(json, "a"), 0)),
                        "1e999");
    for (const char *key = "bcd"; *key; key++)
        assert_null(json_number_literal(json_object_get(json, (char[]){ *key, 0 })));
    assert_null(json_number_literal(NULL));
    text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_numbers_unmark(text);
    assert_string_equal(text, "{\"a\":[1e999],\"b\":\"NaN\",\"c\":\"\\u0001x\",\"d\":1}");
    free(text);
    json_decref(json);
}

static void test_float(void **state)
{
    static const double wrong[] = { 1e39, -1e39, 1e-46, -1e-300 };
    static const double right[] = { 0, -0.0, 1e-40, FLT_MAX, -1.5, 3.4028235e38 };
    float value = 7;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(json_number_to_float(wrong[i], &value), 1);
    assert_true(value == 7);
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_int_equal(json_number_to_float(right[i], &value), 0);
        assert_true(value == (float)right[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_mark), cmocka_unit_test(test_literal),
                                        cmocka_unit_test(test_float) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
