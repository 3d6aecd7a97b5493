/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Staged outputs: see staged.h. */
#include "supervise/staged.h"

#include "answer/shape.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strmap.h"

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

/* What is right for a file that everybody may read and that is no program. */
static mode_t masked(mode_t mode)
{
    mode_t mask = umask(0);
    (void)umask(mask);
    return mode & ~mask;
}

/* The worker's modes count for nothing. `inherited`: bits that a new directory has from the one
 * that it is made in. */
static int set_mode(int fd, mode_t mode, mode_t inherited, const char *name, struct error *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(err, errno, "%s", name);
    mode_t wanted = masked(mode) | (st.st_mode & inherited);
    if ((st.st_mode & 07777) != wanted && fchmod(fd, wanted) < 0)
        return error_errno(err, errno, "cannot set the mode of %s", name);
    return 0;
}

/* The output must be called what we would call it. */
static int take_name(struct staged *staged, const struct staged_name *name, const json_t *line,
                     struct error *err)
{
    const char *output = json_get_string(line, "output", "");
    const char *suffix = staged->files.is_folder ? "" : name->suffix;
    size_t n = strlen(name->stem);
    if (!suffix)
        return error_set(err, PARE_EVERIFY, "nobody said how files of this format end");
    if (strncmp(output, name->stem, n) != 0 || strcmp(output + n, suffix) != 0)
        return error_set(err, PARE_EVERIFY, "the worker calls its output \"%s\", not \"%s%s\"",
                         output, name->stem, suffix);
    staged->suffix = strdup(suffix);
    staged->files.name = strdup(output);
    return staged->suffix && staged->files.name ? 0 : error_oom(err);
}

#define CAME_FROM "came-from" /* a link that says where in `work` the data was */

int staged_give_back(int dirfd)
{
    char from[32 + NAME_MAX], to[sizeof from + 16];
    struct error ignored = ERROR_INIT;
    ssize_t n = readlinkat(dirfd, CAME_FROM, from, sizeof from - 1);
    if (n <= 0)
        return 0;
    from[n] = 0;
    size_t digits = strspn(from, "0123456789");
    if (!digits || from[digits] != '/' || !file_name_is_plain(from + digits + 1))
        return 0;
    (void)snprintf(to, sizeof to, "../work/%s", from);
    return file_rename_new(dirfd, STAGED_DATA, dirfd, to, &ignored) == 0;
}

