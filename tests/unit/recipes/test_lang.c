/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * core/lang as recipes see it: values, what is refused and how it is said, and limits. What maps
 * make of the same language is in models/test_map.c.
 */
#include "base/text.h"
#include "lang/expr_typed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct pare_str str(const char *s)
{
    return (struct pare_str){ s, strlen(s) };
}

static int block_len(void *context, struct pare_str encoding, int64_t *ret_len, struct error *err)
{
    (void)context;
    if (!text_equals(encoding, str("q4_k")))
        return error_set(err, PARE_EUSAGE, "no plugin provides it");
    *ret_len = 256;
    return 0;
}

static const uint64_t dims[] = { 4, 3, 96 };

/* A unit with two roles and definitions, and an environment for it. */
static void prepare(struct expr_unit *unit, struct expr_env *env)
{
    static const char *const defines[] = {
        "half(x) = x / 2", "more(i, n) = i < n / 8 or i >= 7 * n / 8 or (i - n / 8) % 3 == 2",
        "nested(i) = half(i) + half(half(i))", "big = 9223372036854775807", "label = \"lab\""
    };
    struct error err = ERROR_INIT;
    uint32_t role;
    *unit = (struct expr_unit){ .n_roles = 0 };
    assert_int_equal(expr_unit_role(unit, str("attn_v"), &role, &err), 0);
    assert_int_equal(expr_unit_role(unit, str("attn_k"), &role, &err), 0);
    assert_int_equal(role, 1);
    for (size_t i = 0; i < sizeof defines / sizeof *defines; i++)
        if (expr_parse_define(unit, str(defines[i]), &err))
            fail_msg("%s: %s", defines[i], err.text);
    *env = (struct expr_env){ .dims = dims, .n_dims = 3, .block_len = block_len };
    env->numbers[EXPR_COLS] = 96;
    env->numbers[EXPR_ROLE_OF] = 1;
    env->numbers[EXPR_IMPORTANCE] = 1;
    env->numbers[EXPR_LAYER] = -1;
    for (int i = 0; i < EXPR_N_VARS; i++)
        env->texts[i] = str("");
    env->texts[EXPR_ARCH] = str("llama");
    env->texts[EXPR_NAME] = str("blk.3.attn_k.weight");
    env->total[0] = 5;
    env->total[1] = 7;
    env->before[1] = 2;
}

static void test_values(void **state)
{
    /* clang-format off */
    static const char *const truths[] = {
        "true", "not false", "1 + 2 * 3 == 7", "(1 + 2) * 3 == 9", "7 / 2 == 3", "-7 / 2 == -4",
        "-7 % 3 == 2", "7 / -2 == -4", "7 % -3 == -2", "7 - 2 - 1 == 4",
        "8 / 4 / 2 == 1", "2 < 3", "3 <= 3", "4 > 3", "3 >= 3",
        "3 != 4", "- -3 == 3", "cols == 96", "cols % 256 != 0", "layer < 0", "arch == \"llama\"",
        "arch != \"llam\"", "arch in (\"qwen2\", \"llama\")", "not (3 in (1, 2))", "2 in (1, 2)",
        "role == attn_k", "role != attn_v", "role in (attn_v, attn_k)", "importance",
        "name ~ \"*attn_k.weight\"", "name ~ \"blk.?.*\"", "not name ~ \"*attn_k\"",
        "name ~ \"*\"", "not name ~ \"\"", "name ~ \"*k*a*w*t\"", "arch ~ \"llama\"",
        "index(attn_v, attn_k) == 2", "count(attn_v, attn_k) == 12", "count(attn_v) == 5",
        "dim(0) == 96", "dim(1) == 3", "dim(2) == 4", "dim(3) == 1", "dim(-1) == 1",
        "block(\"q4_k\") == 256", "half(9) == 4", "nested(8) == 6", "more(0, 32)",
        "not more(4, 32)",
        "more(6, 32)", "more(28, 32)", "not more(26, 32)", "more(0, 0)", "label == \"lab\"",
        "true or 1 / 0 == 1", "not (false and 1 / 0 == 1)", "true or true and false",
        "cols > 50 ? true : false", "(false ? 1 : true ? 2 : 3) == 2", "not true or true",
        "big - 1 + 1 == big", "-big - 1 < 0", "(-big - 1) % -1 == 0", "\"a # b\" != \"\"",
        "true == not_a_role_is_fine(1)", "min(3, cols, 2) == 2", "max(3, cols) == 96",
        "min(7) == 7", "int(7 / 2) == 3", "len(arch) == 5", "len(\"\") == 0",
        "lower(\"LLaMa\") == arch", "starts_with(name, \"blk.\")", "starts_with(arch, \"\")",
        "not starts_with(\"ll\", arch)", "ends_with(name, \".weight\")", "ends_with(arch, arch)",
        "not ends_with(\"ma\", arch)", "arch + \"-\" + arch == \"llama-llama\"",
        "lower(\"A\") + lower(\"B\") == \"ab\"", "lower(cut(\"ABC\", 2)) == \"ab\"",
        "cols in [1, 96]", "not (arch in [\"a\", \"b\"])", "arch + \"2\" ~ \"*a2\"",
        "lower(\"X\") =~ \"^x$\"", "cut(arch, -1) == \"\"", "min(1, 2,) == 1",
    };
    /* clang-format on */
    (void)state;
    struct expr_unit unit;
    struct expr_env env;
    struct error err = ERROR_INIT;
    prepare(&unit, &env);
    assert_int_equal(expr_parse_define(&unit, str("not_a_role_is_fine(n) = n == 1"), &err), 0);
    for (size_t i = 0; i < sizeof truths / sizeof *truths; i++) {
        struct expr *e = NULL;
        int64_t value = 0;
        if (expr_parse(&unit, str(truths[i]), &e, &err) || expr_typed_number(e, &env, &value, &err))
            fail_msg("%s: %s", truths[i], err.text);
        if (value != 1)
            fail_msg("%s: %lld", truths[i], (long long)value);
    }
    expr_unit_deinit(&unit);
}

