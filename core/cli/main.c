/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * `pare`: finds the subcommand, takes its options, runs it. Common options may stand before the
 * subcommand's name or after it.
 */
#include "base/cleanup.h"
#include "base/paths.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "config.h"
#include "supervise/stopped.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *heading;
    const struct cli_command *commands[10];
} groups[] = {
    { "Convert and look",
      { &cmd_convert, &cmd_inspect, &cmd_compare, &cmd_plugins, &cmd_recipes, &cmd_bench } },
    { "Catalog", { &cmd_list, &cmd_show, &cmd_failures, &cmd_query, &cmd_rebuild } },
    { "Daemon",
      { &cmd_status, &cmd_watch, &cmd_submit, &cmd_cancel, &cmd_retry, &cmd_pause, &cmd_resume,
        &cmd_check_config } },
};

#define N_GROUPS (sizeof groups / sizeof *groups)

static const struct cli_command *find_command(const char *name)
{
    for (size_t g = 0; g < N_GROUPS; g++)
        for (const struct cli_command *const *c = groups[g].commands; *c; c++)
            if (!strcmp((*c)->name, name))
                return *c;
    return NULL;
}

static void print_overview(FILE *out)
{
    fputs("Usage: pare COMMAND [OPTION…] [OPERAND…]\n\n"
          "Converts machine-learning models between precisions and measures what it costs.\n",
          out);
    for (size_t g = 0; g < N_GROUPS; g++) {
        fprintf(out, "\n%s:\n", groups[g].heading);
        for (const struct cli_command *const *c = groups[g].commands; *c; c++)
            fprintf(out, "  %-14s %s\n", (*c)->name, (*c)->summary);
    }
    fputs("\nOptions of every command:\n", out);
    options_print(cli_common_options, out);
    fputs("\n`pare COMMAND --help` tells more; pare(1) tells all.\n", out);
}

/* Plugins, recipes, maps and worker: as given, else from the environment or the installed tree. */
static int resolve(struct cli *cli, char *owned[4])
{
    if (!cli->plugins)
        cli->plugins = owned[0] = paths_plugins();
    if (!cli->recipes)
        cli->recipes = owned[1] = paths_recipes();
    if (!cli->architectures)
        cli->architectures = owned[3] = paths_architectures();
    if (!cli->worker)
        cli->worker = owned[2] = paths_worker();
    if (!cli->plugins || !cli->recipes || !cli->architectures || !cli->worker)
        return cli_fail(CLI_FAILURE, "out of memory");
    return CLI_OK;
}

static int check_operands(const struct cli_command *command, int n, char **operands)
{
    if (n < command->min_operands)
        return cli_usage("%s: an operand is missing: %s", command->name, command->synopsis);
    if (command->max_operands >= 0 && n > command->max_operands)
        return cli_usage("%s: unexpected operand \"%s\"", command->name,
                         operands[command->max_operands]);
    return CLI_OK;
}

static int run_command(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = cli->command;
    _cleanup_free_ void *state = calloc(1, command->state_size ? command->state_size : 1);
    if (!state)
        return cli_fail(CLI_FAILURE, "out of memory");
    int first = 0;
    enum options_outcome outcome;
    int status = options_parse(cli, state, argc, argv, &first, &outcome);
    if (status != CLI_OK)
        return status;
    if (outcome == OPTIONS_HELP) {
        options_print_help(command, stdout);
        return CLI_OK;
    }
    if (outcome == OPTIONS_VERSION) {
        puts("pare " PARE_VERSION);
        return CLI_OK;
    }
    status = check_operands(command, argc - first, argv + first);
    char *owned[4] = { NULL };
    if (status == CLI_OK)
        status = resolve(cli, owned);
    if (status == CLI_OK)
        status = command->run(cli, state, argc - first, argv + first);
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    return status;
}

static int refuse_command(const char *name)
{
    struct nearest nearest;
    nearest_start(&nearest, (struct pare_str){ name, strlen(name) });
    for (size_t g = 0; g < N_GROUPS; g++)
        for (const struct cli_command *const *c = groups[g].commands; *c; c++)
            nearest_offer_name(&nearest, (*c)->name);
    return cli_unknown(&nearest, "there is no command \"%s\"", name);
}

/* The options before the subcommand's name. */
static int run(int argc, char **argv)
{
    struct cli cli = { 0 };
    int first = 0;
    enum options_outcome outcome;
    int status = options_parse(&cli, NULL, argc, argv, &first, &outcome);
    if (status != CLI_OK)
        return status;
    if (outcome == OPTIONS_HELP || (first < argc && !strcmp(argv[first], "help"))) {
        print_overview(stdout);
        return CLI_OK;
    }
    if (outcome == OPTIONS_VERSION) {
        puts("pare " PARE_VERSION);
        return CLI_OK;
    }
    if (first == argc) {
        print_overview(stderr);
        return CLI_USAGE;
    }
    cli.command = find_command(argv[first]);
    return !cli.command ? refuse_command(argv[first])
                        : run_command(&cli, argc - first, argv + first);
}

int main(int argc, char **argv)
{
    (void)setlocale(LC_CTYPE, "");
    (void)signal(SIGPIPE, SIG_IGN);
    stopped_catch();
    (void)signal(SIGIO, SIG_IGN); /* of a short lease that a writer breaks (source_state.h) */
    int status = run(argc, argv);
    if (fflush(stdout) != 0 && status == CLI_OK)
        status = cli_output_failed(errno);
    return status;
}
