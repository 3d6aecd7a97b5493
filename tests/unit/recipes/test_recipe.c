/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Recipes as files: the exact text of every mistake in a statement, what statements come to,
 * directories and digests. Expressions are in test_lang.c.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "recipe/recipe.h"
#include "recipe/recipe_rules.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char folder[] = "/tmp/pare-recipe-XXXXXX";
static char dirs[200];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(dirs, sizeof dirs, "%s/absent:%s", folder, folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    return file_remove_tree(AT_FDCWD, folder, &err);
}

static void write_file(const char *name, const char *text)
{
    char path[100];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void expect_refusal(const char *name, int code, const char *text)
{
    struct error err = ERROR_INIT;
    struct recipe *recipe = NULL;
    int r = recipe_load(dirs, name, &recipe, &err);
    assert_string_equal(err.text, text);
    assert_int_equal(r, code);
    assert_null(recipe);
}

static const char *const bad_statements[][2] = {
    { "q4_k", "expected 'if' after the encoding 'q4_k', not the end of the line" },
    { "q4_k when true", "expected 'if' after the encoding 'q4_k', not 'when'" },
    { "q4_k if", "expected a value, not the end of the line" },
    { "q4_k if cols", "expected a condition, not a number" },
    { "keep", "expected 'if' after 'keep', not the end of the line" },
    { "fail if true", "expected a text in quotation marks, not 'if'" },
    { "fail \"x\"", "expected 'if' after the text, not the end of the line" },
    { "fail \"x", "a text lacks its closing quotation mark" },
    { "kep if true or", "expected a value, not the end of the line" },
    { "defualt q4_k",
      "expected 'if' after the encoding 'defualt', not 'q4_k'; did you mean 'default'?" },
    { "\"keep\" if true", "expected a statement or an encoding, not 'keep'; did you mean 'keep'?" },
    { "(q4_k) if true", "expected a statement or an encoding, not '(q4_k)'" },
    { "title", "expected a text, not the end of the line" },
    { "bits", "expected a number, not the end of the line" },
    { "bits few", "expected a number, not 'few'" },
    { "bits 1.2.3", "expected a number, not '1.2.3'" },
    { "bits 4 5", "expected the end of the line, not '5'" },
    { "formats", "expected a format, not the end of the line" },
    { "formats a b c d e f g h i", "more than 8 formats" },
    { "include ../x", "expected a file name, not '../x'" },
    { "include none.rules", "there is no none.rules in " },
    { "include t.recipe", "t.recipe is included already" },
    { "set", "expected a metadata key, not the end of the line" },
    { "set a.b", "expected a type, not the end of the line" },
    { "set a.b int 3", "expected a type such as u32, f32, bool or string, not 'int'" },
    { "set a.b u8 256", "256 does not fit u8" },
    { "set a.b i8 -129", "-129 does not fit i8" },
    { "set a.b u32 -1", "-1 does not fit u32" },
    { "set a.b u32 1x", "'1x' is neither a number nor a name" },
    { "set a.b i64 99999999999999999999", "the number 99999999999999999999 is too large" },
    { "set a.b f32 e", "expected a number, not 'e'" },
    { "set a.b bool 1", "expected a condition, not a number" },
    { "set a.b string x", "unknown name 'x'" },
    { "set a.b string 3", "expected a text, not a number" },
    { "set a.b string name", "expected a value about the model: this one depends on a tensor" },
    { "set a.b u32 layers +", "expected a value, not the end of the line" },
    { "set a.b u32 1 2", "expected an operator, 'if' or the end of the line, not '2'" },
    { "set a.b f32 1 2", "expected 'if' after the value, not '2'" },
    { "set a.b f64 1e999", "the number 1e999 is too large" },
    { "set a.b f64 -1e-999", "the number -1e-999 is too small" },
    { "set a.b f32 1e-300", "1e-300 does not fit f32" },
    { "set a.b f32 -1e39", "-1e+39 does not fit f32" },
    { "set a.b f64 nan", "expected a number, not 'nan'" },
    { "set a.b f64 0x10", "expected a number, not '0x10'" },
    { "set a.b u32 1 if cols == 3",
      "expected a condition about the model: this one depends on a tensor" },
    { "drop", "expected a metadata key, not the end of the line" },
    { "order names", "expected 'layers', not 'names'" },
    { "search", "expected 'reference' or 'best', not the end of the line" },
    { "search bets", "expected 'reference' or 'best', not 'bets'; did you mean 'best'?" },
    { "set a.b u23 1",
      "expected a type such as u32, f32, bool or string, not 'u23'; did you mean 'u32'?" },
    { "set a.b str 1", "expected a type such as u32, f32, bool or string, not 'str'" },
    { "search far", "expected 'reference' or 'best', not 'far'" },
    { "search best if cols == 3",
      "expected a condition about the model: this one depends on a tensor" },
    { "warn x", "expected a text in quotation marks, not 'x'" },
    { "define x 3", "expected '=', not '3'" },
    { "role", "expected the name of a role, not the end of the line" },
    { "role A \"*\"", "expected the name of a role, not 'A'" },
    { "role a", "expected a pattern in quotation marks, not the end of the line" },
    { "role cols \"*\"", "the name 'cols' is taken" },
    { "fallback q4_k", "expected '->', not the end of the line" },
    { "fallback q4_k q5_0", "expected '->', not 'q5_0'" },
    { "fallback", "expected an encoding, not the end of the line" },
    { "fallback refuse q4_k", "expected 'if' after refuse, not 'q4_k'" },
    { "fallback refuse if cols == 3",
      "expected a condition about the model: this one depends on a tensor" },
    { "fallback q4_k ->", "expected an encoding, not the end of the line" },
    { "fallback q4_k -> f16 f32", "expected '->', not 'f32'" },
    { "fallback a -> b -> c -> d -> e -> f -> g -> h -> i", "more than 8 encodings" },
    { "pure", "'pure' stands in overrides only, not in recipes" },
    { "overrides x", "expected 'if' after 'overrides', not 'x'" },
    { "require", "expected 'importance', not the end of the line" },
    { "require q4_k", "expected 'importance', not 'q4_k'" },
    { "require importance", "expected an encoding, not the end of the line" },
    { "require importance if true", "expected an encoding, not the end of the line" },
    { "require importance a b c d e f g h i", "more than 8 encodings" },
    { "require importance a if", "expected a value, not the end of the line" },
    { "lenient importance", "expected 'if' after 'importance', not the end of the line" },
    { "repack a", "expected '->', not the end of the line" },
    { "repack a -> b -> c", "expected the end of the line, not '->'" },
    { "role a \"{\"", "expected numbers such as {0-3,12} in the pattern '{'" },
    { "default", "expected an encoding or 'keep', not the end of the line" },
    { "default a b", "expected the end of the line, not 'b'" },
    { "title a\ntitle b", "there is a line 'title' already, in t.recipe:2" },
    { "description a\ndescription b", "there is a line 'description' already, in t.recipe:2" },
    { "bits 4\nbits 5", "there is a line 'bits' already, in t.recipe:2" },
    { "formats a\nformats b", "there is a line 'formats' already, in t.recipe:2" },
    { "option a \"b", "a text lacks its closing quotation mark" },
    { "option a \"", "a text lacks its closing quotation mark" },
    { "default a\ndefault b", "there is a default already, in t.recipe:2" },
};

static void test_bad_statements(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_statements / sizeof *bad_statements; i++) {
        char text[400], want[400];
        (void)snprintf(text, sizeof text, "# comment\n%s\n", bad_statements[i][0]);
        int line = strchr(bad_statements[i][0], '\n') ? 3 : 2;
        (void)snprintf(want, sizeof want, "t.recipe:%d: %s", line, bad_statements[i][1]);
        if (strstr(want, "there is no none"))
            (void)strcat(want, dirs);
        write_file("t.recipe", text);
        expect_refusal("t", PARE_EDATA, want);
    }
    write_file("t.recipe", "title Nothing\n");
    expect_refusal("t", PARE_EDATA, "t.recipe: expected a line such as 'default q8_0'");
}

