/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * core/base: errors, strings, maps, files, JSON and paths. Files lie in a fresh directory. All that
 * the rooms above take for granted is here with its edges: sizes that overflow, names that are
 * not UTF-8, files that cannot be written.
 */
#include "base/arena.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/paths.h"
#include "base/strbuf.h"
#include "base/strmap.h"
#include "base/text.h"
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

static char work[] = "/tmp/pare-base-XXXXXX";
static int work_fd = -1;

static int enter_work(void **state)
{
    (void)state;
    if (!mkdtemp(work))
        return -1;
    work_fd = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return work_fd < 0 ? -1 : 0;
}

static int leave_work(void **state)
{
    (void)state;
    (void)close(work_fd);
    return file_remove_tree(AT_FDCWD, work, NULL);
}

static void put_file(const char *name, const char *text)
{
    _cleanup_close_ int fd = openat(work_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(file_write(fd, text, strlen(text), NULL), 0);
}

static void error_names_go_both_ways(void **state)
{
    (void)state;
    for (int code = PARE_EPLACE; code <= PARE_OK; code++)
        assert_int_equal(error_code(error_name(code)), code);
    assert_string_equal(error_name(-999), "internal");
    assert_string_equal(error_name(7), "internal");
    assert_int_equal(error_code("no such"), PARE_EINTERNAL);
    assert_int_equal(error_code(NULL), PARE_EINTERNAL);
    assert_true(error_is_transient(PARE_ENOSPC));
    assert_true(error_is_transient(PARE_ECRASH));
    assert_true(error_is_transient(PARE_ECHANGED));
    assert_false(error_is_transient(PARE_EDATA));
}

static void error_text_is_harmless_and_bounded(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    assert_int_equal(error_set(&err, PARE_EDATA, "a%cb%cc%cd", 27, '\n', 127), PARE_EDATA);
    assert_string_equal(err.text, "a?b?c?d");
    char longer[3 * ERROR_TEXT_MAX];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(error_set(&err, PARE_EIO, "%s", longer), PARE_EIO);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
    assert_int_equal(error_prefix(&err, "file\t%d", 1), PARE_EIO);
    assert_true(strncmp(err.text, "file?1: xxx", 11) == 0);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
    assert_int_equal(error_set(NULL, PARE_EDATA, "nobody listens"), PARE_EDATA);
    assert_int_equal(error_oom(&err), PARE_ENOMEM);
    assert_string_equal(err.text, "out of memory");
}

static void error_errno_maps(void **state)
{
    (void)state;
    static const struct {
        int number, code;
    } cases[] = { { ENOSPC, PARE_ENOSPC }, { EDQUOT, PARE_ENOSPC }, { EFBIG, PARE_ENOSPC },
                  { ENOMEM, PARE_ENOMEM }, { EEXIST, PARE_EEXIST }, { EIO, PARE_EIO },
                  { EPERM, PARE_EIO } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = ERROR_INIT;
        assert_int_equal(error_errno(&err, cases[i].number, "at %d", 5), cases[i].code);
        assert_int_equal(error_errno(&err, -cases[i].number, "at %d", 5), cases[i].code);
        assert_non_null(strstr(err.text, "at 5: "));
        assert_non_null(strstr(err.text, strerror(cases[i].number)));
    }
}

static void checked_arithmetic_stops_at_the_edge(void **state)
{
    (void)state;
    uint64_t r = 77;
    assert_int_equal(checked_add(UINT64_MAX, 1, &r), -1);
    assert_int_equal(checked_mul(UINT64_C(1) << 32, UINT64_C(1) << 32, &r), -1);
    assert_int_equal(checked_align(UINT64_MAX - 5, 32, &r), -1);
    assert_true(r == 77);
    assert_int_equal(checked_add(UINT64_MAX - 1, 1, &r), 0);
    assert_true(r == UINT64_MAX);
    assert_int_equal(checked_align(65, 32, &r), 0);
    assert_true(r == 96);
    assert_int_equal(checked_align(64, 32, &r), 0);
    assert_true(r == 64);
}

static void arena_gives_zeros_and_charges(void **state)
{
    (void)state;
    struct arena arena = { .limit = 100 };
    const char *a = arena_alloc(&arena, 60);
    assert_non_null(a);
    for (int i = 0; i < 60; i++)
        assert_int_equal(a[i], 0);
    assert_int_equal((uintptr_t)a % _Alignof(max_align_t), 0);
    assert_true(arena.used == 60);
    assert_null(arena_alloc(&arena, 41));
    assert_null(arena_text(&arena, 40));
    assert_non_null(arena_text(&arena, 39));
    assert_true(arena.used == 100);
    assert_false(arena_has_room(&arena, 1));
    assert_true(arena_has_room(&arena, 0));
    assert_non_null(arena_alloc(&arena, 0));
    arena_release(&arena, NULL);
    arena_deinit(&arena);
    assert_true(arena.used == 0 && arena.limit == 100);
    arena.limit = 0;
    assert_null(arena_alloc(&arena, UINT64_MAX));
    assert_null(arena_alloc(&arena, (uint64_t)ARENA_MAX_PIECE + 1));
    assert_null(arena_text(&arena, UINT64_MAX));
    assert_null(arena_text(&arena, ARENA_MAX_PIECE));
    arena_deinit(&arena);
}

static void arena_takes_pieces_back(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    void *pieces[5];
    for (int i = 0; i < 5; i++) {
        pieces[i] = arena_alloc(&arena, 10);
        assert_non_null(pieces[i]);
        memset(pieces[i], i, 10);
    }
    static const int order[] = { 4, 0, 2, 3 }; /* the newest, the oldest, one between */
    for (int i = 0; i < 4; i++)
        arena_release(&arena, pieces[order[i]]);
    assert_true(arena.used == 10);
    assert_int_equal(((const char *)pieces[1])[9], 1);
    arena_release(&arena, pieces[1]);
    assert_true(arena.used == 0);
    assert_null(arena.blocks);
    assert_non_null(arena_alloc(&arena, 1));
    arena_deinit(&arena);
}

static void arena_keeps_texts(void **state)
{
    (void)state;
    enum { N = 3000 };
    static const char *texts[N];
    static char long_text[5000];
    struct arena arena = { 0 };
    char text[32];
    uint64_t bytes = 0;
    for (int i = 0; i < N; i++) {
        int len = snprintf(text, sizeof text, "token %d", i);
        texts[i] = arena_copy(&arena, (struct pare_str){ text, (size_t)len });
        assert_non_null(texts[i]);
        bytes += (uint64_t)len + 1;
    }
    assert_true(arena.used == bytes);
    memset(long_text, 'x', sizeof long_text);
    const char *copy = arena_copy(&arena, (struct pare_str){ long_text, sizeof long_text });
    assert_non_null(copy);
    assert_int_equal(strlen(copy), sizeof long_text);
    assert_string_equal(arena_copy(&arena, (struct pare_str){ NULL, 0 }), "");
    for (int i = 0; i < N; i++) {
        (void)snprintf(text, sizeof text, "token %d", i);
        assert_string_equal(texts[i], text);
    }
    arena_deinit(&arena);
}

static void strmap_keeps_the_first(void **state)
{
    (void)state;
    _cleanup_strmap_ struct strmap map = STRMAP_INIT;
    enum { N = 20000 };
    char(*keys)[16] = test_calloc(N, sizeof *keys);
    uint64_t value = 0;
    assert_int_equal(strmap_find(&map, "x", 1, NULL), 0);
    for (uint64_t i = 0; i < N; i++) {
        (void)snprintf(keys[i], sizeof *keys, "key %llu", (unsigned long long)i);
        assert_int_equal(strmap_add(&map, keys[i], strlen(keys[i]), i, NULL), 0);
    }
    for (uint64_t i = 0; i < N; i++) {
        char copy[16];
        memcpy(copy, keys[i], sizeof copy);
        assert_int_equal(strmap_add(&map, copy, strlen(copy), 99, NULL), 1);
        assert_int_equal(strmap_find(&map, copy, strlen(copy), &value), 1);
        assert_true(value == i);
        assert_int_equal(strmap_find(&map, copy, strlen(copy) - 1, NULL),
                         i >= 10); /* "key 12" is there as well */
    }
    assert_true(map.count == N);
    test_free(keys);
}

/* Keys whose ends differ by NUL bytes only, which a careless hash of the tail would confuse. */
static void strmap_tells_lengths_apart(void **state)
{
    (void)state;
    static const char zeros[40] = { 0 };
    _cleanup_strmap_ struct strmap map = STRMAP_INIT;
    for (size_t n = 0; n < sizeof zeros; n++)
        assert_int_equal(strmap_add(&map, zeros, n, n, NULL), 0);
    for (size_t n = 0; n < sizeof zeros; n++) {
        uint64_t value;
        assert_int_equal(strmap_find(&map, zeros, n, &value), 1);
        assert_true(value == n);
    }
}

/* Two maps place the same keys differently: a file cannot prepare collisions. */
static void strmap_is_keyed(void **state)
{
    (void)state;
    _cleanup_strmap_ struct strmap a = STRMAP_INIT;
    _cleanup_strmap_ struct strmap b = STRMAP_INIT;
    assert_int_equal(strmap_add(&a, "k", 1, 0, NULL), 0);
    assert_int_equal(strmap_add(&b, "k", 1, 0, NULL), 0);
    assert_memory_not_equal(a.key, b.key, sizeof a.key);
}

static void strbuf_grows(void **state)
{
    (void)state;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (int i = 0; i < 1000; i++)
        strbuf_printf(&sb, "%d,", i);
    assert_int_equal(sb.len, 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(strlen(sb.data), sb.len);
    strbuf_deinit(&sb);
    _cleanup_free_ char *empty = strbuf_finish(&sb);
    assert_string_equal(empty, "");
    sb.failed = 1;
    strbuf_puts(&sb, "lost");
    assert_null(strbuf_finish(&sb));
    assert_int_equal(sb.failed, 0);
}

static void texts_are_compared_with_strings(void **state)
{
    (void)state;
    struct pare_str nothing = text_of(NULL), model = { "model.bin", 5 };
    assert_null(nothing.data);
    assert_true(text_is(nothing, "") && text_begins(nothing, "") && text_ends(nothing, ""));
    assert_false(text_is(nothing, "a") || text_begins(nothing, "a") || text_ends(nothing, "a"));
    assert_true(text_equals(nothing, text_of("")) && text_equals(model, text_of("model")));
    assert_false(text_equals(model, text_of("modem")) || text_equals(model, text_of("mode")));
    assert_true(text_is(model, "model") && !text_is(model, "mode") && !text_is(model, "model."));
    assert_true(text_begins(model, "mod") && !text_begins(model, "odel"));
    assert_true(text_ends(model, "del") && !text_ends(model, "bin") && !text_ends(model, "xmodel"));
    for (int c = 0; c < 256; c++)
        assert_int_equal(text_is_digit((char)c), c >= 48 && c < 58);
    const char *list[] = { "b", "a\xff", "", "ab", "a" };
    qsort(list, 5, sizeof *list, text_compare);
    const char *const sorted[] = { "", "a", "ab", "a\xff", "b" };
    for (int i = 0; i < 5; i++)
        assert_string_equal(list[i], sorted[i]);
}

static void texts_are_shown_short_and_harmless(void **state)
{
    (void)state;
    char name[300];
    memset(name, 'n', sizeof name);
    assert_int_equal(text_clip(text_of("short")), 5);
    assert_int_equal(text_clip((struct pare_str){ name, sizeof name }), 60);
    assert_string_equal(text_show((struct pare_str){ NULL, 3 }).text, "");
    assert_string_equal(text_show(text_of("a\\\n\x7f\xc3\xa4")).text, "a\\x5c\\x0a\\x7f\xc3\xa4");
    assert_int_equal(strlen(text_show((struct pare_str){ name, sizeof name }).text), 140);
    memset(name, '\n', sizeof name);
    struct text_shown shown = text_show((struct pare_str){ name, sizeof name });
    assert_int_equal(strlen(shown.text), 4 * 39);
    assert_memory_equal(shown.text + 4 * 38, "\\x0a", 5);
}

static void whole_reads_and_writes(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    char buffer[8];
    _cleanup_close_ int fd = openat(work_fd, "rw", O_RDWR | O_CREAT, 0600);
    assert_int_equal(file_pwrite(fd, "abcdef", 6, 2, &err), 0);
    assert_int_equal(file_pread(fd, buffer, 6, 2, &err), 0);
    assert_memory_equal(buffer, "abcdef", 6);
    assert_int_equal(file_pread(fd, buffer, 5, 4, &err), PARE_EINCOMPLETE);
    assert_string_equal(err.text, "the file ends at byte 8, 1 bytes short");
    assert_int_equal(file_pread(fd, buffer, 0, 1 << 20, &err), 0);
    assert_int_equal(file_pread(-1, buffer, 1, 0, &err), PARE_EIO);
    _cleanup_close_ int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (full >= 0)
        assert_int_equal(file_write(full, "x", 1, &err), PARE_ENOSPC);
    _cleanup_free_ char *text = NULL;
    size_t n = 0;
    assert_int_equal(file_read_all(work_fd, "rw", 8, &text, &n, &err), 0);
    assert_int_equal(n, 8);
    assert_int_equal(text[8], 0);
    char *untouched = NULL;
    assert_int_equal(file_read_all(work_fd, "rw", 7, &untouched, &n, &err), PARE_ELIMIT);
    assert_int_equal(file_read_all(work_fd, "none", 7, &untouched, &n, &err), PARE_EIO);
    assert_non_null(strstr(err.text, "none"));
    assert_int_equal(file_read_all(work_fd, ".", 7, &untouched, &n, &err), PARE_EDATA);
    assert_null(untouched);
}

static void durable_writes_replace_and_leave_nothing(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    assert_int_equal(mkdirat(work_fd, "durable", 0700), 0);
    _cleanup_close_ int dir = -1;
    assert_int_equal(file_open_dir(work_fd, "durable", &dir, &err), 0);
    assert_int_equal(file_write_durably(dir, "f", "old", 3, &err), 0);
    assert_int_equal(file_write_durably(dir, "f", "newer", 5, &err), 0);
    _cleanup_free_ char *text = NULL;
    assert_int_equal(file_read_all(dir, "f", 100, &text, NULL, &err), 0);
    assert_string_equal(text, "newer");
    /* its place is taken by a directory: it fails and the temporary file is gone */
    assert_int_equal(mkdirat(dir, "d", 0700), 0);
    assert_true(file_write_durably(dir, "d", "x", 1, &err) < 0);
    int n = 0;
    _cleanup_closedir_ DIR *d = fdopendir(dup(dir));
    rewinddir(d);
    while (readdir(d))
        n++;
    assert_int_equal(n, 4); /* ".", "..", f and d */
}

static void only_regular_files_open(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    int fd = -1;
    put_file("plain", "x");
    assert_int_equal(symlinkat("plain", work_fd, "link"), 0);
    assert_int_equal(symlinkat(".", work_fd, "dirlink"), 0);
    assert_int_equal(mkfifoat(work_fd, "fifo", 0600), 0);
    assert_int_equal(mkdirat(work_fd, "dir", 0700), 0);
    assert_int_equal(file_open_regular(work_fd, "link", 0, &fd, &err), PARE_EDATA);
    assert_non_null(strstr(err.text, "symbolic link"));
    assert_int_equal(file_open_regular(work_fd, "fifo", 0, &fd, &err), PARE_EDATA);
    assert_non_null(strstr(err.text, "not a regular file"));
    assert_int_equal(file_open_regular(work_fd, "dir", 0, &fd, &err), PARE_EDATA);
    assert_int_equal(file_open_regular(AT_FDCWD, "/dev/null", 0, &fd, &err), PARE_EDATA);
    assert_true(file_open_regular(work_fd, "missing", 0, &fd, &err) < 0);
    assert_true(file_open_regular(work_fd, "../etc/passwd", 1, &fd, &err) < 0);
    assert_true(file_open_regular(work_fd, "/etc/passwd", 1, &fd, &err) < 0);
    assert_int_equal(file_open_regular(work_fd, "dirlink/plain", 1, &fd, &err), PARE_EDATA);
    assert_int_equal(fd, -1);
    assert_int_equal(file_open_regular(work_fd, "plain", 1, &fd, &err), 0);
    (void)close(fd);
    fd = -1;
    assert_true(file_open_dir(work_fd, "dirlink", &fd, &err) < 0);
    assert_true(file_open_dir(work_fd, "plain", &fd, &err) < 0);
    assert_int_equal(fd, -1);
}

static void directories_are_made_and_renamed(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    char path[200];
    (void)snprintf(path, sizeof path, "%s/a/b/c", work);
    assert_int_equal(file_make_dirs(path, 0700, &err), 0);
    assert_int_equal(file_make_dirs(path, 0700, &err), 0);
    assert_int_equal(faccessat(work_fd, "a/b/c", F_OK, 0), 0);
    put_file("a/b/file", "1");
    put_file("a/b/other", "2");
    assert_int_equal(file_rename_new(work_fd, "a/b/file", work_fd, "a/b/other", &err), 1);
    assert_int_equal(file_rename_new(work_fd, "a/b/file", work_fd, "a/moved", &err), 0);
    assert_true(file_rename_new(work_fd, "a/b/file", work_fd, "a/x", &err) < 0);
    (void)snprintf(path, sizeof path, "%s/a/moved/below", work);
    assert_true(file_make_dirs(path, 0700, &err) < 0);
}

static void removing_follows_no_links(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    assert_int_equal(mkdirat(work_fd, "kept", 0700), 0);
    put_file("kept/file", "x");
    assert_int_equal(mkdirat(work_fd, "tree", 0700), 0);
    assert_int_equal(symlinkat("../kept", work_fd, "tree/link"), 0);
    assert_int_equal(mkfifoat(work_fd, "tree/fifo", 0600), 0);
    char path[200] = "tree";
    for (int i = 0; i < 40; i++) {
        (void)strcat(path, "/d");
        assert_int_equal(mkdirat(work_fd, path, 0700), 0);
    }
    assert_int_equal(file_remove_tree(work_fd, "tree", &err), 0);
    assert_int_equal(faccessat(work_fd, "tree", F_OK, AT_SYMLINK_NOFOLLOW), -1);
    assert_int_equal(faccessat(work_fd, "kept/file", F_OK, 0), 0);
    assert_int_equal(file_remove_tree(work_fd, "tree", &err), 0);
    assert_int_equal(symlinkat("kept", work_fd, "toplink"), 0);
    assert_int_equal(file_remove_tree(work_fd, "toplink", &err), 0);
    assert_int_equal(faccessat(work_fd, "kept/file", F_OK, 0), 0);
}

/* As a hostile plugin could leave its staging directory. */
static void removing_deep_and_forbidden_trees(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    int fd = dup(work_fd);
    for (int i = 0; i < 700; i++) {
        assert_int_equal(mkdirat(fd, i ? "d" : "deep", 0700), 0);
        if (i > 60 && i < 70)
            assert_int_equal(mkdirat(fd, ".moved-up-0", 0700), 0);
        int next = openat(fd, i ? "d" : "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        (void)close(fd);
        fd = next;
    }
    assert_int_equal(mkdirat(fd, "forbidden", 0), 0);
    assert_int_equal(mkdirat(work_fd, "deep/.moved-up-1", 0700), 0);
    assert_int_equal(mkdirat(work_fd, "deep/.moved-up-1/full", 0), 0);
    (void)close(fd);
    if (file_remove_tree(work_fd, "deep", &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(faccessat(work_fd, "deep", F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static void plain_names(void **state)
{
    (void)state;
    static const char *const bad[] = { "", ".", "..", "a/b", "/", "../x" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(file_name_is_plain(bad[i]));
    assert_true(file_name_is_plain("..."));
    static const char *const outside[] = { "", ".", "a/", "/a", "a/..", "../a", "a/b/c", "a//b" };
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        assert_false(file_name_is_inside(outside[i]));
    assert_true(file_name_is_inside("a") && file_name_is_inside("1_Pooling/config.json"));
    assert_true(file_name_is_plain("model.gguf"));
}

static void digests_are_sha256(void **state)
{
    (void)state;
    static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    char hex[HASH_HEX_SIZE];
    uint64_t size;
    assert_int_equal(hash_of("abc", 3, hex, NULL), 0);
    assert_string_equal(hex, abc);
    put_file("abc", "abc");
    _cleanup_close_ int fd = openat(work_fd, "abc", O_RDONLY);
    assert_int_equal(lseek(fd, 2, SEEK_SET), 2); /* the whole file counts, not what is left */
    assert_int_equal(hash_of_fd(fd, hex, &size, NULL), 0);
    assert_string_equal(hex, abc);
    assert_true(size == 3);
}

static void assert_text(const char *data, size_t n, const char *expected)
{
    _cleanup_json_ json_t *text = json_text(data, n);
    assert_non_null(text);
    assert_string_equal(json_string_value(text), expected);
}

static void json_text_is_always_utf8(void **state)
{
    (void)state;
    assert_text("a\xc3\xa4\xe2\x82\xac", 6, "a\xc3\xa4\xe2\x82\xac");
    assert_text("a\xff", 2, "a\\xff");
    assert_text("a\0b", 3, "a\\x00b");
    assert_text("\xc3", 1, "\\xc3");                   /* cut */
    assert_text("\xc0\xaf", 2, "\\xc0\\xaf");          /* longer than needed */
    assert_text("\xed\xa0\x80", 3, "\\xed\\xa0\\x80"); /* half of a surrogate pair */
    assert_text("\xf5\x80\x80\x80", 4, "\\xf5\\x80\\x80\\x80");
    assert_text(NULL, 0, "");
}

static void json_fields_and_objects(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    json_t *parsed = NULL;
    static const char good[] = "{\"b\":1,\"a\":\"x\",\"t\":true,\"f\":0.5}";
    assert_int_equal(json_parse_object(good, strlen(good), &parsed, &err), 0);
    _cleanup_json_ json_t *object = parsed;
    assert_int_equal(json_get_int(object, "b", 7), 1);
    assert_int_equal(json_get_int(object, "a", 7), 7);
    assert_int_equal(json_get_int(NULL, "a", 7), 7);
    assert_string_equal(json_get_string(object, "a", "d"), "x");
    assert_string_equal(json_get_string(object, "b", "d"), "d");
    assert_true(json_get_bool(object, "t", 0));
    assert_true(json_get_real(object, "f", 0) == 0.5);
    _cleanup_free_ char *text = json_to_text(object);
    assert_string_equal(text, good); /* in order */
    static const char *const bad[] = { "", "[]", "{\"a\":1,\"a\":2}", "{} x", "{\"a\":\"\xff\"}" };
    json_t *untouched = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(json_parse_object(bad[i], strlen(bad[i]), &untouched, &err), PARE_EDATA);
    assert_null(untouched);
    _cleanup_json_ json_t *infinite = json_number(1.0 / 0.0);
    assert_true(json_is_null(infinite));
}

static void paths_prefer_the_environment(void **state)
{
    (void)state;
    assert_int_equal(setenv("PARE_PLUGINS", "/p/one:/p/two", 1), 0);
    _cleanup_free_ char *plugins = paths_plugins();
    assert_string_equal(plugins, "/p/one:/p/two");
    assert_int_equal(unsetenv("PARE_PLUGINS"), 0);
    _cleanup_free_ char *installed = paths_plugins();
    assert_string_equal(installed, PARE_PREFIX "/" PARE_PLUGIN_DIR);
    assert_int_equal(setenv("XDG_STATE_HOME", "relative", 1), 0);
    assert_int_equal(setenv("HOME", "/h", 1), 0);
    _cleanup_free_ char *home = paths_user_catalog();
    assert_string_equal(home, "/h/.local/state/pare/catalog.db");
    assert_int_equal(setenv("XDG_STATE_HOME", "/s", 1), 0);
    _cleanup_free_ char *catalog = paths_user_catalog();
    assert_string_equal(catalog, "/s/pare/catalog.db");
    _cleanup_free_ char *socket = paths_socket(catalog);
    assert_string_equal(socket, "/s/pare/pared.sock");
    _cleanup_free_ char *here = paths_socket("catalog.db");
    assert_string_equal(here, "pared.sock");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_names_go_both_ways),
        cmocka_unit_test(error_text_is_harmless_and_bounded),
        cmocka_unit_test(error_errno_maps),
        cmocka_unit_test(checked_arithmetic_stops_at_the_edge),
        cmocka_unit_test(arena_gives_zeros_and_charges),
        cmocka_unit_test(arena_takes_pieces_back),
        cmocka_unit_test(arena_keeps_texts),
        cmocka_unit_test(strmap_keeps_the_first),
        cmocka_unit_test(strmap_tells_lengths_apart),
        cmocka_unit_test(strmap_is_keyed),
        cmocka_unit_test(strbuf_grows),
        cmocka_unit_test(texts_are_compared_with_strings),
        cmocka_unit_test(texts_are_shown_short_and_harmless),
        cmocka_unit_test(whole_reads_and_writes),
        cmocka_unit_test(durable_writes_replace_and_leave_nothing),
        cmocka_unit_test(only_regular_files_open),
        cmocka_unit_test(directories_are_made_and_renamed),
        cmocka_unit_test(removing_follows_no_links),
        cmocka_unit_test(removing_deep_and_forbidden_trees),
        cmocka_unit_test(plain_names),
        cmocka_unit_test(digests_are_sha256),
        cmocka_unit_test(json_text_is_always_utf8),
        cmocka_unit_test(json_fields_and_objects),
        cmocka_unit_test(paths_prefer_the_environment),
    };
    return cmocka_run_group_tests(tests, enter_work, leave_work);
}
