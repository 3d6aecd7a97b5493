/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What `pare convert` writes into the catalog. The conversion counts more than its record: a
 * catalog that cannot be written gives one warning and is left alone from then on.
 */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

#include "cli/cli.h"
#include "supervise/job_run.h"

struct record;

/* Opens the catalog and adds the job. CLI_USAGE when a running pared owns the catalog; every other
 * fault is a warning. */
int record_open(const struct cli *cli, const struct job_spec *spec, struct record **ret_record)
    __attribute__((warn_unused_result));
/* The following take NULL. */
void record_line(struct record *record, const char *event, const json_t *line);
void record_published(struct record *record, size_t target, const json_t *head,
                      struct tensor_rows *rows);
void record_failed(struct record *record, size_t target, const struct error *why);
/* Says how the job ended (why NULL: well) and closes. */
void record_close(struct record *record, const struct error *why);

#endif