static void test_statements(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct recipe *recipe = NULL;
    write_file("t.rules", "role a \"a.*\"\nrole a \"b.*\"\r\nfallback q4_k -> q5_0 -> f16\n");
    write_file("t.recipe",
               "title   A title\ndescription Some more # not this\nbits 4.25\nformats gguf x\n"
               "include t.rules\nset k.s string \"a # b\" if arch == \"\"\nset k.i i16 -300\n"
               "set k.f f32 -5e-1\nset k.b bool true\nset k.u u64 5\ndrop k.x\norder layers\n"
               "warn \"careful\" if \\\n  true\nq4_k   if role == a and \\\n       cols > 3\n"
               "default keep");
    if (recipe_load(dirs, "t", &recipe, &err))
        fail_msg("%s", err.text);
    assert_string_equal(recipe_name(recipe), "t");
    assert_string_equal(recipe->title, "A title");
    assert_string_equal(recipe->description, "Some more");
    assert_true(recipe->bits == 4.25);
    assert_int_equal(recipe->n_formats, 2);
    assert_string_equal(recipe->rules->text, "t.recipe:15: q4_k if role == a and cols > 3");
    assert_string_equal(recipe->standard->text, "t.recipe:17: default keep");
    assert_int_equal(recipe->standard->verb, RECIPE_KEEP);
    assert_int_equal(recipe->unit.n_roles, 1);
    assert_int_equal(recipe->fallbacks->n_encodings, 3);
    static const struct expr_env nothing;
    const struct recipe_rule *a = recipe->actions;
    struct recipe_value value;
    assert_int_equal(recipe_value(a, &nothing, &value, &err), 0);
    assert_memory_equal(((const struct pare_str *)value.value.data)->data, "a # b", 5);
    a = a->next;
    assert_int_equal(recipe_value(a, &nothing, &value, &err), 0);
    assert_int_equal(*(const int16_t *)value.value.data, -300);
    a = a->next;
    assert_int_equal(recipe_value(a, &nothing, &value, &err), 0);
    assert_true(*(const float *)value.value.data == -0.5f);
    a = a->next;
    assert_int_equal(recipe_value(a, &nothing, &value, &err), 0);
    assert_int_equal(*(const uint8_t *)value.value.data, 1);
    a = a->next;
    assert_int_equal(recipe_value(a, &nothing, &value, &err), 0);
    assert_int_equal(*(const uint64_t *)value.value.data, 5);
    a = a->next;
    assert_int_equal(a->verb, RECIPE_DROP);
    assert_int_equal(a->next->verb, RECIPE_ORDER);
    assert_string_equal(a->next->next->text, "t.recipe:13: warn \"careful\" if true");
    recipe_free(recipe);
}

