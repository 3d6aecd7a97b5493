/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Plans with the recipes that come with Pare. tests/data/plans/ has one file per model: what it is,
 * its tensors in llama-quantize's order, and the type that llama-quantize (llama.cpp de3ff81)
 * chooses for each under each recipe. Encodings are stand-ins: only their blocks matter here, and
 * there are more of them than plugins have yet.
 */
#include "base/cleanup.h"
#include "convert/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void encode(const float *x, uint64_t rows, uint64_t row_len,
                   const struct pare_calibration *calibration, void *const *planes)
{
    (void)x, (void)rows, (void)row_len, (void)calibration, (void)planes;
}

static void decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    (void)planes, (void)rows, (void)row_len, (void)x;
}

#define STAND_IN(id, kind, len, bytes)                                                \
    {                                                                                 \
        .name = id, .flags = PARE_ENCODING_##kind, .block_len = len, .n_planes = 1,   \
        .planes = { { .name = "data", .bytes_per_block = bytes } },                   \
        .kernel = { .name = "c", .encode = encode, .decode = decode }                 \
    }

static const struct encoding encodings[] = {
    STAND_IN("f32", FLOAT, 1, 4),           STAND_IN("f16", FLOAT, 1, 2),
    STAND_IN("bf16", FLOAT, 1, 2),          STAND_IN("i32", INTEGER, 1, 4),
    STAND_IN("q8_0", QUANTIZED, 32, 34),    STAND_IN("q4_0", QUANTIZED, 32, 18),
    STAND_IN("q4_1", QUANTIZED, 32, 20),    STAND_IN("q5_0", QUANTIZED, 32, 22),
    STAND_IN("q5_1", QUANTIZED, 32, 24),    STAND_IN("q4_k", QUANTIZED, 256, 144),
    STAND_IN("q5_k", QUANTIZED, 256, 176),  STAND_IN("q6_k", QUANTIZED, 256, 210),
    STAND_IN("only_gguf", FLOAT, 1, 1),
};

/* Takes the place of importance.c's: there is importance, but none for these tensors. */
const struct importance_entry *importance_for(const struct importance *importance,
                                              const struct model_tensor *tensor)
{
    (void)importance, (void)tensor;
    return NULL;
}

static const char *hidden; /* an encoding that no plugin provides for now */

/* Takes the place of the registry's. */
const struct encoding *registry_encoding(const struct registry *registry, const char *name)
{
    (void)registry;
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
        if (!strcmp(encodings[i].name, name) && (!hidden || strcmp(name, hidden) != 0))
            return &encodings[i];
    return NULL;
}

static const char *const gguf_holds[] = { "f32", "f16", "bf16", "i32", "q8_0", "q4_0", "q4_1",
                                          "q5_0", "q5_1", "q4_k", "q5_k", "q6_k", "odd", NULL };
static const char *const safetensors_holds[] = { "f32", "f16", "bf16", "i32", NULL };
static const struct pare_writer gguf = { .name = "gguf", .encodings = gguf_holds };
static const struct pare_writer safetensors = { .name = "safetensors",
                                                .encodings = safetensors_holds };

static struct model *new_model(const char *format)
{
    struct error err = ERROR_INIT;
    struct model *model;
    assert_int_equal(model_new(&model, &err), 0);
    model->format = format;
    assert_int_equal(model_add_file(model, "model", -1, 0, &err), 0);
    return model;
}

static void add_tensor(struct model *model, const char *name, const char *encoding, uint32_t n_dims,
                       const uint64_t *dims)
{
    struct error err = ERROR_INIT;
    const struct encoding *e = registry_encoding(NULL, encoding);
    struct pare_tensor t = { .struct_size = sizeof t, .name = { name, strlen(name) },
                             .encoding = encoding, .n_dims = n_dims, .n_planes = 1 };
    uint64_t elements = 1;
    for (uint32_t i = 0; i < n_dims; i++) {
        t.dims[i] = dims[i];
        elements *= dims[i];
    }
    t.planes[0].length = e ? elements / e->block_len * e->planes[0].bytes_per_block : elements;
    if (model_add_tensor(model, &t, e, &err) != 0)
        fail_msg("%s", err.text);
}

