/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What plans do besides choosing as llama-quantize does (test_golden_plans.c): metadata, rules and
 * their places, other formats, warnings, and all that is refused.
 */
#include "base/cleanup.h"
#include "model/metadata.h"
#include "plan_fixture.h"
#include "plugin/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void expect_error(const char *recipe_id, const struct model *source,
                         const struct pare_writer *writer, int code, const char *text)
{
    struct recipe *recipe = NULL;
    struct plan *plan = NULL;
    struct error err = ERROR_INIT;
    int r = try_plan(recipe_id, source, writer, (struct plan_options){ 0 }, &recipe, &plan, &err);
    assert_string_equal(err.text, text);
    assert_int_equal(r, code);
    assert_int_equal(err.code, code);
    assert_null(plan);
    recipe_free(recipe);
}

static int safetensors_holds(const struct pare_encoding *encoding)
{
    static const char *const names[] = { "f32", "f16", "bf16", "i32", NULL };
    return plan_holds(encoding, names);
}

static const struct pare_writer safetensors = { .name = "safetensors", .holds = safetensors_holds };

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
    } types[] = { { "f32", 0 },   { "f16", 1 },  { "bf16", 32 },  { "q8_0", 7 },
                  { "q6_k", 18 }, { "q4_0", 2 }, { "q4_k_m", 15 } };
    (void)state;
    struct model *model = small_model();
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct recipe *recipe = NULL;
        struct plan *plan = NULL;
        expect_plan(types[i].recipe, model, &plan_gguf, &recipe, &plan);
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
    expect_plan("q4_k_m", model, &plan_gguf, &recipe, &plan);
    assert_string_equal(plan->choices[0].rule, "q4_k_m.recipe:12: q6_k if is_output");
    assert_int_equal(plan->choices[0].source, 0);
    assert_string_equal(plan->choices[1].rule, "gguf.rules:36: keep if rank < 2");
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
    expect_plan("q4_k_m", model, &plan_gguf, &recipe, &plan);
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
    expect_plan("warns", model, &plan_gguf, &recipe, &plan);
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
    expect_plan("q4_k_m", model, &plan_gguf, &recipe, &plan);
    assert_string_equal(chosen(plan, "a.weight"), "q5_0");
    assert_string_equal(chosen(plan, "b.weight"), "f16");
    assert_int_equal(plan->n_fallbacks, 2);
    assert_string_equal(plan->choices[0].rule, "llama.rules:61: fallback q4_k -> q5_0 -> f16");
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
    plan_hidden = "q4_k";
    expect_error("q4_k_m", model, &plan_gguf, PARE_EUSAGE,
                 "tensor token_embd.weight: q4_k_m.recipe:11: no plugin provides the encoding "
                 "q4_k");
    plan_hidden = "q6_k";
    expect_error("q4_k_m", model, &plan_gguf, PARE_EUSAGE,
                 "no plugin provides q6_k, which recipe q4_k_m chose for tensor token_embd.weight "
                 "(q4_k_m.recipe:12)");
    plan_hidden = NULL;
    model_free(model);
    model = new_model("gguf");
    add_tensor(model, "v", "only_gguf", 1, (const uint64_t[]){ 4 });
    expect_error("q8_0", model, &plan_gguf, PARE_ENOTSUP,
                 "gguf cannot hold only_gguf, the encoding of tensor v, which recipe q8_0 keeps as "
                 "it is: another holds it");
    model_free(model);
}

static void test_unknown_formats(void **state)
{
    (void)state;
    struct model *model = small_model();
    expect_error(
        "near_format", model, &plan_gguf, PARE_EDATA,
        "near_format.recipe:4: no plugin writes the format anothr; did you mean 'another'?");
    model_free(model);
}

