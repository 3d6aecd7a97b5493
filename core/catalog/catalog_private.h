/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A thin layer on SQLite for the rest of core/catalog: prepared statements with their values in one
 * call, transactions, and SQLite's failures as ours.
 *
 * Values follow a format string, one letter for each `?`, in order: 'i' an int64_t, 'r' a double,
 * 's' text (const char *; bytes that are not UTF-8 become \xNN), 'j' a const json_t * as JSON text.
 * A NULL pointer is SQL's NULL.
 */
#ifndef CATALOG_CATALOG_PRIVATE_H
#define CATALOG_CATALOG_PRIVATE_H

#include "catalog/catalog.h"

#include <sqlite3.h>

struct catalog {
    sqlite3 *db;
    char *path;
    int readonly;
    int held;          /* calls gather in one transaction (catalog_hold) */
    int open;          /* that transaction has begun */
    int broken;        /* SQLite gave it up, and with it calls that had returned 0 */
    int checked;       /* all of the file was found sound when it was opened */
    int damaged;       /* SQLite has met damage since */
    double wall_ahead; /* timing_wall_ahead() when it was opened */
};

/* The wall clock as a stamp. */
#define DB_NOW "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
/* A stamp of the clock of waiting, moved by an SQL text such as "+3 seconds". It began with the
 * wall clock when the catalog was opened, and nobody can set it since. */
#define DB_WAIT_NOW(by) "strftime('%Y-%m-%dT%H:%M:%fZ', wait_now(), " by ")"
#define DB_WAIT_PLUS DB_WAIT_NOW("? || ' seconds'") /* by a bound number of them */

/* Turns the handle's last failure into ours, "PATH: doing: why"; returns its code. */
int db_fail(struct catalog *catalog, const char *doing, struct error *err)
    __attribute__((warn_unused_result));
/* The same for a result code. */
int db_fail_code(struct catalog *catalog, int result, const char *doing, struct error *err)
    __attribute__((warn_unused_result));

/* Runs a script of trusted statements without values. */
int db_exec(struct catalog *catalog, const char *script, struct error *err)
    __attribute__((warn_unused_result));

/* Prepares a statement and binds its values; db_finalize gives it back. */
int db_prepare(struct catalog *catalog, struct error *err, sqlite3_stmt **ret_statement,
               const char *sql, const char *format, ...) __attribute__((warn_unused_result));
int db_preparev(struct catalog *catalog, struct error *err, sqlite3_stmt **ret_statement,
                const char *sql, const char *format, va_list ap)
    __attribute__((warn_unused_result));
/* 1: a row is there; 0: no more. */
int db_step(struct catalog *catalog, sqlite3_stmt *statement, struct error *err)
    __attribute__((warn_unused_result));

/* Runs one statement that gives no rows. db_changes tells how many rows it changed. */
int db_run(struct catalog *catalog, struct error *err, const char *sql, const char *format, ...)
    __attribute__((warn_unused_result));
int64_t db_changes(const struct catalog *catalog);

/* The first column of the first row; CATALOG_NOT_FOUND without a row (or with NULL). */
int db_integer(struct catalog *catalog, struct error *err, int64_t *ret_value, const char *sql,
               const char *format, ...) __attribute__((warn_unused_result));
/* The same as text, new string. */
int db_text(struct catalog *catalog, struct error *err, char **ret_text, const char *sql,
            const char *format, ...) __attribute__((warn_unused_result));
/* All rows as a new array of objects by column name; columns that hold JSON are JSON. */
int db_rows(struct catalog *catalog, struct error *err, json_t **ret_rows, const char *sql,
            const char *format, ...) __attribute__((warn_unused_result));

/* One value of the current row; a new reference, NULL when out of memory. */
json_t *db_value(sqlite3_stmt *statement, int column);

/* A transaction that writes, or a part of the one that catalog_hold began. db_end commits when
 * result >= 0, else rolls back; returns result, or the failure to commit. */
int db_begin(struct catalog *catalog, struct error *err) __attribute__((warn_unused_result));
int db_end(struct catalog *catalog, int result, struct error *err)
    __attribute__((warn_unused_result));

/* Of a handle that writes, statements are kept and used again: parsing costs more than running most
 * of them. Only one of a text may be in use at a time. */
void db_finalize(sqlite3_stmt **statement);

#define _cleanup_statement_ __attribute__((cleanup(db_finalize)))

/* check.c */

/* Reads all of the file. PARE_EDATA when it is damaged. */
int check_whole(struct catalog *catalog, struct error *err) __attribute__((warn_unused_result));
/* 1 when that takes no time that anybody notices. */
int check_is_short(const char *path);
/* 1 when the file is the one that catalog_condemn was called for. */
int check_has_condemned(const char *path);
void check_forget(const char *path);

/* As catalog_open. `check`: also look for damage in the whole file. PARE_EDATA means that it is
 * damaged; it was not changed then. */
int open_writer(const char *path, int check, struct catalog **ret_catalog, struct error *err)
    __attribute__((warn_unused_result));

#endif
