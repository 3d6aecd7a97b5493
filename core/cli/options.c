/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Options: see options.h. Each option gets a number for getopt_long: common ones from
 * COMMON_BASE, a command's own from OWN_BASE, in the order of its table.
 */
#include "cli/options.h"

#include "cli/table.h"
#include "settings/settings.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define COMMON_BASE 1000
#define OWN_BASE 2000
#define MAX_OPTIONS 64

enum common {
    COMMON_JSON,
    COMMON_CATALOG,
    COMMON_SOCKET,
    COMMON_PLUGINS,
    COMMON_RECIPES,
    COMMON_ARCHITECTURES,
    COMMON_WORKER,
    COMMON_HELP,
    COMMON_VERSION,
};

const struct cli_option cli_common_options[] = {
    { "json", 0, NULL, "print JSON", COMMON_JSON },
    { "catalog", 0, "FILE", "catalog to use (default: the user's own)", COMMON_CATALOG },
    { "socket", 0, "PATH", "control socket of pared", COMMON_SOCKET },
    { "plugins", 0, "DIRS", "where plugins are, colon-separated", COMMON_PLUGINS },
    { "recipes", 0, "DIRS", "where recipes are, colon-separated", COMMON_RECIPES },
    { "architectures", 0, "DIRS", "where architecture maps are", COMMON_ARCHITECTURES },
    { "worker", 0, "PATH", "the pare-worker program", COMMON_WORKER },
    { "help", 'h', NULL, "print this help", COMMON_HELP },
    { "version", 'V', NULL, "print the version", COMMON_VERSION },
    { NULL, 0, NULL, NULL, 0 },
};

struct option_list { /* of a command; ends with a NULL name */
    struct cli_option all[MAX_OPTIONS + 1];
    size_t n;
};

struct option_tables {
    struct option longs[MAX_OPTIONS + 1];
    size_t n;
    char shorts[3 * MAX_OPTIONS + 2];
    int values[256]; /* of short options */
    struct option_list own;
};

/* Appends the settings whose options come after this one in the help. */
static void list_settings(struct option_list *list, const char *after)
{
    const struct setting *s;
    for (size_t i = 0; (s = setting_at(i)) && list->n < MAX_OPTIONS; i++) {
        if (!s->option || strcmp(s->after ? s->after : "", after) != 0)
            continue;
        list->all[list->n++] = (struct cli_option){ s->option, 0, s->argument, s->help,
                                                    CLI_SETTINGS + (int)i };
        list_settings(list, s->option);
    }
}

/* A command's options, those of settings among them where each belongs. */
static void list_options(const struct cli_command *command, struct option_list *list)
{
    *list = (struct option_list){ .n = 0 };
    for (const struct cli_option *o = command->options; o && o->name; o++) {
        if (list->n < MAX_OPTIONS)
            list->all[list->n++] = *o;
        if (command->takes_settings)
            list_settings(list, o->name);
    }
    if (command->takes_settings)
        list_settings(list, "");
}

static void add_options(struct option_tables *t, const struct cli_option *options, int base)
{
    for (int i = 0; options && options[i].name && t->n < MAX_OPTIONS; i++) {
        const struct cli_option *o = &options[i];
        t->longs[t->n++] = (struct option){
            .name = o->name,
            .has_arg = o->argument ? required_argument : no_argument,
            .val = base + i,
        };
        if (!o->letter)
            continue;
        size_t len = strlen(t->shorts);
        t->shorts[len] = (char)o->letter;
        t->shorts[len + 1] = o->argument ? ':' : 0;
        t->values[(unsigned char)o->letter] = base + i;
    }
}

