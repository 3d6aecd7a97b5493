/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare submit`: hands a source to the daemon's queue. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/control_client.h"
#include "cli/operand.h"
#include "supervise/job_target.h"
#include "source/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_TO, OPTION_PRIORITY };

struct submit {
    const char *targets[JOB_TARGETS_MAX];
    size_t n_targets;
    long long priority;
};

static const struct cli_option options[] = {
    { "to", 't', "FORMAT:RECIPE", "a target; may be repeated (default: the daemon's)", OPTION_TO },
    { "priority", 0, "N", "higher goes first (default 0)", OPTION_PRIORITY },
    { NULL, 0, NULL, NULL, 0 },
};

static int set(void *state, int id, const char *value)
{
    struct submit *submit = state;
    if (id == OPTION_PRIORITY)
        return cli_number("priority", value, -1000, 1000, &submit->priority) < 0 ? CLI_USAGE
                                                                                 : CLI_OK;
    if (submit->n_targets == JOB_TARGETS_MAX)
        return cli_usage("more than %d targets", JOB_TARGETS_MAX);
    submit->targets[submit->n_targets++] = value;
    return CLI_OK;
}

static json_t *make_request(const struct submit *submit, const char *path)
{
    _cleanup_json_ json_t *targets = json_array();
    for (size_t i = 0; i < submit->n_targets; i++)
        if (json_array_append_new(targets, json_string(submit->targets[i])) < 0)
            return NULL;
    return json_pack("{s:s, s:s, s:O, s:I}", "command", "submit", "path", path, "targets", targets,
                     "priority", (json_int_t)submit->priority);
}

/* The model's files and its sidecars, open: so the daemon sees that they may be read. */
static int open_files(const char *path, struct source_set *set, struct sidecars *sidecars,
                      int **ret_fds, struct error *err)
{
    int r = source_set_open(AT_FDCWD, path, 1, set, err);
    if (r == 0)
        r = sidecars_open(AT_FDCWD, set, SIDECARS_ALL, sidecars, err);
    int *fds = r == 0 ? calloc(set->n + sidecars->n + 1, sizeof *fds) : NULL;
    if (!fds)
        return r < 0 ? r : error_oom(err);
    memcpy(fds, set->fds, set->n * sizeof *fds);
    for (size_t i = 0; i < sidecars->n; i++)
        fds[set->n + i] = sidecars->fds[i];
    *ret_fds = fds;
    return 0;
}

static int call(const struct cli *cli, const struct submit *submit, const char *operand,
                const char *path, json_t **ret_reply)
{
    struct error err = ERROR_INIT;
    struct source_set set = { 0 };
    struct sidecars sidecars = { 0 };
    _cleanup_free_ int *fds = NULL;
    json_t *request = make_request(submit, path);
    int status = CLI_OK;
    if (!request)
        status = cli_fail(CLI_FAILURE, "%s: the path or a target is not UTF-8", operand);
    else if (open_files(path, &set, &sidecars, &fds, &err) < 0)
        status = cli_error(&err, operand);
    else
        status = control_call_files(cli, TAKE(request), fds, set.n + sidecars.n, ret_reply);
    json_decref(request);
    sidecars_deinit(&sidecars);
    source_set_deinit(&set);
    return status;
}

static int submit_one(const struct cli *cli, const struct submit *submit, const char *operand)
{
    _cleanup_free_ char *path = operand_path(operand);
    if (!path)
        return cli_fail(errno == ENOENT ? CLI_NOT_FOUND : CLI_FAILURE, "%s: %s", operand,
                        strerror(errno));
    _cleanup_json_ json_t *reply = NULL;
    int status = call(cli, submit, operand, path, &reply);
    if (status != CLI_OK)
        return status;
    if (cli->json)
        return cli_print_json(reply);
    printf("queued job %lld (%s)\n", (long long)json_get_int(reply, "id", 0),
           json_get_string(reply, "uid", "?"));
    return CLI_OK;
}

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    int worst = CLI_OK;
    for (int i = 0; i < n_operands; i++) {
        int status = submit_one(cli, state, operands[i]);
        if (status != CLI_OK)
            worst = status;
    }
    return worst;
}

const struct cli_command cmd_submit = {
    .name = "submit",
    .synopsis = "PATH... [--to FORMAT:RECIPE]... [--priority N]",
    .summary = "Queue models with the daemon",
    .details = "The daemon opens PATH as its own user and leaves the source where it is.\n"
               "It takes only files that you may read yourself.\n",
    .options = options,
    .min_operands = 1,
    .max_operands = -1,
    .state_size = sizeof(struct submit),
    .set = set,
    .run = run,
};
