/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Is the file sound? To know it, all of it has to be read: a large catalog is checked beside the
 * daemon's work, by a process of its own. One that is found damaged is condemned in PATH.damaged,
 * with its inode, and the next opening replaces it.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "catalog/catalog_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Below this a check takes less than a second. */
#define CHECK_AT_ONCE (64 << 20)
#define MARK ".damaged"
#define MARK_MAX 4096

static char *mark_of(const char *path)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_puts(&sb, path);
    strbuf_puts(&sb, MARK);
    return strbuf_finish(&sb);
}

int check_whole(struct catalog *catalog, struct error *err)
{
    _cleanup_free_ char *verdict = NULL;
    int r = db_text(catalog, err, &verdict, "PRAGMA quick_check(1)", "");
    if (r != 0)
        return r;
    if (strcmp(verdict, "ok") != 0)
        return error_set(err, PARE_EDATA,
                         "%s: %s; the catalog is damaged: move it away and run "
                         "`pare rebuild`",
                         catalog->path, verdict);
    return 0;
}

int check_is_short(const char *path)
{
    struct stat st;
    return stat(path, &st) < 0 || st.st_size <= CHECK_AT_ONCE;
}

int check_has_condemned(const char *path)
{
    struct stat st;
    struct error ignored = ERROR_INIT;
    size_t n = 0;
    _cleanup_free_ char *mark = mark_of(path), *text = NULL;
    return mark && stat(path, &st) == 0 &&
           file_read_all(AT_FDCWD, mark, MARK_MAX, &text, &n, &ignored) == 0 &&
           strtoull(text, NULL, 10) == st.st_ino;
}

void check_forget(const char *path)
{
    _cleanup_free_ char *mark = mark_of(path);
    if (mark)
        (void)unlink(mark);
}

int catalog_condemn(const char *path, const char *why, struct error *err)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    _cleanup_free_ char *mark = mark_of(path);
    struct stat st;
    if (stat(path, &st) < 0)
        return error_errno(err, errno, "%s", path);
    strbuf_printf(&text, "%llu %s\n", (unsigned long long)st.st_ino, why);
    _cleanup_close_ int fd = !mark || text.failed
                                 ? -1
                                 : open(mark, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                                        0600);
    if (!mark || text.failed)
        return error_oom(err);
    if (fd < 0)
        return error_errno(err, errno, "%s", mark);
    int r = file_write(fd, text.data, text.len, err);
    return r < 0 ? r : file_sync(fd, mark, err);
}

int catalog_check(const char *path, struct error *err)
{
    _cleanup_catalog_ struct catalog *catalog = NULL;
    int r = catalog_open_readonly(path, &catalog, err);
    return r == 0 ? check_whole(catalog, err) : r;
}

int catalog_is_checked(const struct catalog *catalog)
{
    return catalog->checked;
}

int catalog_is_damaged(const struct catalog *catalog)
{
    return catalog->damaged;
}
