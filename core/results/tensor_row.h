/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What a conversion says of one tensor, as a row. Models may have millions of them, so rows are
 * never collected: they go one by one from the worker into a file (results/rows_file.h), and from
 * there into manifest, report and catalog.
 */
#ifndef RESULTS_TENSOR_ROW_H
#define RESULTS_TENSOR_ROW_H

#include "base/error.h"
#include "base/strbuf.h"

#include <jansson.h>
#include <pare/plugin.h>

enum tensor_row_figure { /* NAN where there is none */
                         ROW_RMSE,
                         ROW_SQNR_DB,
                         ROW_RELATIVE_ERROR,
                         ROW_MAX_ABS,
                         ROW_COSINE,
                         ROW_WEIGHTED_RELATIVE_ERROR,
                         ROW_WEIGHTED_SQNR_DB,
                         ROW_SECONDS,
                         ROW_PROBE_SSE, /* for verification only: not in manifests */
                         ROW_FIGURES
};

enum tensor_row_lattice { ROW_NO_LATTICE, ROW_LATTICE_EXACT, ROW_LATTICE_ROUNDED };

struct tensor_row { /* texts belong to whoever gave the row, and are good until the next one */
    struct pare_str name, source, origin, from,
        to; /* source, origin: no data where there is none */
    uint32_t n_dims;
    uint64_t dims[PARE_MAX_DIMS]; /* outermost first */
    uint64_t elements, bytes_in, bytes, nonfinite;
    double figures[ROW_FIGURES];
    int importance; /* it was encoded with importance */
    enum tensor_row_lattice lattice;
    uint64_t probe_first, probe_count; /* one slab that verification measures again */
};

/* Where rows come from. next: 1 with a row, 0 at the end, < 0 for a fault. */
struct tensor_rows {
    int (*next)(struct tensor_rows *rows, struct tensor_row *ret_row, struct error *err);
};

/* "exact", "rounded", or NULL. */
const char *tensor_row_lattice_name(enum tensor_row_lattice lattice);

/* Appends the row as an object of a manifest's `tensors` (docs/manifest.md), on one line. */
void tensor_row_add_json(struct strbuf *sb, const struct tensor_row *row);
/* Appends its shape, "[1024,256]". */
void tensor_row_add_shape(struct strbuf *sb, const struct tensor_row *row);

/* Takes such an object apart; texts stay the object's. PARE_EDATA for what cannot be a row. */
int tensor_row_from_json(const json_t *object, struct tensor_row *ret_row, struct error *err)
    __attribute__((warn_unused_result));

/* What every row must be, wherever it comes from: a name, encodings with plain names, a shape that
 * has its number of elements, counts that fit a signed integer, finite figures, a probe inside.
 * PARE_EDATA. */
int tensor_row_check(const struct tensor_row *row, struct error *err)
    __attribute__((warn_unused_result));

#endif
