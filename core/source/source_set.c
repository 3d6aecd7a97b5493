/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Opening a model's files: see source_set.h. Every file is opened relative to its directory's
 * descriptor, without following links, and is what fstat of the open descriptor says: a name that
 * changes under us cannot lead elsewhere.
 */
#include "source/source_set.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strlist.h"
#include "base/text.h"
#include "source/hub_cache.h"
#include "source/parts.h"
#include "source/sidecar_name.h"
#include "source/source_below.h"
#include "source/source_name.h"
#include "source/unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

void source_set_deinit(struct source_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->n; i++) {
        free(set->names[i]);
        if (set->fds[i] >= 0)
            (void)close(set->fds[i]);
    }
    free(set->names);
    free(set->fds);
    free(set->states);
    free(set->name);
    free(set->path);
    *set = (struct source_set){ 0 };
}

/* A model may have more files than the usual soft limit of descriptors. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int add_slot(struct source_set *set, const char *name, struct error *err)
{
    if (set->n == SOURCE_SET_MAX_FILES)
        return error_set(err, PARE_ELIMIT, "more than %d files", SOURCE_SET_MAX_FILES);
    char **names = reallocarray(set->names, set->n + 1, sizeof *names);
    if (!names)
        return error_oom(err);
    set->names = names;
    int *fds = reallocarray(set->fds, set->n + 1, sizeof *fds);
    if (!fds)
        return error_oom(err);
    set->fds = fds;
    char *copy = strdup(name);
    if (!copy)
        return error_oom(err);
    set->names[set->n] = copy;
    set->fds[set->n++] = -1;
    return 0;
}

/* Opens a plain file; of a link it is said where it leads and what to do. */
static int open_plain(int dirfd, const char *name, int *ret_fd, struct error *err)
{
    char target[128];
    int r = file_open_regular(dirfd, name, 1, ret_fd, err);
    ssize_t n = r < 0 ? readlinkat(dirfd, name, target, sizeof target) : -1;
    if (n < 0)
        return r;
    return error_set(err, PARE_EDATA,
                     "%s: is a symbolic link, which is not followed (it leads to %.*s): copy the "
                     "files with `cp -rL', or give the place that they lie at",
                     name, (int)n, target);
}

static int open_file(struct source_set *set, size_t i, int dirfd, int cached, struct error *err)
{
    const char *name = set->names[i];
    int fd = -1;
    int r = cached ? hub_cache_open(dirfd, name, &fd, err) : 1;
    if (r == 1)
        r = open_plain(dirfd, name, &fd, err);
    if (r < 0)
        return r;
    set->fds[i] = fd;
    if (fd <= STDERR_FILENO) {
        set->fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        (void)close(fd);
    }
    return set->fds[i] < 0 ? error_errno(err, errno, "%s", name) : 0;
}

static int take_states(struct source_set *set, struct error *err)
{
    set->bytes = 0;
    for (size_t i = 0; i < set->n; i++) {
        int r = source_state_take(set->fds[i], set->names[i], &set->states[i], err);
        if (r < 0)
            return r;
        if (checked_add(set->bytes, (uint64_t)set->states[i].st.st_size, &set->bytes) < 0)
            return error_set(err, PARE_ELIMIT, "%s: the sizes of the files overflow",
                             set->names[i]);
    }
    return 0;
}

static int note_states(struct source_set *set, struct error *err)
{
    set->states = calloc(set->n + 1, sizeof *set->states);
    return set->states ? take_states(set, err) : error_oom(err);
}

static int open_all(struct source_set *set, int dirfd, int cached, struct error *err)
{
    if (set->n > 256)
        raise_file_limit();
    qsort(set->names, set->n, sizeof *set->names, text_compare);
    int r = 0;
    for (size_t i = 0; i < set->n && r == 0; i++)
        r = open_file(set, i, dirfd, cached, err);
    return r < 0 ? r : note_states(set, err);
}

/* 1 when the entry is a subfolder. */
static int is_folder(int dirfd, const struct dirent *entry)
{
    struct stat st;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int list_folder(struct source_set *set, int dirfd, struct error *err)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int e = errno;
        cleanup_close(&fd);
        return error_errno(err, e, "cannot read the folder");
    }
    int r = 0;
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (!entry && errno)
            return error_errno(err, errno, "cannot read the folder");
        if (!entry || r < 0)
            return r;
        if (!unfinished_passed_over(entry->d_name) &&
            sidecar_inside(entry->d_name) == SIDECAR_NONE && !is_folder(dirfd, entry))
            r = add_slot(set, entry->d_name, err);
    }
}

