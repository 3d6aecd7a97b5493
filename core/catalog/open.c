/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Opening a catalog. Nothing is written before we know that the file is a catalog whose schema we
 * understand. Its bytes are read through SQLite only: opening and closing the file beside it would
 * drop the process's locks.
 */
#include "catalog/catalog_private.h"

#include "base/file.h"
#include "base/strbuf.h"
#include "base/timing.h"
#include "catalog/schema.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define BUSY_MS 5000

void catalog_close(struct catalog *catalog)
{
    if (!catalog)
        return;
    sqlite3_stmt *kept;
    while ((kept = sqlite3_next_stmt(catalog->db, NULL)))
        (void)sqlite3_finalize(kept);
    (void)sqlite3_close_v2(catalog->db);
    free(catalog->path);
    free(catalog);
}

/* Settings that hold for reading and writing. A file could come from somebody else: its schema may
 * not call functions with side effects, and ours may not be edited by SQL. */
static void configure(sqlite3 *db)
{
    (void)sqlite3_extended_result_codes(db, 1);
    (void)sqlite3_busy_timeout(db, BUSY_MS);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
}

#define UNIX_EPOCH 2440587.5 /* as a Julian day */

/* wait_now(), of DB_WAIT_NOW: a Julian day. */
static void tell_wait_now(sqlite3_context *context, int n, sqlite3_value **values)
{
    const struct catalog *catalog = sqlite3_user_data(context);
    (void)n;
    (void)values;
    double now = (double)timing_boot() * 1e-9 + catalog->wall_ahead;
    sqlite3_result_double(context, now / 86400 + UNIX_EPOCH);
}