static void test_files(void **state)
{
    (void)state;
    write_file("t.recipe", "include t.rules\ndefault f16\n");
    write_file("t.rules", "\nrole a\n");
    expect_refusal("t", PARE_EDATA,
                   "t.rules:2: expected a pattern in quotation marks, not the end of the line");
    write_file("t.rules", "include t.rules\n");
    expect_refusal("t", PARE_EDATA, "t.rules:1: t.rules is included already");
    write_file("t.rules", "include 2.rules\n");
    write_file("2.rules", "include 3.rules\n");
    write_file("3.rules", "include 4.rules\n");
    write_file("4.rules", "\n");
    expect_refusal("t", PARE_EDATA, "3.rules:1: files include files deeper than 4 levels");
    static char large[300000];
    memset(large, '#', sizeof large - 1);
    write_file("t.recipe", large);
    char want[200];
    (void)snprintf(want, sizeof want, "%s/t.recipe: 299999 bytes, the limit is 262144", folder);
    expect_refusal("t", PARE_ELIMIT, want);
    for (size_t i = 0; i < 262000; i += 2)
        memcpy(large + i, i % 12 == 10 ? "a\n" : "\n\n", 2);
    large[262000] = 0;
    write_file("t.recipe", large);
    expect_refusal("t", PARE_EDATA,
                   "t.recipe:11: expected 'if' after the encoding 'a', not the end of the line");
    write_file("t.recipe", "default f16\n");
    expect_refusal("../t", PARE_EUSAGE, "there is no recipe ../t: there are t");
    expect_refusal("x", PARE_EUSAGE, "there is no recipe x: there are t");
}

