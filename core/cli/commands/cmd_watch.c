/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * `pare watch`: the queue, live. On a terminal the screen is drawn anew on every event; else, and
 * with --json, every event is a line.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/timing.h"
#include "cli/control_client.h"
#include "cli/views/queue_view.h"

#include <string.h>

static void set_count(json_t *status, const char *of, const char *key, int64_t n)
{
    (void)json_object_set_new(json_object_get(status, of), key, json_integer((json_int_t)n));
}

/* Updates the figures of the head from an event, since a whole status comes only at the start. */
static void recount(json_t *status)
{
    static const char *const states[] = { "queued", "running", "retry" };
    json_t *jobs = json_object_get(status, "jobs"), *job;
    for (size_t k = 0; k < sizeof states / sizeof *states; k++) {
        int64_t n = 0;
        size_t i;
        json_array_foreach(jobs, i, job)
            n += !strcmp(json_get_string(job, "state", ""), states[k]);
        set_count(status, "counts", states[k], n);
        if (!strcmp(states[k], "running"))
            set_count(status, "workers", "running", n);
    }
    set_count(status, "counts", "waiting",
              (int64_t)json_array_size(json_object_get(status, "arriving")));
}

/* Puts a job into the status, or takes it out when it has ended. */
static void update_job(json_t *status, json_t *job)
{
    json_t *jobs = json_object_get(status, "jobs"), *old;
    const char *state = json_get_string(job, "state", "");
    int ended = !strcmp(state, "done") || !strcmp(state, "failed") || !strcmp(state, "cancelled");
    size_t i;
    if (ended) {
        const json_t *counts = json_object_get(status, "counts");
        set_count(status, "counts", state, json_get_int(counts, state, 0) + 1);
    }
    json_array_foreach(jobs, i, old) {
        if (json_get_int(old, "id", -1) != json_get_int(job, "id", -2))
            continue;
        if (ended)
            (void)json_array_remove(jobs, i);
        else
            (void)json_array_set(jobs, i, job);
        return;
    }
    if (!ended)
        (void)json_array_append(jobs, job);
}

static void update(json_t **status, json_t *line)
{
    const char *event = json_get_string(line, "event", "");
    if (!strcmp(event, "status")) {
        json_decref(*status);
        *status = json_incref(line);
    } else if (!strcmp(event, "job")) {
        update_job(*status, json_object_get(line, "job"));
    } else if (!strcmp(event, "arriving")) {
        (void)json_object_set(*status, "arriving", json_object_get(line, "arriving"));
    }
    if (strcmp(event, "status") != 0)
        recount(*status);
}

/* since: when the last status came. */
static int draw(json_t **status, json_t *line, uint64_t *since)
{
    update(status, line);
    if (!strcmp(json_get_string(line, "event", ""), "status"))
        *since = timing_now() - (uint64_t)(json_get_real(line, "uptime", 0) * 1e9);
    (void)json_object_set_new(*status, "uptime", json_real(timing_since(*since)));
    fputs("\033[H\033[J", stdout);
    int r = queue_view_print(*status, stdout);
    const json_t *job = json_object_get(line, "job");
    if (job && strcmp(json_get_string(job, "state", ""), "running")) {
        fputs("\nLast: ", stdout);
        queue_view_print_job(job, stdout);
    }
    return r < 0 || fflush(stdout) != 0 ? CLI_FAILURE : CLI_OK;
}

static int print_line(const json_t *line)
{
    const char *event = json_get_string(line, "event", "");
    if (!strcmp(event, "job"))
        queue_view_print_job(json_object_get(line, "job"), stdout);
    else if (!strcmp(event, "status") && queue_view_print(line, stdout) < 0)
        return CLI_FAILURE;
    return fflush(stdout) != 0 ? CLI_FAILURE : CLI_OK;
}

static int print_raw(const json_t *line)
{
    _cleanup_free_ char *text = json_to_visible(line, 0);
    return !text || puts(text) == EOF || fflush(stdout) != 0 ? CLI_FAILURE : CLI_OK;
}

static int follow(const struct cli *cli, struct control *control)
{
    _cleanup_json_ json_t *status = json_object();
    int screen = !cli->json && isatty(STDOUT_FILENO);
    uint64_t since = timing_now();
    for (;;) {
        _cleanup_json_ json_t *line = NULL;
        int r = control_receive(control, &line);
        if (r == CLI_OK && json_object_get(line, "error") && !json_object_get(line, "event"))
            r = cli_fail(CLI_FAILURE, "pared: %s", json_get_string(line, "error", "refused"));
        else if (r == CLI_OK && json_object_get(line, "event"))
            r = cli->json ? print_raw(line)
                : screen  ? draw(&status, line, &since)
                          : print_line(line);
        if (r != CLI_OK)
            return r;
    }
}

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    (void)state, (void)n_operands, (void)operands;
    struct control *control = NULL;
    int status = control_open(cli, &control);
    if (status == CLI_OK)
        status = control_send(control, json_pack("{s:s}", "command", "watch"));
    if (status == CLI_OK)
        status = follow(cli, control);
    control_close(control);
    return status;
}

const struct cli_command cmd_watch = {
    .name = "watch",
    .synopsis = "[--json]",
    .summary = "Follow the daemon's queue live",
    .details = "On a terminal the queue is drawn anew as it changes; elsewhere, and with --json,\n"
               "each event is a line. Ends with Ctrl-C, or when the daemon goes.\n",
    .run = run,
};
