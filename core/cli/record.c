/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Records of `pare convert`: see record.h. */
#include "cli/record.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/paths.h"
#include "catalog/catalog.h"
#include "cli/control_client.h"

#include <string.h>

struct record {
    struct catalog *catalog; /* NULL once it has failed */
    int64_t job;
    char *out_path;
};

/* At the first fault the catalog is closed, with one warning. */
static void check(struct record *record, int r, const struct error *err)
{
    if (r == 0)
        return;
    cli_warn("warning: this conversion is not recorded in the catalog: %s",
             r < 0 ? err->text : "its job is gone");
    catalog_close(record->catalog);
    record->catalog = NULL;
}

static int add_job(struct record *record, const struct job_spec *spec, struct error *err)
{
    struct catalog_target *targets = calloc(spec->n_targets + 1, sizeof *targets);
    if (!targets)
        return error_oom(err);
    for (size_t i = 0; i < spec->n_targets; i++)
        targets[i] = (struct catalog_target){ spec->targets[i].format, spec->targets[i].recipe,
                                              spec->targets[i].options };
    struct catalog_job_spec job = {
        .uid = spec->uid,
        .name = spec->source->name,
        .path = spec->origin,
        .kind = "convert",
        .submitted = spec->submitted,
        .targets = targets,
        .n_targets = spec->n_targets,
    };
    int r = catalog_job_add(record->catalog, &job, &record->job, err);
    free(targets);
    if (r == 0)
        r = catalog_job_running(record->catalog, record->job, err);
    return r;
}

/* CLI_USAGE when a daemon owns the catalog: two writers would be in each other's way. */
static int refuse_if_owned(const char *path)
{
    _cleanup_free_ char *socket = paths_socket(path);
    if (!socket || !control_answers(socket))
        return CLI_OK;
    return cli_fail(CLI_USAGE,
                    "%s belongs to a running pared: use `pare submit`, or another "
                    "--catalog",
                    path);
}

int record_open(const struct cli *cli, const struct job_spec *spec, struct record **ret_record)
{
    struct error err = ERROR_INIT;
    _cleanup_free_ char *path = cli_catalog_path(cli);
    struct record *record = calloc(1, sizeof *record);
    int status = !path || !record ? cli_fail(CLI_FAILURE, "out of memory") : refuse_if_owned(path);
    if (status != CLI_OK) {
        free(record);
        return status;
    }
    record->out_path = strdup(spec->out_path);
    int r = record->out_path ? catalog_open(path, &record->catalog, &err) : error_oom(&err);
    if (r == 0)
        r = add_job(record, spec, &err);
    check(record, r, &err);
    *ret_record = record;
    return CLI_OK;
}

void record_line(struct record *record, const char *event, const json_t *line)
{
    struct error err = ERROR_INIT;
    if (!record || !record->catalog)
        return;
    if (!strcmp(event, "start"))
        check(record, catalog_job_start(record->catalog, record->job, line, &err), &err);
    else if (!strcmp(event, "source"))
        check(record, catalog_job_source(record->catalog, record->job, line, &err), &err);
    else if (!strcmp(event, "resumed"))
        check(record,
              catalog_event(record->catalog, record->job, "info", "resume",
                            "goes on from a checkpoint", &err),
              &err);
    else if (!strcmp(event, "restart"))
        check(record,
              catalog_event(record->catalog, record->job, "warning", "restart",
                            json_get_string(line, "text", ""), &err),
              &err);
}

void record_published(struct record *record, size_t target, const json_t *head,
                      struct tensor_rows *rows)
{
    struct error err = ERROR_INIT;
    if (record && record->catalog)
        check(record,
              catalog_conversion_done(record->catalog, record->job, target, head, rows,
                                      record->out_path, &err),
              &err);
}

void record_failed(struct record *record, size_t target, const struct error *why)
{
    struct error err = ERROR_INIT;
    if (record && record->catalog)
        check(record, catalog_conversion_failed(record->catalog, record->job, target, why, &err),
              &err);
}

void record_close(struct record *record, const struct error *why)
{
    struct error err = ERROR_INIT;
    if (!record)
        return;
    if (record->catalog) {
        int r = !why ? catalog_job_done(record->catalog, record->job, &err)
                : why->code == PARE_ECANCELLED
                    ? catalog_job_cancelled(record->catalog, record->job, &err)
                    : catalog_job_failed(record->catalog, record->job, why, &err);
        check(record, r, &err);
    }
    catalog_close(record->catalog);
    free(record->out_path);
    free(record);
}
