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
#include "base/timing.h"
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

#define TENSORS_SHOWN 10000 /* of an output, with --json */
#define SILENCE 300.0       /* seconds without a sign of life from the worker */
#define CHANGED_TRIES \
    3 /* more, when the source was changed meanwhile; after 0.5, 1 and 2 seconds */

struct conversion { /* of one source, in as many attempts as it takes */
    struct progress progress;
    char uid[40], submitted[TIMING_STAMP_SIZE];
    struct record *record; /* of all attempts; NULL: none, or none yet */
    struct convert_result *result;
    struct job_target targets[JOB_TARGETS_MAX]; /* those of the options; done: published */
    const char *out_path;                       /* absolute */
    int shows_tensors;                          /* --json */
    size_t n_targets;
    size_t n_failed; /* targets, as told */
    int moved;       /* the output directory, meanwhile */
    int failed;      /* out of memory in a callback */
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
    if (!strcmp(event, "restart")) {
        progress_clear(&c->progress);
        cli_warn("%s: starts over: %s", c->result->operand, json_get_string(line, "text", ""));
    }
    record_line(c->record, event, line);
}

/* Rows on their way into the catalog, of which the first ones are kept for --json. */
struct kept_rows {
    struct tensor_rows rows, *from;
    json_t *tensors;
    int failed;
};

static int keep_and_pass(struct tensor_rows *rows, struct tensor_row *ret_row, struct error *err)
{
    struct kept_rows *kept = (struct kept_rows *)rows; /* its first member */
    struct error ignored = ERROR_INIT;
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    json_t *tensor = NULL;
    int r = kept->from->next(kept->from, ret_row, err);
    if (r <= 0 || json_array_size(kept->tensors) == TENSORS_SHOWN)
        return r;
    tensor_row_add_json(&text, ret_row);
    if (text.failed || json_parse_object(text.data, text.len, &tensor, &ignored) < 0 ||
        json_array_append_new(kept->tensors, tensor) < 0)
        kept->failed = 1;
    return r;
}

/* The manifest as --json shows it: with its tensors, if they are not too many. */
static int add_output(struct conversion *c, const json_t *head, json_t *tensors)
{
    const char *name = json_get_string(json_object_get(head, "output"), "name", "");
    _cleanup_json_ json_t *manifest = json_copy((json_t *)head);
    _cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
    strbuf_printf(&path, "%s/%s", c->out_path, name);
    const char *text = path.data ? path.data : "";
    if (json_object_set(manifest, "tensors", tensors) < 0)
        return -1;
    return json_array_append_new(c->result->outputs,
                                 json_pack("{s:o, s:O}", "path", json_text(text, strlen(text)),
                                           "manifest", manifest));
}