static void add_matrix(struct model *model, const char *name, const char *encoding, uint64_t rows,
                       uint64_t cols)
{
    add_tensor(model, name, encoding, 2, (const uint64_t[]){ rows, cols });
}

static void set_u32(struct model *model, const char *key, uint32_t number)
{
    struct error err = ERROR_INIT;
    struct pare_value value = { .struct_size = sizeof value, .type = PARE_U32, .count = 1,
                                .data = &number };
    assert_int_equal(meta_set(model, (struct pare_str){ key, strlen(key) }, &value, &err), 0);
}

static void set_string(struct model *model, const char *key, const char *text)
{
    struct error err = ERROR_INIT;
    struct pare_str s = { text, strlen(text) };
    struct pare_value value = { .struct_size = sizeof value, .type = PARE_STRING, .count = 1,
                                .data = &s };
    assert_int_equal(meta_set(model, (struct pare_str){ key, strlen(key) }, &value, &err), 0);
}

static void describe(struct model *model, const char *arch, uint32_t layers, uint32_t heads,
                     uint32_t heads_kv, uint32_t experts)
{
    char key[100];
    set_string(model, "general.architecture", arch);
    (void)snprintf(key, sizeof key, "%s.block_count", arch);
    set_u32(model, key, layers);
    (void)snprintf(key, sizeof key, "%s.attention.head_count", arch);
    set_u32(model, key, heads);
    if (heads_kv != heads) {
        uint32_t array[3] = { heads_kv, 1, 1 }; /* one number per layer: the first counts */
        struct error err = ERROR_INIT;
        struct pare_value value = { .struct_size = sizeof value, .type = PARE_U32, .is_array = 1,
                                    .count = 3, .data = array };
        int n = snprintf(key, sizeof key, "%s.attention.head_count_kv", arch);
        assert_int_equal(meta_set(model, (struct pare_str){ key, (size_t)n }, &value, &err), 0);
    }
    (void)snprintf(key, sizeof key, "%s.expert_count", arch);
    if (experts)
        set_u32(model, key, experts);
}

static int try_plan(const char *recipe_id, const struct model *source,
                    const struct pare_writer *writer, struct plan_options options,
                    struct recipe **ret_recipe, struct plan **ret_plan, struct error *err)
{
    char dirs[4096];
    (void)snprintf(dirs, sizeof dirs, "%s/recipes:%s", getenv("PARE_TEST_DATA"),
                   getenv("PARE_RECIPES"));
    int r = recipe_load(dirs, recipe_id, ret_recipe, err);
    if (r)
        fail_msg("%s", err->text);
    return plan_make(*ret_recipe, NULL, source, writer, &options, ret_plan, err);
}

static void expect_plan(const char *recipe_id, const struct model *source,
                        const struct pare_writer *writer, struct recipe **ret_recipe,
                        struct plan **ret_plan)
{
    struct error err = ERROR_INIT;
    if (try_plan(recipe_id, source, writer, (struct plan_options){ 0, 0 }, ret_recipe, ret_plan,
                 &err))
        fail_msg("%s: %s", recipe_id, err.text);
}

static void expect_error(const char *recipe_id, const struct model *source,
                         const struct pare_writer *writer, int code, const char *text)
{
    struct recipe *recipe = NULL;
    struct plan *plan = NULL;
    struct error err = ERROR_INIT;
    int r = try_plan(recipe_id, source, writer, (struct plan_options){ 0, 0 }, &recipe, &plan,
                     &err);
    assert_string_equal(err.text, text);
    assert_int_equal(r, code);
    assert_int_equal(err.code, code);
    assert_null(plan);
    recipe_free(recipe);
}

