/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * core/map: where a checkpoint comes from. Names, cards and configurations with what llama.cpp's
 * converter makes of them (tests/data/provenance, by tests/interop/provenance.py); then what is
 * ours: cards that are not YAML, too deep, too long, or full of traps, each within bounded time.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "model/metadata.h"
#include "provenance/front_matter.h"
#include "provenance/model_id.h"
#include "provenance/provenance.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <cmocka.h>

static const struct encoding f32 = { .name = "f32",
                                     .flags = PARE_ENCODING_FLOAT,
                                     .block_len = 1,
                                     .n_planes = 1,
                                     .planes = { { sizeof(struct pare_plane), "data",
                                                   PARE_PER_BLOCK, 32, 0 } } };

static struct model *source, *target;
static struct error err;
static char warned[2000];

static int begin(void **state)
{
    (void)state;
    err = (struct error)ERROR_INIT;
    *warned = 0;
    if (model_new(&source, &err) < 0 || model_new(&target, &err) < 0)
        return -1;
    return model_add_file(target, "weights", -1, INT64_MAX, &err);
}

static int end(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < source->n_files; i++)
        (void)close(source->files[i].fd);
    model_free(source);
    model_free(target);
    return 0;
}

static void add_file(const char *name, const char *text, size_t n)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    assert_int_equal(model_add_file(source, name, fd, n, &err), 0);
}

static void add_json(const char *name, const json_t *json)
{
    if (!json_is_object(json))
        return;
    _cleanup_free_ char *text = json_to_text(json);
    add_file(name, text, strlen(text));
}

static void add_tensors(const json_t *tensors)
{
    size_t i, d;
    json_t *tensor, *dim;
    json_array_foreach(tensors, i, tensor) {
        const char *name = json_string_value(json_array_get(tensor, 0));
        struct pare_tensor t = { .struct_size = sizeof t,
                                 .name = { name, strlen(name) },
                                 .encoding = "f32",
                                 .n_planes = 1,
                                 .planes = { { 0, 0, 0, 4 } } };
        json_array_foreach(json_array_get(tensor, 1), d, dim) {
            t.dims[t.n_dims++] = (uint64_t)json_integer_value(dim);
            t.planes[0].length *= (uint64_t)json_integer_value(dim);
        }
        int r = model_add_tensor(target, &t, &f32, &err);
        assert_string_equal(err.text, "");
        assert_int_equal(r, 0);
    }
}

static void take_warning(void *context, const char *text)
{
    (void)context;
    (void)snprintf(warned, sizeof warned, "%s", text);
}

static void fill(const char *name)
{
    struct provenance_request request = { source, name, target, take_warning, NULL };
    int r = provenance_fill(&request, target, &err);
    assert_string_equal(err.text, "");
    assert_int_equal(r, 0);
}

static void expect_texts(const struct pare_value *value, const json_t *wanted)
{
    const struct pare_str *texts = value->data;
    size_t n = json_is_array(wanted) ? json_array_size(wanted) : 1;
    assert_int_equal(value->type, PARE_STRING);
    assert_int_equal(value->count, n);
    for (size_t i = 0; i < n; i++) {
        const json_t *text = json_is_array(wanted) ? json_array_get(wanted, i) : wanted;
        assert_int_equal(texts[i].len, json_string_length(text));
        assert_memory_equal(texts[i].data, json_string_value(text), texts[i].len);
    }
}

/* wanted: [key, type, value] as the gguf package names them. */
static void expect_entry(const struct model_meta *entry, const json_t *wanted)
{
    const char *key = json_string_value(json_array_get(wanted, 0));
    const char *type = json_string_value(json_array_get(wanted, 1));
    const json_t *value = json_array_get(wanted, 2);
    assert_int_equal(entry->key.len, strlen(key));
    assert_memory_equal(entry->key.data, key, entry->key.len);
    assert_int_equal(entry->value.is_array, !strcmp(type, "ARRAY"));
    if (!strcmp(type, "STRING") || !strcmp(type, "ARRAY")) {
        expect_texts(&entry->value, value);
    } else if (!strcmp(type, "FLOAT32")) {
        assert_int_equal(entry->value.type, PARE_F32);
        assert_true((double)*(const float *)entry->value.data == json_number_value(value));
    } else {
        assert_int_equal(entry->value.type, !strcmp(type, "INT32") ? PARE_I32 : PARE_U32);
        assert_int_equal(*(const int32_t *)entry->value.data, json_integer_value(value));
    }
}

