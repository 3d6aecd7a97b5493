/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* SQLite in small portions: see db.h. */
#include "catalog/catalog_private.h"

#include "base/json.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static int status_of(const struct catalog *catalog, int result)
{
    switch (result & 0xff) {
    case SQLITE_FULL:
        return PARE_ENOSPC;
    case SQLITE_NOMEM:
        return PARE_ENOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return PARE_EDATA;
    case SQLITE_TOOBIG:
        return PARE_ELIMIT;
    case SQLITE_IOERR: {
        int cause = catalog->db ? sqlite3_system_errno(catalog->db) : 0;
        return cause == ENOSPC || cause == EDQUOT ? PARE_ENOSPC : PARE_EIO;
    }
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
        return PARE_EIO;
    default:
        return PARE_EINTERNAL;
    }
}

static const char *advice(int result)
{
    switch (result & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return "; the catalog is damaged: move it away and run `pare rebuild`";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "; another process is writing to the catalog";
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return "; check the permissions of the catalog and its directory";
    default:
        return "";
    }
}

int db_fail_code(struct catalog *catalog, int result, const char *doing, struct error *err)
{
    /* The handle's message says more than that of the code, but it may belong to another failure.
     * */
    int same = catalog->db && (sqlite3_errcode(catalog->db) & 0xff) == (result & 0xff);
    if ((result & 0xff) == SQLITE_CORRUPT || (result & 0xff) == SQLITE_NOTADB)
        catalog->damaged = 1;
    const char *text = same ? sqlite3_errmsg(catalog->db) : sqlite3_errstr(result);
    return error_set(err, status_of(catalog, result), "%s: %s: %s%s", catalog->path, doing, text,
                     advice(result));
}

int db_fail(struct catalog *catalog, const char *doing, struct error *err)
{
    return db_fail_code(catalog, sqlite3_extended_errcode(catalog->db), doing, err);
}

int db_exec(struct catalog *catalog, const char *script, struct error *err)
{
    int result = sqlite3_exec(catalog->db, script, NULL, NULL, NULL);
    return result == SQLITE_OK ? 0 : db_fail_code(catalog, result, "catalog", err);
}

static int bind_text(sqlite3_stmt *statement, int i, const char *s)
{
    if (!s)
        return sqlite3_bind_null(statement, i);
    _cleanup_json_ json_t *text = json_text(s, strlen(s));
    if (!text)
        return SQLITE_NOMEM;
    return sqlite3_bind_text64(statement, i, json_string_value(text), json_string_length(text),
                               SQLITE_TRANSIENT, SQLITE_UTF8);
}

static int bind_json(sqlite3_stmt *statement, int i, const json_t *json)
{
    if (!json)
        return sqlite3_bind_null(statement, i);
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        return SQLITE_NOMEM;
    return sqlite3_bind_text64(statement, i, text, strlen(text), free, SQLITE_UTF8);
}

static int bind_values(sqlite3_stmt *statement, const char *format, va_list ap)
{
    int result = SQLITE_OK;
    for (int i = 1; *format && result == SQLITE_OK; i++, format++) {
        if (*format == 'i')
            result = sqlite3_bind_int64(statement, i, va_arg(ap, int64_t));
        else if (*format == 'r')
            result = sqlite3_bind_double(statement, i, va_arg(ap, double));
        else if (*format == 's')
            result = bind_text(statement, i, va_arg(ap, const char *));
        else if (*format == 'j')
            result = bind_json(statement, i, va_arg(ap, const json_t *));
        else
            result = SQLITE_MISUSE;
    }
    return result;
}

/* SQLite keeps a list of a handle's statements, which is our cache. */
#define KEPT_STATEMENTS 64

static sqlite3_stmt *find_kept(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *idle = NULL;
    size_t n = 0;
    for (sqlite3_stmt *s = sqlite3_next_stmt(db, NULL); s; s = sqlite3_next_stmt(db, s)) {
        const char *text = sqlite3_sql(s);
        if (sqlite3_stmt_busy(s))
            continue;
        if (text && !strcmp(text, sql))
            return s;
        idle = s; /* in the end that of the longest standing */
        n++;
    }
    if (n >= KEPT_STATEMENTS)
        (void)sqlite3_finalize(idle);
    return NULL;
}

