/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare status`: the daemon, its queue, and what it measures of itself, once. */
#include "base/cleanup.h"
#include "cli/control_client.h"
#include "cli/views/queue_view.h"

static const struct cli_option options[] = {
    { "reset", 0, NULL, "measure the loop, memory and rates anew from now on", 0 },
    { NULL, 0, NULL, NULL, 0 },
};

static int set(void *state, int id, const char *value)
{
    (void)id, (void)value;
    *(int *)state = 1;
    return CLI_OK;
}

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    (void)n_operands, (void)operands;
    const int *reset = state;
    _cleanup_json_ json_t *reply = NULL;
    json_t *request = json_pack("{s:s, s:b}", "command", "status", "reset", *reset);
    int status = control_call(cli, request, &reply);
    if (status != CLI_OK)
        return status;
    if (cli->json)
        return cli_print_json(reply);
    return queue_view_print(reply, stdout) < 0 ? cli_fail(CLI_FAILURE, "out of memory") : CLI_OK;
}

const struct cli_command cmd_status = {
    .name = "status",
    .synopsis = "[--json] [--reset]",
    .summary = "Show the daemon and its queue",
    .details =
        "With --json `measured` has the longest turn of the daemon's loop and where it was,\n"
        "memory and rates. --reset shows them once more; then they count from now on.\n",
    .options = options,
    .state_size = sizeof(int),
    .set = set,
    .run = run,
};
