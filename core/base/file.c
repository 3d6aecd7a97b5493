/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Files: see file.h. openat2 and renameat2 are called directly where libc lacks them. */
#include "base/file.h"

#include "base/cleanup.h"
#include "base/timing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define CUT_BYTES (1ll << 30) /* of a large file are freed at once, when there is little time */
#define MAX_DEPTH 64          /* of nested directories, two descriptors each */

int file_pread(int fd, void *buffer, size_t n, uint64_t offset, struct error *err)
{
    unsigned char *p = buffer;
    size_t done = 0;
    while (done < n) {
        ssize_t r = pread(fd, p + done, n - done, (off_t)(offset + done));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return error_errno(err, errno, "cannot read %zu bytes at %llu", n - done,
                               (unsigned long long)(offset + done));
        if (r == 0)
            return error_set(err, PARE_EINCOMPLETE, "the file ends at byte %llu, %zu bytes short",
                             (unsigned long long)(offset + done), n - done);
        done += (size_t)r;
    }
    return 0;
}

int file_pwrite(int fd, const void *buffer, size_t n, uint64_t offset, struct error *err)
{
    const unsigned char *p = buffer;
    size_t done = 0;
    while (done < n) {
        ssize_t r = pwrite(fd, p + done, n - done, (off_t)(offset + done));
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return error_place(err, r ? errno : ENOSPC, "cannot write %zu bytes at %llu", n - done,
                               (unsigned long long)(offset + done));
        done += (size_t)r;
    }
    return 0;
}

int file_write(int fd, const void *buffer, size_t n, struct error *err)
{
    const unsigned char *p = buffer;
    size_t done = 0;
    while (done < n) {
        ssize_t r = write(fd, p + done, n - done);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return error_place(err, r ? errno : ENOSPC, "cannot write");
        done += (size_t)r;
    }
    return 0;
}

int file_read_open(int fd, const char *path, size_t limit, char **ret_data, size_t *ret_len,
                   struct error *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(err, errno, "%s", path);
    if (!S_ISREG(st.st_mode))
        return error_set(err, PARE_EDATA, "%s: not a regular file", path);
    if ((uint64_t)st.st_size > limit)
        return error_set(err, PARE_ELIMIT, "%s: %lld bytes, the limit is %zu", path,
                         (long long)st.st_size, limit);
    size_t n = (size_t)st.st_size;
    _cleanup_free_ char *data = malloc(n + 1);
    if (!data)
        return error_oom(err);
    int r = file_pread(fd, data, n, 0, err);
    if (r < 0)
        return error_prefix(err, "%s", path);
    data[n] = 0;
    *ret_data = TAKE(data);
    if (ret_len)
        *ret_len = n;
    return 0;
}

int file_read_all(int dirfd, const char *path, size_t limit, char **ret_data, size_t *ret_len,
                  struct error *err)
{
    _cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_errno(err, errno, "%s", path);
    return file_read_open(fd, path, limit, ret_data, ret_len, err);
}