#define TEN "0123456789"
#define LONG                                                                                     \
    "\"" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN \
        TEN TEN TEN TEN "\""

static void test_failing_values(void **state)
{
    static const char *const failing[][2] = {
        { "1 / 0 == 1", "division by zero" },
        { "1 % (cols - 96) == 1", "division by zero" },
        { "big + 1 > 0", "a number is too large" },
        { "-big - 2 > 0", "a number is too large" },
        { "big * 2 > 0", "a number is too large" },
        { "(-big - 1) / -1 > 0", "a number is too large" },
        { "-(-big - 1) > 0", "a number is too large" },
        { "block(\"q9\") == 1", "no plugin provides it" },
        { "lower(" LONG ") == lower(" LONG ")",
          "the texts that are made have more than 512 bytes" },
        { LONG " + (" LONG " + \"x\") == \"\"",
          "the texts that are made have more than 512 bytes" },
    };
    (void)state;
    struct expr_unit unit;
    struct expr_env env;
    prepare(&unit, &env);
    for (size_t i = 0; i < sizeof failing / sizeof *failing; i++) {
        struct error err = ERROR_INIT;
        struct expr *e = NULL;
        int64_t value = 7;
        assert_int_equal(expr_parse(&unit, str(failing[i][0]), &e, &err), 0);
        assert_true(expr_typed_number(e, &env, &value, &err) < 0);
        assert_string_equal(err.text, failing[i][1]);
        assert_int_equal(value, 7);
    }
    expr_unit_deinit(&unit);
}

/* Parses each text, which must be refused with the text beside it. */
static void expect_mistakes(const char *const (*mistakes)[2], size_t n)
{
    struct expr_unit unit;
    struct expr_env env;
    prepare(&unit, &env);
    for (size_t i = 0; i < n; i++) {
        struct error err = ERROR_INIT;
        struct expr *e = NULL;
        if (expr_parse(&unit, str(mistakes[i][0]), &e, &err) != PARE_EDATA)
            fail_msg("%s is accepted", mistakes[i][0]);
        assert_string_equal(err.text, mistakes[i][1]);
        assert_null(e);
    }
    expr_unit_deinit(&unit);
}

