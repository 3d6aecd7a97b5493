/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Publishing, killed before and after each of its steps, and again while it recovers. The steps are
 * the calls that change the disk; the linker leads them through here (--wrap), where a child
 * process ends itself at the one that is asked for.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "supervise/publish.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#define KILLED 42
#define MAX_STEPS 40

static int countdown = -1; /* steps until the end; -1: never */
static int die_after;      /* after the step, not before it */

int __real_file_rename_new(int, const char *, int, const char *, struct error *);
int __real_file_write_unsynced(int, const char *, const void *, size_t, int *, struct error *);
int __real_sync_all(const int *, size_t, const char *, struct error *);
int __real_file_sync(int, const char *, struct error *);
int __wrap_file_rename_new(int, const char *, int, const char *, struct error *);
int __wrap_file_write_unsynced(int, const char *, const void *, size_t, int *, struct error *);
int __wrap_sync_all(const int *, size_t, const char *, struct error *);
int __wrap_file_sync(int, const char *, struct error *);

static void before(void)
{
    if (countdown == 0 && !die_after)
        _exit(KILLED);
}

static void after(void)
{
    if (countdown == 0)
        _exit(KILLED);
    if (countdown > 0)
        countdown--;
}

int __wrap_file_rename_new(int a, const char *b, int c, const char *d, struct error *err)
{
    before();
    int r = __real_file_rename_new(a, b, c, d, err);
    after();
    return r;
}

int __wrap_file_write_unsynced(int a, const char *b, const void *c, size_t d, int *e,
                               struct error *err)
{
    before();
    int r = __real_file_write_unsynced(a, b, c, d, e, err);
    after();
    return r;
}

int __wrap_sync_all(const int *a, size_t b, const char *c, struct error *err)
{
    before();
    int r = __real_sync_all(a, b, c, err);
    after();
    return r;
}

int __wrap_file_sync(int a, const char *b, struct error *err)
{
    before();
    int r = __real_file_sync(a, b, err);
    after();
    return r;
}

struct place {
    char path[64];
    int out, staging, folder;
};

static void put(int dirfd, const char *name, const char *text)
{
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
}

static void make_place(struct place *p, int folder)
{
    strcpy(p->path, "/tmp/pare-publish-XXXXXX");
    assert_non_null(mkdtemp(p->path));
    p->out = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(p->out, ".pare", 0700), 0);
    p->staging = openat(p->out, ".pare", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    p->folder = folder;
    if (folder)
        assert_int_equal(mkdirat(p->staging, "data", 0755), 0);
    put(p->staging, folder ? "data/a" : "data", "weights");
}

static void remove_place(struct place *p)
{
    struct error err = ERROR_INIT;
    (void)close(p->out);
    (void)close(p->staging);
    assert_int_equal(file_remove_tree(AT_FDCWD, p->path, &err), 0);
}

static json_t *new_manifest(int folder)
{
    return json_pack("{s:i, s:s, s:{s:s, s:b, s:[{s:s, s:i}]}}", "pare_manifest", 1, "job", "u",
                     "output", "name", "", "folder", folder, "files", "name", folder ? "a" : "",
                     "bytes", 7);
}

static int row_given;

static int one_row(struct tensor_rows *rows, struct tensor_row *ret_row, struct error *err)
{
    (void)rows, (void)err;
    *ret_row = (struct tensor_row){ .name = { "t", 1 },
                                    .from = { "f32", 3 },
                                    .to = { "f16", 3 },
                                    .n_dims = 1,
                                    .dims = { 4 },
                                    .elements = 4 };
    return !row_given++;
}

static int publish(const struct place *p)
{
    struct error err = ERROR_INIT;
    struct publication publication = { .out_dirfd = p->out,
                                       .dirfd = p->staging,
                                       .stem = "m-F16",
                                       .suffix = p->folder ? "" : ".fake",
                                       .head = new_manifest(p->folder) };
    struct tensor_rows rows = { one_row };
    row_given = 0;
    int r = publish_choose_name(&publication, &err);
    if (r == 0)
        r = publish_write(&publication, &rows, 1, &err);
    if (r == 0)
        r = publish_move(&publication, &err);
    json_decref(publication.head);
    return r;
}

