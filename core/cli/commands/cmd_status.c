/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare status`: the daemon, its queue, and what it measures of itself, once. */
#include "base/cleanup.h"
#include "cli/control_client.h"
#include "cli/views/queue_view.h"

enum { OPTION_RESET, OPTION_ALL };

struct status {
    int reset, all;
};

static const struct cli_option options[] = {
    { "reset", 0, NULL, "measure the loop, memory and rates anew from now on", OPTION_RESET },
    { "all", 0, NULL, "all that is queued or arrives, not the first of it only", OPTION_ALL },
    { NULL, 0, NULL, NULL, 0 },
};

static int set(void *state, int id, const char *value)
{
    struct status *status = state;
    (void)value;
    *(id == OPTION_RESET ? &status->reset : &status->all) = 1;
    return CLI_OK;
}

static int call(const struct cli *cli, const struct status *wanted, const json_t *so_far,
                json_t **ret_reply)
{
    json_t *request = json_pack("{s:s, s:b}", "command", "status", "reset", wanted->reset);
    if (request && wanted->all)
        (void)json_object_update_new(
            request,
            json_pack("{s:I, s:I, s:i}", "jobs_from",
                      (json_int_t)json_array_size(json_object_get(so_far, "jobs")), "arriving_from",
                      (json_int_t)json_array_size(json_object_get(so_far, "arriving")), "limit",
                      500));
    return control_call(cli, request, ret_reply);
}

/* Adds the next page to a status. 1: it had something, so there may be more. */
static int extend(json_t *status, const json_t *page)
{
    static const char *const lists[] = { "jobs", "arriving" };
    size_t n = 0;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        json_t *more = json_object_get(page, lists[i]);
        n += json_array_size(more);
        if (json_array_extend(json_object_get(status, lists[i]), more) < 0)
            return 0;
    }
    return n > 0;
}

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    (void)n_operands, (void)operands;
    struct status *wanted = state;
    _cleanup_json_ json_t *reply = NULL;
    int status = call(cli, wanted, NULL, &reply);
    wanted->reset = 0;
    for (int more = wanted->all; status == CLI_OK && more;) {
        _cleanup_json_ json_t *page = NULL;
        status = call(cli, wanted, reply, &page);
        more = status == CLI_OK && extend(reply, page);
    }
    if (status != CLI_OK)
        return status;
    if (cli->json)
        return cli_print_json(reply);
    return queue_view_print(reply, stdout) < 0 ? cli_fail(CLI_FAILURE, "out of memory") : CLI_OK;
}

const struct cli_command cmd_status = {
    .name = "status",
    .synopsis = "[--json] [--all] [--reset]",
    .summary = "Show the daemon and its queue",
    .details =
        "With --json `measured` has the longest turn of the daemon's loop and where it was,\n"
        "memory and rates. --reset shows them once more; then they count from now on.\n",
    .options = options,
    .state_size = sizeof(struct status),
    .set = set,
    .run = run,
};