/* 1 unless the output directory was moved away meanwhile. */
static int is_at_path(const struct conversion *c, const json_t *head)
{
    const char *name = json_get_string(json_object_get(head, "output"), "name", "");
    _cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
    strbuf_printf(&path, "%s/%s", c->out_path, name);
    return path.data && faccessat(AT_FDCWD, path.data, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int on_published(void *context, size_t target, const json_t *head, struct tensor_rows *rows)
{
    struct conversion *c = context;
    struct error ignored = ERROR_INIT;
    struct tensor_row row;
    _cleanup_json_ json_t *tensors = json_array();
    struct kept_rows kept = { { keep_and_pass }, rows, tensors, 0 };
    if (!is_at_path(c, head)) {
        c->moved = 1;
        return 0;
    }
    c->targets[target].done = 1;
    progress_clear(&c->progress);
    record_published(c->record, target, head, c->shows_tensors ? &kept.rows : rows);
    while (c->shows_tensors && json_array_size(tensors) < TENSORS_SHOWN &&
           kept.rows.next(&kept.rows, &row, &ignored) > 0)
        ; /* nothing is recorded, or not all */
    if (kept.failed || add_output(c, head, tensors) < 0)
        c->failed = 1;
    return 0;
}

static void on_failed(void *context, size_t target, const struct error *why)
{
    struct conversion *c = context;
    const struct job_target *t = &c->targets[target];
    progress_clear(&c->progress);
    if (c->n_targets > 1)
        cli_warn("%s: %s:%s: %s", c->result->operand, t->format, t->recipe, why->text);
    c->n_failed++;
    record_failed(c->record, target, why);
}

/* Until the job ends: 0, or its error. */
static int drive(struct job_run *run, struct error *err)
{
    int r = 0, told = 0;
    while (r == 0) {
        if (interrupted > told) {
            told = interrupted;
            job_run_cancel(run);
            job_run_cancel(
                run); /* at once, even if it does not listen: it has nothing to tidy up */
        }
        struct pollfd pollfd = { .fd = job_run_fd(run), .events = POLLIN };
        (void)poll(&pollfd, 1, job_run_is_busy(run) ? 0 : 250);
        r = job_run_step(run, err);
    }
    return r < 0 ? r : 0;
}

static int run_job(const struct job_spec *spec, struct conversion *c, struct error *err)
{
    struct job_callbacks callbacks = { on_line, on_published, on_failed, NULL, c };
    struct job_run *run = NULL;
    int r = job_run_start(spec, &callbacks, &run, err);
    if (r == 0)
        r = drive(run, err);
    progress_clear(&c->progress);
    int is_lost = r < 0 && !interrupted && job_may_go_on(r);
    job_run_free(run, is_lost ? JOB_STAGING_GO_ON : JOB_STAGING_REMOVE);
    if (r == 0 && c->moved)
        return error_set(err, PARE_EPLACE,
                         "%s was moved away while it was written to: the outputs are where it is "
                         "now, or lost with it",
                         c->out_path);
    return r == 0 && c->failed ? error_oom(err) : r;
}

/* Looks for what an interrupted run of the same conversion left. mark: room for the job's. */
static int find_left(struct job_spec *spec, const struct convert_options *options,
                     struct conversion *c, char mark[HASH_HEX_SIZE], struct error *err)
{
    int r = convert_mark(spec, mark, err);
    spec->mark = mark;
    if (r == 0)
        r = convert_find_left(spec, options->resume, c->uid, err);
    spec->go_on = r > 0;
    return r < 0 ? r : 0;
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

/* The result's error, if there is one, is not told yet. */
static int convert_source(const struct cli *cli, const struct convert_options *options,
                          struct conversion *c, const struct source_set *source,
                          const struct convert_inputs *inputs)
{
    _cleanup_close_ int out = -1;
    char mark[HASH_HEX_SIZE];
    struct error *err = &c->result->error;
    _cleanup_free_ char *out_path = NULL, *origin = realpath(c->result->operand, NULL);
    int status = open_out(options->out, &out, &out_path);
    if (status != CLI_OK)
        return status;
    if (job_sweep(out, NULL, err) < 0) {
        (void)error_prefix(err, "%s", out_path);
        return CLI_FAILURE;
    }
    struct job_spec spec = {
        .uid = c->uid,
        .submitted = c->submitted,
        .origin = origin ? origin : c->result->operand,
        .source = source,
        .importance = inputs->importance.n ? &inputs->importance : NULL,
        .importance_name = inputs->importance_name,
        .importance_parts = options->importance_parts,
        .overrides = inputs->overrides,
        .targets = c->targets,
        .n_targets = options->n_targets,
        .out_dirfd = out,
        .out_path = out_path,
        .settings = make_settings(cli, options),
    };
    if (find_left(&spec, options, c, mark, err) < 0)
        return CLI_FAILURE;
    if (!options->no_record && !c->record)
        status = record_open(cli, &spec, &c->record);
    if (status != CLI_OK)
        return status;
    c->out_path = out_path;
    c->shows_tensors = cli->json;
    progress_init(&c->progress, source->name, options->quiet || cli->json);
    int r = run_job(&spec, c, err);
    struct error ignored = ERROR_INIT;
    if (r == 0 && job_sweep(out, mark, &ignored) < 0) /* what was left and not wanted */
        cli_warn("%s: %s", out_path, ignored.text);
    while (job_clear(out, 1, &ignored) > 0)
        ;
    return r < 0 ? CLI_FAILURE : CLI_OK;
}

/* One attempt. *ret_told: its failure is told. */
static int attempt(const struct cli *cli, const struct convert_options *options,
                   struct conversion *c, int *ret_told)
{
    struct source_set source = { 0 };
    struct convert_inputs inputs = { 0 };
    struct error *err = &c->result->error;
    *err = (struct error)ERROR_INIT;
    *ret_told = 1;
    c->n_failed = 0;
    int status = operand_open(c->result->operand, &source, err);
    if (status == CLI_OK)
        status = convert_inputs_open(options, &source, &inputs, err);
    if (status == CLI_OK) {
        status = convert_source(cli, options, c, &source, &inputs);
        *ret_told = err->code == 0;
    }
    convert_inputs_deinit(&inputs);
    source_set_deinit(&source);
    return status;
}

/* 1 when another attempt may be better, after a while. */
static int wait_for_quiet(const struct conversion *c, unsigned tried)
{
    const struct error *why = &c->result->error;
    if (why->code != PARE_ECHANGED || tried > CHANGED_TRIES || interrupted)
        return 0;
    cli_warn("%s: %s; trying it again", c->result->operand, why->text);
    (void)poll(NULL, 0, 500 << (tried - 1));
    return !interrupted;
}

int convert_one(const struct cli *cli, const struct convert_options *options, const char *operand,
                struct convert_result *result)
{
    *result = (struct convert_result){ .operand = operand, .outputs = json_array() };
    if (!result->outputs)
        return cli_fail(CLI_FAILURE, "out of memory");
    struct conversion c = { .result = result, .n_targets = options->n_targets };
    unsigned tried = 0;
    int status, told;
    job_uid(c.uid);
    timing_stamp(c.submitted);
    memcpy(c.targets, options->targets, options->n_targets * sizeof *c.targets);
    do
        status = attempt(cli, options, &c, &told);
    while (status != CLI_OK && wait_for_quiet(&c, ++tried));
    if (status != CLI_OK && !result->error.code)
        result->error.code = error_set(&result->error, PARE_EIO, "could not be started");
    record_close(c.record, status != CLI_OK ? &result->error : NULL);
    if (told || status == CLI_OK)
        return status;
    if (c.n_failed && c.n_targets > 1 && error_is_lasting(result->error.code))
        return cli_fail(CLI_FAILURE, "%s: %zu of %zu targets could not be made", operand,
                        c.n_failed, c.n_targets);
    return result->error.code == PARE_ECANCELLED && interrupted
               ? cli_fail(CLI_INTERRUPTED, "%s: cancelled", operand)
               : cli_error(&result->error, operand);
}