static int list_shards(struct source_set *set, int dirfd, const char *name, size_t prefix,
                       unsigned count, struct error *err)
{
    const char *rest = name + prefix + strlen("-00001-of-00003");
    char other[NAME_MAX + 64];
    if (count > SOURCE_SET_MAX_FILES)
        return error_set(err, PARE_ELIMIT, "%s: %u shards, the limit is %d", name, count,
                         SOURCE_SET_MAX_FILES);
    int r = 0;
    for (unsigned i = 1; i <= count && r == 0; i++) {
        (void)snprintf(other, sizeof other, "%.*s-%05u-of-%05u%s", (int)prefix, name, i, count,
                       rest);
        if (faccessat(dirfd, other, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
            return error_set(err, PARE_EINCOMPLETE, "shard %u of %u (%s) is not there", i, count,
                             other);
        r = add_slot(set, other, err);
    }
    (void)snprintf(other, sizeof other, "%.*s%s.index.json", (int)prefix, name, rest);
    if (r == 0 && faccessat(dirfd, other, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        r = add_slot(set, other, err);
    return r;
}

/* Adds what is of use in subfolders, as far as there is room. */
static int list_below(struct source_set *set, int dirfd, int cached, struct error *err)
{
    char **names = NULL;
    size_t n = 0;
    int r = source_below_list(dirfd, cached, &names, &n, err);
    for (size_t i = 0; r == 0 && i < n && set->n < SOURCE_SET_MAX_FILES; i++)
        r = add_slot(set, names[i], err);
    strlist_clear(&names, &n);
    return r;
}

/* models--ORG--NAME/snapshots/REV is called NAME; "." and ".." by where they are. */
static char *folder_name(int dirfd)
{
    char link[64], path[PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", dirfd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0)
        return strdup("model");
    path[n] = 0;
    char *base = strrchr(path, '/');
    if (base && hub_cache_is_snapshot(dirfd)) {
        *base = 0;
        char *snapshots = strrchr(path, '/');
        if (snapshots) {
            *snapshots = 0;
            char *model = strrchr(path, '/');
            for (char *p = model; p && (p = strstr(p, "--")); p += 2)
                model = p + 1;
            if (model)
                return source_name_clean(model + 1, strlen(model + 1));
        }
    }
    return source_name_clean(base ? base + 1 : path, base ? strlen(base + 1) : 0);
}

/* Refuses what is still on its way: by its own name, by what lies beside it or below it. */
static int refuse_unfinished(int dirfd, const char *name, int is_folder, struct error *err)
{
    char mark[UNFINISHED_REASON];
    int is_marked = strcmp(name, ".") != 0
                        ? unfinished_mark(dirfd, name, mark)
                        : hub_cache_is_snapshot(dirfd) && hub_cache_is_downloading(dirfd, mark);
    _cleanup_close_ int dir = -1;
    if (!is_marked && is_folder) {
        int r = file_open_dir(dirfd, name, &dir, err);
        if (r < 0)
            return r;
        is_marked = unfinished_below(dir, mark);
    }
    if (!is_marked)
        return 0;
    return error_set(err, PARE_EINCOMPLETE,
                     "%s: it has not wholly arrived: wait for the end of the transfer, or remove "
                     "what an earlier one left",
                     mark);
}

static int open_folder_at(struct source_set *set, int dir, int cached, struct error *err)
{
    set->is_folder = 1;
    set->name = folder_name(dir);
    if (!set->name)
        return error_oom(err);
    int r = refuse_unfinished(dir, ".", 1, err);
    if (r == 0)
        r = list_folder(set, dir, err);
    if (r == 0 && set->n == 0 && hub_cache_is_hub(dir, err))
        r = err->code;
    if (r == 0 && set->n == 0)
        r = error_set(err, PARE_EINCOMPLETE, "no model files in the folder");
    if (r == 0)
        r = list_below(set, dir, cached, err);
    return r == 0 ? open_all(set, dir, cached, err) : r;
}

/* Of a model's folder in a cache it is a snapshot that is opened. */
static int open_folder(struct source_set *set, int dirfd, const char *path, int cached,
                       struct error *err)
{
    _cleanup_close_ int dir = -1, snapshot = -1;
    char below[HUB_CACHE_BELOW];
    int r = file_open_dir(dirfd, path, &dir, err);
    if (r < 0)
        return r;
    r = hub_cache_resolve(dir, below, err);
    if (r == 0)
        r = file_open_dir(dir, below, &snapshot, err);
    if (r >= 0)
        r = r == 0 ? open_folder_at(set, snapshot, 1, err) : open_folder_at(set, dir, cached, err);
    return r < 0 ? error_prefix(err, "%s", path) : 0;
}

static int open_single(struct source_set *set, int dirfd, const char *path, int cached,
                       struct error *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    _cleanup_free_ char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!folder)
        return error_oom(err);
    _cleanup_close_ int dir = openat(dirfd, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return error_errno(err, errno, "%s", folder);
    size_t prefix;
    unsigned number, count;
    int r = source_name_is_shard(name, &prefix, &number, &count)
                ? list_shards(set, dir, name, prefix, count, err)
                : add_slot(set, name, err);
    char part[PARTS_REASON];
    if (r == 0 && set->n == 1 && parts_find(dir, name, part))
        r = error_set(err, PARE_EINCOMPLETE, "%s", part);
    for (size_t i = 0; r == 0 && i < set->n; i++)
        r = refuse_unfinished(dir, set->names[i], 0, err);
    if (r < 0)
        return error_prefix(err, "%s", path);
    set->name = source_name_of_file(name);
    if (r == 0 && !set->name)
        r = error_oom(err);
    if (r == 0)
        r = open_all(set, dir, cached, err);
    return r;
}

/* What lies beside a folder may say that it is not whole. */
static int check_beside(int dirfd, const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    _cleanup_free_ char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!folder)
        return error_oom(err);
    if (!file_name_is_plain(name))
        return 0;
    _cleanup_close_ int dir = openat(dirfd, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return error_errno(err, errno, "%s", folder);
    int r = refuse_unfinished(dir, name, 0, err);
    return r < 0 ? error_prefix(err, "%s", path) : 0;
}

static int open_either(struct source_set *set, int dirfd, const char *path, int cached,
                       struct error *err)
{
    struct stat st;
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    _cleanup_free_ char *trimmed = strndup(path, len);
    set->path = strdup(path);
    if (!set->path || !trimmed)
        return error_oom(err);
    if (fstatat(dirfd, trimmed, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return error_errno(err, errno, "%s", path);
    if (S_ISDIR(st.st_mode)) {
        int r = check_beside(dirfd, trimmed, err);
        return r < 0 ? r : open_folder(set, dirfd, trimmed, cached, err);
    }
    if (len != strlen(path))
        return error_set(err, PARE_EDATA, "%s: not a folder", path);
    return open_single(set, dirfd, trimmed, cached, err);
}

int source_set_open(int dirfd, const char *path, int allow_cache_links, struct source_set *ret_set,
                    struct error *err)
{
    struct source_set set = { 0 };
    int r = open_either(&set, dirfd, path, allow_cache_links, err);
    if (r < 0) {
        source_set_deinit(&set);
        return r;
    }
    *ret_set = set;
    return 0;
}

/* A new description of an open file; a shared one where we may not open it ourselves (somebody who
 * may has passed it to us) or there is no /proc. */
static int reopen(int fd, const char *name, int *ret_fd, struct error *err)
{
    char path[64];
    struct stat old, new;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    _cleanup_close_ int fresh = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fresh < 0)
        fresh = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (fresh < 0 || fstat(fd, &old) < 0 || fstat(fresh, &new) < 0)
        return error_errno(err, errno, "cannot open %s once more", name);
    if (old.st_dev != new.st_dev || old.st_ino != new.st_ino)
        return error_set(err, PARE_ECHANGED, "%s was exchanged", name);
    *ret_fd = TAKE_FD(fresh);
    return 0;
}

int source_set_reopen(const struct source_set *set, int **ret_fds, struct error *err)
{
    _cleanup_free_ int *fds = calloc(set->n + 1, sizeof *fds);
    if (!fds)
        return error_oom(err);
    for (size_t i = 0; i < set->n; i++) {
        int r = reopen(set->fds[i], set->names[i], &fds[i], err);
        if (r < 0) {
            while (i > 0)
                (void)close(fds[--i]);
            return r;
        }
    }
    *ret_fds = TAKE(fds);
    return 0;
}

int source_set_check(const struct source_set *set, struct error *err)
{
    int r = 0;
    for (size_t i = 0; i < set->n && r == 0; i++)
        r = source_state_check(set->fds[i], set->names[i], &set->states[i], err);
    return r;
}

/* 1 when the file had to be written back. */
static int look_for_writer(const struct source_set *set, size_t i, int wait, struct error *err)
{
    if (source_state_has_writer(set->fds[i]) <= 0)
        return 0;
    if (!wait)
        return error_set(err, PARE_ECHANGED, "%s is open for writing", set->names[i]);
    if (fdatasync(set->fds[i]) < 0 && errno == EIO)
        return error_errno(err, errno, "%s", set->names[i]);
    return 1;
}

int source_set_expect_writers(struct source_set *set, int wait, struct error *err)
{
    int again = 0;
    for (size_t i = 0; i < set->n; i++) {
        int r = look_for_writer(set, i, wait, err);
        if (r < 0)
            return r;
        again |= r | source_state_let_tick(&set->states[i].st);
    }
    return again ? take_states(set, err) : 0;
}

json_t *source_set_json(const struct source_set *set)
{
    _cleanup_json_ json_t *files = json_array();
    for (size_t i = 0; i < set->n; i++)
        if (json_array_append_new(files, json_pack("{s:o, s:i}", "name",
                                                   json_text(set->names[i], strlen(set->names[i])),
                                                   "fd", set->fds[i])) < 0)
            return NULL;
    return json_pack("{s:s, s:b, s:O}", "name", set->name, "folder", set->is_folder, "files",
                     files);
}

json_t *source_set_importance_json(const struct source_set *set, const char *name,
                                   const json_t *parts)
{
    _cleanup_json_ json_t *importance = source_set_json(set);
    if (!name)
        name = set->n ? set->names[0] : set->name;
    if (json_object_set_new(importance, "name", json_text(name, strlen(name))) < 0 ||
        (parts && json_object_update_missing(importance, (json_t *)parts) < 0))
        return NULL;
    return TAKE(importance);
}
