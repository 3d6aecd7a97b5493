/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare status`: the daemon and its queue, once. */
#include "base/cleanup.h"
#include "cli/control_client.h"
#include "cli/views/queue_view.h"

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    (void)state, (void)n_operands, (void)operands;
    _cleanup_json_ json_t *reply = NULL;
    int status = control_call(cli, json_pack("{s:s}", "command", "status"), &reply);
    if (status != CLI_OK)
        return status;
    if (cli->json)
        return cli_print_json(reply);
    return queue_view_print(reply, stdout) < 0 ? cli_fail(CLI_FAILURE, "out of memory") : CLI_OK;
}

const struct cli_command cmd_status = {
    .name = "status",
    .synopsis = "[--json]",
    .summary = "Show the daemon and its queue",
    .run = run,
};
