/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * JSON that is checked and walked without a tree, beside Jansson: on fixed texts and on mutations
 * of them, both take or refuse the same, and see the same values. PARE_TEST_SEED=N makes an earlier
 * run again.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/json_check.h"
#include "base/json_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define FLAGS (JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL)

static const char *const texts[] = {
    "{}",
    " {\"a\" : [ ] , \"b\":{}}\n",
    "{\"model\":{\"vocab\":{\"a\":0,\"b\":1.0,\"c\":2e1},\"merges\":[[\"a\",\"b\"],\"a b\"]}}",
    "{\"x\":[1,-2,0.5,1e3,-0,12345678901234567890,true,false,null,\"\"]}",
    ("{\"\\u00e4\\\"\\\\\\/\\b\\f\\n\\r\\t\":"
     "\"\\ud83d\\ude00 \xf0\x9f\x98\x80 \xc3\xa4 \\u0000 \\u0801\"}"),
    "{\"a\":{\"b\":{\"c\":{\"d\":[[[[\"e\"]]]]}}}}",
    "{\"id\":5,\"content\":\"<a>\",\"special\":true,\"normalized\":false,\"z\":[{},[]]}",
};
#define N_TEXTS (sizeof texts / sizeof *texts)

/* The value at the cursor, as Jansson would have it. */
static json_t *rebuild(struct json_walk *walk)
{
    char c = json_walk_peek(walk);
    if (c == '"') {
        struct pare_str text = json_walk_string(walk);
        return json_stringn(text.data, text.len);
    }
    if (c != '{' && c != '[') {
        json_t *value = NULL;
        assert_int_equal(json_walk_tree(walk, "x", &value, NULL), 0);
        return value;
    }
    json_t *made = c == '{' ? json_object() : json_array();
    json_walk_enter(walk);
    while (json_walk_more(walk))
        if (c == '{') {
            struct pare_str key = json_walk_key(walk);
            assert_int_equal(json_object_setn_new(made, key.data, key.len, rebuild(walk)), 0);
        } else {
            assert_int_equal(json_array_append_new(made, rebuild(walk)), 0);
        }
    return made;
}

/* 1: Jansson refuses numbers that doubles do not hold; that is no matter of syntax. */
static int is_overflow(const json_error_t *problem)
{
    return json_error_code(problem) == json_error_numeric_overflow;
}

static int compare(const char *text, size_t n)
{
    json_error_t problem;
    struct json_walk walk;
    struct error err = ERROR_INIT;
    _cleanup_free_ char *copy = malloc(n + 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    copy[n] = 0;
    _cleanup_json_ json_t *theirs = json_loadb(text, n, FLAGS, &problem);
    int r = json_walk_begin(copy, n, &walk, &err);
    if (!theirs && is_overflow(&problem))
        return 0;
    if ((r == 0) != json_is_object(theirs))
        print_error("`%.*s`: %s; Jansson: %s\n", (int)n, text, r ? err.text : "good",
                    theirs ? "good" : problem.text);
    assert_int_equal(r == 0, json_is_object(theirs));
    if (r < 0)
        return 0;
    struct json_walk skipped = walk;
    (void)json_walk_skip(&skipped);
    _cleanup_json_ json_t *ours = rebuild(&walk);
    assert_true(json_equal(ours, theirs));
    assert_ptr_equal(walk.p, skipped.p);
    return 1;
}

static void same_as_jansson(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_TEXTS; i++)
        assert_int_equal(compare(texts[i], strlen(texts[i])), 1);
    for (size_t i = 0; i < N_TEXTS; i++)
        for (size_t n = 0; n < strlen(texts[i]); n++)
            (void)compare(texts[i], n);
}

static void mutations(void **state)
{
    static const char letters[] = "{}[],:\"\\u0dD8e+-. tn\x01\x7f\x80\xc3\xa4\xed\xf4";
    const char *said = getenv("PARE_TEST_SEED");
    unsigned seed = said ? (unsigned)strtoul(said, NULL, 10) : (unsigned)time(NULL);
    unsigned good = 0;
    (void)state;
    print_message("seed %u\n", seed);
    srandom(seed);
    for (int i = 0; i < 60000; i++) {
        char text[256];
        const char *from = texts[(size_t)random() % N_TEXTS];
        size_t n = strlen(from);
        memcpy(text, from, n);
        for (long k = random() % 3; k >= 0; k--) {
            size_t at = (size_t)random() % n;
            if (random() & 1)
                text[at] = letters[(size_t)random() % (sizeof letters - 1)];
            else
                memmove(text + at, text + (size_t)random() % n,
                        (n - at) / (1 + (size_t)random() % 8) / 2);
        }
        good += (unsigned)compare(text, n);
    }
    assert_true(good > 1000);
}

