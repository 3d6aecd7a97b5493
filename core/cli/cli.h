/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The frame of `pare`: each subcommand is one `const struct cli_command` in a file cmd_NAME.c, and
 * main.c has the table of them. Options are declared, not parsed, by a command: its --help comes
 * from the same table. Everything printed that may come from a file goes through table.h or
 * text_print, which make control characters and broken UTF-8 visible instead of acting on them.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/nearest.h"

#include <jansson.h>
#include <stddef.h>

/* Exit statuses, documented in pare(1). */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILURE = 1,
    CLI_USAGE = 2,
    CLI_NOT_FOUND = 3,     /* no such job, conversion or file */
    CLI_NO_DAEMON = 75,    /* pared does not answer on its socket */
    CLI_INTERRUPTED = 130, /* Ctrl-C */
};

/* Options that every subcommand has. The strings live as long as the program. */
struct cli {
    const struct cli_command *command;
    int json;                      /* --json */
    const char *catalog;           /* --catalog FILE, or NULL: cli_catalog_path */
    const char *socket;            /* --socket PATH, or NULL: control_socket_path */
    const char *plugins, *recipes; /* as given or found, like the next two; never NULL */
    const char *architectures, *worker;
};

/* One option of a subcommand. An array ends with a NULL name. */
struct cli_option {
    const char *name;     /* without the dashes */
    int letter;           /* its short form, or 0 */
    const char *argument; /* its name in the help, or NULL: the option takes none */
    const char *help;     /* one line */
    int id;               /* what `set` gets */
};

#define CLI_SETTINGS 1000 /* the id of the first setting's option, setting_at(0) */

struct cli_command {
    const char *name;
    const char *synopsis;             /* what follows the name: "FILE [--tensors]" */
    const char *summary;              /* one line, no full stop */
    const char *details;              /* more lines for --help, or NULL */
    const struct cli_option *options; /* beside the common ones, or NULL */
    int takes_settings;               /* it has the options of settings/settings.h, too */
    int min_operands, max_operands;   /* max -1: any number */
    size_t state_size;                /* of the zeroed struct given to set and run */
    /* Takes one option; value is NULL when it takes none. CLI_OK, or an exit status after having
     * called cli_fail. NULL when there are no options. */
    int (*set)(void *state, int id, const char *value);
    /* Does the work; returns the exit status. */
    int (*run)(const struct cli *cli, void *state, int n_operands, char **operands);
};

/* The subcommands: each in its cmd_NAME.c. */
extern const struct cli_command cmd_convert, cmd_inspect, cmd_compare, cmd_plugins, cmd_recipes,
    cmd_bench;
extern const struct cli_command cmd_list, cmd_show, cmd_failures, cmd_query, cmd_rebuild;
extern const struct cli_command cmd_status, cmd_watch, cmd_submit, cmd_cancel, cmd_retry, cmd_pause,
    cmd_resume, cmd_check_config;

/* Prints "pare: MESSAGE" as one harmless line on standard error; returns status. */
int cli_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for an error of the library: "pare: WHAT: text" (no WHAT when it is NULL). PARE_EUSAGE
 * is CLI_USAGE, all else CLI_FAILURE. */
int cli_error(const struct error *err, const char *what);
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Standard output cannot be written: CLI_FAILURE, without a message when its reader has gone. */
int cli_output_failed(int errno_value);
/* "pare: MESSAGE" and a hint at --help; CLI_USAGE. */
int cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for an unknown word, with the known one that was likely meant, if any. */
int cli_unknown(const struct nearest *nearest, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --catalog, else the user's own catalog (free it); NULL when out of memory. */
char *cli_catalog_path(const struct cli *cli);

/* Prints JSON on standard output, indented on a terminal, else compact, with a newline. CLI_OK, or
 * CLI_FAILURE when it cannot be written. */
int cli_print_json(const json_t *json);
/* A whole number within [min, max] from an option's value: 0, or -1 after cli_usage. */
int cli_number(const char *option, const char *text, long long min, long long max,
               long long *ret_number) __attribute__((warn_unused_result));
/* A number over 0, up to max, from an option's value: 0, or -1 after cli_usage. */
int cli_real(const char *option, const char *text, double max, double *ret_number)
    __attribute__((warn_unused_result));
/* 0 when the value is one of an option's words, which stand between bars; else -1 after
 * cli_usage. */
int cli_choice(const char *option, const char *choices, const char *text)
    __attribute__((warn_unused_result));
/* Bytes with an optional suffix K, M, G or T (powers of 1024): 0, or -1 after cli_usage. */
int cli_bytes(const char *option, const char *text, unsigned long long *ret_bytes)
    __attribute__((warn_unused_result));

#endif
