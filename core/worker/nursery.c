/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The nursery: see nursery.h. It has one thread. A packet has as numbers how many descriptors the
 * job names, and those; with it come standard input, output and error, and these descriptors. The
 * copy reports itself by a packet of one byte: the kernel tells the parent who sent it.
 *
 * Before each copy it looks whether anything that it has loaded, or a directory of plugins, is
 * another one on disk now. Then it ends, and the parent starts a new one.
 */
#include "worker/nursery.h"

#include "base/cleanup.h"
#include "base/fdpass.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FIXED 3 /* descriptors before those with numbers: standard input, output, error */

/* ---- what is loaded ---- */

static void add_number(uint64_t *state, uint64_t x)
{
    *state = (*state ^ x) * 0x9e3779b97f4a7c15u;
    *state ^= *state >> 29;
}

static void add_file(uint64_t *state, const char *path)
{
    struct stat st = { 0 };
    if (stat(path, &st) < 0)
        st = (struct stat){ 0 };
    add_number(state, st.st_dev);
    add_number(state, st.st_ino);
    add_number(state, (uint64_t)st.st_size);
    add_number(state, (uint64_t)st.st_mtim.tv_sec);
    add_number(state, (uint64_t)st.st_mtim.tv_nsec);
    add_number(state, (uint64_t)st.st_ctim.tv_sec);
    add_number(state, (uint64_t)st.st_ctim.tv_nsec);
}

static int add_object(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    if (info->dlpi_name && strchr(info->dlpi_name, '/'))
        add_file(context, info->dlpi_name);
    return 0;
}

/* A number for the state of all files that are loaded, of the program, and of the directories of
 * plugins. */
static uint64_t loaded_state(const struct nursery_rules *rules)
{
    uint64_t state = 0;
    char path[PATH_MAX];
    add_file(&state, rules->worker);
    for (const char *p = rules->sandbox.plugins; *p;) {
        size_t n = strcspn(p, ":");
        if (n && n < sizeof path) {
            memcpy(path, p, n);
            path[n] = 0;
            add_file(&state, path);
        }
        p += n + (p[n] == ':');
    }
    (void)dl_iterate_phdr(add_object, &state);
    return state;
}

/* ---- copies ---- */

/* Moves the descriptors that came to the numbers that they are to have. First all go above the
 * highest of these, so that none is in another's way. */
static int place_fds(struct fdpass *packet, const int *numbers)
{
    int first = FIXED;
    for (size_t i = 0; i < packet->n_fds; i++)
        first = numbers[i] >= first ? numbers[i] + 1 : first;
    for (size_t i = 0; i < packet->n_fds; i++)
        if (packet->fds[i] < first) {
            packet->fds[i] = fcntl(packet->fds[i], F_DUPFD_CLOEXEC, first);
            if (packet->fds[i] < 0)
                return -1;
        }
    for (size_t i = 0; i < packet->n_fds; i++)
        if (dup2(packet->fds[i], numbers[i]) < 0)
            return -1;
    return 0;
}

/* numbers: ascending. */
static int close_others(const int *numbers, size_t n)
{
    unsigned from = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned fd = (unsigned)numbers[i];
        if (fd > from && syscall(SYS_close_range, from, fd - 1, 0) < 0)
            return -1;
        from = fd + 1;
    }
    return (int)syscall(SYS_close_range, from, ~0u, 0);
}

/* In the copy. Whatever fails ends it, which the parent sees: it hears nothing of it. */
static void become_worker(const struct nursery *nursery, struct fdpass *packet, const int *numbers)
{
    struct error ignored = ERROR_INIT;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != nursery->parent || setpgid(0, 0) < 0 ||
        fdpass_send(nursery->socket, "w", 1, NULL, 0, &ignored) < 0 ||
        place_fds(packet, numbers) < 0 || close_others(numbers, packet->n_fds) < 0)
        _exit(127);
    (void)prctl(PR_SET_NAME, "pare-worker");
}

/* As fork, but the copy is our parent's child. libc's own fork cannot do that; what it does beside
 * is for other threads, and to tell the copy its number, which is done here, too. */
static pid_t copy_self(const struct nursery *nursery)
{
    struct clone_args how = {
        .flags = CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID,
        .child_tid = (uint64_t)(uintptr_t)nursery->own_tid,
    };
    return (pid_t)syscall(SYS_clone3, &how, sizeof how);
}

/* The numbers of all descriptors of a packet, in its order. -1: it makes no sense. */
static int read_numbers(const int32_t *data, const struct fdpass *packet, int *numbers)
{
    size_t n = packet->n / sizeof *data;
    if (n < 1 || packet->n_fds != FIXED + (size_t)data[0] || n != 1 + (size_t)data[0])
        return -1;
    for (int i = 0; i < FIXED; i++)
        numbers[i] = i;
    for (size_t i = FIXED; i < packet->n_fds; i++) {
        numbers[i] = data[1 + i - FIXED];
        if (numbers[i] <= numbers[i - 1])
            return -1;
    }
    return 0;
}

int nursery_serve(const struct nursery *nursery, struct error *err)
{
    const uint64_t state = loaded_state(nursery->rules);
    int r = fdpass_send(nursery->socket, "n", 1, NULL, 0, err);
    while (r == 0) {
        int32_t data[FDPASS_MAX];
        int numbers[FDPASS_MAX];
        struct fdpass packet;
        r = fdpass_receive(nursery->socket, data, sizeof data, &packet, err);
        if (r != 0)
            return r < 0 ? r : 0;
        if (loaded_state(nursery->rules) != state || read_numbers(data, &packet, numbers) < 0)
            return 0;
        pid_t pid = copy_self(nursery);
        if (pid == 0) {
            become_worker(nursery, &packet, numbers);
            return 1;
        }
        fdpass_close(&packet);
        if (pid < 0)
            return error_errno(err, errno, "cannot copy the nursery");
    }
    return r;
}

int nursery_enter(struct nursery *nursery, const struct nursery_rules *rules, struct error *err)
{
    *nursery = (struct nursery){ .socket = rules->socket, .parent = getppid(), .rules = rules };
    if (sandbox_is_sanitized())
        return error_set(err, PARE_ENOTSUP, "a sanitizer does not follow copies of its process");
    if (prctl(PR_GET_TID_ADDRESS, &nursery->own_tid) < 0 || !nursery->own_tid)
        return error_errno(err, errno, "this kernel does not tell where a thread's number is");
    (void)prctl(PR_SET_NAME, "pare-nursery");
    return rules->unconfined ? 0 : sandbox_enter_nursery(&rules->sandbox, err);
}
