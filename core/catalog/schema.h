/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The schema's version is PRAGMA user_version: the number of migrations that were applied. Each is
 * a script in migrations/, never edited once released. PRAGMA application_id tells a catalog from
 * other databases.
 */
#ifndef CATALOG_SCHEMA_H
#define CATALOG_SCHEMA_H

#include "catalog/catalog_private.h"

#define SCHEMA_APPLICATION_ID 0x50415245 /* "PARE" */

/* The scripts, oldest first; ends with NULL. */
extern const char *const catalog_migrations[];

/* The newest version that we know: the number of scripts. */
int schema_version(void);

enum schema_state {
    SCHEMA_CURRENT,
    SCHEMA_EMPTY, /* a database without anything in it */
    SCHEMA_OLDER,
    SCHEMA_NEWER
};

/* What the open file is; changes nothing. PARE_EUSAGE when it is another program's. */
int schema_inspect(struct catalog *catalog, enum schema_state *ret_state, struct error *err)
    __attribute__((warn_unused_result));

/* Applies the missing migrations, all or none, unless another process did meanwhile. */
int schema_migrate(struct catalog *catalog, struct error *err) __attribute__((warn_unused_result));

#endif
