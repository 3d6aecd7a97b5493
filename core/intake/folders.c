/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Directories: see folders.h. */
#include "intake/folders.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "intake/lock.h"
#include "supervise/private_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static const struct folders CLOSED = { .drop_fd = -1,
                                       .claimed_fd = -1,
                                       .archive_fd = -1,
                                       .failed_fd = -1,
                                       .out_fd = -1,
                                       .locks = { -1, -1, -1, -1 } };

void folders_init(struct folders *folders)
{
    *folders = CLOSED;
}

static char *join(const char *a, const char *b)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_printf(&sb, "%s/%s", a, b);
    return strbuf_finish(&sb);
}

static int set_paths(const struct config *config, struct folders *f, struct error *err)
{
    f->drop_path = strdup(config->drop);
    f->out_path = strdup(config->out);
    f->claimed_path = join(config->drop, FOLDERS_HIDDEN "/" FOLDERS_CLAIMED);
    f->archive_path = strdup(config->archive);
    f->failed_path = strdup(config->failed);
    if (!f->drop_path || !f->out_path || !f->claimed_path || !f->archive_path || !f->failed_path)
        return error_oom(err);
    return 0;
}

/* Makes a directory and opens it, following links in its path: the administrator put them there. */
static int make_and_open(const char *path, mode_t mode, int *ret_fd, struct error *err)
{
    int r = file_make_dirs(path, mode, err);
    if (r < 0)
        return r;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, errno, "cannot open the directory %s", path);
    *ret_fd = fd;
    return 0;
}

/* Says what cannot be helped. */
static int warn_of_others(int r, const char *path)
{
    if (r == PRIVATE_DIR_OPEN_TO_OTHERS)
        log_warning(
            "%s: others may write here, and pared cannot change that: they can replace what "
            "it keeps in " FOLDERS_HIDDEN "; let the directory belong to pared's user",
            path);
    return r < 0 ? r : 0;
}

/* Opens what is the daemon's own in the drop and output directories. */
static int open_hidden(struct folders *f, struct error *err)
{
    _cleanup_close_ int drop = -1;
    _cleanup_close_ int out = -1;
    (void)warn_of_others(private_dir_protect(f->drop_fd), f->drop_path);
    (void)warn_of_others(private_dir_protect(f->out_fd), f->out_path);
    int r = private_dir_open(f->drop_fd, f->drop_path, FOLDERS_HIDDEN, &drop, err);
    r = warn_of_others(r, f->drop_path);
    if (r == 0)
        r = private_dir_open(drop, f->drop_path, FOLDERS_CLAIMED, &f->claimed_fd, err);
    if (r >= 0)
        r = private_dir_open(f->out_fd, f->out_path, FOLDERS_HIDDEN, &out, err);
    return warn_of_others(r, f->out_path);
}

static int open_all(struct folders *f, struct error *err)
{
    const struct {
        const char *path;
        int *fd;
    } all[] = {
        { f->drop_path, &f->drop_fd },
        { f->archive_path, &f->archive_fd },
        { f->failed_path, &f->failed_fd },
        { f->out_path, &f->out_fd },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        int r = make_and_open(all[i].path, 0755, all[i].fd, err);
        if (r < 0)
            return r;
    }
    return open_hidden(f, err);
}

static int check_one_file_system(const struct folders *f, struct error *err)
{
    struct stat drop, archive, failed;
    if (fstat(f->claimed_fd, &drop) < 0 || fstat(f->archive_fd, &archive) < 0 ||
        fstat(f->failed_fd, &failed) < 0)
        return error_errno(err, errno, "cannot look at the directories");
    const char *other = archive.st_dev != drop.st_dev  ? f->archive_path
                        : failed.st_dev != drop.st_dev ? f->failed_path
                                                       : NULL;
    if (other)
        return error_set(err, PARE_EUSAGE,
                         "%s is not on the file system of %s: sources are renamed, not copied, so "
                         "put both on one",
                         other, f->drop_path);
    return 0;
}

static char *lock_of(const char *path)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_printf(&sb, "%s.lock", path);
    return strbuf_finish(&sb);
}