static const char *chosen(const struct plan *plan, const char *name)
{
    for (uint64_t i = 0; i < plan->target->n_tensors; i++) {
        const struct model_tensor *t = &plan->target->tensors[i];
        if (t->name.len == strlen(name) && !memcmp(t->name.data, name, t->name.len))
            return t->encoding_name;
    }
    fail_msg("no tensor %s", name);
    return NULL;
}

/* A golden table: lines of tab-separated words. */
#define MAX_LINES 1100
#define MAX_WORDS 12

struct table {
    char *text;
    char *words[MAX_LINES][MAX_WORDS];
    size_t n_lines;
};

static void read_table(const char *name, struct table *table)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/plans/%s.tsv", getenv("PARE_TEST_DATA"), name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    table->text = calloc(1, 200000);
    size_t n = fread(table->text, 1, 199999, f);
    assert_true(n > 0 && n < 199999);
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
    for (size_t i = table->n_lines - 1; i >= 2; i--) {
        uint64_t dims[PARE_MAX_DIMS];
        uint32_t n = 0;
        for (char *p = table->words[i][2]; *p; p += *p == 'x')
            dims[n++] = strtoull(p, &p, 10);
        add_tensor(model, table->words[i][0], table->words[i][1], n, dims);
    }
    return model;
}

static void check_column(const char *name, const struct table *table, const struct model *model,
                         size_t column)
{
    const char *recipe_id = table->words[1][column - 2];
    struct recipe *recipe = NULL;
    struct plan *plan = NULL;
    expect_plan(recipe_id, model, &gguf, &recipe, &plan);
    assert_int_equal(plan->target->n_tensors, table->n_lines - 2);
    unsigned wrong = 0;
    for (uint64_t i = 0; i < plan->target->n_tensors; i++) {
        const struct model_tensor *t = &plan->target->tensors[i];
        char *const *want = table->words[i + 2];
        if (t->name.len != strlen(want[0]) || memcmp(t->name.data, want[0], t->name.len) != 0)
            fail_msg("%s %s: %.*s where %s belongs", name, recipe_id, (int)t->name.len,
                     t->name.data, want[0]);
        if (strcmp(t->encoding_name, want[column]) != 0) {
            print_message("%s %s %s: %s, not %s (%s)\n", name, recipe_id, want[0],
                          t->encoding_name, want[column], plan->choices[i].rule);
            wrong++;
        }
        assert_int_equal(plan->choices[i].source, plan->target->n_tensors - 1 - i);
    }
    assert_int_equal(wrong, 0);
    plan_free(plan);
    recipe_free(recipe);
}

static void test_golden(void **state)
{
    const char *name = *state;
    struct table *table = calloc(1, sizeof *table);
    read_table(name, table);
    struct model *model = table_model(table);
    size_t column = 3;
    for (; column < MAX_WORDS && table->words[1][column - 2]; column++)
        check_column(name, table, model, column);
    assert_int_equal(column, 10);
    model_free(model);
    free(table->text);
    free(table);
}

static struct model *small_model(void)
{
    struct model *model = new_model("gguf");
    set_u32(model, "general.file_type", 32);
    describe(model, "llama", 1, 8, 8, 0);
    set_u32(model, "split.count", 2);
    set_string(model, "general.name", "Small");
    add_matrix(model, "token_embd.weight", "bf16", 32, 256);
    add_matrix(model, "blk.0.attn_q.weight", "bf16", 256, 256);
    add_matrix(model, "blk.0.ids.weight", "i32", 4, 256);
    add_tensor(model, "blk.0.attn_norm.weight", "f32", 1, (const uint64_t[]){ 256 });
    return model;
}

