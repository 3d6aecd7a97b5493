/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What a plan gets besides its recipe: overrides (statements of a user's own) and importance data;
 * and what a recipe says about both. Most of it with tests/data/recipes/mix.recipe.
 */
#include "base/cleanup.h"
#include "base/hash.h"
#include "model/metadata.h"
#include "plan_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct planned {
    struct model *source;
    struct recipe *recipe;
    struct plan *plan;
    struct error err;
};

static void forget(struct planned *planned)
{
    plan_free(planned->plan);
    recipe_free(planned->recipe);
    planned->plan = NULL;
    planned->recipe = NULL;
}

static int override(struct recipe *recipe, const char *label, const char *text, struct error *err)
{
    return recipe_override(recipe, label, text, strlen(text), err);
}

/* A plan with overrides (label and text in turn, up to NULL); 0 or what failed. */
static int plan_with(struct planned *planned, const char *recipe, const char *const *overrides,
                     const struct plan_options *options)
{
    char dirs[4096];
    (void)snprintf(dirs, sizeof dirs, "%s/recipes:%s", getenv("PARE_TEST_DATA"),
                   getenv("PARE_RECIPES"));
    planned->err = (struct error)ERROR_INIT;
    int r = recipe_load(dirs, recipe, &planned->recipe, &planned->err);
    for (size_t i = 0; !r && overrides[i]; i += 2)
        r = override(planned->recipe, overrides[i], overrides[i + 1], &planned->err);
    return r ? r
             : plan_make(planned->recipe, NULL, planned->source, &plan_gguf, options,
                         &planned->plan, &planned->err);
}

/* The same with one text and no options; it must succeed. */
static void plan_by(struct planned *planned, const char *recipe, const char *text)
{
    if (plan_with(planned, recipe, (const char *[]){ "o.pare", text, NULL },
                  &(struct plan_options){ 0 }))
        fail_msg("%s: %s", text, planned->err.text);
}

static void expect_refusal(struct planned *planned, const char *recipe, const char *text,
                           const struct plan_options *options, int code, const char *message)
{
    int r = plan_with(planned, recipe, (const char *[]){ "o.pare", text, NULL }, options);
    assert_string_equal(planned->err.text, message);
    assert_int_equal(r, code);
    forget(planned);
}

static uint64_t find(const struct plan *plan, const char *name)
{
    for (uint64_t i = 0; i < plan->target->n_tensors; i++) {
        const struct model_tensor *t = &plan->target->tensors[i];
        if (t->name.len == strlen(name) && !memcmp(t->name.data, name, t->name.len))
            return i;
    }
    fail_msg("no tensor %s", name);
    return 0;
}

static void expect(const struct planned *planned, const char *name, const char *encoding)
{
    assert_string_equal(planned->plan->target->tensors[find(planned->plan, name)].encoding_name,
                        encoding);
}

static struct model *letters(void)
{
    struct model *model = new_model("gguf");
    describe(model, "llama", 12, 8, 8, 0);
    add_matrix(model, "a0.weight", "bf16", 2, 256);
    add_matrix(model, "a1.weight", "bf16", 2, 256);
    add_matrix(model, "a10.weight", "bf16", 2, 256);
    add_matrix(model, "a2.weight", "bf16", 2, 256);
    add_matrix(model, "b.norm", "bf16", 2, 256);
    add_matrix(model, "b0.weight", "bf16", 2, 256);
    return model;
}

