/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Staged outputs: see staged.h. */
#include "supervise/staged.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

void staged_deinit(struct staged *staged)
{
    free(staged->suffix);
    source_set_deinit(&staged->files);
    *staged = (struct staged){ 0 };
}

/* The part of the worker's output name after the stem that we gave it. */
static int take_suffix(struct staged *staged, const char *stem, const json_t *line,
                       struct error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    const char *output = json_get_string(line, "output", "");
    size_t n = strlen(stem);
    if (strncmp(output, stem, n) != 0 || strlen(output + n) > 32 ||
        output[n + strspn(output + n, allowed)])
        return error_set(err, PARE_EVERIFY,
                         "the worker calls its output \"%s\", not \"%s\" with an ending", output,
                         stem);
    staged->suffix = strdup(output + n);
    staged->files.name = strdup(output);
    return staged->suffix && staged->files.name ? 0 : error_oom(err);
}

static int move_data(int work, size_t index, int dirfd, const struct staged *staged,
                     struct error *err)
{
    char from[32 + NAME_MAX];
    (void)snprintf(from, sizeof from, "%zu/%s", index, staged->files.name);
    if (renameat(work, from, dirfd, STAGED_DATA) < 0)
        return error_errno(err, errno, "the worker's output \"%s\"", staged->files.name);
    return 0;
}

static int open_one(struct source_set *set, size_t i, int dirfd, const char *path,
                    const json_t *entry, struct error *err)
{
    const char *name = json_get_string(entry, "name", "");
    if (!file_name_is_inside(name))
        return error_set(err, PARE_EVERIFY, "the worker calls a file \"%s\"", name);
    set->names[i] = strdup(name);
    if (!set->names[i])
        return error_oom(err);
    int r = file_open_regular(dirfd, path ? path : name, 1, &set->fds[i], err);
    if (r < 0)
        return r;
    struct stat st;
    if (fstat(set->fds[i], &st) < 0)
        return error_errno(err, errno, "%s", name);
    if (st.st_nlink != 1 || st.st_size != json_get_int(entry, "bytes", -1))
        return error_set(err, PARE_EVERIFY,
                         "the worker's file \"%s\" has %lld bytes and it said %lld", name,
                         (long long)st.st_size, (long long)json_get_int(entry, "bytes", -1));
    set->bytes += (uint64_t)st.st_size;
    return 0;
}

static int open_files(struct source_set *set, int dirfd, const char *path, const json_t *entries,
                      struct error *err)
{
    size_t n = json_array_size(entries);
    if (!n || n > SOURCE_SET_MAX_FILES || (path && n != 1))
        return error_set(err, PARE_EVERIFY, "the worker made %zu files", n);
    set->names = calloc(n, sizeof *set->names);
    set->fds = calloc(n, sizeof *set->fds);
    if (!set->names || !set->fds)
        return error_oom(err);
    for (size_t i = 0; i < n; i++)
        set->fds[i] = -1;
    set->n = n;
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++)
        r = open_one(set, i, dirfd, path, json_array_get(entries, i), err);
    return r;
}

static int is_subfolder(int dirfd, const char *name)
{
    struct stat st;
    return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Counts and syncs what is in a folder and in those right below it; there must be nothing else. */
static int count_entries(int dirfd, const char *name, int below, size_t *n, struct error *err)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        cleanup_close(&fd);
        return error_errno(err, errno, "cannot read the worker's folder");
    }
    struct dirent *entry;
    size_t before = *n;
    int r = 0;
    while (r == 0 && (entry = readdir(dir))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (!below && is_subfolder(fd, entry->d_name))
            r = count_entries(fd, entry->d_name, 1, n, err);
        else
            ++*n;
    }
    *n += *n == before; /* an empty folder counts as one thing that the worker did not name */
    return r < 0 ? r : file_sync(fd, "the output's folder", err);
}

/* Every entry of the folder must be one that the worker named. */
static int check_entries(const struct source_set *set, int dirfd, struct error *err)
{
    size_t n = 0;
    int r = count_entries(dirfd, ".", 0, &n, err);
    if (r < 0)
        return r;
    if (n != set->n)
        return error_set(err, PARE_EVERIFY, "the worker's folder holds %zu files, it named %zu", n,
                         set->n);
    return 0;
}

static int open_folder(struct source_set *set, int dirfd, const json_t *entries, struct error *err)
{
    _cleanup_close_ int folder = -1;
    int r = file_open_dir(dirfd, STAGED_DATA, &folder, err);
    if (r == 0)
        r = open_files(set, folder, NULL, entries, err);
    return r < 0 ? r : check_entries(set, folder, err);
}

int staged_adopt(int work, size_t index, int dirfd, const char *stem, const json_t *line,
                 struct staged *ret_staged, struct error *err)
{
    struct staged staged = { .files.is_folder = json_get_bool(line, "folder", 0) };
    const json_t *entries = json_object_get(line, "files");
    int r = take_suffix(&staged, stem, line, err);
    if (r == 0)
        r = move_data(work, index, dirfd, &staged, err);
    if (r == 0 && staged.files.is_folder)
        r = open_folder(&staged.files, dirfd, entries, err);
    else if (r == 0)
        r = open_files(&staged.files, dirfd, STAGED_DATA, entries, err);
    if (r < 0) {
        staged_deinit(&staged);
        return r;
    }
    *ret_staged = staged;
    return 0;
}

static int is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static const char *digest_of(const json_t *entries, const char *name, uint64_t bytes)
{
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)entries, i, entry)
        if (!strcmp(json_get_string(entry, "name", ""), name) &&
            json_get_int(entry, "bytes", -1) == (int64_t)bytes)
            return json_get_string(entry, "sha256", "");
    return "";
}

int staged_digests(const struct staged *staged, const json_t *line, int without, json_t **ret_files,
                   struct error *err)
{
    _cleanup_json_ json_t *files = json_array();
    for (size_t i = 0; i < staged->files.n; i++) {
        const char *name = staged->files.names[i];
        struct stat st;
        if (fstat(staged->files.fds[i], &st) < 0)
            return error_errno(err, errno, "%s", name);
        const char *digest = digest_of(json_object_get(line, "files"), name, (uint64_t)st.st_size);
        if (!without && !is_sha256(digest))
            return error_set(err, PARE_EVERIFY, "the worker gave no digest of \"%s\"", name);
        json_t *entry = json_pack("{s:o, s:I, s:s?}", "name", json_text(name, strlen(name)),
                                  "bytes", (json_int_t)st.st_size, "sha256",
                                  without ? NULL : digest);
        if (json_array_append_new(files, entry) < 0)
            return error_oom(err);
    }
    *ret_files = TAKE(files);
    return 0;
}
