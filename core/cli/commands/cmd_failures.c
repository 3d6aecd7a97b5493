/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare failures`: what could not be converted, and why. */
#include "base/json.h"
#include "cli/catalog_reader.h"

enum { OPTION_LIMIT, OPTION_ALL };

struct failures {
    long long limit;
    int all;
};

static const struct cli_option options[] = {
    { "limit", 'n', "N", "show at most N (default 20)", OPTION_LIMIT },
    { "all", 'a', NULL, "show all", OPTION_ALL },
    { NULL, 0, NULL, NULL, 0 },
};

static int set(void *state, int id, const char *value)
{
    struct failures *failures = state;
    if (id == OPTION_LIMIT)
        return cli_number("limit", value, 1, 1000000000, &failures->limit) < 0 ? CLI_USAGE : CLI_OK;
    failures->all = 1;
    return CLI_OK;
}

static int print_rows(const json_t *rows)
{
    static const char *const headings[] = { "ID",         "MODEL", "TARGET", "TRIES",
                                            "WHEN (UTC)", "CODE",  "REASON" };
    if (json_array_size(rows) == 0) {
        puts("no failures");
        return CLI_OK;
    }
    struct table *table = table_new("lllrlll", headings);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        table_cell(table, json_get_string(row, "ref", NULL));
        table_cell(table, json_get_string(row, "model", NULL));
        table_cell(table, json_get_string(row, "target", NULL));
        table_cellf(table, "%lld", (long long)json_get_int(row, "attempts", 0));
        reader_cell_time(table, row, "finished");
        table_cell(table, json_get_string(row, "error_code", NULL));
        table_cell(table, json_get_string(row, "error_text", NULL));
    }
    int r = table_print(table, stdout);
    table_free(table);
    return r < 0 ? cli_fail(CLI_FAILURE, "out of memory") : CLI_OK;
}

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    const struct failures *failures = state;
    struct error err = ERROR_INIT;
    _cleanup_catalog_ struct catalog *catalog = NULL;
    _cleanup_json_ json_t *rows = NULL;
    struct catalog_filter filter = {
        .name = n_operands ? operands[0] : NULL,
        .limit = failures->all     ? 0
                 : failures->limit ? (size_t)failures->limit
                                   : 20,
    };
    int status = reader_open(cli, &catalog);
    if (status != CLI_OK)
        return status;
    if (catalog_failures(catalog, &filter, &rows, &err) < 0)
        return cli_error(&err, NULL);
    return cli->json ? cli_print_json(rows) : print_rows(rows);
}

const struct cli_command cmd_failures = {
    .name = "failures",
    .synopsis = "[MODEL] [--limit N | --all] [--json]",
    .summary = "List what could not be converted, and why",
    .details = "Shows failures of models whose name contains MODEL, newest first. `pare retry`\n"
               "with the job's number, before the dot of the ID, queues one again.\n",
    .options = options,
    .max_operands = 1,
    .state_size = sizeof(struct failures),
    .set = set,
    .run = run,
};