static void test_place_and_order(void **state)
{
    (void)state;
    struct planned p = { .source = letters() };
    plan_by(&p, "mix", "q8_0 if true");
    expect(&p, "a0.weight", "q8_0");
    expect(&p, "b.norm", "bf16");
    assert_string_equal(p.plan->choices[0].rule, "o.pare:1: q8_0 if true");
    forget(&p);
    static const char *const two[] = {
        "--tensor 'a0*=q5_0'", "q5_0 if name ~ \"a0*\"", "model.pare",
        "define late(n) = n > 1\n\nq5_1 if role == a # all\nkeep if name == \"b0.weight\"", NULL
    };
    assert_int_equal(plan_with(&p, "mix", two, &(struct plan_options){ 0 }), 0);
    expect(&p, "a0.weight", "q5_0");
    expect(&p, "a1.weight", "q5_1");
    expect(&p, "b0.weight", "bf16");
    assert_string_equal(p.plan->choices[0].rule, "--tensor 'a0*=q5_0': q5_0 if name ~ \"a0*\"");
    assert_string_equal(p.plan->choices[1].rule, "model.pare:3: q5_1 if role == a");
    forget(&p);
    model_free(p.source);
}

/* Tensors that an override decides do not count for index(). */
static void test_counting(void **state)
{
    (void)state;
    struct planned p = { .source = letters() };
    plan_by(&p, "mix", "");
    expect(&p, "a0.weight", "q6_k");
    expect(&p, "a1.weight", "q5_k");
    expect(&p, "a10.weight", "q4_k");
    forget(&p);
    plan_by(&p, "mix", "q8_0 if name == \"a0.weight\"");
    expect(&p, "a1.weight", "q6_k");
    expect(&p, "a10.weight", "q5_k");
    expect(&p, "a2.weight", "q4_k");
    forget(&p);
    model_free(p.source);
}

static void test_patterns(void **state)
{
    static const char *const conditions[][2] = {
        { "name ~ \"a{0-1,7}.weight\"", "yyn" }, { "name ~ \"a{10}.weight\"", "nny" },
        { "name ~ \"*{0-9}*\"", "yyn" },         { "name ~ \"a1{0}.weight\"", "nnn" },
        { "name ~ \"?{1-10}*\"", "nyy" },        { "name =~ \"^a(0|10)\\.\"", "yny" },
        { "name =~ \"[01]{2}\"", "nny" },        { "name =~ \"weight$\"", "yyy" },
        { "not name =~ \"1\"", "ynn" },          { "name ~ \"a{0000001}*\"", "nyn" }
    };
    (void)state;
    struct planned p = { .source = letters() };
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        static const char *const names[] = { "a0.weight", "a1.weight", "a10.weight" };
        char text[200];
        (void)snprintf(text, sizeof text, "q8_0 if %s", conditions[i][0]);
        plan_by(&p, "mix", text);
        for (size_t k = 0; k < 3; k++) {
            const char *got = p.plan->target->tensors[find(p.plan, names[k])].encoding_name;
            if (!strcmp(got, "q8_0") != (conditions[i][1][k] == 'y'))
                fail_msg("%s: %s: %s", conditions[i][0], names[k], got);
        }
        forget(&p);
    }
    model_free(p.source);
}

static void test_pure(void **state)
{
    (void)state;
    struct planned p = { .source = letters() };
    plan_by(&p, "mix", "pure\nq8_0 if name == \"a1.weight\"");
    expect(&p, "a0.weight", "q4_k");
    expect(&p, "a1.weight", "q8_0");
    expect(&p, "b.norm", "bf16");
    forget(&p);
    assert_int_equal(plan_with(&p, "mix", (const char *[]){ NULL },
                               &(struct plan_options){ .pure = 1 }),
                     0);
    expect(&p, "a0.weight", "q4_k");
    forget(&p);
    add_matrix(p.source, "d.weight", "bf16", 2, 40);
    add_matrix(p.source, "c.weight", "bf16", 2, 256);
    expect_refusal(&p, "mix", "pure", &(struct plan_options){ 0 }, PARE_ENOTSUP,
                   "mix.recipe:7: tensor c.weight: no c");
    plan_by(&p, "mix", "pure\nkeep if name == \"c.weight\"");
    expect(&p, "d.weight", "f16");
    forget(&p);
    model_free(p.source);
}

