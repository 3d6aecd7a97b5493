/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A damaged catalog must not stop the daemon: the file is kept as evidence under another name, and
 * a new one is filled from the manifests by the caller.
 */
#include "base/file.h"
#include "base/strbuf.h"
#include "base/timing.h"
#include "catalog/catalog_private.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static char *joined(const char *a, const char *b)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_puts(&sb, a);
    strbuf_puts(&sb, b);
    return strbuf_finish(&sb);
}

/* "PATH.corrupt-20261123T210000123Z". */
static char *evidence_name(const char *path)
{
    char stamp[TIMING_STAMP_SIZE];
    timing_stamp(stamp);
    size_t n = 0;
    for (const char *p = stamp; *p; p++)
        if (isalnum((unsigned char)*p))
            stamp[n++] = *p;
    stamp[n] = '\0';
    _cleanup_free_ char *prefix = joined(path, ".corrupt-");
    return prefix ? joined(prefix, stamp) : NULL;
}

/* Renames PATH+suffix to NEW+suffix if it is there. */
static int move_part(const char *path, const char *new_path, const char *suffix, struct error *err)
{
    _cleanup_free_ char *from = joined(path, suffix), *to = joined(new_path, suffix);
    if (!from || !to)
        return error_oom(err);
    struct stat st;
    if (lstat(from, &st) < 0)
        return 0;
    int r = file_rename_new(AT_FDCWD, from, AT_FDCWD, to, err);
    return r > 0 ? error_set(err, PARE_EEXIST, "%s is there already", to) : r;
}

/* The main file goes first: a log without its database is ignored by SQLite. */
static int move_away(const char *path, char **ret_moved, struct error *err)
{
    _cleanup_free_ char *name = evidence_name(path);
    if (!name)
        return error_oom(err);
    int r = move_part(path, name, "", err);
    if (r == 0)
        r = move_part(path, name, "-wal", err);
    if (r == 0)
        r = move_part(path, name, "-shm", err);
    if (r == 0)
        *ret_moved = TAKE(name);
    return r;
}

int catalog_open_or_replace(const char *path, char **ret_moved, struct catalog **ret_catalog,
                            struct error *err)
{
    _cleanup_catalog_ struct catalog *catalog = NULL;
    _cleanup_free_ char *moved = NULL;
    int64_t pending = 0;
    int r = check_has_condemned(path) ? PARE_EDATA
                                      : open_writer(path, check_is_short(path), &catalog, err);
    if (r == PARE_EDATA) {
        r = move_away(path, &moved, err);
        if (r == 0)
            r = open_writer(path, 0, &catalog, err);
    }
    if (r == 0)
        r = db_integer(catalog, err, &pending,
                       "SELECT count(*) FROM pending WHERE task = 'rebuild'", "");
    if (r < 0)
        return r;
    check_forget(path);
    *ret_moved = TAKE(moved);
    *ret_catalog = TAKE(catalog);
    return pending > 0;
}

int catalog_rebuilt(struct catalog *catalog, struct error *err)
{
    return db_run(catalog, err, "DELETE FROM pending WHERE task = 'rebuild'", "");
}
