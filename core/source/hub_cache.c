/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Hugging Face's cache: see hub_cache.h. Links are followed into the blobs of the same model and
 * nowhere else: by the name that the link has there, in a directory that is opened as such.
 */
#include "source/hub_cache.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "base/strlist.h"
#include "base/text.h"
#include "source/source_state.h"
#include "source/unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SHOWN 4           /* names in a message */
#define FRESH_SECONDS 600 /* after which an unfinished blob that nobody writes is a left-over */

static int is_same(int a_dirfd, const char *a, int b_dirfd, const char *b)
{
    struct stat x, y;
    return fstatat(a_dirfd, a, &x, 0) == 0 && fstatat(b_dirfd, b, &y, AT_SYMLINK_NOFOLLOW) == 0 &&
           x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

int hub_cache_is_snapshot(int dirfd)
{
    return is_same(dirfd, "..", dirfd, "../../snapshots");
}

/* Where a link leads: the directory, relative to dirfd, and the name in it. 0: it is none. */
static int split_link(int dirfd, const char *name, char folder[PATH_MAX + NAME_MAX],
                      char blob[NAME_MAX + 1])
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(dirfd, name, target, sizeof target - 1);
    if (n < 0)
        return 0;
    target[n] = 0;
    char *slash = strrchr(target, '/');
    if (!slash || !file_name_is_plain(slash + 1) || strlen(slash + 1) > NAME_MAX)
        return 0;
    strcpy(blob, slash + 1);
    *slash = 0;
    const char *below = *target == '/' ? NULL : strrchr(name, '/');
    int head = below ? (int)(below - name) + 1 : 0;
    (void)snprintf(folder, PATH_MAX + NAME_MAX, "%.*s%s", head, name, target);
    return 1;
}

int hub_cache_is_link(int dirfd, const char *name, const char *blobs)
{
    char folder[PATH_MAX + NAME_MAX], blob[NAME_MAX + 1];
    return split_link(dirfd, name, folder, blob) && is_same(dirfd, folder, dirfd, blobs);
}

int hub_cache_open(int snapshot, const char *name, int *ret_fd, struct error *err)
{
    char folder[PATH_MAX + NAME_MAX], blob[NAME_MAX + 1];
    _cleanup_close_ int blobs = -1;
    if (!hub_cache_is_snapshot(snapshot) || !split_link(snapshot, name, folder, blob) ||
        !is_same(snapshot, folder, snapshot, "../../blobs"))
        return 1;
    int r = file_open_dir(snapshot, "../../blobs", &blobs, err);
    if (r == 0)
        r = file_open_regular(blobs, blob, 1, ret_fd, err);
    if (r < 0 && faccessat(blobs, blob, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        return error_set(err, PARE_EINCOMPLETE,
                         "%s: its blob (%s) is not in the cache: download the model again", name,
                         blob);
    return r < 0 ? error_prefix(err, "%s", name) : 0;
}

/* The subfolders whose names begin with `prefix`, sorted (strlist_clear). */
static int list_folders(int dirfd, const char *path, const char *prefix, char ***ret_names,
                        size_t *ret_n, struct error *err)
{
    int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    int r = 0;
    while (dir && r == 0 && (entry = readdir(dir))) {
        struct stat st;
        if (*entry->d_name != '.' && !strncmp(entry->d_name, prefix, strlen(prefix)) &&
            fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
            r = strlist_add(ret_names, ret_n, entry->d_name, err);
    }
    if (*ret_n)
        qsort(*ret_names, *ret_n, sizeof **ret_names, text_compare);
    return r;
}

/* "A, B, C and 5 more" */
static char *name_some(char *const *names, size_t n)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (size_t i = 0; i < n && i < SHOWN; i++)
        strbuf_printf(&sb, "%s%.100s", i ? ", " : "", names[i]);
    if (n > SHOWN)
        strbuf_printf(&sb, " and %zu more", n - SHOWN);
    return strbuf_finish(&sb);
}

/* The revision in refs/main, if its snapshot is there. */
static int read_main(int dirfd, char ret_below[HUB_CACHE_BELOW])
{
    _cleanup_close_ int fd = -1;
    _cleanup_free_ char *text = NULL;
    size_t n = 0;
    struct stat st;
    struct error ignored = ERROR_INIT;
    if (file_open_regular(dirfd, "refs/main", 1, &fd, &ignored) < 0 ||
        file_read_open(fd, "refs/main", NAME_MAX, &text, &n, &ignored) < 0)
        return 0;
    text[strcspn(text, " \t\r\n")] = 0;
    if (!file_name_is_plain(text))
        return 0;
    (void)snprintf(ret_below, HUB_CACHE_BELOW, "snapshots/%s", text);
    return fstatat(dirfd, ret_below, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

int hub_cache_resolve(int dirfd, char ret_below[HUB_CACHE_BELOW], struct error *err)
{
    struct stat snapshots, other;
    char **names = NULL;
    size_t n = 0;
    if (fstatat(dirfd, "snapshots", &snapshots, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISDIR(snapshots.st_mode) ||
        (fstatat(dirfd, "blobs", &other, AT_SYMLINK_NOFOLLOW) < 0 &&
         fstatat(dirfd, "refs", &other, AT_SYMLINK_NOFOLLOW) < 0))
        return 1;
    if (read_main(dirfd, ret_below))
        return 0;
    int r = list_folders(dirfd, "snapshots", "", &names, &n, err);
    _cleanup_free_ char *some = name_some(names, n);
    if (r == 0 && n == 1)
        (void)snprintf(ret_below, HUB_CACHE_BELOW, "snapshots/%s", names[0]);
    else if (r == 0 && !n)
        r = error_set(err, PARE_EINCOMPLETE,
                      "a model's folder of a Hugging Face cache, which has no snapshot: download "
                      "the model again");
    else if (r == 0)
        r = error_set(err, PARE_EDATA,
                      "a model's folder of a Hugging Face cache with %zu snapshots, and refs/main "
                      "names none of them: give one, snapshots/ followed by %s",
                      n, some ? some : "its name");
    strlist_clear(&names, &n);
    return r;
}

int hub_cache_is_hub(int dirfd, struct error *err)
{
    char **names = NULL;
    size_t n = 0;
    struct error ignored = ERROR_INIT;
    if (list_folders(dirfd, ".", "models--", &names, &n, &ignored) == 0 && n) {
        _cleanup_free_ char *some = name_some(names, n);
        (void)!error_set(err, PARE_EDATA,
                         "a Hugging Face cache with %zu model%s: give a model's folder in it: %s",
                         n, n > 1 ? "s" : "", some ? some : "models--ORG--NAME");
    }
    strlist_clear(&names, &n);
    return err->code == PARE_EDATA;
}

int hub_cache_is_downloading(int snapshot, char reason[160])
{
    int fd = openat(snapshot, "../../blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        _cleanup_close_ int blob = -1;
        struct error ignored = ERROR_INIT;
        struct stat st;
        if (!unfinished_name(entry->d_name) ||
            file_open_regular(fd, entry->d_name, 1, &blob, &ignored) < 0 || fstat(blob, &st) < 0)
            continue;
        if (time(NULL) - st.st_mtime > FRESH_SECONDS && source_state_has_writer(blob) <= 0)
            continue;
        (void)snprintf(reason, 160, "%.100s in the cache's blobs: unfinished name", entry->d_name);
        return 1;
    }
    return 0;
}
