/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Opening the catalog to read, and its figures as cells: see catalog_reader.h. */
#include "cli/catalog_reader.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

#define SYSTEM_CATALOG "/var/lib/pare/catalog.db"

int reader_open(const struct cli *cli, struct catalog **ret_catalog)
{
    struct error err = ERROR_INIT;
    _cleanup_free_ char *path = cli_catalog_path(cli);
    if (!path)
        return cli_fail(CLI_FAILURE, "out of memory");
    int r = catalog_open_readonly(path, ret_catalog, &err);
    if (r == CATALOG_NOT_FOUND && !cli->catalog)
        r = catalog_open_readonly(SYSTEM_CATALOG, ret_catalog, &err);
    if (r == CATALOG_NOT_FOUND)
        return cli_fail(CLI_NOT_FOUND,
                        "%s: there is no catalog yet; `pare convert` and pared make "
                        "it (--catalog names another)",
                        path);
    return r < 0 ? cli_error(&err, NULL) : CLI_OK;
}

void reader_cell_bytes(struct table *table, const json_t *row, const char *key)
{
    char figure[FIGURE_SIZE];
    int64_t bytes = json_get_int(row, key, -1);
    table_cell(table, bytes < 0 ? NULL : figure_bytes(figure, (uint64_t)bytes));
}

void reader_cell_real(struct table *table, const json_t *row, const char *key, int digits)
{
    char figure[FIGURE_SIZE];
    table_cell(table, figure_real(figure, json_get_real(row, key, NAN), digits));
}

void reader_cell_small(struct table *table, const json_t *row, const char *key)
{
    double value = json_get_real(row, key, NAN);
    if (isnan(value))
        table_cell(table, NULL);
    else
        table_cellf(table, "%.3g", value);
}

void reader_cell_seconds(struct table *table, const json_t *row, const char *key)
{
    char figure[FIGURE_SIZE];
    table_cell(table, figure_seconds(figure, json_get_real(row, key, NAN)));
}

int reader_is_exact(const json_t *row)
{
    return !json_is_number(json_object_get(row, "sqnr_db")) && json_get_real(row, "rmse", NAN) == 0;
}

void reader_cell_sqnr(struct table *table, const json_t *row)
{
    if (reader_is_exact(row))
        table_cell(table, "exact");
    else
        reader_cell_real(table, row, "sqnr_db", 2);
}

void reader_cell_time(struct table *table, const json_t *row, const char *key)
{
    const char *stamp = json_get_string(row, key, NULL);
    if (stamp && strlen(stamp) >= 16 && stamp[10] == 'T')
        table_cellf(table, "%.10s %.5s", stamp, stamp + 11);
    else
        table_cell(table, stamp);
}
