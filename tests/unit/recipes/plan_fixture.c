/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* See plan_fixture.h. */
#include "model/metadata.h"
#include "plan_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
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

static int recover(const float *x, uint64_t rows, uint64_t row_len, uint32_t grain,
                   void *const *planes)
{
    (void)x, (void)rows, (void)row_len, (void)grain, (void)planes;
    return 0; /* lattice_find below is asked instead */
}

/* Floats, integers, blocks; blocks that use importance data, or cannot do without. */
enum {
    FLOAT = PARE_ENCODING_FLOAT,
    INTEGER = PARE_ENCODING_INTEGER,
    PLAIN = PARE_ENCODING_QUANTIZED,
    USES = PLAIN | PARE_ENCODING_IMPORTANCE,
    NEEDS = USES | PARE_ENCODING_NEEDS_IMPORTANCE
};

#define STAND_IN(id, kind, len, bytes)                                                    \
    {                                                                                     \
        .name = id, .flags = kind, .block_len = len, .n_planes = 1,                       \
        .planes = { { .name = "data", .bits = 8 * (bytes) } },                            \
        .kernel = { .name = "c", .encode = encode, .decode = decode }, .recover = recover \
    }

/* clang-format off */
static const struct encoding encodings[] = {
    STAND_IN("f32", FLOAT, 1, 4), STAND_IN("f16", FLOAT, 1, 2), STAND_IN("bf16", FLOAT, 1, 2),
    STAND_IN("i32", INTEGER, 1, 4), STAND_IN("q8_0", PLAIN, 32, 34),
    STAND_IN("q4_0", USES, 32, 18), STAND_IN("q4_1", USES, 32, 20),
    STAND_IN("q5_0", USES, 32, 22), STAND_IN("q5_1", USES, 32, 24),
    STAND_IN("iq4_nl", USES, 32, 18), STAND_IN("mxfp4", PLAIN, 32, 17),
    STAND_IN("nvfp4", PLAIN, 64, 36), STAND_IN("q2_0", PLAIN, 64, 18),
    STAND_IN("q1_0", PLAIN, 128, 18), STAND_IN("q2_k", USES, 256, 84),
    STAND_IN("q3_k", USES, 256, 110), STAND_IN("q4_k", USES, 256, 144),
    STAND_IN("q5_k", USES, 256, 176), STAND_IN("q6_k", USES, 256, 210),
    STAND_IN("iq4_xs", USES, 256, 136), STAND_IN("iq3_s", USES, 256, 110),
    STAND_IN("iq3_xxs", USES, 256, 98), STAND_IN("iq2_s", USES, 256, 82),
    STAND_IN("iq2_xs", NEEDS, 256, 74), STAND_IN("iq2_xxs", NEEDS, 256, 66),
    STAND_IN("iq1_m", NEEDS, 256, 56), STAND_IN("iq1_s", NEEDS, 256, 50),
    STAND_IN("tq2_0", PLAIN, 256, 66), STAND_IN("tq1_0", PLAIN, 256, 54),
    STAND_IN("only_gguf", FLOAT, 1, 1),
};
/* clang-format on */

const char *plan_hidden, *plan_absent, *plan_misfit;

/* These take the places of the registry's. */
const struct encoding *registry_encoding(const struct registry *registry, const char *name)
{
    (void)registry;
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
        if (!strcmp(encodings[i].name, name) && (!plan_hidden || strcmp(name, plan_hidden) != 0))
            return &encodings[i];
    return NULL;
}

const struct encoding *registry_encoding_at(const struct registry *registry, size_t i)
{
    (void)registry;
    if (i >= sizeof encodings / sizeof *encodings)
        return NULL;
    int is_hidden = plan_hidden && !strcmp(encodings[i].name, plan_hidden);
    return &encodings[is_hidden ? 0 : i];
}

/* Another format than the target's; it holds one encoding. */
static int holds_one(const struct pare_encoding *encoding)
{
    return !strcmp(encoding->name, "only_gguf") ? PARE_HOLDS_PLANES : PARE_HOLDS_NOT;
}

const struct pare_writer *registry_writer_at(const struct registry *registry, size_t i)
{
    static const struct pare_writer another = { .name = "another", .holds = holds_one };
    (void)registry;
    return i == 0 ? &another : NULL;
}

int writer_holds_name(const struct pare_writer *writer, const char *name)
{
    struct pare_encoding encoding = { .name = name };
    return writer->holds(&encoding);
}

int writer_holds(const struct pare_writer *writer, const struct encoding *encoding)
{
    return writer_holds_name(writer, encoding->name);
}

int plan_holds(const struct pare_encoding *encoding, const char *const *names)
{
    while (*names && strcmp(*names, encoding->name) != 0)
        names++;
    return *names ? PARE_HOLDS : PARE_HOLDS_NOT;
}

/* clang-format off */
static const char *const gguf_names[] = {
    "f32", "f16", "bf16", "i32", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "iq4_nl", "mxfp4", "nvfp4",
    "q2_0", "q1_0", "q2_k", "q3_k", "q4_k", "q5_k", "q6_k", "iq4_xs", "iq3_s", "iq3_xxs", "iq2_s",
    "iq2_xs", "iq2_xxs", "iq1_m", "iq1_s", "tq2_0", "tq1_0", "odd", NULL
};
/* clang-format on */
static int gguf_holds(const struct pare_encoding *encoding)
{
    return plan_holds(encoding, gguf_names);
}

