/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What programs leave while they bring a file: names, files in which they count, locks, folders;
 * and what desktops and network storage leave. Real files, since it is what lies beside that
 * counts.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "source/litter.h"
#include "source/source_set.h"
#include "source/unfinished.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static int set_up(void **state)
{
    char path[] = "/tmp/pare-unfinished-XXXXXX";
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

static void put(const char *path)
{
    char folder[200];
    struct error err = ERROR_INIT;
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash) {
        *slash = 0;
        assert_int_equal(file_make_dirs(folder, 0755, &err), 0);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    (void)close(fd);
}

static void test_names(void **state)
{
    static const char *const unfinished[] = {
        "m.gguf.aria2",
        "m.gguf.!qB",
        "m.gguf.!ut",
        "m.gguf.bc!",
        "m.gguf.jc!",
        "m.gguf.!sync",
        "m.gguf.bts",
        "m.gguf.xltd",
        "m.gguf.td",
        "m.gguf.xltd.cfg",
        "m.gguf.fdmdownload",
        "m.gguf.downloading",
        "m.gguf.unfinished",
        "m.gguf.part",
        "m.gguf.Ab3d.part",
        "m.gguf.ocTransferId1234.part",
        "m.gguf.crdownload",
        "m.gguf.opdownload",
        "m.gguf.download",
        "m.gguf.partial",
        "m.gguf.0a1b.partial",
        "m.gguf.incomplete",
        "0a.6d02.incomplete",
        "m.gguf.filepart",
        "m.gguf.lftp-pget-status",
        "m.gguf.downloadInProgress",
        "M.GGUF.PART",
        "m.gguf_.gstmp",
        "m.gguf.part.minio",
        "m.gguf.6Ad3bF12",
        ".syncthing.m.gguf.tmp",
        "~syncthing~m.gguf.tmp",
        ".m.gguf.Ab12Cd",
        ".m.gguf.~1a2b3c",
        "sha256-0a-partial",
        "sha256-0a-partial-12",
        "incomplete-m.gguf",
        ".in.m.gguf",
        "m.f137.mp4.part-Frag12",
        "m.gguf.sb-1a2b3c4d-AbCdEf",
        "._____temp",
        ".goutputstream-AB12",
        "index.lock",
    };
    static const char *const others[] = { "m.gguf",     "m.st",      "m.gguf.st",  "m.gguf.lock",
                                          ".hidden",    "m.gguf~",   ".m.swp",     ".bash.backup",
                                          "m.20240101", "m.wow!",    "m.deadbeef", "part",
                                          "tmp",        "aria2",     "m.parts",    "m.tmp.gguf",
                                          "!.gguf",     "sha256-0a", "m.!",        "2.!" };
    (void)state;
    for (size_t i = 0; i < sizeof unfinished / sizeof *unfinished; i++)
        if (!unfinished_name(unfinished[i]))
            fail_msg("%s", unfinished[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (unfinished_name(others[i]))
            fail_msg("%s", others[i]);
}

static void test_beside(void **state)
{
    static const char *const counters[] = { ".aria2",       ".st",         ".lftp-pget-status",
                                            ".downloading", ".unfinished", ".part.met" };
    char reason[UNFINISHED_REASON], path[100];
    (void)state;
    put("m.gguf");
    put("n.gguf.st");
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        assert_false(unfinished_mark(AT_FDCWD, "m.gguf", reason));
        (void)snprintf(path, sizeof path, "m.gguf%s", counters[i]);
        put(path);
        assert_true(unfinished_mark(AT_FDCWD, "m.gguf", reason));
        assert_non_null(strstr(reason, path));
        assert_true(unfinished_mark(AT_FDCWD, path, reason));
        assert_int_equal(unlink(path), 0);
    }
    assert_false(unfinished_mark(AT_FDCWD, "n.gguf.st", reason)); /* a model in .st, say */
}

/* A child holds a lock of the kind until its standard input ends. */
static pid_t hold(const char *path, int is_flock, int *ret_end)
{
    int go[2], ready[2];
    char byte;
    assert_int_equal(pipe(go) | pipe(ready), 0);
    pid_t pid = fork();
    if (!pid) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        int fd = open(path, O_RDWR);
        (void)close(go[1]);
        int r = is_flock ? flock(fd, LOCK_EX) : fcntl(fd, F_SETLK, &lock);
        r |= write(ready[1], "x", 1) != 1;
        (void)!read(go[0], &byte, 1);
        _exit(r != 0);
    }
    (void)close(go[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    (void)close(ready[1]);
    *ret_end = go[1];
    return pid;
}

static void test_locks(void **state)
{
    char reason[UNFINISHED_REASON];
    struct error err = ERROR_INIT;
    int end = -1, status, dir = -1;
    (void)state;
    put("m.gguf");
    put("m.gguf.lock");
    put("f/.cache/huggingface/download/m.lock");
    assert_int_equal(file_open_dir(AT_FDCWD, "f", &dir, &err), 0);
    for (int is_flock = 0; is_flock < 2; is_flock++) {
        assert_false(unfinished_mark(AT_FDCWD, "m.gguf", reason));
        pid_t pid = hold("m.gguf.lock", is_flock, &end);
        assert_true(unfinished_mark(AT_FDCWD, "m.gguf", reason));
        assert_string_equal(reason, "m.gguf.lock is locked by a process");
        (void)close(end);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_false(unfinished_below(dir, reason));
        pid = hold("f/.cache/huggingface/download/m.lock", is_flock, &end);
        assert_true(unfinished_below(dir, reason));
        (void)close(end);
        assert_int_equal(waitpid(pid, &status, 0), pid);
    }
    (void)close(dir);
}

static void test_below(void **state)
{
    static const char *const marks[] = {
        ".cache/huggingface/download/0a.6d.incomplete",
        "._____temp/model.safetensors",
        ".~tmp~/model.safetensors",
        ".git/lfs/incomplete/0a1b",
        ".git/objects/pack/tmp_pack_Ab",
        ".model.safetensors.Ab12Cd",
        "model.safetensors.aria2",
        ".git/index.lock",
        "a/b/c/d/x.part",
        ".rsync-partial/model.safetensors",
    };
    static const char *const fine[] = { "model.safetensors",
                                        "README.md",
                                        ".git/config",
                                        "x.lock",
                                        ".cache/huggingface/download/model.safetensors.metadata",
                                        ".DS_Store" };
    char reason[UNFINISHED_REASON], path[200];
    struct error err = ERROR_INIT;
    int dir = -1;
    (void)state;
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        (void)snprintf(path, sizeof path, "f/%s", fine[i]);
        put(path);
    }
    assert_int_equal(mkdir("f/._____temp", 0755), 0);
    assert_int_equal(file_open_dir(AT_FDCWD, "f", &dir, &err), 0);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        struct source_set set = { 0 };
        if (unfinished_below(dir, reason))
            fail_msg("%s: %s", marks[i], reason);
        (void)snprintf(path, sizeof path, "f/%s", marks[i]);
        put(path);
        if (!unfinished_below(dir, reason))
            fail_msg("%s", marks[i]);
        assert_int_equal(source_set_open(AT_FDCWD, "f", 0, &set, &err), PARE_EINCOMPLETE);
        assert_non_null(strstr(err.text, "has not wholly arrived"));
        assert_int_equal(unlink(path), 0);
    }
    (void)close(dir);
}

static void test_litter(void **state)
{
    static const struct {
        const char *name;
        int is_dir;
        const char *pattern;
    } cases[] = {
        { "Thumbs.db", 0, "Thumbs.db" },
        { "THUMBS.DB", 0, "Thumbs.db" },
        { "#recycle", 1, "#recycle/" },
        { "#recycle", 0, NULL },
        { "$RECYCLE.BIN", 1, "$RECYCLE.BIN/" },
        { ".Trash-1000", 1, ".Trash*/" },
        { "@eaDir", 1, "@eaDir/" },
        { "lost+found", 1, "lost+found/" },
        { "__MACOSX", 1, "__MACOSX/" },
        { "._m.gguf", 0, "._*" },
        { "readme.md", 0, "README*" },
        { "SHA256SUMS", 0, "*SUMS" },
        { "m.gguf.sha256", 0, "*.sha256" },
        { "LICENSE", 0, "LICEN[CS]E*" },
        { "Modelfile", 0, "Modelfile*" },
        { "m.gguf", 0, NULL },
        { "m.safetensors", 0, NULL },
        { "README-model", 1, NULL },
        { "model.bin", 0, NULL },
        { "m.npy", 0, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned len = 0;
        const char *found = litter_find(LITTER_DEFAULT, cases[i].name, cases[i].is_dir, &len);
        if (!found != !cases[i].pattern ||
            (found && (strlen(cases[i].pattern) != len || strncmp(found, cases[i].pattern, len))))
            fail_msg("%s: %.*s", cases[i].name, (int)len, found ? found : "-");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_beside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_locks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_below, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_litter, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
