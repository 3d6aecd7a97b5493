/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Stopping with the terminal: see stopped.h. The handler only reads and writes what is here. */
#include "supervise/stopped.h"

#include "base/timing.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

#define MOST 16 /* workers at a time; the command line has one */

static _Atomic pid_t workers[MOST];
static _Atomic uint64_t continued;

static void signal_all(int signal)
{
    for (int i = 0; i < MOST; i++) {
        pid_t pid = atomic_load(&workers[i]);
        if (pid > 0 && kill(-pid, signal) < 0)
            (void)kill(pid, signal);
    }
}

static void on_stop(int signal)
{
    int saved = errno;
    (void)signal;
    signal_all(SIGSTOP);
    (void)raise(SIGSTOP);
    signal_all(SIGCONT);
    atomic_store(&continued, timing_now());
    errno = saved;
}

void stopped_catch(void)
{
    struct sigaction action = { .sa_handler = on_stop, .sa_flags = SA_RESTART };
    struct sigaction old;
    if (sigaction(SIGTSTP, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        (void)sigaction(SIGTSTP, &action, NULL);
}

void stopped_wait(int wait)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTSTP);
    (void)sigprocmask(wait ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

void stopped_add(pid_t pid)
{
    for (int i = 0; i < MOST; i++) {
        pid_t none = 0;
        if (atomic_compare_exchange_strong(&workers[i], &none, pid))
            return;
    }
}

void stopped_remove(pid_t pid)
{
    for (int i = 0; i < MOST; i++)
        if (atomic_load(&workers[i]) == pid)
            atomic_store(&workers[i], 0);
}

uint64_t stopped_until(void)
{
    return atomic_load(&continued);
}
