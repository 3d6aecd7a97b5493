/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Opening whatever may lie where the catalog should be: nothing, older, newer, foreign and damaged
 * files, read-only directories, other connections; and queries by people, which may only read.
 */
#include "base/file.h"
#include "catalog/schema.h"
#include "catalog_fixture.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void test_schema(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    assert_int_equal(number(catalog, "PRAGMA user_version"), schema_version());
    assert_int_equal(number(catalog, "PRAGMA application_id"), SCHEMA_APPLICATION_ID);
    assert_int_equal(number(catalog, "PRAGMA foreign_keys"), 1);
    assert_int_equal(number(catalog, "PRAGMA synchronous"), 2);
    assert_text(catalog, "PRAGMA journal_mode", "wal");
    assert_int_equal(number(catalog,
                            "SELECT count(*) FROM pragma_table_list WHERE schema = 'main'"
                            " AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'"),
                     0);
    assert_int_equal(number(catalog,
                            "SELECT count(*) FROM sqlite_schema WHERE type = 'view' AND"
                            " name IN ('conversions', 'failures', 'pareto', 'slowest_tensors',"
                            " 'worst_tensors')"),
                     5);
    assert_int_equal(db_exec(catalog,
                             "INSERT INTO job (uid, name, source_path, kind, state,"
                             " submitted) VALUES ('u', 'n', 'p', 'drop', 'eaten', 's')",
                             &err),
                     PARE_EDATA);
}

static void test_migration(void **state)
{
    (void)state;
    char sql[100];
    OK(file_make_dirs(dir, 0700, &err));
    (void)snprintf(db_path, sizeof db_path, "%s/old.db", dir);
    plain_sql(catalog_migrations[0]);
    (void)snprintf(sql, sizeof sql, "PRAGMA user_version = 1; PRAGMA application_id = %d",
                   SCHEMA_APPLICATION_ID);
    plain_sql(sql);
    plain_sql("INSERT INTO job (uid, name, source_path, kind, state, submitted)"
              " VALUES ('old', 'n', 'p', 'drop', 'queued', '2026-01-01T00:00:00.000Z')");
    struct catalog *catalog = NULL;
    assert_int_equal(catalog_open_readonly(db_path, &catalog, &err), PARE_ENOTSUP);
    assert_non_null(strstr(err.text, "older version"));
    catalog = open_catalog();
    assert_int_equal(number(catalog, "PRAGMA user_version"), schema_version());
    assert_text(catalog, "SELECT uid FROM job", "old");
    assert_int_equal(number(catalog, "SELECT count(*) FROM conversions"), 0);
    catalog_close(catalog);
}

static void hash_file(char ret_hex[65], const char *path)
{
    _cleanup_free_ char *data = NULL;
    size_t n = 0;
    OK(file_read_all(AT_FDCWD, path, 1u << 24, &data, &n, &err));
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)data[i]) * 1099511628211u;
    (void)snprintf(ret_hex, 65, "%zu-%llx", n, (unsigned long long)h);
}

static void test_newer_and_foreign(void **state)
{
    (void)state;
    char before[65], after[65], sql[64];
    catalog_close(open_catalog());
    (void)snprintf(sql, sizeof sql, "PRAGMA user_version = %d", schema_version() + 1);
    plain_sql(sql);
    hash_file(before, db_path);
    struct catalog *catalog = NULL;
    char *moved = NULL;
    assert_int_equal(catalog_open(db_path, &catalog, &err), PARE_ENOTSUP);
    assert_non_null(strstr(err.text, "newer version of Pare"));
    assert_int_equal(catalog_open_or_replace(db_path, &moved, &catalog, &err), PARE_ENOTSUP);
    hash_file(after, db_path);
    assert_string_equal(before, after);
    OK(catalog_open_readonly(db_path, &catalog, &err));
    catalog_close(catalog);

    (void)snprintf(db_path, sizeof db_path, "%s/foreign.db", dir);
    plain_sql("CREATE TABLE other (x)");
    hash_file(before, db_path);
    assert_int_equal(catalog_open(db_path, &catalog, &err), PARE_EUSAGE);
    assert_int_equal(catalog_open_or_replace(db_path, &moved, &catalog, &err), PARE_EUSAGE);
    assert_non_null(strstr(err.text, "another program"));
    hash_file(after, db_path);
    assert_string_equal(before, after);
}