static void expect(const char *text, int code, const char *part)
{
    struct error err = ERROR_INIT;
    assert_int_equal(json_check(text, strlen(text), &err), code);
    if (!strstr(err.text, part))
        print_error("`%s` lacks `%s`\n", err.text, part);
    assert_non_null(strstr(err.text, part));
}

static void faults_have_places(void **state)
{
    char deep[2 * JSON_CHECK_DEPTH + 3] = "";
    (void)state;
    expect("{\"a\":1,\n \"b\" 2}", PARE_EDATA, "`:` is missing after a key (line 2, column 6)");
    expect("{\"a\":", PARE_EDATA, "the text ends too early (line 1, column 6)");
    expect("{\"a\\u0000\":1}", PARE_EDATA, "a NUL character in a key");
    expect("{\"a\":\"\\ud800\"}", PARE_EDATA, "a lone surrogate");
    expect("{\"a\":\"\xff\"}", PARE_EDATA, "not UTF-8 (line 1, column 7)");
    expect("{} {}", PARE_EDATA, "there is more behind the end (line 1, column 4)");
    memset(deep, '[', JSON_CHECK_DEPTH);
    memset(deep + JSON_CHECK_DEPTH, ']', JSON_CHECK_DEPTH);
    assert_int_equal(json_check(deep, strlen(deep), NULL), 0);
    memset(deep, '[', JSON_CHECK_DEPTH + 1);
    expect(deep, PARE_ELIMIT, "JSON_CHECK_DEPTH");
}

static void numbers_and_truths(void **state)
{
    static const struct {
        const char *text;
        int is_int, is_true;
        int64_t value;
    } cases[] = {
        { "0", 1, 0, 0 },         { "7", 1, 1, 7 },
        { "-7", 1, 1, -7 },       { "5.0", 1, 1, 5 },
        { "5.5", 0, 1, 0 },       { "50e-1", 1, 1, 5 },
        { "1e999", 0, 1, 0 },     { "9007199254740992", 1, 1, 9007199254740992 },
        { "null", 0, 0, 0 },      { "true", 0, 1, 0 },
        { "false", 0, 0, 0 },     { "\"\"", 0, 0, 0 },
        { "\"0\"", 0, 1, 0 },     { "[]", 0, 0, 0 },
        { "[0]", 0, 1, 0 },       { "{}", 0, 0, 0 },
        { "{\"a\":0}", 0, 1, 0 }, { "-0.0", 1, 0, 0 },
        { "0e5", 1, 0, 0 },       { "123456789012345678901", 0, 1, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        struct json_walk walk = { text, text + strlen(cases[i].text) };
        int64_t value = 0;
        memcpy(text, cases[i].text, strlen(cases[i].text) + 1);
        assert_int_equal(json_walk_true(&walk), cases[i].is_true);
        assert_ptr_equal(walk.p, walk.end);
        walk.p = text;
        assert_int_equal(json_walk_int(&walk, &value), cases[i].is_int);
        assert_int_equal(value, cases[i].value);
        assert_ptr_equal(walk.p, walk.end);
    }
}

/* Strings are written as Jansson writes them. */
static void strings_are_put(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        char text[16];
        size_t n = 1 + (size_t)random() % sizeof text;
        for (size_t k = 0; k < n; k++)
            text[k] = (char)(random() % (i & 1 ? 128 : 256));
        _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
        _cleanup_json_ json_t *string = json_stringn(text, n);
        _cleanup_free_ char *theirs = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
        assert_int_equal(json_put_string(&sb, text, n), theirs ? 0 : -1);
        if (theirs)
            assert_string_equal(sb.data, theirs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_jansson),    cmocka_unit_test(mutations),
        cmocka_unit_test(faults_have_places), cmocka_unit_test(numbers_and_truths),
        cmocka_unit_test(strings_are_put),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
