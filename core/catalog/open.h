/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Opening for writing, as catalog_open and catalog_open_or_replace share it. */
#ifndef CATALOG_OPEN_H
#define CATALOG_OPEN_H

#include "catalog/catalog.h"

/* As catalog_open. `check`: also look for damage in the whole file. PARE_EDATA means that it is
 * damaged; it was not changed then. */
int open_writer(const char *path, int check, struct catalog **ret_catalog, struct error *err)
    __attribute__((warn_unused_result));

#endif
