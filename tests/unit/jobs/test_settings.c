/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* core/settings: the table is sound, and values go from text to requests and records. */
#include "base/cleanup.h"
#include "base/json.h"
#include "settings/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_table(void **state)
{
    (void)state;
    const struct setting *s;
    for (size_t i = 0; (s = setting_at(i)); i++) {
        _cleanup_json_ json_t *values = json_object(), *fallback = setting_json(NULL, s);
        struct error err = ERROR_INIT;
        assert_ptr_equal(setting_find(s->name), s);
        if (setting_set(values, s, s->fallback, &err) < 0)
            fail_msg("%s: %s", s->name, err.text);
        assert_true(json_equal(json_object_get(values, s->name), fallback));
        assert_true(s->is_key || s->option);
        assert_int_equal(s->kind == SETTING_WORD, s->choices != NULL);
        if (s->option)
            assert_true(s->help && (s->argument != NULL) == (s->kind != SETTING_FLAG));
    }
    assert_null(setting_find("mesure"));
}

static void set(json_t *values, const char *name, const char *text, const char *complaint)
{
    struct error err = ERROR_INIT;
    int r = setting_set(values, setting_find(name), text, &err);
    assert_int_equal(r, complaint ? PARE_EUSAGE : 0);
    assert_string_equal(err.text, complaint ? complaint : "");
}

static void test_values(void **state)
{
    (void)state;
    _cleanup_json_ json_t *values = json_object();
    set(values, "measure", "sample", NULL);
    set(values, "measure", "ful", "one of |full|sample|none| is wanted; did you mean 'full'?");
    set(values, "measure", "", "a value is wanted");
    assert_string_equal(settings_text(values, "measure"), "sample");
    set(values, "threads", "8", NULL);
    set(values, "threads", "-1", "a number is wanted");
    set(values, "threads", "4097", "a number from 0 to 4096 is wanted");
    set(values, "memory_limit", "2G", NULL);
    set(values, "memory_limit", "2H", "a size such as 512M is wanted");
    set(values, "memory_limit", "9999999999G", "a size such as 512M is wanted");
    assert_int_equal(settings_count(values, "memory_limit"), 2LL << 30);
    set(values, "allow_requantize", "maybe", "yes or no is wanted");
    assert_false(settings_flag(values, "allow_requantize"));
    set(values, "allow_requantize", "1", NULL);
    assert_true(settings_flag(values, "allow_requantize"));
    assert_true(settings_flag(values, "recover"));
    assert_string_equal(settings_text(values, "cpu"), "native");
    set(values, "cpu", "\xff", "a text in UTF-8 is wanted");
}

static void test_request(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    _cleanup_json_ json_t *values = json_pack("{s:s, s:s, s:b}", "measure", "none", "search",
                                              "best", "recover", 0);
    _cleanup_json_ json_t *request = json_object(), *rules = json_array();
    _cleanup_json_ json_t *record = settings_record(values);
    assert_int_equal(settings_put(values, request), 0);
    assert_int_equal(settings_check(request, &err), 0);
    assert_string_equal(json_get_string(request, "measure", ""), "none");
    assert_string_equal(json_get_string(request, "digest", ""), "sha256");
    assert_null(json_object_get(request, "search"));
    assert_int_equal(settings_add_rules(values, "pared.conf", rules), 0);
    assert_int_equal(settings_add_rules(NULL, "pared.conf", rules), 0);
    _cleanup_free_ char *text = json_to_text(rules);
    assert_string_equal(text, "[{\"name\":\"pared.conf\",\"text\":\"search best\"}]");
    assert_string_equal(json_get_string(record, "digest", ""), "sha256");
    assert_int_equal(json_get_bool(record, "recover", 1), 0);
    assert_null(json_object_get(record, "measure")); /* it has a place of its own */
    assert_null(json_object_get(record, "search"));
}

static void refuse(const char *name, json_t *value, const char *complaint)
{
    struct error err = ERROR_INIT;
    _cleanup_json_ json_t *request = json_pack("{s:o}", name, value);
    assert_int_equal(settings_check(request, &err), PARE_EUSAGE);
    assert_non_null(strstr(err.text, complaint));
}

static void test_refusals(void **state)
{
    (void)state;
    refuse("measure", json_string("samples"),
           "|full|sample|none| is wanted; did you mean 'sample'");
    refuse("measure", json_true(), "`measure` is of the wrong type");
    refuse("threads", json_string("2"), "`threads` is of the wrong type");
    refuse("threads", json_integer(-1), "`threads` is out of range: -1");
    refuse("memory_limit", json_integer(-1), "`memory_limit` is out of range");
    refuse("recover", json_integer(1), "`recover` is of the wrong type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