static int set_common(struct cli *cli, int id, const char *value, enum options_outcome *outcome)
{
    const char **const texts[] = { [COMMON_CATALOG] = &cli->catalog,
                                   [COMMON_SOCKET] = &cli->socket,
                                   [COMMON_PLUGINS] = &cli->plugins,
                                   [COMMON_RECIPES] = &cli->recipes,
                                   [COMMON_ARCHITECTURES] = &cli->architectures,
                                   [COMMON_WORKER] = &cli->worker };
    if (id == COMMON_HELP)
        *outcome = OPTIONS_HELP;
    else if (id == COMMON_VERSION)
        *outcome = OPTIONS_VERSION;
    else if (id == COMMON_JSON)
        cli->json = 1;
    else if (!*value)
        return cli_usage("--%s needs a value that is not empty", cli_common_options[id].name);
    else
        *texts[id] = value;
    return CLI_OK;
}

static int take(struct cli *cli, void *state, const struct option_tables *tables, int number,
                enum options_outcome *outcome)
{
    if (number >= OWN_BASE)
        return cli->command->set(state, tables->own.all[number - OWN_BASE].id, optarg);
    return set_common(cli, cli_common_options[number - COMMON_BASE].id, optarg, outcome);
}

/* What getopt_long refused. */
static int complain(const struct option_tables *tables, int c, char **argv)
{
    const char *word = argv[optind - 1], *name = word + strspn(word, "-");
    struct nearest nearest;
    if (optopt && optopt < COMMON_BASE && c == '?')
        return cli_usage("unknown option \"-%c\"", optopt);
    if (c == ':')
        return cli_usage("option \"%s\" needs a value", word);
    nearest_start(&nearest, (struct pare_str){ name, strcspn(name, "=") });
    for (size_t i = 0; i < tables->n; i++)
        nearest_offer_name(&nearest, tables->longs[i].name);
    if (!nearest.word.data || !nearest.distance) /* none is near, or it is known */
        return cli_usage("option \"%s\" is unknown, ambiguous or takes no value", word);
    return cli_usage("option \"%s\" is unknown, ambiguous or takes no value; did you mean "
                     "\"--%.*s\"?",
                     word, (int)nearest.word.len, nearest.word.data);
}

int options_parse(struct cli *cli, void *state, int argc, char **argv, int *ret_first,
                  enum options_outcome *ret_outcome)
{
    /* A leading '+' stops at the first operand: the command's name. */
    struct option_tables tables = { .n = 0, .shorts = "+:" };
    if (cli->command)
        strcpy(tables.shorts, ":");
    add_options(&tables, cli_common_options, COMMON_BASE);
    if (cli->command) {
        list_options(cli->command, &tables.own);
        add_options(&tables, tables.own.all, OWN_BASE);
    }
    *ret_outcome = OPTIONS_GO;
    optind = 0;
    opterr = 0;
    int c;
    while ((c = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
        if (c == '?' || c == ':')
            return complain(&tables, c, argv);
        int status = take(cli, state, &tables, c < 256 ? tables.values[c] : c, ret_outcome);
        if (status != CLI_OK)
            return status;
    }
    *ret_first = optind;
    return CLI_OK;
}

void options_print(const struct cli_option *options, FILE *out)
{
    for (const struct cli_option *o = options; o && o->name; o++) {
        char left[64];
        int n = o->letter ? snprintf(left, sizeof left, "-%c, ", o->letter)
                          : snprintf(left, sizeof left, "    ");
        (void)snprintf(left + n, sizeof left - (size_t)n, "--%s%s%s", o->name,
                       o->argument ? " " : "", o->argument ? o->argument : "");
        fprintf(out, "  %-31s %s\n", left, o->help);
    }
}

void options_print_help(const struct cli_command *command, FILE *out)
{
    fprintf(out, "Usage: pare %s%s%s\n\n%s.\n", command->name, *command->synopsis ? " " : "",
            command->synopsis, command->summary);
    if (command->details)
        fprintf(out, "\n%s", command->details);
    struct option_list own;
    list_options(command, &own);
    if (own.n) {
        fputs("\nOptions:\n", out);
        options_print(own.all, out);
    }
    fputs("\nOptions of every command:\n", out);
    options_print(cli_common_options, out);
}
