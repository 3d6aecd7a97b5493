/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Which files make up a model, which are refused, and what their names mean. The parents of a
 * worker decide this by names, sizes and links alone, because they parse no byte of a model; so the
 * cases are names, sizes and links.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "supervise/job_run.h"
#include "supervise/job_target.h"
#include "source/source_below.h"
#include "source/source_name.h"
#include "source/source_set.h"
#include "source/unfinished.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

static int set_up(void **state)
{
    char path[] = "/tmp/pare-source-XXXXXX";
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

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
}

static void assert_opens(const char *path, int cached, const char *name, size_t n, uint64_t bytes)
{
    struct source_set set = { 0 };
    struct error err = ERROR_INIT;
    if (source_set_open(AT_FDCWD, path, cached, &set, &err) != 0)
        fail_msg("%s: %s", path, err.text);
    assert_string_equal(set.name, name);
    assert_int_equal(set.n, n);
    assert_int_equal(set.bytes, bytes);
    for (size_t i = 1; i < n; i++)
        assert_true(strcmp(set.names[i - 1], set.names[i]) < 0);
    source_set_deinit(&set);
}

static void assert_refused(const char *path, int cached, int code, const char *text)
{
    struct source_set set = { 0 };
    struct error err = ERROR_INIT;
    assert_int_equal(source_set_open(AT_FDCWD, path, cached, &set, &err), code);
    if (!strstr(err.text, text))
        fail_msg("\"%s\" is not in \"%s\"", text, err.text);
}

static void test_file(void **state)
{
    (void)state;
    put("tiny.v1.gguf", "abc");
    assert_opens("tiny.v1.gguf", 0, "tiny.v1", 1, 3);
    put("Qwen2.5-0.5B", "abcd");
    assert_opens("Qwen2.5-0.5B", 0, "Qwen2.5-0.5B", 1, 4);
    assert_refused("missing", 0, PARE_EIO, "No such file");
    assert_refused("tiny.v1.gguf/", 0, PARE_EDATA, "not a folder");
}