/* Runs publish or recovery in a child that dies at a step; 1 when it ended by itself. */
static int in_child(const struct place *p, int step, int late, int recover)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct error err = ERROR_INIT;
        struct manifest_file *manifest = NULL;
        countdown = step;
        die_after = late;
        _exit(recover ? publish_complete(p->out, p->staging, &manifest, &err) < 0
                      : publish(p) != 0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == KILLED)
        return 0;
    assert_int_equal(WEXITSTATUS(status), 0);
    return 1;
}

static int has(const struct place *p, const char *name)
{
    return faccessat(p->out, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_published(const struct place *p, const char *name)
{
    static const char *const endings[] = { "", ".pare.json", ".pare.md" };
    char path[100];
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s%s", name, endings[i]);
        if (!has(p, path))
            fail_msg("%s is missing", path);
    }
    struct error err = ERROR_INIT;
    _cleanup_free_ char *text = NULL;
    size_t n;
    (void)snprintf(path, sizeof path, "%s.pare.json", name);
    assert_int_equal(file_read_all(p->out, path, 1 << 20, &text, &n, &err), 0);
    _cleanup_json_ json_t *manifest = NULL;
    assert_int_equal(json_parse_object(text, n, &manifest, &err), 0);
    const json_t *output = json_object_get(manifest, "output");
    assert_string_equal(json_get_string(output, "name", ""), name);
    const json_t *file = json_array_get(json_object_get(output, "files"), 0);
    assert_string_equal(json_get_string(file, "name", ""), p->folder ? "a" : name);
    assert_int_not_equal(faccessat(p->staging, "data", F_OK, 0), 0);
}

/* Whatever is visible now: a manifest only with its output. */
static void assert_honest(const struct place *p, const char *name)
{
    char path[100];
    (void)snprintf(path, sizeof path, "%s.pare.json", name);
    if (has(p, path))
        assert_true(has(p, name));
}

static void assert_one_tensor(struct manifest_file *manifest)
{
    struct error err = ERROR_INIT;
    struct tensor_rows *rows = manifest_file_rows(manifest);
    struct tensor_row row;
    assert_int_equal(rows->next(rows, &row, &err), 1);
    assert_int_equal(row.elements, 4);
    assert_int_equal(rows->next(rows, &row, &err), 0);
}

static void assert_recovers(const struct place *p, const char *name, const char *next)
{
    struct error err = ERROR_INIT;
    for (int again = 0; again < 2; again++) {
        struct manifest_file *manifest = NULL;
        int r = publish_complete(p->out, p->staging, &manifest, &err);
        if (r == 1)
            assert_one_tensor(manifest);
        manifest_file_close(manifest);
        if (r < 0)
            fail_msg("%s", err.text);
        if (r == 1) {
            assert_published(p, name);
            continue;
        }
        assert_false(has(p, name)); /* nothing visible, nothing lost: it is still staged */
        assert_int_equal(faccessat(p->staging, "data", F_OK, 0), 0);
    }
    assert_false(has(p, next));
}

static void kill_at_every_step(int folder)
{
    const char *name = folder ? "m-F16" : "m-F16.fake";
    const char *next = folder ? "m-F16-2" : "m-F16-2.fake";
    int ended = 0, steps = 0;
    for (int step = 0; !ended; step++) {
        for (int late = 0; late < 2; late++) {
            struct place p;
            make_place(&p, folder);
            ended = in_child(&p, step, late, 0);
            assert_honest(&p, name);
            assert_recovers(&p, name, next);
            remove_place(&p);
        }
        steps = step;
    }
    assert_true(steps >= 8 && steps < MAX_STEPS);
}

static void test_kill_file(void **state)
{
    (void)state;
    kill_at_every_step(0);
}

static void test_kill_folder(void **state)
{
    (void)state;
    kill_at_every_step(1);
}

/* Killed, and killed again at every step of the recovery. */
static void test_kill_recovery(void **state)
{
    (void)state;
    int published = 0;
    for (int first = 0; !published; first++) {
        int recovered = 0;
        for (int second = 0; !recovered; second++) {
            struct place p;
            make_place(&p, 0);
            published = in_child(&p, first, second & 1, 0);
            recovered = in_child(&p, second / 2, second & 1, 1);
            assert_honest(&p, "m-F16.fake");
            assert_recovers(&p, "m-F16.fake", "m-F16-2.fake");
            remove_place(&p);
            assert_true(second < 2 * MAX_STEPS);
        }
    }
}

static void test_names_taken(void **state)
{
    static const char *const taken[] = { "m-F16.fake", "m-F16-2.fake.pare.md",
                                         "m-F16-3.fake.pare.json" };
    struct place p;
    (void)state;
    make_place(&p, 0);
    for (size_t i = 0; i < 3; i++)
        put(p.out, taken[i], "somebody's");
    assert_int_equal(publish(&p), 0);
    assert_published(&p, "m-F16-4.fake");
    for (size_t i = 0; i < 3; i++) {
        struct stat st;
        assert_int_equal(fstatat(p.out, taken[i], &st, 0), 0);
        assert_int_equal(st.st_size, strlen("somebody's"));
    }
    remove_place(&p);
}

/* The name is taken between the crash and the recovery. */
static void test_name_taken_meanwhile(void **state)
{
    struct place p;
    struct error err = ERROR_INIT;
    struct manifest_file *manifest = NULL;
    (void)state;
    make_place(&p, 0);
    assert_int_equal(in_child(&p, 3, 0, 0), 0); /* before the output's rename */
    put(p.out, "m-F16.fake", "somebody's");
    assert_int_equal(publish_complete(p.out, p.staging, &manifest, &err), 1);
    assert_string_equal(json_get_string(json_object_get(manifest_file_head(manifest), "output"),
                                        "name", ""),
                        "m-F16-2.fake");
    assert_one_tensor(manifest);
    manifest_file_close(manifest);
    assert_published(&p, "m-F16-2.fake");
    remove_place(&p);
}

/* Somebody else's file under the name that we had: not taken for ours. */
static void test_output_replaced(void **state)
{
    struct place p;
    struct error err = ERROR_INIT;
    struct manifest_file *manifest = NULL;
    (void)state;
    make_place(&p, 0);
    assert_int_equal(in_child(&p, 3, 1, 0), 0); /* after the output's rename */
    put(p.out, "other", "somebody's");
    assert_int_equal(renameat(p.out, "other", p.out, "m-F16.fake"), 0);
    assert_int_equal(publish_complete(p.out, p.staging, &manifest, &err), 0);
    assert_false(has(&p, "m-F16.fake.pare.json"));
    remove_place(&p);
}

static void test_damaged_intent(void **state)
{
    struct place p;
    struct error err = ERROR_INIT;
    struct manifest_file *manifest = NULL;
    (void)state;
    make_place(&p, 0);
    put(p.staging, "publish.json", "{\"output\": \"m-F");
    assert_int_equal(publish_complete(p.out, p.staging, &manifest, &err), 0);
    put(p.staging, "publish.json", "{\"output\": \"../m\", \"stem\": \"../m\", \"suffix\": \"\"}");
    put(p.staging, "manifest.json", "{}");
    assert_int_equal(publish_complete(p.out, p.staging, &manifest, &err), 0);
    remove_place(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kill_file),
        cmocka_unit_test(test_kill_folder),
        cmocka_unit_test(test_kill_recovery),
        cmocka_unit_test(test_names_taken),
        cmocka_unit_test(test_name_taken_meanwhile),
        cmocka_unit_test(test_output_replaced),
        cmocka_unit_test(test_damaged_intent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
