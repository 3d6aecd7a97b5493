/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The tensors of a conversion, put in and taken out in slices. */
#ifndef CATALOG_TENSOR_H
#define CATALOG_TENSOR_H

#include "catalog/catalog_private.h"

/* Puts rows in from *position on, within a transaction, for so many seconds (0: without end). 1:
 * all are in; 0: there are more. */
int tensor_put(struct catalog *catalog, int64_t conversion, int64_t *position,
               struct tensor_rows *rows, double seconds, struct error *err)
    __attribute__((warn_unused_result));

/* Removes some rows of a conversion, or all of them. 1: there were none any more. */
int tensor_clear(struct catalog *catalog, int64_t conversion, int all, struct error *err)
    __attribute__((warn_unused_result));

#endif