static const char *text_of(const struct model *model, const char *key)
{
    static char text[100];
    _cleanup_free_ char *value = meta_string(model, key);
    (void)snprintf(text, sizeof text, "%s", value ? value : "(none)");
    return text;
}

static const char *key_at(const struct plan *plan, uint64_t from_end)
{
    static char text[100];
    struct pare_str key = plan->target->meta[plan->target->n_meta - 1 - from_end].key;
    (void)snprintf(text, sizeof text, "%.*s", (int)key.len, key.data);
    return text;
}

static void test_metadata(void **state)
{
    (void)state;
    struct planned p = { .source = letters() };
    set_string(p.source, "general.name", "Letters");
    plan_by(&p, "mix",
            "set k.first string \"outside\"\nset k.new i8 -3\nset k.first string \"x\"\n"
            "drop general.name\ndrop k.last\nset k.text string arch if layers == 12\n"
            "set k.not bool true if layers == 13\ndrop k.second\nwarn \"Careful\"");
    const struct model *t = p.plan->target;
    assert_string_equal(text_of(t, "k.first"), "outside");
    assert_string_equal(text_of(t, "k.text"), "llama");
    assert_int_equal(meta_int(t, "k.new", 0), -3);
    assert_null(meta_find(t, "k.second"));
    assert_null(meta_find(t, "k.not"));
    assert_null(meta_find(t, "general.name"));
    assert_string_equal(key_at(p.plan, 0), "k.text");
    assert_string_equal(key_at(p.plan, 2), "k.first");
    assert_int_equal(json_array_size(p.plan->warnings), 1);
    forget(&p);
    assert_int_equal(plan_with(&p, "mix", (const char *[]){ "x", "set k.last u8 3", NULL },
                               &(struct plan_options){ .importance = &plan_importance }),
                     0);
    assert_string_equal(text_of(p.plan->target, "k.last"), "all");
    assert_int_equal(meta_int(p.plan->target, "k.second", 0), 24);
    forget(&p);
    model_free(p.source);
}

/* What an override sets counts as the model's when the recipe asks, in values as in rules. */
static void test_facts_from_outside(void **state)
{
    (void)state;
    struct planned p = { .source = letters() };
    plan_by(&p, "mix",
            "set llama.block_count u32 5\nset k.old u32 layers\n"
            "q8_0 if layers == 5 and name == \"b0.weight\"");
    assert_int_equal(meta_int(p.plan->target, "k.second", 0), 10);
    assert_int_equal(meta_int(p.plan->target, "k.old", 0), 12);
    expect(&p, "b0.weight", "q8_0");
    forget(&p);
    plan_by(&p, "mix", "drop general.architecture");
    assert_int_equal(meta_int(p.plan->target, "k.second", -1), 0);
    forget(&p);
    expect_refusal(&p, "mix", "set k.i u8 layers * 100", &(struct plan_options){ 0 }, PARE_EDATA,
                   "o.pare:1: 1200 does not fit u8");
    model_free(p.source);
}

static void test_options(void **state)
{
    (void)state;
    struct planned p = { .source = letters() };
    static const char *const two[] = { "--x", "option size 2G", "y",
                                       "option size 1G\noption name \"two words\"", NULL };
    assert_int_equal(plan_with(&p, "mix", two, &(struct plan_options){ 0 }), 0);
    _cleanup_json_ json_t *options = recipe_options(p.recipe);
    assert_int_equal(json_object_size(options), 3);
    assert_string_equal(json_string_value(json_object_get(options, "color")), "blue");
    assert_string_equal(json_string_value(json_object_get(options, "size")), "2G");
    assert_string_equal(json_string_value(json_object_get(options, "name")), "two words");
    forget(&p);
    model_free(p.source);
}

