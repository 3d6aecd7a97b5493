/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare query`: one SELECT on the catalog, which cannot be changed by it. */
#include "cli/catalog_reader.h"
#include "cli/views/query_view.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

enum { OPTION_CSV, OPTION_SECONDS };

struct query {
    int csv;
    long long seconds;
};

static const struct cli_option options[] = {
    { "csv", 0, NULL, "print comma-separated values", OPTION_CSV },
    { "seconds", 0, "N", "give up after N seconds, printing included (default 60; 0: never)",
      OPTION_SECONDS },
    { NULL, 0, NULL, NULL, 0 },
};

static int set(void *state, int id, const char *value)
{
    struct query *query = state;
    if (id == OPTION_SECONDS) {
        if (cli_number("seconds", value, 0, 1000000, &query->seconds) < 0)
            return CLI_USAGE;
        query->seconds = query->seconds ? query->seconds : -1;
        return CLI_OK;
    }
    query->csv = 1;
    return CLI_OK;
}

/* Printing is part of the time: a reader that does not read holds write(2) up, which only a signal
 * ends. */
static void give_up(int signal)
{
    static const char text[] = "pare: the time of --seconds is over; the output is cut off\n";
    (void)signal;
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    _exit(CLI_FAILURE);
}

/* The query ends by itself when its time is over, with a better message: this is a bit later. */
static void limit_output(double seconds)
{
    if (seconds <= 0)
        return;
    double later = seconds + 0.3;
    struct itimerval timer = { .it_value = { (time_t)later,
                                             (suseconds_t)((later - (time_t)later) * 1e6) } };
    (void)signal(SIGALRM, give_up);
    (void)setitimer(ITIMER_REAL, &timer, NULL);
}

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    (void)n_operands;
    const struct query *query = state;
    struct error err = ERROR_INIT;
    _cleanup_catalog_ struct catalog *catalog = NULL;
    int status = reader_open(cli, &catalog);
    if (status != CLI_OK)
        return status;
    struct query_view view = {
        .format = query->csv  ? QUERY_CSV
                  : cli->json ? QUERY_JSON
                              : QUERY_TABLE,
    };
    double seconds = query->seconds == 0 ? 60 : query->seconds < 0 ? 0 : (double)query->seconds;
    limit_output(seconds);
    int r = catalog_query(catalog, operands[0], seconds, query_view_row, &view, &err);
    if (r == 0)
        r = query_view_end(&view);
    query_view_deinit(&view);
    if (r < 0 && err.code == 0)
        return cli_fail(CLI_FAILURE, "out of memory");
    return r < 0 ? cli_error(&err, NULL) : CLI_OK;
}

const struct cli_command cmd_query = {
    .name = "query",
    .synopsis = "'SELECT ...' [--json | --csv] [--seconds N]",
    .summary = "Ask the catalog in SQL; it cannot be changed",
    .details = "Tables and views are described in pare-catalog(5). For example:\n"
               "  pare query 'SELECT model, target, bits_per_weight, sqnr_db FROM pareto'\n",
    .options = options,
    .min_operands = 1,
    .max_operands = 1,
    .state_size = sizeof(struct query),
    .set = set,
    .run = run,
};
