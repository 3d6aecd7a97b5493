/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare check-config`: reads a daemon's configuration as pared would, without its effects. */
#include "base/cleanup.h"
#include "base/paths.h"
#include "cli/cli.h"
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int check(const struct cli *cli, struct config *config, const char *path)
{
    struct error err = ERROR_INIT;
    int r = config_load(config, path, &err);
    if (r == 0)
        r = config_finish(config, &err);
    if (r < 0)
        return cli_fail(CLI_FAILURE, "%s", err.text);
    if (!cli->json) {
        printf("%s: no mistakes\n", path);
        return CLI_OK;
    }
    _cleanup_json_ json_t *json = config_json(config);
    return json ? cli_print_json(json) : cli_fail(CLI_FAILURE, "out of memory");
}

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    (void)state;
    struct error err = ERROR_INIT;
    _cleanup_free_ char *path = n_operands ? strdup(operands[0]) : paths_config();
    if (!path)
        return cli_fail(CLI_FAILURE, "out of memory");
    if (access(path, F_OK) < 0)
        return cli_fail(errno == ENOENT ? CLI_NOT_FOUND : CLI_FAILURE, "%s: %s", path,
                        strerror(errno));
    struct config config;
    if (config_init(&config, &err) < 0)
        return cli_error(&err, NULL);
    int status = check(cli, &config, path);
    config_deinit(&config);
    return status;
}

const struct cli_command cmd_check_config = {
    .name = "check-config",
    .synopsis = "[FILE] [--json]",
    .summary = "Check a configuration file of pared",
    .details = "Without FILE, the installed one. With --json all keys are printed.\n",
    .max_operands = 1,
    .run = run,
};