static void test_metadata(void **state)
{
    static const struct {
        const char *recipe;
        int64_t file_type;
    } types[] = { { "f32", 0 },  { "f16", 1 },   { "bf16", 32 },  { "q8_0", 7 },
                  { "q6_k", 18 }, { "q4_0", 2 }, { "q4_k_m", 15 } };
    (void)state;
    struct model *model = small_model();
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct recipe *recipe = NULL;
        struct plan *plan = NULL;
        expect_plan(types[i].recipe, model, &gguf, &recipe, &plan);
        const struct model *t = plan->target;
        assert_int_equal(t->n_meta, 6);
        assert_memory_equal(t->meta[0].key.data, "general.architecture", 20);
        assert_memory_equal(t->meta[3].key.data, "general.name", 12);
        assert_memory_equal(t->meta[4].key.data, "general.quantization_version", 28);
        assert_memory_equal(t->meta[5].key.data, "general.file_type", 17);
        assert_int_equal(t->meta[5].value.type, PARE_U32);
        assert_int_equal(meta_int(t, "general.file_type", -1), types[i].file_type);
        assert_int_equal(meta_int(t, "general.quantization_version", -1), 2);
        assert_null(meta_find(t, "split.count"));
        assert_string_equal(t->format, "gguf");
        assert_string_equal(chosen(plan, "blk.0.ids.weight"), "i32");
        assert_string_equal(chosen(plan, "blk.0.attn_norm.weight"), "f32");
        plan_free(plan);
        recipe_free(recipe);
    }
    model_free(model);
}

static void test_rules_are_named(void **state)
{
    (void)state;
    struct model *model = small_model();
    struct recipe *recipe = NULL;
    struct plan *plan = NULL;
    expect_plan("q4_k_m", model, &gguf, &recipe, &plan);
    assert_string_equal(plan->choices[0].rule, "q4_k_m.recipe:12: q6_k if is_output");
    assert_int_equal(plan->choices[0].source, 0);
    assert_string_equal(plan->choices[1].rule, "gguf.rules:28: keep if rank < 2");
    assert_string_equal(plan->choices[2].rule, "q4_k_m.recipe:25: default q4_k");
    assert_string_equal(plan->choices[3].rule, "integers are kept");
    assert_int_equal(plan->target->tensors[2].planes[0].length, 256 * 144);
    assert_int_equal(plan->target->tensors[2].bytes, 256 * 144);
    assert_int_equal(json_array_size(plan->warnings), 0);
    plan_free(plan);
    recipe_free(recipe);
    model_free(model);
}

static void test_safetensors_casts_all(void **state)
{
    static const char *const recipes[] = { "f32", "f16", "bf16" };
    (void)state;
    struct model *model = small_model();
    add_matrix(model, "a.quantized", "q4_0", 2, 32);
    for (size_t i = 0; i < 3; i++) {
        struct recipe *recipe = NULL;
        struct plan *plan = NULL;
        expect_plan(recipes[i], model, &safetensors, &recipe, &plan);
        assert_string_equal(chosen(plan, "token_embd.weight"), recipes[i]);
        assert_string_equal(chosen(plan, "blk.0.attn_norm.weight"), recipes[i]);
        assert_string_equal(chosen(plan, "a.quantized"), recipes[i]);
        assert_string_equal(chosen(plan, "blk.0.ids.weight"), "i32");
        for (uint64_t k = 0; k < plan->target->n_tensors; k++)
            assert_int_equal(plan->choices[k].source, k);
        assert_int_equal(meta_int(plan->target, "general.file_type", -1), 32);
        assert_null(meta_find(plan->target, "general.quantization_version"));
        plan_free(plan);
        recipe_free(recipe);
    }
    model_free(model);
}

static void test_foreign_names(void **state)
{
    (void)state;
    struct model *model = new_model("safetensors");
    add_matrix(model, "transformer.wpe.weight", "f32", 64, 256);
    add_matrix(model, "transformer.h.0.attn.c_attn.weight", "f32", 256, 768);
    struct recipe *recipe = NULL;
    struct plan *plan = NULL;
    expect_plan("q4_k_m", model, &gguf, &recipe, &plan);
    assert_string_equal(chosen(plan, "transformer.wpe.weight"), "f32");
    assert_string_equal(chosen(plan, "transformer.h.0.attn.c_attn.weight"), "q4_k");
    plan_free(plan);
    recipe_free(recipe);
    model_free(model);
}