/* name: the path, or its URI when flags have SQLITE_OPEN_URI. */
static int open_handle(const char *path, const char *name, int flags, struct catalog **ret_catalog,
                       struct error *err)
{
    _cleanup_catalog_ struct catalog *catalog = calloc(1, sizeof *catalog);
    if (!catalog || !(catalog->path = strdup(path)))
        return error_oom(err);
    catalog->readonly = (flags & SQLITE_OPEN_READONLY) != 0;
    int result = sqlite3_open_v2(name, &catalog->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (result != SQLITE_OK)
        return db_fail_code(catalog, result, "cannot open the catalog", err);
    configure(catalog->db);
    catalog->wall_ahead = timing_wall_ahead();
    result = sqlite3_create_function(catalog->db, "wait_now", 0, SQLITE_UTF8, catalog,
                                     tell_wait_now, NULL, NULL);
    if (result != SQLITE_OK)
        return db_fail_code(catalog, result, "cannot open the catalog", err);
    *ret_catalog = TAKE(catalog);
    return 0;
}

static int make_parents(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return 0;
    _cleanup_free_ char *parent = strndup(path, (size_t)(slash - path));
    return parent ? file_make_dirs(parent, 0755, err) : error_oom(err);
}

/* Readers and the writer do not wait for each other in WAL mode; FULL makes a commit durable. */
static int set_journal(struct catalog *catalog, struct error *err)
{
    _cleanup_free_ char *mode = NULL;
    int r = db_text(catalog, err, &mode, "PRAGMA journal_mode = WAL", "");
    if (r != 0)
        return r;
    if (strcmp(mode, "wal") != 0)
        return error_set(err, PARE_EIO, "%s: the file system cannot hold a catalog (no WAL)",
                         catalog->path);
    return db_exec(catalog,
                   "PRAGMA synchronous = FULL;"
                   "PRAGMA journal_size_limit = 16777216;"
                   "PRAGMA wal_autocheckpoint = 1000;",
                   err);
}

static int prepare_writer(struct catalog *catalog, int check, struct error *err)
{
    enum schema_state state;
    int r = schema_inspect(catalog, &state, err);
    if (r == 0 && state == SCHEMA_NEWER)
        r = error_set(err, PARE_ENOTSUP,
                      "%s: the catalog is of a newer version of Pare than %s; "
                      "it is left as it is",
                      catalog->path, "this one");
    if (r == 0 && check)
        r = check_whole(catalog, err);
    catalog->checked = check || state == SCHEMA_EMPTY;
    if (r == 0)
        r = set_journal(catalog, err);
    if (r == 0 && state != SCHEMA_CURRENT)
        r = schema_migrate(catalog, err);
    /* Only now: a migration may have to rebuild tables. */
    if (r == 0)
        r = db_exec(catalog, "PRAGMA foreign_keys = ON", err);
    return r;
}

int open_writer(const char *path, int check, struct catalog **ret_catalog, struct error *err)
{
    _cleanup_catalog_ struct catalog *catalog = NULL;
    int r = make_parents(path, err);
    if (r == 0)
        r = open_handle(path, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &catalog, err);
    if (r < 0)
        return r;
    r = prepare_writer(catalog, check, err);
    if (r < 0) {
        /* A file that we refuse must not change, so closing it makes no checkpoint. */
        (void)sqlite3_db_config(catalog->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        return r;
    }
    *ret_catalog = TAKE(catalog);
    return 0;
}

int catalog_open(const char *path, struct catalog **ret_catalog, struct error *err)
{
    return open_writer(path, 0, ret_catalog, err);
}

/* A newer schema only adds to ours, so that it can be read. */
static int inspect_reader(struct catalog *catalog, struct error *err)
{
    enum schema_state state;
    int r = schema_inspect(catalog, &state, err);
    if (r != 0)
        return r;
    if (state == SCHEMA_EMPTY)
        return CATALOG_NOT_FOUND;
    if (state == SCHEMA_OLDER)
        return error_set(err, PARE_ENOTSUP,
                         "%s: the catalog is of an older version of Pare; "
                         "pared brings it up to date when it starts, or `pare rebuild`",
                         catalog->path);
    return 0;
}

static int open_reader(const char *path, const char *name, int flags, struct catalog **ret_catalog,
                       struct error *err)
{
    _cleanup_catalog_ struct catalog *catalog = NULL;
    int r = open_handle(path, name, SQLITE_OPEN_READONLY | flags, &catalog, err);
    if (r == 0)
        r = inspect_reader(catalog, err);
    if (r == 0)
        *ret_catalog = TAKE(catalog);
    return r;
}

/* 1 when all that was committed is in the main file. */
static int wal_is_empty(const char *path)
{
    _cleanup_strbuf_ struct strbuf name = STRBUF_INIT;
    strbuf_puts(&name, path);
    strbuf_puts(&name, "-wal");
    struct stat st;
    return name.data && (stat(name.data, &st) < 0 ? errno == ENOENT : st.st_size == 0);
}

/* "file:PATH?immutable=1" (free it): SQLite takes no locks and makes no files then. */
static char *immutable_uri(const char *path)
{
    _cleanup_strbuf_ struct strbuf uri = STRBUF_INIT;
    strbuf_puts(&uri, "file:");
    for (const char *p = path; *p; p++)
        if (*p == '%' || *p == '?' || *p == '#')
            strbuf_printf(&uri, "%%%02x", (unsigned char)*p);
        else
            strbuf_add(&uri, p, 1);
    strbuf_puts(&uri, "?immutable=1");
    return strbuf_finish(&uri);
}

int catalog_open_readonly(const char *path, struct catalog **ret_catalog, struct error *err)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return errno == ENOENT || errno == ENOTDIR ? CATALOG_NOT_FOUND
                                                   : error_errno(err, errno, "%s", path);
    int r = open_reader(path, path, 0, ret_catalog, err);
    if (r != PARE_EIO || !wal_is_empty(path))
        return r;
    /* A directory that we may not write to, and no writer at work: WAL's files cannot be made. */
    _cleanup_free_ char *uri = immutable_uri(path);
    return uri ? open_reader(path, uri, SQLITE_OPEN_URI, ret_catalog, err) : error_oom(err);
}
