/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Publishing: see publish.h. The order of steps is what makes it safe: (1) manifest and report are
 * written in staging, (2) publish.json says what is about to happen, and all are synced, (3) the
 * output is renamed, (4) the report, (5) the directory is synced, (6) the manifest is renamed,
 * (7) the directory is synced again. So a manifest under its final name means that the output is on
 * disk, and as long as publish.json is there, each state can be told from the others: data in
 * staging: before (3); the output under its name with the inode that publish.json tells: after it.
 */
#include "supervise/publish.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sync.h"
#include "results/report.h"
#include "supervise/staged.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define STAGED_MANIFEST "manifest.json"
#define STAGED_REPORT "report.md"
#define STAGED_INTENT "publish.json"
#define INTENT_LIMIT 65536
#define MAX_TRIES 10000u

DEFINE_CLEANUP(struct manifest_file *, manifest_file_close);

static int exists(int dirfd, const char *name)
{
    struct stat st;
    return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int is_taken(int out_dirfd, const char *name)
{
    static const char *const endings[] = { "", PUBLISH_MANIFEST, PUBLISH_REPORT };
    char path[NAME_MAX + 32];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        (void)snprintf(path, sizeof path, "%s%s", name, endings[i]);
        if (exists(out_dirfd, path))
            return 1;
    }
    return 0;
}

/* Writes the final name into the manifest: of the output and, if it is a file, of its only file. */
static int name_output(json_t *manifest, const char *name, struct error *err)
{
    json_t *output = json_object_get(manifest, "output");
    json_t *file = json_array_get(json_object_get(output, "files"), 0);
    if (json_object_set_new(output, "name", json_string(name)) < 0)
        return error_oom(err);
    if (!json_get_bool(output, "folder", 0) && file &&
        json_object_set_new(file, "name", json_string(name)) < 0)
        return error_oom(err);
    return 0;
}

static int write_text(int dirfd, const char *name, char *text, int *ret_fd, struct error *err)
{
    _cleanup_free_ char *owned = text;
    if (!owned)
        return error_oom(err);
    return file_write_unsynced(dirfd, name, owned, strlen(owned), ret_fd, err);
}

