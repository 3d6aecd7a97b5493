/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* From a command's table of options to getopt_long and to its help. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/cli.h"

#include <stdio.h>

/* --json, --catalog and the others that every command has. */
extern const struct cli_option cli_common_options[];

enum options_outcome { OPTIONS_GO, OPTIONS_HELP, OPTIONS_VERSION };

/* Takes the options of cli->command (or, when that is NULL, those before the command's name, and
 * stops there); *ret_first is the index of the first operand, to which all operands have been
 * moved. CLI_OK, or an exit status after the message. */
int options_parse(struct cli *cli, void *state, int argc, char **argv, int *ret_first,
                  enum options_outcome *ret_outcome) __attribute__((warn_unused_result));

/* One line for each option. */
void options_print(const struct cli_option *options, FILE *out);
/* The whole --help of a command. */
void options_print_help(const struct cli_command *command, FILE *out);

#endif