static void test_digest(void **state)
{
    (void)state;
    char before[HASH_HEX_SIZE], want[HASH_HEX_SIZE], text[200];
    struct error err = ERROR_INIT;
    struct planned p = { .source = letters() };
    assert_int_equal(plan_with(&p, "mix", (const char *[]){ NULL }, &(struct plan_options){ 0 }),
                     0);
    (void)strcpy(before, recipe_digest(p.recipe));
    forget(&p);
    plan_by(&p, "mix", "pure");
    int n = snprintf(text, sizeof text, "%s\npure", before);
    assert_int_equal(hash_of(text, (size_t)n, want, &err), 0);
    assert_string_equal(recipe_digest(p.recipe), want);
    forget(&p);
    model_free(p.source);
}

static void test_mistakes(void **state)
{
    static const char *const mistakes[][2] = {
        { "q4_k", "o.pare:1: expected 'if' after the encoding 'q4_k', not the end of the line" },
        { "\n# x\nq4_k if x", "o.pare:3: unknown name 'x'" },
        { "\n# x\nq4_k if colz > 1", "o.pare:3: unknown name 'colz'; did you mean 'cols'?" },
        { "default q4_k", "o.pare:1: 'default' stands in recipes only, not in overrides" },
        { "include q4_k", "o.pare:1: 'include' stands in recipes only, not in overrides" },
        { "role x \"*\"", "o.pare:1: 'role' stands in recipes only, not in overrides" },
        { "require importance q4_k",
          "o.pare:1: 'require' stands in recipes only, not in overrides" },
        { "overrides", "o.pare:1: 'overrides' stands in recipes only, not in overrides" },
        { "record a.b u8 1", "o.pare:1: 'record' stands in recipes only, not in overrides" },
        { "pure if true", "o.pare:1: expected the end of the line, not 'if'" },
        { "option", "o.pare:1: expected the name of an option, not the end of the line" },
        { "option x", "o.pare:1: expected a value, not the end of the line" },
        { "option x 1 2", "o.pare:1: expected the end of the line, not '2'" },
        { "keep if name ~ \"{\"",
          "o.pare:1: expected numbers such as {0-3,12} in the pattern '{'" },
        { "keep if name ~ \"{1-}\"",
          "o.pare:1: expected numbers such as {0-3,12} in the pattern '{1-}'" },
        { "keep if name ~ \"{1\"", "o.pare:1: expected ',' or '}' after a number in the pattern "
                                   "'{1'" },
        { "keep if name ~ \"{1x}\"", "o.pare:1: expected ',' or '}' after a number in the pattern "
                                     "'{1x}'" },
        { "keep if name ~ \"{7-3}\"", "o.pare:1: the range 7-3 in the pattern '{7-3}' is empty" },
        { "keep if name ~ \"{1234567890}\"",
          "o.pare:1: expected numbers such as {0-3,12} in the pattern '{1234567890}'" },
        { "keep if name =~ x", "o.pare:1: expected a regular expression in quotation marks, not "
                               "'x'" },
        { "keep if layer =~ \"x\"", "o.pare:1: '=~' expects a text, not a number" },
        { "keep if name =~ \"(a)\\1\"", "o.pare:1: the regular expression '(a)\\1' refers back to "
                                        "a part of itself, which may take too long" },
        { "keep if name =~ \"((a{9}){9}){9}\"",
          "o.pare:1: the counts in the regular expression "
          "'((a{9}){9}){9}' multiply its length to more than 1024" },
        { "keep if name =~ \"a{2000,}\"", "o.pare:1: the counts in the regular expression "
                                          "'a{2000,}' multiply its length to more than 1024" },
        { "keep if cut(name) == \"\"", "o.pare:1: cut() takes 2 arguments, not 1" },
        { "keep if cut(1, 2) == \"\"", "o.pare:1: 'cut' expects a text, not a number" },
    };
    (void)state;
    struct planned p = { .source = letters() };
    struct plan_options none = { 0 };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
        expect_refusal(&p, "mix", mistakes[i][0], &none, PARE_EDATA, mistakes[i][1]);
    int r = plan_with(&p, "mix", (const char *[]){ "--keep '('", "keep if name =~ \"(\"", NULL },
                      &none);
    assert_int_equal(r, PARE_EDATA);
    assert_ptr_equal(strstr(p.err.text, "--keep '(': the regular expression '(' is wrong: "),
                     p.err.text);
    forget(&p);
    model_free(p.source);
}