/* The manifest of many tensors is long, so it is no text in memory. */
static int write_manifest(const struct publication *p, struct tensor_rows *rows,
                          struct report_tensors *tensors, int *ret_fd, struct error *err)
{
    if (unlinkat(p->dirfd, STAGED_MANIFEST, 0) < 0 && errno != ENOENT)
        return error_errno(err, errno, "cannot remove an earlier manifest");
    *ret_fd = openat(p->dirfd, STAGED_MANIFEST, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (*ret_fd < 0)
        return error_errno(err, errno, "cannot create the manifest");
    return manifest_file_write(*ret_fd, p->head, rows, report_tensors_add, tensors, err);
}

static int write_both(const struct publication *p, struct tensor_rows *rows, uint64_t count,
                      int ret_fds[2], struct error *err)
{
    struct report_tensors *tensors = NULL;
    int weighted = json_is_object(json_object_get(p->head, "importance"));
    int r = report_tensors_new(count, weighted, &tensors, err);
    if (r == 0)
        r = write_manifest(p, rows, tensors, &ret_fds[0], err);
    if (r == 0)
        r = write_text(p->dirfd, STAGED_REPORT, report_text(p->head, tensors), &ret_fds[1], err);
    report_tensors_free(tensors);
    return r;
}

/* Steps 1 and 2, which need no order: publish.json without a whole manifest means nothing. */
int publish_write(const struct publication *p, struct tensor_rows *rows, uint64_t count,
                  struct error *err)
{
    struct stat st;
    if (fstatat(p->dirfd, STAGED_DATA, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return error_errno(err, errno, "cannot look at the staged output");
    int fds[] = { p->dirfd, -1, -1, -1 };
    int r = write_both(p, rows, count, &fds[1], err);
    _cleanup_json_ json_t *intent = json_pack("{s:s, s:I, s:I, s:s, s:s}", "output", p->name, "ino",
                                              (json_int_t)st.st_ino, "dev", (json_int_t)st.st_dev,
                                              "stem", p->stem, "suffix", p->suffix);
    if (r == 0 && !intent)
        r = error_oom(err);
    if (r == 0)
        r = write_text(p->dirfd, STAGED_INTENT, json_to_text(intent), &fds[3], err);
    if (r == 0)
        r = sync_all(fds, 4, "the staged output", err);
    for (size_t i = 1; i < 4; i++)
        cleanup_close(&fds[i]);
    return r;
}

/* Moves one companion of the output to its final name; one that was moved before is fine. */
static int move_companion(int out_dirfd, int dirfd, const char *staged, const char *name,
                          const char *ending, struct error *err)
{
    char path[NAME_MAX + 32];
    (void)snprintf(path, sizeof path, "%s%s", name, ending);
    if (!exists(dirfd, staged))
        return 0;
    int r = file_rename_new(dirfd, staged, out_dirfd, path, err);
    if (r == 1)
        return error_set(err, PARE_EEXIST, "%s: appeared while the output was published", path);
    return r;
}

/* Steps 4 to 7. */
static int finish(int out_dirfd, int dirfd, const char *name, struct error *err)
{
    int r = move_companion(out_dirfd, dirfd, STAGED_REPORT, name, PUBLISH_REPORT, err);
    if (r == 0)
        r = file_sync(out_dirfd, "the output directory", err);
    if (r == 0)
        r = move_companion(out_dirfd, dirfd, STAGED_MANIFEST, name, PUBLISH_MANIFEST, err);
    if (r == 0)
        r = file_sync(out_dirfd, "the output directory", err);
    return r;
}

int publish_choose_name(struct publication *p, struct error *err)
{
    while (++p->tries < MAX_TRIES) {
        char number[16] = "";
        if (p->tries > 1)
            (void)snprintf(number, sizeof number, "-%u", p->tries);
        int n = snprintf(p->name, sizeof p->name, "%s%s%s", p->stem, number, p->suffix);
        if (n < 0 || (size_t)n + sizeof PUBLISH_MANIFEST > sizeof p->name)
            return error_set(err, PARE_ELIMIT, "the output's name %s%s is too long", p->stem,
                             p->suffix);
        if (!is_taken(p->out_dirfd, p->name))
            return name_output(p->head, p->name, err);
    }
    return error_set(err, PARE_EEXIST, "%s%s is taken, and so are %u names with a number", p->stem,
                     p->suffix, MAX_TRIES - 2);
}

int publish_move(const struct publication *p, struct error *err)
{
    int r = file_rename_new(p->dirfd, STAGED_DATA, p->out_dirfd, p->name, err);
    return r == 0 ? finish(p->out_dirfd, p->dirfd, p->name, err) : r;
}

/* A small JSON file of ours. 1: it is there and whole; 0: it is not there. */
static int load(int dirfd, const char *name, json_t **ret_json, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    if (!exists(dirfd, name))
        return 0;
    int r = file_read_all(dirfd, name, INTENT_LIMIT, &text, &len, err);
    if (r < 0)
        return r;
    r = json_parse_object(text, len, ret_json, err);
    return r < 0 ? error_prefix(err, "%s", name) : 1;
}

/* Reads all rows of a manifest that may have been written when the power went. */
static int count_rows(struct manifest_file *manifest, uint64_t *ret_count, struct error *err)
{
    struct tensor_rows *rows = manifest_file_rows(manifest);
    struct tensor_row row;
    uint64_t n = 0;
    int r;
    while ((r = rows->next(rows, &row, err)) > 0)
        n++;
    *ret_count = n;
    return r;
}

/* Publishes the staged output under another name than its manifest has, which is written anew. */
static int publish_renamed(struct publication *p, struct manifest_file *manifest, uint64_t count,
                           struct error *err)
{
    int r;
    do {
        r = publish_choose_name(p, err);
        if (r == 0)
            r = publish_write(p, manifest_file_rows(manifest), count, err);
        if (r == 0)
            r = publish_move(p, err);
    } while (r == 1);
    return r;
}

/* The staged output was not renamed yet. It gets the name that publish.json and the manifest have,
 * if that is still free. A damaged manifest means that the output is made again. */
static int publish_again(int out_dirfd, int dirfd, const json_t *intent,
                         struct manifest_file **ret_manifest, struct error *err)
{
    CLEANUP(manifest_file_close_cleanup) struct manifest_file *manifest = NULL;
    struct publication p = { .out_dirfd = out_dirfd,
                             .dirfd = dirfd,
                             .stem = json_get_string(intent, "stem", NULL),
                             .suffix = json_get_string(intent, "suffix", NULL) };
    const char *name = json_get_string(intent, "output", "");
    if (!exists(dirfd, STAGED_MANIFEST))
        return 0;
    uint64_t count = 0;
    int r = manifest_file_open(dirfd, STAGED_MANIFEST, &manifest, err);
    if (r == 0)
        r = count_rows(manifest, &count, err);
    if (r < 0 || !p.stem || !p.suffix || !file_name_is_plain(p.stem))
        return r < 0 && r != PARE_EDATA ? r : 0;
    p.head = manifest_file_head(manifest);
    (void)snprintf(p.name, sizeof p.name, "%s",
                   json_get_string(json_object_get(p.head, "output"), "name", ""));
    r = !file_name_is_plain(p.name) || strcmp(p.name, name) || is_taken(out_dirfd, name)
            ? 1
            : publish_move(&p, err);
    if (r == 1)
        r = publish_renamed(&p, manifest, count, err);
    if (r < 0)
        return r;
    *ret_manifest = TAKE(manifest);
    return 1;
}

/* The staged output is gone. If the file under the final name is the one that was renamed, the rest
 * is finished. Only inodes are compared: device numbers may change with a restart. */
static int finish_again(int out_dirfd, int dirfd, const json_t *intent,
                        struct manifest_file **ret_manifest, struct error *err)
{
    const char *name = json_get_string(intent, "output", "");
    char path[NAME_MAX + 32];
    struct stat st;
    if (!file_name_is_plain(name) || strlen(name) > NAME_MAX)
        return 0;
    if (fstatat(out_dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        (int64_t)st.st_ino != json_get_int(intent, "ino", -1))
        return 0;
    int r = finish(out_dirfd, dirfd, name, err);
    if (r < 0)
        return r;
    (void)snprintf(path, sizeof path, "%s%s", name, PUBLISH_MANIFEST);
    r = manifest_file_open(out_dirfd, path, ret_manifest, err);
    return r < 0 ? r : 1;
}

int publish_complete(int out_dirfd, int dirfd, struct manifest_file **ret_manifest,
                     struct error *err)
{
    _cleanup_json_ json_t *intent = NULL;
    int r = load(dirfd, STAGED_INTENT, &intent, err);
    if (r <= 0)
        return r == PARE_EDATA ? 0 : r; /* the disk damaged it: the output is made again */
    if (exists(dirfd, STAGED_DATA))
        return publish_again(out_dirfd, dirfd, intent, ret_manifest, err);
    return finish_again(out_dirfd, dirfd, intent, ret_manifest, err);
}

int publish_is_unfinished(int dirfd)
{
    return exists(dirfd, STAGED_INTENT) && !exists(dirfd, STAGED_DATA);
}
