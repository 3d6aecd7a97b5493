/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A person's own query. The file is open for reading only; beside that the statement may do nothing
 * but read: no ATTACH, no transaction, no PRAGMA but those that tell something.
 */
#include "base/json.h"
#include "base/timing.h"
#include "catalog/catalog_private.h"

#include <string.h>

static int pragma_is_harmless(const char *name, const char *value)
{
    static const char *const any[] = { "table_info",       "table_xinfo",       "table_list",
                                       "index_list",       "index_info",        "index_xinfo",
                                       "foreign_key_list", "foreign_key_check", "quick_check",
                                       "integrity_check" };
    static const char *const no_value[] = { "user_version",  "application_id",  "page_count",
                                            "page_size",     "journal_mode",    "freelist_count",
                                            "database_list", "compile_options", "function_list",
                                            "encoding",      "schema_version" };
    for (size_t i = 0; i < sizeof any / sizeof *any; i++)
        if (!sqlite3_stricmp(name, any[i]))
            return 1;
    for (size_t i = 0; !value && i < sizeof no_value / sizeof *no_value; i++)
        if (!sqlite3_stricmp(name, no_value[i]))
            return 1;
    return 0;
}

static int authorize(void *context, int action, const char *a, const char *b, const char *database,
                     const char *trigger)
{
    (void)context, (void)database, (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        return b && !sqlite3_stricmp(b, "load_extension") ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:
        return pragma_is_harmless(a, b) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_UPDATE:
        /* So SQLite asks when a table-valued function such as json_each is named. A statement that
         * really updates the schema is refused by prepare. */
        return sqlite3_stricmp(a, "sqlite_master") ? SQLITE_DENY : SQLITE_OK;
    default:
        return SQLITE_DENY;
    }
}

struct deadline {
    uint64_t start;
    double seconds;
};

/* For SQLite's progress handler, too. */
static int is_over(void *context)
{
    const struct deadline *deadline = context;
    return deadline->seconds > 0 && timing_since(deadline->start) > deadline->seconds;
}

/* SQLite's own message, for the person who wrote the statement. */
static int refuse(struct catalog *catalog, int result, const struct deadline *deadline,
                  struct error *err)
{
    switch (result & 0xff) {
    case SQLITE_INTERRUPT:
        return error_set(err, PARE_ELIMIT, "the query took longer than %g s", deadline->seconds);
    case SQLITE_AUTH:
        return error_set(err, PARE_EUSAGE, "only a statement that reads is allowed: %s",
                         sqlite3_errmsg(catalog->db));
    case SQLITE_ERROR:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
        return error_set(err, PARE_EUSAGE, "%s", sqlite3_errmsg(catalog->db));
    default:
        return db_fail_code(catalog, result, "query", err);
    }
}

static int has_statement(struct catalog *catalog, const char *sql)
{
    _cleanup_statement_ sqlite3_stmt *more = NULL;
    return sqlite3_prepare_v2(catalog->db, sql, -1, &more, NULL) != SQLITE_OK || more;
}

static int prepare(struct catalog *catalog, const char *sql, const struct deadline *deadline,
                   sqlite3_stmt **ret_statement, struct error *err)
{
    const char *rest = sql;
    _cleanup_statement_ sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(catalog->db, sql, -1, &statement, &rest);
    if (result != SQLITE_OK)
        return refuse(catalog, result, deadline, err);
    if (!statement)
        return error_set(err, PARE_EUSAGE, "there is no statement in the query");
    if (has_statement(catalog, rest))
        return error_set(err, PARE_EUSAGE, "one statement only: \"%.60s\" follows it", rest);
    if (!sqlite3_stmt_readonly(statement))
        return error_set(err, PARE_EUSAGE, "only a statement that reads is allowed");
    *ret_statement = TAKE(statement);
    return 0;
}

static int give_row(sqlite3_stmt *statement, size_t n, const char *const *names, json_t **values,
                    catalog_row_fn *row, void *context, struct error *err)
{
    int r = 0;
    for (size_t i = 0; i < n; i++)
        if (!(values[i] = db_value(statement, (int)i)))
            r = error_oom(err);
    if (r == 0)
        r = row(context, n, names, values);
    for (size_t i = 0; i < n; i++) {
        json_decref(values[i]);
        values[i] = NULL;
    }
    return r;
}

static int run_rows(struct catalog *catalog, sqlite3_stmt *statement,
                    const struct deadline *deadline, catalog_row_fn *row, void *context,
                    struct error *err)
{
    size_t n = (size_t)sqlite3_column_count(statement);
    _cleanup_free_ const char **names = calloc(n + 1, sizeof *names);
    _cleanup_free_ json_t **values = calloc(n + 1, sizeof(json_t *));
    if (!names || !values)
        return error_oom(err);
    /* The first step may prepare the statement anew, and move the names. */
    int result = sqlite3_step(statement);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        return refuse(catalog, result, deadline, err);
    for (size_t i = 0; i < n; i++)
        names[i] = sqlite3_column_name(statement, (int)i);
    int r = row(context, n, names, NULL);
    for (; r == 0 && result == SQLITE_ROW; result = sqlite3_step(statement))
        r = is_over((void *)deadline) ? refuse(catalog, SQLITE_INTERRUPT, deadline, err)
                                      : give_row(statement, n, names, values, row, context, err);
    return r == 0 && result != SQLITE_DONE ? refuse(catalog, result, deadline, err) : r;
}

int catalog_query(struct catalog *catalog, const char *sql, double seconds, catalog_row_fn *row,
                  void *context, struct error *err)
{
    if (!catalog->readonly)
        return error_set(err, PARE_EUSAGE, "queries need a catalog that is open for reading");
    struct deadline deadline = { timing_now(), seconds };
    _cleanup_statement_ sqlite3_stmt *statement = NULL;
    (void)sqlite3_set_authorizer(catalog->db, authorize, NULL);
    sqlite3_progress_handler(catalog->db, 10000, is_over, &deadline);
    int r = prepare(catalog, sql, &deadline, &statement, err);
    if (r == 0)
        r = run_rows(catalog, statement, &deadline, row, context, err);
    (void)sqlite3_finalize(TAKE(statement));
    sqlite3_progress_handler(catalog->db, 0, NULL, NULL);
    (void)sqlite3_set_authorizer(catalog->db, NULL, NULL);
    return r;
}
