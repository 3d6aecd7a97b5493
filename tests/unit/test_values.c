/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* base/values: what people may write for a truth, a number, a size and a choice. */
#include "base/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void values_are_read_in_one_way(void **state)
{
    (void)state;
    static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };
    for (int i = 0; i < 8; i++) {
        int flag = -1;
        assert_int_equal(value_flag(words[i], &flag), 0);
        assert_int_equal(flag, i % 2);
    }
    int flag = 7;
    assert_int_equal(value_flag("YES", &flag), 1);
    assert_int_equal(value_flag("", &flag), 1);
    assert_int_equal(flag, 7);
    uint64_t n = 7;
    assert_int_equal(value_count("-1", &n) + value_count("", &n) + value_count("1x", &n), 3);
    assert_int_equal(value_count("18446744073709551616", &n), 1);
    assert_int_equal(n, 7);
    assert_int_equal(value_count("18446744073709551615", &n), 0);
    assert_true(n == UINT64_MAX);
    assert_int_equal(value_size("3M", &n), 0);
    assert_int_equal(n, 3 << 20);
    assert_int_equal(value_size("3MB", &n) + value_size("M", &n) + value_size("16777216T", &n), 3);
    double real = 7;
    static const char *const no_reals[] = {
        "", "nan", "inf", "0x10", "1e", "1x", "e5", " 1", "1 "
    };
    for (size_t i = 0; i < sizeof no_reals / sizeof *no_reals; i++)
        assert_int_equal(value_real(no_reals[i], &real), REAL_NONE);
    assert_int_equal(value_real("-1e400", &real), REAL_TOO_LARGE);
    assert_int_equal(value_real("0.1e-400", &real), REAL_TOO_SMALL);
    assert_true(real == 7);
    assert_int_equal(value_real("-0e-400", &real) + value_real("4.25", &real), 0);
    assert_true(real == 4.25);
    assert_true(value_is_choice("|full|none|", "none") && !value_is_choice("|full|none|", "full|"));
    assert_false(value_is_choice("|full|none|", ""));
    struct error err = ERROR_INIT;
    int r = error_set(&err, PARE_EUSAGE, "no");
    assert_int_equal(value_suggest("|full|none|", "nome", &err, r), PARE_EUSAGE);
    assert_string_equal(err.text, "no; did you mean 'none'?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_in_one_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
