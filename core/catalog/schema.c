/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The schema's version, and bringing an older catalog up to it: see schema.h. */
#include "catalog/schema.h"

#include <stdio.h>

int schema_version(void)
{
    int n = 0;
    while (catalog_migrations[n])
        n++;
    return n;
}

int schema_inspect(struct catalog *catalog, enum schema_state *ret_state, struct error *err)
{
    int64_t application = 0, version = 0, objects = 0;
    int r = db_integer(catalog, err, &application, "PRAGMA application_id", "");
    if (r == 0)
        r = db_integer(catalog, err, &version, "PRAGMA user_version", "");
    if (r == 0)
        r = db_integer(catalog, err, &objects, "SELECT count(*) FROM sqlite_schema", "");
    if (r != 0)
        return r;
    if (application == 0 && version == 0 && objects == 0)
        *ret_state = SCHEMA_EMPTY;
    else if (application != SCHEMA_APPLICATION_ID)
        return error_set(err, PARE_EUSAGE, "%s: a database of another program, not a catalog",
                         catalog->path);
    else if (version > schema_version())
        *ret_state = SCHEMA_NEWER;
    else
        *ret_state = version < schema_version() ? SCHEMA_OLDER : SCHEMA_CURRENT;
    return 0;
}

static int apply(struct catalog *catalog, int64_t version, struct error *err)
{
    int r = db_exec(catalog, catalog_migrations[version], err);
    if (r < 0) {
        (void)error_prefix(err, "migration %lld", (long long)version + 1);
        return r;
    }
    char script[64];
    (void)snprintf(script, sizeof script, "PRAGMA user_version = %lld", (long long)version + 1);
    return db_exec(catalog, script, err);
}

static int apply_missing(struct catalog *catalog, struct error *err)
{
    int64_t version = 0;
    char script[64];
    (void)snprintf(script, sizeof script, "PRAGMA application_id = %d", SCHEMA_APPLICATION_ID);
    int r = db_exec(catalog, script, err);
    if (r == 0)
        r = db_integer(catalog, err, &version, "PRAGMA user_version", "");
    int is_new = version == 0;
    for (; r == 0 && version < schema_version(); version++)
        r = apply(catalog, version, err);
    if (r == 0 && is_new)
        r = db_run(catalog, err, "INSERT INTO pending VALUES ('rebuild', " DB_NOW ")", "");
    return r;
}

int schema_migrate(struct catalog *catalog, struct error *err)
{
    int r = db_begin(catalog, err);
    if (r < 0)
        return r;
    return db_end(catalog, apply_missing(catalog, err), err);
}
