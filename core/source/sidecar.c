/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Sidecars: see sidecar.h. Like a model's files they are opened without following links. */
#include "source/sidecar.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/strlist.h"
#include "base/text.h"
#include "source/sidecar_name.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

/* The number of the first line that is not UTF-8 or has a NUL, or 0. */
static unsigned find_bad_line(const char *text, size_t n)
{
    unsigned line = 1;
    for (const char *p = text, *end = text + n; p < end; line++) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((stop ? stop : end) - p);
        _cleanup_json_ json_t *string = json_stringn(p, len);
        if (!string || memchr(p, 0, len))
            return line;
        p += len + 1;
    }
    return 0;
}

int sidecar_add_rules(json_t *list, const char *name, const char *text, size_t n, struct error *err)
{
    unsigned line = find_bad_line(text, n);
    if (line)
        return error_set(err, PARE_EDATA, "%s:%u: not a text in UTF-8", name, line);
    json_t *rules = json_pack("{s:s, s:o}", "name", name, "text", json_stringn(text, n));
    return json_array_append_new(list, rules) < 0 ? error_oom(err) : 0;
}

static int read_rules(int dirfd, const char *name, json_t *list, int *ret_fd, struct error *err)
{
    _cleanup_close_ int fd = -1;
    _cleanup_free_ char *text = NULL;
    size_t n = 0;
    int r = file_open_regular(dirfd, name, 1, &fd, err);
    if (r == 0)
        r = file_read_open(fd, name, SIDECAR_RULES_BYTES, &text, &n, err);
    if (r == 0)
        r = sidecar_add_rules(list, name, text, n, err);
    if (r == 0)
        *ret_fd = TAKE_FD(fd);
    return r;
}

void sidecars_deinit(struct sidecars *sidecars)
{
    for (size_t i = 0; sidecars->fds && i < sidecars->n; i++)
        (void)close(sidecars->fds[i]);
    free(sidecars->fds);
    strlist_clear(&sidecars->names, &sidecars->n);
    json_decref(sidecars->rules);
    source_set_deinit(&sidecars->importance);
    *sidecars = (struct sidecars){ 0 };
}

/* Collects the names in a directory: of the files that lie beside `model`, or all that lie inside
 * when it is NULL. */
static int collect(int dirfd, const char *model, int is_folder, unsigned wanted,
                   struct sidecars *found, struct error *err)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    int r = 0;
    if (!dir) {
        int e = errno;
        cleanup_close(&fd);
        /* A folder that may be entered but not listed: its sidecars cannot be found. */
        return e == EACCES && model ? 0 : error_errno(err, e, "cannot look for sidecars");
    }
    struct dirent *entry;
    while (r == 0 && (entry = readdir(dir))) {
        const char *name = entry->d_name;
        enum sidecar_kind kind = model ? sidecar_beside(name, NULL) : sidecar_inside(name);
        if (kind != SIDECAR_NONE && (wanted & 1u << kind) && strcmp(name, model ? model : "") &&
            (!model || sidecar_belongs(name, model, is_folder)))
            r = strlist_add(&found->names, &found->n, name, err);
    }
    if (found->n)
        qsort(found->names, found->n, sizeof *found->names, text_compare);
    return r;
}

static int open_one(int dirfd, const char *name, enum sidecar_kind kind, struct sidecars *sidecars,
                    int *ret_fd, struct error *err)
{
    if (kind == SIDECAR_RULES) {
        if (!sidecars->rules)
            sidecars->rules = json_array();
        return read_rules(dirfd, name, sidecars->rules, ret_fd, err);
    }
    if (sidecars->importance.n)
        return error_set(err, PARE_EDATA,
                         "%s and %s are both importance matrices for this model: keep one",
                         sidecars->importance.names[0], name);
    int r = source_set_open(dirfd, name, 0, &sidecars->importance, err);
    if (r == 0 && (*ret_fd = fcntl(sidecars->importance.fds[0], F_DUPFD_CLOEXEC, 3)) < 0)
        r = error_errno(err, errno, "%s", name);
    return r;
}

/* Takes fd. */
static int add_found(struct sidecars *sidecars, const char *name, int fd, struct error *err)
{
    _cleanup_close_ int owned = fd;
    int *fds = reallocarray(sidecars->fds, sidecars->n + 1, sizeof *fds);
    if (!fds)
        return error_oom(err);
    sidecars->fds = fds;
    int r = strlist_add(&sidecars->names, &sidecars->n, name, err);
    if (r == 0)
        fds[sidecars->n - 1] = TAKE_FD(owned);
    return r;
}

static int open_from(int dirfd, const char *model, int is_folder, unsigned wanted,
                     struct sidecars *sidecars, struct error *err)
{
    struct sidecars found = { 0 };
    int r = collect(dirfd, model, is_folder, wanted, &found, err);
    for (size_t i = 0; i < found.n && r == 0; i++) {
        const char *name = found.names[i];
        int fd = -1;
        r = open_one(dirfd, name, model ? sidecar_beside(name, NULL) : sidecar_inside(name),
                     sidecars, &fd, err);
        if (r == 0)
            r = add_found(sidecars, name, fd, err);
    }
    sidecars_deinit(&found);
    return r;
}

static int open_beside_file(int dirfd, const char *path, unsigned wanted, struct sidecars *sidecars,
                            struct error *err)
{
    const char *slash = strrchr(path, '/');
    _cleanup_free_ char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!folder)
        return error_oom(err);
    _cleanup_close_ int dir = openat(dirfd, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return error_errno(err, errno, "%s", folder);
    return open_from(dir, slash ? slash + 1 : path, 0, wanted, sidecars, err);
}

/* A folder may be given as "." or with slashes at its end, so the kernel is asked for its name. */
static int open_of_folder(int dirfd, const char *path, unsigned wanted, struct sidecars *sidecars,
                          struct error *err)
{
    char link[64], real[PATH_MAX];
    _cleanup_close_ int inside = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (inside < 0)
        return error_errno(err, errno, "%s", path);
    _cleanup_close_ int parent = openat(inside, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", inside);
    ssize_t n = readlink(link, real, sizeof real - 1);
    real[n > 0 ? n : 0] = 0;
    const char *slash = strrchr(real, '/');
    int r = 0;
    if (parent >= 0 && slash && slash[1])
        r = open_from(parent, slash + 1, 1, wanted, sidecars, err);
    return r < 0 ? r : open_from(inside, NULL, 1, wanted, sidecars, err);
}

int sidecars_open(int dirfd, const struct source_set *model, unsigned wanted,
                  struct sidecars *ret_sidecars, struct error *err)
{
    struct sidecars sidecars = { 0 };
    int r = model->is_folder ? open_of_folder(dirfd, model->path, wanted, &sidecars, err)
                             : open_beside_file(dirfd, model->path, wanted, &sidecars, err);
    if (r < 0) {
        sidecars_deinit(&sidecars);
        return r;
    }
    *ret_sidecars = sidecars;
    return 0;
}