void db_finalize(sqlite3_stmt **statement)
{
    if (!*statement)
        return;
    if (sqlite3_db_readonly(sqlite3_db_handle(*statement), "main") != 0) {
        (void)sqlite3_finalize(*statement);
        return;
    }
    (void)sqlite3_reset(*statement);
    (void)sqlite3_clear_bindings(*statement);
}

int db_preparev(struct catalog *catalog, struct error *err, sqlite3_stmt **ret_statement,
                const char *sql, const char *format, va_list ap)
{
    _cleanup_statement_ sqlite3_stmt *statement = catalog->readonly ? NULL
                                                                    : find_kept(catalog->db, sql);
    int result = statement ? SQLITE_OK
                           : sqlite3_prepare_v3(catalog->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                                &statement, NULL);
    if (result == SQLITE_OK)
        result = bind_values(statement, format, ap);
    if (result != SQLITE_OK)
        return db_fail_code(catalog, result, "catalog", err);
    *ret_statement = TAKE(statement);
    return 0;
}

int db_prepare(struct catalog *catalog, struct error *err, sqlite3_stmt **ret_statement,
               const char *sql, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int r = db_preparev(catalog, err, ret_statement, sql, format, ap);
    va_end(ap);
    return r;
}

int db_step(struct catalog *catalog, sqlite3_stmt *statement, struct error *err)
{
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        return 1;
    return result == SQLITE_DONE ? 0 : db_fail(catalog, "catalog", err);
}

/* Begins the held transaction with the first call that writes. */
static int open_held(struct catalog *catalog, struct error *err)
{
    if (!catalog->held || catalog->open)
        return 0;
    int r = db_exec(catalog, "BEGIN IMMEDIATE", err);
    catalog->open = r == 0;
    return r;
}

int db_run(struct catalog *catalog, struct error *err, const char *sql, const char *format, ...)
{
    _cleanup_statement_ sqlite3_stmt *statement = NULL;
    int held = open_held(catalog, err);
    if (held < 0)
        return held;
    va_list ap;
    va_start(ap, format);
    int r = db_preparev(catalog, err, &statement, sql, format, ap);
    va_end(ap);
    if (r < 0)
        return r;
    do
        r = db_step(catalog, statement, err);
    while (r > 0);
    return r;
}

int64_t db_changes(const struct catalog *catalog)
{
    return sqlite3_changes64(catalog->db);
}

/* Steps to the only row: 0, or CATALOG_NOT_FOUND when there is none or its value is NULL. */
static int only_row(struct catalog *catalog, sqlite3_stmt *statement, struct error *err)
{
    int r = db_step(catalog, statement, err);
    if (r < 0)
        return r;
    return r == 0 || sqlite3_column_type(statement, 0) == SQLITE_NULL ? CATALOG_NOT_FOUND : 0;
}

int db_integer(struct catalog *catalog, struct error *err, int64_t *ret_value, const char *sql,
               const char *format, ...)
{
    _cleanup_statement_ sqlite3_stmt *statement = NULL;
    va_list ap;
    va_start(ap, format);
    int r = db_preparev(catalog, err, &statement, sql, format, ap);
    va_end(ap);
    if (r == 0)
        r = only_row(catalog, statement, err);
    if (r == 0)
        *ret_value = sqlite3_column_int64(statement, 0);
    return r;
}

int db_text(struct catalog *catalog, struct error *err, char **ret_text, const char *sql,
            const char *format, ...)
{
    _cleanup_statement_ sqlite3_stmt *statement = NULL;
    va_list ap;
    va_start(ap, format);
    int r = db_preparev(catalog, err, &statement, sql, format, ap);
    va_end(ap);
    if (r == 0)
        r = only_row(catalog, statement, err);
    if (r != 0)
        return r;
    const char *text = (const char *)sqlite3_column_text(statement, 0);
    char *copy = text ? strdup(text) : NULL;
    if (!copy)
        return error_oom(err);
    *ret_text = copy;
    return 0;
}

static json_t *blob_text(const unsigned char *data, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    _cleanup_free_ char *text = malloc(2 * n + 1);
    if (!text)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        text[2 * i] = digits[data[i] >> 4];
        text[2 * i + 1] = digits[data[i] & 15];
    }
    return json_stringn(text, 2 * n);
}

