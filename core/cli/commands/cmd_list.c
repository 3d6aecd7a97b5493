/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare list`: conversions in the catalog, newest first. */
#include "base/json.h"
#include "cli/catalog_reader.h"

#include <string.h>

enum { OPTION_LIMIT, OPTION_ALL, OPTION_STATE };

struct list {
    long long limit;
    int all;
    const char *state;
};

static const struct cli_option options[] = {
    { "limit", 'n', "N", "show at most N (default 20)", OPTION_LIMIT },
    { "all", 'a', NULL, "show all", OPTION_ALL },
    { "state", 's', "STATE", "only queued, running, done, failed or cancelled ones", OPTION_STATE },
    { NULL, 0, NULL, NULL, 0 },
};

static int set_state(struct list *list, const char *value)
{
    static const char *const states[] = { "queued", "running", "done", "failed", "cancelled" };
    struct nearest nearest;
    nearest_start(&nearest, (struct pare_str){ value, strlen(value) });
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (!strcmp(value, states[i])) {
            list->state = value;
            return CLI_OK;
        }
        nearest_offer_name(&nearest, states[i]);
    }
    return cli_unknown(&nearest,
                       "--state is queued, running, done, failed or cancelled, not \"%s\"", value);
}

static int set(void *state, int id, const char *value)
{
    struct list *list = state;
    if (id == OPTION_STATE)
        return set_state(list, value);
    if (id == OPTION_LIMIT)
        return cli_number("limit", value, 1, 1000000000, &list->limit) < 0 ? CLI_USAGE : CLI_OK;
    list->all = 1;
    return CLI_OK;
}

static void add_row(struct table *table, const json_t *row)
{
    table_cell(table, json_get_string(row, "ref", NULL));
    table_cell(table, json_get_string(row, "model", NULL));
    table_cell(table, json_get_string(row, "target", NULL));
    reader_cell_bytes(table, row, "bytes_out");
    reader_cell_real(table, row, "bits_per_weight", 2);
    reader_cell_sqnr(table, row);
    reader_cell_seconds(table, row, "seconds");
    table_cell(table, json_get_string(row, "state", NULL));
    reader_cell_time(table, row, json_get_string(row, "finished", NULL) ? "finished" : "queued");
}

static int print_rows(const json_t *rows)
{
    static const char *const headings[] = { "ID",      "MODEL", "TARGET", "SIZE",      "BPW",
                                            "SQNR dB", "TIME",  "STATE",  "WHEN (UTC)" };
    if (json_array_size(rows) == 0) {
        puts("no conversions");
        return CLI_OK;
    }
    struct table *table = table_new("lllrrrrll", headings);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
        add_row(table, row);
    int r = table_print(table, stdout);
    table_free(table);
    return r < 0 ? cli_fail(CLI_FAILURE, "out of memory") : CLI_OK;
}

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    const struct list *list = state;
    struct error err = ERROR_INIT;
    _cleanup_catalog_ struct catalog *catalog = NULL;
    _cleanup_json_ json_t *rows = NULL;
    struct catalog_filter filter = {
        .name = n_operands ? operands[0] : NULL,
        .state = list->state,
        .limit = list->all     ? 0
                 : list->limit ? (size_t)list->limit
                               : 20,
    };
    int status = reader_open(cli, &catalog);
    if (status != CLI_OK)
        return status;
    if (catalog_list(catalog, &filter, &rows, &err) < 0)
        return cli_error(&err, NULL);
    return cli->json ? cli_print_json(rows) : print_rows(rows);
}

const struct cli_command cmd_list = {
    .name = "list",
    .synopsis = "[MODEL] [--state STATE] [--limit N | --all] [--json]",
    .summary = "List conversions, newest first",
    .details = "Shows conversions of models whose name contains MODEL. The ID is for `pare show`.\n"
               "With --json: an array with the columns of the view `conversions`.\n",
    .options = options,
    .max_operands = 1,
    .state_size = sizeof(struct list),
    .set = set,
    .run = run,
};
