/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The commands that are one request to the daemon: cancel, retry, pause, resume. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/control_client.h"

#include <stdio.h>

/* Sends a request for each operand (or one without) and says what became of it. */
static int call_and_say(const struct cli *cli, json_t *request, const char *done)
{
    _cleanup_json_ json_t *reply = NULL;
    int status = control_call(cli, request, &reply);
    if (status != CLI_OK)
        return status;
    if (cli->json)
        return cli_print_json(reply);
    if (json_object_get(reply, "uid"))
        printf("%s job %lld (%s)\n", done, (long long)json_get_int(reply, "id", 0),
               json_get_string(reply, "uid", "?"));
    else
        printf("%s\n", done);
    return CLI_OK;
}

static int for_each_job(const struct cli *cli, int n, char **jobs, const char *done)
{
    int worst = CLI_OK;
    for (int i = 0; i < n; i++) {
        json_t *request = json_pack("{s:s, s:s}", "command", cli->command->name, "job", jobs[i]);
        if (!request)
            return cli_usage("%s: \"%s\" is not a job's ID or UID", cli->command->name, jobs[i]);
        int status = call_and_say(cli, request, done);
        if (status != CLI_OK)
            worst = status;
    }
    return worst;
}

static int run_cancel(const struct cli *cli, void *state, int n, char **operands)
{
    (void)state;
    return for_each_job(cli, n, operands, "cancelled");
}

static int run_retry(const struct cli *cli, void *state, int n, char **operands)
{
    (void)state;
    return for_each_job(cli, n, operands, "queued again:");
}

static int run_pause(const struct cli *cli, void *state, int n, char **operands)
{
    (void)state, (void)n, (void)operands;
    return call_and_say(cli, json_pack("{s:s}", "command", "pause"),
                        "paused: running jobs go on, no other starts");
}

static int run_resume(const struct cli *cli, void *state, int n, char **operands)
{
    (void)state, (void)n, (void)operands;
    return call_and_say(cli, json_pack("{s:s}", "command", "resume"), "resumed");
}

const struct cli_command cmd_cancel = {
    .name = "cancel",
    .synopsis = "JOB...",
    .summary = "Cancel queued or running jobs",
    .details = "A job is named by its ID or UID, as `pare status` shows them. What it has\n"
               "published already stays.\n",
    .min_operands = 1,
    .max_operands = -1,
    .run = run_cancel,
};

const struct cli_command cmd_retry = {
    .name = "retry",
    .synopsis = "JOB...",
    .summary = "Queue failed or cancelled jobs again",
    .details = "Targets that are published already are not made again.\n",
    .min_operands = 1,
    .max_operands = -1,
    .run = run_retry,
};

const struct cli_command cmd_pause = {
    .name = "pause",
    .synopsis = "",
    .summary = "Let the daemon start no more jobs",
    .run = run_pause,
};

const struct cli_command cmd_resume = {
    .name = "resume",
    .synopsis = "",
    .summary = "Let the daemon start jobs again",
    .run = run_resume,
};
