/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Side files below a model's folder: see source_below.h. Subfolders hold modules of sentence
 * encoders and chat templates, but also the same weights once more, samples and logs without end:
 * only small files of known kinds are taken, and never so many that they matter.
 */
#include "source/source_below.h"

#include "base/cleanup.h"
#include "base/strlist.h"
#include "base/text.h"
#include "source/hub_cache.h"
#include "source/unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

struct names {
    char **list;
    size_t n;
};

static int ends_with(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n > m && !strcasecmp(name + n - m, ending);
}

static int is_wanted(const char *name)
{
    return !unfinished_passed_over(name) && !ends_with(name, ".index.json") &&
           (ends_with(name, ".json") || ends_with(name, ".jinja"));
}

/* 1: a small regular file, or a link of a cache to one. */
static int is_small_file(int dirfd, const char *name, int cached)
{
    struct stat st;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    if (cached && S_ISLNK(st.st_mode) &&
        (!hub_cache_is_link(dirfd, name, "../../../blobs") || fstatat(dirfd, name, &st, 0) < 0))
        return 0;
    return S_ISREG(st.st_mode) && st.st_size <= SOURCE_BELOW_MAX_BYTES;
}

/* A second descriptor for reading, so that the first one's position stays. */
static DIR *open_list(int dirfd, const char *name)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir && fd >= 0) {
        int e = errno;
        (void)close(fd);
        errno = e;
    }
    return dir;
}

static int list_folders(int dirfd, struct names *folders, struct error *err)
{
    _cleanup_closedir_ DIR *dir = open_list(dirfd, ".");
    if (!dir)
        return error_errno(err, errno, "cannot read the folder");
    struct dirent *entry;
    int r = 0;
    while (r == 0 && folders->n <= SOURCE_BELOW_MAX_FOLDERS && (entry = readdir(dir))) {
        struct stat st;
        if (!unfinished_passed_over(entry->d_name) &&
            (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) &&
            fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
            r = strlist_add(&folders->list, &folders->n, entry->d_name, err);
    }
    if (folders->n > SOURCE_BELOW_MAX_FOLDERS)
        strlist_clear(&folders->list, &folders->n);
    else if (folders->n)
        qsort(folders->list, folders->n, sizeof *folders->list, text_compare);
    return r;
}

/* The wanted names of one subfolder, sorted; none when it has too many entries. */
static int list_files(const char *folder, DIR *dir, int cached, struct names *files,
                      struct error *err)
{
    char path[2 * NAME_MAX + 2];
    size_t entries = 0;
    struct dirent *entry;
    int r = 0;
    while (r == 0 && entries <= SOURCE_BELOW_MAX_ENTRIES && (entry = readdir(dir))) {
        entries++;
        if (!is_wanted(entry->d_name) || !is_small_file(dirfd(dir), entry->d_name, cached))
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        r = strlist_add(&files->list, &files->n, path, err);
    }
    if (entries > SOURCE_BELOW_MAX_ENTRIES)
        strlist_clear(&files->list, &files->n);
    else if (files->n)
        qsort(files->list, files->n, sizeof *files->list, text_compare);
    return r;
}

static int add_folder(int dirfd, const char *folder, int cached, struct names *all,
                      struct error *err)
{
    _cleanup_closedir_ DIR *dir = open_list(dirfd, folder);
    if (!dir)
        return errno == EACCES || errno == ENOENT || errno == ENOTDIR || errno == ELOOP
                   ? 0
                   : error_errno(err, errno, "%s", folder);
    struct names files = { 0 };
    int r = list_files(folder, dir, cached, &files, err);
    for (size_t i = 0; r == 0 && i < files.n && all->n < SOURCE_BELOW_MAX_FILES; i++)
        r = strlist_add(&all->list, &all->n, files.list[i], err);
    strlist_clear(&files.list, &files.n);
    return r;
}

int source_below_list(int dirfd, int cached, char ***ret_names, size_t *ret_n, struct error *err)
{
    struct names folders = { 0 }, all = { 0 };
    int r = list_folders(dirfd, &folders, err);
    for (size_t i = 0; r == 0 && i < folders.n; i++)
        r = add_folder(dirfd, folders.list[i], cached, &all, err);
    strlist_clear(&folders.list, &folders.n);
    if (r < 0) {
        strlist_clear(&all.list, &all.n);
        return r;
    }
    *ret_names = all.list;
    *ret_n = all.n;
    return 0;
}