static void test_mistakes(void **state)
{
    static const char *const mistakes[][2] = {
        { "", "expected a value, not the end of the line" },
        { "1", "expected a condition, not a number" },
        { "arch", "expected a condition, not a text" },
        { "role", "expected a condition, not a role" },
        { "1 <", "expected a value, not the end of the line" },
        { "1 < 2 3", "expected an operator or the end of the line, not '3'" },
        { "1 < 2 < 3", "expected an operator or the end of the line, not '<'" },
        { "(1 < 2", "expected ')', not the end of the line" },
        { "true and 1", "'and' expects a condition, not a number" },
        { "1 or true", "'or' expects a condition, not a number" },
        { "not 3", "'not' expects a condition, not a number" },
        { "-true", "'-' expects a number, not a condition" },
        { "arch + 1 == 2", "'+' expects a number, not a text" },
        { "1 * role == 2", "'*' expects a number, not a role" },
        { "arch == 3", "a text cannot be compared with a number" },
        { "role == 3", "a role cannot be compared with a number" },
        { "arch < \"b\"", "a text has no order: only == and != compare it" },
        { "cols in (1, \"a\")", "a number cannot be compared with a text" },
        { "cols in 1", "expected '(' after 'in', not '1'" },
        { "cols in (1", "expected ')', not the end of the line" },
        { "cols ~ \"a\"", "'~' expects a text, not a number" },
        { "name ~ arch", "expected a pattern in quotation marks, not 'arch'" },
        { "colls == 1", "unknown name 'colls'; did you mean 'cols'?" },
        { "colls(1) == 1", "there is no function colls()" },
        { "attn_x == role", "unknown name 'attn_x'; did you mean 'attn_v'?" },
        { "start_with(arch, \"l\")",
          "there is no function start_with(); did you mean 'starts_with'?" },
        { "halve(3) == 1", "there is no function halve(); did you mean 'half'?" },
        { "cols in [1", "expected ']', not the end of the line" },
        { "cols = 1", "expected an operator or the end of the line, not '='" },
        { "cols == 1 & true", "'&' has no meaning here" },
        { "name ~ \"a", "a text lacks its closing quotation mark" },
        { "4k == 1", "'4k' is neither a number nor a name" },
        { "9223372036854775808 == 1", "the number 9223372036854775808 is too large" },
        { "index(cols) == 1", "expected the name of a role, not 'cols'" },
        { "index(attn_w) == 1",
          "expected the name of a role, not 'attn_w'; did you mean 'attn_v'?" },
        { "index() == 1", "expected the name of a role, not ')'" },
        { "dim(arch) == 1", "'dim' expects a number, not a text" },
        { "block(1) == 1", "'block' expects a text, not a number" },
        { "dim 1 == 1", "expected '(', not '1'" },
        { "half(arch) == 1", "'half' expects a number, not a text" },
        { "half == 1", "expected '(', not '=='" },
        { "half(1, 2) == 1", "half() takes 1 argument, not 2" },
        { "more(1) ", "more() takes 2 arguments, not 1" },
        { "more(1 2) ", "expected ',' or ')', not '2'" },
        { "1 ? true : false", "'?' expects a condition, not a number" },
        { "true ? true", "expected ':', not the end of the line" },
        { "true ? 1 : true", "':' expects a number, not a condition" },
    };
    (void)state;
    expect_mistakes(mistakes, sizeof mistakes / sizeof *mistakes);
}

/* What only maps know, and functions with wrong arguments. */
static void test_foreign_words(void **state)
{
    static const char *const mistakes[][2] = {
        { "first(1, 2) == 1", "first() is known in architecture maps only, not in recipes" },
        { "sqrt(4) == 2", "sqrt() is known in architecture maps only, not in recipes" },
        { "len([1]) == 1", "a list is known in architecture maps only, not in recipes" },
        { "arch[0] == 1",
          "'[', which takes an element of a list, is known in architecture maps only, not in "
          "recipes" },
        { "arch.x == 1",
          "'.', which reaches into an object, is known in architecture maps only, not in recipes" },
        { "arch == null", "'null' is known in architecture maps only, not in recipes" },
        { "cols > 1.5",
          "a number that is not whole is known in architecture maps only, not in recipes" },
        { "cols > 1e3",
          "a number that is not whole is known in architecture maps only, not in recipes" },
        { "min() == 1", "min() takes 1 to 8 arguments, not 0" },
        { "min(1, arch) == 1", "'min' expects a number, not a text" },
        { "len(1) == 1", "'len' expects a text, not a number" },
        { "min(1, 2, 3, 4, 5, 6, 7, 8, 9) == 1", "more than 8 arguments" },
    };
    (void)state;
    expect_mistakes(mistakes, sizeof mistakes / sizeof *mistakes);
}

static void test_bad_definitions(void **state)
{
    static const char *const mistakes[][2] = {
        { "", "expected a name after 'define', not the end of the line" },
        { "3 = 4", "expected a name after 'define', not '3'" },
        { "cols = 4", "the name 'cols' is taken" },
        { "half = 4", "the name 'half' is taken" },
        { "attn_v = 4", "the name 'attn_v' is taken" },
        { "index = 4", "the name 'index' is taken" },
        { "null = 4", "expected a name after 'define', not 'null'" },
        { "x", "expected '=', not the end of the line" },
        { "x() = 1", "expected the name of a parameter, not ')'" },
        { "x(a = 1", "expected ',' or ')', not '='" },
        { "x(a, b, c, d, e, f, g, h, i) = 1", "more than 8 parameters" },
        { "x = 1 2", "expected an operator or the end of the line, not '2'" },
        { "x = x + 1", "unknown name 'x'" },
    };
    (void)state;
    struct expr_unit unit;
    struct expr_env env;
    prepare(&unit, &env);
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct error err = ERROR_INIT;
        assert_int_equal(expr_parse_define(&unit, str(mistakes[i][0]), &err), PARE_EDATA);
        assert_string_equal(err.text, mistakes[i][1]);
    }
    expr_unit_deinit(&unit);
}