static void test_unknown_encodings(void **state)
{
    (void)state;
    struct model *model = new_model("gguf");
    add_tensor(model, "v.weight", "odd", 1, (const uint64_t[]){ 4 });
    struct recipe *recipe = NULL;
    struct plan *plan = NULL;
    expect_plan("q8_0", model, &plan_gguf, &recipe, &plan);
    assert_string_equal(chosen(plan, "v.weight"), "odd");
    assert_null(plan->target->tensors[0].encoding);
    assert_int_equal(plan->target->tensors[0].planes[0].length, 4);
    plan_free(plan);
    recipe_free(recipe);
    add_matrix(model, "w.weight", "odd", 2, 256);
    expect_error("q8_0", model, &plan_gguf, PARE_ENOTSUP,
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
    expect_plan("q8_0", model, &plan_gguf, &recipe, &plan);
    assert_string_equal(chosen(plan, "w.weight"), "q8_0");
    plan_free(plan);
    recipe_free(recipe);
    expect_plan("f16", model, &plan_gguf, &recipe, &plan);
    assert_string_equal(chosen(plan, "w.weight"), "f16");
    plan_free(plan);
    recipe_free(recipe);
    expect_error("q4_0", model, &plan_gguf, PARE_ENOTSUP,
                 "tensor w.weight is quantized already, as q8_0: quantizing it again as q4_0 adds "
                 "error to error; start from the original, or allow it (pare convert "
                 "--allow-requantize; pared.conf: allow_requantize = yes)");
    struct error err = ERROR_INIT;
    plan = NULL;
    struct plan_options allow = { .allow_requantize = 1 };
    assert_int_equal(try_plan("q4_0", model, &plan_gguf, allow, &recipe, &plan, &err), 0);
    assert_string_equal(chosen(plan, "w.weight"), "q4_0");
    plan_free(plan);
    recipe_free(recipe);
    model_free(model);
}

/* Floats that were decoded from what others had quantized: casts are fine. */
static void test_origins(void **state)
{
    (void)state;
    struct model *model = new_model("gguf");
    add_matrix(model, "w.weight", "f16", 2, 256);
    add_matrix(model, "output.weight", "f16", 2, 256);
    model->tensors[0].origin = "gptq int4 g128";
    struct recipe *recipe = NULL;
    struct plan *plan = NULL;
    struct error err = ERROR_INIT;
    expect_plan("bf16", model, &plan_gguf, &recipe, &plan);
    assert_string_equal(chosen(plan, "w.weight"), "bf16");
    plan_free(plan);
    recipe_free(recipe);
    expect_error("q4_0", model, &plan_gguf, PARE_ENOTSUP,
                 "tensor w.weight is quantized already, as gptq int4 g128: quantizing it again as "
                 "q4_0 adds error to error; start from the original, or allow it (pare convert "
                 "--allow-requantize; pared.conf: allow_requantize = yes)");
    struct plan_options allow = { .allow_requantize = 1 };
    plan = NULL;
    assert_int_equal(try_plan("q4_0", model, &plan_gguf, allow, &recipe, &plan, &err), 0);
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
    struct plan *plan = NULL;
    struct plan_options options = { .importance = &plan_importance };
    assert_int_equal(try_plan("q4_0", model, &plan_gguf, options, &recipe, &plan, &err), 0);
    assert_string_equal(chosen(plan, "blk.1.ffn_down.weight"), "q4_1");
    assert_string_equal(chosen(plan, "blk.2.ffn_down.weight"), "q4_0");
    plan_free(plan);
    recipe_free(recipe);
    model_free(model);

    model = new_model("gguf");
    describe(model, "llama", 2, 8, 8, 4);
    add_matrix(model, "blk.2.ffn_down.weight", "f16", 2, 256);
    expect_error("q8_0", model, &plan_gguf, PARE_ENOTSUP,
                 "llama.rules:30: tensor blk.2.ffn_down.weight: with experts, its name must tell a "
                 "layer of the model (blk.N.)");
    model_free(model);
}

/* A tensor on the lattice of its encoding needs no importance and may be quantized already; one on
 * that of another encoding, no larger, gives a hint. */
static void test_lattices(void **state)
{
    (void)state;
    struct model *model = new_model("gguf");
    add_matrix(model, "a.weight", "q4_0", 2, 256);
    add_matrix(model, "b.weight", "f16", 2, 256);
    struct error err = ERROR_INIT;
    struct recipe *recipe = NULL;
    struct plan *plan = NULL;
    struct plan_options look = { .importance = &plan_importance,
                                 .lattice = { .source = (struct source *)&recipe } };
    plan_lattice_tensor = "a.weight";
    plan_lattice_encoding = "q8_0";
    plan_lattice_hold = LATTICE_EXACT;
    assert_int_equal(try_plan("q8_0", model, &plan_gguf, look, &recipe, &plan, &err), 0);
    assert_int_equal(plan->choices[0].lattice, LATTICE_EXACT);
    assert_int_equal(plan->choices[1].lattice, LATTICE_NONE);
    assert_int_equal(json_array_size(plan->warnings), 0);
    plan_free(plan);
    recipe_free(recipe);
    plan_lattice_hold = LATTICE_ROUNDED;
    assert_int_equal(try_plan("q8_0", model, &plan_gguf, look, &recipe, &plan, &err), PARE_ENOTSUP);
    recipe_free(recipe);
    err = (struct error)ERROR_INIT;

    plan_lattice_tensor = "b.weight";
    plan_lattice_encoding = "q4_0";
    assert_int_equal(try_plan("q4_0", model, &plan_gguf, look, &recipe, &plan, &err), 0);
    assert_int_equal(plan->choices[1].lattice, LATTICE_ROUNDED);
    assert_null(plan->choices[1].importance);
    plan_free(plan);
    recipe_free(recipe);
    assert_int_equal(try_plan("q5_0", model, &plan_gguf,
                              (struct plan_options){ .allow_requantize = 1,
                                                     .lattice = look.lattice },
                              &recipe, &plan, &err),
                     0);
    assert_int_equal(plan->choices[1].lattice, LATTICE_NONE);
    assert_int_equal(json_array_size(plan->warnings), 1);
    assert_string_equal(json_string_value(json_array_get(plan->warnings, 0)),
                        "1 tensors seem to lie on the lattice of q4_0, the first is b.weight: in "
                        "q4_0 they would be exact, and no larger than now; `--tensor PATTERN=q4_0' "
                        "chooses it");
    plan_free(plan);
    recipe_free(recipe);
    model_free(model);
    plan_lattice_tensor = NULL;
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_rules_are_named),
        cmocka_unit_test(test_safetensors_casts_all),
        cmocka_unit_test(test_foreign_names),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_fallback),
        cmocka_unit_test(test_impossible_targets),
        cmocka_unit_test(test_unknown_encodings),
        cmocka_unit_test(test_unknown_formats),
        cmocka_unit_test(test_requantizing),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_importance_and_experts),
        cmocka_unit_test(test_lattices),
    };
    return cmocka_run_group_tests_name("plans", others, NULL, NULL);
}