static void expect_entries(const char *name, const json_t *wanted)
{
    size_t i;
    json_t *entry;
    json_array_foreach(wanted, i, entry) {
        const char *key = json_string_value(json_array_get(entry, 0));
        if (i >= target->n_meta || target->meta[i].key.len != strlen(key) ||
            memcmp(target->meta[i].key.data, key, strlen(key)) != 0)
            fail_msg("%s: %s is not the entry %zu", name, key, i);
        expect_entry(&target->meta[i], entry);
    }
    assert_int_equal(target->n_meta, json_array_size(wanted));
}

static void test_golden(void **state)
{
    char path[4096];
    size_t i;
    json_t *one;
    json_error_t problem;
    (void)snprintf(path, sizeof path, "%s/provenance/cases.json", getenv("PARE_TEST_DATA"));
    _cleanup_json_ json_t *cases = json_load_file(path, 0, &problem);
    assert_true(json_array_size(cases) > 150);
    json_array_foreach(cases, i, one) {
        const char *name = json_get_string(one, "name", NULL);
        const json_t *card = json_object_get(one, "card");
        if (json_is_string(card))
            add_file("README.md", json_string_value(card), json_string_length(card));
        add_json("config.json", json_object_get(one, "config"));
        add_json("generation_config.json", json_object_get(one, "generation"));
        add_tensors(json_object_get(one, "tensors"));
        fill(name);
        expect_entries(name, json_object_get(one, "expected"));
        assert_string_equal(warned, "");
        (void)end(state);
        assert_int_equal(begin(state), 0);
    }
}

static void expect_text(const char *key, const char *text)
{
    _cleanup_free_ char *found = meta_string(target, key);
    if (text)
        assert_string_equal(found ? found : "(none)", text);
    else
        assert_null(found);
}

/* What upstream takes as it comes: empty texts, numbers, types that are not theirs. */
static void test_odd_values(void **state)
{
    static const char card[] = "---\nname: \"\"\nversion: 1.10\nlicense: {a: b}\nauthor: [x]\n"
                               "tags: [yes, 2024-01-01, ~, {a: b}, *nobody]\nlanguage: no\n"
                               "base_model: [~, 7, [x], a/b]\ndescription: !!binary aGk=\n---\n";
    static const char config[] = "{\"_name_or_path\": \"\"}";
    static const char generation[] = "{\"top_k\": 1.5, \"top_p\": \"x\", \"min_p\": 1e300, "
                                     "\"temperature\": true, \"mirostat\": 5000000000}";
    (void)state;
    add_file("README.md", card, strlen(card));
    add_file("config.json", config, strlen(config));
    add_file("generation_config.json", generation, strlen(generation));
    fill("my-model-7B");
    expect_text("general.name", "My Model 7B");
    expect_text("general.version", "1.10");
    expect_text("general.license", NULL);
    expect_text("general.author", NULL);
    expect_text("general.description", "aGk=");
    expect_text("general.base_model.0.name", "7");
    expect_text("general.base_model.1.name", NULL);
    expect_text("general.base_model.2.repo_url", "https://huggingface.co/a/b");
    assert_int_equal(meta_int(target, "general.base_model.count", -1), 3);
    assert_int_equal(meta_find(target, "general.tags")->count, 2);
    expect_text("general.languages", NULL);
    assert_int_equal(meta_find(target, "general.languages")->count, 1);
    for (uint64_t i = 0; i < target->n_meta; i++)
        assert_null(memmem(target->meta[i].key.data, target->meta[i].key.len, "sampling", 8));
}

/* A text of n times `unit`, after `head` and before `tail`. */
static char *repeat(const char *head, const char *unit, size_t n, const char *tail, size_t *ret_len)
{
    size_t h = strlen(head), u = strlen(unit), t = strlen(tail);
    char *text = malloc(h + n * u + t + 1);
    assert_non_null(text);
    memcpy(text, head, h);
    for (size_t i = 0; i < n; i++)
        memcpy(text + h + i * u, unit, u);
    memcpy(text + h + n * u, tail, t + 1);
    *ret_len = h + n * u + t;
    return text;
}

