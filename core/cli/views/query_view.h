/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The rows of a query on standard output: as JSON or CSV while they come, or kept for an aligned
 * table, which becomes one line per value when there are too many columns.
 */
#ifndef CLI_VIEWS_QUERY_VIEW_H
#define CLI_VIEWS_QUERY_VIEW_H

#include <jansson.h>
#include <stddef.h>

enum query_format { QUERY_TABLE, QUERY_JSON, QUERY_CSV };

struct query_view {
    enum query_format format;
    json_t *names, *rows; /* of a table: arrays of texts, and of arrays of values */
    size_t n_rows;
};

void query_view_deinit(struct query_view *view);
/* A catalog_row_fn; context is the view. */
int query_view_row(void *context, size_t n, const char *const *names, json_t *const *values);
/* After the last row. 0, or -1 when out of memory. */
int query_view_end(struct query_view *view);

#endif
