/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Every rule that a plugin can break when it is loaded, and the message that its author gets. The
 * argument is the folder of the built fixtures.
 */
#include "plugin/registry.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "plugin/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *fixtures;

/* message NULL: it loads. */
static const struct {
    const char *rule, *message;
} rules[] = {
    { "plugin null", "the plugin's description is NULL" },
    { "plugin short", "the plugin's description has struct_size 64, at least 72 is needed" },
    { "plugin huge", "the plugin's description has struct_size 65537" },
    { "plugin name", "its name is not 1 to 31 of a-z, 0-9, '_', '-'" },
    { "plugin no version", "it has no version of 1 to 63 bytes" },
    { "plugin empty version", "it has no version of 1 to 63 bytes" },
    { "plugin long version", "it has no version of 1 to 63 bytes" },
    { "plugin no summary", "it has no summary of up to 500 bytes" },
    { "plugin long summary", "it has no summary of up to 500 bytes" },
    { "plugin nothing", "it provides no reader, writer, encoding, evaluator or matrix" },
    { "plugin of a matrix service", NULL },
    { "plugin of an evaluator", NULL },
    { "summary not utf-8", NULL },
    { "name of another", "a plugin named older is loaded already" },
    { "reader short", "a reader has struct_size" },
    { "reader name", "a reader's name is not 1 to 31 of a-z" },
    { "reader no summary", "reader rules lacks one of summary, probe, open, next, close" },
    { "reader no probe", "reader rules lacks one of" },
    { "reader no open", "reader rules lacks one of" },
    { "reader no next", "reader rules lacks one of" },
    { "reader no close", "reader rules lacks one of" },
    { "reader twice", "it reads rules already" },
    { "reader of another", "another plugin reads older already" },
    { "writer short", "a writer has struct_size 16" },
    { "writer name", "a writer's name is not 1 to 31 of a-z" },
    { "writer no summary", "writer rules lacks one of summary, holds, layout" },
    { "writer no layout", "writer rules lacks one of" },
    { "writer no holds", "writer rules lacks one of" },
    { "writer no suffix", "writer rules has no suffix such as \".gguf\"" },
    { "writer suffix dot", "writer rules has no suffix" },
    { "writer suffix slash", "writer rules has no suffix" },
    { "writer long suffix", "writer rules has no suffix" },
    { "writer twice", "it writes rules already" },
    { "writer of another", "another plugin writes older already" },
    { "encoding short", "an encoding has struct_size" },
    { "encoding name", "an encoding's name is not 1 to 31 of a-z" },
    { "encoding no kind", "encoding rules8 must be one of float, integer and quantized" },
    { "encoding two kinds", "encoding rules8 must be one of float, integer and quantized" },
    { "encoding no summary", "encoding rules8 has no summary, or a block length outside 1 to" },
    { "encoding block 0", "a block length outside 1 to 65536" },
    { "encoding block 65537", "a block length outside 1 to 65536" },
    { "encoding begin", "encoding rules8: begin and end come together" },
    { "encoding end", "encoding rules8: begin and end come together" },
    { "encoding no planes", "encoding rules8 has no planes" },
    { "encoding empty planes", "encoding rules8 has no planes" },
    { "encoding nine planes", "encoding rules8 has over 8 planes" },
    { "plane short", "encoding rules8: a plane has struct_size 8" },
    { "plane name", "encoding rules8: plane 0 has no proper name" },
    { "plane twice", "encoding rules8 has two planes called data" },
    { "plane empty", "encoding rules8: plane data holds no bytes" },
    { "plane huge", "encoding rules8: plane data has over 16 MiB a unit" },
    { "plane long name", "encoding rules8: plane 0 has no proper name" },
    { "plane bits", "encoding rules8: plane data has over 16 MiB a unit" },
    { "plane per", "encoding rules8: plane data is per 5, which is nothing" },
    { "plane rows of row", "encoding rules8: plane data has row_bytes, which go with blocks only" },
    { "plane tile", "encoding rules8: plane data: tiles have 1 to 65536 rows and columns" },
    { "plane tile rows", "encoding rules8: plane data: tiles have 1 to 65536 rows and columns" },
    { "plane tile columns", "plane data: tiles have 1 to 65536 rows and columns" },
    { "plane huge tile", "plane data: tiles have 1 to 65536 rows and columns" },
    { "plane tiled block", "rows and columns, and other planes none" },
    { "plane tiles", "plane first has tiles of 4 rows, which do not divide 6" },
    { "plane good tiles", NULL },
    { "plane twice", "encoding rules8 has two planes called data" },
    { "plane per column", "encoding rules8: planes per column or per tensor need settle" },
    { "plane per tensor", "encoding rules8: planes per column or per tensor need settle" },
    { "plane settled", NULL },
    { "encoding gather", "encoding rules8: begin and end come together, gather and settle with" },
    { "encoding settle", "encoding rules8: begin and end come together, gather and settle with" },
    { "encoding settle for nothing", "planes per column or per tensor need settle, others none" },
    { "encoding gathers", NULL },
    { "encoding no kernels", "encoding rules8 has no kernels" },
    { "encoding empty kernels", "encoding rules8 has no kernels" },
    { "kernel short", "encoding rules8: a kernel has struct_size" },
    { "kernel name", "encoding rules8: a kernel's name is not 1 to 31 of a-z" },
    { "kernel 0 cpu", "encoding rules8: kernel 0 must be plain C, it asks for CPU bits" },
    { "kernel no decode", "encoding rules8: kernel c lacks encode or decode" },
    { "kernel no encode", "encoding rules8: kernel c lacks encode or decode" },
    { "integer no encode", NULL },
    { "encoding twice", "it provides the encoding rules8 already" },
    { "evaluator short", "an evaluator has struct_size" },
    { "evaluator name", "an evaluator's name is not 1 to 31 of a-z" },
    { "evaluator no summary",
      "evaluator rules lacks one of summary, formats, open, input, output" },
    { "evaluator no formats", "evaluator rules lacks one of" },
    { "evaluator empty formats", "evaluator rules lacks one of" },
    { "evaluator no open", "evaluator rules lacks one of" },
    { "evaluator no input", "evaluator rules lacks one of" },
    { "evaluator no output", "evaluator rules lacks one of" },
    { "evaluator no run", "evaluator rules lacks one of" },
    { "evaluator no close", "evaluator rules lacks one of" },
    { "evaluator twice", "it provides the evaluator rules already" },
    { "matrix short", "a matrix service has struct_size" },
    { "matrix name", "a matrix service's name is not 1 to 31 of a-z" },
    { "matrix no summary", "matrix service rules lacks one of summary, multiply" },
    { "matrix no multiply", "matrix service rules lacks one of summary, multiply" },
    { "encoding of another", "another plugin provides the encoding older8 already" },
};

