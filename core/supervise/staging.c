/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Staging directories: see staging.h. */
#include "supervise/staging.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/private_dir.h"
#include "supervise/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define STAGING_TOP ".pare"
#define STAGING ".pare/staging"
#define ONE_SHOT "one-shot" /* an empty file: the mark */

static int job_path(char path[PATH_MAX], const char *uid, struct error *err)
{
    if (!file_name_is_plain(uid) || uid[0] == '.' || strlen(uid) > 100)
        return error_set(err, PARE_EINTERNAL, "\"%s\" is not the uid of a job", uid);
    (void)snprintf(path, PATH_MAX, STAGING "/%s", uid);
    return 0;
}

static int make_dir(int dirfd, const char *path, struct error *err)
{
    if (mkdirat(dirfd, path, 0700) < 0 && errno != EEXIST)
        return error_place(err, errno, "cannot create the directory %s", path);
    return 0;
}

/* Another job's end may remove the directories above between our steps: so try again. */
static int make_job(int out_dirfd, const char *path, struct error *err)
{
    int r = 0;
    for (int i = 0; i < 10; i++) {
        _cleanup_close_ int top = -1;
        r = private_dir_open(out_dirfd, "the output directory", STAGING_TOP, &top, err);
        if (r >= 0)
            r = make_dir(out_dirfd, STAGING, err);
        if (r == 0 && mkdirat(out_dirfd, path, 0700) == 0)
            return 0;
        if (r == 0)
            r = error_place(err, errno, "cannot create the directory %s", path);
        if (errno != ENOENT)
            break;
    }
    return r;
}

/* Locked first: an unlocked directory with the mark is one that was left. */
static int mark_one_shot(int dirfd, struct error *err)
{
    if (flock(dirfd, LOCK_EX | LOCK_NB) < 0)
        return error_place(err, errno, "cannot lock the staging directory");
    _cleanup_close_ int fd = openat(dirfd, ONE_SHOT, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd < 0 ? error_place(err, errno, "cannot mark the staging directory") : 0;
}

int staging_make(int out_dirfd, const char *uid, int one_shot, int *ret_dirfd, int *ret_work,
                 struct error *err)
{
    char path[PATH_MAX];
    _cleanup_close_ int dirfd = -1, work = -1;
    struct stat st;
    int r = job_path(path, uid, err);
    if (r == 0 && fstatat(out_dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
        r = file_remove_tree(out_dirfd, path, err);
    if (r == 0)
        r = make_job(out_dirfd, path, err);
    if (r == 0)
        r = file_open_dir(out_dirfd, path, &dirfd, err);
    if (r == 0 && one_shot)
        r = mark_one_shot(dirfd, err);
    if (r == 0)
        r = make_dir(dirfd, "work", err);
    if (r == 0)
        r = file_open_dir(dirfd, "work", &work, err);
    if (r < 0)
        return r;
    *ret_dirfd = TAKE_FD(dirfd);
    *ret_work = TAKE_FD(work);
    return 0;
}

int staging_make_target(int dirfd, size_t target, int *ret_dirfd, struct error *err)
{
    char name[32];
    (void)snprintf(name, sizeof name, "%zu", target);
    int r = make_dir(dirfd, name, err);
    if (r == 0)
        r = file_open_dir(dirfd, name, ret_dirfd, err);
    if (r == 0)
        r = file_sync(dirfd, "the staging directory", err);
    return r;
}

int staging_open_target(int out_dirfd, const char *uid, size_t target, int *ret_dirfd,
                        struct error *err)
{
    char path[PATH_MAX], full[PATH_MAX + 32];
    int r = job_path(path, uid, err);
    if (r < 0)
        return r;
    (void)snprintf(full, sizeof full, "%s/%zu", path, target);
    struct stat st;
    if (fstatat(out_dirfd, full, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        return 1;
    return file_open_dir(out_dirfd, full, ret_dirfd, err);
}

int staging_remove_target(int out_dirfd, const char *uid, size_t target, struct error *err)
{
    char path[PATH_MAX], full[PATH_MAX + 32];
    int r = job_path(path, uid, err);
    if (r < 0)
        return r;
    (void)snprintf(full, sizeof full, "%s/%zu", path, target);
    return file_remove_tree(out_dirfd, full, err);
}

int staging_remove(int out_dirfd, const char *uid, struct error *err)
{
    char path[PATH_MAX];
    int r = job_path(path, uid, err);
    if (r == 0)
        r = file_remove_tree(out_dirfd, path, err);
    if (r == 0 && unlinkat(out_dirfd, STAGING, AT_REMOVEDIR) == 0)
        (void)unlinkat(out_dirfd, STAGING_TOP, AT_REMOVEDIR);
    return r;
}

/* Every target of a job that was left: half a publication becomes a whole one. */
static int finish_targets(int out_dirfd, int dirfd, struct error *err)
{
    int r = 0;
    for (size_t i = 0; r == 0; i++) {
        char name[32];
        struct stat st;
        (void)snprintf(name, sizeof name, "%zu", i);
        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            break;
        _cleanup_close_ int target = -1;
        _cleanup_json_ json_t *manifest = NULL;
        r = file_open_dir(dirfd, name, &target, err);
        if (r == 0)
            r = publish_complete(out_dirfd, target, &manifest, err);
        if (r > 0)
            r = 0;
    }
    return r;
}

static int sweep_one(int out_dirfd, const char *uid, struct error *err)
{
    char path[PATH_MAX];
    if (job_path(path, uid, err) < 0)
        return 0; /* not one of ours */
    _cleanup_close_ int dirfd = openat(out_dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0 || faccessat(dirfd, ONE_SHOT, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ||
        flock(dirfd, LOCK_EX | LOCK_NB) < 0)
        return 0;
    int r = finish_targets(out_dirfd, dirfd, err);
    return r < 0 ? r : staging_remove(out_dirfd, uid, err);
}

int staging_sweep(int out_dirfd, struct error *err)
{
    int fd = openat(out_dirfd, STAGING, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    _cleanup_closedir_ DIR *dir = fdopendir(fd);
    if (!dir) {
        (void)close(fd);
        return error_oom(err);
    }
    int r = 0;
    struct dirent *entry;
    while (r == 0 && (entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            r = sweep_one(out_dirfd, entry->d_name, err);
    return r;
}
