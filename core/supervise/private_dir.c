/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Directories of the daemon's own: see private_dir.h. */
#include "supervise/private_dir.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define TRIES 10
#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)

int private_dir_protect(int dirfd)
{
    struct stat st;
    if (fstat(dirfd, &st) < 0 || !(st.st_mode & WRITABLE_BY_OTHERS) || (st.st_mode & S_ISVTX))
        return 0;
    /* With the bit, files of others can be renamed by the owner of the directory only. */
    int ours = st.st_uid == geteuid() || !geteuid();
    if (ours && fchmod(dirfd, (st.st_mode & 07777) | S_ISVTX) == 0 && fstat(dirfd, &st) == 0 &&
        (st.st_mode & S_ISVTX))
        return 0;
    return PRIVATE_DIR_OPEN_TO_OTHERS;
}

static int check(int fd, int parent, const char *path, const char *name, struct error *err)
{
    struct stat st, above;
    if (fstat(fd, &st) < 0 || fstat(parent, &above) < 0)
        return error_errno(err, errno, "%s/%s", path, name);
    if (st.st_uid != geteuid() && st.st_uid != 0 && st.st_uid != above.st_uid)
        return error_set(
            err, PARE_EUSAGE,
            "%s/%s belongs to another user (uid %u), who could replace what pared keeps "
            "there: see what is in it, and move it away or give it to pared's user",
            path, name, (unsigned)st.st_uid);
    if (!(st.st_mode & WRITABLE_BY_OTHERS))
        return 0;
    if (fchmod(fd, 0700) < 0 || fstat(fd, &st) < 0 || (st.st_mode & WRITABLE_BY_OTHERS))
        return PRIVATE_DIR_OPEN_TO_OTHERS;
    return 0;
}

int private_dir_open(int dirfd, const char *path, const char *name, int *ret_fd, struct error *err)
{
    _cleanup_close_ int fd = -1;
    for (int i = 0; i < TRIES && fd < 0; i++) { /* the end of a job elsewhere may remove it */
        if (mkdirat(dirfd, name, 0700) < 0 && errno != EEXIST)
            return error_errno(err, errno, "cannot make the directory %s/%s", path, name);
        fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno != ENOENT)
            break;
    }
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
        return error_set(err, PARE_EUSAGE,
                         "%s/%s is no directory: pared keeps its own files there, so move it away",
                         path, name);
    if (fd < 0)
        return error_errno(err, errno, "cannot open the directory %s/%s", path, name);
    int r = check(fd, dirfd, path, name, err);
    if (r >= 0)
        *ret_fd = TAKE_FD(fd);
    return r;
}