static struct registry *load_older(void)
{
    struct registry *registry = NULL;
    struct error err = ERROR_INIT;
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/older.so", fixtures);
    assert_int_equal(registry_new(cpu_detect(), &registry, &err), 0);
    if (registry_load(registry, path, &err) < 0)
        fail_msg("%s", err.text);
    return registry;
}

static void check(const char *name, const char *message)
{
    struct registry *registry = load_older();
    struct error err = ERROR_INIT;
    char path[4096], expected[4200];
    (void)snprintf(path, sizeof path, "%s/%s", fixtures, name);
    (void)snprintf(expected, sizeof expected, "plugin %s: ", path);
    int r = registry_load(registry, path, &err);
    if (!message && r < 0)
        fail_msg("%s", err.text);
    if (message && (r != PARE_EPLUGIN || strncmp(err.text, expected, strlen(expected)) != 0 ||
                    !strstr(err.text, message)))
        fail_msg("%s: %d `%s`, expected `%s`", getenv("PARE_BREAK"), r, err.text, message);
    _cleanup_json_ json_t *all = registry_describe(registry);
    assert_int_equal(json_array_size(json_object_get(all, "plugins")), message ? 1 : 2);
    registry_free(registry);
}

static void every_rule_has_its_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        assert_int_equal(setenv("PARE_BREAK", rules[i].rule, 1), 0);
        check("rules.so", rules[i].message);
    }
    assert_int_equal(unsetenv("PARE_BREAK"), 0);
    check("rules.so", NULL);
}

static void libraries_that_are_no_plugins(void **state)
{
    (void)state;
    check("nothing.so", "it has no symbol pare_plugin_entry_1: not a Pare plugin, or one for "
                        "another version of the ABI than 1");
    check("undefined.so", "undefined symbol: made_elsewhere");
    check("text.so", "invalid ELF header");
    check("empty.so", "file too short");
    check("ancient.so", "the plugin's description has struct_size 56, at least 72 is needed: build "
                        "it against this Pare's plugin.h");
}

/* Of a directory all good plugins are loaded; the others are kept in a list with the reason. */
static void a_directory_with_good_and_bad(void **state)
{
    (void)state;
    struct registry *registry = NULL;
    struct error err = ERROR_INIT;
    assert_int_equal(setenv("PARE_BREAK", "kernel 0 cpu", 1), 0);
    assert_int_equal(registry_new(0, &registry, &err), 0);
    assert_int_equal(registry_load_dirs(registry, fixtures, &err), 0);
    assert_int_equal(unsetenv("PARE_BREAK"), 0);
    assert_non_null(registry_reader(registry, "older"));
    assert_non_null(registry_reader(registry, "newer"));
    assert_null(registry_encoding(registry, "rules8"));
    _cleanup_json_ json_t *all = registry_describe(registry);
    const json_t *refused = json_object_get(all, "refused");
    static const char *const names[] = { "ancient.so", "empty.so", "nothing.so",
                                         "rules.so",   "text.so",  "undefined.so" };
    assert_int_equal(json_array_size(refused), 6);
    for (size_t i = 0; i < 6; i++) {
        const char *file = json_get_string(json_array_get(refused, i), "file", "");
        assert_string_equal(strrchr(file, '/') + 1, names[i]);
        assert_true(*json_get_string(json_array_get(refused, i), "reason", "") != 0);
    }
    registry_free(registry);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_its_message),
        cmocka_unit_test(libraries_that_are_no_plugins),
        cmocka_unit_test(a_directory_with_good_and_bad),
    };
    if (argc != 2)
        return 2;
    fixtures = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
