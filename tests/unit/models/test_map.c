/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * core/map: architecture maps on small checkpoints that are made here: what they give, and the
 * messages for checkpoints that are unknown, incomplete or nonsense.
 */
#include "map/map.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "lang/expr_json.h"
#include "lang/name_pattern.h"
#include "model/metadata.h"
#include "plugin/source.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct registry *registry;
static struct error err;
static char dir[64];

/* ---- expressions ---- */

static const char *evaluate(const char *text)
{
    static char buffer[2000];
    struct expr_unit unit = { .side = EXPR_MAP };
    struct expr *e = NULL;
    struct pare_str rest;
    _cleanup_json_ json_t *values =
        json_loads("{\"heads\": 4, \"hidden\": 10, \"half\": 0.5, \"name\": \"Ab\", \"none\": null,"
                   " \"list\": [1, 2, 3], \"rope\": {\"factor\": 8.0}}",
                   0, NULL);
    struct json_env env = { .values = values };
    json_t *value = NULL;
    err = (struct error)ERROR_INIT;
    int r = expr_parse_value(&unit, (struct pare_str){ text, strlen(text) }, EXPR_ANY, &e, &rest,
                             &err);
    if (!r)
        r = expr_json_value(e, &env, &value, &err);
    _cleanup_free_ char *out = r ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    (void)snprintf(buffer, sizeof buffer, "%s", r ? err.text : out);
    json_decref(value);
    expr_unit_deinit(&unit);
    return buffer;
}

static void test_expressions(void **state)
{
    (void)state;
    assert_string_equal(evaluate("hidden / heads"), "2");
    assert_string_equal(evaluate("-7 / 2"), "-4");
    assert_string_equal(evaluate("-7 % 4"), "1");
    assert_string_equal(evaluate("int(half * hidden) * 2 + 1"), "11");
    assert_string_equal(evaluate("first(none, absent.deep, rope.factor)"), "8.0");
    assert_string_equal(evaluate("has(none) or name == \"Ab\""), "true");
    assert_string_equal(evaluate("heads > 3 and not has(x) ? lower(name) : 1"), "\"ab\"");
    assert_string_equal(evaluate("[x * 2 for x in list if x != 2]"), "[2,6]");
    assert_string_equal(evaluate("[(i + 1) % 3 != 0 for i in range(4)]"), "[true,true,false,true]");
    /* whole numbers that doubles do not tell apart */
    assert_string_equal(evaluate("9007199254740993 > 9007199254740992"), "true");
    assert_string_equal(evaluate("9007199254740993 <= 9007199254740992"), "false");
    assert_string_equal(evaluate("max(9007199254740992, 9007199254740993)"), "9007199254740993");
    assert_string_equal(evaluate("min(2, 1.5, 3)"), "1.5");
    assert_string_equal(evaluate("list[1] in [2, 3]"), "true");
    assert_string_equal(evaluate("list[9]"), "null");
    assert_string_equal(evaluate("1e-6"), "9.9999999999999995e-7");
    assert_string_equal(evaluate("7 / -2 + 7 % -3"), "-6");
    assert_string_equal(evaluate("heads in (1, 4)"), "true");
    assert_string_equal(evaluate("heads in ([1, 4])"), "true");
    assert_string_equal(evaluate("name in (\"A\", \"Abc\")"), "false");
    assert_string_equal(evaluate("\"A\" in name"), "true");
    assert_string_equal(evaluate("name ~ \"A*\" and not name ~ \"a*\""), "true");
    assert_string_equal(evaluate("name =~ \"^[A-Z]b$\""), "true");
    assert_string_equal(evaluate("cut(\"a\xc3\xa4\", 2) + cut(name, -1)"), "\"a\"");
    assert_string_equal(evaluate("cut(name, 9)"), "\"Ab\"");
    assert_string_equal(evaluate("min(3, half, heads)"), "0.5");
    assert_string_equal(evaluate("false or none or heads"), "true");
    assert_string_equal(evaluate("true and heads and \"\""), "false");
    assert_string_equal(evaluate("[1, 2,]"), "[1,2]");
    assert_string_equal(evaluate("-(1 + 2) * 3"), "-9");
}