static void test_special_files(void **state)
{
    (void)state;
    put("real", "abc");
    assert_int_equal(symlink("real", "link"), 0);
    assert_int_equal(mkfifo("fifo", 0644), 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_refused("link", 0, PARE_EDATA, "symbolic link");
    assert_refused("link", 1, PARE_EDATA, "symbolic link");
    assert_refused("fifo", 0, PARE_EDATA, "not a regular file");
    assert_refused("socket", 0, PARE_EDATA, "not a regular file");
    assert_refused("/dev/null", 0, PARE_EDATA, "not a regular file");
    (void)close(fd);
}

static void test_folder(void **state)
{
    (void)state;
    assert_int_equal(mkdir("m", 0755), 0);
    assert_refused("m", 0, PARE_EINCOMPLETE, "no model files");
    put("m/b.safetensors", "12345");
    put("m/a.json", "12");
    put("m/.hidden", "x");
    put("m/c.swp", "x");
    put("m/Thumbs.db", "x");
    assert_int_equal(mkdir("m/sub", 0755), 0);
    assert_opens("m", 0, "m", 2, 7);
    assert_opens("m//", 0, "m", 2, 7);
    assert_int_equal(symlink("a.json", "m/link.json"), 0);
    assert_refused("m", 0, PARE_EDATA, "link.json: is a symbolic link");
    assert_int_equal(unlink("m/link.json"), 0);
    assert_int_equal(mkfifo("m/fifo", 0644), 0);
    assert_refused("m", 0, PARE_EDATA, "fifo");
    assert_int_equal(symlink("m", "folder-link"), 0);
    assert_refused("folder-link", 0, PARE_EDATA, "symbolic link");
}

static void put_below(const char *folder, const char *name, const char *text)
{
    char path[NAME_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    put(path, text);
}

/* Of subfolders, only small files that say something about the model; never weights. */
static void test_subfolders(void **state)
{
    static const char *const passed_over[] = {
        "model.onnx",   "consolidated.00.pth", "model.safetensors", "model.safetensors.index.json",
        "weights.gguf", ".hidden.json",        "config.json.swp",   "notes.txt",
        "json"
    };
    (void)state;
    assert_int_equal(mkdir("m", 0755) | mkdir("m/1_Pooling", 0755) | mkdir("m/.git", 0755), 0);
    assert_int_equal(mkdir("m/1_Pooling/deeper", 0755), 0);
    put("m/1_Pooling/config.json", "12");
    assert_refused("m", 0, PARE_EINCOMPLETE, "no model files");
    put("m/model.safetensors", "12345");
    put("m/1_Pooling/deeper/config.json", "1234567");
    put("m/.git/config.json", "1234567");
    put("m/1_Pooling/chat.jinja", "123");
    for (size_t i = 0; i < sizeof passed_over / sizeof *passed_over; i++)
        put_below("m/1_Pooling", passed_over[i], "1234567");
    assert_int_equal(symlink("config.json", "m/1_Pooling/link.json"), 0);
    assert_int_equal(mkfifo("m/1_Pooling/fifo.json", 0644), 0);
    put("m/1_Pooling/large.json", "");
    assert_int_equal(truncate("m/1_Pooling/large.json", SOURCE_BELOW_MAX_BYTES + 1), 0);
    assert_opens("m", 0, "m", 3, 10);
    struct source_set set = { 0 };
    struct error err = ERROR_INIT;
    assert_int_equal(source_set_open(AT_FDCWD, "m", 0, &set, &err), 0);
    assert_string_equal(set.names[0], "1_Pooling/chat.jinja");
    assert_string_equal(set.names[1], "1_Pooling/config.json");
    source_set_deinit(&set);
}

static void put_many(const char *folder, int n)
{
    char name[32];
    for (int i = 0; i < n; i++) {
        (void)snprintf(name, sizeof name, "%d.json", i);
        put_below(folder, name, "1");
    }
}

/* However much lies in subfolders, it neither fails the model nor takes all of its room. */
static void test_large_subfolders(void **state)
{
    (void)state;
    assert_int_equal(mkdir("m", 0755) | mkdir("m/a", 0755) | mkdir("m/b", 0755), 0);
    put("m/w", "");
    put_many("m/a", SOURCE_BELOW_MAX_ENTRIES);
    put_many("m/b", 2);
    assert_opens("m", 0, "m", 3, 2);
    assert_int_equal(rename("m/b", "m/0"), 0);
    for (int i = SOURCE_BELOW_MAX_FILES; i < SOURCE_BELOW_MAX_ENTRIES; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "m/a/%d.json", i);
        assert_int_equal(unlink(path), 0);
    }
    assert_opens("m", 0, "m", SOURCE_BELOW_MAX_FILES + 1, SOURCE_BELOW_MAX_FILES);
    for (int i = 0; i < SOURCE_BELOW_MAX_FOLDERS; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "m/x%d", i);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    assert_opens("m", 0, "m", 1, 0);
}

static void test_too_many_files(void **state)
{
    (void)state;
    assert_int_equal(mkdir("many", 0755), 0);
    for (int i = 0; i <= SOURCE_SET_MAX_FILES; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "many/%d", i);
        put(name, "");
    }
    assert_refused("many", 0, PARE_ELIMIT, "more than 4096 files");
    assert_int_equal(unlink("many/0"), 0);
    assert_int_equal(mkdir("many/1_Pooling", 0755), 0);
    put("many/1_Pooling/config.json", "12");
    assert_opens("many", 0, "many", SOURCE_SET_MAX_FILES, 0);
}

