/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * core/worker/sandbox: what a confined process can still do, and what it cannot. Each case runs in
 * a child, because confinement cannot be undone; its exit status is the result. tests/abi/evil.py
 * attacks a whole worker.
 */
#include "worker/sandbox.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static char work[] = "/tmp/pare-sandbox-XXXXXX";
static int staging = -1;
static int landlock, seccomp; /* what this system has */

static int enter_work(void **state)
{
    (void)state;
    char path[100];
    if (!mkdtemp(work))
        return -1;
    (void)snprintf(path, sizeof path, "%s/staging", work);
    if (mkdir(path, 0700) < 0)
        return -1;
    staging = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return staging < 0 ? -1 : 0;
}

static int leave_work(void **state)
{
    (void)state;
    (void)close(staging);
    return file_remove_tree(AT_FDCWD, work, NULL);
}

static struct sandbox_rules rules(uint64_t memory_limit, int required)
{
    return (struct sandbox_rules){ .plugins = "/usr/share/misc:/nonexistent",
                                   .recipes = "",
                                   .staging = staging,
                                   .memory_limit = memory_limit,
                                   .required = required };
}

/* Runs the case in a child that is confined; gives how it ended, as waitpid has it. */
static int confined(int (*body)(void), uint64_t memory_limit)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        struct sandbox_rules r = rules(memory_limit, 0);
        json_t *report = NULL;
        if (sandbox_enter(&r, &report, NULL) < 0)
            _exit(99);
        _exit(body());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

#define GOOD(body) assert_int_equal(confined(body, 0), 0)

static void the_report_tells_what_holds(void **state)
{
    (void)state;
    int pipes[2];
    char text[2000] = { 0 };
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct sandbox_rules r = rules(UINT64_C(1) << 40, 0);
        json_t *report = NULL;
        if (sandbox_enter(&r, &report, NULL) < 0)
            _exit(99);
        char *line = json_to_text(report);
        _exit(line && file_write(pipes[1], line, strlen(line), NULL) == 0 ? 0 : 98);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(read(pipes[0], text, sizeof text - 1) > 0);
    print_message("sandbox: %s\n", text);
    json_t *parsed = NULL;
    assert_int_equal(json_parse_object(text, strlen(text), &parsed, NULL), 0);
    _cleanup_json_ json_t *report = parsed;
    landlock = (int)json_get_int(report, "landlock", 0);
    seccomp = json_get_bool(report, "seccomp", 0);
    assert_true(json_get_bool(report, "no_new_privs", 0));
    assert_true(json_get_bool(report, "rlimits", 0));
    assert_int_equal(json_array_size(json_object_get(report, "missing")), !landlock + !seccomp);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

/* With what is missing named, or not at all. */
static void required_means_all_or_nothing(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct sandbox_rules r = rules(0, 1);
        struct error err = ERROR_INIT;
        json_t *report = NULL;
        int e = sandbox_enter(&r, &report, &err);
        if (landlock && seccomp)
            _exit(e == 0 && report ? 0 : 1);
        _exit(e == PARE_ENOTSUP && strstr(err.text, "this system lacks") && !report ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void *touch(void *value)
{
    *(int *)value = 5;
    return NULL;
}

/* What the pipeline does: threads, memory, files in staging, sync. */
static int do_work(void)
{
    pthread_t thread;
    int value = 0;
    if (pthread_create(&thread, NULL, touch, &value) || pthread_join(thread, NULL) || value != 5)
        return 1;
    if (mkdirat(staging, "0", 0755) < 0)
        return 2;
    _cleanup_close_ int fd = openat(staging, "0/out", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 || ftruncate(fd, 1 << 20) < 0 || file_pwrite(fd, "x", 1, 5, NULL) < 0)
        return 3;
    if (fsync(fd) < 0 || file_sync(staging, "staging", NULL) < 0)
        return 4;
    char *memory = malloc(64u << 20);
    if (!memory)
        return 5;
    memory[1 << 20] = 1;
    free(memory);
    struct rlimit core;
    return getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0 ? 0 : 6;
}

static void work_goes_on(void **state)
{
    (void)state;
    GOOD(do_work);
}

static int read_elsewhere(void)
{
    return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 0 : 1;
}

static int write_elsewhere(void)
{
    char path[100];
    (void)snprintf(path, sizeof path, "%s/outside", work);
    if (open(path, O_WRONLY | O_CREAT, 0600) >= 0 || errno != EACCES)
        return 1;
    return openat(staging, "../outside", O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES ? 0 : 2;
}

static int read_libraries(void)
{
    _cleanup_close_ int fd = open("/usr/lib", O_RDONLY | O_DIRECTORY);
    return fd >= 0 ? 0 : 1;
}

static void files_elsewhere_are_out_of_reach(void **state)
{
    (void)state;
    if (!landlock) {
        print_message("skipped: no Landlock here\n");
        return;
    }
    GOOD(read_elsewhere);
    GOOD(write_elsewhere);
    GOOD(read_libraries);
}

static int make_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? 0 : 1;
}

static int make_process(void)
{
    return fork() < 0 ? 0 : 1;
}

static int remove_file(void)
{
    return unlinkat(staging, "0", AT_REMOVEDIR) < 0 && errno == EACCES ? 0 : 1;
}

/* Code can be mapped until the plugins are there, and not after. */
static int map_code(void)
{
    const int code = PROT_READ | PROT_EXEC, private = MAP_PRIVATE | MAP_ANONYMOUS;
    void *before = mmap(NULL, 4096, code, private, -1, 0);
    if (before == MAP_FAILED)
        return 1;
    sandbox_seal();
    if (mmap(NULL, 4096, code, private, -1, 0) != MAP_FAILED || errno != EPERM)
        return 2;
    void *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, private, -1, 0);
    if (data == MAP_FAILED || mprotect(data, 4096, code) == 0)
        return 3;
    return 0;
}

static void calls_that_are_not_needed_kill(void **state)
{
    (void)state;
    if (!seccomp) {
        print_message("skipped: no seccomp here\n");
        return;
    }
    int status = confined(make_socket, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    status = confined(make_process, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    GOOD(remove_file);
    GOOD(map_code);
}

static int take_much(void)
{
    return mmap(NULL, 2u << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? 0
                                                                                             : 1;
}

static void memory_has_a_limit(void **state)
{
    (void)state;
    assert_int_equal(WEXITSTATUS(confined(take_much, 0)), 1);
    if (!seccomp) {
        print_message("skipped: a sanitizer needs its address space\n");
        return;
    }
    assert_int_equal(confined(take_much, UINT64_C(1) << 30), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_report_tells_what_holds),
        cmocka_unit_test(required_means_all_or_nothing),
        cmocka_unit_test(work_goes_on),
        cmocka_unit_test(files_elsewhere_are_out_of_reach),
        cmocka_unit_test(calls_that_are_not_needed_kill),
        cmocka_unit_test(memory_has_a_limit),
    };
    return cmocka_run_group_tests(tests, enter_work, leave_work);
}