static void test_wrong_expressions(void **state)
{
    (void)state;
    assert_non_null(strstr(evaluate("hidden / absent"), "absent is not there, where a number"));
    assert_non_null(strstr(evaluate("heads / 0"), "a division by zero"));
    assert_non_null(strstr(evaluate("heads / 0.0"), "no finite number"));
    assert_non_null(strstr(evaluate("9223372036854775807 + 1"), "out of range"));
    assert_non_null(strstr(evaluate("name.x"), "name is a text, where an object is needed"));
    assert_non_null(strstr(evaluate("range(1000000000)"), "a range of 1000000000"));
    assert_non_null(
        strstr(evaluate("len([[y for y in range(9000)] for x in range(9000)])"), "steps"));
    assert_non_null(strstr(evaluate("(1 + "), "expected a value"));
    assert_non_null(strstr(evaluate("nothing(name)"), "there is no function nothing()"));
    assert_string_equal(evaluate("has_tensr(name)"),
                        "there is no function has_tensr(); did you mean 'has_tensor'?");
    assert_string_equal(evaluate("count(name)"),
                        "count() is known in recipes only, not in architecture maps");
    assert_string_equal(evaluate("has_tensor(name)"), "there is no function has_tensor() here");
    assert_string_equal(evaluate("len(name, 1)"), "len() takes 1 argument, not 2");
    assert_string_equal(evaluate("first()"), "first() takes 1 to 8 arguments, not 0");
    assert_string_equal(evaluate("heads ~ \"4\""), "heads is a number, where a text is needed");
    assert_non_null(strstr(evaluate("name =~ \"(\""), "the regular expression '(' is wrong"));
    assert_string_equal(evaluate("name ~ name"),
                        "expected a pattern in quotation marks, not 'name'");
    assert_string_equal(evaluate("(1 + hidden) * name"),
                        "name is a text, where a number is needed");
    assert_string_equal(evaluate("(1 + list) * 2"), "list is a list, where a number is needed");
    assert_string_equal(evaluate("(hidden + 1) / 0"),
                        "(hidden + 1) / 0: a division by zero, or a number out of range");
    char deep[400];
    memset(deep, '(', 300);
    strcpy(deep + 300, "1");
    assert_non_null(strstr(evaluate(deep), "nested deeper than"));
}

/* ---- patterns ---- */

static void test_patterns(void **state)
{
    (void)state;
    struct arena memory = { 0 };
    struct name_pattern from, to;
    struct name_match match;
    const char *a = "h.{n}.e.{e}.{w1|w2}.{weight|bias?}", *b = "blk.{n}.{1:up|down}.{e}.{2}";
    assert_int_equal(name_pattern_parse(&memory, (struct pare_str){ a, strlen(a) }, NULL, &from,
                                        &err),
                     0);
    assert_int_equal(name_pattern_parse(&memory, (struct pare_str){ b, strlen(b) }, &from, &to,
                                        &err),
                     0);
    const char *name = "h.12.e.0.w2.bias";
    assert_int_equal(name_pattern_matches(&from, NULL, (struct pare_str){ name, strlen(name) },
                                          &match),
                     1);
    _cleanup_free_ char *made = NULL, *back = NULL;
    assert_int_equal(name_pattern_expand(&to, &from, &match, &made, &err), 0);
    assert_string_equal(made, "blk.12.down.0.bias");
    assert_int_equal(name_pattern_matches(&to, &from, (struct pare_str){ made, strlen(made) },
                                          &match),
                     1);
    assert_int_equal(name_pattern_expand(&from, NULL, &match, &back, &err), 0);
    assert_string_equal(back, name);
    static const char *const wrong[] = {
        "h.012.e.0.w2.bias", "h.1.e.0.w3.bias",           "h..e.0.w1.bias",
        "h.1.e.0.w1.bias2",  "h.99999999999.e.0.w1.bias", ""
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(name_pattern_matches(&from, NULL,
                                              (struct pare_str){ wrong[i], strlen(wrong[i]) },
                                              &match),
                         0);
    arena_deinit(&memory);
}

/* Many stars on a name that almost fits take next to no time. */
static void test_pattern_time(void **state)
{
    (void)state;
    struct arena memory = { 0 };
    struct name_pattern pattern;
    struct name_match match;
    const char *stars = "*a*a*a*a*a*a*b";
    static char name[60001];
    memset(name, 'a', sizeof name - 1);
    assert_int_equal(name_pattern_parse(&memory, (struct pare_str){ stars, strlen(stars) }, NULL,
                                        &pattern, &err),
                     0);
    clock_t start = clock();
    assert_int_equal(name_pattern_matches(&pattern, NULL, (struct pare_str){ name, 60000 }, &match),
                     0);
    assert_true(clock() - start < CLOCKS_PER_SEC);
    arena_deinit(&memory);
}

/* ---- checkpoints ---- */

static void put_file(const char *name, const char *text, size_t n)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    close(fd);
}