static void test_odd_texts(void **state)
{
    (void)state;
    static char long_text[300000];
    struct planned p = { .source = letters() };
    struct error err = ERROR_INIT;
    assert_int_equal(plan_with(&p, "mix", (const char *[]){ NULL }, &(struct plan_options){ 0 }),
                     0);
    assert_int_equal(recipe_override(p.recipe, "x", "a\0b", 3, &err), PARE_EDATA);
    assert_string_equal(err.text, "x: not a text");
    memset(long_text, '#', sizeof long_text);
    err = (struct error)ERROR_INIT;
    assert_int_equal(recipe_override(p.recipe, "x", long_text, sizeof long_text, &err),
                     PARE_ELIMIT);
    assert_string_equal(err.text, "x: 300000 bytes, the limit is 262144");
    memset(long_text, 'l', 9999);
    long_text[9999] = 0;
    assert_int_equal(override(p.recipe, long_text, "nonsense", &err), PARE_EDATA);
    assert_true(strlen(err.text) < 400);
    assert_int_equal(recipe_override(p.recipe, "x", NULL, 0, &err), 0);
    (void)strcpy(long_text, "keep if name =~ \"");
    memset(long_text + 17, 'a', 257);
    (void)strcpy(long_text + 17 + 257, "\"");
    assert_int_equal(override(p.recipe, "y", long_text, &err), PARE_EDATA);
    assert_non_null(strstr(err.text, "has more than 256 bytes"));
    forget(&p);
    memset(long_text, 'n', 513);
    long_text[513] = 0;
    add_matrix(p.source, long_text, "bf16", 2, 256);
    int r = plan_with(&p, "mix", (const char *[]){ "o", "keep if name =~ \"x\"", NULL },
                      &(struct plan_options){ 0 });
    assert_int_equal(r, PARE_EDATA);
    assert_non_null(strstr(p.err.text, "o:1: a text of 513 bytes is too long for =~, whose limit "
                                       "is 512"));
    forget(&p);
    model_free(p.source);
}

static const struct importance_entry *entry_of(const struct planned *p, const char *name)
{
    return p->plan->choices[find(p->plan, name)].importance;
}

static void test_importance(void **state)
{
    (void)state;
    struct planned p = { .source = letters() };
    struct plan_options with = { .importance = &plan_importance }, without = { 0 };
    const char *texts[] = { "o.pare", "q8_0 if name == \"a0.weight\"", NULL };
    plan_absent = "a1.weight";
    assert_int_equal(plan_with(&p, "mix", texts, &with), 0);
    assert_null(entry_of(&p, "a0.weight")); /* q8_0 makes no use of it */
    assert_null(entry_of(&p, "a1.weight"));
    assert_null(entry_of(&p, "b.norm"));
    assert_non_null(entry_of(&p, "b0.weight"));
    assert_int_equal(json_array_size(p.plan->warnings), 0);
    forget(&p);
    assert_int_equal(plan_with(&p, "mix", texts, &without), 0);
    assert_null(entry_of(&p, "b0.weight"));
    forget(&p);
    plan_absent = "b0.weight"; /* the others have entries, but no use for them */
    texts[1] = "q8_0 if name ~ \"a*\"";
    assert_int_equal(plan_with(&p, "mix", texts, &with), 0);
    assert_int_equal(json_array_size(p.plan->warnings), 0);
    forget(&p);
    plan_absent = "";
    assert_int_equal(plan_with(&p, "mix", texts, &with), 0);
    assert_string_equal(json_string_value(json_array_get(p.plan->warnings, 0)),
                        "all.imatrix.gguf has no entry for any tensor of the model: is it an "
                        "importance matrix of another one?");
    forget(&p);
    plan_absent = NULL;
    model_free(p.source);
}