/* A recipe's own definition or role goes before a function that both languages know. */
static void test_own_names(void **state)
{
    static const char *const truths[] = { "max(3) == 6", "role != len", "min(2, 1) == 1" };
    (void)state;
    struct expr_unit unit;
    struct expr_env env;
    struct error err = ERROR_INIT;
    uint32_t role;
    prepare(&unit, &env);
    assert_int_equal(expr_parse_define(&unit, str("max(a) = a * 2"), &err), 0);
    assert_int_equal(expr_unit_role(&unit, str("len"), &role, &err), 0);
    for (size_t i = 0; i < sizeof truths / sizeof *truths; i++) {
        struct expr *e = NULL;
        int64_t value = 0;
        if (expr_parse(&unit, str(truths[i]), &e, &err) || expr_typed_number(e, &env, &value, &err))
            fail_msg("%s: %s", truths[i], err.text);
        assert_int_equal(value, 1);
    }
    expr_unit_deinit(&unit);
}

static void expect_too_deep(struct expr_unit *unit, const char *text)
{
    struct error err = ERROR_INIT;
    struct expr *e = NULL;
    assert_int_equal(expr_parse(unit, str(text), &e, &err), PARE_EDATA);
    assert_string_equal(err.text, "nested deeper than 64 levels");
}

static void test_limits(void **state)
{
    (void)state;
    struct expr_unit unit;
    struct expr_env env;
    struct error err = ERROR_INIT;
    struct expr *e = NULL;
    static char text[300000];
    prepare(&unit, &env);
    memset(text, '(', 200000);
    expect_too_deep(&unit, text);
    for (size_t i = 0; i < 200000; i += 4)
        memcpy(text + i, "not ", 4);
    expect_too_deep(&unit, text);
    memset(text, '-', 200000);
    expect_too_deep(&unit, text);
    (void)strcpy(text, "0");
    for (size_t i = 1; i < 2000; i += 2)
        memcpy(text + i, "+1", 3);
    expect_too_deep(&unit, text);
    (void)strcpy(text, "true");
    for (size_t i = 4; i < 4000; i += 8)
        memcpy(text + i, " or true", 9);
    assert_int_equal(expr_parse(&unit, str(text), &e, &err), 0);
    (void)strcpy(text, "true");
    for (size_t i = 4; i < 280000; i += 4)
        memcpy(text + i, "?1:1", 5);
    assert_int_equal(expr_parse(&unit, str(text), &e, &err), PARE_EDATA);
    expr_unit_deinit(&unit);
}

static void test_doubling_definitions(void **state)
{
    (void)state;
    struct expr_unit unit;
    struct expr_env env;
    struct error err = ERROR_INIT;
    struct expr *e = NULL;
    static char lines[40][64];
    int64_t value;
    prepare(&unit, &env);
    assert_int_equal(expr_parse_define(&unit, str("d0 = 1"), &err), 0);
    for (int i = 1; i < 30; i++) {
        (void)snprintf(lines[i], sizeof lines[i], "d%d = d%d + d%d", i, i - 1, i - 1);
        assert_int_equal(expr_parse_define(&unit, str(lines[i]), &err), 0);
    }
    assert_int_equal(expr_parse(&unit, str("d29 > 0"), &e, &err), 0);
    assert_int_equal(expr_typed_number(e, &env, &value, &err), PARE_EDATA);
    assert_string_equal(err.text, "the condition takes more than 100000 steps");
    for (int i = 30; i < 40; i++) {
        (void)snprintf(lines[i], sizeof lines[i], "d%d = d%d + d%d", i, i - 1, i - 1);
        if (expr_parse_define(&unit, str(lines[i]), &err))
            break;
    }
    assert_string_equal(err.text, "nested deeper than 64 levels");
    expr_unit_deinit(&unit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),          cmocka_unit_test(test_failing_values),
        cmocka_unit_test(test_mistakes),        cmocka_unit_test(test_foreign_words),
        cmocka_unit_test(test_bad_definitions), cmocka_unit_test(test_own_names),
        cmocka_unit_test(test_limits),          cmocka_unit_test(test_doubling_definitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