static const char test_map[] =
    "title A test\n"
    "architecture toy\n"
    "for ToyModel   # and no other\n"
    "default heads = 2\n"
    "fail \"no toys of this kind\" if kind == \"bad\"\n"
    "index n = layers\n"
    "index e = first(experts, 0)\n"
    "set {arch}.layers u32 layers\n"
    "set {arch}.scale f32 scale\n"
    "set {arch}.pattern bool[] [i == 0 for i in range(layers)]\n"
    "tokenizer none\n"
    "rename ^old. -> \"\"\n"
    "tensor l.{n}.q -> blk.{n}.q.weight permute heads\n"
    "tensor l.{n}.t -> blk.{n}.t.weight transpose optional\n"
    "tensor l.{n}.t -> blk.{n}.tc.weight transpose columns 1 2 optional\n"
    "shape blk.{n}.q.weight rows high if has(high)\n"
    "shape *.q.weight columns 2 * wide if has(wide)\n"
    "tensor l.{n}.norm -> blk.{n}.norm.weight add 1 optional\n"
    "tensor l.{n}.gu -> blk.{n}.g.weight rows even optional\n"
    "tensor l.{n}.gu -> blk.{n}.u.weight rows odd optional\n"
    "tensor l.{n}.s -> blk.{n}.s.weight rows 1 2 optional\n"
    "tensor l.{n}.a, l.{n}.b -> blk.{n}.ab.weight optional\n"
    "tensor l.{n}.x.{e} -> blk.{n}.x.weight stack e if has(experts)\n"
    "values factors = [i * 0.5 for i in range(3)]\n"
    "drop *.inv_freq\n";

struct part {
    const char *name;
    unsigned rows, columns; /* rows 0: a vector */
};

struct checkpoint {
    struct model *model;
    struct source *source;
    struct map *map;
    int fds[2];
};

/* Writes config.json and a safetensors file of floats 0, 1, 2, ..., and opens a map on them. */
static int open_checkpoint(const char *config, const struct part *parts, struct checkpoint *c)
{
    char header[8000] = "{", path[160];
    size_t n = 1, at = 0;
    float values[4096];
    for (const struct part *p = parts; p->name; p++) {
        size_t bytes = (size_t)(p->rows ? p->rows : 1) * p->columns * 4;
        char shape[40];
        (void)snprintf(shape, sizeof shape, p->rows ? "%u,%u" : "%.0u%u", p->rows, p->columns);
        n += (size_t)snprintf(header + n, sizeof header - n,
                              "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],"
                              "\"data_offsets\":[%zu,%zu]}",
                              n > 1 ? "," : "", p->name, shape, at, at + bytes);
        for (size_t i = 0; i < bytes / 4; i++)
            values[at / 4 + i] = (float)i;
        at += bytes;
    }
    header[n++] = '}';
    static uint8_t file[32768];
    uint64_t len = n;
    memcpy(file, &len, 8);
    memcpy(file + 8, header, n);
    memcpy(file + 8 + n, values, at);
    put_file("model.safetensors", (const char *)file, 8 + n + at);
    put_file("config.json", config, strlen(config));
    err = (struct error)ERROR_INIT;
    assert_int_equal(model_new(&c->model, &err), 0);
    static const char *const names[] = { "config.json", "model.safetensors" };
    for (unsigned i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        c->fds[i] = open(path, O_RDONLY);
        uint64_t size = (uint64_t)lseek(c->fds[i], 0, SEEK_END);
        assert_int_equal(model_add_file(c->model, names[i], c->fds[i], size, &err), 0);
    }
    if (source_open(registry, c->model, NULL, NULL, &c->source, &err))
        fail_msg("%s", err.text);
    struct map_request request = { .registry = registry, .dirs = dir, .to = "gguf", .name = "toy" };
    return map_open(&request, c->source, c->model, &c->map, &err);
}