static void test_warnings(void **state)
{
    (void)state;
    struct model *model = new_model("safetensors");
    add_matrix(model, "a.weight", "f32", 64, 256);
    struct recipe *recipe = NULL;
    struct plan *plan = NULL;
    expect_plan("warns", model, &gguf, &recipe, &plan);
    assert_string_equal(chosen(plan, "a.weight"), "f32");
    assert_int_equal(json_array_size(plan->warnings), 1);
    assert_string_equal(json_string_value(json_array_get(plan->warnings, 0)), "no architecture");
    plan_free(plan);
    recipe_free(recipe);
    model_free(model);
}

static void test_fallback(void **state)
{
    (void)state;
    struct model *model = new_model("gguf");
    describe(model, "llama", 1, 8, 8, 0);
    add_matrix(model, "output.weight", "f16", 2, 256);
    add_matrix(model, "a.weight", "f16", 2, 96);
    add_matrix(model, "b.weight", "f16", 2, 100);
    struct recipe *recipe = NULL;
    struct plan *plan = NULL;
    expect_plan("q4_k_m", model, &gguf, &recipe, &plan);
    assert_string_equal(chosen(plan, "a.weight"), "q5_0");
    assert_string_equal(chosen(plan, "b.weight"), "f16");
    assert_int_equal(plan->n_fallbacks, 2);
    assert_string_equal(plan->choices[0].rule, "llama.rules:53: fallback q4_k -> q5_0 -> f16");
    assert_string_equal(json_string_value(json_array_get(plan->warnings, 0)),
                        "2 of 3 tensors have rows that do not divide into the blocks of their "
                        "encoding and get another one: the first is a.weight, whose rows have 96 "
                        "elements: q5_0 instead of q4_k");
    plan_free(plan);
    recipe_free(recipe);
    model_free(model);
}

static void test_impossible_targets(void **state)
{
    (void)state;
    struct model *model = small_model();
    expect_error("q4_k_m", model, &safetensors, PARE_EUSAGE,
                 "safetensors cannot hold q6_k, which recipe q4_k_m chose for tensor "
                 "token_embd.weight: use gguf:q4_k_m");
    hidden = "q4_k";
    expect_error("q4_k_m", model, &gguf, PARE_EUSAGE,
                 "tensor token_embd.weight: q4_k_m.recipe:11: no plugin provides the encoding "
                 "q4_k");
    hidden = "q6_k";
    expect_error("q4_k_m", model, &gguf, PARE_EUSAGE,
                 "no plugin provides q6_k, which recipe q4_k_m chose for tensor token_embd.weight "
                 "(q4_k_m.recipe:12)");
    hidden = NULL;
    model_free(model);
    model = new_model("gguf");
    add_tensor(model, "v", "only_gguf", 1, (const uint64_t[]){ 4 });
    expect_error("q8_0", model, &gguf, PARE_ENOTSUP,
                 "gguf cannot hold only_gguf, the encoding of tensor v, which recipe q8_0 keeps as "
                 "it is");
    model_free(model);
}

static void test_unknown_encodings(void **state)
{
    (void)state;
    struct model *model = new_model("gguf");
    add_tensor(model, "v.weight", "odd", 1, (const uint64_t[]){ 4 });
    struct recipe *recipe = NULL;
    struct plan *plan = NULL;
    expect_plan("q8_0", model, &gguf, &recipe, &plan);
    assert_string_equal(chosen(plan, "v.weight"), "odd");
    assert_null(plan->target->tensors[0].encoding);
    assert_int_equal(plan->target->tensors[0].planes[0].length, 4);
    plan_free(plan);
    recipe_free(recipe);
    add_matrix(model, "w.weight", "odd", 2, 256);
    expect_error("q8_0", model, &gguf, PARE_ENOTSUP,
                 "no plugin decodes odd, the encoding of tensor w.weight, which recipe q8_0 would "
                 "turn into q8_0");
    model_free(model);
}

