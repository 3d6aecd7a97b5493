/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A large catalog is not checked before the daemon serves, which would take minutes, but by another
 * pared (`--check-catalog`) beside it. When that, or any work with the catalog, finds damage, the
 * daemon starts again, and its start replaces the catalog (catalog_open_or_replace).
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/daemon_private.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define DAMAGED 3 /* exit status of the checking process */

static void replace_catalog(struct daemon *daemon)
{
    log_error("the catalog is damaged: starting again with a new one");
    daemon->result = DAEMON_RESTART;
    loop_quit(daemon->loop);
}

void catalog_watch_damage(struct daemon *daemon)
{
    struct error err = ERROR_INIT;
    if (!catalog_is_damaged(daemon->catalog))
        return;
    if (catalog_condemn(daemon->config->catalog, "found at work", &err) < 0)
        log_error("%s", err.text);
    else
        replace_catalog(daemon);
}

static void stop(struct daemon *daemon)
{
    loop_remove(daemon->loop, TAKE(daemon->check_source));
    cleanup_close(&daemon->check_fd);
    daemon->check_fd = -1;
    daemon->check_pid = 0;
}

static void on_end(void *context, uint32_t events)
{
    struct daemon *daemon = context;
    int status = 0;
    (void)events;
    if (waitpid(daemon->check_pid, &status, WNOHANG) != daemon->check_pid)
        return;
    stop(daemon);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        log_info("the catalog is sound");
    else if (WIFEXITED(status) && WEXITSTATUS(status) == DAMAGED)
        replace_catalog(daemon);
    else
        log_warning("the catalog could not be checked (status %d)", status);
}

static int spawn_check(const char *path, pid_t *ret_pid)
{
    char *const argv[] = { "pared", "--check-catalog", (char *)path, NULL };
    char *const env[] = { NULL };
    posix_spawnattr_t attributes;
    sigset_t none;
    (void)sigemptyset(&none);
    int r = posix_spawnattr_init(&attributes);
    if (r != 0)
        return r;
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    r = posix_spawn(ret_pid, "/proc/self/exe", NULL, &attributes, argv, env);
    (void)posix_spawnattr_destroy(&attributes);
    return r;
}

void catalog_check_start(struct daemon *daemon)
{
    struct error err = ERROR_INIT;
    daemon->check_fd = -1;
    if (catalog_is_checked(daemon->catalog))
        return;
    int problem = spawn_check(daemon->config->catalog, &daemon->check_pid);
    if (problem == 0)
        daemon->check_fd = (int)syscall(SYS_pidfd_open, daemon->check_pid, 0);
    int r = daemon->check_fd < 0 ? error_errno(&err, problem ? problem : errno, "cannot start")
                                 : loop_add(daemon->loop, "catalog check", daemon->check_fd,
                                            EPOLLIN, on_end, daemon, &daemon->check_source, &err);
    if (r < 0)
        log_warning("the catalog is not checked: %s", err.text);
    else
        log_info("the catalog is large and is checked while the daemon works");
}

void catalog_check_stop(struct daemon *daemon)
{
    if (daemon->check_pid > 0) {
        (void)kill(daemon->check_pid, SIGKILL);
        (void)waitpid(daemon->check_pid, NULL, 0);
    }
    if (daemon->check_source)
        stop(daemon);
}

/* In the other process: it may not be in anybody's way. */
int catalog_check_main(const char *path)
{
    struct error err = ERROR_INIT;
    (void)setpriority(PRIO_PROCESS, 0, 19);
#ifdef SYS_ioprio_set
    (void)syscall(SYS_ioprio_set, 1, 0, 3 << 13); /* this process, idle (linux/ioprio.h) */
#endif
    int r = catalog_check(path, &err);
    if (r >= 0)
        return 0;
    log_error("%s", err.text);
    if (r != PARE_EDATA)
        return 1;
    struct error problem = ERROR_INIT;
    if (catalog_condemn(path, err.text, &problem) < 0)
        log_error("%s", problem.text);
    return DAMAGED;
}