static const struct {
    const char *head, *unit;
    size_t n;
    const char *tail, *text;
} hostile[] = {
    { "---\na: [\n", "", 0, "---\n", "line 3: did not find expected node content" },
    { "---\nlicense: mit\n  bad: x\n", "", 0, "---\n", "line 3: mapping values are not allowed" },
    { "---\na: ", "[", 100, "", "line 2: nested over 64 deep" },
    { "---\na: ", "[", 1000000, "\n---\n", "line 2: nested over 64 deep" },
    { "---\n", "{a: ", 100000, "\n---\n", "line 2: nested over 64 deep" },
    { "---\n", "- ", 100000, "x\n---\n", NULL },
    { "---\n", "? ", 100000, "x\n---\n", "line 2: a key that is not a text" },
    { "---\n? [a]\n: b\n", "", 0, "---\n", "line 2: a key that is not a text" },
    { "---\nlicense: \"\xff\xfe\"\n", "", 0, "---\n", "invalid leading UTF-8 octet" },
    { "---\nlicense: \"\x01\"\n", "", 0, "---\n", "control characters are not allowed" },
    { "---\nlicense: \"\\x", "", 0, "\n---\n", "line 2: did not find expected hexdecimal number" },
    { "---\na: 'open", "x", 5000000, "\n---\n", "found unexpected end of stream" },
    { "---\na:\n", "\t", 3000000, "\n---\n", "it has over 4194304 bytes" },
    { "---\n%", "X", 10000, " a\nname: x\n---\n", NULL },
    { "---\na: &x ", "[*x, ", 60, "", "line 3: did not find expected node" },
    { "---\na: &a [x]\nb: &b [*a, *a]\n", "c: &c [*b, *b]\n", 10000, "license: mit\n---\n", "" },
    { "---\n", "a: b\n", 800000, "license: mit\n---\n", "" },
    { "---\ndatasets:\n", "- a/b-7B\n", 100000, "license: mit\n---\n",
      "of 100000 entries of `datasets' only 1000 were taken" },
};

/* Cards that cost the name of the licence, and nothing else. */
static void test_hostile_cards(void **state)
{
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        size_t n;
        clock_t start = clock();
        _cleanup_free_ char *text = repeat(hostile[i].head, hostile[i].unit, hostile[i].n,
                                           hostile[i].tail, &n);
        add_file("README.md", text, n);
        fill("model-7B");
        assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 20);
        expect_text("general.name", "Model 7B");
        const char *wanted = hostile[i].text;
        if (wanted && *wanted && !strstr(warned, wanted))
            fail_msg("case %zu: `%s' instead of `%s'", i, warned, wanted);
        if (!wanted || !*wanted)
            assert_string_equal(wanted ? warned : "", "");
        if (strstr(hostile[i].tail, "mit"))
            expect_text("general.license", "mit");
        (void)end(state);
        assert_int_equal(begin(state), 0);
    }
}

/* Files that should be JSON and are not: a warning, and nothing else. */
static void test_hostile_json(void **state)
{
    (void)state;
    add_file("generation_config.json", "{\"top_k\": ", 10);
    fill("model");
    assert_non_null(strstr(warned, "generation_config.json"));
    expect_text("general.name", "Model");
}

/* The longest names, and longer ones. */
static void test_long_names(void **state)
{
    static const char *const units[] = { "a-", "7b1-", "-", "x", "1-", "A1_1M2-", "q8-" };
    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t n;
        struct model_id id;
        char title[MODEL_ID_MAX + 1];
        _cleanup_free_ char *text = repeat("", units[i], 300 / strlen(units[i]), "", &n);
        for (n = 250; n < 258; n++) {
            text[n] = 0;
            model_id_parse(text, 7000000000, &id);
            model_id_title(text, title);
            assert_true(strlen(title) <= MODEL_ID_MAX);
            assert_int_equal(*id.name != 0, n <= MODEL_ID_MAX);
            text[n] = 'a';
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_golden, begin, end),
        cmocka_unit_test_setup_teardown(test_odd_values, begin, end),
        cmocka_unit_test_setup_teardown(test_hostile_cards, begin, end),
        cmocka_unit_test_setup_teardown(test_hostile_json, begin, end),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests_name("provenance", tests, NULL, NULL);
}
