/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Plans against llama-quantize's (llama.cpp de3ff81): tests/data/plans/ has one file per model:
 * what it is; the types of all tensors by letters; the recipes; then its tensors in
 * llama-quantize's order, each with the types that it gets under each recipe, without importance
 * data and (after another tab, "=" when they are the same) with them. "-": it refuses, as we do.
 */
#include "base/cleanup.h"
#include "plan_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_LINES 1100
#define MAX_WORDS 48
#define MAX_BYTES 200000
#define HEAD 3 /* lines before those of tensors */

struct table {
    char *text;
    char *words[MAX_LINES][MAX_WORDS];
    size_t n_lines;
};

static unsigned long choices;

static void read_table(const char *name, struct table *table)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/plans/%s.tsv", getenv("PARE_TEST_DATA"), name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    table->text = calloc(1, MAX_BYTES);
    size_t n = fread(table->text, 1, MAX_BYTES - 1, f);
    assert_true(n > 0 && n < MAX_BYTES - 1);
    (void)fclose(f);
    char *lines = table->text, *line;
    while ((line = strsep(&lines, "\n")) && *line) {
        assert_true(table->n_lines < MAX_LINES);
        char *word;
        for (size_t i = 0; i < MAX_WORDS && (word = strsep(&line, "\t")); i++)
            table->words[table->n_lines][i] = word;
        table->n_lines++;
    }
}

/* The model that a table describes, its tensors in reverse. */
static struct model *table_model(const struct table *table)
{
    struct model *model = new_model("gguf");
    char *const *about = table->words[0];
    describe(model, about[1], (uint32_t)atoi(about[2]), (uint32_t)atoi(about[3]),
             (uint32_t)atoi(about[4]), (uint32_t)atoi(about[5]));
    for (size_t i = table->n_lines - 1; i >= HEAD; i--) {
        uint64_t dims[PARE_MAX_DIMS];
        uint32_t n = 0;
        for (char *p = table->words[i][2]; *p; p += *p == 'x')
            dims[n++] = strtoull(p, &p, 10);
        add_tensor(model, table->words[i][0], table->words[i][1], n, dims);
    }
    return model;
}

/* The type that a letter stands for; NULL for a refusal. */
static const char *type_of(const struct table *table, char letter)
{
    for (size_t i = 1; i < MAX_WORDS && table->words[1][i]; i++)
        if (table->words[1][i][0] == letter)
            return table->words[1][i] + 2;
    return NULL;
}

/* What a line of the table has for a recipe. */
static const char *wanted(const struct table *table, size_t line, size_t recipe, int importance)
{
    char *const *words = table->words[line];
    const char *letters = importance && *words[4] != '=' ? words[4] : words[3];
    return type_of(table, letters[recipe]);
}

static unsigned compare_plan(const char *name, const struct table *table, const struct plan *plan,
                             size_t recipe, int importance)
{
    unsigned wrong = 0;
    assert_int_equal(plan->target->n_tensors, table->n_lines - HEAD);
    for (uint64_t i = 0; i < plan->target->n_tensors; i++) {
        const struct model_tensor *t = &plan->target->tensors[i];
        const char *tensor = table->words[i + HEAD][0];
        const char *type = wanted(table, i + HEAD, recipe, importance);
        if (t->name.len != strlen(tensor) || memcmp(t->name.data, tensor, t->name.len) != 0)
            fail_msg("%s: %.*s where %s belongs", name, (int)t->name.len, t->name.data, tensor);
        if (strcmp(t->encoding_name, type) != 0) {
            print_message("%s %s%s %s: %s, not %s (%s)\n", name, table->words[2][recipe + 1],
                          importance ? " with importance" : "", tensor, t->encoding_name, type,
                          plan->choices[i].rule);
            wrong++;
        }
        assert_int_equal(plan->choices[i].source, plan->target->n_tensors - 1 - i);
    }
    choices += plan->target->n_tensors;
    return wrong;
}

static int is_one_of(const char *word, const char *const *list)
{
    while (*list && strcmp(*list, word) != 0)
        list++;
    return *list != NULL;
}

