/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare plugins`, split: the list, and the check of one. */
#ifndef CLI_COMMANDS_PLUGINS_PRIVATE_H
#define CLI_COMMANDS_PLUGINS_PRIVATE_H

#include "cli/cli.h"

struct plugins_options {
    const char *check; /* a library, or NULL */
    int all;           /* with all inputs */
    long long seed;    /* 0: another each time */
    double seconds;    /* for one call of the plugin; 0: the default */
};

/* Tries out the library, prints what was found, and gives the exit status. */
int plugins_check(const struct cli *cli, const struct plugins_options *options)
    __attribute__((warn_unused_result));

#endif
