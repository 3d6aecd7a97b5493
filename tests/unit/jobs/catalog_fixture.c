/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* See catalog_fixture.h. */
#include "catalog_fixture.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>

char dir[64], db_path[128];
struct error err;

int make_dir(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/pare-catalog-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(db_path, sizeof db_path, "%s/state/catalog.db", dir);
    err = (struct error)ERROR_INIT;
    return 0;
}

int remove_dir(void **state)
{
    (void)state;
    return file_remove_tree(AT_FDCWD, dir, &err);
}

struct catalog *open_catalog(void)
{
    struct catalog *catalog = NULL;
    OK(catalog_open(db_path, &catalog, &err));
    return catalog;
}

void plain_sql(const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;
    assert_int_equal(sqlite3_open(db_path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int64_t number(struct catalog *catalog, const char *sql)
{
    int64_t value = -999;
    OK(db_integer(catalog, &err, &value, sql, ""));
    return value;
}

void assert_text(struct catalog *catalog, const char *sql, const char *expected)
{
    _cleanup_free_ char *text = NULL;
    OK(db_text(catalog, &err, &text, sql, ""));
    assert_string_equal(text, expected);
}

int64_t add_job(struct catalog *catalog, const char *uid, int priority)
{
    const struct catalog_target targets[] = { { "gguf", "q4_k_m", NULL },
                                              { "gguf", "q8_0", NULL } };
    struct catalog_job_spec spec = { .uid = uid,
                                     .name = "tiny",
                                     .path = "/drop/tiny.gguf",
                                     .kind = "drop",
                                     .priority = priority,
                                     .targets = targets,
                                     .n_targets = 2 };
    int64_t id = 0;
    OK(catalog_job_add(catalog, &spec, &id, &err));
    return id;
}
