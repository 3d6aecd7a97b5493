/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Staging directories: see staging.h. */
#include "supervise/staging.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/timing.h"
#include "supervise/private_dir.h"
#include "supervise/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define STAGING_TOP ".pare"
#define STAGING ".pare/staging"
#define REMOVED ".removed-"
#define CLEAR_SECONDS 0.01
#define ONE_SHOT "one-shot" /* an empty file: the mark */

static int job_path(char path[PATH_MAX], const char *uid, struct error *err)
{
    if (!file_name_is_plain(uid) || uid[0] == '.' || strlen(uid) > 100)
        return error_set(err, PARE_EINTERNAL, "\"%s\" is not the uid of a job", uid);
    (void)snprintf(path, PATH_MAX, STAGING "/%s", uid);
    return 0;
}

/* Gives a directory of a job another name, below dirfd/to (STAGING, seen from dirfd), under which
 * staging_clear finds it. A missing one is fine. */
static int put_aside(int dirfd, const char *name, const char *to, struct error *err)
{
    char path[PATH_MAX];
    struct stat st;
    int r = 1;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        return 0;
    for (int tries = 0; r == 1 && tries < 100; tries++) {
        (void)snprintf(path, sizeof path, "%s/" REMOVED "%llx", to,
                       (unsigned long long)timing_now());
        r = file_rename_new(dirfd, name, dirfd, path, err);
    }
    return r == 0 ? 0 : file_remove_tree(dirfd, name, err);
}