static void test_digest(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct recipe *recipe = NULL;
    char want[HASH_HEX_SIZE];
    static const char text[] = "include t.rules\ndefault f16\nrole a \"a\"\n";
    write_file("t.recipe", "include t.rules\ndefault f16\n");
    write_file("t.rules", "role a \"a\"\n");
    assert_int_equal(recipe_load(dirs, "t", &recipe, &err), 0);
    assert_int_equal(hash_of(text, sizeof text - 1, want, &err), 0);
    assert_string_equal(recipe_digest(recipe), want);
    recipe_free(recipe);
}

static void test_list(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    _cleanup_json_ json_t *list = NULL;
    const char *last = "";
    char both[300];
    write_file("t.recipe", "title T\ndescription D\nformats gguf\nbits 16\ndefault f16\n");
    write_file("q8_0.recipe", "nonsense\n");
    write_file(".hidden.recipe", "nonsense\n");
    (void)snprintf(both, sizeof both, "%s:%s", folder, getenv("PARE_RECIPES"));
    assert_int_equal(recipe_list(both, &list, &err), 0);
    const json_t *t = NULL, *broken = NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *r = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(r, "name"));
        if (i)
            assert_true(strcmp(last, name) < 0);
        last = name;
        if (!strcmp(name, "t"))
            t = r;
        if (!strcmp(name, "q8_0"))
            broken = r;
        else if (json_object_get(r, "error"))
            fail_msg("%s", json_string_value(json_object_get(r, "error")));
    }
    assert_true(json_array_size(list) > 36);
    assert_string_equal(json_string_value(json_object_get(broken, "error")),
                        "q8_0.recipe:1: expected 'if' after the encoding 'nonsense', not the end "
                        "of the line");
    assert_string_equal(json_string_value(json_object_get(t, "title")), "T");
    assert_string_equal(json_string_value(json_object_get(t, "description")), "D");
    assert_string_equal(json_string_value(json_object_get(t, "default")), "f16");
    assert_int_equal(json_array_size(json_object_get(t, "formats")), 1);
    assert_true(json_real_value(json_object_get(t, "bits")) == 16);
    json_decref(list);
    list = NULL;
    assert_int_equal(recipe_list("/nonexistent", &list, &err), 0);
    assert_int_equal(json_array_size(list), 0);
}

/* Every truncation and every single-byte change of a recipe is accepted or refused, quietly. */
static void test_damaged(void **state)
{
    (void)state;
    static const char text[] = "role a \"*\"\ndefine f(i) = i % 2 == 0 ? 1 : -i\n"
                               "q4_k if role in (a) and f(cols) > 3 or name ~ \"x*\"\n"
                               "set k u8 layers + 3 if count(a) == 0\nfallback q4_k -> f16\n"
                               "keep if name =~ \"[ab]{2,3}c|d\" or name ~ \"*{1-3,4}\"\n"
                               "require importance a b if true\nrepack a -> b\noption a b\n"
                               "record k string cut(arch, 3)\noverrides if true\ndefault f16\n";
    char damaged[sizeof text];
    for (size_t i = 0; i + 1 < sizeof text; i++)
        for (int c = 0; c < 128; c += c ? 13 : 33) {
            struct error err = ERROR_INIT;
            struct recipe *recipe = NULL;
            (void)strcpy(damaged, text);
            damaged[i] = (char)c;
            write_file("t.recipe", damaged);
            int r = recipe_load(dirs, "t", &recipe, &err);
            assert_true(r == 0 || (r == PARE_EDATA && strstr(err.text, "t.recipe")));
            recipe_free(recipe);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_statements), cmocka_unit_test(test_statements),
        cmocka_unit_test(test_files),          cmocka_unit_test(test_digest),
        cmocka_unit_test(test_list),           cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests_name("recipes", tests, make_folder, remove_folder);
}
