/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Sidecars, the files beside a model that belong to it: under which names and in which places they
 * are found, and what they may contain. Anybody who can drop a model can drop these, so that links
 * and odd files are refused.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "source/sidecar.h"
#include "source/sidecar_name.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define ALL SIDECARS_ALL

static int set_up(void **state)
{
    char path[] = "/tmp/pare-sidecar-XXXXXX";
    *state = strdup(mkdtemp(path));
    return chdir(*state);
}

static int tear_down(void **state)
{
    struct error err = ERROR_INIT;
    int r = chdir("/") | file_remove_tree(AT_FDCWD, *state, &err);
    free(*state);
    return r;
}

static void put_bytes(const char *path, const char *data, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, n), n);
    (void)close(fd);
}

static void put(const char *path, const char *text)
{
    put_bytes(path, text, strlen(text));
}

/* The names that are found for a model, joined by spaces, or the error's text. */
static void assert_finds(const char *model, unsigned wanted, const char *expected)
{
    struct source_set source = { 0 };
    struct sidecars found = { 0 };
    struct error err = ERROR_INIT;
    char names[512] = "";
    if (source_set_open(AT_FDCWD, model, 0, &source, &err) != 0)
        fail_msg("%s: %s", model, err.text);
    int r = sidecars_open(AT_FDCWD, &source, wanted, &found, &err);
    for (size_t i = 0; i < found.n; i++) {
        strcat(names, i ? " " : "");
        strcat(names, found.names[i]);
    }
    assert_string_equal(r < 0 ? err.text : names, expected);
    sidecars_deinit(&found);
    source_set_deinit(&source);
}