static void test_shards(void **state)
{
    (void)state;
    put("big-00001-of-00003.safetensors", "1");
    put("big-00003-of-00003.safetensors", "333");
    assert_refused("big-00001-of-00003.safetensors", 0, PARE_EINCOMPLETE,
                   "shard 2 of 3 (big-00002-of-00003.safetensors)");
    put("big-00002-of-00003.safetensors", "22");
    assert_opens("big-00002-of-00003.safetensors", 0, "big", 3, 6);
    put("big.safetensors.index.json", "{}");
    assert_opens("big-00003-of-00003.safetensors", 0, "big", 4, 8);
    put("huge-00001-of-99999.gguf", "");
    assert_refused("huge-00001-of-99999.gguf", 0, PARE_ELIMIT, "99999 shards");
}

static void test_hugging_face_cache(void **state)
{
    (void)state;
    const char *revision = "hub/models--org--Tiny-7B/snapshots/abc";
    struct error err = ERROR_INIT;
    assert_int_equal(file_make_dirs(revision, 0755, &err), 0);
    assert_int_equal(mkdir("hub/models--org--Tiny-7B/blobs", 0755), 0);
    put("hub/models--org--Tiny-7B/blobs/f00", "12345");
    put("secret", "x");
    assert_int_equal(symlink("../../blobs/f00",
                             "hub/models--org--Tiny-7B/snapshots/abc/model.safetensors"),
                     0);
    assert_opens(revision, 1, "Tiny-7B", 1, 5);
    assert_opens("hub/models--org--Tiny-7B/snapshots/abc/model.safetensors", 1, "model", 1, 5);
    assert_refused(revision, 0, PARE_EDATA, "symbolic link");
    assert_int_equal(symlink("../../../../secret",
                             "hub/models--org--Tiny-7B/snapshots/abc/config.json"),
                     0);
    assert_refused(revision, 1, PARE_EDATA, "config.json: is a symbolic link");
}

/* The cache's links in subfolders go one level further up; others are passed over. */
static void test_cache_links_below(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    assert_int_equal(file_make_dirs("c/snapshots/r/1_Pooling", 0755, &err), 0);
    assert_int_equal(mkdir("c/blobs", 0755), 0);
    put("c/blobs/f00", "12");
    put("c/snapshots/r/model.safetensors", "12345");
    put("secret", "123");
    assert_int_equal(symlink("../../../blobs/f00", "c/snapshots/r/1_Pooling/config.json"), 0);
    assert_int_equal(symlink("../../blobs/f00", "c/snapshots/r/1_Pooling/short.json"), 0);
    assert_int_equal(symlink("../../../../secret", "c/snapshots/r/1_Pooling/other.json"), 0);
    assert_opens("c/snapshots/r", 1, "c", 2, 7);
    assert_opens("c/snapshots/r", 0, "c", 1, 5);
    assert_int_equal(symlink("../../../blobs/../../secret", "c/snapshots/r/1_Pooling/up.json"), 0);
    assert_opens("c/snapshots/r", 1, "c", 2, 7);
}

/* A link of the cache's shape that leads to another link, or lies outside of a cache. */
static void test_cache_links_elsewhere(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    assert_int_equal(file_make_dirs("c/snapshots/r", 0755, &err), 0);
    assert_int_equal(mkdir("c/blobs", 0755), 0);
    put("secret", "x");
    assert_int_equal(symlink("../../secret", "c/blobs/f00"), 0);
    assert_int_equal(symlink("../../blobs/f00", "c/snapshots/r/m"), 0);
    assert_refused("c/snapshots/r/m", 1, PARE_EDATA, "symbolic link");
    assert_int_equal(file_make_dirs("d/e/r", 0755, &err), 0);
    assert_int_equal(mkdir("d/blobs", 0755), 0);
    put("d/blobs/f00", "x");
    assert_int_equal(symlink("../../blobs/f00", "d/e/r/m"), 0);
    assert_refused("d/e/r/m", 1, PARE_EDATA, "symbolic link");
}