static void test_requantizing(void **state)
{
    (void)state;
    struct model *model = new_model("gguf");
    add_matrix(model, "w.weight", "q8_0", 2, 256);
    add_matrix(model, "output.weight", "f16", 2, 256);
    struct recipe *recipe = NULL;
    struct plan *plan = NULL;
    expect_plan("q8_0", model, &gguf, &recipe, &plan);
    assert_string_equal(chosen(plan, "w.weight"), "q8_0");
    plan_free(plan);
    recipe_free(recipe);
    expect_plan("f16", model, &gguf, &recipe, &plan);
    assert_string_equal(chosen(plan, "w.weight"), "f16");
    plan_free(plan);
    recipe_free(recipe);
    expect_error("q4_0", model, &gguf, PARE_ENOTSUP,
                 "tensor w.weight is quantized already, as q8_0: quantizing it again as q4_0 adds "
                 "error to error; start from the original, or allow requantizing");
    struct error err = ERROR_INIT;
    plan = NULL;
    assert_int_equal(try_plan("q4_0", model, &gguf, (struct plan_options){ 1, 0 }, &recipe, &plan,
                              &err), 0);
    assert_string_equal(chosen(plan, "w.weight"), "q4_0");
    plan_free(plan);
    recipe_free(recipe);
    model_free(model);
}

static void test_importance_and_experts(void **state)
{
    (void)state;
    struct model *model = new_model("gguf");
    describe(model, "llama", 16, 8, 8, 0);
    char name[40];
    for (int i = 0; i < 16; i++) {
        (void)snprintf(name, sizeof name, "blk.%d.ffn_down.weight", i);
        add_matrix(model, name, "f16", 2, 256);
    }
    struct error err = ERROR_INIT;
    struct recipe *recipe = NULL;
    const struct importance *some = (const struct importance *)(const void *)"";
    struct plan *plan = NULL;
    struct plan_options options = { .importance = some };
    assert_int_equal(try_plan("q4_0", model, &gguf, options, &recipe, &plan, &err), 0);
    assert_string_equal(chosen(plan, "blk.1.ffn_down.weight"), "q4_1");
    assert_string_equal(chosen(plan, "blk.2.ffn_down.weight"), "q4_0");
    plan_free(plan);
    recipe_free(recipe);
    model_free(model);

    model = new_model("gguf");
    describe(model, "llama", 2, 8, 8, 4);
    add_matrix(model, "blk.2.ffn_down.weight", "f16", 2, 256);
    expect_error("q8_0", model, &gguf, PARE_ENOTSUP,
                 "llama.rules:28: tensor blk.2.ffn_down.weight: with experts, its name must tell a "
                 "layer of the model (blk.N.)");
    model_free(model);
}

int main(void)
{
    static const char *const models[] = {
        "qwen3-0.6b", "qwen3-14b", "gemma-3-4b-it", "llama-3.1-70b", "qwen2-72b", "gpt-oss-120b",
        "mixtral-8x7b", "mixtral-8x7b-split", "deepseek-v2-lite", "falcon-7b", "falcon-40b",
        "smollm2-135m", "tinyllama-22", "minilm-l6", "oddities"
    };
    enum { N_MODELS = sizeof models / sizeof *models };
    struct CMUnitTest golden[N_MODELS];
    for (size_t i = 0; i < N_MODELS; i++)
        golden[i] = (struct CMUnitTest){ .name = models[i], .test_func = test_golden,
                                         .initial_state = (void *)(uintptr_t)models[i] };
    const struct CMUnitTest others[] = {
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_rules_are_named),
        cmocka_unit_test(test_safetensors_casts_all),
        cmocka_unit_test(test_foreign_names),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_fallback),
        cmocka_unit_test(test_impossible_targets),
        cmocka_unit_test(test_unknown_encodings),
        cmocka_unit_test(test_requantizing),
        cmocka_unit_test(test_importance_and_experts),
    };
    int failed = cmocka_run_group_tests_name("golden plans", golden, NULL, NULL);
    return failed + cmocka_run_group_tests_name("plans", others, NULL, NULL);
}
