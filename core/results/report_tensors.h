/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The tensors of a report, collected row by row in bounded memory: all of them when they are not
 * many; else the worst, and the others counted by encoding.
 */
#ifndef RESULTS_REPORT_TENSORS_H
#define RESULTS_REPORT_TENSORS_H

#include "results/tensor_row.h"

#define REPORT_ALL 1000  /* so many tensors are all named */
#define REPORT_WORST 100 /* of more, those that lost most */

struct report_tensors;

/* count: how many rows there will be; weighted: there was importance. */
int report_tensors_new(uint64_t count, int weighted, struct report_tensors **ret_tensors,
                       struct error *err) __attribute__((warn_unused_result));
/* Takes NULL. */
void report_tensors_free(struct report_tensors *tensors);
/* A manifest_row_fn (results/manifest_file.h). */
void report_tensors_add(void *context, const struct tensor_row *row);
/* The section of the report. */
void report_tensors_print(const struct report_tensors *tensors, struct strbuf *sb);

#endif
