/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* States of source files: see source_state.h. Any thread. */
#include "source/source_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <time.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TICK_NSEC 20000000 /* twice the longest tick of kernels, at 100 Hz */

#ifndef CIFS_SUPER_MAGIC
#define CIFS_SUPER_MAGIC 0xff534d42
#endif
#ifndef SMB2_SUPER_MAGIC
#define SMB2_SUPER_MAGIC 0xfe534d42
#endif
#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif
#ifndef V9FS_MAGIC
#define V9FS_MAGIC 0x01021997
#endif
#ifndef CEPH_SUPER_MAGIC
#define CEPH_SUPER_MAGIC 0x00c36400
#endif

/* FNV-1a of the path; 0 when there is none to be had. */
static uint64_t hash_place(int fd)
{
    char link[64], path[PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path);
    uint64_t h = 0xcbf29ce484222325u;
    for (ssize_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)path[i]) * 0x100000001b3u;
    return n < 0 ? 0 : h;
}

int source_state_take(int fd, const char *name, struct source_state *ret_state, struct error *err)
{
    struct source_state state = { .place = hash_place(fd) };
    if (fstat(fd, &state.st) < 0)
        return error_errno(err, errno, "%s", name);
    *ret_state = state;
    return 0;
}

static int same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* 1 when something else than a write moved the change time. */
static int is_explained(const struct source_state *before, const struct source_state *now)
{
    return before->st.st_nlink != now->st.st_nlink || before->st.st_mode != now->st.st_mode ||
           before->st.st_uid != now->st.st_uid || before->st.st_gid != now->st.st_gid ||
           before->place != now->place;
}

int source_state_check(int fd, const char *name, const struct source_state *state,
                       struct error *err)
{
    struct source_state now = { .place = 0 };
    int r = source_state_take(fd, name, &now, err);
    if (r < 0)
        return r;
    const struct stat *a = &state->st, *b = &now.st;
    const char *what = NULL;
    if (a->st_size != b->st_size)
        what = b->st_size < a->st_size ? "cut short" : "made longer";
    else if (a->st_ino != b->st_ino || a->st_dev != b->st_dev)
        what = "exchanged";
    else if (!same_time(&a->st_mtim, &b->st_mtim) ||
             (!same_time(&a->st_ctim, &b->st_ctim) && !is_explained(state, &now)))
        what = "written";
    if (!what)
        return 0;
    return error_set(err, PARE_ECHANGED,
                     "%s was %s while it was read, so that nothing made of it can be trusted: "
                     "convert it again when nobody writes it",
                     name, what);
}

int source_state_let_tick(const struct stat *st)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int64_t age = (int64_t)(now.tv_sec - st->st_mtim.tv_sec);
    if (age < 0 || age > 1)
        return 0;
    age = age * 1000000000 + now.tv_nsec - st->st_mtim.tv_nsec;
    if (age < 0 || age >= TICK_NSEC)
        return 0;
    struct timespec wait = { .tv_nsec = TICK_NSEC - (long)age };
    (void)nanosleep(&wait, NULL);
    return 1;
}

static int leases_mean_something(int fd)
{
    struct statfs st;
    if (fstatfs(fd, &st) < 0)
        return 0;
    switch ((unsigned long)st.f_type) {
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case CIFS_SUPER_MAGIC & 0xffffffff:
    case SMB2_SUPER_MAGIC & 0xffffffff:
    case FUSE_SUPER_MAGIC:
    case V9FS_MAGIC:
    case CEPH_SUPER_MAGIC:
        return 0;
    default:
        return 1;
    }
}

int source_state_has_writer(int fd)
{
    if (!leases_mean_something(fd))
        return -1;
    if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
        (void)fcntl(fd, F_SETLEASE, F_UNLCK);
        return 0;
    }
    return errno == EAGAIN ? 1 : -1;
}