json_t *db_value(sqlite3_stmt *statement, int column)
{
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
        return json_null();
    case SQLITE_INTEGER:
        return json_integer(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
        return json_number(sqlite3_column_double(statement, column));
    case SQLITE_BLOB: {
        const void *data = sqlite3_column_blob(statement, column);
        return blob_text(data, (size_t)sqlite3_column_bytes(statement, column));
    }
    default: {
        const char *text = (const char *)sqlite3_column_text(statement, column);
        return text ? json_text(text, (size_t)sqlite3_column_bytes(statement, column)) : NULL;
    }
    }
}

/* Columns that hold JSON, wherever they occur. */
static int holds_json(const char *name)
{
    static const char *const names[] = { "options", "overrides", "plugins",   "sandbox",
                                         "shape",   "warnings",  "described", "settings" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i]))
            return 1;
    return 0;
}

static json_t *row_value(sqlite3_stmt *statement, int column)
{
    json_t *value = db_value(statement, column);
    if (!json_is_string(value) || !holds_json(sqlite3_column_name(statement, column)))
        return value;
    json_t *parsed = json_loads(json_string_value(value), JSON_DECODE_ANY, NULL);
    if (!parsed)
        return value;
    json_decref(value);
    return parsed;
}

/* Appends the current row to the array; -1 when out of memory. */
static int append_row(json_t *rows, sqlite3_stmt *statement)
{
    json_t *row = json_object();
    if (json_array_append_new(rows, row) < 0)
        return -1;
    for (int i = 0; i < sqlite3_column_count(statement); i++)
        if (json_object_set_new(row, sqlite3_column_name(statement, i), row_value(statement, i)) <
            0)
            return -1;
    return 0;
}

int db_rows(struct catalog *catalog, struct error *err, json_t **ret_rows, const char *sql,
            const char *format, ...)
{
    _cleanup_statement_ sqlite3_stmt *statement = NULL;
    va_list ap;
    va_start(ap, format);
    int r = db_preparev(catalog, err, &statement, sql, format, ap);
    va_end(ap);
    if (r < 0)
        return r;
    _cleanup_json_ json_t *rows = json_array();
    if (!rows)
        return error_oom(err);
    while ((r = db_step(catalog, statement, err)) > 0)
        if (append_row(rows, statement) < 0)
            return error_oom(err);
    if (r < 0)
        return r;
    *ret_rows = TAKE(rows);
    return 0;
}

void catalog_hold(struct catalog *catalog)
{
    catalog->held = 1;
    catalog->open = catalog->broken = 0;
}

int catalog_release(struct catalog *catalog, struct error *err)
{
    int open = catalog->open, broken = catalog->broken;
    catalog->held = catalog->open = catalog->broken = 0;
    int r = open ? db_exec(catalog, "COMMIT", err) : 0;
    if (r < 0 && !sqlite3_get_autocommit(catalog->db))
        (void)sqlite3_exec(catalog->db, "ROLLBACK", NULL, NULL, NULL);
    if (r == 0 && broken)
        r = error_set(err, PARE_EIO, "%s: some changes were taken back", catalog->path);
    return r;
}

int db_begin(struct catalog *catalog, struct error *err)
{
    int r = open_held(catalog, err);
    return r < 0 ? r : db_exec(catalog, catalog->held ? "SAVEPOINT call" : "BEGIN IMMEDIATE", err);
}

static int end_part(struct catalog *catalog, int result, struct error *err)
{
    if (result >= 0) {
        int r = db_exec(catalog, "RELEASE call", err);
        return r < 0 ? r : result;
    }
    if (!sqlite3_get_autocommit(catalog->db)) {
        (void)sqlite3_exec(catalog->db, "ROLLBACK TO call; RELEASE call", NULL, NULL, NULL);
    } else { /* after an error such as a full disk nothing is left to take back */
        catalog->open = 0;
        catalog->broken = 1;
    }
    return result;
}

int db_end(struct catalog *catalog, int result, struct error *err)
{
    if (catalog->held)
        return end_part(catalog, result, err);
    if (result >= 0) {
        int r = db_exec(catalog, "COMMIT", err);
        if (r == 0)
            return result;
        result = r;
    }
    if (!sqlite3_get_autocommit(catalog->db))
        (void)sqlite3_exec(catalog->db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}
