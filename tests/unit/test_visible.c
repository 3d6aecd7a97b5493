/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* core/base/visible: text from files never acts on a terminal, and stays the same as JSON. */
#include "base/visible.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check_visible(const char *text, const char *added, const char *in_place)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    char copy[128];
    visible_add(&sb, text, strlen(text));
    strcpy(copy, text);
    visible_in_place(copy);
    assert_string_equal(sb.data, added);
    assert_string_equal(copy, in_place);
}

static void what_a_terminal_acts_on_is_visible(void **state)
{
    (void)state;
    check_visible("größe 世界 🙂", "größe 世界 🙂", "größe 世界 🙂");
    check_visible("a\x1b[2Jb\x7f\n", "a\\x1b[2Jb\\x7f\\x0a", "a?[2Jb??");
    check_visible("\xc2\x9b"
                  "31m",
                  "\\u{9b}31m", "?31m");                                  /* C1: CSI */
    check_visible("evil\xe2\x80\xaegpj", "evil\\u{202e}gpj", "evil?gpj"); /* right to left */
    check_visible("\xe2\x81\xa6x\xd8\x9c\xef\xbb\xbf", "\\u{2066}x\\u{61c}\\u{feff}", "?x??");
    check_visible("\xf3\xa0\x81\x81", "\\u{e0041}", "?"); /* a tag */
    check_visible("\xff\xc0\x80\xed\xa0\x80", "\\xff\\xc0\\x80\\xed\\xa0\\x80", "??????");
    check_visible("cut \xe4\xb8", "cut \\xe4\\xb8", "cut ");
}

static void json_is_visible_and_the_same(void **state)
{
    (void)state;
    _cleanup_json_ json_t *json = json_pack("{s:s}", "n\xc2\x85",
                                            "\xe2\x80\xae\x7f ü \xf3\xa0\x81\x81");
    _cleanup_free_ char *text = json_to_visible(json, 0);
    _cleanup_json_ json_t *back = NULL;
    assert_string_equal(text, "{\"n\\u0085\":\"\\u202E\\u007F ü \\uDB40\\uDC41\"}");
    assert_int_equal(json_parse_object(text, strlen(text), &back, NULL), 0);
    assert_true(json_equal(json, back));
}

static void errors_and_logs_are_visible(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    assert_int_equal(error_set(&err, PARE_EDATA, "%s",
                               "a\xc2\x9b"
                               "b\xe2\x80\xae"),
                     PARE_EDATA);
    assert_string_equal(err.text, "a?b?");
    assert_int_equal(error_prefix(&err, "%s", "\xe2\x81\xa7"), PARE_EDATA);
    assert_string_equal(err.text, "?: a?b?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_terminal_acts_on_is_visible),
        cmocka_unit_test(json_is_visible_and_the_same),
        cmocka_unit_test(errors_and_logs_are_visible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