static int take_locks(const struct config *config, struct folders *f, struct error *err)
{
    _cleanup_free_ char *catalog_lock = lock_of(config->catalog);
    _cleanup_free_ char *socket_lock = lock_of(config->socket);
    if (!catalog_lock || !socket_lock)
        return error_oom(err);
    const struct {
        int dirfd;
        const char *name, *where;
    } wanted[] = {
        { f->drop_fd, FOLDERS_HIDDEN "/lock", f->drop_path },
        { f->out_fd, FOLDERS_HIDDEN "/lock", f->out_path },
        { AT_FDCWD, catalog_lock, config->catalog },
        { AT_FDCWD, socket_lock, config->socket },
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        int pid = 0;
        int r = lock_take(wanted[i].dirfd, wanted[i].name, wanted[i].where, &f->locks[i], &pid,
                          err);
        if (r < 0)
            return r;
        if (r > 0) {
            (void)!error_set(err, PARE_EEXIST,
                             "another pared (process %d) works on %s: stop it, or give other "
                             "directories",
                             pid, wanted[i].where);
            return 1;
        }
    }
    return 0;
}

static int make_parent(const char *path, struct error *err)
{
    _cleanup_free_ char *copy = strdup(path);
    if (!copy)
        return error_oom(err);
    char *slash = strrchr(copy, '/');
    if (!slash || slash == copy)
        return 0;
    *slash = 0;
    return file_make_dirs(copy, 0755, err);
}

int folders_open(const struct config *config, struct folders *ret_folders, struct error *err)
{
    struct folders f = CLOSED;
    int r = set_paths(config, &f, err);
    if (r == 0)
        r = open_all(&f, err);
    if (r == 0)
        r = make_parent(config->catalog, err);
    if (r == 0)
        r = take_locks(config, &f, err);
    if (r == 0)
        r = check_one_file_system(&f, err);
    if (r != 0) {
        folders_close(&f);
        return r;
    }
    *ret_folders = f;
    return 0;
}

void folders_close(struct folders *f)
{
    free(f->drop_path);
    free(f->claimed_path);
    free(f->archive_path);
    free(f->failed_path);
    free(f->out_path);
    int *fds[] = { &f->drop_fd,  &f->claimed_fd, &f->archive_fd, &f->failed_fd, &f->out_fd,
                   &f->locks[0], &f->locks[1],   &f->locks[2],   &f->locks[3] };
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (*fds[i] >= 0)
            (void)close(*fds[i]);
    *f = CLOSED;
}

static int is_inside(const struct folders *f, const char *path, const char *name)
{
    size_t n = strlen(f->drop_path), m = strlen(name);
    return !strncmp(path, f->drop_path, n) && path[n] == '/' && !strncmp(path + n + 1, name, m) &&
           (path[n + 1 + m] == '/' || !path[n + 1 + m]);
}

int folders_reserved(const struct folders *f, const char *name)
{
    return !strcmp(name, FOLDERS_HIDDEN) || !strcmp(name, "done") || !strcmp(name, "failed") ||
           is_inside(f, f->archive_path, name) || is_inside(f, f->failed_path, name) ||
           is_inside(f, f->out_path, name);
}

/* 1 when it is the root of a mounted file system. */
static int is_mount(int fd, const char *path, int flags)
{
    struct statx st;
    return statx(fd, path, flags, STATX_TYPE, &st) == 0 &&
           (st.stx_attributes_mask & st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

int folders_check(int fd, const char *path)
{
    struct stat open_one, named;
    if (fstat(fd, &open_one) < 0 || stat(path, &named) < 0 || !S_ISDIR(named.st_mode))
        return 2;
    if (open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino)
        return 0;
    return is_mount(fd, "", AT_EMPTY_PATH) && !is_mount(AT_FDCWD, path, 0) ? 2 : 1;
}

uint64_t folders_free_bytes(const struct folders *f)
{
    struct statvfs st;
    if (fstatvfs(f->out_fd, &st) < 0)
        return UINT64_MAX;
    return (uint64_t)st.f_bavail * st.f_frsize;
}