const struct pare_writer plan_gguf = { .name = "gguf", .holds = gguf_holds };

/* Importance data that have an entry for every tensor. They take the place of those of files. */
struct importance {
    struct importance_entry entry;
};

const struct importance plan_importance = { .entry = { .row_len = 1, .matrices = 1 } };

static int is_called(struct pare_str name, const char *text)
{
    return name.len == strlen(text) && !memcmp(name.data, text, name.len);
}

int importance_find(const struct importance *importance, struct pare_str name,
                    const struct importance_entry **ret_entry)
{
    if (plan_absent && (!*plan_absent || is_called(name, plan_absent)))
        return 0;
    *ret_entry = &importance->entry;
    return 1;
}

int importance_fits(const struct importance_entry *entry, const struct model_tensor *tensor)
{
    (void)entry;
    return !plan_misfit || !is_called(tensor->name, plan_misfit);
}

const char *plan_lattice_tensor, *plan_lattice_encoding;
int plan_lattice_hold;

int lattice_find(const struct lattice_search *how, const struct model_tensor *tensor,
                 uint64_t index, const struct encoding *to, int *ret_hold, struct error *err)
{
    (void)how, (void)index, (void)err;
    int lies = plan_lattice_tensor && is_called(tensor->name, plan_lattice_tensor) &&
               !strcmp(to->name, plan_lattice_encoding);
    *ret_hold = lies ? plan_lattice_hold : LATTICE_NONE;
    return 0;
}

const char *importance_name(const struct importance *importance)
{
    (void)importance;
    return "all.imatrix.gguf";
}

const char *importance_dataset(const struct importance *importance)
{
    (void)importance;
    return "all.txt";
}

uint64_t importance_entries(const struct importance *importance)
{
    (void)importance;
    return 7;
}

int64_t importance_chunks(const struct importance *importance)
{
    (void)importance;
    return 40;
}

struct model *new_model(const char *format)
{
    struct error err = ERROR_INIT;
    struct model *model;
    assert_int_equal(model_new(&model, &err), 0);
    model->format = format;
    assert_int_equal(model_add_file(model, "model", -1, 0, &err), 0);
    return model;
}

void add_tensor(struct model *model, const char *name, const char *encoding, uint32_t n_dims,
                const uint64_t *dims)
{
    struct error err = ERROR_INIT;
    const struct encoding *e = registry_encoding(NULL, encoding);
    struct pare_tensor t = { .struct_size = sizeof t,
                             .name = { name, strlen(name) },
                             .encoding = encoding,
                             .n_dims = n_dims,
                             .n_planes = 1 };
    uint64_t elements = 1;
    for (uint32_t i = 0; i < n_dims; i++) {
        t.dims[i] = dims[i];
        elements *= dims[i];
    }
    t.planes[0].length = e ? elements / e->block_len * e->planes[0].bits / 8 : elements;
    if (model_add_tensor(model, &t, e, &err) != 0)
        fail_msg("%s", err.text);
}

void add_matrix(struct model *model, const char *name, const char *encoding, uint64_t rows,
                uint64_t cols)
{
    add_tensor(model, name, encoding, 2, (const uint64_t[]){ rows, cols });
}

void set_u32(struct model *model, const char *key, uint32_t number)
{
    struct error err = ERROR_INIT;
    struct pare_value value = {
        .struct_size = sizeof value, .type = PARE_U32, .count = 1, .data = &number
    };
    assert_int_equal(meta_set(model, (struct pare_str){ key, strlen(key) }, &value, &err), 0);
}

void set_string(struct model *model, const char *key, const char *text)
{
    struct error err = ERROR_INIT;
    struct pare_str s = { text, strlen(text) };
    struct pare_value value = {
        .struct_size = sizeof value, .type = PARE_STRING, .count = 1, .data = &s
    };
    assert_int_equal(meta_set(model, (struct pare_str){ key, strlen(key) }, &value, &err), 0);
}

void describe(struct model *model, const char *arch, uint32_t layers, uint32_t heads,
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
        struct pare_value value = {
            .struct_size = sizeof value, .type = PARE_U32, .is_array = 1, .count = 3, .data = array
        };
        int n = snprintf(key, sizeof key, "%s.attention.head_count_kv", arch);
        assert_int_equal(meta_set(model, (struct pare_str){ key, (size_t)n }, &value, &err), 0);
    }
    (void)snprintf(key, sizeof key, "%s.expert_count", arch);
    if (experts)
        set_u32(model, key, experts);
}

int try_plan(const char *recipe_id, const struct model *source, const struct pare_writer *writer,
             struct plan_options options, struct recipe **ret_recipe, struct plan **ret_plan,
             struct error *err)
{
    char dirs[4096];
    (void)snprintf(dirs, sizeof dirs, "%s/recipes:%s", getenv("PARE_TEST_DATA"),
                   getenv("PARE_RECIPES"));
    int r = recipe_load(dirs, recipe_id, ret_recipe, err);
    if (r)
        fail_msg("%s", err->text);
    return plan_make(*ret_recipe, NULL, source, writer, &options, ret_plan, err);
}

void expect_plan(const char *recipe_id, const struct model *source,
                 const struct pare_writer *writer, struct recipe **ret_recipe,
                 struct plan **ret_plan)
{
    struct error err = ERROR_INIT;
    if (try_plan(recipe_id, source, writer, (struct plan_options){ 0 }, ret_recipe, ret_plan, &err))
        fail_msg("%s: %s", recipe_id, err.text);
}
