/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* core/base/nearest: which known word is meant by an unknown one, and how an error says so. */
#include "base/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void nearest_words_are_found_within_bounds(void **state)
{
    (void)state;
    static const char *const words[] = { "q4_k",        "iq2_xs",    "min",  "max",
                                         "starts_with", "ends_with", "cols", "rows" };
    static const struct {
        const char *text, *word;
    } cases[] = {
        { "q4k", "q4_k" },
        { "q6_k", NULL },
        { "iq3_xs", NULL },
        { "iq2xs", "iq2_xs" },
        { "4q_k", "q4_k" },
        { "colls", "cols" },
        { "cosl", "cols" },
        { "COLS", "cols" },
        { "start_with", "starts_with" },
        { "startwit", "starts_with" },
        { "mix", "min" },
        { "ros", "rows" },
        { "rwos", "rows" },
        { "cols", "cols" },
        { "wors", NULL },
        { "", NULL },
        { "m", NULL },
        { "xyz", NULL },
        { "with", NULL },
        { "columns", NULL },
        { "stxrts_xithx", "starts_with" },
        { "stxrtx_xithx", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *word = nearest_word(cases[i].text, words, sizeof words / sizeof *words);
        if (cases[i].word)
            assert_string_equal(word ? word : "nothing", cases[i].word);
        else
            assert_null(word);
    }
    assert_null(nearest_word("min", words, 0));
    char longer[200];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = 0;
    const char *const long_words[] = { longer };
    assert_null(nearest_word(longer + 1, long_words, 1));
}

static void nearest_words_complete_an_error(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct nearest nearest;
    nearest_start(&nearest, (struct pare_str){ "colls and more", 5 });
    nearest_offer_name(&nearest, "rows");
    int r = error_set(&err, PARE_EDATA, "unknown name 'colls'");
    assert_int_equal(nearest_suggest(&nearest, &err, r), PARE_EDATA);
    assert_string_equal(err.text, "unknown name 'colls'");
    nearest_offer(&nearest, (struct pare_str){ "colorful", 5 });
    nearest_offer(&nearest, (struct pare_str){ "cols = 3", 4 });
    assert_int_equal(nearest_suggest(&nearest, &err, r), PARE_EDATA);
    assert_string_equal(err.text, "unknown name 'colls'; did you mean 'cols'?");
    assert_int_equal(nearest_suggest(&nearest, NULL, r), PARE_EDATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_words_are_found_within_bounds),
        cmocka_unit_test(nearest_words_complete_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
