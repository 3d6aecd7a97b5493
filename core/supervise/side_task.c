/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Work in a forked child: see side_task.h. The child sends its error, of which a code of 0 is
 * success, through a pipe and ends without any of the parent's clean-up.
 */
#include "supervise/side_task.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

struct side_task {
    pid_t pid;
    int fd;
    size_t got;
    struct error said;
};

static void __attribute__((noreturn))
run_child(side_task_fn *run, void *context, int fd, pid_t parent)
{
    struct error err = ERROR_INIT;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    int r = run(context, &err);
    err.code = r < 0 ? r : 0;
    ssize_t n = write(fd, &err, sizeof err); /* fits a pipe's buffer: all or nothing */
    _exit(n != sizeof err);
}

int side_task_start(side_task_fn *run, void *context, struct side_task **ret_task,
                    struct error *err)
{
    int fds[2];
    pid_t parent = getpid();
    struct side_task *task = calloc(1, sizeof *task);
    if (!task)
        return error_oom(err);
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
        free(task);
        return error_errno(err, errno, "cannot make a pipe");
    }
    task->fd = fds[0];
    task->pid = fork();
    if (task->pid == 0)
        run_child(run, context, fds[1], parent);
    int problem = errno;
    (void)close(fds[1]);
    if (task->pid < 0) {
        side_task_free(task);
        return error_errno(err, problem, "cannot start a process");
    }
    *ret_task = task;
    return 0;
}

static void reap(struct side_task *task)
{
    while (waitpid(task->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    task->pid = 0;
}

void side_task_free(struct side_task *task)
{
    if (!task)
        return;
    if (task->pid > 0) {
        (void)kill(task->pid, SIGKILL);
        reap(task);
    }
    cleanup_close(&task->fd);
    free(task);
}

int side_task_fd(const struct side_task *task)
{
    return task->fd;
}

int side_task_check(struct side_task *task, struct error *err)
{
    ssize_t n = read(task->fd, (char *)&task->said + task->got, sizeof task->said - task->got);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    task->got += n > 0 ? (size_t)n : 0;
    if (n > 0 && task->got < sizeof task->said)
        return 0;
    reap(task);
    if (task->got < sizeof task->said)
        return error_set(err, PARE_ECRASH, "the process that writes manifest and report died");
    task->said.text[sizeof task->said.text - 1] = 0;
    return task->said.code ? error_set(err, task->said.code, "%s", task->said.text) : 1;
}
