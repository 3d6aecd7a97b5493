/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Cells of a report's tables: texts, numbers and figures, as Markdown. */
#ifndef RESULTS_REPORT_CELLS_H
#define RESULTS_REPORT_CELLS_H

#include "base/strbuf.h"

#include <stdint.h>

/* Text that Markdown would read as anything else gets a backslash, control characters \xNN. */
void cells_text(struct strbuf *sb, const char *text);
/* 12345678 as "12 345 678". */
void cells_count(struct strbuf *sb, int64_t count);
/* A number with so many significant digits, or a dash, and the cell's end. */
void cells_number(struct strbuf *sb, double value, int digits);
/* Decibels and the cell's end; without them "exact" when `error` is 0. */
void cells_decibels(struct strbuf *sb, double decibels, double error);

#endif
