/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A view: a model whose tensors are made of those of another one, its base. Rows are picked,
 * reordered and stacked, matrices transposed, values computed; nothing is held in memory but the
 * description. A view comes with a source of its own, so that plan, pipeline, verification and
 * other views see a model like any other.
 *
 * A tensor that is one run of bytes of a file stays so: it is read together with the file. All
 * others are marked `computed` (model/model.h) and read through source_read only, on the thread of
 * the caller. Views can lie on views. Base and its model must outlive the view.
 */
#ifndef PLUGIN_VIEW_H
#define PLUGIN_VIEW_H

#include "plugin/source.h"

struct view;

/* A tensor that is added. dims as in struct pare_tensor. */
struct view_tensor {
    struct pare_str name;
    uint32_t n_dims;
    uint64_t dims[PARE_MAX_DIMS];
    const struct encoding *f32; /* when not NULL: the values as floats, in this encoding */
    float add;                  /* to each value, once it is a float; needs f32 */
};

/* Rows of a tensor of the base: row k of `count` is row
 * first + k / inner * step + k % inner * inner_step.
 * Plain rows: inner 1, step 1. Every second row: inner 1, step 2. Two halves of n rows
 * interleaved: count n, inner 2, inner_step n / 2, step 1; and back: inner n / 2, inner_step 2,
 * step 1. inner must be at least 1. */
struct view_rows {
    uint64_t tensor;
    uint64_t first, count;
    uint64_t step;
    uint64_t inner, inner_step;
};

/* Gives n bytes from `offset` of the tensor's only plane. */
typedef int view_read_fn(void *context, struct source *base, uint64_t offset, void *buffer,
                         size_t n, struct error *err);

/* An empty model with the files and the format of the base. */
int view_new(struct source *base, struct view **ret_view, struct error *err)
    __attribute__((warn_unused_result));
/* Takes NULL; sources of the view must have been closed. */
void view_free(struct view *view);
/* The view's model, for its metadata; tensors come by view_add_... only. Errors of these are those
 * of model_add_tensor, and PARE_EDATA for rows outside of a tensor or counts that do not fit. */
struct model *view_model(struct view *view);

/* Rows of `row_len` elements (0: the rows of the base's tensors; it must divide into blocks) of
 * n_rows runs, one after another. All tensors have one encoding, of one plane. */
int view_add_rows(struct view *view, const struct view_tensor *tensor, uint64_t row_len,
                  const struct view_rows *rows, size_t n_rows, struct error *err)
    __attribute__((warn_unused_result));
/* The tensor of the base as it is, under another name, or in other dimensions. */
int view_add_same(struct view *view, const struct view_tensor *tensor, uint64_t base,
                  struct error *err) __attribute__((warn_unused_result));
/* Columns first, first + step, ... of a matrix: `count` of them. */
struct view_columns {
    uint64_t first, count, step;
};

/* A matrix of plain elements of up to 8 bytes, [rows, columns] in the base, transposed; leading
 * dimensions beyond the last two stay. columns: which of them (NULL: all); they become its rows.
 * PARE_ELIMIT: over 65536 rows. */
int view_add_transposed(struct view *view, const struct view_tensor *tensor, uint64_t base,
                        const struct view_columns *columns, struct error *err)
    __attribute__((warn_unused_result));
/* Floats that are known: copied. tensor->f32 is needed. */
int view_add_values(struct view *view, const struct view_tensor *tensor, const float *values,
                    struct error *err) __attribute__((warn_unused_result));
/* What `read` gives, in an encoding of one plane. origin: how the weights were quantized before
 * ("gptq int4 g128"), copied; NULL: not at all, or no more than the encoding says. context is the
 * caller's and must outlive the view. */
int view_add_computed(struct view *view, const struct view_tensor *tensor,
                      const struct encoding *encoding, const char *origin, view_read_fn *read,
                      void *context, struct error *err) __attribute__((warn_unused_result));
/* The tensor that was added last by view_add_computed is made of this tensor of the base, too. When
 * all are named, the pipeline reads it as soon as its walk has passed them; else last of all. */
void view_made_of(struct view *view, uint64_t base);

/* The view as a source (source_close it before the view is freed). */
int view_source(struct view *view, struct source **ret_source, struct error *err)
    __attribute__((warn_unused_result));

#endif