static void close_checkpoint(struct checkpoint *c)
{
    map_close(c->map);
    source_close(c->source);
    model_free(c->model);
    close(c->fds[0]);
    close(c->fds[1]);
}

static void expect_tensor(struct checkpoint *c, const char *name, size_t n, const float *floats)
{
    uint64_t i;
    struct model *model = map_model(c->map);
    float got[64];
    if (!strmap_find(&model->tensor_names, name, strlen(name), &i))
        fail_msg("no %s", name);
    assert_int_equal(model->tensors[i].elements, n);
    assert_string_equal(model->tensors[i].encoding_name, "f32");
    if (source_read(map_source(c->map), i, 0, 0, got, n * 4, &err))
        fail_msg("%s", err.text);
    assert_memory_equal(got, floats, n * 4);
}

static void test_transforms(void **state)
{
    (void)state;
    static const struct part parts[] = {
        { "old.l.0.q", 8, 1 },    { "l.1.q", 8, 1 },   { "l.0.t", 2, 3 },   { "l.0.norm", 0, 2 },
        { "l.0.gu", 4, 1 },       { "l.0.s", 4, 1 },   { "l.0.a", 1, 2 },   { "l.0.b", 2, 2 },
        { "l.0.x.0", 1, 2 },      { "l.0.x.1", 1, 2 }, { "l.1.x.0", 1, 2 }, { "l.1.x.1", 1, 2 },
        { "l.0.inv_freq", 0, 3 }, { NULL, 0, 0 }
    };
    struct checkpoint c = { NULL };
    int r = open_checkpoint("{\"architectures\":[\"ToyModel\"],\"layers\":2,\"experts\":2,"
                            "\"scale\":0.5}",
                            parts, &c);
    if (r)
        fail_msg("%s", err.text);
    assert_string_equal(map_name(c.map), "toy");
    expect_tensor(&c, "blk.0.q.weight", 8, (float[]){ 0, 2, 1, 3, 4, 6, 5, 7 });
    expect_tensor(&c, "blk.0.t.weight", 6, (float[]){ 0, 3, 1, 4, 2, 5 });
    expect_tensor(&c, "blk.0.tc.weight", 4, (float[]){ 1, 4, 2, 5 });
    expect_tensor(&c, "blk.0.norm.weight", 2, (float[]){ 1, 2 });
    expect_tensor(&c, "blk.0.g.weight", 2, (float[]){ 0, 2 });
    expect_tensor(&c, "blk.0.u.weight", 2, (float[]){ 1, 3 });
    expect_tensor(&c, "blk.0.s.weight", 2, (float[]){ 1, 2 });
    expect_tensor(&c, "blk.0.ab.weight", 6, (float[]){ 0, 1, 0, 1, 2, 3 });
    expect_tensor(&c, "blk.1.x.weight", 4, (float[]){ 0, 1, 0, 1 });
    expect_tensor(&c, "factors", 3, (float[]){ 0, 0.5f, 1 });
    assert_int_equal(map_model(c.map)->n_tensors, 12);
    assert_int_equal(meta_int(map_model(c.map), "toy.layers", 0), 2);
    assert_int_equal(meta_find(map_model(c.map), "toy.pattern")->count, 2);
    close_checkpoint(&c);
}

