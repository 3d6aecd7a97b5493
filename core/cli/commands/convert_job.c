/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One source of `pare convert`: a job as the daemon runs it (supervise/job_run.h), driven by a poll
 * loop until it ends or a signal cancels it.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "cli/commands/convert_private.h"
#include "cli/operand.h"
#include "cli/record.h"
#include "supervise/job_target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#define SILENCE 300.0 /* seconds without a sign of life from the worker */

struct conversion {
    struct progress progress;
    struct record *record;
    struct convert_result *result;
    const char *out_path; /* absolute */
    int failed;           /* out of memory in a callback */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
    (void)signal;
    interrupted = interrupted + 1;
}

void convert_catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
}

static void on_line(void *context, const char *event, const json_t *line)
{
    struct conversion *c = context;
    progress_line(&c->progress, event, line);
    record_line(c->record, event, line);
}

static void on_published(void *context, size_t target, const json_t *manifest)
{
    struct conversion *c = context;
    const char *name = json_get_string(json_object_get(manifest, "output"), "name", "");
    _cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
    strbuf_printf(&path, "%s/%s", c->out_path, name);
    const char *text = path.data ? path.data : "";
    json_t *output = json_pack("{s:o, s:O}", "path", json_text(text, strlen(text)), "manifest",
                               manifest);
    if (json_array_append_new(c->result->outputs, output) < 0)
        c->failed = 1;
    progress_clear(&c->progress);
    record_published(c->record, target, manifest);
}

/* Until the job ends: 0, or its error. */
static int drive(struct job_run *run, struct error *err)
{
    int r = 0, told = 0;
    while (r == 0) {
        if (interrupted > told) {
            told = interrupted;
            job_run_cancel(run);
        }
        struct pollfd pollfd = { .fd = job_run_fd(run), .events = POLLIN };
        (void)poll(&pollfd, 1, 250);
        r = job_run_step(run, err);
    }
    return r < 0 ? r : 0;
}

/* `recorded`: in the catalog. */
static int run_job(const struct cli *cli, const struct job_spec *spec, int recorded,
                   struct conversion *c, struct error *err)
{
    int status = recorded ? record_open(cli, spec, &c->record) : CLI_OK;
    if (status != CLI_OK)
        return status;
    struct job_callbacks callbacks = { on_line, on_published, c };
    struct job_run *run = NULL;
    int r = job_run_start(spec, &callbacks, &run, err);
    if (r == 0)
        r = drive(run, err);
    progress_clear(&c->progress);
    job_run_free(run, 0);
    if (r == 0 && c->failed)
        r = error_oom(err);
    record_close(c->record, r < 0 ? err : NULL);
    if (r == PARE_ECANCELLED && interrupted)
        return cli_fail(CLI_INTERRUPTED, "%s: cancelled", c->result->operand);
    return r < 0 ? cli_error(err, c->result->operand) : CLI_OK;
}

static int open_out(const char *out, int *ret_fd, char **ret_path)
{
    struct error err = ERROR_INIT;
    if (file_make_dirs(out, 0777, &err) < 0)
        return cli_error(&err, NULL);
    int fd = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return cli_fail(CLI_FAILURE, "%s: %s", out, strerror(errno));
    char *path = realpath(out, NULL);
    if (!path) {
        (void)close(fd);
        return cli_fail(CLI_FAILURE, "%s: %s", out, strerror(errno));
    }
    *ret_fd = fd;
    *ret_path = path;
    return CLI_OK;
}

static struct job_settings make_settings(const struct cli *cli, const struct convert_options *o)
{
    return (struct job_settings){
        .worker = cli->worker,
        .plugins = cli->plugins,
        .recipes = cli->recipes,
        .architectures = cli->architectures,
        .values = o->settings,
        .silence = SILENCE,
    };
}

static int convert_source(const struct cli *cli, const struct convert_options *options,
                          struct convert_result *result, const struct source_set *source,
                          const struct convert_inputs *inputs)
{
    char uid[40];
    _cleanup_close_ int out = -1;
    _cleanup_free_ char *out_path = NULL, *origin = realpath(result->operand, NULL);
    int status = open_out(options->out, &out, &out_path);
    if (status != CLI_OK)
        return status;
    if (job_sweep(out, &result->error) < 0)
        return cli_error(&result->error, out_path);
    job_uid(uid);
    struct job_spec spec = {
        .uid = uid,
        .origin = origin ? origin : result->operand,
        .source = source,
        .importance = inputs->importance.n ? &inputs->importance : NULL,
        .importance_name = inputs->importance_name,
        .importance_parts = options->importance_parts,
        .overrides = inputs->overrides,
        .targets = (struct job_target *)options->targets,
        .n_targets = options->n_targets,
        .out_dirfd = out,
        .out_path = out_path,
        .one_shot = 1,
        .settings = make_settings(cli, options),
    };
    struct conversion c = { .result = result, .out_path = out_path };
    progress_init(&c.progress, source->name, options->quiet || cli->json);
    return run_job(cli, &spec, !options->no_record, &c, &result->error);
}

int convert_one(const struct cli *cli, const struct convert_options *options, const char *operand,
                struct convert_result *result)
{
    struct source_set source = { 0 };
    struct convert_inputs inputs = { 0 };
    *result = (struct convert_result){ .operand = operand, .outputs = json_array() };
    if (!result->outputs)
        return cli_fail(CLI_FAILURE, "out of memory");
    int status = operand_open(operand, &source, &result->error);
    if (status == CLI_OK)
        status = convert_inputs_open(options, &source, &inputs, &result->error);
    if (status == CLI_OK)
        status = convert_source(cli, options, result, &source, &inputs);
    if (status != CLI_OK && !result->error.code)
        result->error.code = error_set(&result->error, PARE_EIO, "could not be started");
    convert_inputs_deinit(&inputs);
    source_set_deinit(&source);
    return status;
}
