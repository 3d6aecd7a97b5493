/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* A view as its own files see it: view.c adds tensors, view_read.c reads them. */
#ifndef PLUGIN_VIEW_PRIVATE_H
#define PLUGIN_VIEW_PRIVATE_H

#include "plugin/source.h"
#include "plugin/view.h"

#define VIEW_PANEL_BYTES (16u << 20)
#define VIEW_PANEL_ROWS 65536u /* of a matrix that is transposed: 32 columns fit a panel */

enum view_kind { VIEW_SAME, VIEW_ROWS, VIEW_TRANSPOSED, VIEW_VALUES, VIEW_COMPUTED };

struct view_run { /* inner is at least 1; runs of no rows are left out */
    struct view_rows rows;
    uint64_t before; /* rows of all runs before it */
};

/* How to get a tensor's bytes in the encoding `raw`, and what becomes of them. */
struct view_item {
    enum view_kind kind;
    const struct encoding *raw; /* NULL: not known, for VIEW_SAME */
    uint64_t raw_row_len;       /* elements */
    int converted;              /* decoded, `add` added, and encoded as the tensor is */
    float add;
    int told_end; /* view_made_of has been called */

    uint64_t base;               /* VIEW_SAME, VIEW_TRANSPOSED: the base's tensor */
    const struct view_run *runs; /* VIEW_ROWS */
    size_t n_runs;
    uint64_t row_bytes;
    uint64_t matrix_rows, matrix_columns; /* VIEW_TRANSPOSED: of the base */
    struct view_columns columns;          /* of it, which become rows */
    uint32_t element_bytes;
    const unsigned char *values; /* VIEW_VALUES: encoded */
    view_read_fn *read;          /* VIEW_COMPUTED */
    void *context;
};

struct view {
    struct source *base;
    struct model *model;
    struct view_item *items; /* one per tensor of the model */
    uint64_t capacity;
    unsigned char *scratch; /* for spans of rows, and lines of matrices */
    size_t scratch_size;
    unsigned char *panel; /* the last bytes of a transposed tensor, kept for the next read */
    uint64_t panel_tensor, panel_offset, panel_length; /* length 0: none */
};

/* The read callback of a view's source. */
int view_read(struct view *view, uint64_t tensor, uint32_t plane, uint64_t offset, void *buffer,
              size_t n, struct error *err) __attribute__((warn_unused_result));

#endif