/* Whether llama-quantize wants importance data for what a line says. */
static int wants_importance(const struct table *table, size_t line, size_t index)
{
    static const char *const never[] = { "output.weight", "token_embd.weight",
                                         "per_layer_token_embd.weight", NULL };
    static const char *const low[] = { "iq3_xxs", "iq2_xxs", "iq2_xs", "iq2_s",
                                       "iq1_m",   "iq1_s",   NULL };
    const char *type = wanted(table, line, index, 0);
    if (is_one_of(table->words[line][0], never))
        return 0;
    return is_one_of(type, low) ||
           (!strcmp(type, "q2_k") && !strcmp(table->words[2][index + 1], "q2_k_s"));
}

/* What is no draft is refused without importance data, where they are wanted. */
static void check_refusal(const char *name, const struct table *table, const struct model *model,
                          size_t index)
{
    struct recipe *recipe = NULL;
    struct plan *plan = NULL;
    struct error err = ERROR_INIT;
    struct plan_options none = { 0 };
    int wants = 0;
    for (size_t line = HEAD; line < table->n_lines; line++)
        wants |= wants_importance(table, line, index);
    int r = try_plan(table->words[2][index + 1], model, &plan_gguf, none, &recipe, &plan, &err);
    if ((r != 0) != wants || (r && !strstr(err.text, "useless without importance data")))
        fail_msg("%s %s: %s", name, table->words[2][index + 1], r ? err.text : "not refused");
    plan_free(plan);
    recipe_free(recipe);
}

static unsigned check_recipe(const char *name, const struct table *table, const struct model *model,
                             size_t index, int importance)
{
    struct recipe *recipe = NULL;
    struct plan *plan = NULL;
    struct error err = ERROR_INIT;
    struct plan_options options = { .draft = 1,
                                    .importance = importance ? &plan_importance : NULL };
    int refused = !wanted(table, HEAD, index, importance);
    int r = try_plan(table->words[2][index + 1], model, &plan_gguf, options, &recipe, &plan, &err);
    if ((r != 0) != refused)
        fail_msg("%s %s: %s", name, table->words[2][index + 1], r ? err.text : "not refused");
    if (!refused && !importance)
        check_refusal(name, table, model, index);
    unsigned wrong = refused ? 0 : compare_plan(name, table, plan, index, importance);
    plan_free(plan);
    recipe_free(recipe);
    return wrong;
}

static void test_golden(void **state)
{
    const char *name = *state;
    struct table *table = calloc(1, sizeof *table);
    unsigned wrong = 0;
    size_t n = 0;
    read_table(name, table);
    struct model *model = table_model(table);
    for (; n + 1 < MAX_WORDS && table->words[2][n + 1]; n++)
        for (int importance = 0; importance < 2; importance++)
            wrong += check_recipe(name, table, model, n, importance);
    assert_int_equal(n, 35);
    assert_int_equal(wrong, 0);
    model_free(model);
    free(table->text);
    free(table);
}

int main(void)
{
    /* clang-format off */
    static const char *const models[] = {
        "qwen3-0.6b", "qwen3-14b", "gemma-3-4b-it", "llama-3.1-70b", "qwen2-72b", "gpt-oss-120b",
        "mixtral-8x7b", "mixtral-8x7b-split", "deepseek-v2-lite", "falcon-7b", "falcon-40b",
        "smollm2-135m", "tinyllama-22", "minilm-l6", "oddities", "phi-3-mini", "mamba-130m",
        "rwkv6-1.6b", "deepseek-v3-16", "gemma-3n-e2b"
    };
    /* clang-format on */
    enum { N_MODELS = sizeof models / sizeof *models };
    struct CMUnitTest golden[N_MODELS];
    for (size_t i = 0; i < N_MODELS; i++)
        golden[i] = (struct CMUnitTest){ .name = models[i],
                                         .test_func = test_golden,
                                         .initial_state = (void *)(uintptr_t)models[i] };
    int failed = cmocka_run_group_tests_name("golden plans", golden, NULL, NULL);
    print_message("%lu choices compared\n", choices);
    return failed;
}
