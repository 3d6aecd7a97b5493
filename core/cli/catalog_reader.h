/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What the commands that read the catalog share: opening it, and its figures as cells of tables. */
#ifndef CLI_CATALOG_READER_H
#define CLI_CATALOG_READER_H

#include "catalog/catalog.h"
#include "cli/cli.h"
#include "cli/table.h"

/* Opens --catalog, else the user's own catalog, else, when there is none, the system's. CLI_OK, or
 * an exit status after the message. */
int reader_open(const struct cli *cli, struct catalog **ret_catalog)
    __attribute__((warn_unused_result));

/* Cells of a row's figures; a missing one is "-". */
void reader_cell_bytes(struct table *table, const json_t *row, const char *key);
void reader_cell_real(struct table *table, const json_t *row, const char *key, int digits);
/* A small figure such as an RMSE, with three significant digits. */
void reader_cell_small(struct table *table, const json_t *row, const char *key);
void reader_cell_seconds(struct table *table, const json_t *row, const char *key);
/* The SQNR, or "exact". */
void reader_cell_sqnr(struct table *table, const json_t *row);
/* 1 when a row's figures say that nothing was lost: no SQNR, and an RMSE of 0. */
int reader_is_exact(const json_t *row);
/* A stamp as "2026-11-23 21:00", in UTC. */
void reader_cell_time(struct table *table, const json_t *row, const char *key);

#endif