static void test_misfits(void **state)
{
    (void)state;
    struct planned p = { .source = letters() };
    struct plan_options with = { .importance = &plan_importance };
    plan_misfit = "a0.weight";
    expect_refusal(&p, "mix", "", &with, PARE_EDATA,
                   "all.imatrix.gguf has 1 values for tensor a0.weight, which has 1 matrices with "
                   "rows of 256: it is an importance matrix of another model");
    plan_misfit = "b0.weight";
    assert_int_equal(plan_with(&p, "mix", (const char *[]){ NULL }, &with), 0);
    assert_null(entry_of(&p, "b0.weight"));
    assert_string_equal(json_string_value(json_array_get(p.plan->warnings, 0)),
                        "tensor b0.weight is encoded without importance data: the entry in "
                        "all.imatrix.gguf has 1 values");
    forget(&p);
    expect_refusal(&p, "mix", "q2_k if name == \"b0.weight\"", &with, PARE_EUSAGE,
                   "tensor b0.weight would become q2_k, which is useless without importance data, "
                   "and all.imatrix.gguf has none for it: give one that has, or choose another "
                   "encoding");
    plan_misfit = NULL;
    model_free(p.source);
}

static void test_required_importance(void **state)
{
    (void)state;
    struct planned p = { .source = letters() };
    struct plan_options none = { 0 }, draft = { .draft = 1 };
    plan_by(&p, "mix", "q2_k if role == a");
    forget(&p);
    expect_refusal(&p, "mix", "q2_k if role == b", &none, PARE_EUSAGE,
                   "tensor b0.weight would become q2_k, which is useless without importance data: "
                   "give an importance matrix of the model");
    expect_refusal(&p, "mix", "q3_k if role == a", &none, PARE_EUSAGE,
                   "tensor a0.weight would become q3_k, which is useless without importance data: "
                   "give an importance matrix of the model");
    expect_refusal(&p, "mix", "iq2_xs if role == a", &none, PARE_EUSAGE,
                   "tensor a0.weight would become iq2_xs, which is useless without importance "
                   "data: give an importance matrix of the model");
    assert_int_equal(plan_with(&p, "mix", (const char *[]){ "o", "iq2_xs if role == a", NULL },
                               &draft),
                     0);
    assert_string_equal(json_string_value(json_array_get(p.plan->warnings, 0)),
                        "4 tensors cannot be encoded without importance data: the first is "
                        "a0.weight (iq2_xs); give an importance matrix of the model");
    forget(&p);
    add_matrix(p.source, "b1.weight", "q2_k", 2, 256);
    plan_by(&p, "mix", "q2_k if name == \"b1.weight\""); /* it is only copied */
    forget(&p);
    model_free(p.source);
}

static void test_repack(void **state)
{
    (void)state;
    struct planned p = { .source = new_model("gguf") };
    add_matrix(p.source, "x.weight", "q4_0", 2, 256);
    plan_by(&p, "mix", "q4_1 if true");
    expect(&p, "x.weight", "q4_1");
    forget(&p);
    expect_refusal(&p, "mix", "q5_0 if true", &(struct plan_options){ 0 }, PARE_ENOTSUP,
                   "tensor x.weight is quantized already, as q4_0: quantizing it again as q5_0 "
                   "adds error to error; start from the original, or allow it (pare convert "
                   "--allow-requantize; pared.conf: allow_requantize = yes)");
    model_free(p.source);
}

