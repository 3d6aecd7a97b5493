/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The daemon's status as text, for `pare status` and `pare watch` (docs/control.md). */
#ifndef CLI_VIEWS_QUEUE_VIEW_H
#define CLI_VIEWS_QUEUE_VIEW_H

#include <jansson.h>
#include <stdio.h>

/* Head line, table of jobs, what is arriving. 0, or -1 when out of memory. */
int queue_view_print(const json_t *status, FILE *out);
/* One line for a job: "job 17 tiny-llama: running, convert 43 %, 52 MB/s". */
void queue_view_print_job(const json_t *job, FILE *out);

#endif