/* A config.json, or tensors, that must fail with a text, soon. */
static void expect_failure(const char *config, const struct part *parts, int code, const char *text)
{
    struct checkpoint c = { NULL };
    clock_t start = clock();
    assert_int_equal(open_checkpoint(config, parts, &c), code);
    if (!strstr(err.text, text))
        fail_msg("expected '%s' in '%s'", text, err.text);
    assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
    close_checkpoint(&c);
}

static void test_failures(void **state)
{
    (void)state;
    static const struct part q[] = { { "l.0.q", 8, 1 }, { NULL, 0, 0 } };
    static const struct part odd[] = { { "l.0.q", 8, 1 }, { "l.0.gu", 3, 1 }, { NULL, 0, 0 } };
    static const struct part other[] = { { "l.0.q", 8, 1 }, { "enc.7.w.3", 2, 1 }, { NULL, 0, 0 } };
    static const struct part b[] = { { "l.0.q", 8, 1 }, { "l.0.a", 2, 1 }, { NULL, 0, 0 } };
#define TOY "{\"architectures\":[\"ToyModel\"],"
    expect_failure("{\"architectures\":[\"Strange\"]}", other, PARE_ENOTSUP,
                   "no map knows the architecture `Strange'; its tensors are l.{n}.q, "
                   "enc.{n}.w.{n}");
    expect_failure("{\"architectures\":[\"Strange\"]}", other, PARE_ENOTSUP, "--as-container");
    expect_failure(TOY "\"layers\":1}", other, PARE_ENOTSUP, "not enc.{n}.w.{n}; a map is a text");
    expect_failure(TOY "\"layers\":2}", q, PARE_EDATA, "the tensor `l.1.q' is missing");
    expect_failure(TOY "\"layers\":1000000}", q, PARE_EDATA, "the tensor `l.1.q' is missing");
    expect_failure(TOY "\"layers\":0}", q, PARE_EDATA, "there are none with {n}");
    expect_failure(TOY "\"layers\":4000000000}", q, PARE_EDATA, "not in 0 to 1000000");
    expect_failure(TOY "\"layers\":-1}", q, PARE_EDATA, "which is not in 0 to");
    expect_failure(TOY "\"layers\":\"x\"}", q, PARE_EDATA, "layers is a text");
    expect_failure(TOY "\"layers\":1,\"heads\":0}", q, PARE_EDATA, "8 rows are not 0 heads");
    expect_failure(TOY "\"layers\":1,\"heads\":3}", q, PARE_EDATA, "8 rows are not 3 heads");
    expect_failure(TOY "\"layers\":1,\"heads\":4000000000}", q, PARE_EDATA, "permute: heads is");
    expect_failure(TOY "\"layers\":1,\"kind\":\"bad\"}", q, PARE_ENOTSUP, "toy.map:5: no toys");
    expect_failure(TOY "\"layers\":1,\"experts\":2}", q, PARE_EDATA, "`l.0.x.0' is missing");
    expect_failure(TOY "\"layers\":1,\"scale\":\"x\"}", q, PARE_EDATA,
                   "toy.map:9: config.json's `scale' is \"x\", which toy.scale cannot be");
    expect_failure(TOY "\"layers\":1,\"wide\":9}", q, PARE_EDATA,
                   "`blk.0.q.weight' has 1 columns, and config.json says 18 (2 * wide)");
    expect_failure(TOY "\"layers\":1,\"high\":9}", q, PARE_EDATA,
                   "`blk.0.q.weight' has 8 rows, and config.json says 9 (high)");
    expect_failure(TOY "\"layers\":1,\"high\":\"8\"}", q, PARE_EDATA, "rows: high is a text");
    expect_failure(TOY "\"layers\":1}", odd, PARE_EDATA, "their number is odd");
    expect_failure(TOY "\"layers\":1}", b, PARE_EDATA, "the tensor `l.0.b' is missing");
    expect_failure("[1]", q, PARE_EDATA, "not an object");
    expect_failure(TOY "\"layers\":1e999}", q, PARE_EDATA, "layers is 1e999, which is not finite");
    expect_failure(TOY "\"layers\":NaN}", q, PARE_EDATA, "layers is NaN, which is not finite");
    expect_failure(TOY "\"layers\":1,\"scale\":1e-300}", q, PARE_EDATA, "toy.scale cannot be");
    expect_failure("{\"layers\":1e999", q, PARE_EINCOMPLETE, "middle of its JSON");
}