int file_write_durably(int dirfd, const char *name, const void *data, size_t n, struct error *err)
{
    char tmp[NAME_MAX + 1];
    int len = snprintf(tmp, sizeof tmp, ".%.200s.%d.tmp", name, (int)getpid());
    if (len < 0 || (size_t)len >= sizeof tmp)
        return error_set(err, PARE_ELIMIT, "%s: the name is too long", name);
    _cleanup_close_ int fd = openat(dirfd, tmp,
                                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return error_place(err, errno, "cannot create %s", tmp);
    int r = file_write(fd, data, n, err);
    if (r == 0)
        r = file_sync(fd, name, err);
    if (r == 0 && renameat(dirfd, tmp, dirfd, name) < 0)
        r = error_place(err, errno, "cannot rename to %s", name);
    if (r < 0) {
        (void)unlinkat(dirfd, tmp, 0);
        return error_prefix(err, "%s", name);
    }
    _cleanup_close_ int dir = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return error_place(err, errno, "cannot open the directory of %s", name);
    return file_sync(dir, "the directory", err);
}

int file_write_unsynced(int dirfd, const char *name, const void *data, size_t n, int *ret_fd,
                        struct error *err)
{
    _cleanup_close_ int fd = openat(dirfd, name,
                                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return error_place(err, errno, "cannot create %s", name);
    int r = file_write(fd, data, n, err);
    if (r < 0)
        return error_prefix(err, "%s", name);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

int file_open_regular(int dirfd, const char *path, int beneath, int *ret_fd, struct error *err)
{
    struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY,
        .resolve = beneath ? RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS : 0,
    };
    _cleanup_close_ int fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
    if (fd < 0 && errno == ENOSYS)
        fd = openat(dirfd, path, (int)how.flags);
    if (fd < 0 && errno == ELOOP)
        return error_set(err, PARE_EDATA, "%s: is a symbolic link, which is not followed", path);
    if (fd < 0 && (errno == ENXIO || errno == ENODEV))
        return error_set(err, PARE_EDATA, "%s: not a regular file", path);
    if (fd < 0)
        return error_errno(err, errno, "%s", path);
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(err, errno, "%s", path);
    if (!S_ISREG(st.st_mode))
        return error_set(err, PARE_EDATA, "%s: not a regular file", path);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

int file_open_dir(int dirfd, const char *path, int *ret_fd, struct error *err)
{
    int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return error_errno(err, errno, "cannot open the directory %s", path);
    *ret_fd = fd;
    return 0;
}

int file_make_dirs(const char *path, mode_t mode, struct error *err)
{
    _cleanup_free_ char *copy = strdup(path);
    if (!copy)
        return error_oom(err);
    for (char *p = copy + 1; *copy; p++) {
        if (*p && *p != '/')
            continue;
        char c = *p;
        *p = 0;
        if (mkdir(copy, mode) < 0 && errno != EEXIST)
            return error_place(err, errno, "cannot create the directory %s", copy);
        *p = c;
        if (!c)
            break;
    }
    return 0;
}

int file_rename_new(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name,
                    struct error *err)
{
    if (syscall(SYS_renameat2, old_dirfd, old_name, new_dirfd, new_name, 1u /* NOREPLACE */) == 0)
        return 0;
    if (errno == EEXIST)
        return 1;
    return error_place(err, errno, "cannot rename %s to %s", old_name, new_name);
}

int file_sync(int fd, const char *what, struct error *err)
{
    if (fsync(fd) < 0)
        return error_place(err, errno, "cannot sync %s", what);
    return 0;
}

/* A tree that is removed. Confined processes may have made it, as deep as they liked and with any
 * modes: what lies deeper than MAX_DEPTH is moved up to the top first. */
struct removal {
    int top;        /* descriptor of the tree's own directory */
    unsigned moved; /* directories moved up so far */
    uint64_t start; /* timing_now */
    double seconds; /* for so long; 0: until the end */
    int has_begun;  /* something is removed: with little time, too, it comes to an end */
};

static int is_over(const struct removal *removal)
{
    return removal->seconds > 0 && removal->has_begun &&
           timing_since(removal->start) > removal->seconds;
}

/* A large file's space is freed piece by piece. 1: there is more of it, and the time is over. */
static int shorten(struct removal *removal, int dirfd, const char *name)
{
    struct stat st;
    if (removal->seconds <= 0 || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_blocks < CUT_BYTES / 512)
        return 0;
    _cleanup_close_ int fd = openat(dirfd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    for (off_t size = st.st_size; fd >= 0 && size > CUT_BYTES;) {
        size -= CUT_BYTES;
        if (ftruncate(fd, size) < 0)
            return 0;
        removal->has_begun = 1;
        if (is_over(removal))
            return 1;
    }
    return 0;
}

static int remove_children(struct removal *removal, int fd, int depth, struct error *err);

static int move_up(struct removal *removal, int dirfd, const char *name, struct error *err)
{
    char up[32];
    for (int tries = 0; tries < 1000; tries++) {
        (void)snprintf(up, sizeof up, ".moved-up-%u", removal->moved++);
        if (renameat(dirfd, name, removal->top, up) == 0) {
            removal->has_begun = 1;
            return 0;
        }
        if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
            break;
    }
    return error_errno(err, errno, "cannot move the directory %s up, to remove it", name);
}

/* As file_open_dir, also when the directory's mode forbids it to its owner. */
static int open_any_dir(int dirfd, const char *name, int *ret_fd, struct error *err)
{
    int r = file_open_dir(dirfd, name, ret_fd, err);
    if (r < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
        r = file_open_dir(dirfd, name, ret_fd, err);
    return r;
}

static int remove_entry(struct removal *removal, int dirfd, const char *name, int depth,
                        struct error *err)
{
    if (is_over(removal) || shorten(removal, dirfd, name))
        return 1;
    if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT) {
        removal->has_begun = 1;
        return 0;
    }
    if (errno != EISDIR && errno != EPERM)
        return error_errno(err, errno, "cannot remove %s", name);
    if (depth > MAX_DEPTH)
        return move_up(removal, dirfd, name, err);
    int fd = -1;
    int r = open_any_dir(dirfd, name, &fd, err);
    if (r < 0)
        return r;
    if (depth == 0)
        removal->top = fd;
    unsigned moved;
    do { /* once more: some entries may have been moved to the top meanwhile */
        moved = removal->moved;
        r = remove_children(removal, fd, depth, err);
    } while (r == 0 && depth == 0 && removal->moved != moved);
    (void)close(fd);
    if (r == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        r = error_errno(err, errno, "cannot remove the directory %s", name);
    removal->has_begun |= r == 0;
    return r;
}

static int remove_children(struct removal *removal, int fd, int depth, struct error *err)
{
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *dir = own < 0 ? NULL : fdopendir(own);
    if (!dir) {
        int r = error_errno(err, errno, "cannot list a directory to remove it");
        if (own >= 0)
            (void)close(own);
        return r;
    }
    int r = 0;
    const struct dirent *entry;
    while (r == 0 && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            r = remove_entry(removal, fd, entry->d_name, depth + 1, err);
    return r;
}

int file_remove_tree(int dirfd, const char *name, struct error *err)
{
    struct removal removal = { .top = -1 };
    return remove_entry(&removal, dirfd, name, 0, err);
}

int file_remove_some(int dirfd, const char *name, double seconds, struct error *err)
{
    uint64_t now = timing_now();
    /* numbers that the call before has hardly used */
    struct removal removal = {
        .top = -1, .moved = (unsigned)(now >> 10), .start = now, .seconds = seconds
    };
    return remove_entry(&removal, dirfd, name, 0, err);
}

int file_name_is_plain(const char *name)
{
    return *name && strcmp(name, ".") && strcmp(name, "..") && !strchr(name, '/');
}

int file_name_is_inside(const char *name)
{
    const char *slash = strchr(name, '/');
    char first[NAME_MAX + 1];
    if (!slash)
        return file_name_is_plain(name);
    if ((size_t)(slash - name) > NAME_MAX)
        return 0;
    memcpy(first, name, (size_t)(slash - name));
    first[slash - name] = 0;
    return file_name_is_plain(first) && file_name_is_plain(slash + 1);
}
