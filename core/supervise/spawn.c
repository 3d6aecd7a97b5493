/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * fork and execve: see spawn.h. Between the two the child calls only async-signal-safe
 * functions, so all memory is allocated before the fork. When it fails, it says why on its
 * standard error and exits with 127.
 */
#include "supervise/spawn.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OOM_SCORE "500"

struct child {
    const char *path;
    const struct spawn_files *files;
    pid_t parent;
};

static int compare_ints(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

__attribute__((noreturn)) static void give_up(const char *what)
{
    const char *why = strerror(errno);
    (void)!write(STDERR_FILENO, what, strlen(what));
    (void)!write(STDERR_FILENO, ": ", 2);
    (void)!write(STDERR_FILENO, why, strlen(why));
    (void)!write(STDERR_FILENO, "\n", 1);
    _exit(127);
}

static void reset_signals(void)
{
    struct sigaction action = { .sa_handler = SIG_DFL };
    for (int s = 1; s < NSIG; s++)
        (void)sigaction(s, &action, NULL);
    (void)signal(SIGXFSZ, SIG_IGN); /* a limit on files is an error of write, not a crash */
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void raise_oom_score(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!write(fd, OOM_SCORE, strlen(OOM_SCORE));
    (void)close(fd);
}

static void close_all_but(const int *fds, size_t n)
{
    unsigned from = 3;
    for (size_t i = 0; i < n; i++) {
        unsigned fd = (unsigned)fds[i];
        if (fd > from && syscall(SYS_close_range, from, fd - 1, 0) < 0)
            give_up("cannot close descriptors");
        if (fcntl(fds[i], F_SETFD, 0) < 0)
            give_up("cannot pass a descriptor");
        from = fd + 1;
    }
    if (syscall(SYS_close_range, from, ~0u, 0) < 0)
        give_up("cannot close descriptors");
}

__attribute__((noreturn)) static void run_child(const struct child *child)
{
    const struct spawn_files *files = child->files;
    if (dup2(files->err, STDERR_FILENO) < 0 || dup2(files->out, STDOUT_FILENO) < 0 ||
        dup2(files->in, STDIN_FILENO) < 0)
        give_up("cannot set up standard input and output");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        give_up("cannot ask to die with the parent");
    if (getppid() != child->parent)
        _exit(127); /* it died before we asked */
    (void)setpgid(0, 0);
    reset_signals();
    raise_oom_score();
    close_all_but(files->fds, files->n_fds);
    char name[] = "pare-worker";
    char *argv[] = { name, NULL };
    char *env[] = { NULL };
    (void)execve(child->path, argv, env);
    give_up(child->path);
}

/* A pipe whose read end does not block; both ends lie above the standard descriptors. */
static int make_pipe(int ret_ends[2], struct error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(err, errno, "cannot make a pipe");
    int r = 0;
    for (int i = 0; i < 2; i++) {
        ret_ends[i] = ends[i] > STDERR_FILENO ? ends[i] : fcntl(ends[i], F_DUPFD_CLOEXEC, 3);
        if (ret_ends[i] != ends[i])
            (void)close(ends[i]);
        if (ret_ends[i] < 0)
            r = error_errno(err, errno, "cannot make a pipe");
    }
    if (r == 0 && fcntl(ret_ends[0], F_SETFL, O_NONBLOCK) < 0)
        r = error_errno(err, errno, "cannot make a pipe");
    return r;
}

static int sort_fds(const int *fds, size_t n, int **ret_sorted, struct error *err)
{
    _cleanup_free_ int *sorted = calloc(n + 1, sizeof *sorted);
    if (!sorted)
        return error_oom(err);
    if (n)
        memcpy(sorted, fds, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_ints);
    for (size_t i = 0; i < n; i++)
        if (sorted[i] <= STDERR_FILENO || (i && sorted[i] == sorted[i - 1]))
            return error_set(err, PARE_EINTERNAL, "descriptor %d cannot be passed on", sorted[i]);
    *ret_sorted = TAKE(sorted);
    return 0;
}

/* Turns the fork's pid into a spawned process; kills it when its pidfd cannot be had. */
static int adopt(pid_t pid, struct spawned *ret_spawned, struct error *err)
{
    (void)setpgid(pid, pid);
    int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pid_fd < 0) {
        int r = error_errno(err, errno, "cannot watch the worker");
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        return r;
    }
    ret_spawned->pid = pid;
    ret_spawned->pid_fd = pid_fd;
    return 0;
}

int spawn_by(spawn_start_fn *start, void *context, int in, const int *fds, size_t n_fds,
             struct spawned *ret_spawned, struct error *err)
{
    _cleanup_free_ int *sorted = NULL;
    int out[2] = { -1, -1 }, errors[2] = { -1, -1 };
    struct spawned spawned = { .pid = -1 };
    int r = sort_fds(fds, n_fds, &sorted, err);
    if (r == 0)
        r = make_pipe(out, err);
    if (r == 0)
        r = make_pipe(errors, err);
    if (r == 0) {
        struct spawn_files files = { in, out[1], errors[1], sorted, n_fds };
        pid_t pid = -1;
        r = start(context, &files, &pid, err);
        if (r == 0)
            r = adopt(pid, &spawned, err);
    }
    cleanup_close(&out[1]);
    cleanup_close(&errors[1]);
    if (r != 0) {
        cleanup_close(&out[0]);
        cleanup_close(&errors[0]);
        return r;
    }
    spawned.out = out[0];
    spawned.err = errors[0];
    *ret_spawned = spawned;
    return 0;
}

/* A spawn_start_fn; the context is the program's path. */
static int start_program(void *context, const struct spawn_files *files, pid_t *ret_pid,
                         struct error *err)
{
    struct child child = { context, files, getpid() };
    pid_t pid = fork();
    if (pid == 0)
        run_child(&child);
    if (pid < 0)
        return error_errno(err, errno, "cannot start the worker");
    *ret_pid = pid;
    return 0;
}

int spawn(const char *path, int in, const int *fds, size_t n_fds, struct spawned *ret_spawned,
          struct error *err)
{
    if (access(path, X_OK) < 0)
        return error_errno(err, errno, "cannot run the worker %s", path);
    return spawn_by(start_program, (void *)path, in, fds, n_fds, ret_spawned, err);
}

int spawn_request(const json_t *request, int *ret_fd, struct error *err)
{
    _cleanup_free_ char *text = json_to_text(request);
    if (!text)
        return error_oom(err);
    _cleanup_close_ int fd = memfd_create("request", MFD_CLOEXEC);
    if (fd < 0)
        return error_errno(err, errno, "cannot make the worker's request");
    int r = file_pwrite(fd, text, strlen(text), 0, err);
    if (r == 0)
        *ret_fd = TAKE_FD(fd);
    return r;
}