static void copy_file(const char *from, const char *to)
{
    _cleanup_free_ char *data = NULL;
    size_t n = 0;
    OK(file_read_all(AT_FDCWD, from, 1u << 24, &data, &n, &err));
    FILE *file = fopen(to, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* What a killed newer Pare left in its log stays there too. */
static void test_newer_with_log(void **state)
{
    (void)state;
    char wal[160], copy[160], copy_wal[170], sql[64], before[65], after[65];
    _cleanup_catalog_ struct catalog *catalog = open_catalog(), *refused = NULL;
    (void)snprintf(sql, sizeof sql, "PRAGMA user_version = %d", schema_version() + 1);
    OK(db_exec(catalog, sql, &err));
    (void)snprintf(wal, sizeof wal, "%s-wal", db_path);
    (void)snprintf(copy, sizeof copy, "%s/copy.db", dir);
    (void)snprintf(copy_wal, sizeof copy_wal, "%s-wal", copy);
    copy_file(db_path, copy);
    copy_file(wal, copy_wal);
    hash_file(before, copy);
    assert_int_equal(catalog_open(copy, &refused, &err), PARE_ENOTSUP);
    hash_file(after, copy);
    assert_string_equal(before, after);
    struct stat st;
    assert_int_equal(stat(copy_wal, &st), 0);
    assert_true(st.st_size > 0);
}

static void overwrite(long offset, int byte, size_t n)
{
    FILE *file = fopen(db_path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    while (n--)
        (void)fputc(byte, file);
    assert_int_equal(fclose(file), 0);
}

/* 0: opened, 1: new; checks that a moved file is there exactly when it should be. */
static void open_or_replace(int expected, int expected_moved)
{
    _cleanup_catalog_ struct catalog *catalog = NULL;
    _cleanup_free_ char *moved = NULL;
    int r = catalog_open_or_replace(db_path, &moved, &catalog, &err);
    if (r != expected)
        fail_msg("open_or_replace: %d: %s", r, err.text);
    assert_int_equal(moved != NULL, expected_moved);
    struct stat st;
    if (moved)
        assert_int_equal(stat(moved, &st), 0);
    assert_int_equal(number(catalog, "SELECT count(*) FROM job"), expected ? 0 : 1);
    if (expected) {
        (void)add_job(catalog, "20261123T210000-aaaaaa", 0);
        OK(catalog_rebuilt(catalog, &err));
    }
}

static void test_damaged(void **state)
{
    (void)state;
    open_or_replace(1, 0);
    open_or_replace(0, 0);
    overwrite(0, 0xff, 4096);
    struct catalog *catalog = NULL;
    assert_int_equal(catalog_open(db_path, &catalog, &err), PARE_EDATA);
    assert_non_null(strstr(err.text, "pare rebuild"));
    open_or_replace(1, 1);
    overwrite(4096, 0x5a, 8192);
    open_or_replace(1, 1);
    open_or_replace(0, 0);
    struct stat st;
    assert_int_equal(stat(db_path, &st), 0);
    overwrite(0, 0, (size_t)st.st_size);
    open_or_replace(1, 1);
    assert_int_equal(truncate(db_path, st.st_size / 2 + 100), 0);
    open_or_replace(1, 1);
    assert_int_equal(truncate(db_path, 0), 0);
    open_or_replace(1, 0);
}

/* A crash before the manifests were all read: they are asked for again. */
static void test_rebuild_is_remembered(void **state)
{
    (void)state;
    catalog_close(open_catalog());
    for (int i = 0; i < 3; i++) {
        _cleanup_catalog_ struct catalog *catalog = NULL;
        char *moved = NULL;
        assert_int_equal(catalog_open_or_replace(db_path, &moved, &catalog, &err), i < 2);
        assert_null(moved);
        if (i == 1)
            OK(catalog_rebuilt(catalog, &err));
    }
}

/* Every page in turn filled with rubbish: it opens, or it is replaced; never an error or crash. */
static void test_each_page(void **state)
{
    (void)state;
    struct stat st;
    open_or_replace(1, 0);
    assert_int_equal(stat(db_path, &st), 0);
    for (long page = 0; page < st.st_size / 4096; page++) {
        overwrite(page * 4096, 0xa5, 4096);
        _cleanup_catalog_ struct catalog *catalog = NULL;
        _cleanup_free_ char *moved = NULL;
        int r = catalog_open_or_replace(db_path, &moved, &catalog, &err);
        if (r < 0)
            fail_msg("page %ld: %s", page, err.text);
        assert_int_equal(r, moved != NULL);
        if (moved) {
            (void)add_job(catalog, "20261123T210000-aaaaaa", 0);
            OK(catalog_rebuilt(catalog, &err));
        }
    }
}

static void test_two_connections(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *writer = open_catalog(), *second = open_catalog();
    struct catalog *reader = NULL;
    OK(catalog_open_readonly(db_path, &reader, &err));
    OK(db_exec(reader, "BEGIN", &err));
    assert_int_equal(number(reader, "SELECT count(*) FROM job"), 0);
    (void)add_job(writer, "u-1", 0);
    (void)add_job(second, "u-2", 0);
    assert_int_equal(number(reader, "SELECT count(*) FROM job"), 0); /* its snapshot */
    OK(db_exec(reader, "COMMIT", &err));
    assert_int_equal(number(reader, "SELECT count(*) FROM job"), 2);
    assert_int_equal(db_exec(reader, "DELETE FROM job", &err), PARE_EIO);
    catalog_close(reader);
    OK(db_begin(writer, &err));
    (void)sqlite3_busy_timeout(second->db, 10);
    assert_int_equal(catalog_event(second, 0, "info", "x", "y", &err), PARE_EIO);
    assert_non_null(strstr(err.text, "another process"));
    OK(db_end(writer, 0, &err));
    OK(catalog_event(second, 0, "info", "x", "y", &err));
}

/* In a child without rights to the directory: no WAL files can be made there. */
static void read_as_nobody(void)
{
    struct passwd *nobody = getpwnam("nobody");
    if (nobody && (setgid(nobody->pw_gid) < 0 || setuid(nobody->pw_uid) < 0))
        _exit(2);
    struct catalog *catalog = NULL;
    int64_t n = 0;
    if (catalog_open_readonly(db_path, &catalog, &err) != 0 ||
        db_integer(catalog, &err, &n, "SELECT count(*) FROM job", "") != 0)
        fputs(err.text, stderr);
    _exit(n == 1 ? 0 : 1);
}

static void test_read_only_directory(void **state)
{
    (void)state;
    struct catalog *catalog = NULL;
    assert_int_equal(catalog_open_readonly(db_path, &catalog, &err), CATALOG_NOT_FOUND);
    catalog = open_catalog();
    (void)add_job(catalog, "u-1", 0);
    for (int open = 1; open >= 0; open--) {
        if (!open) {
            catalog_close(catalog);
            *strrchr(db_path, '/') = '\0';
            assert_int_equal(chmod(db_path, 0555), 0);
            db_path[strlen(db_path)] = '/';
        }
        assert_int_equal(chmod(dir, 0755), 0);
        pid_t pid = fork();
        if (pid == 0)
            read_as_nobody();
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    *strrchr(db_path, '/') = '\0';
    assert_int_equal(chmod(db_path, 0755), 0);
}

struct seen {
    size_t headers, rows, columns;
    char last[100];
};

static int see(void *context, size_t n, const char *const *names, json_t *const *values)
{
    struct seen *seen = context;
    seen->columns = n;
    if (!values) {
        seen->headers++;
        assert_non_null(names[0]);
        return 0;
    }
    seen->rows++;
    _cleanup_free_ char *text = json_dumps(values[n - 1], JSON_ENCODE_ANY);
    (void)snprintf(seen->last, sizeof seen->last, "%s", text);
    return 0;
}

static void refuse_query(struct catalog *catalog, const char *sql, const char *expected)
{
    struct seen seen = { 0 };
    int r = catalog_query(catalog, sql, 5, see, &seen, &err);
    if (r != PARE_EUSAGE || !strstr(err.text, expected))
        fail_msg("%s: %d: %s", sql, r, err.text);
    assert_int_equal(seen.rows, 0);
}

static void test_query(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *writer = open_catalog(), *reader = NULL;
    (void)add_job(writer, "u", 0);
    struct seen seen = { 0 };
    assert_int_equal(catalog_query(writer, "SELECT 1", 5, see, &seen, &err), PARE_EUSAGE);
    OK(catalog_open_readonly(db_path, &reader, &err));
    OK(catalog_query(reader, "SELECT uid, x'00ff' FROM job; -- end", 5, see, &seen, &err));
    assert_int_equal(seen.headers, 1);
    assert_int_equal(seen.rows, 1);
    assert_string_equal(seen.last, "\"00ff\"");
    seen = (struct seen){ 0 };
    OK(catalog_query(reader, "SELECT uid FROM job WHERE 0", 5, see, &seen, &err));
    assert_int_equal(seen.headers, 1);
    assert_int_equal(seen.rows, 0);
    OK(catalog_query(reader,
                     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT"
                     " 9) SELECT max(i) FROM n",
                     5, see, &seen, &err));
    assert_string_equal(seen.last, "9");
    OK(catalog_query(reader, "SELECT count(*) FROM pragma_table_info('job')", 5, see, &seen, &err));
    OK(catalog_query(reader, "EXPLAIN QUERY PLAN SELECT * FROM pareto", 5, see, &seen, &err));
    OK(catalog_query(reader, "SELECT value FROM json_each('[1,2]')", 5, see, &seen, &err));
    OK(catalog_query(reader, "PRAGMA table_info(tensor)", 5, see, &seen, &err));
}

static void test_query_refused(void **state)
{
    (void)state;
    catalog_close(open_catalog());
    _cleanup_catalog_ struct catalog *reader = NULL;
    OK(catalog_open_readonly(db_path, &reader, &err));
    refuse_query(reader, "DELETE FROM job", "only a statement that reads");
    refuse_query(reader, "UPDATE sqlite_master SET sql = 'x'", "may not be modified");
    refuse_query(reader, "ATTACH '/tmp/pare-never.db' AS x", "only a statement that reads");
    refuse_query(reader, "CREATE TEMP TABLE t (x)", "only a statement that reads");
    refuse_query(reader, "PRAGMA user_version = 9", "only a statement that reads");
    refuse_query(reader, "PRAGMA temp_store_directory = '/tmp'", "only a statement that reads");
    refuse_query(reader, "VACUUM INTO '/tmp/pare-never.db'", "only a statement that reads");
    refuse_query(reader, "BEGIN", "only a statement that reads");
    refuse_query(reader, "SELECT load_extension('x')", "not authorized");
    refuse_query(reader, "SELECT 1; SELECT 2", "one statement only");
    refuse_query(reader, "  -- nothing", "no statement");
    refuse_query(reader, "SELECT colour FROM job", "no such column: colour");
    struct seen seen = { 0 };
    assert_int_equal(catalog_query(reader,
                                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
                                   " FROM n) SELECT sum(i) FROM n",
                                   0.05, see, &seen, &err),
                     PARE_ELIMIT);
    OK(catalog_query(reader, "SELECT 1", 5, see, &seen, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(test_schema),
                                        TEST(test_migration),
                                        TEST(test_newer_and_foreign),
                                        TEST(test_newer_with_log),
                                        TEST(test_damaged),
                                        TEST(test_each_page),
                                        TEST(test_rebuild_is_remembered),
                                        TEST(test_two_connections),
                                        TEST(test_read_only_directory),
                                        TEST(test_query),
                                        TEST(test_query_refused) };
    return cmocka_run_group_tests_name("catalog-open", tests, NULL, NULL);
}