int staging_clear(int out_dirfd, double seconds, struct error *err)
{
    int fd = openat(out_dirfd, STAGING, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        cleanup_close(&fd);
        return 0;
    }
    uint64_t start = timing_now();
    int r = 0;
    struct dirent *entry;
    while (r == 0 && (entry = readdir(dir))) {
        double left = seconds - timing_since(start);
        if (strncmp(entry->d_name, REMOVED, sizeof REMOVED - 1) == 0)
            r = file_remove_some(fd, entry->d_name, left > 0.001 ? left : 0.001, err);
    }
    if (r == 0 && unlinkat(out_dirfd, STAGING, AT_REMOVEDIR) == 0)
        (void)unlinkat(out_dirfd, STAGING_TOP, AT_REMOVEDIR);
    return r;
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
static int mark_one_shot(int dirfd, const char *mark, struct error *err)
{
    if (flock(dirfd, LOCK_EX | LOCK_NB) < 0)
        return error_place(err, errno, "cannot lock the staging directory");
    _cleanup_close_ int fd = openat(dirfd, ONE_SHOT, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                                    0600);
    if (fd < 0)
        return error_place(err, errno, "cannot mark the staging directory");
    return file_write(fd, mark, strlen(mark), err);
}

int staging_has_journal(int dirfd)
{
    return faccessat(dirfd, "work/journal", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int staging_empty_work(int dirfd, int *ret_work, struct error *err)
{
    int r = put_aside(dirfd, "work", "..", err);
    if (r == 0)
        r = make_dir(dirfd, "work", err);
    return r < 0 ? r : file_open_dir(dirfd, "work", ret_work, err);
}

/* Opens what an earlier life left, if it can be gone on with. 1: it cannot. */
static int open_left(int out_dirfd, const char *path, int *ret_dirfd, struct error *err)
{
    struct stat st;
    int dirfd = -1;
    if (fstatat(out_dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 1;
    int r = file_open_dir(out_dirfd, path, &dirfd, err);
    if (r == 0 && !staging_has_journal(dirfd)) {
        (void)close(dirfd);
        return 1;
    }
    if (r == 0)
        *ret_dirfd = dirfd;
    return r;
}

static int make_new(int out_dirfd, const char *path, int *ret_dirfd, struct error *err)
{
    int r = put_aside(out_dirfd, path, STAGING, err);
    if (r == 0)
        r = make_job(out_dirfd, path, err);
    return r < 0 ? r : file_open_dir(out_dirfd, path, ret_dirfd, err);
}

int staging_make(int out_dirfd, const struct staging_request *request, int *ret_dirfd,
                 int *ret_work, struct error *err)
{
    char path[PATH_MAX];
    _cleanup_close_ int dirfd = -1, work = -1;
    int goes_on = 0;
    int r = job_path(path, request->uid, err);
    if (r == 0 && request->go_on) {
        r = open_left(out_dirfd, path, &dirfd, err);
        goes_on = r == 0;
    }
    if (r >= 0 && !goes_on)
        r = make_new(out_dirfd, path, &dirfd, err);
    if (r == 0 && request->mark)
        r = mark_one_shot(dirfd, request->mark, err);
    if (r == 0)
        r = goes_on ? file_open_dir(dirfd, "work", &work, err)
                    : staging_empty_work(dirfd, &work, err);
    if (r < 0)
        return r;
    *ret_dirfd = TAKE_FD(dirfd);
    *ret_work = TAKE_FD(work);
    return goes_on;
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

/* Of most jobs that is all. */
static int clear_a_little(int out_dirfd, struct error *err)
{
    int r = staging_clear(out_dirfd, CLEAR_SECONDS, err);
    return r < 0 ? r : 0;
}

int staging_remove_target(int out_dirfd, const char *uid, size_t target, struct error *err)
{
    char path[PATH_MAX], full[PATH_MAX + 32];
    int r = job_path(path, uid, err);
    if (r < 0)
        return r;
    (void)snprintf(full, sizeof full, "%s/%zu", path, target);
    r = put_aside(out_dirfd, full, STAGING, err);
    return r < 0 ? r : clear_a_little(out_dirfd, err);
}

int staging_remove(int out_dirfd, const char *uid, struct error *err)
{
    char path[PATH_MAX];
    int r = job_path(path, uid, err);
    if (r == 0)
        r = put_aside(out_dirfd, path, STAGING, err);
    return r < 0 ? r : clear_a_little(out_dirfd, err);
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
        struct manifest_file *manifest = NULL;
        r = file_open_dir(dirfd, name, &target, err);
        if (r == 0)
            r = publish_complete(out_dirfd, target, &manifest, err);
        manifest_file_close(manifest);
        if (r > 0)
            r = 0;
    }
    return r;
}

/* Opens and locks what a one-shot job left; *ret_mark is its line. 1: there is no such thing, or
 * its process lives. */
static int open_one_shot(int out_dirfd, const char *uid, int *ret_dirfd, char **ret_mark)
{
    char path[PATH_MAX];
    struct error ignored = ERROR_INIT;
    size_t n = 0;
    if (*uid == '.' || job_path(path, uid, &ignored) < 0)
        return 1; /* not one of ours */
    int dirfd = openat(out_dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (dirfd >= 0 && flock(dirfd, LOCK_EX | LOCK_NB) == 0 &&
        file_read_all(dirfd, ONE_SHOT, 4096, ret_mark, &n, &ignored) == 0) {
        *ret_dirfd = dirfd;
        return 0;
    }
    if (dirfd >= 0)
        (void)close(dirfd);
    return 1;
}

int staging_is_one_shot(int out_dirfd, const char *uid)
{
    char path[PATH_MAX], full[PATH_MAX + sizeof ONE_SHOT + 1];
    struct error ignored = ERROR_INIT;
    if (job_path(path, uid, &ignored) < 0)
        return 0;
    (void)snprintf(full, sizeof full, "%s/" ONE_SHOT, path);
    return faccessat(out_dirfd, full, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Calls for each entry of the staging directory until one gives < 0. */
static int for_each(int out_dirfd, int (*each)(void *context, const char *uid, struct error *err),
                    void *context, struct error *err)
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
        r = each(context, entry->d_name, err);
    return r;
}

struct search {
    int out_dirfd;
    const char *mark;
    char *uid; /* the best so far, or "" */
};

static int look_at(void *context, const char *uid, struct error *err)
{
    struct search *search = context;
    _cleanup_close_ int dirfd = -1;
    _cleanup_free_ char *mark = NULL;
    (void)err;
    if (open_one_shot(search->out_dirfd, uid, &dirfd, &mark) == 0 && !strcmp(mark, search->mark) &&
        staging_has_journal(dirfd) && strcmp(uid, search->uid) > 0) /* they sort by age */
        memcpy(search->uid, uid, strnlen(uid, STAGING_UID_SIZE - 1) + 1);
    return 0;
}

int staging_find(int out_dirfd, const char *mark, char ret_uid[STAGING_UID_SIZE], struct error *err)
{
    char uid[STAGING_UID_SIZE] = "";
    struct search search = { out_dirfd, mark, uid };
    int r = for_each(out_dirfd, look_at, &search, err);
    if (r == 0 && *uid)
        memcpy(ret_uid, uid, sizeof uid);
    return r < 0 ? r : !*uid;
}

struct sweep {
    int out_dirfd;
    const char *done;
};

/* 1 when somebody may go on with it. */
static int is_worth_keeping(const struct sweep *sweep, const char *uid, int dirfd, const char *mark)
{
    struct stat st;
    char newest[STAGING_UID_SIZE];
    struct error ignored = ERROR_INIT;
    if (!*mark || (sweep->done && !strcmp(mark, sweep->done)) ||
        fstatat(dirfd, "work/journal", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        st.st_mtim.tv_sec < time(NULL) - STAGING_KEEP_DAYS * 86400)
        return 0;
    /* this one is locked by us and not found, so that an older one would be */
    return staging_find(sweep->out_dirfd, mark, newest, &ignored) != 0 || strcmp(uid, newest) > 0;
}

static int sweep_one(void *context, const char *uid, struct error *err)
{
    const struct sweep *sweep = context;
    _cleanup_close_ int dirfd = -1;
    _cleanup_free_ char *mark = NULL;
    if (open_one_shot(sweep->out_dirfd, uid, &dirfd, &mark) > 0)
        return 0;
    int r = finish_targets(sweep->out_dirfd, dirfd, err);
    return r < 0 || is_worth_keeping(sweep, uid, dirfd, mark)
               ? r
               : staging_remove(sweep->out_dirfd, uid, err);
}

int staging_sweep(int out_dirfd, const char *done, struct error *err)
{
    struct sweep sweep = { out_dirfd, done };
    return for_each(out_dirfd, sweep_one, &sweep, err);
}