static void test_temporary_names(void **state)
{
    static const char *const temporary[] = { ".x",           "m.part",         "m.PARTIAL",
                                             "m.crdownload", "m.tmp",          "m.incomplete",
                                             "m.download",   "m.filepart",     "m.swp",
                                             "m~",           ".m.gguf.b1NxZa", "m.~tmp~",
                                             "m.aria2" };
    static const char *const plain[] = { "m.gguf", "part", "m.parts", "tmp.gguf", "m.gguf.1" };
    (void)state;
    for (size_t i = 0; i < sizeof temporary / sizeof *temporary; i++)
        if (!unfinished_passed_over(temporary[i]))
            fail_msg("%s", temporary[i]);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (unfinished_passed_over(plain[i]))
            fail_msg("%s", plain[i]);
}

static void test_shard_names(void **state)
{
    static const char *const others[] = { "m-00001-of-00003x",
                                          "m-0001-of-00003.gguf",
                                          "m-00000-of-00003.gguf",
                                          "-of-00003",
                                          "m-00004-of-00003.gguf",
                                          "m-000001-of-00003.gguf",
                                          "m-00001-of-000003.gguf",
                                          "00001-of-00003.gguf",
                                          "m-00001-of-",
                                          "-of-",
                                          "m_00001-of-00003.gguf" };
    size_t prefix = 0;
    unsigned number = 0, count = 0;
    (void)state;
    assert_int_equal(source_name_is_shard("a-of-b-00002-of-00010.gguf", &prefix, &number, &count),
                     1);
    assert_int_equal(prefix, 6);
    assert_int_equal(number, 2);
    assert_int_equal(count, 10);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (source_name_is_shard(others[i], &prefix, &number, &count))
            fail_msg("%s", others[i]);
}

static void assert_stem(const char *name, const char *recipe, const char *expected)
{
    _cleanup_free_ char *stem = job_output_stem(name, recipe);
    assert_string_equal(stem, expected);
}

static void test_output_stems(void **state)
{
    (void)state;
    assert_stem("tiny-llama", "q4_k_m", "tiny-llama-Q4_K_M");
    assert_stem("..", "f16", "_.-F16");
    assert_stem("", "f16", "model-F16");
    assert_stem("a/b\n", "f16", "a_b_-F16");
    assert_stem("\xff\xfe", "f16", "__-F16");
    assert_stem("\xc3\xa4", "f16", "\xc3\xa4-F16");
    char name[400];
    memset(name, 'x', sizeof name);
    name[399] = 0;
    name[179] = '\xc3';
    name[180] = '\xa4';
    _cleanup_free_ char *stem = job_output_stem(name, "f16");
    assert_int_equal(strlen(stem), 179 + 4);
}

static void test_targets(void **state)
{
    static const char *const wrong[] = { "",         "gguf",    "gguf:",   ":q8_0",  "gguf:../x",
                                         "gguf:a/b", "gg/uf:x", "gguf:.x", "g guf:x" };
    struct job_target target;
    struct error err = ERROR_INIT;
    (void)state;
    assert_int_equal(job_target_parse("GGUF:Q4_K_M", ':', &target, &err), 0);
    assert_string_equal(target.format, "gguf");
    assert_string_equal(target.recipe, "q4_k_m");
    job_target_deinit(&target);
    assert_int_equal(job_target_parse("safetensors-int4-g128", '-', &target, &err), 0);
    assert_string_equal(target.recipe, "int4-g128");
    job_target_deinit(&target);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (job_target_parse(wrong[i], ':', &target, &err) != PARE_EUSAGE)
            fail_msg("%s", wrong[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_file),
        TEST(test_special_files),
        TEST(test_folder),
        TEST(test_subfolders),
        TEST(test_large_subfolders),
        TEST(test_too_many_files),
        TEST(test_shards),
        TEST(test_hugging_face_cache),
        TEST(test_cache_links_below),
        TEST(test_cache_links_elsewhere),
        TEST(test_temporary_names),
        TEST(test_shard_names),
        TEST(test_output_stems),
        TEST(test_targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