/* With the recipes that come with Pare, as llama-quantize does it. */
static void test_recorded_importance(void **state)
{
    (void)state;
    struct planned p = { .source = letters() };
    struct plan_options with = { .importance = &plan_importance };
    assert_int_equal(plan_with(&p, "q4_k_m", (const char *[]){ "x", "set z.z u8 1", NULL }, &with),
                     0);
    const struct model *t = p.plan->target;
    assert_string_equal(text_of(t, "quantize.imatrix.file"), "all.imatrix.gguf");
    assert_string_equal(text_of(t, "quantize.imatrix.dataset"), "all.txt");
    assert_int_equal(meta_find(t, "quantize.imatrix.entries_count")->type, PARE_U32);
    assert_int_equal(meta_int(t, "quantize.imatrix.entries_count", 0), 7);
    assert_int_equal(meta_int(t, "quantize.imatrix.chunks_count", 0), 40);
    assert_string_equal(key_at(p.plan, 4), "z.z");
    assert_string_equal(key_at(p.plan, 3), "quantize.imatrix.file");
    assert_string_equal(key_at(p.plan, 0), "quantize.imatrix.chunks_count");
    forget(&p);
    plan_by(&p, "q4_k_m", "");
    assert_null(meta_find(p.plan->target, "quantize.imatrix.entries_count"));
    forget(&p);
    model_free(p.source);
}

/* Facts that the source's format tells; without them texts are empty and numbers 0. */
static void test_facts_of_the_format(void **state)
{
    static char weight[] = "weight", product[] = "MatMul";
    (void)state;
    struct planned p = { .source = letters() };
    struct model_tensor *t = p.source->tensors;
    t[0].role = t[1].role = weight;
    t[1].op = product;
    t[2].channel = 2;
    plan_by(&p, "mix", "q8_0 if op == \"MatMul\" and purpose == \"weight\"");
    expect(&p, "a0.weight", "q6_k");
    expect(&p, "a1.weight", "q8_0");
    assert_string_equal(p.plan->target->tensors[find(p.plan, "a1.weight")].op, "MatMul");
    assert_int_equal(p.plan->target->tensors[find(p.plan, "a10.weight")].channel, 2);
    forget(&p);
    plan_by(&p, "mix", "q5_0 if channel == 2\nq5_1 if purpose ~ \"w*\"\nq8_0 if purpose == op");
    expect(&p, "a0.weight", "q5_1");
    expect(&p, "a1.weight", "q5_1");
    expect(&p, "a10.weight", "q5_0");
    expect(&p, "a2.weight", "q8_0");
    forget(&p);
    model_free(p.source);
}

/* The statement refuses, the first that holds decides, and only where a row does not fit. */
static void test_fallback_refused(void **state)
{
    static const struct {
        const char *rules;
        int r;
    } cases[] = {
        { "fallback refuse", PARE_ENOTSUP },
        { "fallback refuse if layers == 1", PARE_ENOTSUP },
        { "fallback refuse if layers == 2", 0 },
        { "fallback take\nfallback refuse", 0 },
        { "q8_0 if name == \"a.weight\"\nfallback refuse", 0 },
    };
    (void)state;
    struct planned planned = { .source = new_model("gguf") };
    describe(planned.source, "llama", 1, 8, 8, 0);
    add_matrix(planned.source, "output.weight", "f16", 2, 256);
    add_matrix(planned.source, "a.weight", "f16", 2, 96);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int r = plan_with(&planned, "q4_k_m", (const char *[]){ "-r", cases[i].rules, NULL },
                          &(struct plan_options){ 0 });
        assert_int_equal(r, cases[i].r);
        if (r)
            assert_non_null(strstr(planned.err.text, "its fallback q5_0 is refused (-r): choose"));
        forget(&planned);
    }
    model_free(planned.source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fallback_refused),
        cmocka_unit_test(test_place_and_order),
        cmocka_unit_test(test_counting),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_pure),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_facts_from_outside),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_odd_texts),
        cmocka_unit_test(test_importance),
        cmocka_unit_test(test_misfits),
        cmocka_unit_test(test_required_importance),
        cmocka_unit_test(test_repack),
        cmocka_unit_test(test_recorded_importance),
        cmocka_unit_test(test_facts_of_the_format),
    };
    return cmocka_run_group_tests_name("overrides", tests, NULL, NULL);
}