static void test_names(void **state)
{
    static const struct {
        const char *name, *model;
        int is_folder, belongs;
    } cases[] = {
        { "tiny.pare", "tiny.gguf", 0, 1 },
        { "tiny.imatrix", "tiny.gguf", 0, 1 },
        { "tiny.imatrix.gguf", "tiny.gguf", 0, 1 },
        { "tiny.imatrix.dat", "tiny.safetensors", 0, 1 },
        { "tiny-imatrix.gguf", "tiny-00001-of-00003.gguf", 0, 1 },
        { "tiny-imatrix.dat", "tiny", 1, 1 },
        { "Qwen2.5-7B.pare", "Qwen2.5-7B.gguf", 0, 1 },
        { "Qwen2.5-7B.pare", "Qwen2.5-7B", 1, 1 },
        { "tiny.gguf.pare", "tiny.gguf", 1, 1 },
        { "tiny.gguf.pare", "tiny.gguf", 0, 0 },
        { "tiny.pare", "tiny2.gguf", 0, 0 },
        { "tiny2.pare", "tiny.gguf", 0, 0 },
        { "tiny.pare.json", "tiny.gguf", 0, 0 },
        { "imatrix.gguf", "tiny.gguf", 0, 0 },
        { ".pare", "tiny.gguf", 0, 0 },
        { "Tiny.pare", "tiny.gguf", 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (sidecar_belongs(cases[i].name, cases[i].model, cases[i].is_folder) != cases[i].belongs)
            fail_msg("%s and %s", cases[i].name, cases[i].model);
    assert_int_equal(sidecar_inside("imatrix.gguf"), SIDECAR_IMPORTANCE);
    assert_int_equal(sidecar_inside("imatrix.dat"), SIDECAR_IMPORTANCE);
    assert_int_equal(sidecar_inside("x.imatrix"), SIDECAR_IMPORTANCE);
    assert_int_equal(sidecar_inside("overrides.pare"), SIDECAR_RULES);
    assert_int_equal(sidecar_inside("model.safetensors"), SIDECAR_NONE);
    assert_int_equal(sidecar_beside("imatrix.gguf", NULL), SIDECAR_NONE);
}

static void test_beside_a_file(void **state)
{
    (void)state;
    put("tiny.gguf", "model");
    assert_finds("tiny.gguf", ALL, "");
    put("tiny.pare", "pure\n");
    put("tiny.imatrix.gguf", "matrix");
    put("other.pare", "pure\n");
    assert_finds("tiny.gguf", ALL, "tiny.imatrix.gguf tiny.pare");
    assert_finds("./tiny.gguf", 1u << SIDECAR_RULES, "tiny.pare");
    put("tiny-imatrix.dat", "matrix");
    assert_finds("tiny.gguf", ALL,
                 "tiny-imatrix.dat and tiny.imatrix.gguf are both importance "
                 "matrices for this model: keep one");
    assert_finds("tiny.gguf", 1u << SIDECAR_RULES, "tiny.pare");
}

static void test_of_a_folder(void **state)
{
    (void)state;
    assert_int_equal(mkdir("tiny", 0755), 0);
    put("tiny/model.gguf", "model");
    put("tiny/imatrix.gguf", "matrix");
    put("tiny/overrides.pare", "keep if name ~ \"a\"\n");
    put("tiny.pare", "keep if name ~ \"b\"\n");
    assert_finds("tiny", ALL, "tiny.pare imatrix.gguf overrides.pare");
    assert_finds("tiny/", ALL, "tiny.pare imatrix.gguf overrides.pare");
    assert_int_equal(chdir("tiny"), 0);
    assert_finds(".", ALL, "tiny.pare imatrix.gguf overrides.pare");
    struct source_set source = { 0 };
    struct error err = ERROR_INIT;
    assert_int_equal(source_set_open(AT_FDCWD, ".", 0, &source, &err), 0);
    assert_int_equal(source.n, 1);
    assert_string_equal(source.names[0], "model.gguf");
    source_set_deinit(&source);
}

static void test_contents(void **state)
{
    struct sidecars found = { 0 };
    struct source_set source = { 0 };
    struct error err = ERROR_INIT;
    (void)state;
    put("tiny.gguf", "model");
    put("tiny.pare", "# größer\npure\n");
    put("tiny.imatrix", "matrix");
    assert_int_equal(source_set_open(AT_FDCWD, "tiny.gguf", 0, &source, &err), 0);
    assert_int_equal(sidecars_open(AT_FDCWD, &source, ALL, &found, &err), 0);
    assert_int_equal(json_array_size(found.rules), 1);
    const json_t *rules = json_array_get(found.rules, 0);
    assert_string_equal(json_get_string(rules, "name", ""), "tiny.pare");
    assert_string_equal(json_get_string(rules, "text", ""), "# größer\npure\n");
    assert_int_equal(found.importance.n, 1);
    assert_string_equal(found.importance.names[0], "tiny.imatrix");
    sidecars_deinit(&found);
    source_set_deinit(&source);
}

static void test_refused(void **state)
{
    (void)state;
    put("tiny.gguf", "model");
    put("tiny.pare", "pure\nkeep if name ~ \"\xff\"\n");
    assert_finds("tiny.gguf", ALL, "tiny.pare:2: not a text in UTF-8");
    put_bytes("tiny.pare", "a\nb\nc\0d", 7);
    assert_finds("tiny.gguf", ALL, "tiny.pare:3: not a text in UTF-8");
    put("tiny.pare", "");
    assert_finds("tiny.gguf", ALL, "tiny.pare");
    assert_int_equal(truncate("tiny.pare", (256 << 10) + 1), 0);
    assert_finds("tiny.gguf", ALL, "tiny.pare: 262145 bytes, the limit is 262144");
    assert_int_equal(unlink("tiny.pare"), 0);
    assert_int_equal(symlink("/etc/passwd", "tiny.pare"), 0);
    assert_finds("tiny.gguf", ALL, "tiny.pare: is a symbolic link, which is not followed");
    assert_int_equal(unlink("tiny.pare"), 0);
    assert_int_equal(symlink("/etc/passwd", "tiny.imatrix"), 0);
    assert_finds(
        "tiny.gguf", ALL,
        "tiny.imatrix: is a symbolic link, which is not followed (it leads to /etc/passwd): "
        "copy the files with `cp -rL', or give the place that they lie at");
    assert_int_equal(unlink("tiny.imatrix"), 0);
    assert_int_equal(mkfifo("tiny.pare", 0644), 0);
    assert_finds("tiny.gguf", ALL, "tiny.pare: not a regular file");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(test_names), TEST(test_beside_a_file),
                                        TEST(test_of_a_folder), TEST(test_contents),
                                        TEST(test_refused) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