/* What is wrong with a line at the end of the map is said with its place. */
static void test_wrong_statements(void **state)
{
    static const char *const wrong[][2] = {
        { "tensr a -> b", "expected a statement, not 'tensr'; did you mean 'tensor'?" },
        { "tensor l.{n}.z -> blk.{n}.z permut 2",
          "expected a transform, 'optional' or 'if', not 'permut'; did you mean 'permute'?" },
        { "shape *.q.weight colums 2",
          "expected 'rows', 'columns' or 'if', not 'colums'; did you mean 'columns'?" },
        { "set a.b strr \"x\"", "expected a type such as u32, f32, bool, str or i32[], not 'strr'; "
                                "did you mean 'str'?" },
        { "tokenizer wordpeice", "expected auto, spm, bpe, \"spm,bpe\", wordpiece or none, not "
                                 "'wordpeice'; did you mean 'wordpiece'?" },
        { "tokenizer bpe look_special no",
          "expected pre, space_prefix, looks_special, added_tokens "
          "or if, not 'look_special'; did you mean "
          "'looks_special'?" },
        { "default scale = 1e-999", "neither a number nor a name" },
        { "default scale = 1e999", "neither a number nor a name" },
        { "title Another", "there is a title already, 'A test'" },
        { "architecture other", "there is an architecture already, 'toy'" },
        { "let x = frist(a, b)", "there is no function frist(); did you mean 'first'?" },
    };
    static const struct part q[] = { { "l.0.q", 8, 1 }, { NULL, 0, 0 } };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char map[sizeof test_map + 200];
        (void)snprintf(map, sizeof map, "%s%s\n", test_map, wrong[i][0]);
        put_file("toy.map", map, strlen(map));
        expect_failure(TOY "\"layers\":1}", q, PARE_EDATA, wrong[i][1]);
        assert_non_null(strstr(err.text, "toy.map:26: "));
    }
    put_file("toy.map", test_map, sizeof test_map - 1);
}

static void test_large_config(void **state)
{
    (void)state;
    static const struct part q[] = { { "l.0.q", 8, 1 }, { NULL, 0, 0 } };
    size_t n = 10u << 20;
    _cleanup_free_ char *config = malloc(n + 1);
    assert_non_null(config);
    memset(config, '[', n);
    config[n] = 0;
    expect_failure(config, q, PARE_ELIMIT, "10485760 bytes are more than");
    config[100000] = 0;
    expect_failure(config, q, PARE_EDATA, "config.json: not JSON");
}

static int begin(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/pare-test-map-XXXXXX");
    if (!mkdtemp(dir) || registry_new(~0u, &registry, &err) < 0)
        return -1;
    put_file("toy.map", test_map, sizeof test_map - 1);
    return registry_load_dirs(registry, getenv("PARE_PLUGINS"), &err);
}

static int end(void **state)
{
    (void)state;
    registry_free(registry);
    return file_remove_tree(AT_FDCWD, dir, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions),      cmocka_unit_test(test_wrong_expressions),
        cmocka_unit_test(test_patterns),         cmocka_unit_test(test_pattern_time),
        cmocka_unit_test(test_transforms),       cmocka_unit_test(test_failures),
        cmocka_unit_test(test_wrong_statements), cmocka_unit_test(test_large_config),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