static int move_data(const struct staged_place *place, const struct staged *staged,
                     struct error *err)
{
    char from[32 + NAME_MAX];
    (void)snprintf(from, sizeof from, "%zu/%s", place->index, staged->files.name);
    if (faccessat(place->work, "journal", F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
        symlinkat(from, place->dirfd, CAME_FROM) < 0 && errno != EEXIST)
        return error_place(err, errno, "cannot note where the output was");
    if (renameat(place->work, from, place->dirfd, STAGED_DATA) < 0)
        return error_errno(err, errno, "the worker's output \"%s\"", staged->files.name);
    (void)snprintf(from, sizeof from, "%zu.rows", place->index);
    if (renameat(place->work, from, place->dirfd, STAGED_ROWS) < 0)
        return error_errno(err, errno, "the worker's rows of tensors");
    return 0;
}

static int ends_in(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return m && n > m && !strcmp(name + n - m, ending);
}

static int is_hidden(const char *name)
{
    const char *slash = strchr(name, '/');
    return *name == '.' || (slash && slash[1] == '.');
}

/* 1 for a file that may lie in an output folder. */
static int may_be_called(const struct staged_name *wanted, const char *name)
{
    static const char *const data[] = { ".json",  ".jinja", ".txt", ".md",
                                        ".model", ".bin",   ".dat", ".data" };
    if (!file_name_is_inside(name) || is_hidden(name))
        return 0;
    if (wanted->suffix && ends_in(name, wanted->suffix))
        return 1;
    for (size_t i = 0; i < sizeof data / sizeof *data; i++)
        if (ends_in(name, data[i]))
            return 1;
    for (size_t i = 0; i < wanted->source->n; i++)
        if (!strcmp(wanted->source->names[i], name))
            return 1;
    return 0;
}

static int open_one(struct source_set *set, size_t i, int dirfd, const char *path,
                    const json_t *entry, struct error *err)
{
    const char *name = json_get_string(entry, "name", "");
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
    return set_mode(set->fds[i], 0644, 0, name, err);
}

/* Each file has one of the names that there may be, and no other has it too. */
static int check_names(const struct staged_name *wanted, const struct staged *staged,
                       const json_t *entries, struct error *err)
{
    _cleanup_strmap_ struct strmap names = STRMAP_INIT;
    size_t i;
    json_t *entry;
    int r = 0;
    json_array_foreach((json_t *)entries, i, entry) {
        const char *name = json_get_string(entry, "name", "");
        int is_good = staged->files.is_folder ? may_be_called(wanted, name)
                                              : !strcmp(name, staged->files.name);
        if (r == 0 && !is_good)
            r = error_set(err, PARE_EVERIFY, "the worker calls a file \"%s\"", name);
        if (r == 0)
            r = strmap_add(&names, name, strlen(name), i, err);
        if (r == 1)
            r = error_set(err, PARE_EVERIFY, "the worker names the file \"%s\" twice", name);
    }
    return r;
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

struct folder_walk {
    size_t n, most;   /* entries so far; with more than `most` it ends */
    mode_t inherited; /* the bit that folders have from the one that they are made in */
};

/* Counts what is in a folder and in those right below it, sets their modes and syncs them. */
static int walk_folder(struct folder_walk *walk, int dirfd, const char *name, int below,
                       struct error *err)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        cleanup_close(&fd);
        return error_errno(err, errno, "cannot read the worker's folder");
    }
    struct dirent *entry;
    size_t before = walk->n;
    int r = set_mode(fd, 0755, walk->inherited, "the worker's folder", err);
    while (r == 0 && walk->n <= walk->most && (entry = readdir(dir))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (!below && is_subfolder(fd, entry->d_name))
            r = walk_folder(walk, fd, entry->d_name, 1, err);
        else
            walk->n++;
    }
    walk->n += walk->n == before; /* an empty one counts as a thing that the worker did not name */
    return r < 0 ? r : file_sync(fd, "the output's folder", err);
}

/* Every entry of the folder must be one that the worker named. */
static int check_entries(const struct source_set *set, int folder, int own, struct error *err)
{
    struct stat st;
    if (fstat(own, &st) < 0)
        return error_errno(err, errno, "cannot look at the staging directory");
    struct folder_walk walk = { .most = set->n, .inherited = st.st_mode & S_ISGID };
    int r = walk_folder(&walk, folder, ".", 0, err);
    if (r < 0)
        return r;
    if (walk.n != set->n)
        return error_set(err, PARE_EVERIFY, "the worker's folder holds %s files than it named",
                         walk.n > set->n ? "more" : "fewer");
    return 0;
}

static int open_folder(struct source_set *set, int dirfd, const json_t *entries, struct error *err)
{
    _cleanup_close_ int folder = -1;
    int r = file_open_dir(dirfd, STAGED_DATA, &folder, err);
    if (r == 0)
        r = open_files(set, folder, NULL, entries, err);
    return r < 0 ? r : check_entries(set, folder, dirfd, err);
}

int staged_adopt(const struct staged_place *place, const struct staged_name *name,
                 const json_t *line, struct staged *ret_staged, struct error *err)
{
    struct staged staged = { .files.is_folder = json_get_bool(line, "folder", 0) };
    const json_t *entries = json_object_get(line, "files");
    int r = take_name(&staged, name, line, err);
    if (r == 0)
        r = check_names(name, &staged, entries, err);
    if (r == 0)
        r = move_data(place, &staged, err);
    if (r == 0 && staged.files.is_folder)
        r = open_folder(&staged.files, place->dirfd, entries, err);
    else if (r == 0)
        r = open_files(&staged.files, place->dirfd, STAGED_DATA, entries, err);
    if (r < 0) {
        staged_deinit(&staged);
        return r;
    }
    *ret_staged = staged;
    return 0;
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
        if (!without && !shape_is_digest(digest))
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
